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

static double variance(const struct weir_score_numbers *numbers,
                       const float *const *p, size_t m, const float *truth,
                       size_t n)
{
    (void)numbers, (void)truth;
    double sum = 0;
    for (size_t k = 0; k < m; k++)
        for (size_t i = 0; i < n; i++)
            sum += (double)p[k][i];
    return sum / ((double)m * (double)n);
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
    [WEIR_SCORE_DISAGREEMENT] = {"disagreement", WEIR_NEED_MEMBERS,
                                 disagreement, mean},
    [WEIR_SCORE_ENTROPY] = {"entropy", WEIR_NEED_PASSES, entropy, mean},
    [WEIR_SCORE_TOD] = {"tod", WEIR_NEED_TIMES, discrepancy, root},
    [WEIR_SCORE_TOD_ROUNDS] = {"tod_rounds", WEIR_NEED_TIMES, discrepancy,
                               half},
    [WEIR_SCORE_LOSS] = {"loss", WEIR_NEED_TRUTH, loss, mean},
    [WEIR_SCORE_EVIDENTIAL] = {"evidential", WEIR_NEED_VARIANCE, variance,
                               mean},
};

const struct weir_score *weir_score(enum weir_score_kind kind)
{
    return &scores[kind];
}

const struct weir_score *weir_score_find(const char *name)
{
    for (size_t i = 0; i < sizeof(scores) / sizeof(*scores); i++)
        if (!strcmp(scores[i].name, name))
            return &scores[i];
    return NULL;
}
