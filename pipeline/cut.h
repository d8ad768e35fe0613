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
#include "shm/table.h"
#include "weir/blob.h"

#include <stdbool.h>
#include <stdint.h>

struct weir_acquisition;

/** Tables of run.h5 whose row counts a checkpoint names (recorder.h). */
#define WEIR_CUT_TABLES 8

/** One simulation in the ledger. Times are ns since the run started; -1: never. */
struct weir_ledger_row {
    uint32_t state; /* enum weir_cell_state */
    uint32_t attempt, delivered, lane;
    uint32_t generation, bred;
    uint64_t cause_batch;
    int64_t proposed_ns, cause_ns, started_ns, finished_ns, first_trained_ns;
    int64_t first_trained_batch;
};

struct weir_ledger {
    uint32_t n, dims;
    struct weir_ledger_row *row; /* [n] */
    double *unit, *value;        /* (n, dims) */
};

/** An empty ledger with room for @p capacity rows. @return 0 or -ENOMEM */
int weir_ledger_create(uint32_t capacity, uint32_t dims,
                       struct weir_ledger *out);
void weir_ledger_destroy(struct weir_ledger *l);
/** States and counts of every cell (the keeper's part). */
void weir_ledger_take_states(struct weir_ledger *l, const struct weir_table *t,
                             int64_t start_ns);
/** Parameters and origins of every cell (the proposer's part). */
void weir_ledger_take_parameters(struct weir_ledger *l,
                                 const struct weir_table *t, int64_t start_ns);
/** Fill an empty table. @return 0 or -ENOSPC */
int weir_ledger_restore(const struct weir_ledger *l, struct weir_table *t,
                        int64_t start_ns);

struct weir_cut {
    uint64_t step; /* gradient steps done */
    int64_t start_ns;
    const float *w, *m, *v, *best; /* packed; valid until released */
    struct weir_blob trainer, reservoir, acquisition;
    struct weir_ledger ledger;
    uint32_t *slot; /* resident slots in the reservoir's order */
    uint32_t n_slots;
    bool keeps_reservoir;
    uint64_t best_step;
    uint64_t rows[WEIR_CUT_TABLES];
};

/** @return 0 or -ENOMEM */
int weir_cut_create(const struct weir_table *t, int64_t start_ns,
                    struct weir_cut **out);
void weir_cut_destroy(struct weir_cut *cut);
/** The acquisition stage's part. @return 0 or -ENOMEM */
int weir_cut_take_acquisition(struct weir_cut *cut, const struct weir_table *t,
                              const struct weir_acquisition *a);

#endif
