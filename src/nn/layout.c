/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/layout.h"

#include "nn/simd.h"

#include <string.h>

struct weir_layout weir_layout_plain(int batch, int channels, int points,
                                     int halo)
{
    return (struct weir_layout){
        .batch = batch,
        .channels = channels,
        .padded = channels,
        .block = 1,
        .rows = 1,
        .points = points,
        .halo = halo,
    };
}

/* One row of one channel, @p block floats from point to point. */
WEIR_INLINE void spread_row(const float *restrict user, int n, int block,
                            float *restrict x)
{
    for (int i = 0; i < n; i++)
        x[(size_t)i * (size_t)block] = user[i];
}

WEIR_INLINE void gather_row(const float *restrict x, int n, int block,
                            float *restrict user)
{
    for (int i = 0; i < n; i++)
        user[i] = x[(size_t)i * (size_t)block];
}

static size_t pitch(const struct weir_layout *l)
{
    return (size_t)weir_layout_columns(l) * (size_t)l->block;
}

void weir_layout_clear_padding(const struct weir_layout *l, float *x)
{
    size_t n = weir_layout_area(l), block = (size_t)l->block;
    size_t halo = (size_t)l->halo * block;
    for (int b = 0; b < l->batch; b++)
        for (int c = l->channels; c < l->padded; c++) {
            float *p = x + weir_layout_channel(l, b, c) - halo;
            for (size_t i = 0; i < n; i++)
                p[i * block] = 0.0F;
        }
}

void weir_layout_pack(const struct weir_layout *l, const float *user, float *x)
{
    weir_layout_clear_padding(l, x);
    for (int b = 0; b < l->batch; b++) {
        for (int c = 0; c < l->channels; c++) {
            float *to = x + weir_layout_channel(l, b, c);
            for (int r = 0; r < l->rows; r++, user += l->points)
                spread_row(user, l->points, l->block,
                           to + (size_t)r * pitch(l));
        }
    }
}

void weir_layout_unpack(const struct weir_layout *l, const float *x,
                        float *user)
{
    for (int b = 0; b < l->batch; b++) {
        for (int c = 0; c < l->channels; c++) {
            const float *from = x + weir_layout_channel(l, b, c);
            for (int r = 0; r < l->rows; r++, user += l->points)
                gather_row(from + (size_t)r * pitch(l), l->points, l->block,
                           user);
        }
    }
}

void weir_halo_fill(const struct weir_layout *l, float *x)
{
    size_t edge = (size_t)l->halo * (size_t)l->block;
    size_t inside = (size_t)l->points * (size_t)l->block;
    if (edge == 0)
        return;
    for (int b = 0; b < l->batch; b++) {
        for (int c = 0; c < l->padded; c += l->block) {
            float *p = x + weir_layout_at(l, b, c);
            memcpy(p - edge, p + inside - edge, edge * sizeof(float));
            memcpy(p + inside, p, edge * sizeof(float));
        }
    }
}

void weir_halo_clear(const struct weir_layout *l, float *x)
{
    size_t edge = (size_t)l->halo * (size_t)l->block;
    size_t inside = (size_t)l->points * (size_t)l->block;
    if (edge == 0)
        return;
    for (int b = 0; b < l->batch; b++) {
        for (int c = 0; c < l->padded; c += l->block) {
            float *p = x + weir_layout_at(l, b, c);
            memset(p - edge, 0, edge * sizeof(float));
            memset(p + inside, 0, edge * sizeof(float));
        }
    }
}

static void fold(float *restrict p, size_t inside, size_t edge)
{
    for (size_t i = 0; i < edge; i++) {
        p[i] += p[inside + i];
        p[inside + i] = 0.0F;
    }
    for (size_t i = 1; i <= edge; i++) {
        p[inside - i] += *(p - i);
        *(p - i) = 0.0F;
    }
}

static inline void mask(float *restrict d, const float *restrict y, float slope,
                        size_t n)
{
    if (slope == 0.0F)
        for (size_t i = 0; i < n; i++)
            d[i] = y[i] > 0.0F ? d[i] : 0.0F;
    else
        for (size_t i = 0; i < n; i++)
            d[i] = y[i] > 0.0F ? d[i] : slope * d[i];
}

WEIR_CLONES
void weir_halo_fold(const struct weir_layout *l, float *dx, const float *y,
                    float slope)
{
    size_t edge = (size_t)l->halo * (size_t)l->block;
    size_t inside = (size_t)l->points * (size_t)l->block;
    if (edge == 0) {
        if (y)
            mask(dx, y, slope, weir_layout_floats(l));
        return;
    }
    for (int b = 0; b < l->batch; b++) {
        for (int c = 0; c < l->padded; c += l->block) {
            size_t at = weir_layout_at(l, b, c);
            fold(dx + at, inside, edge);
            if (y)
                mask(dx + at, y + at, slope, inside);
        }
    }
}
