/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/snapshot.h"

#include <sched.h>
#include <string.h>

static uint32_t state_of(const struct weir_snapshot *s)
{
    return atomic_load_explicit(&s->state, memory_order_acquire); /* W2, W4 */
}

static bool turns(struct weir_snapshot *s, uint32_t from, uint32_t to)
{
    return atomic_compare_exchange_strong_explicit(
        &s->state, &from, to, memory_order_acq_rel,
        memory_order_acquire); /* W4, W5 */
}

void weir_snapshot_want(struct weir_snapshot *s, uint64_t wanted)
{
    s->wanted = wanted;
    atomic_store_explicit(&s->state, WEIR_SNAPSHOT_WANTED,
                          memory_order_release); /* W1 */
}

bool weir_snapshot_is_offered(const struct weir_snapshot *s)
{
    return state_of(s) == WEIR_SNAPSHOT_OFFERED;
}

bool weir_snapshot_take(struct weir_snapshot *s, float *to, uint64_t *step)
{
    if (!turns(s, WEIR_SNAPSHOT_OFFERED, WEIR_SNAPSHOT_TAKEN))
        return false;
    memcpy(to, s->shown, s->weights->n * sizeof(float));
    *step = s->step;
    weir_weights_release(s->weights);
    atomic_store_explicit(&s->state, WEIR_SNAPSHOT_NONE,
                          memory_order_release); /* W6 */
    return true;
}

bool weir_snapshot_offer(struct weir_snapshot *s, uint64_t step,
                         struct weir_weights *w)
{
    if (state_of(s) != WEIR_SNAPSHOT_WANTED || step < s->wanted ||
        weir_weights_is_held(w))
        return false;
    s->step = step;
    s->weights = w;
    s->shown = weir_weights_shown(w);
    weir_weights_keep(w);
    atomic_store_explicit(&s->state, WEIR_SNAPSHOT_OFFERED,
                          memory_order_release); /* W3 */
    return true;
}

void weir_snapshot_withdraw(struct weir_snapshot *s)
{
    if (turns(s, WEIR_SNAPSHOT_OFFERED, WEIR_SNAPSHOT_WANTED))
        weir_weights_release(s->weights);
    while (state_of(s) == WEIR_SNAPSHOT_TAKEN)
        sched_yield();
}
