/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_LIMITS_H
#define WEIR_PIPELINE_LIMITS_H

/**
 * @file
 * What limited a run: the stage that the others waited for, and within it what
 * took its time.
 *
 * The pipeline is a circle of two: solvers wait for slots that only training
 * makes free, the trainer waits for samples that only solvers bring. The one
 * that waits less is the limit; where neither waits, or both do alike, the two
 * are in balance. In lockstep both wait for the strategy. Lanes without a
 * simulation to run wait for nobody.
 */
#include "pipeline/session/session.h"

enum weir_limit {
    WEIR_LIMIT_TRAINER,
    WEIR_LIMIT_SOLVERS,
    WEIR_LIMIT_CHECKPOINTS,
    WEIR_LIMIT_NEITHER,
    WEIR_LIMIT_STRATEGY,
};

struct weir_limits {
    enum weir_limit limit;
    double wait; /* share of the trainer's time without samples to train on */
    double held; /* share of lanes' time without a slot to write to */
    double checkpoint; /* share of the trainer's time held by checkpoints */
    double strategy;   /* share of it held by the strategy, in lockstep */
    /* shares of a group's working time */
    double forward, backward, reduce, others;
};

/** The limit of a run whose stages waited these shares of their time. */
enum weir_limit weir_limit_of(double wait, double held, double checkpoint,
                              double strategy);
/** From what @p s has measured so far. */
void weir_limits_of(const struct weir_session *s, struct weir_limits *out);
/** In words, after "limited by ". */
void weir_limits_text(const struct weir_limits *l, char *text, size_t n);

#endif
