/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/difficulty.h"

#include "acquire/uncertainty.h"

bool weir_difficulty_needs_members(enum weir_difficulty difficulty)
{
    return difficulty == WEIR_DIFFICULTY_DISAGREEMENT ||
           difficulty == WEIR_DIFFICULTY_ECRPS;
}

/* Of all values of all members. */
static float grand_mean(const float *const *p, size_t members, size_t n)
{
    double sum = 0;
    for (size_t m = 0; m < members; m++)
        for (size_t i = 0; i < n; i++)
            sum += p[m][i];
    return (float)(sum / (double)(members * n));
}

static const float *mean_of(const float *const *p, size_t members, size_t n,
                            float *mean)
{
    if (members == 1)
        return p[0];
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t m = 0; m < members; m++)
            sum += p[m][i];
        mean[i] = (float)(sum / (double)members);
    }
    return mean;
}

float weir_difficulty(enum weir_difficulty difficulty, const float *const *p,
                      size_t members, const float *truth, size_t n, float *mean)
{
    if (difficulty == WEIR_DIFFICULTY_DISAGREEMENT)
        return (float)weir_disagreement(p, members, n);
    if (difficulty == WEIR_DIFFICULTY_ECRPS)
        return (float)weir_ensemble_crps(p, members, truth, n);
    if (weir_difficulty_is_evidential(difficulty))
        return grand_mean(p, members, n);
    return weir_loss((enum weir_loss_type)difficulty,
                     mean_of(p, members, n, mean), truth, n);
}
