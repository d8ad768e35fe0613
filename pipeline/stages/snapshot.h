/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_SNAPSHOT_H
#define WEIR_PIPELINE_SNAPSHOT_H

/**
 * @file
 * How a live run's acquisition comes by weights that nobody changes. It says
 * from which gradient step on it wants them; at the first boundary from there
 * where no half is held the leader keeps the half in force (weights.h) and
 * offers it; acquisition copies it and releases it. So the trainer hands over a
 * pointer and never waits. An offer that has not been taken when a checkpoint
 * wants the half is withdrawn, one that is being taken is waited for: the time
 * of a copy. In lockstep the leader itself serves acquisition, between two
 * steps, and copies the weights in force.
 *
 *   NONE ──want──▶ WANTED ──offer──▶ OFFERED ──take──▶ TAKEN ──copied──▶ NONE
 *                    ▲────withdraw──────┘
 *
 * Owners
 *   word            stored by                           loaded by
 *   state           acquisition: WANTED, TAKEN, NONE;   both
 *                   leader: OFFERED, WANTED
 *   wanted          acquisition, while NONE             leader, while WANTED
 *   step, weights   leader, while WANTED                acquisition, while TAKEN
 *
 * Edges
 *   W1 release store of WANTED  ->  W2 acquire load by the leader: `wanted` is
 *      visible, and nothing of an earlier half is read any more.
 *   W3 release store of OFFERED  ->  W4 acquire load, and compare-and-swap to
 *      TAKEN, by acquisition: `step`, the half, and the scales frozen before it.
 *   W5 the leader's compare-and-swap from OFFERED to WANTED excludes W4: either
 *      withdraws the offer or takes it.
 *   W6 release store of NONE, after K1  ->  W2 by the leader: the half is free.
 */
#include "pipeline/stages/weights.h"

#include <stdint.h>

enum weir_snapshot_state {
    WEIR_SNAPSHOT_NONE,
    WEIR_SNAPSHOT_WANTED,
    WEIR_SNAPSHOT_OFFERED,
    WEIR_SNAPSHOT_TAKEN,
};

struct weir_snapshot {
    _Atomic uint32_t state;
    uint64_t wanted; /* gradient steps done, at least */
    uint64_t step;   /* done when the offer was made */
    struct weir_weights *weights;
    const float *shown; /* its half on offer, as others should see it */
};

/** Acquisition: want weights after @p wanted gradient steps, while none are. */
void weir_snapshot_want(struct weir_snapshot *s, uint64_t wanted);
/** Acquisition: whether an offer waits. */
bool weir_snapshot_is_offered(const struct weir_snapshot *s);
/**
 * Acquisition: copy what is on offer into @p to and release it.
 * @return whether there was an offer
 */
bool weir_snapshot_take(struct weir_snapshot *s, float *to, uint64_t *step);

/**
 * Leader, at the boundary after @p step gradient steps: offer @p w if it is
 * wanted and free. @return whether it was offered
 */
bool weir_snapshot_offer(struct weir_snapshot *s, uint64_t step,
                         struct weir_weights *w);
/** Leader: from here on no half is held for a snapshot. */
void weir_snapshot_withdraw(struct weir_snapshot *s);

#endif
