/* SPDX-License-Identifier: BSD-3-Clause */
/* What a loss record costs to publish and to read, and how long it takes from
 * one core to another: a writer that publishes a batch of 20 every 100 us, as a
 * trainer of small batches does, and a reader that never rests.
 * Usage: loss_cell [REPETITIONS]   (default 20) */
#include "perf/perf.h"

#include "shm/futex.h"
#include "shm/loss.h"

#include <pthread.h>

#define CAPACITY 16384
#define BATCH    20
#define BATCHES  500
#define GAP_NS   100000

static struct weir_loss_ring *ring;
static pthread_barrier_t gate;
static int reader_core;

/* Nanoseconds per record, over the whole ring at once. */
static void alone(struct weir_hist *publish, struct weir_hist *read)
{
    struct weir_loss_record r = {.total = BATCH};
    uint64_t at = 0, lost = 0;
    weir_loss_init(ring, CAPACITY);
    int64_t a = weir_now_ns();
    for (int i = 0; i < CAPACITY; i++) {
        r.batch = (uint64_t)i;
        weir_loss_publish(ring, &r);
    }
    int64_t b = weir_now_ns();
    while (weir_loss_read(ring, &at, &lost, &r) == 0)
        ;
    int64_t c = weir_now_ns();
    weir_hist_record(publish, (b - a) * 10 / CAPACITY);
    weir_hist_record(read, (c - b) * 10 / CAPACITY);
}

struct reader {
    struct weir_hist delay;
    uint64_t lost;
};

/* A record carries the time at which its publication began. */
static void *read_all(void *ctx)
{
    struct reader *me = ctx;
    struct weir_loss_record r;
    uint64_t at = 0;
    pthread_barrier_wait(&gate);
    while (at < (uint64_t)BATCH * BATCHES)
        if (weir_loss_read(ring, &at, &me->lost, &r) == 0)
            weir_hist_record(&me->delay, weir_now_ns() - (int64_t)r.batch);
        else
            weir_pause();
    return NULL;
}

static void across(struct reader *reader)
{
    struct weir_loss_record r = {.total = BATCH};
    memset(ring, 0, weir_loss_bytes(CAPACITY));
    weir_loss_init(ring, CAPACITY);
    pthread_barrier_init(&gate, NULL, 2);
    pthread_t thread = perf_start(reader_core, read_all, reader);
    pthread_barrier_wait(&gate);
    for (int i = 0; i < BATCHES; i++) {
        int64_t until = weir_now_ns() + GAP_NS;
        for (int k = 0; k < BATCH; k++) {
            r.batch = (uint64_t)weir_now_ns();
            weir_loss_publish(ring, &r);
        }
        while (weir_now_ns() < until)
            weir_pause();
    }
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    int repetitions = argc > 1 ? atoi(argv[1]) : 20;
    reader_core = perf_core(1);
    perf_conditions("loss_cell",
                    "writer on core %d, reader on core %d, %d repetitions",
                    perf_core(0), reader_core, repetitions);
    perf_pin(perf_core(0));
    ring = weir_array(1, weir_loss_bytes(CAPACITY));
    struct weir_hist *h = weir_array(2, sizeof(*h));
    struct reader *reader = weir_array(1, sizeof(*reader));
    for (int i = 0; i < repetitions * 10; i++)
        alone(&h[0], &h[1]);
    perf_row("loss.publish", "0.1 ns", &h[0], "\"records\": %d, ", CAPACITY);
    perf_row("loss.read", "0.1 ns", &h[1], "\"records\": %d, ", CAPACITY);
    for (int i = 0; i < repetitions; i++)
        across(reader);
    perf_row("loss.delay", "ns", &reader->delay,
             "\"batch\": %d, \"lost\": %" PRIu64 ", ", BATCH, reader->lost);
    free(reader);
    free(h);
    free(ring);
    return 0;
}
