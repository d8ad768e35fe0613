/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/uncertainty.h"

#include <math.h>

static double mean_at(const float *const *p, size_t m, size_t i)
{
    double sum = 0;
    for (size_t k = 0; k < m; k++)
        sum += p[k][i];
    return sum / (double)m;
}

double weir_dropout_entropy(const float *const *p, size_t m, size_t n,
                            double weight)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double mean = mean_at(p, m, i), squares = 0;
        for (size_t k = 0; k < m; k++)
            squares += (p[k][i] - mean) * (p[k][i] - mean);
        sum += weight == 0 ? squares : squares * (1 + weight * tanh(mean));
    }
    return sum / ((double)m * (double)n);
}

double weir_disagreement(const float *const *p, size_t m, size_t n)
{
    return weir_dropout_entropy(p, m, n, 0);
}

double weir_ensemble_crps(const float *const *p, size_t m, const float *truth,
                          size_t n)
{
    double off = 0, apart = 0, count = (double)m;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++) {
            off += fabs((double)p[k][i] - (double)truth[i]);
            for (size_t l = 0; l < k; l++)
                apart += fabs((double)p[k][i] - (double)p[l][i]);
        }
    return (off / count - apart / (count * count)) / (double)n;
}

double weir_squared_discrepancy(const float *now, const float *before, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double apart = (double)now[i] - (double)before[i];
        sum += apart * apart;
    }
    return sum;
}
