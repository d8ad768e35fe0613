/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/modes.h"

#include "nn/simd.h"

#include <stddef.h>
#include <string.h>

WEIR_INLINE const weir_v8 *at(const float *p)
{
    return (const weir_v8 *)(const void *)p;
}

/* Samples that share one reading of the matrix. */
enum { TOGETHER = 2 };

WEIR_INLINE void mix_lanes(const struct weir_mode *m, int n, float share,
                           const float *x_re, const float *x_im, const float *r,
                           float *y_re, float *y_im)
{
    weir_v8 re[TOGETHER] = {{0}}, im[TOGETHER] = {{0}};
    for (int i = 0; i < m->in; i++) {
        weir_v8 a = *at(r + (ptrdiff_t)i * 2 * m->width);
        weir_v8 b = *at(r + (ptrdiff_t)i * 2 * m->width + m->width);
        for (int s = 0; s < n; s++) {
            float u = x_re[s * m->in + i], v = x_im[s * m->in + i];
            re[s] += u * a - v * b;
            im[s] += u * b + v * a;
        }
    }
    for (int s = 0; s < n; s++) {
        re[s] *= share;
        im[s] *= share;
        memcpy(y_re + (ptrdiff_t)s * m->width, &re[s], sizeof(re[s]));
        memcpy(y_im + (ptrdiff_t)s * m->width, &im[s], sizeof(im[s]));
    }
}

WEIR_CLONES
void weir_mode_mix(const struct weir_mode *m, float share, const float *x_re,
                   const float *x_im, const float *r, float *y_re, float *y_im)
{
    for (int o = 0; o < m->width; o += WEIR_LANES) {
        int b = 0;
        for (; b + TOGETHER <= m->batch; b += TOGETHER)
            mix_lanes(m, TOGETHER, share, x_re + b * m->in, x_im + b * m->in,
                      r + o, y_re + b * m->width + o, y_im + b * m->width + o);
        if (b < m->batch)
            mix_lanes(m, 1, share, x_re + b * m->in, x_im + b * m->in, r + o,
                      y_re + b * m->width + o, y_im + b * m->width + o);
    }
}

WEIR_INLINE float add_lanes(const weir_v8 *v)
{
    float x[WEIR_LANES];
    memcpy(x, v, sizeof(x));
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

WEIR_CLONES
void weir_mode_unmix(const struct weir_mode *m, const float *dy_re,
                     const float *dy_im, const float *r, float *dx_re,
                     float *dx_im)
{
    for (int i = 0; i < m->in; i++, r += (ptrdiff_t)2 * m->width)
        for (int b = 0; b < m->batch; b++) {
            weir_v8 re = {0}, im = {0};
            for (int o = 0; o < m->width; o += WEIR_LANES) {
                weir_v8 u = *at(dy_re + b * m->width + o);
                weir_v8 v = *at(dy_im + b * m->width + o);
                weir_v8 a = *at(r + o), c = *at(r + m->width + o);
                re += u * a + v * c;
                im += v * a - u * c;
            }
            dx_re[b * m->in + i] = add_lanes(&re);
            dx_im[b * m->in + i] = add_lanes(&im);
        }
}

WEIR_CLONES
void weir_mode_correlate(const struct weir_mode *m, const float *x_re,
                         const float *x_im, const float *dy_re,
                         const float *dy_im, float *dr)
{
    for (int i = 0; i < m->in; i++, dr += (ptrdiff_t)2 * m->width)
        for (int o = 0; o < m->width; o += WEIR_LANES) {
            weir_v8 re = {0}, im = {0};
            for (int b = 0; b < m->batch; b++) {
                weir_v8 u = *at(dy_re + b * m->width + o);
                weir_v8 v = *at(dy_im + b * m->width + o);
                float p = x_re[b * m->in + i], q = x_im[b * m->in + i];
                re += p * u + q * v;
                im += p * v - q * u;
            }
            memcpy(dr + o, &re, sizeof(re));
            memcpy(dr + m->width + o, &im, sizeof(im));
        }
}
