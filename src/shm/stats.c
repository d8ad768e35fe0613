/* SPDX-License-Identifier: BSD-3-Clause */
#include "shm/stats.h"

#include "base/err.h"

#include <string.h>

/* Where each part lies, and how much all of them take. */
struct places {
    uint64_t counters, thread, lane, hist, bytes;
};

static uint64_t round_to_line(uint64_t bytes)
{
    return (bytes + WEIR_ALIGN - 1) / WEIR_ALIGN * WEIR_ALIGN;
}

static struct places places_of(const struct weir_stats_size *n)
{
    struct places p;
    p.counters = round_to_line(sizeof(struct weir_stats));
    p.thread = p.counters + round_to_line(weir_counters_bytes(n->counters));
    p.lane = p.thread + (uint64_t)n->threads * sizeof(struct weir_stats_thread);
    p.hist = p.lane + (uint64_t)n->lanes * sizeof(struct weir_stats_lane);
    p.bytes = p.hist + (uint64_t)n->hists * sizeof(struct weir_stats_hist);
    return p;
}

size_t weir_stats_bytes(const struct weir_stats_size *size)
{
    return places_of(size).bytes;
}

void weir_stats_init(struct weir_stats *s, const struct weir_stats_size *size)
{
    struct places p = places_of(size);
    s->size = *size;
    s->bytes = p.bytes;
    s->counters_at = p.counters;
    s->thread_at = p.thread;
    s->lane_at = p.lane;
    s->hist_at = p.hist;
    weir_counters_init(weir_stats_counters(s), size->counters);
}

int weir_stats_check(const struct weir_stats *s, size_t bytes)
{
    if (bytes < sizeof(*s))
        return WEIR_FAIL(WEIR_ECORRUPT, "statistics: %zu bytes", bytes);
    struct places p = places_of(&s->size);
    if (p.bytes > bytes || s->bytes != p.bytes ||
        s->counters_at != p.counters || s->thread_at != p.thread ||
        s->lane_at != p.lane || s->hist_at != p.hist ||
        weir_stats_counters(s)->capacity != s->size.counters ||
        weir_counters_count(weir_stats_counters(s)) > s->size.counters)
        return WEIR_FAIL(WEIR_ECORRUPT, "statistics: not laid out as here");
    return 0;
}

static void *at(const struct weir_stats *s, uint64_t offset)
{
    return (unsigned char *)s + offset;
}

struct weir_counters *weir_stats_counters(const struct weir_stats *s)
{
    return at(s, s->counters_at);
}

struct weir_stats_thread *weir_stats_thread(const struct weir_stats *s,
                                            uint32_t i)
{
    return (struct weir_stats_thread *)at(s, s->thread_at) + i;
}

struct weir_stats_lane *weir_stats_lane(const struct weir_stats *s, uint32_t i)
{
    return (struct weir_stats_lane *)at(s, s->lane_at) + i;
}

struct weir_stats_hist *weir_stats_hist(const struct weir_stats *s, uint32_t i)
{
    return (struct weir_stats_hist *)at(s, s->hist_at) + i;
}

const struct weir_counter *weir_stats_counter(const struct weir_stats *s,
                                              const char *label)
{
    const struct weir_counters *page = weir_stats_counters(s);
    uint32_t n = weir_counters_count(page);
    for (uint32_t i = 0; i < n; i++)
        if (!strncmp(page->counter[i].label, label,
                     sizeof(page->counter[i].label)))
            return &page->counter[i];
    return NULL;
}

void weir_stats_end(struct weir_stats *s, uint32_t ending, int64_t now_ns)
{
    atomic_store_explicit(&s->ended_ns, now_ns, memory_order_relaxed); /* E1 */
    atomic_store_explicit(&s->ending, ending, memory_order_release);   /* E1 */
}

uint32_t weir_stats_ending(const struct weir_stats *s)
{
    return atomic_load_explicit(&s->ending, memory_order_acquire); /* E2 */
}
