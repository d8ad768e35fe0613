/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/term.h"

#include "base/simd.h"

WEIR_CLONES
static void half_square(const double *b, const double *const *in,
                        double *const *out, size_t n)
{
    const double *restrict u = in[0];
    double *restrict r = out[0];
    for (size_t i = 0; i < n; i++)
        r[i] = -0.5 * b[0] * u[i] * u[i];
}

WEIR_CLONES
static void times_slope(const double *b, const double *const *in,
                        double *const *out, size_t n)
{
    const double *restrict u = in[0], *restrict ux = in[1];
    double *restrict r = out[0];
    for (size_t i = 0; i < n; i++)
        r[i] = -b[0] * u[i] * ux[i];
}

WEIR_CLONES
static void half_sum_of_squares(const double *b, const double *const *in,
                                double *const *out, size_t n)
{
    const double *restrict ux = in[0], *restrict uy = in[1];
    double *restrict r = out[0];
    for (size_t i = 0; i < n; i++)
        r[i] = -0.5 * b[0] * (ux[i] * ux[i] + uy[i] * uy[i]);
}

const struct weir_product weir_convection = {
    .operands = 1,
    .results = 1,
    .in = {{0, WEIR_VALUE}},
    .out = {{0, WEIR_DX}},
    .point = half_square,
};

const struct weir_product weir_advection = {
    .operands = 2,
    .results = 1,
    .in = {{0, WEIR_VALUE}, {0, WEIR_DX}},
    .out = {{0, WEIR_VALUE}},
    .point = times_slope,
};

const struct weir_product weir_gradient_norm = {
    .operands = 1,
    .results = 1,
    .in = {{0, WEIR_DX}},
    .out = {{0, WEIR_VALUE}},
    .point = half_square,
};

const struct weir_product weir_gradient_norm_2d = {
    .operands = 2,
    .results = 1,
    .in = {{0, WEIR_DX}, {0, WEIR_DY}},
    .out = {{0, WEIR_VALUE}},
    .point = half_sum_of_squares,
};

const struct weir_product weir_no_product = {0};

void weir_remove_mean(const double *coefficient, const struct weir_spectrum *s,
                      const double *u, double *out)
{
    (void)coefficient;
    (void)s;
    (void)u;
    out[0] = out[1] = 0;
}
