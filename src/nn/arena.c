/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/arena.h"

#include "base/heap.h"

#include <stdbool.h>

static size_t end_of(const struct weir_span *s)
{
    size_t line = WEIR_ALIGN / sizeof(float);
    return s->at + (s->floats + line - 1) / line * line;
}

static bool collide(const struct weir_span *a, const struct weir_span *b)
{
    return a->first <= b->last && b->first <= a->last && a->at < end_of(b) &&
           b->at < end_of(a);
}

/* Move span i up past whatever it meets until it meets nothing. */
static void settle(struct weir_span *spans, int i)
{
    spans[i].at = 0;
    for (int j = 0; j < i; j++) {
        if (collide(&spans[i], &spans[j])) {
            spans[i].at = end_of(&spans[j]);
            j = -1;
        }
    }
}

size_t weir_arena_plan(struct weir_span *spans, int n)
{
    size_t total = 0;
    for (int i = 0; i < n; i++) {
        settle(spans, i);
        if (total < end_of(&spans[i]))
            total = end_of(&spans[i]);
    }
    return total;
}
