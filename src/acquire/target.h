/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_TARGET_H
#define WEIR_ACQUIRE_TARGET_H

/**
 * @file
 * The target density: what "uniform" means to every strategy. It is uniform in
 * the unit cube; the space maps the cube to whatever the configuration wants
 * (weir/space.h).
 */
#include "weir/strategy.h"

/**
 * Draw @p simulation from the target density: coordinate i is uniform number i
 * of the stream (seed, WEIR_RNG_PARAMETERS, simulation).
 *
 * Every strategy takes its unsteered draws from here, so that two strategies
 * give a simulation the same bits wherever neither steers it.
 *
 * @param[out] u  env->space.n coordinates in [0, 1)
 */
void weir_target_draw(const struct weir_strategy_env *env, uint32_t simulation,
                      double *u);

#endif
