/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_RATIO_H
#define WEIR_ACQUIRE_RATIO_H

/**
 * @file
 * A density ratio by classification: a network D tells uniform points from those
 * of a history of density p_B. Trained on as many of one as of the other, D(x) =
 * P(uniform | x) becomes U / (U + p_B), so that
 *   w(x) = D / (1 - D) = U(x) / p_B(x)
 * weighs a sample of the history as one of the uniform density (OGAS's
 * learn_sampling_ratio). Weights are cut to [0.1, 10].
 */
#include "base/rng.h"
#include "weir/blob.h"

struct weir_ratio;

#define WEIR_RATIO_LEAST 0.1
#define WEIR_RATIO_MOST  10.0

struct weir_ratio_config {
    int dims, hidden, batch; /* batch: most points of each kind in a step */
    double lr, weight_decay;
};

/** Points are rows of dims floats in [-1, 1]. @return 0, -EINVAL, -ENOMEM */
int weir_ratio_create(const struct weir_ratio_config *config, uint64_t seed,
                      struct weir_ratio **out);
void weir_ratio_destroy(struct weir_ratio *r);
size_t weir_ratio_bytes(const struct weir_ratio *r);

/**
 * One training step: @p n points of the history against as many uniform ones
 * drawn from @p rng, by their cross entropy. @return 0, -WEIR_EENV of the engine
 */
int weir_ratio_train(struct weir_ratio *r, const float *x, int n,
                     struct weir_rng *rng);

/**
 * @p weight of @p n points, at most 2 * batch. Untrained: all 1.
 * @return 0, -WEIR_EENV of the engine
 */
int weir_ratio_weights(struct weir_ratio *r, const float *x, int n,
                       float *weight);

/**
 * Scale @p n weights to mean 1.
 * @return their effective sample size, (sum w)^2 / sum w^2
 */
double weir_self_normalise(float *weight, int n);

/** @return as weir_dense_save and weir_dense_restore */
int weir_ratio_save(const struct weir_ratio *r, struct weir_blob *out);
int weir_ratio_restore(struct weir_ratio *r, struct weir_blob *in);

#endif
