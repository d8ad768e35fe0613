/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_REGISTRIES_H
#define WEIR_PIPELINE_REGISTRIES_H

/**
 * @file
 * What there is to choose from, as the config reader and `weir list` ask.
 */
#include "io/config.h"
#include "weir/solver.h"

/** Solvers, models and strategies of this program. */
extern const struct weir_config_registry weir_registries;

/** Solver @p i of all, the external one last; NULL after it. */
const struct weir_solver_ops *weir_solver_entry(size_t i);
/** The solver called @p name. @return 0 or -ENOENT, as weir_solver_find */
int weir_solver_choose(const char *name, const struct weir_solver_ops **out);

/**
 * What a @p kind ("solver") called @p name said of its own options (-EINVAL) is
 * a fault of the configuration: say so, with its name in front.
 * @return -WEIR_ECONFIG, or @p rc when it is another failure or 0
 */
int weir_refusal(int rc, const char *kind, const char *name);
/** The same of the solver that @p cfg names, with the place of what it refuses. */
int weir_solver_refusal(int rc, const struct weir_config *cfg);

#endif
