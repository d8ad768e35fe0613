/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PDE_REGISTRY_H
#define WEIR_PDE_REGISTRY_H

/**
 * @file
 * The solvers there are. A new one is a file of its own, a declaration here
 * and a line in registry.c.
 */
#include "weir/solver.h"

extern const struct weir_solver_ops weir_solver_kdv;
extern const struct weir_solver_ops weir_solver_ks;
extern const struct weir_solver_ops weir_solver_ks_cons;
extern const struct weir_solver_ops weir_solver_burgers;
extern const struct weir_solver_ops weir_solver_advection;
extern const struct weir_solver_ops weir_solver_diffusion;
extern const struct weir_solver_ops weir_solver_dispersion;
extern const struct weir_solver_ops weir_solver_combined;
extern const struct weir_solver_ops weir_solver_ks2d;
extern const struct weir_solver_ops weir_solver_ns2d;
extern const struct weir_solver_ops weir_solver_gs2d;
extern const struct weir_solver_ops weir_solver_sources;
extern const struct weir_solver_ops weir_solver_heat2d;
extern const struct weir_solver_ops weir_solver_allen_cahn;
extern const struct weir_solver_ops weir_solver_allen_cahn_points;
extern const struct weir_solver_ops weir_solver_lorenz;
extern const struct weir_solver_ops weir_solver_ball;

/**
 * The solver called @p name.
 * @return 0, or -ENOENT (message names the nearest one)
 */
int weir_solver_find(const char *name, const struct weir_solver_ops **out);

/** All solvers in the order of a listing; @p n gets their number. */
const struct weir_solver_ops *const *weir_solver_list(size_t *n);

#endif
