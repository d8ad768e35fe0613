/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_BASE_RANKS_H
#define WEIR_BASE_RANKS_H

/**
 * @file
 * Rank correlation: whether one figure puts things in the order of another.
 */
#include <stddef.h>

/**
 * Spearman's correlation of @p n pairs: Pearson's of their ranks, equal values
 * having the mean of the ranks they share. What is not a number ranks above all
 * numbers.
 * @param[out] out  -1 .. 1; not a number when all of @p x or of @p y are equal
 * @return 0 or -ENOMEM
 */
int weir_spearman(const double *x, const double *y, size_t n, double *out);

#endif
