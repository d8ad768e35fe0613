/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_REFERENCE_H
#define WEIR_PIPELINE_REFERENCE_H

/**
 * @file
 * An evaluation set that is the reference solution of an equation, for what
 * learned from the equation alone (weir/residual.h): the solution at times that
 * are spread evenly, each a "trajectory" of two states, the initial one and the
 * one then. Called by evaluation.h, whose rules hold.
 */
#include "pipeline/stages/evaluation.h"

/** @return 0, or -WEIR_ECONFIG there is no reference at @p n times */
int weir_reference_check(const struct weir_run *run, uint32_t n);
/**
 * Solve the equation: there is nothing left to fill.
 * @return 0, -ENOMEM, or as weir_reference_check
 */
int weir_reference_create(const struct weir_run *run, uint32_t n,
                          struct weir_evalset *out);
/** The error of the members' mean at time @p i. */
int weir_reference_measure(struct weir_evalset *set, uint32_t i,
                           struct weir_surrogate *surrogate,
                           const struct weir_ensemble *ensemble);

/**
 * Of a measured set, the error over all times together, relative to the
 * solution: ||u - reference|| / ||reference||, the figure papers quote.
 */
double weir_reference_error(const struct weir_evalset *set);

#endif
