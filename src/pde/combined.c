/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The combined equation of AL4PDE (Musekamp et al. 2024), here by a spectral
 * method. Defaults: its box, grid and initial sines, the time between the frames
 * its surrogates see, and the middle of its ranges; sample them with
 * `sample: alpha,beta,gamma`.
 */
#include "pde/periodic.h"
#include "pde/registry.h"
#include "pde/term.h"

enum { ALPHA, BETA, GAMMA };

/* beta (ik)^2 - gamma (ik)^3 */
static double complex symbol(const double *a, const double *k, int channel)
{
    (void)channel;
    double k2 = k[0] * k[0];
    return CMPLX(-a[BETA] * k2, a[GAMMA] * k2 * k[0]);
}

static const struct weir_coefficient coefficients[] = {
    [ALPHA] = {"alpha", WEIR_TERM_OWN, 0, 0},
    [BETA] = {"beta", WEIR_TERM_OWN, 0, 0},
    [GAMMA] = {"gamma", WEIR_TERM_OWN, 0, 0},
    {0},
};

static const struct weir_system system = {
    .name = "combined",
    .equation = "u_t = -alpha u u_x + beta u_xx - gamma u_xxx",
    .field = (const char *const[]){"u"},
    .dims = 1,
    .channels = 1,
    .real_symbol = false,
    .coefficient = coefficients,
    .symbol = symbol,
};

static const struct weir_option options[] = {
    WEIR_PERIODIC_OPTIONS("64", "16", "0.08", "8", "0.6666666666666667"),
    {"alpha", WEIR_OPTION_REAL, "1.5", 0, 1e9, NULL, NULL,
     "steepening, coefficient of -u u_x"},
    {"beta", WEIR_OPTION_REAL, "0.2", 0, 1e9, NULL, NULL,
     "viscosity, coefficient of u_xx"},
    {"gamma", WEIR_OPTION_REAL, "0.5", -1e9, 1e9, NULL, NULL,
     "dispersion, coefficient of -u_xxx"},
    WEIR_INITIAL_1D("random", "5", "2", "0.4"),
    {0},
};

static int configure(const struct weir_options *opts, void **config)
{
    struct weir_system s = system;
    s.product = weir_convection;
    return weir_periodic_configure(&s, opts, config);
}

const struct weir_solver_ops weir_solver_combined = {
    .name = "combined",
    .summary = "combined equation of AL4PDE, 1D",
    .source = "combined equation of Brandstetter, Worrall, Welling (ICLR "
              "2022), ranges of AL4PDE (Musekamp et al. 2024)",
    .options = options,
    .configure = configure,
    WEIR_PERIODIC_OPS,
};
