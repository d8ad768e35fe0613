/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The heat equation on a square with five temperatures, the test problem of
 * Melissa's studies: one inside at the start, one on each wall. Mesh, range
 * and number of steps follow those studies as far as they are known; box,
 * diffusivity and time step are ours.
 *
 *   T_t = alpha (T_xx + T_yy), five-point Laplacian, walls one spacing outside
 *   the points x_i = (i + 1) L / (points + 1)
 *
 * In time it is exact: T - T_steady decays mode by mode in the sine transform.
 */
#include "pde/dirichlet.h"
#include "pde/registry.h"

#include "base/err.h"
#include "base/heap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The four walls: low and high end of the first axis, then of the second. */
enum { INSIDE, X_LOW, X_HIGH, Y_LOW, Y_HIGH, PARAMETERS };

static const struct weir_parameter parameters_of[PARAMETERS] = {
    {.name = "T_initial", .unit = "K", .low = 100, .high = 500},
    {.name = "T_x_low", .unit = "K", .low = 100, .high = 500},
    {.name = "T_x_high", .unit = "K", .low = 100, .high = 500},
    {.name = "T_y_low", .unit = "K", .low = 100, .high = 500},
    {.name = "T_y_high", .unit = "K", .low = 100, .high = 500},
};

static const struct weir_option options[] = {
    {"points", WEIR_OPTION_INT, "64", 4, 4096, NULL, NULL, "points per axis"},
    {"length", WEIR_OPTION_REAL, "1", 1e-6, 1e6, NULL, NULL,
     "length of the box per axis, wall to wall"},
    {"dt", WEIR_OPTION_REAL, "0.001", 1e-12, 1e9, NULL, NULL,
     "time between frames"},
    {"alpha", WEIR_OPTION_REAL, "1", 1e-12, 1e9, NULL, NULL, "diffusivity"},
    {"fftw", WEIR_OPTION_CHOICE, "estimate", 0, 0, "estimate|measure", NULL,
     "how FFTW plans; measure changes last bits between starts"},
    {0},
};

struct config {
    struct weir_dirichlet *lattice;
    int points;
    double length, dt, alpha;
    struct weir_constant constant;
    double *decay; /* of each mode in dt */
};

struct lane {
    const struct config *config;
    double *steady;    /* T at the end of time */
    double *departure; /* modes of T - steady */
    double *work, *now;
};

/* ---- configuration --------------------------------------------------------- */

static size_t size(const struct config *c)
{
    return (size_t)c->points * (size_t)c->points;
}

static void release(void *config)
{
    struct config *c = config;
    if (!c)
        return;
    weir_dirichlet_free(c->lattice);
    free(c->decay);
    free(c);
}

static int build(struct config *c, bool measure)
{
    size_t n = (size_t)c->points;
    int rc = weir_dirichlet_create(n, n, measure, &c->lattice);
    if (rc < 0)
        return rc;
    c->decay = weir_array(size(c), sizeof(double));
    if (!c->decay)
        return WEIR_FAIL(ENOMEM, "heat2d: %zu points", size(c));
    double spacing = c->length / (c->points + 1);
    double rate = c->alpha * c->dt / (spacing * spacing);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            c->decay[i * n + j] =
                exp(-rate * (c->lattice->row[i] + c->lattice->col[j]));
    return 0;
}

static int configure(const struct weir_options *opts, void **config)
{
    struct config *c = calloc(1, sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "heat2d: config");
    c->points = (int)weir_option_int(opts, "points");
    c->length = weir_option_real(opts, "length");
    c->dt = weir_option_real(opts, "dt");
    c->alpha = weir_option_real(opts, "alpha");
    c->constant = (struct weir_constant){"alpha", c->alpha};
    int rc = build(c, weir_option_int(opts, "fftw") == 1);
    if (rc < 0) {
        release(c);
        return WEIR_NOTE(rc, "while configuring heat2d");
    }
    *config = c;
    return 0;
}

static void describe(const void *config, struct weir_solver_info *info)
{
    static const char *const field[] = {"T"};
    const struct config *c = config;
    double spacing = c->length / (c->points + 1);
    *info = (struct weir_solver_info){
        .shape = {.channels = 1, .dims = 2, .n = {c->points, c->points}},
        .extent = {c->length, c->length},
        .origin = {spacing, spacing},
        .spacing = {spacing, spacing},
        .dt = c->dt,
        .lane_bytes = 4 * size(c) * sizeof(double),
        .equation = "T_t = alpha (T_xx + T_yy), T given on four walls",
        .field = field,
        .constant = &c->constant,
        .constants = 1,
        .space = {.n = PARAMETERS, .parameter = parameters_of},
    };
}

/* ---- lanes ------------------------------------------------------------------- */

static void destroy(void *lane)
{
    struct lane *l = lane;
    if (!l)
        return;
    free(l->steady);
    free(l->departure);
    free(l->work);
    free(l->now);
    free(l);
}

static int create(const void *config, void **lane)
{
    const struct config *c = config;
    struct lane *l = calloc(1, sizeof(*l));
    if (!l)
        return WEIR_FAIL(ENOMEM, "heat2d: lane");
    l->config = c;
    l->steady = weir_array(size(c), sizeof(double));
    l->departure = weir_array(size(c), sizeof(double));
    l->work = weir_array(size(c), sizeof(double));
    l->now = weir_array(size(c), sizeof(double));
    if (!l->steady || !l->departure || !l->work || !l->now) {
        destroy(l);
        return WEIR_FAIL(ENOMEM, "heat2d: lane of %zu points", size(c));
    }
    *lane = l;
    return 0;
}

/* What the walls bring into the Laplacian of the points next to them. */
static void wall_terms(const struct config *c, const double *t, double *out)
{
    size_t n = (size_t)c->points;
    memset(out, 0, size(c) * sizeof(*out));
    for (size_t k = 0; k < n; k++) {
        out[k] += t[X_LOW];
        out[(n - 1) * n + k] += t[X_HIGH];
        out[k * n] += t[Y_LOW];
        out[k * n + n - 1] += t[Y_HIGH];
    }
}

/* -Laplacian T = wall terms */
static void find_steady(struct lane *l, const double *t)
{
    const struct weir_dirichlet *d = l->config->lattice;
    wall_terms(l->config, t, l->work);
    weir_dirichlet_transform(d, l->work, l->now);
    for (size_t i = 0; i < d->rows; i++)
        for (size_t j = 0; j < d->cols; j++)
            l->work[i * d->cols + j] =
                l->now[i * d->cols + j] * d->scale / (d->row[i] + d->col[j]);
    weir_dirichlet_transform(d, l->work, l->steady);
}

static int start(void *lane, const double *parameters)
{
    struct lane *l = lane;
    const struct config *c = l->config;
    find_steady(l, parameters);
    for (size_t i = 0; i < size(c); i++)
        l->work[i] = parameters[INSIDE] - l->steady[i];
    weir_dirichlet_transform(c->lattice, l->work, l->departure);
    for (size_t i = 0; i < size(c); i++)
        l->departure[i] *= c->lattice->scale;
    return 0;
}

static int step(void *lane)
{
    struct lane *l = lane;
    const double *decay = l->config->decay;
    for (size_t i = 0; i < size(l->config); i++)
        l->departure[i] *= decay[i];
    return 0;
}

static void to_grid(const struct lane *l)
{
    const struct config *c = l->config;
    memcpy(l->work, l->departure, size(c) * sizeof(double));
    weir_dirichlet_transform(c->lattice, l->work, l->now);
    for (size_t i = 0; i < size(c); i++)
        l->now[i] += l->steady[i];
}

static void frame(const void *lane, float *out)
{
    const struct lane *l = lane;
    to_grid(l);
    for (size_t i = 0; i < size(l->config); i++)
        out[i] = (float)l->now[i];
}

static void frame_double(const void *lane, double *out)
{
    const struct lane *l = lane;
    to_grid(l);
    memcpy(out, l->now, size(l->config) * sizeof(*out));
}

const struct weir_solver_ops weir_solver_heat2d = {
    .name = "heat2d",
    .summary = "heat equation, five temperatures (inside and four walls), 2D",
    .source = "test problem of Melissa's studies; box, diffusivity and time "
              "step are ours",
    .options = options,
    .configure = configure,
    .describe = describe,
    .release = release,
    .create = create,
    .start = start,
    .step = step,
    .frame = frame,
    .frame_double = frame_double,
    .destroy = destroy,
};
