/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_SOLVER_STAGE_H
#define WEIR_PIPELINE_SOLVER_STAGE_H

/**
 * @file
 * The solver stage: threads that run lanes. A lane runs one simulation after
 * another, writes each window of states into a slot lent to it, and says so in
 * its ready ring. A thread gives each of its lanes one step in turn, and sleeps
 * when none can go on.
 *
 * In live mode a lane claims the lowest open cell itself; in lockstep the
 * trainer's leader claims for it and leaves the simulation in the port's
 * mailbox, so that which lane runs what does not depend on timing.
 *
 * Where allocation is adaptive the number of threads that work changes
 * (run->solver_crew). Of n threads thread l % n runs lane l: the one that has
 * it hands it over between two pieces of work, with all it holds (shm/port.h,
 * S6/S7). A thread that has no lane sleeps at its bell.
 */
#include "pipeline/run/run.h"

struct weir_solver_stage;

/** Make the stage; nothing runs yet. */
int weir_solver_stage_create(struct weir_run *run,
                             struct weir_solver_stage **out);
/** Start its threads. @return 0 or -EAGAIN (no more threads) */
int weir_solver_stage_start(struct weir_solver_stage *stage);
/** Wait for its threads: they end when the table is closed or the run stops. */
void weir_solver_stage_join(struct weir_solver_stage *stage);
void weir_solver_stage_destroy(struct weir_solver_stage *stage);

/** Time inside the solver and time without a slot, in ns, of all threads. */
void weir_solver_stage_times(const struct weir_solver_stage *stage,
                             int64_t *busy_ns, int64_t *blocked_ns);

#endif
