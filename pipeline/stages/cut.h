/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_CUT_H
#define WEIR_PIPELINE_CUT_H

/**
 * @file
 * A consistent cut through a run between two gradient steps: everything a
 * resumed run needs, each part taken by the stage that owns it.
 *
 *   leader       weights and moments (a kept half, not copied), the reservoir's
 *                table, the ledger's states and counts, its own counters
 *   acquisition  the strategy's state, and the parameters of every cell, once
 *                it has folded all batches before the cut
 *   checkpointer the frames of the resident samples, which the reservoir
 *                neither lends nor frees until they are copied
 *
 * The parts agree: a cell's parameters cannot change once it is claimed, and a
 * cell that was open at the leader's time is restored open, with the parameters
 * it had when acquisition came by.
 *
 * Threads: a cut belongs to one stage at a time and changes hands by Q1/Q2 and
 * Y1/Y2 (acquisition_stage.h, checkpointer.h).
 */
#include "pipeline/stages/ledger.h"
#include "weir/blob.h"

#include <stdbool.h>
#include <stdint.h>

/** Tables of run.h5 whose row counts a checkpoint names (recorder.h). */
#define WEIR_CUT_TABLES 8

/** What a run tells of its strategy, over all sessions (acquisition_stage.h). */
struct weir_strategy_totals {
    int64_t cpu_ns;
    uint64_t lost;
    double effective;
};

struct weir_cut {
    uint64_t step; /* gradient steps done */
    int64_t start_ns;
    const float *w, *m, *v, *best; /* packed; valid until released */
    const float *average;          /* of weights; NULL: none */
    struct weir_blob trainer, reservoir, acquisition;
    struct weir_ledger ledger;
    uint32_t *slot; /* resident slots in the reservoir's order */
    uint32_t n_slots;
    bool keeps_reservoir;
    uint64_t best_step;
    uint64_t rows[WEIR_CUT_TABLES];
    struct weir_strategy_totals strategy;
};

/** @return 0 or -ENOMEM */
int weir_cut_create(const struct weir_table *t, int64_t start_ns,
                    struct weir_cut **out);
void weir_cut_destroy(struct weir_cut *cut);
#endif
