/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_POOL_SCORE_H
#define WEIR_PIPELINE_POOL_SCORE_H

/**
 * @file
 * How much a pool's candidates are wanted, by what a round has learned: a score
 * of acquire/score.h, over pool.rollout of a trajectory from their first frame.
 * The oracle's loss is that of training, and it solves the whole pool.
 *
 * A candidate whose simulation diverges scores 0: it would give no samples. A
 * rollout that is not finite gives a score that is not.
 */
#include "io/config.h"

#include <stdint.h>

/**
 * @param dir    of a finished run
 * @param place  candidates, @p n of them
 * @return 0, or as weir_loaded_open, or the solver's error
 */
int weir_pool_score(const struct weir_config *cfg, const char *dir,
                    const uint32_t *place, size_t n, double *score);

#endif
