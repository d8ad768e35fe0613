/* SPDX-License-Identifier: BSD-3-Clause */
/* One writer that never waits over a ring of four cells, two readers. Readers
 * must be lapped, must also read a good deal, and must never see a record that
 * was not written whole, nor lose count. */
#include "tests/stress/stress.h"

#include "base/heap.h"
#include "shm/loss.h"

#define CAPACITY 4
#define READERS  2

static struct weir_loss_ring *ring;
static pthread_barrier_t start;
static _Atomic bool over;
static _Atomic int content; /* readers that met all they must meet */

/* Record number @p n: every field follows from it. */
static struct weir_loss_record record_of(uint64_t n)
{
    return (struct weir_loss_record){
        .batch = n,
        .mean = (float)(n & 0xffff),
        .deviation = (float)(n & 0xfff),
        .simulation = (uint32_t)n * 2654435761u,
        .step = (uint32_t)(n >> 3),
        .loss = (float)(n & 0xff),
        .index = (uint16_t)n,
        .total = (uint16_t)~n,
    };
}

static void *publish(void *ctx)
{
    uint64_t *n = ctx;
    struct weir_rng rng = stress_rng(0);
    pthread_barrier_wait(&start);
    while (stress_goes_on_until(atomic_load(&content) == READERS)) {
        for (uint32_t left = weir_rng_below(&rng, 100); left > 0; left--) {
            struct weir_loss_record r = record_of((*n)++);
            weir_loss_publish(ring, &r);
            weir_loss_publish_batch(ring, *n);
        }
        stress_dawdle(&rng, 3000);
    }
    atomic_store(&over, true);
    return NULL;
}

struct reader {
    int id;
    uint64_t position, lost, read, early;
    bool content;
};

/* Was lapped, read a good deal, caught up. */
static bool met_all(const struct reader *r)
{
    return r->lost > 0 && r->read > 1000 && r->early > 0;
}

/* Read what there is; false when the next record is not written yet. */
static bool read_one(struct reader *me)
{
    uint64_t through = weir_loss_through(ring), from = me->position;
    struct weir_loss_record got;
    if (weir_loss_read(ring, &me->position, &me->lost, &got)) {
        me->early++;
        must(through <= me->position,
             "%" PRIu64 " records are through, number %" PRIu64 " is not there",
             through, me->position);
        return false;
    }
    struct weir_loss_record want = record_of(me->position - 1);
    must(memcmp(&got, &want, sizeof(got)) == 0,
         "record %" PRIu64 " is torn: batch %" PRIu64 ", simulation %u",
         me->position - 1, got.batch, got.simulation);
    must(me->position > from, "a reader went backwards");
    me->read++;
    must(me->read + me->lost == me->position,
         "read %" PRIu64 " and lost %" PRIu64 " of %" PRIu64, me->read,
         me->lost, me->position);
    return true;
}

static void *read_on(void *ctx)
{
    struct reader *me = ctx;
    struct weir_rng rng = stress_rng(1 + (uint64_t)me->id);
    pthread_barrier_wait(&start);
    while (!atomic_load(&over)) {
        for (uint32_t n = weir_rng_below(&rng, 100); n > 0; n--)
            read_one(me);
        if (!me->content && met_all(me)) {
            me->content = true;
            atomic_fetch_add(&content, 1);
        }
        stress_dawdle(&rng, 1000);
    }
    while (read_one(me))
        ;
    return NULL;
}

int main(void)
{
    stress_begin("loss");
    ring = weir_array(1, weir_loss_bytes(CAPACITY));
    must(ring, "no ring");
    weir_loss_init(ring, CAPACITY);
    pthread_barrier_init(&start, NULL, READERS + 1);
    uint64_t published = 0;
    struct reader reader[READERS] = {{.id = 0}, {.id = 1}};
    pthread_t writer, thread[READERS];
    pthread_create(&writer, NULL, publish, &published);
    for (int i = 0; i < READERS; i++)
        pthread_create(&thread[i], NULL, read_on, &reader[i]);
    pthread_join(writer, NULL);
    for (int i = 0; i < READERS; i++) {
        struct reader *r = &reader[i];
        pthread_join(thread[i], NULL);
        printf("%" PRIu64 " records: reader %d read %" PRIu64 ", lost %" PRIu64
               ", came early %" PRIu64 " times\n",
               published, i, r->read, r->lost, r->early);
        must(r->position == published, "reader %d is not at the end", i);
        must(r->lost > 0, "reader %d was never lapped", i);
        must(r->read > 1000, "reader %d hardly read", i);
        must(r->early > 0, "reader %d never caught up", i);
    }
    free(ring);
    return 0;
}
