/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Linear advection, exact in time. Defaults: the APEBench scenario.
 */
#include "pde/periodic.h"
#include "pde/registry.h"
#include "pde/term.h"

enum { C };

/* -c ik */
static double complex symbol(const double *a, const double *k, int channel)
{
    (void)channel;
    return CMPLX(0, -a[C] * k[0]);
}

static const struct weir_coefficient coefficients[] = {
    [C] = {"c", WEIR_TERM_LINEAR, 1, -1},
    {0},
};

static const struct weir_system system = {
    .name = "advection",
    .equation = "u_t = -c u_x",
    .field = (const char *const[]){"u"},
    .dims = 1,
    .channels = 1,
    .real_symbol = false,
    .coefficient = coefficients,
    .symbol = symbol,
};

static const struct weir_option options[] = {
    WEIR_PERIODIC_OPTIONS("160", "1", "0.1", "1", "0.6666666666666667"),
    {"c", WEIR_OPTION_REAL, "0.25", -1e9, 1e9, NULL, NULL, "speed"},
    WEIR_FORM_OPTION,
    WEIR_FORM_PAIR("alpha1", "gamma1"),
    WEIR_INITIAL_1D("1,2", "2", "8", "1"),
    {0},
};

static int configure(const struct weir_options *opts, void **config)
{
    struct weir_system s = system;
    s.product = weir_no_product;
    return weir_periodic_configure(&s, opts, config);
}

const struct weir_solver_ops weir_solver_advection = {
    .name = "advection",
    .summary = "advection at constant speed, 1D",
    .source = "linear transport; default scenario of APEBench (Koehler et al., "
              "NeurIPS 2024)",
    .options = options,
    .configure = configure,
    WEIR_PERIODIC_OPS,
};
