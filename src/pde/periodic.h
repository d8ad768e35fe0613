/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PDE_PERIODIC_H
#define WEIR_PDE_PERIODIC_H

/**
 * @file
 * What every spectral solver shares: u_t = L u + N(u) on a periodic box, a
 * diagonal linear part and one non-linear term, stepped by ETDRK.
 *
 * A solver's file declares a `weir_system` and its options; the functions here
 * are the rest of its weir_solver_ops. The config holds spectrum and weights,
 * shared by all lanes and never written after configure; a lane holds one
 * simulation's coefficients and all the memory its steps touch.
 */
#include "pde/coefficient.h"
#include "pde/cplx.h"
#include "pde/initial.h"
#include "pde/product.h"
#include "weir/solver.h"

/** One system of equations. Copied when it is configured. */
struct weir_system {
    const char *name;
    const char *equation;
    const char *const *field; /* `channels` names */
    int dims, channels;
    double origin;    /* coordinate of the first grid point, every axis */
    bool real_symbol; /* the symbol never has an imaginary part */
    const struct weir_coefficient *coefficient; /* ends with a NULL name */
    /** Linear part of @p channel at wave vector @p k = 2 pi n / L. */
    double complex (*symbol)(const double *coefficient, const double *k,
                             int channel);
    struct weir_product product;
    /**
     * What the product does not say, in place on @p out: a forcing, a mean to
     * remove, linear terms that belong to N. NULL: nothing.
     */
    void (*finish)(const double *coefficient, const struct weir_spectrum *s,
                   const double *u, double *out);
    const char *global_term; /* see weir_solver_info */
    /** Initial family; NULL: by dimension and the option `initial`. */
    const struct weir_family *family;
};

/** Options of every system; the arguments are defaults, written as text. */
/* clang-format off */
#define WEIR_PERIODIC_OPTIONS(points, length, dt, substeps, dealias) \
    {"points", WEIR_OPTION_INT, points, 8, 65536, NULL, NULL, \
     "grid points per axis, even"}, \
    {"length", WEIR_OPTION_REAL, length, 1e-6, 1e6, NULL, NULL, \
     "length of the box per axis"}, \
    {"dt", WEIR_OPTION_REAL, dt, 1e-9, 1e6, NULL, NULL, \
     "time between frames"}, \
    {"substeps", WEIR_OPTION_INT, substeps, 1, 1000000, NULL, NULL, \
     "steps of the scheme between frames"}, \
    {"warmup", WEIR_OPTION_INT, "0", 0, 1000000, NULL, NULL, \
     "frames discarded before t = 0"}, \
    {"sample", WEIR_OPTION_TEXT, "", 0, 0, NULL, NULL, \
     "coefficients, or length, sampled like parameters: 'a,b'"}, \
    {"order", WEIR_OPTION_INT, "4", 1, 4, NULL, NULL, "order of ETDRK"}, \
    {"dealias", WEIR_OPTION_REAL, dealias, 0.1, 1, NULL, NULL, \
     "f: the non-linear term sees |n| <= f N/2 - 1"}, \
    {"real_weights", WEIR_OPTION_BOOL, "false", 0, 0, NULL, NULL, \
     "drop imaginary parts of the weights, as APEBench data did"}, \
    {"fftw", WEIR_OPTION_CHOICE, "estimate", 0, 0, "estimate|measure", NULL, \
     "how FFTW plans; measure changes last bits between starts"}
/* clang-format on */

/**
 * Build the config of @p system from options that include the ones above, the
 * coefficients' and those of the initial condition. Sampled coefficients follow
 * the parameters of the initial condition, from half to one and a half times
 * their value.
 * @return 0, -ENOMEM, or -EINVAL for a grid, coefficients, waves or a list of
 *         samples that cannot be
 */
int weir_periodic_configure(const struct weir_system *system,
                            const struct weir_options *opts, void **config);

/* Members of weir_solver_ops, whose contracts they keep. */
void weir_periodic_describe(const void *config, struct weir_solver_info *info);
void weir_periodic_release(void *config);
int weir_periodic_create(const void *config, void **lane);
int weir_periodic_start(void *lane, const double *parameters);
int weir_periodic_start_field(void *lane, const double *field);
int weir_periodic_step(void *lane);
void weir_periodic_frame(const void *lane, float *out);
void weir_periodic_frame_double(const void *lane, double *out);
void weir_periodic_destroy(void *lane);

/** The members above, for a solver's table. */
#define WEIR_PERIODIC_OPS                                                      \
    .describe = weir_periodic_describe, .release = weir_periodic_release,      \
    .create = weir_periodic_create, .start = weir_periodic_start,              \
    .start_field = weir_periodic_start_field, .step = weir_periodic_step,      \
    .frame = weir_periodic_frame, .frame_double = weir_periodic_frame_double,  \
    .destroy = weir_periodic_destroy

/**
 * Right-hand side L u + N(u) of the lane's state on the grid, channels x
 * points doubles: what tests of the operators compare.
 * @return 0 or -ENOMEM
 */
int weir_periodic_rhs(const void *lane, double *out);

#endif
