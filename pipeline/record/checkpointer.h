/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_CHECKPOINTER_H
#define WEIR_PIPELINE_CHECKPOINTER_H

/**
 * @file
 * The checkpointer: one thread that turns a cut into a file. It exports weights
 * and moments to plain layout and copies the resident frames, then says so (the
 * trainer goes on changing them), waits until run.h5 holds the rows the cut
 * names, and writes (io/checkpoint_writer.h).
 *
 * One cut is in work at a time; the leader asks is_busy before it makes one.
 *
 * Owners
 *   word    stored by                      loaded by
 *   posted  whoever passes a cut on,       thread, leader
 *           thread clears
 *   copied  thread (leader resets)         leader
 *
 * Edges
 *   Y1 release store of posted  ->  Y2 acquire load: the whole cut is visible,
 *      and, by what ordered the poster after the leader (Q1/Q2 or the same
 *      thread), the kept half and the resident slots.
 *   Y3 release store of copied / of posted = NULL  ->  Y4 acquire load by the
 *      leader: nothing of the trainer's is read any more.
 */
#include "base/hist.h"
#include "pipeline/stages/cut.h"
#include "pipeline/stages/trainer.h"

struct weir_checkpointer;

int weir_checkpointer_create(struct weir_run *run, struct weir_trainer *t,
                             struct weir_recorder *recorder,
                             struct weir_checkpointer **out);
void weir_checkpointer_destroy(struct weir_checkpointer *c);
int weir_checkpointer_start(struct weir_checkpointer *c);
/** End the thread after what is posted has been written. */
void weir_checkpointer_join(struct weir_checkpointer *c);

/** Leader: reserve the checkpointer for a cut that is being made. */
void weir_checkpointer_begin(struct weir_checkpointer *c);
/** Hand a complete cut over (Y1); it is destroyed when it has been written. */
void weir_checkpointer_post(struct weir_checkpointer *c, struct weir_cut *cut);
/** Whether a cut is being made or written (Y4). */
bool weir_checkpointer_is_busy(const struct weir_checkpointer *c);
/** Whether the trainer's memory is free to change again (Y4). */
bool weir_checkpointer_has_copied(const struct weir_checkpointer *c);
/** Sleep until the cut in work is copied, or (whole) on disk. */
void weir_checkpointer_wait(struct weir_checkpointer *c, bool whole);
/** 0, or the code of the last write, whose message was logged. */
int weir_checkpointer_last_error(const struct weir_checkpointer *c);

#endif
