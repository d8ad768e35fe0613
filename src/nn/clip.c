/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/clip.h"

#include "nn/simd.h"

#include <math.h>

static const double FORGET = 0.05;  /* share of the newest norm */
static const double EPSILON = 1e-6; /* keeps a norm of 0 apart */

enum { LANES = 16 };

double weir_clip_scale(const struct weir_clip_config *c, uint64_t step,
                       double norm, double *running)
{
    double limit = c->limit, was = *running;
    if (c->rule == WEIR_CLIP_NONE)
        return 1;
    if (c->rule == WEIR_CLIP_ADAPTIVE) {
        limit = was > 0 ? c->limit * was : INFINITY;
        if (step < c->warmup_steps || was == 0)
            *running = fmax(was, norm);
        else
            *running = was + FORGET * (fmin(norm, limit) - was);
    }
    return fmin(1, limit / (norm + EPSILON));
}

WEIR_CLONES
static double squares(const float *x, size_t n)
{
    double lane[LANES] = {0}, sum = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++)
            lane[j] += (double)x[i + j] * x[i + j];
    for (; i < n; i++)
        sum += (double)x[i] * x[i];
    for (size_t j = 0; j < LANES; j++)
        sum += lane[j];
    return sum;
}

void weir_norm_add(const float *grad, size_t from, size_t to, double *sum)
{
    for (size_t at = from; at < to; at += WEIR_NORM_PIECE) {
        size_t n = to - at < WEIR_NORM_PIECE ? to - at : WEIR_NORM_PIECE;
        sum[at / WEIR_NORM_PIECE] = squares(grad + at, n);
    }
}

double weir_norm(const double *sum, size_t n)
{
    double all = 0;
    for (size_t i = 0; i < n; i++)
        all += sum[i];
    return sqrt(all);
}
