/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Korteweg-de Vries with hyper-diffusion. Defaults: case KdV-1, the APEBench
 * difficulty scenario (gamma_3, gamma_4, delta_1) = (-14, -9, -2) at N = 160,
 * as physical coefficients for L = 50, dt = 0.1.
 */
#include "pde/periodic.h"
#include "pde/registry.h"
#include "pde/term.h"

enum { B, A3, A4 };

/* a3 (ik)^3 - a4 (ik)^4 */
static double complex symbol(const double *a, const double *k, int channel)
{
    (void)channel;
    double k2 = k[0] * k[0];
    return CMPLX(-a[A4] * k2 * k2, -a[A3] * k2 * k[0]);
}

static const struct weir_coefficient coefficients[] = {
    [B] = {"b", WEIR_TERM_CONVECTION, 0, -1},
    [A3] = {"a3", WEIR_TERM_LINEAR, 3, 1},
    [A4] = {"a4", WEIR_TERM_LINEAR, 4, -1},
    {0},
};

static const struct weir_system system = {
    .name = "kdv",
    .equation = "u_t = a3 u_xxx - a4 u_xxxx - b/2 (u^2)_x",
    .field = (const char *const[]){"u"},
    .dims = 1,
    .channels = 1,
    .real_symbol = false,
    .coefficient = coefficients,
    .symbol = symbol,
};

static const struct weir_option options[] = {
    WEIR_PERIODIC_OPTIONS("160", "50", "0.1", "4", "0.6666666666666667"),
    {"a3", WEIR_OPTION_REAL, "-1.068115234375", -1e9, 1e9, NULL, NULL,
     "dispersion, coefficient of u_xxx"},
    {"a4", WEIR_OPTION_REAL, "0.107288360595703125", 0, 1e9, NULL, NULL,
     "hyper-diffusion, coefficient of -u_xxxx"},
    {"b", WEIR_OPTION_REAL, "6.25", -1e9, 1e9, NULL, NULL,
     "steepening, coefficient of -(u^2)_x / 2"},
    WEIR_FORM_OPTION,
    WEIR_FORM_PAIR("alpha3", "gamma3"),
    WEIR_FORM_PAIR("alpha4", "gamma4"),
    WEIR_FORM_PAIR("beta1", "delta1"),
    WEIR_INITIAL_1D("1,2", "2", "8", "1"),
    {0},
};

static int configure(const struct weir_options *opts, void **config)
{
    struct weir_system s = system;
    s.product = weir_convection;
    return weir_periodic_configure(&s, opts, config);
}

const struct weir_solver_ops weir_solver_kdv = {
    .name = "kdv",
    .summary = "Korteweg-de Vries with hyper-diffusion, 1D",
    .source = "Korteweg, de Vries (1895); difficulty scenario of APEBench "
              "(Koehler et al., NeurIPS 2024)",
    .options = options,
    .configure = configure,
    WEIR_PERIODIC_OPS,
};
