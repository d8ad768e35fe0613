/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_PAIRS_H
#define WEIR_ACQUIRE_PAIRS_H

/**
 * @file
 * What OGAS's sampler learns from: pairs (parameters, score), one for each
 * sample trained on, the newest `buffer_size` of them.
 *
 * A sample's score is its loss standardised by a moving mean and variance of
 * the losses (exponential, weight `ema_loss_alpha` for a new batch), so that
 * scores of different times compare although losses fall; cut at
 * +-max_loss_value. As the network's condition a score is scaled to [-1, 1] by
 * the least and largest score of the last `min_max_queue_length` batches.
 * The release names these quantities; how it composes them is not known.
 *
 * Losses that are not finite are left out.
 */
#include "base/rng.h"
#include "weir/blob.h"
#include "weir/strategy.h"

enum weir_target_rule {
    WEIR_TARGET_PROPORTIONAL,     /* p(score) ~ (score - least)^alpha */
    WEIR_TARGET_UNIFORM_QUANTILE, /* even between a quantile and the largest */
};

struct weir_pairs_settings {
    size_t dims;
    uint32_t buffer_size;
    uint32_t min_max_queue_length; /* batches, 1 .. WEIR_PAIRS_QUEUE */
    double ema_loss_alpha;         /* in (0, 1] */
    double max_loss_value;
    bool normalize_losses;          /* off: scores are the losses */
    bool clip_loss_norm_to_3_sigma; /* cut at 3 instead */
    bool delta; /* losses are standardised by their batch first, cut at 0 */
};

#define WEIR_PAIRS_QUEUE 1024

struct weir_pairs;

/** @return 0 or -ENOMEM */
int weir_pairs_create(const struct weir_pairs_settings *set,
                      struct weir_pairs **out);
void weir_pairs_destroy(struct weir_pairs *p);
size_t weir_pairs_bytes(const struct weir_pairs *p);

/** Parameters of a simulation, in the unit cube. */
typedef const double *weir_pairs_lookup_fn(const void *ctx,
                                           uint32_t simulation);

/** Add a batch; @p lookup knows every simulation in it. */
void weir_pairs_add(struct weir_pairs *p, const struct weir_batch_loss *batch,
                    weir_pairs_lookup_fn *lookup, const void *ctx);

/** Pairs held. */
uint32_t weir_pairs_n(const struct weir_pairs *p);
/** Score of pair @p i, 0 .. n-1. */
float weir_pairs_score(const struct weir_pairs *p, uint32_t i);
/** Its parameters, dims floats in [-1, 1]: 2 u - 1. */
const float *weir_pairs_at(const struct weir_pairs *p, uint32_t i);
/** A score as a condition in [-1, 1]; 0 where all scores are alike. */
float weir_pairs_condition(const struct weir_pairs *p, float score);

/**
 * Get ready to draw target scores.
 * @return whether the scores differ; if not, nothing can be asked for
 */
bool weir_pairs_aim(struct weir_pairs *p, enum weir_target_rule rule,
                    double alpha, double quantile);
/** A target score, from a uniform number in [0, 1). */
float weir_pairs_target(const struct weir_pairs *p, double uniform);

/** @return 0, -ENOMEM; 0, -EINVAL other sizes, -WEIR_ECORRUPT */
int weir_pairs_save(const struct weir_pairs *p, struct weir_blob *out);
int weir_pairs_restore(struct weir_pairs *p, struct weir_blob *in);

#endif
