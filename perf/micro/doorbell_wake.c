/* SPDX-License-Identifier: BSD-3-Clause */
/* How long from just before a ring to the waiter running: when it still spins,
 * and when it sleeps in the kernel; and what the ring costs the ringer, then
 * and when nobody waits.
 * Usage: doorbell_wake [WAKES]   (default 5000) */
#include "perf/perf.h"

#include "shm/doorbell.h"
#include "shm/futex.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static struct weir_doorbell bell;
/* When the ring began; 0: none. The waiter's load (C1) sees all that was before
 * the ringer's store (P1). */
static _Alignas(64) _Atomic int64_t posted;
static _Alignas(64) _Atomic uint64_t rounds; /* waits entered */
static _Atomic bool over;

static bool is_posted(void *ctx)
{
    (void)ctx;
    return atomic_load_explicit(&posted, memory_order_acquire) != 0; /* C1 */
}

static void *wait_on(void *ctx)
{
    struct weir_hist *delay = ctx;
    while (!atomic_load(&over)) {
        atomic_fetch_add(&rounds, 1);
        weir_doorbell_wait(&bell, is_posted, NULL, INT64_MAX);
        weir_hist_record(delay, weir_now_ns() - atomic_load(&posted));
        atomic_store(&posted, 0);
    }
    return NULL;
}

/* Ring @p wakes times, each time @p pause_ns after the waiter began to wait. */
static void run(const char *state, int core, int64_t pause_ns, int wakes)
{
    struct weir_hist *delay = weir_array(1, sizeof(*delay));
    struct weir_hist *cost = weir_array(1, sizeof(*cost));
    atomic_store(&over, false);
    atomic_store(&rounds, 0);
    atomic_store(&bell.waiting, 0);
    pthread_t thread = perf_start(core, wait_on, delay);
    for (int i = 1; i <= wakes; i++) {
        while (atomic_load(&rounds) < (uint64_t)i || atomic_load(&posted))
            weir_pause();
        int64_t from = weir_now_ns() + pause_ns;
        while (weir_now_ns() < from)
            weir_pause();
        if (i == wakes)
            atomic_store(&over, true);
        int64_t before = weir_now_ns();
        atomic_store_explicit(&posted, before, memory_order_release); /* P1 */
        weir_doorbell_ring(&bell);
        weir_hist_record(cost, weir_now_ns() - before);
    }
    pthread_join(thread, NULL);
    perf_row("doorbell.wake", "ns", delay, "\"waiter\": \"%s\", ", state);
    perf_row("doorbell.ring", "ns", cost, "\"waiter\": \"%s\", ", state);
    free(cost);
    free(delay);
}

static void ring_alone(int rings)
{
    struct weir_hist *h = weir_array(1, sizeof(*h));
    atomic_store(&bell.waiting, 0);
    for (int i = 0; i < rings; i++) {
        int64_t before = weir_now_ns();
        weir_doorbell_ring(&bell);
        weir_hist_record(h, weir_now_ns() - before);
    }
    perf_row("doorbell.ring", "ns", h, "\"waiter\": \"none\", ");
    free(h);
}

int main(int argc, char **argv)
{
    int wakes = argc > 1 ? atoi(argv[1]) : 5000, core = perf_core(1);
    perf_conditions("doorbell_wake",
                    "ringer on core %d, waiter on core %d, %d wakes",
                    perf_core(0), core, wakes);
    perf_pin(perf_core(0));
    run("spinning", core, 5000, wakes);
    run("asleep", core, 200000, wakes);
    ring_alone(100000);
    return 0;
}
