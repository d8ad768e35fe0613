/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_MOVES_H
#define WEIR_PIPELINE_MOVES_H

/**
 * @file
 * Adaptive allocation: between two gradient steps a core goes from training to
 * solving, or back, when measured waits say so (allocation.h has the rule).
 *
 * All threads exist from the start, as many groups and as many solver threads
 * as there may ever be, each bound to its seat (topo/seats.h). A change is two
 * numbers: how many groups meet at the barrier, and how many threads share the
 * lanes. Groups beyond the first number sleep (shm/crew.h). Lanes change
 * threads with all they hold (shm/port.h, S6/S7), so no simulation is broken
 * off. Micro-batches and the order in which their gradients are added are the
 * configuration's, so a change shows in no bit of a step. What a session starts
 * with and every change are rows of run.h5 and, the changes, lines of the log.
 *
 * Threads: all of it is the leader's.
 */
#include "pipeline/run/run.h"
#include "pipeline/stages/allocation.h"

struct weir_trainer;

/** What decides: weir_allocation_next, or another rule in its place. */
typedef int weir_moves_rule(struct weir_allocation *a,
                            const struct weir_allocation_window *w);

struct weir_moves {
    struct weir_run *run;
    struct weir_allocation rule;
    weir_moves_rule *next;
    int64_t window_ns;          /* a window lasts so long at least, */
    uint32_t window_steps;      /* and so many steps */
    uint32_t steps;             /* in this window */
    int64_t began, train, idle; /* where it began; began 0: nowhere yet */
    uint32_t made;              /* changes so far */
    bool told;                  /* with which split the session started */
};

struct weir_moves weir_moves_start(struct weir_run *run);
/** A gradient step of @p t is settled: move a core if it is time to. */
void weir_moves_after_step(struct weir_moves *m, struct weir_trainer *t);
/** Something else than training happened: the window at hand tells nothing. */
void weir_moves_break(struct weir_moves *m);

#endif
