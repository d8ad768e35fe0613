/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_ACQUISITION_STAGE_H
#define WEIR_PIPELINE_ACQUISITION_STAGE_H

/**
 * @file
 * The acquisition stage: folds what the trainer groups publish, asks the
 * strategy, and rewrites the open cells of the simulation table. It is the
 * table's proposer (shm/table.h). Live, it has a thread that the groups wake;
 * in lockstep the trainer's leader calls weir_acquisition_consume between steps.
 *
 * A strategy that predicts (`score`) gets weights first, and then proposes after
 * its last piece: live one piece after the other while batches are folded in
 * between, in lockstep all of them at once.
 *
 * Owners
 *   word             stored by                     loaded by
 *   published_ns[]   group 0, before it publishes  stage
 *   redraws_wanted   trainer's leader              stage
 *   cut              leader posts, stage clears    both
 *   finished         leader                        stage
 *   generation, ...  stage                         anyone
 *
 * Edges
 *   published_ns is covered by the loss ring's L7/L8.
 *   Q1 release store of cut  ->  Q2 acquire load: the leader's part of the cut
 *      is visible to the stage. Q3 release store of cut = NULL -> Q4 acquire
 *      load by the leader: the stage has passed it on.
 *   Q5 release in the leader's add to redraws_wanted  ->  Q6 acquire load: the
 *      failed cell's state is visible.
 *
 * Relaxed accesses
 *   Q7 finished, generation, bred, effective and the times: statistics and a trigger that
 *      may be a moment late.
 */
#include "base/hist.h"
#include "pipeline/run/run.h"
#include "weir/strategy.h"

struct weir_cut;
struct weir_strategy_totals;
struct weir_acquisition;
struct weir_normaliser;
struct weir_weights;

/** A generation, as the recorder wants it. */
struct weir_generation {
    uint32_t number;
    uint64_t batch;     /* the batch that triggered it */
    int64_t cause_ns;   /* when that batch was published */
    int64_t done_ns;    /* when its last cell was claimable */
    uint32_t proposals; /* cells rewritten */
    uint32_t bred;      /* of them steered */
    uint32_t missed;    /* claimed while being proposed */
    double effective;   /* sample size of importance weights; 0: none */
    int64_t cpu_ns;     /* as weir_acquisition_cpu_ns */
};

struct weir_acquisition_hooks {
    void *ctx;
    /** A generation is out. Called by the stage's thread (leader in lockstep). */
    void (*generation)(void *ctx, const struct weir_generation *g);
    /** The stage's part of a cut is in: pass it on. */
    void (*cut)(void *ctx, struct weir_cut *cut);
};

int weir_acquisition_create(struct weir_run *run,
                            const struct weir_acquisition_hooks *hooks,
                            struct weir_acquisition **out);
void weir_acquisition_destroy(struct weir_acquisition *a);

/** Fill the table with the initial design: the whole budget, all OPEN. */
int weir_acquisition_design(struct weir_acquisition *a);
/**
 * Restore strategy and position from @p in; the table is restored already.
 * @param same_strategy  false: only the position; the strategy starts anew and
 *                       redraws what has never been claimed
 *
 * Simulations without a place in the space (weir_ledger_relocate) are kept from
 * the strategy: neither met nor observed.
 */
int weir_acquisition_restore(struct weir_acquisition *a, struct weir_blob *in,
                             bool same_strategy);
/** Save them; only by the stage itself or while it does not run. */
int weir_acquisition_save(const struct weir_acquisition *a,
                          struct weir_blob *out);

/** Live: start the thread, and end it when everything published is folded. */
int weir_acquisition_start(struct weir_acquisition *a);
void weir_acquisition_join(struct weir_acquisition *a);

/**
 * Fold everything published, propose when due, replace failed simulations, and
 * serve a posted cut. @return 0, or the strategy's error
 */
int weir_acquisition_consume(struct weir_acquisition *a);

/**
 * Whose weights and scales strategies predict with (forecast.h); before any
 * stage starts. Both outlive what it leads to.
 */
void weir_acquisition_attach(struct weir_acquisition *a,
                             const struct weir_weights *weights,
                             const struct weir_normaliser *norm);
/** Leader of a live run, between two steps: let go of the weights in force, if a
 * snapshot of them is wanted (snapshot.h). */
void weir_acquisition_offer_weights(struct weir_acquisition *a, uint64_t step,
                                    struct weir_weights *weights);
/** Leader: take back what has been offered and not taken. */
void weir_acquisition_withdraw_weights(struct weir_acquisition *a);

/** Group 0, just before it publishes the last of batch @p batch. */
void weir_acquisition_note_publish(struct weir_acquisition *a, uint64_t batch);
/** Leader: a simulation failed for good and needs a successor (Q5). */
void weir_acquisition_want_redraw(struct weir_acquisition *a);
/** Before the stages start: @p n successors have been wanted so far. */
void weir_acquisition_restore_redraws(struct weir_acquisition *a, uint32_t n);
/** Successors wanted and not yet in the table. */
uint32_t weir_acquisition_redraws_pending(const struct weir_acquisition *a);
/** Leader: @p n simulations have finished (Q7). */
void weir_acquisition_note_finished(struct weir_acquisition *a, uint32_t n);
/** Leader: serve @p cut once every batch below cut->step is folded (Q1). */
void weir_acquisition_post_cut(struct weir_acquisition *a,
                               struct weir_cut *cut);
/** Whether a posted cut has not been served yet (Q4). */
bool weir_acquisition_has_cut(const struct weir_acquisition *a);

/** CPU time of the strategy and its bookkeeping, ns, in all sessions (Q7). */
int64_t weir_acquisition_cpu_ns(const struct weir_acquisition *a);
/** Of the last generation's importance weights (weir/strategy.h, Q7). */
double weir_acquisition_effective(const struct weir_acquisition *a);
/** Records lost in all sessions because the stage fell a whole ring behind. */
uint64_t weir_acquisition_lost(const struct weir_acquisition *a);
/** Before the stages start: what earlier sessions came to. */
void weir_acquisition_restore_totals(struct weir_acquisition *a,
                                     const struct weir_strategy_totals *before);
uint32_t weir_acquisition_generation(const struct weir_acquisition *a);

#endif
