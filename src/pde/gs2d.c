/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gray-Scott reaction and diffusion of two species. Defaults: type beta of the
 * OGAS study on a smaller grid.
 */
#include "pde/periodic.h"
#include "pde/registry.h"

#include "base/simd.h"

enum { D1, D2, FEED, KILL };

static double complex symbol(const double *a, const double *k, int channel)
{
    return -a[channel == 0 ? D1 : D2] * (k[0] * k[0] + k[1] * k[1]);
}

WEIR_CLONES
static void reaction(const double *a, const double *const *in,
                     double *const *out, size_t n)
{
    (void)a;
    const double *restrict u = in[0], *restrict v = in[1];
    double *restrict r = out[0];
    for (size_t i = 0; i < n; i++)
        r[i] = u[i] * v[i] * v[i];
}

/* One transform serves both species: out holds u v^2 in channel 0. */
static void both_species(const double *a, const struct weir_spectrum *s,
                         const double *u, double *out)
{
    const double *v = u + 2 * s->kept;
    double *v_out = out + 2 * s->kept;
    for (size_t i = 0; i < 2 * s->kept; i++) {
        v_out[i] = out[i] - (a[FEED] + a[KILL]) * v[i];
        out[i] = -out[i] - a[FEED] * u[i];
    }
    out[0] += a[FEED];
}

static const struct weir_coefficient coefficients[] = {
    [D1] = {"d1", WEIR_TERM_OWN, 0, 0},
    [D2] = {"d2", WEIR_TERM_OWN, 0, 0},
    [FEED] = {"F", WEIR_TERM_OWN, 0, 0},
    [KILL] = {"kill", WEIR_TERM_OWN, 0, 0},
    {0},
};

static const struct weir_system system = {
    .name = "gs2d",
    .equation = "u_t = d1 Lap u + F (1 - u) - u v^2; "
                "v_t = d2 Lap v - (F + kill) v + u v^2",
    .field = (const char *const[]){"u", "v"},
    .dims = 2,
    .channels = 2,
    .real_symbol = true,
    .coefficient = coefficients,
    .symbol = symbol,
    .product = {.operands = 2,
                .results = 1,
                .in = {{0, WEIR_VALUE}, {1, WEIR_VALUE}},
                .out = {{0, WEIR_VALUE}},
                .point = reaction},
    .finish = both_species,
};

static const struct weir_option options[] = {
    WEIR_PERIODIC_OPTIONS("64", "1", "30", "30", "0.5"),
    {"d1", WEIR_OPTION_REAL, "2e-05", 1e-15, 1e9, NULL, NULL,
     "diffusivity of u"},
    {"d2", WEIR_OPTION_REAL, "1e-05", 1e-15, 1e9, NULL, NULL,
     "diffusivity of v"},
    {"F", WEIR_OPTION_REAL, "0.02", 0, 1e3, NULL, NULL, "feed rate"},
    {"kill", WEIR_OPTION_REAL, "0.046", 0, 1e3, NULL, NULL, "kill rate"},
    WEIR_INITIAL_2D("blobs", "false"),
    {0},
};

static int configure(const struct weir_options *opts, void **config)
{
    return weir_periodic_configure(&system, opts, config);
}

const struct weir_solver_ops weir_solver_gs2d = {
    .name = "gs2d",
    .summary = "Gray-Scott reaction-diffusion, 2D",
    .source = "Gray, Scott (1984), Pearson (Science 1993); numbers of the OGAS "
              "study (arXiv 2606.09949)",
    .options = options,
    .configure = configure,
    WEIR_PERIODIC_OPS,
};
