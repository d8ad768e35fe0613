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

/** What a configuration chooses by name, with options of its own. */
enum weir_kind { WEIR_KIND_SOLVER, WEIR_KIND_MODEL, WEIR_KIND_STRATEGY };

/**
 * What a @p kind called @p name said of its own options (-EINVAL) is a fault of
 * the configuration: say so, with its name in front.
 * @return -WEIR_ECONFIG, or @p rc when it is another failure or 0
 */
int weir_refusal(int rc, enum weir_kind kind, const char *name);
/**
 * The same of the one that @p cfg names, with the place of what it refuses:
 * "levels: 3, expected ..." is at model.levels, if that is given.
 */
int weir_config_refusal(int rc, enum weir_kind kind,
                        const struct weir_config *cfg);

#endif
