/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_CUT_LEADER_H
#define WEIR_PIPELINE_CUT_LEADER_H

/**
 * @file
 * The leader's part of a cut (cut.h): weights, reservoir and ledger.
 *
 * Whether the reservoir goes into the checkpoint is checkpoint.reservoir:
 * always in lockstep; left to `auto`, live, up to 1 GiB. A run without its
 * reservoir can only learn again from simulations that run again: those with
 * samples nobody has trained on are reopened in the ledger, and then the latest
 * ones, until there is enough to start from.
 */
#include "pipeline/stages/cut.h"
#include "pipeline/stages/intake.h"
#include "pipeline/stages/trainer.h"

/**
 * Take the part. The weights in force are kept (weights.h) until the
 * checkpointer releases them; none may be held already.
 * @return 0 or -ENOMEM
 */
int weir_cut_take_leader(struct weir_cut *cut, struct weir_trainer *t,
                         struct weir_intake *in);

#endif
