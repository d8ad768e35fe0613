/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Linear dispersion, exact in time. Defaults: the APEBench scenario.
 */
#include "pde/periodic.h"
#include "pde/registry.h"
#include "pde/term.h"

enum { A3 };

/* a3 (ik)^3 */
static double complex symbol(const double *a, const double *k, int channel)
{
    (void)channel;
    return CMPLX(0, -a[A3] * k[0] * k[0] * k[0]);
}

static const struct weir_coefficient coefficients[] = {
    [A3] = {"a3", WEIR_TERM_LINEAR, 3, 1},
    {0},
};

static const struct weir_system system = {
    .name = "dispersion",
    .equation = "u_t = a3 u_xxx",
    .field = (const char *const[]){"u"},
    .dims = 1,
    .channels = 1,
    .real_symbol = false,
    .coefficient = coefficients,
    .symbol = symbol,
};

static const struct weir_option options[] = {
    WEIR_PERIODIC_OPTIONS("160", "1", "0.001", "1", "0.6666666666666667"),
    {"a3", WEIR_OPTION_REAL, "0.00025", -1e9, 1e9, NULL, NULL,
     "coefficient of u_xxx"},
    WEIR_FORM_OPTION,
    WEIR_FORM_PAIR("alpha3", "gamma3"),
    WEIR_INITIAL_1D("1,2", "2", "8", "1"),
    {0},
};

static int configure(const struct weir_options *opts, void **config)
{
    struct weir_system s = system;
    s.product = weir_no_product;
    return weir_periodic_configure(&s, opts, config);
}

const struct weir_solver_ops weir_solver_dispersion = {
    .name = "dispersion",
    .summary = "dispersion, 1D",
    .source = "linearised Korteweg-de Vries (1895); default scenario of "
              "APEBench (Koehler et al., NeurIPS 2024)",
    .options = options,
    .configure = configure,
    WEIR_PERIODIC_OPS,
};
