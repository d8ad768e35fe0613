/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kuramoto-Sivashinsky in conservative form (the derivative of the gradient
 * form). Defaults: case KSc-1, the APEBench difficulty scenario (gamma_2,
 * gamma_4, delta_1) = (-2, -18, -1) at N = 160 for L = 60, dt = 0.1.
 */
#include "pde/periodic.h"
#include "pde/registry.h"
#include "pde/term.h"

enum { B, A2, A4 };

/* -a2 (ik)^2 - a4 (ik)^4 */
static double complex symbol(const double *a, const double *k, int channel)
{
    (void)channel;
    double k2 = k[0] * k[0];
    return a[A2] * k2 - a[A4] * k2 * k2;
}

static const struct weir_coefficient coefficients[] = {
    [B] = {"b", WEIR_TERM_CONVECTION, 0, -1},
    [A2] = {"a2", WEIR_TERM_LINEAR, 2, -1},
    [A4] = {"a4", WEIR_TERM_LINEAR, 4, -1},
    {0},
};

static const struct weir_system system = {
    .name = "ks_cons",
    .equation = "u_t = -a2 u_xx - a4 u_xxxx - b/2 (u^2)_x",
    .field = (const char *const[]){"u"},
    .dims = 1,
    .channels = 1,
    .real_symbol = true,
    .coefficient = coefficients,
    .symbol = symbol,
};

static const struct weir_option options[] = {
    WEIR_PERIODIC_OPTIONS("160", "60", "0.1", "4", "0.6666666666666667"),
    {"a2", WEIR_OPTION_REAL, "1.40625", -1e9, 1e9, NULL, NULL,
     "production, coefficient of -u_xx"},
    {"a4", WEIR_OPTION_REAL, "0.4449462890625", 1e-12, 1e9, NULL, NULL,
     "hyper-diffusion, coefficient of -u_xxxx"},
    {"b", WEIR_OPTION_REAL, "3.75", -1e9, 1e9, NULL, NULL,
     "steepening, coefficient of -(u^2)_x / 2"},
    WEIR_FORM_OPTION,
    WEIR_FORM_PAIR("alpha2", "gamma2"),
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

const struct weir_solver_ops weir_solver_ks_cons = {
    .name = "ks_cons",
    .summary = "Kuramoto-Sivashinsky, conservative form, 1D",
    .source = "derivative of ks; difficulty scenario of APEBench (Koehler et "
              "al., NeurIPS 2024)",
    .options = options,
    .configure = configure,
    WEIR_PERIODIC_OPS,
};
