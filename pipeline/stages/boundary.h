/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_BOUNDARY_H
#define WEIR_PIPELINE_BOUNDARY_H

/**
 * @file
 * What happens between two gradient steps, by the leader of the moment, while
 * every group stands at the barrier:
 *
 *   settle the batch · (lockstep: acquisition) · lend slots · stop? validate?
 *   checkpoint? · take in what the rate allows · draw the next batch
 *
 * The order is the run's definition of "at step k": a checkpoint taken here and
 * a run that goes on from it see the same state.
 */
#include "pipeline/stages/trainer.h"
#include "weir/blob.h"

/** How a run ended. */
enum weir_ending {
    WEIR_ENDING_NONE,
    WEIR_ENDING_STEPS,       /* the planned gradient steps are done */
    WEIR_ENDING_DRAINED,     /* simulations used up and reservoir drained */
    WEIR_ENDING_INTERRUPTED, /* told to stop; a checkpoint was written */
    WEIR_ENDING_FAILED,
    WEIR_ENDING_REACHED, /* validation.stop_when is */
};

struct weir_boundary;

int weir_boundary_create(struct weir_trainer *t, struct weir_boundary **out);
void weir_boundary_destroy(struct weir_boundary *b);

/** The leader's work: sets the trainer's phase for the groups. */
void weir_boundary_pass(struct weir_boundary *b);

/**
 * The trainer's own state at a boundary. The table and, when @p with_reservoir,
 * the reservoir are restored before; otherwise every lane starts anew.
 */
int weir_boundary_save(const struct weir_boundary *b, struct weir_blob *out);
int weir_boundary_restore(struct weir_boundary *b, struct weir_blob *in,
                          bool with_reservoir);

/** Its intake, and in it the reservoir. */
struct weir_intake *weir_boundary_intake(struct weir_boundary *b);
enum weir_ending weir_boundary_ending(const struct weir_boundary *b);

#endif
