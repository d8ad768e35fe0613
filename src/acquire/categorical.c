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
    size_t low = 0, high = n - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sum[middle] > point)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
