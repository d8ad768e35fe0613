/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_CATEGORICAL_H
#define WEIR_ACQUIRE_CATEGORICAL_H

/**
 * @file
 * Draws in proportion to weights.
 */
#include <stddef.h>

/**
 * Running sums of @p n weights, none negative; @p sum may be @p weight.
 * @return their total
 */
double weir_running_sums(const double *weight, size_t n, double *sum);

/**
 * The first place whose running sum exceeds @p uniform times the total: place i
 * for a share weight_i / total of uniform numbers in [0, 1). A place of no
 * weight is never met.
 * @param sum  @p n >= 1 running sums, the last one above 0
 */
size_t weir_categorical(const double *sum, size_t n, double uniform);

#endif
