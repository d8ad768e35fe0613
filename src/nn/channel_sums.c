/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/channel_sums.h"

#include "nn/simd.h"

#include <string.h>

/* Strips are up to LANES neighbouring channels: one register or two. */
enum { LANES = 16 };

/* Each loop over a strip is compiled for the usual widths and for any. */
#define BY_WIDTH(width, call)                                                  \
    do {                                                                       \
        if ((width) == 8) {                                                    \
            enum { W = 8 };                                                    \
            call;                                                              \
        } else if ((width) == LANES) {                                         \
            enum { W = LANES };                                                \
            call;                                                              \
        } else {                                                               \
            const int W = (width);                                             \
            call;                                                              \
        }                                                                      \
    } while (0)

static int width_at(const struct weir_layout *l, int channel)
{
    int rest = l->block - channel % l->block;
    return rest < LANES ? rest : LANES;
}

/* ---- affine maps ---- */

WEIR_INLINE void combine(int w, size_t n, size_t step, const float *a,
                         const float *x, const float *b, const float *z,
                         const float *c, float *y)
{
    for (size_t i = 0; i < n; i++, x += step, y += step, z += step)
        for (int j = 0; j < w; j++)
            y[j] = a[j] * x[j] + b[j] * z[j] + c[j];
}

WEIR_INLINE void scale(int w, size_t n, size_t step, const float *a,
                       const float *x, const float *c, float *y)
{
    for (size_t i = 0; i < n; i++, x += step, y += step)
        for (int j = 0; j < w; j++)
            y[j] = a[j] * x[j] + c[j];
}

/* Where a strip's columns start, the first halo column included. */
static size_t strip_at(const struct weir_layout *l, int sample, int channel)
{
    return weir_layout_channel(l, sample, channel) -
           (size_t)l->halo * (size_t)l->block;
}

WEIR_CLONES
void weir_channel_scale(const struct weir_layout *l, int sample, const float *a,
                        const float *c, const float *x, float *y)
{
    size_t n = weir_layout_area(l), step = (size_t)l->block;
    for (int k = 0, width; k < l->padded; k += width) {
        size_t at = strip_at(l, sample, k);
        width = width_at(l, k);
        BY_WIDTH(width, scale(W, n, step, a + k, x + at, c + k, y + at));
    }
}

WEIR_CLONES
void weir_channel_combine(const struct weir_layout *l, int sample,
                          const float *a, const float *x, const float *b,
                          const float *z, const float *c, float *y)
{
    size_t n = weir_layout_area(l), step = (size_t)l->block;
    for (int k = 0, width; k < l->padded; k += width) {
        size_t at = strip_at(l, sample, k);
        width = width_at(l, k);
        BY_WIDTH(width, combine(W, n, step, a + k, x + at, b + k, z + at, c + k,
                                y + at));
    }
}

WEIR_INLINE void add(int w, size_t n, size_t step, const float *c, float *y)
{
    for (size_t i = 0; i < n; i++, y += step)
        for (int j = 0; j < w; j++)
            y[j] += c[j];
}

WEIR_CLONES
void weir_channel_add(const struct weir_layout *l, const float *bias, float *y)
{
    size_t n = weir_layout_area(l), step = (size_t)l->block;
    for (int b = 0; b < l->batch; b++)
        for (int k = 0, width; k < l->padded; k += width) {
            width = width_at(l, k);
            BY_WIDTH(width, add(W, n, step, bias + k, y + strip_at(l, b, k)));
        }
}

/* ---- sums ---- */

WEIR_INLINE void row_products(int w, int n, size_t step, const float *x,
                              const float *z, double *sum, double *product)
{
    float s[LANES] = {0}, p[LANES] = {0};
    for (int i = 0; i < n; i++, x += step, z += step)
        for (int j = 0; j < w; j++) {
            s[j] += x[j];
            p[j] += x[j] * z[j];
        }
    for (int j = 0; j < w; j++) {
        sum[j] += s[j];
        product[j] += p[j];
    }
}

WEIR_INLINE void row_moment(int w, int n, size_t step, const float *x,
                            const double *center, double *sum)
{
    float m[LANES], s[LANES] = {0};
    for (int j = 0; j < w; j++)
        m[j] = (float)center[j];
    for (int i = 0; i < n; i++, x += step)
        for (int j = 0; j < w; j++)
            s[j] += (x[j] - m[j]) * (x[j] - m[j]);
    for (int j = 0; j < w; j++)
        sum[j] += s[j];
}

WEIR_CLONES
void weir_channel_products(const struct weir_layout *l, int sample,
                           const float *x, const float *z, double *sum,
                           double *product)
{
    size_t step = (size_t)l->block;
    size_t pitch = (size_t)weir_layout_columns(l) * step;
    memset(sum, 0, (size_t)l->padded * sizeof(*sum));
    memset(product, 0, (size_t)l->padded * sizeof(*product));
    for (int k = 0, width; k < l->padded; k += width) {
        size_t at = weir_layout_channel(l, sample, k);
        width = width_at(l, k);
        for (int r = 0; r < l->rows; r++, at += pitch)
            BY_WIDTH(width, row_products(W, l->points, step, x + at, z + at,
                                         sum + k, product + k));
    }
}

WEIR_CLONES
void weir_channel_moment(const struct weir_layout *l, int sample,
                         const float *x, const double *center, double *sum)
{
    size_t step = (size_t)l->block;
    size_t pitch = (size_t)weir_layout_columns(l) * step;
    memset(sum, 0, (size_t)l->padded * sizeof(*sum));
    for (int k = 0, width; k < l->padded; k += width) {
        size_t at = weir_layout_channel(l, sample, k);
        width = width_at(l, k);
        for (int r = 0; r < l->rows; r++, at += pitch)
            BY_WIDTH(width, row_moment(W, l->points, step, x + at, center + k,
                                       sum + k));
    }
}

WEIR_INLINE void row_sum(int w, int n, size_t step, const float *x, double *sum)
{
    float s[LANES] = {0};
    for (int i = 0; i < n; i++, x += step)
        for (int j = 0; j < w; j++)
            s[j] += x[j];
    for (int j = 0; j < w; j++)
        sum[j] += s[j];
}

WEIR_CLONES
void weir_channel_sum(const struct weir_layout *l, const float *x, float *sum)
{
    size_t step = (size_t)l->block;
    size_t pitch = (size_t)weir_layout_columns(l) * step;
    for (int k = 0, width; k < l->padded; k += width) {
        double all[LANES] = {0};
        width = width_at(l, k);
        for (int b = 0; b < l->batch; b++) {
            size_t at = weir_layout_channel(l, b, k);
            for (int r = 0; r < l->rows; r++, at += pitch)
                BY_WIDTH(width, row_sum(W, l->points, step, x + at, all));
        }
        for (int j = 0; j < width; j++)
            sum[k + j] = (float)all[j];
    }
}
