/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SHM_TABLE_H
#define WEIR_SHM_TABLE_H

/**
 * @file
 * The solver queue: a table of simulation cells, which is also the ledger of
 * the run. A cell's index is the simulation's id for ever.
 *
 *   EMPTY -> OPEN -> CLAIMED -> DONE
 *             ^        |   \--> FAILED   (a new id takes its place)
 *             \--------/                 (reopen: same id, next attempt)
 *
 * Claimers take the lowest OPEN cell; the proposer rewrites OPEN cells in
 * place, so that a proposal reaches the very next simulation. A cell holds its
 * parameters twice: the proposer writes the bank that is not in force and then
 * swings the state word to it, so neither side ever waits for the other. The
 * end is the closed flag, never emptiness.
 *
 * The state word: bits 0-2 state, bit 3 bank in force, bits 4-15 attempt,
 * bits 16-63 version (moves with every change, so that a compare-and-swap
 * cannot take an old word for a new one).
 *
 * Owners
 *   word                stored by                         loaded by
 *   count               proposer                          everyone
 *   closed              keeper, when no cell is left and  everyone
 *                       no append is pending
 *   hint                claimers, whoever reopens         claimers
 *   cell.word           proposer (OPEN), claimers         everyone
 *                       (CLAIMED), keeper (DONE, FAILED,
 *                       OPEN again)
 *   bank not in force   proposer, while the cell is OPEN  nobody
 *   bank in force       nobody                            claimer after its
 *                                                         claim; anyone, once
 *                                                         the cell was claimed
 *   delivered, crashes, keeper (the reservoir's leader)   everyone
 *   lane, started_ns    claimer                           everyone
 *   started             claimers (add)                    everyone
 *
 * Edges
 *   T1 release in the proposer's compare-and-swap of cell.word (and in append's
 *      store of count)  ->  T2 acquire in claim's load and compare-and-swap:
 *      the parameters of the bank in force are visible.
 *   T3 release in the claimer's compare-and-swap  ->  T4 acquire load of
 *      cell.word by keeper and readers: the parameters it claimed are visible
 *      to them too. Who claimed, and when, is not: see T8.
 *   T5 release in the keeper's store of cell.word  ->  T2/T4: DONE and FAILED
 *      come with the final counts; a reopened cell with its parameters and what
 *      it had delivered.
 *   T6 hint carries an epoch that every reopen moves: a claimer that scanned
 *      before a reopen cannot move the hint past the reopened cell (its
 *      compare-and-swap fails). acquire/release on both sides. Everything below
 *      the hint was seen not OPEN, and can be OPEN again only by a reopen.
 *   T7 closed is stored with release after the last append and reopen and
 *      loaded with acquire: whoever sees it sees every cell.
 *
 * Relaxed accesses
 *   T8 times and counts in a cell: statistics. What the keeper stores is
 *      published by its next T5. lane and started_ns are stored just after the
 *      claim: the keeper sees them through the ready ring that brings the
 *      claimer's first message (P1/C1); for others they are stale by design, as
 *      is the table's count of claimed cells.
 *
 * Progress and failure: claim and propose are lock-free. A claimer that dies
 * leaves its cell CLAIMED until the keeper reopens it. A proposer that dies
 * leaves the old parameters in force.
 *
 * Exclusion (X: the caller must serialise)
 *              append propose close claim finish fail reopen read
 *   append       X       X      X     -     -     -     -     -
 *   propose      X       X      X     -     -     -     -     -
 *   close        X       X      X     -     -     -     X     -
 *   claim        -       -      -     -     -     -     -     -
 *   finish..     -       -      -     -     X     X     X     -   (per cell)
 * finish, fail and reopen: only on a cell that the caller knows is CLAIMED, by
 * an edge from its claimer.
 */
#include "base/heap.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum weir_cell_state {
    WEIR_CELL_EMPTY,
    WEIR_CELL_OPEN,
    WEIR_CELL_CLAIMED,
    WEIR_CELL_DONE,
    WEIR_CELL_FAILED,
};

/** Where a set of parameters came from. */
struct weir_origin {
    int64_t proposed_ns;  /* when it became claimable */
    int64_t cause_ns;     /* when the batch that led to it was published */
    uint64_t cause_batch; /* that batch; valid when generation > 0 */
    uint32_t generation;  /* 0: the initial design */
    uint32_t bred;        /* 1: steered, 0: from the target density */
};

struct weir_cell {
    _Alignas(WEIR_ALIGN) _Atomic uint64_t word;
    _Atomic uint32_t delivered; /* samples the reservoir accepted (T8) */
    _Atomic uint32_t lane;      /* who claimed it last (T8) */
    _Atomic int64_t started_ns, finished_ns, first_trained_ns; /* T8; 0: no */
    _Atomic int64_t first_trained_batch; /* T8; -1: not yet */
    _Atomic uint32_t crashes; /* reopened so often (T8); a resume is none */
    /* one line per bank: origin, then dims parameters in unit coordinates are
     * followed by dims parameters as the solver sees them */
};

struct weir_table {
    /* line 0: moved by every claim */
    _Alignas(WEIR_ALIGN) _Atomic uint64_t hint; /* epoch << 32 | lowest id that
                                                   may be OPEN */
    _Atomic uint32_t started;                   /* cells ever claimed (T8) */
    /* line 1: the proposer's, seldom moved, and what is fixed */
    _Alignas(WEIR_ALIGN) _Atomic uint32_t count;
    _Atomic uint32_t closed;
    uint32_t capacity, dims;
    size_t cell_bytes, bank_bytes;
    _Alignas(WEIR_ALIGN) unsigned char cells[];
};

_Static_assert(sizeof(struct weir_cell) == 64, "state is one line");
_Static_assert(offsetof(struct weir_table, cells) == 128, "layout version 1");

/** Bytes of a table of @p capacity cells of @p dims parameters. */
size_t weir_table_bytes(uint32_t capacity, uint32_t dims);
/** Lay out an empty table in zeroed memory. */
void weir_table_init(struct weir_table *t, uint32_t capacity, uint32_t dims);

/**
 * Append an OPEN cell.
 * @param unit  dims coordinates in the unit cube
 * @param value dims parameters as the solver takes them
 * @return its id, or -ENOSPC when the table is full
 */
int weir_table_append(struct weir_table *t, const double *unit,
                      const double *value, const struct weir_origin *origin);
/**
 * Replace the parameters of @p id if it is still OPEN and has never been
 * claimed: a simulation that runs again runs with the parameters it had.
 * @return 0, or -EAGAIN when it is too late
 */
int weir_table_propose(struct weir_table *t, uint32_t id, const double *unit,
                       const double *value, const struct weir_origin *origin);
/** No cell will be appended or reopened again. */
void weir_table_close(struct weir_table *t);

/** What a claimer got. */
struct weir_claim {
    uint32_t id;
    uint32_t attempt;    /* from 1 */
    uint32_t skip;       /* samples already delivered by an earlier attempt */
    const double *value; /* dims parameters, valid until finish or fail */
};

/**
 * Take the lowest OPEN cell for @p lane. Attempts count up to 4095; a keeper
 * gives a simulation up long before.
 * @return 0        claimed
 * @return -EAGAIN  none is OPEN now
 * @return -EPIPE   none is OPEN and the table is closed
 */
int weir_table_claim(struct weir_table *t, uint32_t lane,
                     struct weir_claim *out);

/**
 * Take cell @p id itself, if it is OPEN; for a leader that claims on behalf of
 * lanes. @return 0, or -EAGAIN when it is not OPEN
 */
int weir_table_claim_cell(struct weir_table *t, uint32_t id, uint32_t lane,
                          struct weir_claim *out);
/** Whether some cell is OPEN, at the time of looking. */
bool weir_table_has_open(const struct weir_table *t);

/** Keeper: the simulation delivered all its samples. */
void weir_table_finish(struct weir_table *t, uint32_t id);
/** Keeper: give the simulation up. */
void weir_table_fail(struct weir_table *t, uint32_t id);
/** Keeper: let the simulation run again (same id, next attempt). */
void weir_table_reopen(struct weir_table *t, uint32_t id);

/**
 * One cell as readers see it. Parameters and origin are set from the first
 * claim on: they are what every attempt runs with, also while the cell is OPEN
 * again. Before, they may change at any time, and are NULL and zero.
 */
struct weir_cell_view {
    enum weir_cell_state state;
    uint32_t attempt, delivered, lane, crashes;
    int64_t started_ns, finished_ns, first_trained_ns, first_trained_batch;
    struct weir_origin origin;
    const double *unit, *value;
};

/** Cells so far; ids are 0 .. count-1. */
uint32_t weir_table_count(const struct weir_table *t);
/** Cells never claimed: what a proposal can still change; a moment old (T8). */
uint32_t weir_table_open(const struct weir_table *t);
bool weir_table_is_closed(const struct weir_table *t);
/** Read cell @p id < weir_table_count(). */
void weir_table_read(const struct weir_table *t, uint32_t id,
                     struct weir_cell_view *out);
/** State of cell @p id alone. */
enum weir_cell_state weir_table_state(const struct weir_table *t, uint32_t id);
/** Whether cell @p id was never claimed: what a proposal can still change. */
bool weir_table_is_new(const struct weir_table *t, uint32_t id);
/** The cell itself, for its statistics words (T8). */
struct weir_cell *weir_table_cell(const struct weir_table *t, uint32_t id);
/**
 * Parameters in force of @p id whatever its state; only for the proposer, or
 * while nobody proposes.
 */
void weir_table_parameters(const struct weir_table *t, uint32_t id,
                           const double **unit, const double **value,
                           struct weir_origin *origin);
/**
 * Restore a cell from a checkpoint; only before any stage starts. @p state
 * CLAIMED is restored as OPEN: that simulation runs again.
 */
int weir_table_restore(struct weir_table *t, enum weir_cell_state state,
                       uint32_t attempt, uint32_t delivered, const double *unit,
                       const double *value, const struct weir_origin *origin);

#endif
