/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PDE_POINTS_H
#define WEIR_PDE_POINTS_H

/**
 * @file
 * What solvers of collocation points share: a simulation of theirs is one
 * point, its parameters are the coordinates, its frame is the point again. A
 * file declares its options, its coordinates and its equation (weir/residual.h);
 * the functions here are the rest of its weir_solver_ops, and the pieces that
 * encodings, constraints and references are made of.
 */
#include "weir/solver.h"

/** The first member of a solver's config. */
struct weir_points {
    const char *equation;                   /* as a paper would write it */
    struct weir_residual residual;          /* its config is the config */
    const struct weir_parameter *parameter; /* the coordinates */
    const char *const *field;               /* their names */
    const struct weir_constant *constant;
    size_t constants;
};

/* Members of weir_solver_ops; a config is one block of memory for `release`. */
void weir_points_describe(const void *config, struct weir_solver_info *info);
int weir_points_create(const void *config, void **lane);
int weir_points_start(void *lane, const double *parameters);
int weir_points_step(void *lane);
void weir_points_frame(const void *lane, float *out);

#define WEIR_POINTS_OPS                                                        \
    .describe = weir_points_describe, .create = weir_points_create,            \
    .start = weir_points_start, .step = weir_points_step,                      \
    .frame = weir_points_frame, .destroy = free

/**
 * The jet of f(x[c]), a function of one coordinate, from its value, first and
 * second derivative; @p c -1: of a constant.
 */
void weir_points_jet(const struct weir_jet *jet, int c, const double f[3],
                     double *out);
/**
 * Jets of cos and sin of 1 .. @p harmonics times w x[c], all the cosines first,
 * as R3's release orders them: 2 * harmonics features.
 */
void weir_points_waves(const struct weir_jet *jet, int c, double w, double x,
                       int harmonics, double *out);

/** A reference in one space dimension: what weir_residual's `solve` needs. */
struct weir_points_reference {
    const struct weir_solver_ops *solver;
    const struct weir_options *options;
    int space, time; /* coordinates */
    uint32_t frames; /* up to the final time */
    uint32_t stride; /* of its grid points */
};

int weir_points_solve(const struct weir_points_reference *r, uint32_t n,
                      double *at, float *start, float *u);

#endif
