/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_LEDGER_H
#define WEIR_PIPELINE_LEDGER_H

/**
 * @file
 * A copy of the simulation table at one moment, for a checkpoint. It is taken
 * in two parts, by the two owners of what a cell holds: the keeper (states and
 * counts) and the proposer (parameters and origins).
 */
#include "shm/table.h"
#include "weir/space.h"

#include <stdint.h>

/** One simulation in the ledger. Times are ns since the run started; -1: never. */
struct weir_ledger_row {
    uint32_t state; /* enum weir_cell_state */
    uint32_t attempt, delivered, lane;
    uint32_t generation, bred, crashes, pad;
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
/** Run simulation @p id again from its start. */
void weir_ledger_reopen(struct weir_ledger *l, uint32_t id);
/**
 * Reopen done simulations, the newest first, until those not done yet will
 * bring @p wanted samples, at @p samples each.
 */
void weir_ledger_reopen_newest(struct weir_ledger *l, uint32_t samples,
                               uint64_t wanted);
/**
 * Give every simulation its place in @p space, which may not be the one it was
 * drawn from: unit coordinates follow from values. One whose values lie outside
 * the box has no place: its coordinates are NaN.
 * @param scratch  dims doubles
 */
void weir_ledger_relocate(struct weir_ledger *l, const struct weir_space *space,
                          double *scratch);
/** Fill an empty table. @return 0 or -ENOSPC */
int weir_ledger_restore(const struct weir_ledger *l, struct weir_table *t,
                        int64_t start_ns);

#endif
