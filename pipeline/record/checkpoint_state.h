/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_CHECKPOINT_STATE_H
#define WEIR_PIPELINE_CHECKPOINT_STATE_H

/**
 * @file
 * What a checkpoint file holds, by name (restore.h makes a run of it again):
 *
 *   model.<tensor>      weights, plain: PyTorch's names and order
 *   adam.m.<tensor>, adam.v.<tensor>
 *   average.<tensor>    average of the weights, where one is kept
 *   best.<tensor>       weights of the best validation so far
 *   normaliser.mean, .deviation, .residual   (channels)
 *   ledger.rows         struct weir_ledger_row, bytes; ledger.unit, .value
 *   reservoir.frames    (samples, window, floats), of a direct surrogate
 *                       (samples, 1, inputs and floats); reservoir.headers
 *   state.trainer, state.acquisition, state.reservoir   bytes
 *   elapsed             ns of run time; rows: row counts of run.h5
 *   cpu                 ns of the run's CPU time, and of the strategy's
 *   lost, effective     losses the strategy has not seen; sample size of its
 *                       last importance weights
 *
 * Members of an ensemble follow one another: model.0.<tensor>, model.1.<tensor>
 * and so on, likewise the others.
 *
 * best.safetensors holds `model` (the best weights) and `normaliser` alone: the
 * file to load a surrogate from.
 */
#include "io/checkpoint_writer.h"
#include "pipeline/stages/cut.h"
#include "pipeline/stages/trainer.h"

struct weir_checkpoint_state;

int weir_checkpoint_state_create(struct weir_run *run, struct weir_trainer *t,
                                 struct weir_checkpoint_state **out);
void weir_checkpoint_state_destroy(struct weir_checkpoint_state *s);

/**
 * Copy all that the trainer may change out of its memory. What else @p cut
 * holds is referred to until the file is written.
 */
int weir_checkpoint_state_take(struct weir_checkpoint_state *s,
                               const struct weir_cut *cut);
/** Describe the checkpoint, or best.safetensors, for the writer. */
void weir_checkpoint_state_file(struct weir_checkpoint_state *s, bool best,
                                struct weir_checkpoint *out);
/** Whether the best weights are newer than the last best.safetensors. */
bool weir_checkpoint_state_best_is_new(const struct weir_checkpoint_state *s);
/** best.safetensors is on disk as described last. */
void weir_checkpoint_state_note_best(struct weir_checkpoint_state *s);

#endif
