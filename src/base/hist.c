/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/hist.h"

#include <math.h>

#define SUB_BITS 7 /* 128 buckets per power of two */
#define EXACT    (2u << SUB_BITS)
#define TOP_BITS 40

_Static_assert(WEIR_HIST_BUCKETS ==
                   EXACT + (TOP_BITS - SUB_BITS - 1) * (1 << SUB_BITS),
               "bucket count follows from range and resolution");

/* H1: the owner's own words and stale-by-design statistics. */
static uint64_t get(const _Atomic uint64_t *p)
{
    return atomic_load_explicit(p, memory_order_relaxed); /* H1 */
}

static void set(_Atomic uint64_t *p, uint64_t v)
{
    atomic_store_explicit(p, v, memory_order_relaxed); /* H1 */
}

size_t weir_hist_index(uint64_t value)
{
    if (value < EXACT)
        return (size_t)value;
    if (value >> TOP_BITS)
        return WEIR_HIST_BUCKETS - 1;
    int shift = 63 - __builtin_clzll(value) - SUB_BITS;
    return (size_t)shift * (1 << SUB_BITS) + (size_t)(value >> shift);
}

uint64_t weir_hist_lower(size_t i)
{
    if (i < EXACT)
        return i;
    size_t shift = (i >> SUB_BITS) - 1;
    return (uint64_t)(i - (shift << SUB_BITS)) << shift;
}

void weir_hist_reset(struct weir_hist *h)
{
    set(&h->count, 0);
    set(&h->sum, 0);
    set(&h->min, 0);
    set(&h->max, 0);
    for (size_t i = 0; i < WEIR_HIST_BUCKETS; i++)
        set(&h->bucket[i], 0);
}

void weir_hist_record(struct weir_hist *h, int64_t value)
{
    uint64_t v = value > 0 ? (uint64_t)value : 0;
    size_t i = weir_hist_index(v);
    uint64_t n = get(&h->count);
    if (n == 0 || v < get(&h->min))
        set(&h->min, v);
    if (v > get(&h->max))
        set(&h->max, v);
    set(&h->sum, get(&h->sum) + v);
    set(&h->bucket[i], get(&h->bucket[i]) + 1);
    set(&h->count, n + 1);
}

void weir_hist_merge(struct weir_hist *into, const struct weir_hist *from)
{
    uint64_t n = get(&from->count), had = get(&into->count);
    if (n == 0)
        return;
    if (had == 0 || get(&from->min) < get(&into->min))
        set(&into->min, get(&from->min));
    if (get(&from->max) > get(&into->max))
        set(&into->max, get(&from->max));
    set(&into->sum, get(&into->sum) + get(&from->sum));
    set(&into->count, had + n);
    for (size_t i = 0; i < WEIR_HIST_BUCKETS; i++)
        set(&into->bucket[i], get(&into->bucket[i]) + get(&from->bucket[i]));
}

static uint64_t middle_of(size_t i)
{
    if (i < EXACT || i + 1 >= WEIR_HIST_BUCKETS)
        return weir_hist_lower(i);
    return (weir_hist_lower(i) + weir_hist_lower(i + 1)) / 2;
}

uint64_t weir_hist_quantile(const struct weir_hist *h, double q)
{
    uint64_t n = get(&h->count), seen = 0;
    if (n == 0)
        return 0;
    uint64_t rank = (uint64_t)ceil(q * (double)n);
    uint64_t lo = get(&h->min), hi = get(&h->max);
    for (size_t i = 0; i < WEIR_HIST_BUCKETS; i++) {
        seen += get(&h->bucket[i]);
        if (seen >= rank && seen > 0) {
            uint64_t v = i + 1 == WEIR_HIST_BUCKETS ? hi : middle_of(i);
            return v < lo ? lo : v > hi ? hi : v;
        }
    }
    return hi;
}

double weir_hist_mean(const struct weir_hist *h)
{
    uint64_t n = get(&h->count);
    return n ? (double)get(&h->sum) / (double)n : 0.0;
}

uint64_t weir_hist_count(const struct weir_hist *h)
{
    return get(&h->count);
}

uint64_t weir_hist_max(const struct weir_hist *h)
{
    return get(&h->max);
}

uint64_t weir_hist_bucket(const struct weir_hist *h, size_t i)
{
    return get(&h->bucket[i]);
}
