/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SHM_COUNTERS_H
#define WEIR_SHM_COUNTERS_H

/**
 * @file
 * The counters page: what a viewer may see of a running job. A counter is one
 * cache line {label, kind, value}; one thread owns it, anyone reads it, and no
 * two owners share a line.
 *
 * Edges
 *   N1 release store of `count` in add  ->  N2 acquire load in count: label and
 *      kind of every counter below it are visible.
 * Relaxed accesses
 *   N3 values: statistics, stale by design; each stands for itself.
 * Exclusion: add is for one thread, before the stages start.
 */
#include "base/heap.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum weir_counter_kind {
    WEIR_COUNTER_TOTAL,  /* only grows */
    WEIR_COUNTER_LEVEL,  /* goes up and down */
    WEIR_COUNTER_TIME,   /* CLOCK_MONOTONIC nanoseconds */
    WEIR_COUNTER_MICROS, /* a real number in millionths */
};

struct weir_counter {
    _Alignas(WEIR_ALIGN) _Atomic int64_t value;
    uint32_t kind;
    char label[52];
};

_Static_assert(sizeof(struct weir_counter) == 64, "one line a counter");

struct weir_counters {
    _Alignas(WEIR_ALIGN) _Atomic uint32_t count;
    uint32_t capacity;
    _Alignas(WEIR_ALIGN) struct weir_counter counter[];
};

size_t weir_counters_bytes(uint32_t capacity);
void weir_counters_init(struct weir_counters *page, uint32_t capacity);
/**
 * Add a counter called @p label (cut at 51 bytes).
 * @return the counter, or NULL when the page is full
 */
struct weir_counter *weir_counter_add(struct weir_counters *page,
                                      enum weir_counter_kind kind,
                                      const char *label);
/** Counters so far. */
uint32_t weir_counters_count(const struct weir_counters *page);

static inline void weir_counter_set(struct weir_counter *c, int64_t value)
{
    atomic_store_explicit(&c->value, value, memory_order_relaxed); /* N3 */
}

static inline int64_t weir_counter_get(const struct weir_counter *c)
{
    return atomic_load_explicit(&c->value, memory_order_relaxed); /* N3 */
}

/** Owner only: no read-modify-write is needed. */
static inline void weir_counter_count(struct weir_counter *c, int64_t by)
{
    weir_counter_set(c, weir_counter_get(c) + by);
}

#endif
