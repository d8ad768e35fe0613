/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_POOL_SCORE_H
#define WEIR_PIPELINE_POOL_SCORE_H

/**
 * @file
 * What a round has learned, asked about candidates: how much they are wanted
 * (acquire/score.h), and how far they are from each other. They are rolled out
 * from their first frame over pool.rollout of a trajectory. Which weights:
 *
 *   disagreement, entropy, loss, features   the best of the round
 *   tod          the round's last, and those pool.tod_steps steps earlier
 *   tod_rounds   the best of the round, and the best of the round before; in
 *                round 0 new ones, as the paper's code has it
 *
 * The oracle's loss is that of training; it solves the whole pool.
 *
 * Chunks of candidates are dealt out to placement.acquisition_threads; what comes
 * out does not tell over how many.
 *
 * A candidate whose simulation diverges scores 0: it would give no samples. A
 * rollout that is not finite gives a score that is not.
 */
#include "io/config.h"

/** A round that is over. */
struct weir_pool_judge {
    const struct weir_config *cfg;
    const char *dir;    /* of its run */
    const char *before; /* of the run before; NULL: there was none */
    int round;
};

/**
 * @param u  coordinates of @p n candidates
 * Says now and then how far it is, and ends when a signal asks for that.
 * @return 0, or as weir_loaded_open, or the solver's error, -WEIR_EINTERRUPTED
 */
int weir_pool_scores(const struct weir_pool_judge *judge, const double *u,
                     size_t n, double *score);

/** Rows of pool.sketch numbers (acquire/scorer.h). @return as above */
int weir_pool_features(const struct weir_pool_judge *judge, const double *u,
                       size_t n, float *row);

#endif
