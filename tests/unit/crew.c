/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads that are called and sent away, many times over: who is in the crew
 * works, who is not sleeps, and what the leader did is seen by whom it calls. */
#include "tests/test.h"

#include "shm/barrier.h"
#include "shm/crew.h"

#include <pthread.h>
#include <unistd.h>

#define THREADS 5
#define ROUNDS  500

/* The trainer's way: a barrier of those who work, and a crew. */
struct work {
    struct weir_barrier barrier;
    struct weir_crew crew;
    uint32_t active; /* the leader's: for the coming round */
    int round;       /* the leader's */
    bool over;
    int done[THREADS];     /* rounds each has worked; its own */
    int expected[THREADS]; /* the leader's */
    _Atomic int wrong;
};

struct member {
    struct work *work;
    uint32_t id;
};

static void lead(struct work *w)
{
    for (uint32_t i = 0; i < THREADS; i++)
        if (w->done[i] != w->expected[i])
            atomic_store(&w->wrong, 1);
    w->round++;
    w->over = w->round == ROUNDS;
    uint32_t before = w->active;
    uint32_t now = w->over ? THREADS : 1 + (uint32_t)(w->round * 7 % THREADS);
    w->active = now;
    for (uint32_t i = 0; i < now && !w->over; i++)
        w->expected[i]++;
    weir_barrier_resize(&w->barrier, now);
    if (now < before)
        weir_crew_set(&w->crew, now);
    weir_barrier_open(&w->barrier);
    if (now > before)
        weir_crew_set(&w->crew, now);
}

static void *member_thread(void *ctx)
{
    struct member *m = ctx;
    struct work *w = m->work;
    for (bool is_new = m->id > 0;; is_new = false) {
        if (!is_new && weir_barrier_arrive(&w->barrier))
            lead(w);
        weir_crew_wait(&w->crew, m->id);
        if (w->over)
            return NULL;
        if (m->id >= w->active)
            atomic_store(&w->wrong, 2);
        w->done[m->id]++;
    }
}

static void whoever_is_called_works_and_nobody_else(void **state)
{
    (void)state;
    struct work w = {.active = 1};
    struct member m[THREADS];
    pthread_t thread[THREADS];
    alarm(240);
    weir_barrier_init(&w.barrier, 1);
    weir_crew_init(&w.crew, 1);
    for (uint32_t i = 0; i < THREADS; i++) {
        m[i] = (struct member){&w, i};
        ok(pthread_create(&thread[i], NULL, member_thread, &m[i]));
    }
    for (uint32_t i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    alarm(0);
    assert_int_equal(atomic_load(&w.wrong), 0);
    assert_int_equal(w.round, ROUNDS);
    assert_int_equal(w.done[0], ROUNDS - 1);
    assert_true(w.done[THREADS - 1] > 0 && w.done[THREADS - 1] < ROUNDS / 2);
}

static void who_is_in_it_does_not_wait(void **state)
{
    (void)state;
    struct weir_crew c;
    weir_crew_init(&c, 2);
    weir_crew_wait(&c, 0);
    weir_crew_wait(&c, 1);
    weir_crew_set(&c, 3);
    weir_crew_wait(&c, 2);
    assert_int_equal(weir_crew_active(&c), 3);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(whoever_is_called_works_and_nobody_else),
        cmocka_unit_test(who_is_in_it_does_not_wait),
    };
    return RUN(cases);
}
