/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/error_bins.h"

#include <math.h>

static double share(const struct weir_bin_axis *axis, double x)
{
    if (axis->log)
        return log(x / axis->low) / log(axis->high / axis->low);
    return (x - axis->low) / (axis->high - axis->low);
}

size_t weir_bin_of(const struct weir_bin_axis *axis, double x)
{
    if (!(x > axis->low)) /* where the range is one point, too */
        return 0;
    if (x >= axis->high)
        return WEIR_BINS - 1;
    double at = share(axis, x) * WEIR_BINS;
    return at < WEIR_BINS - 1 ? (size_t)at : WEIR_BINS - 1;
}

double weir_bin_edge(const struct weir_bin_axis *axis, size_t i)
{
    double part = (double)i / WEIR_BINS;
    if (axis->log)
        return axis->low * pow(axis->high / axis->low, part);
    return axis->low + (axis->high - axis->low) * part;
}

void weir_bins_add(struct weir_bins *bins, size_t i, size_t j, double error)
{
    bins->sum[i][j] += error;
    bins->n[i][j]++;
}

double weir_bins_mean(const struct weir_bins *bins, size_t i, size_t j)
{
    return bins->n[i][j] ? bins->sum[i][j] / bins->n[i][j] : (double)NAN;
}
