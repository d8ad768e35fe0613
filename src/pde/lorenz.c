/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Lorenz system (Lorenz 1963) by the classical fourth-order Runge-Kutta
 * method: three channels of one point. Parameters: the initial point, in a box
 * around the attractor; sample the coefficients with `sample`.
 */
#include "pde/registry.h"
#include "pde/sample.h"

#include "base/err.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIGMA, RHO, BETA, COEFFICIENTS };
enum { AXES = 3 };

static const char *const names[COEFFICIENTS] = {"sigma", "rho", "beta"};

static const struct weir_option options[] = {
    {"dt", WEIR_OPTION_REAL, "0.01", 1e-9, 1, NULL, NULL,
     "time between frames"},
    {"substeps", WEIR_OPTION_INT, "4", 1, 1000000, NULL, NULL,
     "steps of the scheme between frames"},
    {"sigma", WEIR_OPTION_REAL, "10", -1e6, 1e6, NULL, NULL,
     "x' = sigma (y - x)"},
    {"rho", WEIR_OPTION_REAL, "28", -1e6, 1e6, NULL, NULL,
     "y' = x (rho - z) - y"},
    {"beta", WEIR_OPTION_REAL, "2.6666666666666665", -1e6, 1e6, NULL, NULL,
     "z' = x y - beta z"},
    {"sample", WEIR_OPTION_TEXT, "", 0, 0, NULL, NULL,
     "coefficients sampled like parameters: 'rho,sigma'"},
    {0},
};

struct config {
    double dt, coefficient[COEFFICIENTS];
    int substeps;
    struct weir_constant constant[COEFFICIENTS];
    struct weir_samples samples;
    struct weir_parameter parameter[AXES + COEFFICIENTS];
};

struct lane {
    const struct config *config;
    double coefficient[COEFFICIENTS];
    double x[AXES];
    long steps;
};

static int build(struct config *c, const struct weir_options *opts)
{
    static const struct weir_parameter start[AXES] = {
        {.name = "x0", .low = -20, .high = 20},
        {.name = "y0", .low = -25, .high = 25},
        {.name = "z0", .low = 0, .high = 50},
    };
    memcpy(c->parameter, start, sizeof(start));
    c->dt = weir_option_real(opts, "dt");
    c->substeps = (int)weir_option_int(opts, "substeps");
    for (int i = 0; i < COEFFICIENTS; i++) {
        c->coefficient[i] = weir_option_real(opts, names[i]);
        c->constant[i] = (struct weir_constant){names[i], c->coefficient[i]};
    }
    int rc = weir_samples_read(weir_option_text(opts, "sample"), names,
                               COEFFICIENTS, &c->samples);
    return rc < 0 ? rc
                  : weir_samples_declare(&c->samples, names, c->coefficient,
                                         c->parameter + AXES);
}

static int configure(const struct weir_options *opts, void **config)
{
    struct config *c = calloc(1, sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "lorenz: config");
    int rc = build(c, opts);
    if (rc < 0) {
        free(c);
        return WEIR_NOTE(rc, "while configuring lorenz");
    }
    *config = c;
    return 0;
}

static void describe(const void *config, struct weir_solver_info *info)
{
    static const char *const field[] = {"x", "y", "z"};
    const struct config *c = config;
    *info = (struct weir_solver_info){
        .shape = {.channels = AXES, .dims = 1, .n = {1, 1}},
        .dt = c->dt,
        .lane_bytes = sizeof(struct lane),
        .equation = "x' = sigma (y - x), y' = x (rho - z) - y, "
                    "z' = x y - beta z",
        .field = field,
        .constant = c->constant,
        .constants = COEFFICIENTS,
        .space = {.n = AXES + c->samples.n, .parameter = c->parameter},
    };
}

static int create(const void *config, void **lane)
{
    struct lane *l = calloc(1, sizeof(*l));
    if (!l)
        return WEIR_FAIL(ENOMEM, "lorenz: lane");
    l->config = config;
    *lane = l;
    return 0;
}

static int start(void *lane, const double *parameters)
{
    struct lane *l = lane;
    const struct config *c = l->config;
    memcpy(l->coefficient, c->coefficient, sizeof(l->coefficient));
    weir_samples_apply(&c->samples, parameters + AXES, l->coefficient);
    memcpy(l->x, parameters, sizeof(l->x));
    l->steps = 0;
    return 0;
}

static int start_field(void *lane, const double *field)
{
    struct lane *l = lane;
    memcpy(l->coefficient, l->config->coefficient, sizeof(l->coefficient));
    memcpy(l->x, field, sizeof(l->x));
    l->steps = 0;
    return 0;
}

static void slope(const double *a, const double *x, double *dx)
{
    dx[0] = a[SIGMA] * (x[1] - x[0]);
    dx[1] = x[0] * (a[RHO] - x[2]) - x[1];
    dx[2] = x[0] * x[1] - a[BETA] * x[2];
}

static void runge_kutta(const double *a, double *x, double h)
{
    static const double reach[4] = {0, 0.5, 0.5, 1}, weight[4] = {1, 2, 2, 1};
    double k[AXES] = {0}, y[AXES], sum[AXES] = {0};
    for (int stage = 0; stage < 4; stage++) {
        for (int i = 0; i < AXES; i++)
            y[i] = x[i] + h * reach[stage] * k[i];
        slope(a, y, k);
        for (int i = 0; i < AXES; i++)
            sum[i] += weight[stage] * k[i];
    }
    for (int i = 0; i < AXES; i++)
        x[i] += h / 6 * sum[i];
}

static int step(void *lane)
{
    struct lane *l = lane;
    for (int i = 0; i < l->config->substeps; i++)
        runge_kutta(l->coefficient, l->x, l->config->dt / l->config->substeps);
    l->steps++;
    if (fabs(l->x[0]) + fabs(l->x[1]) + fabs(l->x[2]) <= 1e12)
        return 0;
    return WEIR_FAIL(WEIR_EDIVERGED, "lorenz: the state exploded at step %ld",
                     l->steps);
}

static void frame(const void *lane, float *out)
{
    const struct lane *l = lane;
    for (int i = 0; i < AXES; i++)
        out[i] = (float)l->x[i];
}

static void frame_double(const void *lane, double *out)
{
    memcpy(out, ((const struct lane *)lane)->x, AXES * sizeof(*out));
}

const struct weir_solver_ops weir_solver_lorenz = {
    .name = "lorenz",
    .summary = "Lorenz 1963, three ordinary differential equations",
    .source = "Lorenz (J. Atmos. Sci. 20, 1963)",
    .options = options,
    .configure = configure,
    .describe = describe,
    .release = free,
    .create = create,
    .start = start,
    .start_field = start_field,
    .step = step,
    .frame = frame,
    .frame_double = frame_double,
    .destroy = free,
};
