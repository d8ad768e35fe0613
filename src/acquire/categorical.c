/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/categorical.h"

double weir_running_sums(const double *weight, size_t n, double *sum)
{
    double total = 0;
    for (size_t i = 0; i < n; i++)
        sum[i] = total += weight[i];
    return total;
}

size_t weir_categorical(const double *sum, size_t n, double uniform)
{
    double point = uniform * sum[n - 1];
    size_t low = 0;
    /* No branch to guess wrong: it is among the n from low on. */
    while (n > 1) {
        size_t half = n / 2;
        low += sum[low + half - 1] <= point ? half : 0;
        n -= half;
    }
    return low;
}
