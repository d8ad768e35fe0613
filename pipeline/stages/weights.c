/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/weights.h"

#include "base/err.h"
#include "base/heap.h"

#include <stdlib.h>

int weir_weights_create(struct weir_weights *w, size_t n, double decay)
{
    *w = (struct weir_weights){.n = n, .decay = decay};
    for (int h = 0; h < 2; h++) {
        w->w[h] = weir_array(n, sizeof(float));
        w->m[h] = weir_array(n, sizeof(float));
        w->v[h] = weir_array(n, sizeof(float));
        if (decay > 0)
            w->average[h] = weir_array(n, sizeof(float));
        if (!w->w[h] || !w->m[h] || !w->v[h] || (decay > 0 && !w->average[h])) {
            weir_weights_destroy(w);
            return WEIR_FAIL(ENOMEM, "weights of %zu floats", n);
        }
    }
    return 0;
}

void weir_weights_destroy(struct weir_weights *w)
{
    for (int h = 0; h < 2; h++) {
        free(w->w[h]);
        free(w->m[h]);
        free(w->v[h]);
        free(w->average[h]);
    }
    *w = (struct weir_weights){0};
}

const float *weir_weights_shown(const struct weir_weights *w)
{
    return w->average[w->now] ? w->average[w->now] : w->w[w->now];
}

bool weir_weights_is_held(const struct weir_weights *w)
{
    return atomic_load_explicit(&w->held, memory_order_acquire) != 0; /* K2 */
}

int weir_weights_keep(struct weir_weights *w)
{
    atomic_store_explicit(&w->held, 1, memory_order_release); /* K1 */
    w->keep = true;
    return w->now;
}

void weir_weights_release(struct weir_weights *w)
{
    atomic_store_explicit(&w->held, 0, memory_order_release); /* K1 */
}

static void average(struct weir_weights *w, bool first, size_t from, size_t to)
{
    int in = w->now, out = w->keep ? 1 - w->now : w->now;
    if (w->decay > 0)
        weir_average_step(w->decay, first, to - from, w->w[out] + from,
                          w->average[in] + from, w->average[out] + from);
}

void weir_weights_update(struct weir_weights *w, const struct weir_adam *adam,
                         bool first, const float *grad, size_t from, size_t to)
{
    int in = w->now, out = w->keep ? 1 - w->now : w->now;
    weir_adam_apply(adam, to - from, grad + from, w->w[in] + from,
                    w->m[in] + from, w->v[in] + from, w->w[out] + from,
                    w->m[out] + from, w->v[out] + from);
    average(w, first, from, to);
}

/* Their moments are 0 in both halves. */
void weir_weights_follow(struct weir_weights *w, bool first, const float *fresh,
                         size_t from, size_t to)
{
    int in = w->now, out = w->keep ? 1 - w->now : w->now;
    weir_statistics_step(to - from, fresh + from, w->w[in] + from,
                         w->w[out] + from);
    average(w, first, from, to);
}

void weir_weights_turn(struct weir_weights *w)
{
    if (w->keep)
        w->now = 1 - w->now;
    w->keep = false;
}
