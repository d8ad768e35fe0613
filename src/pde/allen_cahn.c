/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Allen-Cahn on [-1, 1) from u0 = x^2 cos(pi x), periodic: the reference
 * solution of the physics-informed benchmark. No sampled parameters. Fronts as
 * thin as sqrt(d / rate) need 1024 points: with 512 the error at t = 1 is 4e-4,
 * with 1024 it is 1e-6 (relative L2, against 8192 points).
 */
#include "pde/periodic.h"
#include "pde/registry.h"

#include "base/simd.h"

#include <math.h>

enum { D, RATE };

/* d (ik)^2 + rate */
static double complex symbol(const double *a, const double *k, int channel)
{
    (void)channel;
    return -a[D] * k[0] * k[0] + a[RATE];
}

WEIR_CLONES
static void cube(const double *a, const double *const *in, double *const *out,
                 size_t n)
{
    const double *restrict u = in[0];
    double *restrict r = out[0];
    for (size_t i = 0; i < n; i++)
        r[i] = -a[RATE] * u[i] * u[i] * u[i];
}

static int read_nothing(struct weir_initial *initial,
                        const struct weir_options *opts)
{
    (void)opts;
    return weir_initial_reserve(initial, 0);
}

static void start_field(const struct weir_initial *initial,
                        const double *parameters, int channel, double *field)
{
    (void)parameters;
    (void)channel;
    for (size_t i = 0; i < initial->cols; i++) {
        double x = 2 * (double)i / (double)initial->cols - 1;
        field[i] = x * x * cos(M_PI * x);
    }
}

static const struct weir_family benchmark = {"benchmark", read_nothing,
                                             start_field};

static const struct weir_coefficient coefficients[] = {
    [D] = {"d", WEIR_TERM_OWN, 0, 0},
    [RATE] = {"rate", WEIR_TERM_OWN, 0, 0},
    {0},
};

static const struct weir_system system = {
    .name = "allen_cahn",
    .equation = "u_t = d u_xx - rate (u^3 - u)",
    .field = (const char *const[]){"u"},
    .dims = 1,
    .channels = 1,
    .origin = -1,
    .real_symbol = true,
    .coefficient = coefficients,
    .symbol = symbol,
    .product = {.operands = 1,
                .results = 1,
                .in = {{0, WEIR_VALUE}},
                .out = {{0, WEIR_VALUE}},
                .point = cube},
    .family = &benchmark,
};

static const struct weir_option options[] = {
    WEIR_PERIODIC_OPTIONS("1024", "2", "0.005", "4", "0.5"),
    {"d", WEIR_OPTION_REAL, "0.0001", 1e-12, 1e9, NULL, NULL, "diffusivity"},
    {"rate", WEIR_OPTION_REAL, "5", 0, 1e9, NULL, NULL,
     "coefficient of -(u^3 - u)"},
    {"normalise", WEIR_OPTION_BOOL, "false", 0, 0, NULL, NULL,
     "scale the initial field to max|u| = 1"},
    {0},
};

static int configure(const struct weir_options *opts, void **config)
{
    return weir_periodic_configure(&system, opts, config);
}

const struct weir_solver_ops weir_solver_allen_cahn = {
    .name = "allen_cahn",
    .summary = "Allen-Cahn reference for physics-informed networks, 1D",
    .source = "benchmark of Raissi, Perdikaris, Karniadakis (J. Comput. Phys. "
              "378, 2019)",
    .options = options,
    .configure = configure,
    WEIR_PERIODIC_OPS,
};
