/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_BASE_NORMAL_H
#define WEIR_BASE_NORMAL_H

/**
 * @file
 * The standard normal distribution.
 */

/** Probability of a value below @p z; relative accuracy in the lower tail. */
double weir_normal_cdf(double z);

/**
 * The value with probability @p p below it, to rounding; -HUGE_VAL for
 * @p p <= 0, HUGE_VAL for @p p >= 1.
 */
double weir_normal_quantile(double p);

#endif
