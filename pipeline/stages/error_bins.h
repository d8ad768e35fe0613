/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_ERROR_BINS_H
#define WEIR_PIPELINE_ERROR_BINS_H

/**
 * @file
 * Where in the parameters a surrogate errs: means of an error in equal bins of
 * two parameters, equal along the logarithm where that is the axis.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Along each axis. */
#define WEIR_BINS 8

struct weir_bin_axis {
    double low, high; /* low <= high */
    bool log;         /* needs 0 < low */
};

/** Which bin @p x is in; beyond the range it is the first or the last. */
size_t weir_bin_of(const struct weir_bin_axis *axis, double x);
/** Where bin @p i begins; bin WEIR_BINS would begin at `high`. */
double weir_bin_edge(const struct weir_bin_axis *axis, size_t i);

/** All zero is empty. The first index goes along the first parameter. */
struct weir_bins {
    double sum[WEIR_BINS][WEIR_BINS];
    uint32_t n[WEIR_BINS][WEIR_BINS];
};

void weir_bins_add(struct weir_bins *bins, size_t i, size_t j, double error);
/** @return the mean; not a number in an empty bin */
double weir_bins_mean(const struct weir_bins *bins, size_t i, size_t j);

#endif
