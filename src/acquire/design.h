/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_DESIGN_H
#define WEIR_ACQUIRE_DESIGN_H

/**
 * @file
 * The part of the strategy table that all fixed designs share. A design knows
 * the parameters of every simulation beforehand: it learns nothing, is never
 * due, and keeps no state. Asked to propose all the same, it repeats them.
 */
#include "weir/strategy.h"

/** How a fixed design begins its own object; @c initial is its point rule. */
struct weir_design {
    const struct weir_strategy_env *env;
    void (*initial)(void *self, uint32_t simulation, double *u);
    uint32_t generation; /* propose calls so far */
};

int weir_design_meet(void *self, uint32_t simulation, const double *u);
int weir_design_observe(void *self, const struct weir_batch_loss *batch);
bool weir_design_due(const void *self, const struct weir_progress *now);
int weir_design_propose(void *self, const struct weir_progress *now,
                        struct weir_proposal *proposals, size_t n);
/** Saves and restores the count of propose calls. */
int weir_design_save(const void *self, struct weir_blob *out);
int weir_design_restore(void *self, struct weir_blob *in);

/** The entries of weir_strategy_ops that follow from the above. */
#define WEIR_DESIGN_OPS                                                        \
    .meet = weir_design_meet, .observe = weir_design_observe,                  \
    .due = weir_design_due, .propose = weir_design_propose,                    \
    .save = weir_design_save, .restore = weir_design_restore

#endif
