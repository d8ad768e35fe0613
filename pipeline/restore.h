/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_RESTORE_H
#define WEIR_PIPELINE_RESTORE_H

/**
 * @file
 * A checkpoint becomes a run again; the names are those of checkpoint_state.h.
 */
#include "io/safetensors.h"
#include "pipeline/trainer.h"

/**
 * Make @p run, @p t and @p a, newly created, what they were at @p file. The
 * table must be empty; no stage has started.
 *
 * @param same_strategy  false: the strategy is another one and starts anew
 *                       from what the ledger holds
 * @param[out] rows      row counts of run.h5
 * @return 0
 * @return -WEIR_ECORRUPT, -EINVAL  a part is missing or does not fit
 * @return -WEIR_EENV  lockstep, and the processor's instruction set is another
 */
int weir_restore(const struct weir_safetensors *file, struct weir_run *run,
                 struct weir_trainer *t, struct weir_acquisition *a,
                 bool same_strategy, uint64_t *rows);

#endif
