/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_SELECT_H
#define WEIR_ACQUIRE_SELECT_H

/**
 * @file
 * Which k of a pool of n candidates are labelled next: rules on scores, on
 * features, and on both. Pure functions; each fills k distinct places of the
 * pool, in the order of choice.
 *
 * Scores are 0 or more, larger is more wanted. A score that is not finite comes
 * from a prediction that ran away: weir_scores_cap makes it the largest finite
 * one, since an infinite score would take all probability and a NaN none.
 *
 * Features are rows of float; nearness is the Euclidean distance. Equal
 * distances and equal scores go to the lower place.
 *
 * All return 0, -EINVAL when k exceeds the pool (or a number is out of range),
 * -ENOMEM.
 */
#include "base/rng.h"

#include <stddef.h>
#include <stdint.h>

/** Rows of features, one after the other. */
struct weir_features {
    const float *row;
    size_t n, dims;
};

static inline const float *weir_feature(const struct weir_features *f, size_t i)
{
    return f->row + i * f->dims;
}

/**
 * Replace scores that are not finite by the largest finite one, all by 1 where
 * none is finite, and negative ones by 0.
 * @return how many were not finite
 */
size_t weir_scores_cap(double *score, size_t n);

/** @p k drawn without replacement, all alike. */
int weir_select_random(size_t n, struct weir_rng *rng, size_t k, uint32_t *out);

/**
 * The round(@p share * k) largest scores, and the rest drawn from the rest of
 * the pool without replacement. Top-K is share 1; the OGAS release's, 0.7.
 * @param share  in [0, 1]
 */
int weir_select_top(const double *score, size_t n, double share,
                    struct weir_rng *rng, size_t k, uint32_t *out);

/**
 * Power sampling: k drawn without replacement, p ~ S^beta ("stochastic batch
 * active learning", SBAL, with S an ensemble's disagreement). By the k largest
 * of beta log S + G, G Gumbel, which has the law of drawing one after the other
 * (Kool, van Hoof, Welling, "Stochastic beams and where to find them", 2019).
 * Scores of 0 come after all others, in random order.
 * @param beta  0 or more; 0: all alike but for scores of 0
 */
int weir_select_power(const double *score, size_t n, double beta,
                      struct weir_rng *rng, size_t k, uint32_t *out);

/**
 * k-centre greedy (Core-Set: Sener, Savarese 2018; on parameters: diversity):
 * again and again the candidate farthest from all that is labelled or chosen.
 * Where nothing is yet, the candidate of the largest norm.
 * @param labelled  of the same dims; n may be 0
 */
int weir_select_centres(const struct weir_features *pool,
                        const struct weir_features *labelled, size_t k,
                        uint32_t *out);

/**
 * Largest cluster maximum distance (Holzmueller, Zaverkin, Kaestner, Steinwart,
 * "A framework and benchmark for deep batch active learning for regression",
 * JMLR 2023): labelled and chosen points are centres, candidates belong to the
 * nearest one; of the cluster with the largest sum of squared distances the
 * farthest candidate is chosen. Where nothing is yet, that of the largest norm.
 */
int weir_select_lcmd(const struct weir_features *pool,
                     const struct weir_features *labelled, size_t k,
                     uint32_t *out);

/** A rule on features: either of the two above. */
typedef int weir_select_diverse_fn(const struct weir_features *pool,
                                   const struct weir_features *labelled,
                                   size_t k, uint32_t *out);

/**
 * Hybrid: @p diverse among the candidates of the largest scores.
 * @param fraction  of the pool that is looked at, in (0, 1]; at least k are
 */
int weir_select_hybrid(const double *score, double fraction,
                       weir_select_diverse_fn *diverse,
                       const struct weir_features *pool,
                       const struct weir_features *labelled, size_t k,
                       uint32_t *out);

/* ---- what the rules share ---- */

/** 0, or -EINVAL when @p k of @p n cannot be chosen. */
int weir_select_check(size_t k, size_t n);
/** Places 0 .. n-1 by falling key, equal keys by place; @p place has room n. */
int weir_select_order(const double *key, size_t n, uint32_t *place);
/** Squared distance of two rows. */
double weir_select_distance(const float *a, const float *b, size_t dims);
/** The row of the largest norm. */
size_t weir_select_longest(const struct weir_features *f);

#endif
