/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_RESTORE_H
#define WEIR_PIPELINE_RESTORE_H

/**
 * @file
 * A checkpoint becomes a run again; the names are those of checkpoint_state.h.
 */
#include "io/safetensors.h"
#include "pipeline/stages/trainer.h"

/** Which parts of a checkpoint still mean the same under a changed config. */
struct weir_restore_scope {
    bool strategy;   /* else it starts anew: what has never run is redrawn */
    bool reservoir;  /* else simulations run again until it can be filled */
    bool validation; /* else the best weights so far are no longer the best */
};

/**
 * Make @p run, @p t and @p a, newly created, what they were at @p file. The
 * table must be empty; no stage has started.
 *
 * @param[out] rows      row counts of run.h5
 * @return 0
 * @return -WEIR_ECORRUPT, -EINVAL  a part is missing or does not fit
 * @return -WEIR_EENV  the layout is of another format; or lockstep, and the
 *                     processor's instruction set is another
 */
int weir_restore(const struct weir_safetensors *file, struct weir_run *run,
                 struct weir_trainer *t, struct weir_acquisition *a,
                 const struct weir_restore_scope *scope, uint64_t *rows);

#endif
