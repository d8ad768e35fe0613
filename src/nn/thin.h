/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_THIN_H
#define WEIR_NN_THIN_H

/**
 * @file
 * Convolutions between a *thin* array (plain, a few channels, the shape users
 * see) and a *wide* one (blocked, what hidden layers keep). oneDNN is slowest
 * exactly there: padding one channel to a block multiplies the work by 8 or 16,
 * and without it backward weights of a single channel runs on a reference
 * version. Three loops serve both the first and the last layer, forward and
 * backward. With h = kernel/2 and s(k) = k - h, or h - k where @p flip is set:
 *
 *     spread      wide[l][i]  = bias[l] + sum over c, k of w[c][k][l] thin[c][i+s(k)]
 *     gather      thin[c][i]  = bias[c] + sum over k, l of w[c][k][l] wide[l][i+s(k)]
 *     correlate   dw[c][k][l] = sum over samples, i of thin[c][i+s(k)] wide[l][i]
 *
 * Weights are [thin channel][kernel][padded wide channel]. Arrays that are read
 * at i + s(k) have a halo of at least h, filled; only points inside are
 * written. Sums run in one fixed order.
 */
#include "nn/layout.h"

#include <stdbool.h>

/** The shape of one such convolution; the two layouts agree on the batch. */
struct weir_thin {
    struct weir_layout thin, wide;
    int kernel; /* odd */
};

/** @p relu: negative results times @p slope. @p bias may be NULL (0). */
void weir_thin_spread(const struct weir_thin *t, bool flip, bool relu,
                      float slope, const float *thin, const float *w,
                      const float *bias, float *wide);
void weir_thin_gather(const struct weir_thin *t, bool flip, const float *wide,
                      const float *w, const float *bias, float *thin);
/** Overwrites @p dw. */
void weir_thin_correlate(const struct weir_thin *t, bool flip,
                         const float *thin, const float *wide, float *dw);

/** Sum over samples and points of each thin channel: the bias gradient. */
void weir_thin_sum(const struct weir_layout *thin, const float *x, float *sum);
/** The same for each wide channel, padding included. */
void weir_wide_sum(const struct weir_layout *wide, const float *x, float *sum);

#endif
