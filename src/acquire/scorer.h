/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_SCORER_H
#define WEIR_ACQUIRE_SCORER_H

/**
 * @file
 * A scorer rolls candidates out from their first frames and scores them, or
 * describes them by features. It belongs to a model and takes whatever weights
 * the caller has at each call: those of a loaded checkpoint between rounds, a
 * snapshot of a live run's, or both of two times.
 *
 * Candidates are (n, channels, points) in physical units; n is at most the
 * batch the scorer was made for. Each predictor rolls out by itself. With
 * dropout, a pass is one draw of masks for each candidate, kept for its whole
 * rollout: a net of its own, as a member is.
 *
 * Threads: one at a time, and it allocates nothing after creation. The same
 * weights, candidates and draw give the same bits on one processor.
 *
 * Features are AL4PDE's `ll_mean`: what the last layer with weights reads, its
 * mean over the points, of each step of the rollout; one row after the other,
 * of the first member, then sketched (sketch.h).
 */
#include "acquire/score.h"
#include "nn/ensemble.h"

#include <stdint.h>

struct weir_scorer;

struct weir_scorer_config {
    const struct weir_score *score; /* NULL: features only */
    struct weir_score_numbers numbers;
    int steps;     /* of a rollout, 1 or more; 1 for steady problems */
    int batch;     /* candidates of a call, at most */
    int threads;   /* OpenMP threads; 0 counts as 1 */
    bool residual; /* as weir_surrogate_config */
    int members;   /* of the ensembles to come */
    int passes;    /* with dropout: 3 in the paper's code */
    int sketch;    /* numbers of a row of features; 0: no features */
    uint64_t seed; /* of masks and sketch */
};

/** Weights of a call; everything is only read. */
struct weir_scorer_weights {
    const struct weir_ensemble *now;
    const struct weir_ensemble *before; /* with WEIR_NEED_TIMES; else NULL */
};

/**
 * Most predictors of a candidate that a score may have.
 */
#define WEIR_SCORER_PREDICTORS 64

/**
 * @param model  outlives the scorer
 * @return 0
 * @return -WEIR_ECONFIG the score needs several members, dropout, or a model that
 *         predicts densities, and there is none; the message says which and a
 *         hint what to do
 * @return -EINVAL, -ENOMEM, -WEIR_EENV as weir_surrogate_create
 */
int weir_scorer_create(const struct weir_model *model,
                       const struct weir_scorer_config *config,
                       struct weir_scorer **out);
/** NULL is fine. */
void weir_scorer_destroy(struct weir_scorer *s);

/** Bytes held: net, states of all predictors, features, sketch. */
size_t weir_scorer_bytes(const struct weir_scorer *s);

/**
 * Score @p n candidates.
 * @param draw   numbers the calls of a seed: dropout's masks follow from it
 * @param first  their first frames
 * @param truth  (n, steps, channels, points) with WEIR_NEED_TRUTH; else NULL
 * @return 0, -EINVAL n exceeds the batch, -WEIR_EENV the engine failed
 */
int weir_scorer_score(struct weir_scorer *s,
                      const struct weir_scorer_weights *weights, uint64_t draw,
                      const float *first, int n, const float *truth,
                      double *score);

/**
 * Rows of features of @p n candidates, `sketch` numbers each.
 * @return as weir_scorer_score
 */
int weir_scorer_features(struct weir_scorer *s,
                         const struct weir_scorer_weights *weights,
                         const float *first, int n, float *row);

#endif
