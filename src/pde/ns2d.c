/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Incompressible Navier-Stokes as vorticity w = v_x - u_y, with linear drag and
 * a Kolmogorov forcing along x. exponax takes the velocity with the other sign:
 * its w is minus this one.
 */
#include "pde/periodic.h"
#include "pde/registry.h"

#include "base/err.h"
#include "base/simd.h"

enum { NU, DRAG, FORCE, FORCE_K };

/* nu (ik)^2 + drag */
static double complex symbol(const double *a, const double *k, int channel)
{
    (void)channel;
    return -a[NU] * (k[0] * k[0] + k[1] * k[1]) + a[DRAG];
}

/* -(u w_x + v w_y) */
WEIR_CLONES
static void transport(const double *a, const double *const *in,
                      double *const *out, size_t n)
{
    (void)a;
    const double *restrict u = in[0], *restrict v = in[1];
    const double *restrict wx = in[2], *restrict wy = in[3];
    double *restrict r = out[0];
    for (size_t i = 0; i < n; i++)
        r[i] = -(u[i] * wx[i] + v[i] * wy[i]);
}

/* The cosine's coefficient is half its amplitude, at n = (0, force_k). */
static void add_force(const double *a, const struct weir_spectrum *s,
                      const double *u, double *out)
{
    (void)s;
    (void)u;
    size_t mode = (size_t)a[FORCE_K];
    out[2 * mode] += mode ? 0.5 * a[FORCE] : a[FORCE];
}

static const struct weir_coefficient coefficients[] = {
    [NU] = {"nu", WEIR_TERM_LINEAR, 2, 1},
    [DRAG] = {"drag", WEIR_TERM_LINEAR, 0, 1},
    [FORCE] = {"force_amp", WEIR_TERM_OWN, 0, 0},
    [FORCE_K] = {"force_k", WEIR_TERM_OWN, 0, 0},
    {0},
};

static const struct weir_system system = {
    .name = "ns2d",
    .equation = "w_t = nu Lap w + drag w - (u w_x + v w_y) + force_amp "
                "cos(force_k 2 pi y / L), w = v_x - u_y",
    .field = (const char *const[]){"w"},
    .dims = 2,
    .channels = 1,
    .real_symbol = true,
    .coefficient = coefficients,
    .symbol = symbol,
    .product = {.operands = 4,
                .results = 1,
                .in = {{0, WEIR_VELOCITY_X},
                       {0, WEIR_VELOCITY_Y},
                       {0, WEIR_DX},
                       {0, WEIR_DY}},
                .out = {{0, WEIR_VALUE}},
                .point = transport},
    .finish = add_force,
};

static const struct weir_option options[] = {
    WEIR_PERIODIC_OPTIONS("64", "6.283185307179586", "0.1", "10",
                          "0.6666666666666667"),
    {"nu", WEIR_OPTION_REAL, "0.01", 1e-12, 1e9, NULL, NULL, "viscosity"},
    {"drag", WEIR_OPTION_REAL, "-0.1", -1e6, 1e6, NULL, NULL,
     "coefficient of w; negative damps"},
    {"force_amp", WEIR_OPTION_REAL, "-4", -1e6, 1e6, NULL, NULL,
     "amplitude of the forcing; 0 lets the flow decay"},
    {"force_k", WEIR_OPTION_INT, "4", 0, 4096, NULL, NULL,
     "wave number of the forcing"},
    WEIR_FORM_OPTION,
    WEIR_FORM_PAIR("alpha0", "gamma0"),
    WEIR_FORM_PAIR("alpha2", "gamma2"),
    WEIR_INITIAL_2D("fourier", "true"),
    {0},
};

static int configure(const struct weir_options *opts, void **config)
{
    double limit = weir_option_real(opts, "dealias") *
                       weir_option_real(opts, "points") / 2 -
                   1;
    if (weir_option_real(opts, "force_k") > limit)
        return WEIR_FAIL(EINVAL,
                         "force_k: %g, expected at most %g, the largest wave "
                         "number that is kept",
                         weir_option_real(opts, "force_k"), limit);
    return weir_periodic_configure(&system, opts, config);
}

const struct weir_solver_ops weir_solver_ns2d = {
    .name = "ns2d",
    .summary = "Navier-Stokes in vorticity form, decaying or forced, 2D",
    .source = "Navier-Stokes in two dimensions, Kolmogorov's forcing; numbers "
              "of the OGAS study (arXiv 2606.09949)",
    .options = options,
    .configure = configure,
    WEIR_PERIODIC_OPS,
};
