/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Linear diffusion, exact in time. Defaults: the APEBench scenario.
 */
#include "pde/periodic.h"
#include "pde/registry.h"
#include "pde/term.h"

enum { NU };

/* nu (ik)^2 */
static double complex symbol(const double *a, const double *k, int channel)
{
    (void)channel;
    return -a[NU] * k[0] * k[0];
}

static const struct weir_coefficient coefficients[] = {
    [NU] = {"nu", WEIR_TERM_LINEAR, 2, 1},
    {0},
};

static const struct weir_system system = {
    .name = "diffusion",
    .equation = "u_t = nu u_xx",
    .field = (const char *const[]){"u"},
    .dims = 1,
    .channels = 1,
    .real_symbol = true,
    .coefficient = coefficients,
    .symbol = symbol,
};

static const struct weir_option options[] = {
    WEIR_PERIODIC_OPTIONS("160", "1", "0.1", "1", "0.6666666666666667"),
    {"nu", WEIR_OPTION_REAL, "0.008", 1e-12, 1e9, NULL, NULL, "diffusivity"},
    WEIR_FORM_OPTION,
    WEIR_FORM_PAIR("alpha2", "gamma2"),
    WEIR_INITIAL_1D("1,2", "2", "8", "1"),
    {0},
};

static int configure(const struct weir_options *opts, void **config)
{
    struct weir_system s = system;
    s.product = weir_no_product;
    return weir_periodic_configure(&s, opts, config);
}

const struct weir_solver_ops weir_solver_diffusion = {
    .name = "diffusion",
    .summary = "diffusion, 1D",
    .source = "the heat equation; default scenario of APEBench (Koehler et "
              "al., NeurIPS 2024)",
    .options = options,
    .configure = configure,
    WEIR_PERIODIC_OPS,
};
