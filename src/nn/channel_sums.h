/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_CHANNEL_SUMS_H
#define WEIR_NN_CHANNEL_SUMS_H

/**
 * @file
 * Loops that treat each channel of a blocked array by itself: what biases and
 * norms need. Arrays of one number a channel are `padded` long. Sums run over
 * the points inside, in one fixed order, row by row into double.
 */
#include "nn/layout.h"

/** y += bias, per channel, all columns. */
void weir_channel_add(const struct weir_layout *l, const float *bias, float *y);

/** sum[c] = sum over samples and points of x. */
void weir_channel_sum(const struct weir_layout *l, const float *x, float *sum);

/** y = scale x + shift, per channel of one sample, all columns. */
void weir_channel_scale(const struct weir_layout *l, int sample,
                        const float *scale, const float *shift, const float *x,
                        float *y);

/** y = a x + b z + c, per channel of one sample, all columns. */
void weir_channel_combine(const struct weir_layout *l, int sample,
                          const float *a, const float *x, const float *b,
                          const float *z, const float *c, float *y);

/** Per channel of one sample, sum x and sum (x - center)^2. */
void weir_channel_moment(const struct weir_layout *l, int sample,
                         const float *x, const double *center, double *sum);
/** Per channel of one sample, sum x and sum x z. */
void weir_channel_products(const struct weir_layout *l, int sample,
                           const float *x, const float *z, double *sum,
                           double *product);

#endif
