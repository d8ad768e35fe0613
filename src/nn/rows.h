/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_ROWS_H
#define WEIR_NN_ROWS_H

/**
 * @file
 * Sums over rows of floats of any length, for what is compiled for several
 * widths. Terms are added in eight lanes whatever the width, so that every
 * processor gives the same bits.
 */
#include "nn/simd.h"

#include <string.h>

WEIR_INLINE void weir_row_load(const float *x, weir_v8 *v)
{
    memcpy(v, x, sizeof(*v));
}

WEIR_INLINE float weir_row_lanes(const weir_v8 *v)
{
    float x[WEIR_LANES];
    memcpy(x, v, sizeof(x));
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

/** sum of x */
WEIR_INLINE float weir_row_sum(int n, const float *x)
{
    weir_v8 all = {0}, v;
    int i = 0;
    for (; i + WEIR_LANES <= n; i += WEIR_LANES) {
        weir_row_load(x + i, &v);
        all += v;
    }
    float sum = weir_row_lanes(&all);
    for (; i < n; i++)
        sum += x[i];
    return sum;
}

/** sum of (x - center)^2 */
WEIR_INLINE float weir_row_moment(int n, const float *x, float center)
{
    weir_v8 all = {0}, v;
    int i = 0;
    for (; i + WEIR_LANES <= n; i += WEIR_LANES) {
        weir_row_load(x + i, &v);
        v -= center;
        all += v * v;
    }
    float sum = weir_row_lanes(&all);
    for (; i < n; i++)
        sum += (x[i] - center) * (x[i] - center);
    return sum;
}

/** sum of x y */
WEIR_INLINE float weir_row_dot(int n, const float *x, const float *y)
{
    weir_v8 all = {0}, v, w;
    int i = 0;
    for (; i + WEIR_LANES <= n; i += WEIR_LANES) {
        weir_row_load(x + i, &v);
        weir_row_load(y + i, &w);
        all += v * w;
    }
    float sum = weir_row_lanes(&all);
    for (; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

#endif
