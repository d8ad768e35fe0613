/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_TARGET_H
#define WEIR_ACQUIRE_TARGET_H

/**
 * @file
 * The target density: what "uniform" means to every strategy. It is uniform in
 * the unit cube; the space maps the cube to whatever the configuration wants
 * (weir/space.h). weir_target_draw() draws from it.
 */
#include "weir/strategy.h"

/** Stream numbers from here on are those of candidates, not of simulations. */
#define WEIR_CANDIDATES 0x80000000u

#endif
