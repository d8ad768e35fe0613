/* SPDX-License-Identifier: BSD-3-Clause */
/* Members that arrive at random times. Each round has one leader, who sees what
 * all wrote before they arrived; all see what the leader wrote before it opened
 * the barrier. Some waits must have been long enough to sleep in. */
#include "tests/stress/stress.h"

#include "base/heap.h"
#include "shm/barrier.h"

#define MEMBERS 4

static struct weir_barrier barrier;
static pthread_barrier_t start;

/* Plain words: only the barrier orders them. */
static uint64_t arrived[MEMBERS]; /* each member's own */
static uint64_t led;              /* the leader's of the round */
static bool last;                 /* likewise: no round after this one */
static uint64_t leaders[MEMBERS]; /* rounds led; the leader's */

static _Atomic uint64_t asleep, awake; /* waits with and without a sleep */

static void lead(int id, uint64_t round)
{
    for (int i = 0; i < MEMBERS; i++)
        must(arrived[i] == round,
             "member %d is in round %" PRIu64 ", its leader in %" PRIu64, i,
             arrived[i], round);
    must(led == round - 1, "round %" PRIu64 " was led twice", round);
    led = round;
    leaders[id]++;
    last = !stress_goes_on();
    weir_barrier_open(&barrier);
}

static void *take_part(void *ctx)
{
    int id = (int)(intptr_t)ctx;
    struct weir_rng rng = stress_rng((uint64_t)id);
    bool stop = false;
    pthread_barrier_wait(&start);
    for (uint64_t round = 1; !stop; round++) {
        arrived[id] = round;
        if (weir_rng_below(&rng, 50) == 0)
            usleep(weir_rng_below(&rng, 300));
        stress_dawdle(&rng, 500);
        long switches = stress_sleeps();
        if (weir_barrier_arrive(&barrier))
            lead(id, round);
        else
            atomic_fetch_add(stress_sleeps() > switches ? &asleep : &awake, 1);
        must(led == round,
             "member %d passed round %" PRIu64 ", led is %" PRIu64, id, round,
             led);
        stop = last;
        /* Nobody may change led or last while another still looks. */
        if (weir_barrier_arrive(&barrier))
            weir_barrier_open(&barrier);
    }
    return NULL;
}

int main(void)
{
    stress_begin("barrier");
    weir_barrier_init(&barrier, MEMBERS);
    pthread_barrier_init(&start, NULL, MEMBERS);
    pthread_t thread[MEMBERS];
    for (intptr_t i = 0; i < MEMBERS; i++)
        pthread_create(&thread[i], NULL, take_part, (void *)i);
    int different = 0;
    for (int i = 0; i < MEMBERS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < MEMBERS; i++)
        different += leaders[i] > 0;
    printf("%" PRIu64 " rounds, %" PRIu64 " waits asleep, %" PRIu64
           " awake, %d leaders\n",
           led, asleep, awake, different);
    must(led > 100, "the barrier hardly moved");
    must(asleep > 0, "nobody ever slept");
    must(awake > 0, "everybody always slept");
    must(different > 1, "the same member always led");
    return 0;
}
