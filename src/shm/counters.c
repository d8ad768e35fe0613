/* SPDX-License-Identifier: BSD-3-Clause */
#include "shm/counters.h"

#include <stdio.h>

size_t weir_counters_bytes(uint32_t capacity)
{
    return sizeof(struct weir_counters) +
           capacity * sizeof(struct weir_counter);
}

void weir_counters_init(struct weir_counters *page, uint32_t capacity)
{
    atomic_init(&page->count, 0);
    page->capacity = capacity;
}

uint32_t weir_counters_count(const struct weir_counters *page)
{
    return atomic_load_explicit(&page->count, memory_order_acquire); /* N2 */
}

struct weir_counter *weir_counter_add(struct weir_counters *page,
                                      enum weir_counter_kind kind,
                                      const char *label)
{
    uint32_t n = weir_counters_count(page);
    if (n == page->capacity)
        return NULL;
    struct weir_counter *c = &page->counter[n];
    c->kind = kind;
    snprintf(c->label, sizeof(c->label), "%s", label);
    weir_counter_set(c, 0);
    atomic_store_explicit(&page->count, n + 1, memory_order_release); /* N1 */
    return c;
}
