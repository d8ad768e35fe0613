/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/points.h"

#include "base/err.h"
#include "base/heap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct lane {
    size_t coordinates;
    double at[WEIR_JET_COORDINATES];
};

void weir_points_describe(const void *config, struct weir_solver_info *info)
{
    const struct weir_points *p = config;
    int coordinates = p->residual.jet.coordinates;
    *info = (struct weir_solver_info){
        .shape = {.channels = coordinates, .dims = 1, .n = {1, 1}},
        .extent = {1},
        .spacing = {1},
        .lane_bytes = sizeof(struct lane),
        .residual = &p->residual,
        .equation = p->equation,
        .field = p->field,
        .constant = p->constant,
        .constants = p->constants,
        .space = {.n = (size_t)coordinates, .parameter = p->parameter},
    };
}

int weir_points_create(const void *config, void **lane)
{
    const struct weir_points *p = config;
    struct lane *l = calloc(1, sizeof(*l));
    if (!l)
        return WEIR_FAIL(ENOMEM, "points: lane");
    l->coordinates = (size_t)p->residual.jet.coordinates;
    *lane = l;
    return 0;
}

int weir_points_start(void *lane, const double *parameters)
{
    struct lane *l = lane;
    memcpy(l->at, parameters, l->coordinates * sizeof(double));
    return 0;
}

/* A point stays where it is. */
int weir_points_step(void *lane)
{
    (void)lane;
    return 0;
}

void weir_points_frame(const void *lane, float *out)
{
    const struct lane *l = lane;
    for (size_t i = 0; i < l->coordinates; i++)
        out[i] = (float)l->at[i];
}

/* ---- jets ---- */

void weir_points_jet(const struct weir_jet *jet, int c, const double f[3],
                     double *out)
{
    memset(out, 0, (size_t)weir_jet_size(jet) * sizeof(*out));
    out[0] = f[0];
    if (c < 0)
        return;
    out[1 + c] = f[1];
    for (int k = 0; k < jet->seconds; k++)
        if (jet->second[k][0] == c && jet->second[k][1] == c)
            out[1 + jet->coordinates + k] = f[2];
}

void weir_points_waves(const struct weir_jet *jet, int c, double w, double x,
                       int harmonics, double *out)
{
    size_t one = (size_t)weir_jet_size(jet);
    for (int k = 1; k <= harmonics; k++) {
        double q = k * w, cosine = cos(q * x), sine = sin(q * x);
        double even[3] = {cosine, -q * sine, -q * q * cosine};
        double odd[3] = {sine, q * cosine, -q * q * sine};
        weir_points_jet(jet, c, even, out + (size_t)(k - 1) * one);
        weir_points_jet(jet, c, odd, out + (size_t)(harmonics + k - 1) * one);
    }
}

/* ---- references ---- */

/* One trajectory, kept at the frames wanted. */
struct trace {
    const struct weir_points_reference *r;
    struct weir_solver_info info;
    void *lane;
    float *frame;
    size_t points; /* kept of a frame */
};

static void keep(struct trace *t, float *u)
{
    t->r->solver->frame(t->lane, t->frame);
    for (size_t j = 0; j < t->points; j++)
        u[j] = t->frame[j * t->r->stride];
}

static void place(const struct trace *t, double time, double *at)
{
    for (size_t j = 0; j < t->points; j++) {
        at[2 * j + (size_t)t->r->time] = time;
        at[2 * j + (size_t)t->r->space] =
            t->info.origin[0] + (double)(j * t->r->stride) * t->info.spacing[0];
    }
}

static int run(struct trace *t, uint32_t n, double *at, float *start, float *u)
{
    const double none = 0;
    uint64_t frame = 0;
    int rc = t->r->solver->start(t->lane, &none);
    if (rc)
        return rc;
    keep(t, start);
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        uint64_t until = ((uint64_t)i + 1) * t->r->frames / n;
        for (; rc == 0 && frame < until; frame++)
            rc = t->r->solver->step(t->lane);
        keep(t, u + i * t->points);
        place(t, (double)frame * t->info.dt, at + 2 * i * t->points);
    }
    return rc;
}

int weir_points_solve(const struct weir_points_reference *r, uint32_t n,
                      double *at, float *start, float *u)
{
    struct trace t = {.r = r};
    void *config = NULL;
    int rc = r->solver->configure(r->options, &config);
    if (rc)
        return WEIR_NOTE(rc, "the reference solution");
    r->solver->describe(config, &t.info);
    t.points = (size_t)t.info.shape.n[0] / r->stride;
    t.frame = weir_array((size_t)t.info.shape.n[0], sizeof(float));
    rc = t.frame ? r->solver->create(config, &t.lane)
                 : WEIR_FAIL(ENOMEM, "the reference solution");
    rc = rc ? rc : run(&t, n, at, start, u);
    if (t.lane)
        r->solver->destroy(t.lane);
    r->solver->release(config);
    free(t.frame);
    return rc;
}
