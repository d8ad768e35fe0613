/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/optimiser.h"

#include "nn/simd.h"

#include <math.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

struct weir_adam_config weir_adam_defaults(void)
{
    return (struct weir_adam_config){
        .lr = 1e-3,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .eps = 1e-8,
        .schedule = WEIR_SCHEDULE_CONSTANT,
    };
}

double weir_learning_rate(const struct weir_adam_config *c, uint64_t step)
{
    if (step < c->warmup_steps)
        return c->lr * (double)(step + 1) / (double)c->warmup_steps;
    if (c->schedule == WEIR_SCHEDULE_CONSTANT)
        return c->lr;
    if (step >= c->total_steps)
        return 0;
    double done = (double)(step - c->warmup_steps) /
                  (double)(c->total_steps - c->warmup_steps);
    return 0.5 * c->lr * (1 + cos(PI * done));
}

struct weir_adam weir_adam_at(const struct weir_adam_config *c, uint64_t step,
                              uint64_t update, double scale)
{
    double t = (double)update + 1;
    double lr = weir_learning_rate(c, step);
    bool decoupled = c->optimiser == WEIR_OPTIMISER_ADAMW;
    return (struct weir_adam){
        .keep1 = (float)c->beta1,
        .take1 = (float)(1 - c->beta1),
        .keep2 = (float)c->beta2,
        .take2 = (float)(1 - c->beta2),
        .rate = (float)(lr / (1 - pow(c->beta1, t))),
        .unbias2 = (float)(1 / sqrt(1 - pow(c->beta2, t))),
        .eps = (float)c->eps,
        .shrink = (float)(decoupled ? 1 - lr * c->weight_decay : 1),
        .couple = (float)(decoupled ? 0 : c->weight_decay),
        .scale = (float)scale,
    };
}

enum { CHUNK = 64 };

/* Up to CHUNK elements. Results pass through local arrays, so that outputs may
 * be inputs and the loop still becomes vector code. */
WEIR_INLINE void step_chunk(const struct weir_adam *k, size_t n,
                            const float *grad, const float *w, const float *m,
                            const float *v, float *w_out, float *m_out,
                            float *v_out)
{
    float wn[CHUNK], mn[CHUNK], vn[CHUNK];
    for (size_t i = 0; i < n; i++) {
        float g = k->scale * grad[i] + k->couple * w[i];
        mn[i] = k->keep1 * m[i] + k->take1 * g;
        vn[i] = k->keep2 * v[i] + k->take2 * g * g;
        wn[i] = k->shrink * w[i] -
                k->rate * mn[i] / (sqrtf(vn[i]) * k->unbias2 + k->eps);
    }
    memcpy(w_out, wn, n * sizeof(float));
    memcpy(m_out, mn, n * sizeof(float));
    memcpy(v_out, vn, n * sizeof(float));
}

WEIR_CLONES
void weir_adam_apply(const struct weir_adam *k, size_t n, const float *grad,
                     const float *w_in, const float *m_in, const float *v_in,
                     float *w_out, float *m_out, float *v_out)
{
    size_t i = 0;
    for (; i + CHUNK <= n; i += CHUNK)
        step_chunk(k, CHUNK, grad + i, w_in + i, m_in + i, v_in + i, w_out + i,
                   m_out + i, v_out + i);
    step_chunk(k, n - i, grad + i, w_in + i, m_in + i, v_in + i, w_out + i,
               m_out + i, v_out + i);
}

void weir_adam_step(const struct weir_adam_config *config, uint64_t step,
                    size_t n, const float *grad, const float *w_in,
                    const float *m_in, const float *v_in, float *w_out,
                    float *m_out, float *v_out)
{
    const struct weir_adam k = weir_adam_at(config, step, step, 1);
    weir_adam_apply(&k, n, grad, w_in, m_in, v_in, w_out, m_out, v_out);
}

WEIR_CLONES
void weir_average_step(double decay, bool first, size_t n, const float *w,
                       const float *in, float *out)
{
    float part = (float)(1 - decay);
    if (first) {
        memcpy(out, w, n * sizeof(float));
        return;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = in[i] + part * (w[i] - in[i]);
}

void weir_statistics_step(size_t n, const float *fresh, const float *in,
                          float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = in[i] + WEIR_STATISTICS_PART * (fresh[i] - in[i]);
}

WEIR_CLONES
void weir_gradient_add(size_t n, const float *restrict from, float *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] += from[i];
}

enum { REDUCE = 512 };

/* Sum arrays [first, first + m) over n <= REDUCE elements from @p at on. */
static void sum_chunk(const float *const *grads, int first, int m, size_t at,
                      size_t n, float *sum)
{
    if (m == 1) {
        memcpy(sum, grads[first] + at, n * sizeof(float));
        return;
    }
    int left = 1;
    while (2 * left < m)
        left *= 2;
    float right[REDUCE];
    sum_chunk(grads, first, left, at, n, sum);
    sum_chunk(grads, first + left, m - left, at, n, right);
    weir_gradient_add(n, right, sum);
}

void weir_reduce_tree(const float *const *grads, int m, size_t from, size_t to,
                      float *out)
{
    float sum[REDUCE];
    for (size_t at = from; at < to; at += REDUCE) {
        size_t n = to - at < REDUCE ? to - at : REDUCE;
        sum_chunk(grads, 0, m, at, n, sum);
        memcpy(out + at, sum, n * sizeof(float));
    }
}
