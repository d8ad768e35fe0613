/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/score.h"

#include "acquire/uncertainty.h"

#include <math.h>
#include <string.h>

/* ---- shares of a frame ---- */

static double disagreement(const struct weir_score_numbers *numbers,
                           const float *const *p, size_t m, const float *truth,
                           size_t n)
{
    (void)numbers, (void)truth;
    return weir_disagreement(p, m, n);
}

static double entropy(const struct weir_score_numbers *numbers,
                      const float *const *p, size_t m, const float *truth,
                      size_t n)
{
    (void)truth;
    return weir_dropout_entropy(p, m, n, numbers->weight);
}

static double discrepancy(const struct weir_score_numbers *numbers,
                          const float *const *p, size_t m, const float *truth,
                          size_t n)
{
    (void)numbers, (void)truth, (void)m;
    return weir_squared_discrepancy(p[0], p[1], n);
}

static double loss(const struct weir_score_numbers *numbers,
                   const float *const *p, size_t m, const float *truth,
                   size_t n)
{
    (void)m;
    return (double)weir_loss(numbers->loss, p[0], truth, n);
}

/* ---- of a rollout ---- */

static double mean(double sum, int frames)
{
    return sum / frames;
}

static double root(double sum, int frames)
{
    (void)frames;
    return sqrt(sum);
}

static double half(double sum, int frames)
{
    (void)frames;
    return sum / 2;
}

static const struct weir_score scores[] = {
    {"disagreement", "variance of the members' predictions", WEIR_NEED_MEMBERS,
     disagreement, mean},
    {"entropy", "variance of predictions with dropout active", WEIR_NEED_PASSES,
     entropy, mean},
    {"tod", "distance of predictions some steps of training apart",
     WEIR_NEED_TIMES, discrepancy, root},
    {"tod_rounds", "half the squared distance of predictions a round apart",
     WEIR_NEED_TIMES, discrepancy, half},
    {"loss", "true loss of the prediction, an oracle", WEIR_NEED_TRUTH, loss,
     mean},
};

#define N_SCORES (sizeof(scores) / sizeof(*scores))

const struct weir_score *weir_score_list(size_t *n)
{
    *n = N_SCORES;
    return scores;
}

const struct weir_score *weir_score_find(const char *name)
{
    for (size_t i = 0; i < N_SCORES; i++)
        if (!strcmp(scores[i].name, name))
            return &scores[i];
    return NULL;
}
