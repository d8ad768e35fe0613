/* SPDX-License-Identifier: BSD-3-Clause */
/* A producer and a consumer in bursts over a short ring of 64-byte elements,
 * and a third thread that counts. The producer must find the ring full, the
 * consumer empty, and every element must arrive whole, once and in order. */
#include "tests/stress/stress.h"

#include "base/heap.h"
#include "shm/ring.h"

#include <sched.h>

#define CAPACITY 8
#define WORDS    8

static struct weir_ring *ring;
static pthread_barrier_t start;
static _Atomic bool over;
static _Atomic bool seen_empty, seen_between; /* by consumer and counter */

/* Word @p w of element @p n. */
static uint64_t word_of(uint64_t n, int w)
{
    return (n + 1) * 0x9e3779b97f4a7c15u + (uint64_t)w * n;
}

struct side {
    uint64_t elements;
    uint64_t refused; /* times the ring was full, or empty */
};

/* Where there are fewer cores than threads the other side needs ours. */
static void refuse(struct side *me)
{
    if (++me->refused % 64 == 0)
        sched_yield();
}

static void write_one(struct side *me)
{
    uint64_t *at = weir_ring_reserve(ring);
    if (!at) {
        refuse(me);
        return;
    }
    for (int w = 0; w < WORDS; w++)
        at[w] = word_of(me->elements, w);
    weir_ring_commit(ring);
    me->elements++;
}

static void read_one(struct side *me)
{
    const uint64_t *at = weir_ring_peek(ring);
    if (!at) {
        must(atomic_load(&weir_ring_cell(ring, me->elements)->stamp) <=
                 me->elements + 1,
             "element %" PRIu64 " was overwritten unread", me->elements);
        refuse(me);
        return;
    }
    for (int w = 0; w < WORDS; w++)
        must(at[w] == word_of(me->elements, w),
             "word %d of element %" PRIu64 " is not what was written", w,
             me->elements);
    weir_ring_release(ring);
    me->elements++;
}

static bool has_met_all(const struct side *me)
{
    return me->elements > 100 * CAPACITY && me->refused > 0 &&
           atomic_load(&seen_empty) && atomic_load(&seen_between);
}

static void *produce(void *ctx)
{
    struct side *me = ctx;
    struct weir_rng rng = stress_rng(0);
    pthread_barrier_wait(&start);
    while (stress_goes_on_until(has_met_all(me))) {
        for (uint32_t n = weir_rng_below(&rng, 200); n > 0; n--)
            write_one(me);
        stress_dawdle(&rng, 2000);
    }
    atomic_store(&over, true);
    return NULL;
}

static void *consume(void *ctx)
{
    struct side *me = ctx;
    struct weir_rng rng = stress_rng(1);
    pthread_barrier_wait(&start);
    while (!atomic_load(&over)) {
        for (uint32_t n = weir_rng_below(&rng, 200); n > 0; n--)
            read_one(me);
        if (me->refused > 0)
            atomic_store(&seen_empty, true);
        stress_dawdle(&rng, 2000);
    }
    while (weir_ring_peek(ring))
        read_one(me);
    return NULL;
}

static void *count(void *ctx)
{
    uint64_t *between = ctx;
    pthread_barrier_wait(&start);
    while (!atomic_load(&over)) {
        uint64_t n = weir_ring_count(ring);
        must(n <= CAPACITY, "a ring of %d holds %" PRIu64, CAPACITY, n);
        *between += n > 0 && n < CAPACITY;
        if (*between > 0)
            atomic_store(&seen_between, true);
        sched_yield();
    }
    return NULL;
}

int main(void)
{
    stress_begin("ring");
    size_t bytes = WORDS * sizeof(uint64_t);
    ring = weir_array(1, weir_ring_bytes(CAPACITY, bytes));
    must(ring && weir_ring_init(ring, CAPACITY, bytes) == 0, "no ring");
    pthread_barrier_init(&start, NULL, 3);
    struct side in = {0}, out = {0};
    uint64_t between = 0;
    pthread_t producer, consumer, counter;
    pthread_create(&producer, NULL, produce, &in);
    pthread_create(&consumer, NULL, consume, &out);
    pthread_create(&counter, NULL, count, &between);
    pthread_join(producer, NULL);
    pthread_join(consumer, NULL);
    pthread_join(counter, NULL);
    printf("%" PRIu64 " elements, full %" PRIu64 " times, empty %" PRIu64
           " times, in between %" PRIu64 " times\n",
           in.elements, in.refused, out.refused, between);
    must(in.elements == out.elements,
         "%" PRIu64 " elements went in and %" PRIu64 " came out", in.elements,
         out.elements);
    must(in.elements > 100 * CAPACITY, "the ring hardly moved");
    must(in.refused > 0, "the ring was never full");
    must(out.refused > 0, "the ring was never empty");
    must(between > 0, "nobody ever saw it filling");
    free(ring);
    return 0;
}
