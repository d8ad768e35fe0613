/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_SCORE_H
#define WEIR_ACQUIRE_SCORE_H

/**
 * @file
 * Scores: how much a candidate is wanted, as a number that follows from several
 * predictions of it. Who predicts is what a score needs:
 *
 *   disagreement  members   mean of (p - mean p)^2: AL4PDE's query by committee
 *   entropy       passes    the same over passes with dropout active, times
 *                           1 + weight tanh(mean p): arXiv 2407.07674, equation
 *                           2, has weight 0, its released code 2000
 *   tod           times     2-norm of the difference of outputs with weights of
 *                           two times (temporal output discrepancy, same paper)
 *   tod_rounds    times     half its square, as that paper's code has it
 *   evidential    variance  mean of the epistemic variances that members tell of
 *                           themselves (nn/evidence.h); one is enough
 *   loss          truth     loss of the members' mean against the truth: an
 *                           oracle, for pools only
 *
 * Means run over a rollout's frames and the values of a frame that are made,
 * not given (nn/model.h); the norm is of the whole rollout. A prediction that
 * is not finite gives a score that is not (weir_scores_cap).
 *
 * scorer.h computes them from whatever weights the caller has. To add one: its
 * function and line in score.c, and its name here.
 */
#include "nn/loss.h"

#include <stddef.h>

/** Their words in a config, in the order of the enum. */
#define WEIR_SCORE_CHOICES "disagreement|entropy|tod|tod_rounds|loss|evidential"

enum weir_score_kind {
    WEIR_SCORE_DISAGREEMENT,
    WEIR_SCORE_ENTROPY,
    WEIR_SCORE_TOD,
    WEIR_SCORE_TOD_ROUNDS,
    WEIR_SCORE_LOSS,
    WEIR_SCORE_EVIDENTIAL,
};

/** Who predicts, and so what a caller must have. */
enum weir_score_need {
    WEIR_NEED_MEMBERS,  /* each member of an ensemble */
    WEIR_NEED_PASSES,   /* the first member, with dropout active, k times */
    WEIR_NEED_TIMES,    /* the first member: weights now, weights before */
    WEIR_NEED_TRUTH,    /* the mean of the members, and what is true */
    WEIR_NEED_VARIANCE, /* each member's own variance, of an evidential loss */
};

/** Numbers that scores have. */
struct weir_score_numbers {
    double weight;            /* of tanh, in the entropy */
    enum weir_loss_type loss; /* of the oracle, in the data's units */
};

struct weir_score {
    const char *name;
    enum weir_score_need needs;
    /**
     * The share of one frame of a rollout: @p m predictions of @p n values, or
     * with WEIR_NEED_VARIANCE their variances.
     * @param truth  with WEIR_NEED_TRUTH, else NULL
     */
    double (*frame)(const struct weir_score_numbers *numbers,
                    const float *const *p, size_t m, const float *truth,
                    size_t n);
    /** The score, from the sum of the shares of @p frames frames. */
    double (*whole)(double sum, int frames);
};

const struct weir_score *weir_score(enum weir_score_kind kind);
/** The one called @p name. @return NULL: none is */
const struct weir_score *weir_score_find(const char *name);

#endif
