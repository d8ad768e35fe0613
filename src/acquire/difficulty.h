/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_DIFFICULTY_H
#define WEIR_ACQUIRE_DIFFICULTY_H

/**
 * @file
 * How hard a sample is: the one number of it that the trainer publishes and
 * strategies are driven by (acquisition.loss_type).
 *
 *     a loss of nn/loss.h   of the ensemble's mean prediction
 *     disagreement          of the members, the truth not looked at: OGAS-U
 *     ecrps                 the ensemble's CRPS against the truth
 *     evidential            the epistemic variance of an evidential net
 *                           (nn/evidence.h), mean of its members
 *
 * as the OGAS release has them (arXiv 2606.09949; its value_to_register calls
 * disagreement and ecrps, which need two members or more, uncertainty and
 * ecrps).
 */
#include "nn/loss.h"

#include <stdbool.h>

/** A loss keeps its number, enum weir_loss_type. */
enum weir_difficulty {
    WEIR_DIFFICULTY_LOSS, /* the first of them */
    WEIR_DIFFICULTY_DISAGREEMENT = WEIR_LOSS_TYPES,
    WEIR_DIFFICULTY_ECRPS,
};

/** Whether @p difficulty is of densities, not of predictions. */
static inline bool weir_difficulty_is_evidential(
    enum weir_difficulty difficulty)
{
    return (int)difficulty == WEIR_LOSS_EVIDENTIAL;
}

/** The words a config uses, in the order of the numbers. */
#define WEIR_DIFFICULTY_CHOICES WEIR_LOSS_CHOICES "|disagreement|ecrps"

/** Whether @p difficulty compares members with each other. */
bool weir_difficulty_needs_members(enum weir_difficulty difficulty);

/**
 * @param p          predictions of @p members, each @p n values; of evidential
 *                   their variances
 * @param truth      [n]
 * @param mean       [n] to work in; not touched for one member
 * @return the difficulty; what is not finite gives one that is not
 */
float weir_difficulty(enum weir_difficulty difficulty, const float *const *p,
                      size_t members, const float *truth, size_t n,
                      float *mean);

#endif
