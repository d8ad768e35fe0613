/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_UNCERTAINTY_H
#define WEIR_ACQUIRE_UNCERTAINTY_H

/**
 * @file
 * How unsure a surrogate is of one candidate, from several predictions of it:
 * by members of an ensemble, by passes with dropout, or by weights of different
 * times. A prediction is @p n floats (a frame, or a whole rollout); several are
 * an array of @p m pointers. Sums run in double. A prediction that is not
 * finite gives a score that is not finite (see weir_scores_cap).
 */
#include <stddef.h>

/**
 * Mean over predictions and values of (p - mean p)^2: the query by committee of
 * AL4PDE and the disagreement of OGAS (the biased variance: for two members a
 * quarter of their squared difference).
 */
double weir_disagreement(const float *const *p, size_t m, size_t n);

/**
 * Ensemble CRPS against the truth, as the OGAS release has it: the mean over
 * values of (1/m) sum |p_i - y| - (1/m^2) sum over i < j of |p_i - p_j|.
 */
double weir_ensemble_crps(const float *const *p, size_t m, const float *truth,
                          size_t n);

/**
 * "Entropy" by MC dropout (arXiv 2407.07674, equation 2): the mean over passes
 * and values of (p - mean p)^2, times 1 + @p weight tanh(mean p). The paper's
 * equation has weight 0, its released code 2000; k = 3 passes.
 */
double weir_dropout_entropy(const float *const *p, size_t m, size_t n,
                            double weight);

/**
 * Squared 2-norm of the difference of outputs with weights of two times. Its
 * root is that paper's temporal output discrepancy, T optimiser steps apart
 * (T = 1); half of it what its code ran, between the best checkpoints of two
 * successive rounds.
 */
double weir_squared_discrepancy(const float *now, const float *before,
                                size_t n);

#endif
