/* SPDX-License-Identifier: BSD-3-Clause */
/* Two ringers post work, one consumer waits without a time limit. A ringer that
 * has rung for work still untaken, and finds the consumer asleep in the kernel,
 * has proof of a lost ring: a wake-up makes the sleeper runnable before the
 * call returns. The consumer must have slept, and must also have found work
 * without sleeping. */
#include "tests/stress/stress.h"

#include "shm/doorbell.h"

#include <sched.h>
#include <sys/syscall.h>

#define RINGERS 2
#define BURST   4

static struct weir_doorbell bell;
static pthread_barrier_t start;
static _Atomic long consumer_tid;

struct post {
    _Alignas(64) _Atomic uint64_t posted; /* by the ringer */
    _Atomic bool over;                    /* nothing comes after posted */
    uint64_t payload[BURST]; /* plain: only the edge of posted orders it */
    _Alignas(64) _Atomic uint64_t taken; /* by the consumer */
};

static struct post post[RINGERS];

/* 'R' runnable, 'S' asleep. */
static char state_of(long tid)
{
    char path[64], text[256] = "";
    snprintf(path, sizeof(path), "/proc/self/task/%ld/stat", tid);
    FILE *f = fopen(path, "re");
    if (f && !fgets(text, sizeof(text), f))
        text[0] = '\0';
    if (f)
        fclose(f);
    const char *end = strrchr(text, ')');
    return end ? end[2] : '?';
}

/* A ringer has found the consumer asleep and looks closer. */
static _Atomic bool suspicion;

/* The ring has returned: the consumer may be slow, but may not sleep. */
static void expect_taken(struct post *p, uint64_t n)
{
    int asleep = 0;
    for (uint64_t look = 1; atomic_load(&p->taken) < n; look++) {
        if (look % 1024)
            continue;
        /* Many looks: other sleeps than the doorbell's are short. */
        asleep = state_of(atomic_load(&consumer_tid)) == 'S' ? asleep + 1 : 0;
        atomic_store(&suspicion, asleep > 0);
        must(asleep < 200,
             "work %" PRIu64 " was rung for and its consumer sleeps: "
             "the ring is lost",
             n);
        if (asleep)
            usleep(1000);
        else
            sched_yield();
    }
    atomic_store(&suspicion, false);
}

struct ringer {
    int id;
    uint64_t posts, met_waiting;
};

static void post_one(struct ringer *me, struct post *p)
{
    uint64_t n = ++me->posts;
    p->payload[n % BURST] = n * 3;
    atomic_store_explicit(&p->posted, n, memory_order_release);
    me->met_waiting += atomic_load(&bell.waiting);
    weir_doorbell_ring(&bell);
}

/* Any ring wakes the sleeper for all: half of the time only one may ring, and
 * nobody else while he looks closer. */
static bool must_be_quiet(int id)
{
    return id > 0 && (atomic_load(&suspicion) || weir_now_ns() >> 25 & 1);
}

/* Come at any time, or just as the consumer goes to sleep. */
static void pick_a_moment(struct weir_rng *rng)
{
    if (weir_rng_below(rng, 4) == 0) {
        stress_dawdle(rng, 60000);
        return;
    }
    for (int look = 0; look < 100000 && !atomic_load(&bell.waiting); look++)
        ;
    stress_dawdle(rng, 300);
}

static void *ring_on(void *ctx)
{
    struct ringer *me = ctx;
    struct post *p = &post[me->id];
    struct weir_rng rng = stress_rng(1 + (uint64_t)me->id);
    pthread_barrier_wait(&start);
    while (stress_goes_on()) {
        if (must_be_quiet(me->id)) {
            usleep(100);
            continue;
        }
        pick_a_moment(&rng);
        for (uint32_t burst = weir_rng_below(&rng, BURST) + 1; burst > 0;
             burst--)
            post_one(me, p);
        expect_taken(p, me->posts);
    }
    atomic_store(&p->over, true);
    weir_doorbell_ring(&bell);
    return NULL;
}

static struct weir_rng asking;

static bool untaken(const struct post *p)
{
    uint64_t posted = atomic_load_explicit(&p->posted, memory_order_acquire);
    return posted > atomic_load_explicit(&p->taken, memory_order_relaxed);
}

static bool all_over(void)
{
    for (int i = 0; i < RINGERS; i++)
        if (!atomic_load(&post[i].over))
            return false;
    return true;
}

/* A slow question: much can happen between the look and the sleep. */
static bool is_ready(void *ctx)
{
    (void)ctx;
    for (int i = 0; i < RINGERS; i++)
        if (untaken(&post[i]))
            return true;
    if (all_over())
        return true;
    stress_dawdle(&asking, 200);
    return false;
}

/* One at a time, so that the next wait may find more at once. */
static void take(struct post *p)
{
    uint64_t n = atomic_load_explicit(&p->taken, memory_order_relaxed) + 1;
    must(p->payload[n % BURST] == n * 3,
         "the payload of work %" PRIu64 " is not there", n);
    atomic_store_explicit(&p->taken, n, memory_order_release);
}

struct waits {
    uint64_t asleep, awake;
};

static void *consume(void *ctx)
{
    struct waits *waits = ctx;
    asking = stress_rng(0);
    atomic_store(&consumer_tid, syscall(SYS_gettid));
    pthread_barrier_wait(&start);
    while (!all_over()) {
        long switches = stress_sleeps();
        must(weir_doorbell_wait(&bell, is_ready, NULL, INT64_MAX) == 0,
             "a wait without end has ended");
        if (stress_sleeps() > switches)
            waits->asleep++;
        else
            waits->awake++;
        for (int i = 0; i < RINGERS; i++)
            if (untaken(&post[i]))
                take(&post[i]);
    }
    return NULL;
}

int main(void)
{
    stress_begin("doorbell");
    pthread_barrier_init(&start, NULL, RINGERS + 1);
    struct waits waits = {0};
    struct ringer ringer[RINGERS] = {{.id = 0}, {.id = 1}};
    pthread_t consumer, thread[RINGERS];
    pthread_create(&consumer, NULL, consume, &waits);
    for (int i = 0; i < RINGERS; i++)
        pthread_create(&thread[i], NULL, ring_on, &ringer[i]);
    uint64_t posts = 0, met = 0;
    for (int i = 0; i < RINGERS; i++) {
        pthread_join(thread[i], NULL);
        posts += ringer[i].posts;
        met += ringer[i].met_waiting;
    }
    pthread_join(consumer, NULL);
    printf("%" PRIu64 " rings, %" PRIu64 " met a waiter; %" PRIu64
           " waits asleep, %" PRIu64 " awake\n",
           posts, met, waits.asleep, waits.awake);
    must(posts > 1000, "hardly anybody rang");
    must(met > 0, "no ring met a waiter");
    must(waits.asleep > 0, "the consumer never slept");
    must(waits.awake > 0, "the consumer always slept");
    return 0;
}
