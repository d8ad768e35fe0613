/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Steady diffusion from a few round sources on a lattice with absorbing edges:
 * the problem of Toledo-Marin, Glazier, Fox, "Smart surrogates" (arXiv
 * 2407.07674), as its public generator defines it.
 *
 *   D lap u - gamma u + gamma s = 0,  u = 0 on the ring of ghost points
 *
 * with the five-point Laplacian at spacing 1. A source is the disc of lattice
 * points within `radius` of its centre, a volume source: u is not held there.
 * Overlapping discs add. The frame has two channels, s / max(s) and
 * u / max(u): what a network is given and what it predicts. The solution is
 * exact to rounding (sine transform); the generator integrated to t = 3000.
 *
 * Parameters: a centre per source as two numbers whose floors are the lattice
 * row and column (0-based, from radius - 1 to points - radius - 1: at the low
 * end a disc loses one point to the edge, as in the generator), and the
 * intensity of every source but the first, which has 1. With `variable`, one
 * more: the floor of `count` is how many sources are there; the parameters of
 * the others have no effect.
 */
#include "pde/dirichlet.h"
#include "pde/registry.h"

#include "base/err.h"
#include "base/heap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SOURCES 16

struct config {
    struct weir_dirichlet *lattice;
    int points, radius, sources;
    bool variable, normalise;
    double d, gamma;
    struct weir_constant constant[3];
    size_t parameters;
    struct weir_parameter parameter[3 * MAX_SOURCES];
    char name[3 * MAX_SOURCES][8];
};

struct lane {
    const struct config *config;
    double *source, *solution, *work;
};

static const struct weir_option options[] = {
    {"points", WEIR_OPTION_INT, "100", 4, 4096, NULL, NULL,
     "lattice points per axis"},
    {"sources", WEIR_OPTION_INT, "2", 1, MAX_SOURCES, NULL, NULL,
     "sources, or the most there can be"},
    {"variable", WEIR_OPTION_BOOL, "false", 0, 0, NULL, NULL,
     "sample how many sources there are"},
    {"radius", WEIR_OPTION_INT, "5", 1, 1024, NULL, "lattice spacings",
     "radius of a source"},
    {"D", WEIR_OPTION_REAL, "1", 1e-9, 1e9, NULL, NULL, "diffusivity"},
    {"gamma", WEIR_OPTION_REAL, "0.0025", 0, 1e9, NULL, NULL,
     "rate of decay, and of production in a source"},
    {"normalise", WEIR_OPTION_BOOL, "true", 0, 0, NULL, NULL,
     "divide source and solution by their largest values"},
    {"fftw", WEIR_OPTION_CHOICE, "estimate", 0, 0, "estimate|measure", NULL,
     "how FFTW plans; measure changes last bits between starts"},
    {0},
};

/* ---- configuration --------------------------------------------------------- */

static void declare(struct config *c, const char *stem, int source, double low,
                    double high)
{
    size_t i = c->parameters++;
    if (source < 0)
        snprintf(c->name[i], sizeof(c->name[i]), "%s", stem);
    else
        snprintf(c->name[i], sizeof(c->name[i]), "%s%d", stem, source % 100);
    c->parameter[i] =
        (struct weir_parameter){.name = c->name[i], .low = low, .high = high};
}

static void declare_all(struct config *c)
{
    double low = c->radius - 1, high = c->points - c->radius;
    for (int s = 0; s < c->sources; s++) {
        declare(c, "row", s, low, high);
        declare(c, "col", s, low, high);
    }
    for (int s = 1; s < c->sources; s++)
        declare(c, "q", s, 0.01, 1);
    if (c->variable)
        declare(c, "count", -1, 1, c->sources + 1);
}

static int check(const struct config *c)
{
    if (c->points < 2 * c->radius + 2)
        return WEIR_FAIL(EINVAL, "radius: %d, expected at most %d on %d points",
                         c->radius, c->points / 2 - 1, c->points);
    if (c->variable && c->sources < 2)
        return WEIR_FAIL(EINVAL, "variable: needs 2 sources or more");
    return 0;
}

static void release(void *config)
{
    struct config *c = config;
    if (!c)
        return;
    weir_dirichlet_free(c->lattice);
    free(c);
}

static int configure(const struct weir_options *opts, void **config)
{
    struct config *c = calloc(1, sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "sources: config");
    c->points = (int)weir_option_int(opts, "points");
    c->sources = (int)weir_option_int(opts, "sources");
    c->variable = weir_option_bool(opts, "variable");
    c->radius = (int)weir_option_int(opts, "radius");
    c->d = weir_option_real(opts, "D");
    c->gamma = weir_option_real(opts, "gamma");
    c->normalise = weir_option_bool(opts, "normalise");
    c->constant[0] = (struct weir_constant){"D", c->d};
    c->constant[1] = (struct weir_constant){"gamma", c->gamma};
    c->constant[2] = (struct weir_constant){"radius", c->radius};
    int rc = check(c);
    if (rc == 0)
        rc = weir_dirichlet_create((size_t)c->points, (size_t)c->points,
                                   weir_option_int(opts, "fftw") == 1,
                                   &c->lattice);
    if (rc < 0) {
        release(c);
        return WEIR_NOTE(rc, "while configuring sources");
    }
    declare_all(c);
    *config = c;
    return 0;
}

static size_t size(const struct config *c)
{
    return (size_t)c->points * (size_t)c->points;
}

static void describe(const void *config, struct weir_solver_info *info)
{
    static const char *const field[] = {"source", "solution"};
    const struct config *c = config;
    *info = (struct weir_solver_info){
        .shape = {.channels = 2, .dims = 2, .n = {c->points, c->points}},
        .given = 1,
        .extent = {c->points + 1, c->points + 1},
        .origin = {1, 1},
        .spacing = {1, 1},
        .lane_bytes = 3 * size(c) * sizeof(double),
        .equation = "D lap u - gamma u + gamma s = 0, u = 0 at the edge",
        .field = field,
        .constant = c->constant,
        .constants = 3,
        .space = {.n = c->parameters, .parameter = c->parameter},
    };
}

/* ---- lanes ------------------------------------------------------------------- */

static void destroy(void *lane)
{
    struct lane *l = lane;
    if (!l)
        return;
    free(l->source);
    free(l->solution);
    free(l->work);
    free(l);
}

static int create(const void *config, void **lane)
{
    const struct config *c = config;
    struct lane *l = calloc(1, sizeof(*l));
    if (!l)
        return WEIR_FAIL(ENOMEM, "sources: lane");
    l->config = c;
    l->source = weir_array(size(c), sizeof(double));
    l->solution = weir_array(size(c), sizeof(double));
    l->work = weir_array(size(c), sizeof(double));
    if (!l->source || !l->solution || !l->work) {
        destroy(l);
        return WEIR_FAIL(ENOMEM, "sources: lane of %zu points", size(c));
    }
    *lane = l;
    return 0;
}

static void add_disc(const struct config *c, double *s, int row, int col,
                     double q)
{
    int n = c->points, r = c->radius;
    for (int i = row - r; i <= row + r; i++)
        for (int j = col - r; j <= col + r; j++) {
            int di = i - row, dj = j - col;
            bool inside = i >= 0 && i < n && j >= 0 && j < n;
            if (inside && di * di + dj * dj <= r * r)
                s[i * n + j] += q;
        }
}

/* A number sampled in [low, high) stands for its floor. */
static int whole(const struct weir_parameter *p, double x)
{
    int last = (int)p->high - 1, value = (int)floor(x);
    return value < last ? value : last;
}

static void draw(const struct config *c, const double *p, double *s)
{
    const double *q = p + 2 * c->sources - 1; /* q[1] is the second's */
    int count = c->sources;
    if (c->variable)
        count = whole(&c->parameter[c->parameters - 1], p[c->parameters - 1]);
    memset(s, 0, size(c) * sizeof(*s));
    for (int k = 0; k < count; k++)
        add_disc(c, s, whole(&c->parameter[2 * k], p[2 * k]),
                 whole(&c->parameter[2 * k + 1], p[2 * k + 1]), k ? q[k] : 1);
}

static void divide_by_top(double *x, size_t n)
{
    double top = 0;
    for (size_t i = 0; i < n; i++)
        top = fmax(top, x[i]);
    for (size_t i = 0; top > 0 && i < n; i++)
        x[i] /= top;
}

/* u_hat = gamma s_hat / (gamma + D eigenvalue) */
static void solve(struct lane *l)
{
    const struct config *c = l->config;
    const struct weir_dirichlet *d = c->lattice;
    if (c->normalise)
        divide_by_top(l->source, size(c));
    memcpy(l->work, l->source, size(c) * sizeof(double));
    weir_dirichlet_transform(d, l->work, l->solution);
    for (size_t i = 0; i < d->rows; i++)
        for (size_t j = 0; j < d->cols; j++)
            l->work[i * d->cols + j] =
                l->solution[i * d->cols + j] * d->scale * c->gamma /
                (c->gamma + c->d * (d->row[i] + d->col[j]));
    weir_dirichlet_transform(d, l->work, l->solution);
    if (c->normalise)
        divide_by_top(l->solution, size(c));
}

static int start(void *lane, const double *parameters)
{
    struct lane *l = lane;
    draw(l->config, parameters, l->source);
    solve(l);
    return 0;
}

/* Channel 0 is the source; what channel 1 holds does not matter. */
static int start_field(void *lane, const double *field)
{
    struct lane *l = lane;
    for (size_t i = 0; i < size(l->config); i++) {
        if (!isfinite(field[i]) || field[i] < 0)
            return WEIR_FAIL(EINVAL,
                             "sources: source %g at point %zu, expected 0 or "
                             "more",
                             field[i], i);
        l->source[i] = field[i];
    }
    solve(l);
    return 0;
}

/* The state is steady: there is no next one. */
static int step(void *lane)
{
    (void)lane;
    return 0;
}

static void frame(const void *lane, float *out)
{
    const struct lane *l = lane;
    size_t n = size(l->config);
    for (size_t i = 0; i < n; i++) {
        out[i] = (float)l->source[i];
        out[n + i] = (float)l->solution[i];
    }
}

static void frame_double(const void *lane, double *out)
{
    const struct lane *l = lane;
    size_t n = size(l->config);
    memcpy(out, l->source, n * sizeof(*out));
    memcpy(out + n, l->solution, n * sizeof(*out));
}

const struct weir_solver_ops weir_solver_sources = {
    .name = "sources",
    .summary = "steady diffusion from round sources, absorbing edges, 2D",
    .source = "Toledo-Marin, Glazier, Fox, Smart surrogates (arXiv 2407.07674)",
    .options = options,
    .configure = configure,
    .describe = describe,
    .release = release,
    .create = create,
    .start = start,
    .start_field = start_field,
    .step = step,
    .frame = frame,
    .frame_double = frame_double,
    .destroy = destroy,
};
