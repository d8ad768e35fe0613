/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_STOP_H
#define WEIR_PIPELINE_STOP_H

/**
 * @file
 * How a run is told to end, and what failed first.
 *
 * Owners
 *   word    stored by           loaded by
 *   reason  anyone, only upward every stage between two pieces of work
 *   error   the first to fail   the program, after all stages have ended
 *
 * Edges
 *   X1 release in the compare-and-swap of reason  ->  X2 acquire load of it: a
 *      stage that stops sees what the one that asked has written.
 *   The error record is guarded by `lock`.
 */
#include "base/err.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/** Larger ones override smaller ones. */
enum weir_stop_reason {
    WEIR_STOP_NONE,
    WEIR_STOP_DONE,       /* the trainer has finished: solvers need not go on */
    WEIR_STOP_CHECKPOINT, /* write a checkpoint and end; to be resumed */
    WEIR_STOP_FAILED,     /* a stage failed: end, keep what is on disk */
};

struct weir_stop {
    _Atomic int reason; /* enum weir_stop_reason */
    pthread_mutex_t lock;
    struct weir_err_record error;
};

void weir_stop_init(struct weir_stop *stop);
void weir_stop_destroy(struct weir_stop *stop);

/** Ask every stage to end. A weaker reason does not replace a stronger one. */
void weir_stop_request(struct weir_stop *stop, enum weir_stop_reason reason);
/** Ask because of this thread's error record; the first record is kept. */
void weir_stop_fail(struct weir_stop *stop);
/** The same, but with a checkpoint first: what the trainer has is sound. */
void weir_stop_give_up(struct weir_stop *stop);
/** Whether somebody failed or gave up; ask when all stages have ended. */
bool weir_stop_has_error(struct weir_stop *stop);
enum weir_stop_reason weir_stop_reason(const struct weir_stop *stop);

#endif
