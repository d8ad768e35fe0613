/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_EVAL_SCORE_H
#define WEIR_PIPELINE_EVAL_SCORE_H

/**
 * @file
 * `weir eval --score NAME`: what a strategy's score is worth. Each trajectory
 * of a set is scored as a candidate is, from its first frame and a rollout of
 * the surrogate, and the scores are held against the true errors: Spearman's
 * correlation of ranks (base/ranks.h), because choosing looks at the order only.
 * A score is in the squares of the data's units, as strategies have it, while an
 * error is relative to the state: small states are among what it ranks wrongly.
 */
#include "acquire/scorer.h"
#include "pipeline/session/loaded.h"

struct weir_scoring {
    struct weir_scorer *scorer; /* NULL: nothing was asked for */
    const char *name;
    int steps;      /* of a rollout: to where the set compares it */
    uint32_t n;     /* trajectories that were scored */
    double step;    /* correlation with the error of one step */
    double rollout; /* with that at the end of the rollout */
};

/**
 * @param name  of acquire/score.h; NULL: nothing
 * @param set   nothing needs to be simulated yet
 * @return 0, -ENOMEM, -WEIR_EENV
 * @return -WEIR_ECONFIG no such score, or this surrogate cannot have it: one
 *         member, no dropout, no densities, no states; those that need weights
 *         of two times, or the truth, are never to be had
 */
int weir_scoring_open(const struct weir_loaded *l, const char *name,
                      const struct weir_evalset *set, struct weir_scoring *out);
void weir_scoring_close(struct weir_scoring *s);

/** Score the trajectories of a measured set. @return 0, -ENOMEM, -WEIR_EENV */
int weir_scoring_judge(struct weir_scoring *s, const struct weir_loaded *l,
                       const struct weir_evalset *set);
void weir_scoring_print(const struct weir_scoring *s);

#endif
