/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kuramoto-Sivashinsky in gradient form. Defaults: case KS-1, the APEBench
 * difficulty scenario (gamma_2, gamma_4, delta_2) = (-1.2, -15, -6) at N = 160
 * for L = 60, dt = 0.1.
 *
 * The equation as written lets the mean of u drift down; `removed` takes the
 * mean of u_x^2 out, as exponax does. That mean is an integral over the box: a
 * network that sees a few neighbours only cannot learn it.
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
    [B] = {"b", WEIR_TERM_GRADIENT, 0, -1},
    [A2] = {"a2", WEIR_TERM_LINEAR, 2, -1},
    [A4] = {"a4", WEIR_TERM_LINEAR, 4, -1},
    {0},
};

static const struct weir_system system = {
    .name = "ks",
    .equation = "u_t = -a2 u_xx - a4 u_xxxx - b/2 ((u_x)^2 - mean)",
    .field = (const char *const[]){"u"},
    .dims = 1,
    .channels = 1,
    .real_symbol = true,
    .coefficient = coefficients,
    .symbol = symbol,
};

static const struct weir_option options[] = {
    WEIR_PERIODIC_OPTIONS("160", "60", "0.1", "4", "0.6666666666666667"),
    {"a2", WEIR_OPTION_REAL, "0.84375", -1e9, 1e9, NULL, NULL,
     "production, coefficient of -u_xx"},
    {"a4", WEIR_OPTION_REAL, "0.37078857421875", 1e-12, 1e9, NULL, NULL,
     "hyper-diffusion, coefficient of -u_xxxx"},
    {"b", WEIR_OPTION_REAL, "8.4375", -1e9, 1e9, NULL, NULL,
     "coefficient of -(u_x)^2 / 2"},
    {"mean_mode", WEIR_OPTION_CHOICE, "removed", 0, 0, "removed|kept", NULL,
     "mean of u_x^2: removed is a global term, kept is the equation as "
     "written"},
    WEIR_FORM_OPTION,
    WEIR_FORM_PAIR("alpha2", "gamma2"),
    WEIR_FORM_PAIR("alpha4", "gamma4"),
    WEIR_FORM_PAIR("beta2", "delta2"),
    WEIR_INITIAL_1D("1,2", "2", "8", "1"),
    {0},
};

static int configure(const struct weir_options *opts, void **config)
{
    struct weir_system s = system;
    s.product = weir_gradient_norm;
    if (weir_option_int(opts, "mean_mode") == 0) {
        s.finish = weir_remove_mean;
        s.global_term = "mean_mode: removed takes out the mean of u_x^2 over "
                        "the box";
        return weir_periodic_configure(&s, opts, config);
    }
    s.equation = "u_t = -a2 u_xx - a4 u_xxxx - b/2 (u_x)^2";
    return weir_periodic_configure(&s, opts, config);
}

const struct weir_solver_ops weir_solver_ks = {
    .name = "ks",
    .summary = "Kuramoto-Sivashinsky, gradient form, 1D",
    .source = "Kuramoto, Tsuzuki (1976), Sivashinsky (1977); difficulty "
              "scenario of APEBench (Koehler et al., NeurIPS 2024)",
    .options = options,
    .configure = configure,
    WEIR_PERIODIC_OPS,
};
