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
        .points = points,
        .halo = halo,
    };
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

static inline void mask(float *restrict d, const float *restrict y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        d[i] = y[i] > 0.0F ? d[i] : 0.0F;
}

WEIR_CLONES
void weir_halo_fold(const struct weir_layout *l, float *dx, const float *y)
{
    size_t edge = (size_t)l->halo * (size_t)l->block;
    size_t inside = (size_t)l->points * (size_t)l->block;
    for (int b = 0; b < l->batch; b++) {
        for (int c = 0; c < l->padded; c += l->block) {
            size_t at = weir_layout_at(l, b, c);
            fold(dx + at, inside, edge);
            if (y)
                mask(dx + at, y + at, inside);
        }
    }
}
