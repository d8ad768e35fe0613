/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Viscous Burgers. Defaults: the APEBench physical scenario, L = 1, dt = 0.1.
 */
#include "pde/periodic.h"
#include "pde/registry.h"
#include "pde/term.h"

enum { B, NU };

/* nu (ik)^2 */
static double complex symbol(const double *a, const double *k, int channel)
{
    (void)channel;
    return -a[NU] * k[0] * k[0];
}

static const struct weir_coefficient coefficients[] = {
    [B] = {"b", WEIR_TERM_CONVECTION, 0, -1},
    [NU] = {"nu", WEIR_TERM_LINEAR, 2, 1},
    {0},
};

static const struct weir_system system = {
    .name = "burgers",
    .equation = "u_t = nu u_xx - b/2 (u^2)_x",
    .field = (const char *const[]){"u"},
    .dims = 1,
    .channels = 1,
    .real_symbol = true,
    .coefficient = coefficients,
    .symbol = symbol,
};

static const struct weir_option options[] = {
    WEIR_PERIODIC_OPTIONS("160", "1", "0.1", "4", "0.6666666666666667"),
    {"nu", WEIR_OPTION_REAL, "0.0003", 1e-12, 1e9, NULL, NULL,
     "viscosity, coefficient of u_xx"},
    {"b", WEIR_OPTION_REAL, "0.125", -1e9, 1e9, NULL, NULL,
     "steepening, coefficient of -(u^2)_x / 2"},
    {"flux", WEIR_OPTION_CHOICE, "conservative", 0, 0, "conservative|advective",
     NULL, "(u^2)_x / 2, or u u_x"},
    WEIR_FORM_OPTION,
    WEIR_FORM_PAIR("alpha2", "gamma2"),
    WEIR_FORM_PAIR("beta1", "delta1"),
    WEIR_INITIAL_1D("1,2", "2", "8", "1"),
    {0},
};

static int configure(const struct weir_options *opts, void **config)
{
    struct weir_system s = system;
    bool conservative = weir_option_int(opts, "flux") == 0;
    s.product = conservative ? weir_convection : weir_advection;
    if (!conservative)
        s.equation = "u_t = nu u_xx - b u u_x";
    return weir_periodic_configure(&s, opts, config);
}

const struct weir_solver_ops weir_solver_burgers = {
    .name = "burgers",
    .summary = "viscous Burgers, 1D",
    .source = "Burgers (1948); physical scenario of APEBench (Koehler et al., "
              "NeurIPS 2024)",
    .options = options,
    .configure = configure,
    WEIR_PERIODIC_OPS,
};
