/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "shm/barrier.h"

#include <pthread.h>
#include <unistd.h>

#define MEMBERS 4
#define ROUNDS  200

struct group {
    struct weir_barrier barrier;
    int arrived[MEMBERS]; /* rounds each member has begun; its own */
    int led;              /* rounds led; the leader's of the moment */
    int leaders[MEMBERS]; /* rounds led by each member */
    _Atomic int wrong;
};

struct member {
    struct group *group;
    int id;
    bool slow; /* so that the others fall asleep */
};

/* The leader sees every member's round; the members see the leader's count. */
static void *take_part(void *ctx)
{
    struct member *m = ctx;
    struct group *g = m->group;
    for (int round = 1; round <= ROUNDS; round++) {
        g->arrived[m->id] = round;
        if (m->slow && round % 10 == 0)
            usleep(500);
        if (weir_barrier_arrive(&g->barrier)) {
            for (int i = 0; i < MEMBERS; i++)
                if (g->arrived[i] != round)
                    atomic_store(&g->wrong, 1);
            g->led++;
            g->leaders[m->id]++;
            weir_barrier_open(&g->barrier);
        }
        if (g->led != round)
            atomic_store(&g->wrong, 2);
        /* led may move on only when all have looked at it. */
        if (weir_barrier_arrive(&g->barrier))
            weir_barrier_open(&g->barrier);
    }
    return NULL;
}

static void one_member_is_always_the_leader(void **state)
{
    (void)state;
    struct weir_barrier b;
    weir_barrier_init(&b, 1);
    for (int i = 0; i < 10; i++) {
        assert_true(weir_barrier_arrive(&b));
        weir_barrier_open(&b);
    }
}

static void run_group(bool slow)
{
    struct group *g = weir_array(1, sizeof(*g));
    struct member member[MEMBERS];
    pthread_t thread[MEMBERS];
    weir_barrier_init(&g->barrier, MEMBERS);
    for (int i = 0; i < MEMBERS; i++) {
        member[i] = (struct member){g, i, slow && i == 0};
        assert_int_equal(
            pthread_create(&thread[i], NULL, take_part, &member[i]), 0);
    }
    int led = 0;
    for (int i = 0; i < MEMBERS; i++) {
        pthread_join(thread[i], NULL);
        led += g->leaders[i];
    }
    assert_int_equal(g->wrong, 0);
    assert_int_equal(g->led, ROUNDS);
    assert_int_equal(led, ROUNDS);
    assert_int_equal(g->barrier.sleepers, 0);
    free(g);
}

static void each_round_has_one_leader_who_sees_all(void **state)
{
    (void)state;
    run_group(false);
}

static void members_that_fell_asleep_are_woken(void **state)
{
    (void)state;
    run_group(true);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(one_member_is_always_the_leader),
        cmocka_unit_test(each_round_has_one_leader_who_sees_all),
        cmocka_unit_test(members_that_fell_asleep_are_woken),
    };
    alarm(240); /* a member left behind must not hang the suite */
    return RUN(cases);
}
