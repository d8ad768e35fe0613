/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_SUPERVISOR_H
#define WEIR_PIPELINE_SUPERVISOR_H

/**
 * @file
 * The supervisor owns the signals: SIGINT, SIGTERM, SIGUSR1 and, but under
 * nohup, SIGHUP are blocked in every thread and taken by one of its own. The
 * first asks for a checkpoint and an end; a second SIGINT leaves at once. SIGXFSZ
 * is ignored, so that a file that may not grow is an error and not an end.
 *
 * Owners: `seen` supervisor's thread -> anyone; `over` program -> thread.
 * Relaxed accesses: V1, both: single words that publish nothing.
 */
#include "pipeline/run/run.h"

struct weir_supervisor;

/** Block the signals; call it before any thread is made. */
void weir_supervisor_block_signals(void);
/** A signal that no supervisor has taken yet: between two runs of one program,
 * say. It is left pending. @return its number; 0: none */
int weir_supervisor_pending(void);
/** Start the thread. @return 0 or -EAGAIN */
int weir_supervisor_start(struct weir_run *run, struct weir_supervisor **out);
/** The signal that asked for the end; 0: none. */
int weir_supervisor_signal(const struct weir_supervisor *s);
/** End the thread. */
void weir_supervisor_stop(struct weir_supervisor *s);

#endif
