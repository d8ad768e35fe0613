/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_WEIGHTS_H
#define WEIR_PIPELINE_WEIGHTS_H

/**
 * @file
 * Weights and optimiser moments, double-buffered on request. A step normally
 * updates in place. When the state after step k must be kept (a checkpoint),
 * the leader keeps the current half: the next update writes its result into the
 * other one, and the old half stays as it is until it is released. So keeping a
 * state copies nothing on the hot path.
 *
 * An ensemble's members lie one behind the other in the same arrays. With an
 * average of weights (EMA), that is what is evaluated and kept as the best.
 *
 * Owners
 *   word          stored by                     loaded by
 *   arrays [now]  groups, each its slice,       groups; holder while held
 *                 between two barriers
 *   now, keep     leader                        groups (barrier B2/B3)
 *   held          leader sets, holder clears    leader
 *
 * Edges
 *   K1 release store of held = 0 by the holder  ->  K2 acquire load by the
 *      leader: the holder has finished reading; that half may be written.
 *   That the holder sees the half whole follows from the channel through which
 *   the leader hands it over (checkpointer.h, Y1/Y2).
 */
#include "nn/optimiser.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct weir_weights {
    size_t n; /* floats in each array, packed form */
    float *w[2], *m[2], *v[2];
    float *average[2]; /* NULL: none is kept */
    double decay;      /* of the average */
    int now;           /* the half in force */
    bool keep;         /* the next update goes into the other half */
    _Atomic int held;
};

/**
 * Zeroed arrays of @p n floats.
 * @param decay of an average of the weights; 0: none
 * @return 0 or -ENOMEM
 */
int weir_weights_create(struct weir_weights *w, size_t n, double decay);
void weir_weights_destroy(struct weir_weights *w);

/** Whether a kept half has not been released yet (K2). */
bool weir_weights_is_held(const struct weir_weights *w);
/** Leader: keep the current half; not while one is held. @return its number */
int weir_weights_keep(struct weir_weights *w);
/** Holder: the kept half may change (K1). */
void weir_weights_release(struct weir_weights *w);

/** The weights in force as others should see them: their average, if any. */
const float *weir_weights_shown(const struct weir_weights *w);

/**
 * A group's share of an update: elements [from, to).
 * @param first the average begins with its result
 */
void weir_weights_update(struct weir_weights *w, const struct weir_adam *adam,
                         bool first, const float *grad, size_t from, size_t to);
/** The same of running statistics (nn/model.h): @p fresh is the batch's own. */
void weir_weights_follow(struct weir_weights *w, bool first, const float *fresh,
                         size_t from, size_t to);
/** Leader, after the barrier behind the update: the result is in force. */
void weir_weights_turn(struct weir_weights *w);

#endif
