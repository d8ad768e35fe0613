/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/thin.h"

#include "nn/simd.h"

#include <string.h>

/* A strip is eight wide channels of one sample: point i at step * i. */
WEIR_INLINE size_t strip_at(const struct weir_layout *wide, int sample,
                            int channel)
{
    int first = channel / wide->block * wide->block;
    return weir_layout_at(wide, sample, first) + (size_t)(channel - first);
}

WEIR_INLINE const weir_v8 *at(const float *p)
{
    return (const weir_v8 *)(const void *)p;
}

WEIR_INLINE void put(float *p, const weir_v8 *v)
{
    memcpy(p, v, sizeof(*v));
}

/* Weights that multiply the array read at i + k - kernel/2. */
WEIR_INLINE size_t weight_at(const struct weir_thin *t, bool flip, int c, int k)
{
    int tap = flip ? t->kernel - 1 - k : k;
    return (size_t)(c * t->kernel + tap) * (size_t)t->wide.padded;
}

WEIR_INLINE void spread_strip(const struct weir_thin *t, bool flip, bool relu,
                              const float *x, const float *w, const float *bias,
                              float *y)
{
    const weir_v8 zero = {0};
    const weir_v8 start = bias ? *at(bias) : zero;
    ptrdiff_t channel = weir_layout_columns(&t->thin);
    x -= t->kernel / 2;
    for (int i = 0; i < t->thin.points; i++) {
        weir_v8 sum = start;
        for (int c = 0; c < t->thin.channels; c++)
            for (int k = 0; k < t->kernel; k++)
                sum +=
                    x[c * channel + i + k] * *at(w + weight_at(t, flip, c, k));
        if (relu)
            sum = (weir_v8)((weir_v8i)sum & (sum > zero));
        put(y + (ptrdiff_t)i * t->wide.block, &sum);
    }
}

/* The usual case, one thin channel and three taps, keeps its weights in
 * registers. */
WEIR_INLINE void spread_three(const struct weir_thin *t, bool flip, bool relu,
                              const float *x, const float *w, const float *bias,
                              float *y)
{
    const weir_v8 zero = {0};
    const weir_v8 start = bias ? *at(bias) : zero;
    const weir_v8 left = *at(w + weight_at(t, flip, 0, 0));
    const weir_v8 here = *at(w + weight_at(t, flip, 0, 1));
    const weir_v8 right = *at(w + weight_at(t, flip, 0, 2));
    ptrdiff_t step = t->wide.block;
    for (int i = 0; i < t->thin.points; i++, y += step) {
        weir_v8 sum = start;
        sum += x[i - 1] * left;
        sum += x[i] * here;
        sum += x[i + 1] * right;
        if (relu)
            sum = (weir_v8)((weir_v8i)sum & (sum > zero));
        put(y, &sum);
    }
}

WEIR_INLINE void lean(size_t n, float slope, float *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] > 0.0F ? x[i] : slope * x[i];
}

WEIR_CLONES
void weir_thin_spread(const struct weir_thin *t, bool flip, bool relu,
                      float slope, const float *thin, const float *w,
                      const float *bias, float *wide)
{
    bool three = t->kernel == 3 && t->thin.channels == 1;
    bool cut = relu && slope == 0.0F;
    for (int b = 0; b < t->thin.batch; b++) {
        const float *x = thin + weir_layout_at(&t->thin, b, 0);
        for (int l = 0; l < t->wide.padded; l += WEIR_LANES) {
            const float *start = bias ? bias + l : NULL;
            float *y = wide + strip_at(&t->wide, b, l);
            if (three)
                spread_three(t, flip, cut, x, w + l, start, y);
            else
                spread_strip(t, flip, cut, x, w + l, start, y);
        }
    }
    if (relu && !cut)
        lean(weir_layout_floats(&t->wide), slope, wide);
}

WEIR_INLINE float add_lanes(const weir_v8 *v)
{
    float x[WEIR_LANES];
    memcpy(x, v, sizeof(x));
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

/* One thin channel of one sample, all points. */
WEIR_INLINE void gather_channel(const struct weir_thin *t, bool flip,
                                const float *wide, int sample, int channel,
                                const float *w, float bias, float *y)
{
    ptrdiff_t block = t->wide.block;
    ptrdiff_t next = weir_layout_columns(&t->wide) * block;
    wide += strip_at(&t->wide, sample, 0);
    wide -= t->kernel / 2 * block;
    for (int i = 0; i < t->thin.points; i++, wide += block) {
        weir_v8 sum = {0};
        for (int k = 0; k < t->kernel; k++) {
            const float *x = wide + k * block;
            const float *wk = w + weight_at(t, flip, channel, k);
            for (int c = 0; c < t->wide.padded; c += t->wide.block, x += next)
                for (int l = 0; l < t->wide.block; l += WEIR_LANES)
                    sum += *at(x + l) * *at(wk + c + l);
        }
        y[i] = bias + add_lanes(&sum);
    }
}

WEIR_CLONES
void weir_thin_gather(const struct weir_thin *t, bool flip, const float *wide,
                      const float *w, const float *bias, float *thin)
{
    for (int b = 0; b < t->thin.batch; b++)
        for (int c = 0; c < t->thin.channels; c++)
            gather_channel(t, flip, wide, b, c, w, bias ? bias[c] : 0.0F,
                           thin + weir_layout_at(&t->thin, b, c));
}

/* Four sums side by side: one alone would wait for each addition to end. */
WEIR_INLINE void correlate_strip(const float *x, const float *y, ptrdiff_t step,
                                 int points, weir_v8 sum[4])
{
    int i = 0;
    for (; i + 4 <= points; i += 4)
        for (int j = 0; j < 4; j++)
            sum[j] += x[i + j] * *at(y + (i + j) * step);
    for (; i < points; i++)
        sum[0] += x[i] * *at(y + i * step);
}

WEIR_CLONES
void weir_thin_correlate(const struct weir_thin *t, bool flip,
                         const float *thin, const float *wide, float *dw)
{
    for (int c = 0; c < t->thin.channels; c++) {
        for (int k = 0; k < t->kernel; k++) {
            for (int l = 0; l < t->wide.padded; l += WEIR_LANES) {
                weir_v8 sum[4] = {{0}};
                for (int b = 0; b < t->thin.batch; b++)
                    correlate_strip(thin + weir_layout_at(&t->thin, b, c) + k -
                                        t->kernel / 2,
                                    wide + strip_at(&t->wide, b, l),
                                    t->wide.block, t->thin.points, sum);
                weir_v8 all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
                put(dw + weight_at(t, flip, c, k) + l, &all);
            }
        }
    }
}

void weir_thin_sum(const struct weir_layout *thin, const float *x, float *sum)
{
    for (int c = 0; c < thin->channels; c++) {
        double all = 0;
        for (int b = 0; b < thin->batch; b++) {
            const float *p = x + weir_layout_at(thin, b, c);
            for (int i = 0; i < thin->points; i++)
                all += p[i];
        }
        sum[c] = (float)all;
    }
}

WEIR_CLONES
void weir_wide_sum(const struct weir_layout *wide, const float *x, float *sum)
{
    for (int l = 0; l < wide->padded; l += WEIR_LANES) {
        weir_v8 all = {0};
        for (int b = 0; b < wide->batch; b++) {
            const float *p = x + strip_at(wide, b, l);
            for (int i = 0; i < wide->points; i++)
                all += *at(p + (ptrdiff_t)i * wide->block);
        }
        put(sum + l, &all);
    }
}
