/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kuramoto-Sivashinsky in gradient form, two dimensions. `separable` writes
 * the fourth-order term as u_xxxx + u_yyyy, as exponax and APEBench do;
 * `biharmonic` is the Laplacian of the Laplacian. Defaults: coefficients,
 * time step and sub-steps of the OGAS study, on a smaller grid and box.
 */
#include "pde/periodic.h"
#include "pde/registry.h"
#include "pde/term.h"

enum { B, A2, A4 };

static double complex separable(const double *a, const double *k, int channel)
{
    (void)channel;
    double x2 = k[0] * k[0], y2 = k[1] * k[1];
    return a[A2] * (x2 + y2) - a[A4] * (x2 * x2 + y2 * y2);
}

static double complex biharmonic(const double *a, const double *k, int channel)
{
    (void)channel;
    double k2 = k[0] * k[0] + k[1] * k[1];
    return a[A2] * k2 - a[A4] * k2 * k2;
}

static const struct weir_coefficient coefficients[] = {
    [B] = {"b", WEIR_TERM_GRADIENT, 0, -1},
    [A2] = {"a2", WEIR_TERM_LINEAR, 2, -1},
    [A4] = {"a4", WEIR_TERM_LINEAR, 4, -1},
    {0},
};

static const char *const field[] = {"u"};

/* By hyper, then by mean_mode. */
static const char *const equations[2][2] = {
    {"u_t = -a2 Lap u - a4 (u_xxxx + u_yyyy) - b/2 (|grad u|^2 - mean)",
     "u_t = -a2 Lap u - a4 (u_xxxx + u_yyyy) - b/2 |grad u|^2"},
    {"u_t = -a2 Lap u - a4 Lap Lap u - b/2 (|grad u|^2 - mean)",
     "u_t = -a2 Lap u - a4 Lap Lap u - b/2 |grad u|^2"},
};

static const struct weir_option options[] = {
    WEIR_PERIODIC_OPTIONS("64", "30", "0.5", "5", "0.6666666666666667"),
    {"a2", WEIR_OPTION_REAL, "1", -1e9, 1e9, NULL, NULL,
     "production, coefficient of -Lap u"},
    {"a4", WEIR_OPTION_REAL, "1", 1e-12, 1e9, NULL, NULL,
     "hyper-diffusion, coefficient of the fourth-order term"},
    {"b", WEIR_OPTION_REAL, "1", -1e9, 1e9, NULL, NULL,
     "coefficient of -|grad u|^2 / 2"},
    {"hyper", WEIR_OPTION_CHOICE, "separable", 0, 0, "separable|biharmonic",
     NULL, "fourth-order term: u_xxxx + u_yyyy, or Lap Lap u"},
    {"mean_mode", WEIR_OPTION_CHOICE, "removed", 0, 0, "removed|kept", NULL,
     "mean of |grad u|^2: removed is a global term, kept is the equation as "
     "written"},
    WEIR_FORM_OPTION,
    WEIR_FORM_PAIR("alpha2", "gamma2"),
    WEIR_FORM_PAIR("alpha4", "gamma4"),
    WEIR_FORM_PAIR("beta2", "delta2"),
    WEIR_INITIAL_2D("fourier", "true"),
    {0},
};

static int configure(const struct weir_options *opts, void **config)
{
    int64_t hyper = weir_option_int(opts, "hyper");
    int64_t kept = weir_option_int(opts, "mean_mode");
    struct weir_system system = {
        .name = "ks2d",
        .equation = equations[hyper][kept],
        .field = field,
        .dims = 2,
        .channels = 1,
        .real_symbol = true,
        .coefficient = coefficients,
        .symbol = hyper ? biharmonic : separable,
        .product = weir_gradient_norm_2d,
        .finish = kept ? NULL : weir_remove_mean,
        .global_term = kept ? NULL
                            : "mean_mode: removed takes out the mean of "
                              "|grad u|^2 over the box",
    };
    return weir_periodic_configure(&system, opts, config);
}

const struct weir_solver_ops weir_solver_ks2d = {
    .name = "ks2d",
    .summary = "Kuramoto-Sivashinsky, gradient form, 2D",
    .source = "Kuramoto, Tsuzuki (1976), Sivashinsky (1977); numbers of the "
              "OGAS study (arXiv 2606.09949)",
    .options = options,
    .configure = configure,
    WEIR_PERIODIC_OPS,
};
