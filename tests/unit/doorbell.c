/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "shm/doorbell.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* A thing to wait for, and how often the waiter asked. */
struct work {
    struct weir_doorbell bell;
    _Atomic int ready;
    _Atomic int asked;
};

static bool is_ready(void *ctx)
{
    struct work *w = ctx;
    atomic_fetch_add(&w->asked, 1);
    return atomic_load(&w->ready);
}

/* Ring once the waiter has announced that it sleeps or is about to. */
static void *ring_when_waiting(void *ctx)
{
    struct work *w = ctx;
    while (!atomic_load(&w->bell.waiting))
        usleep(100);
    usleep(1000);
    atomic_store(&w->ready, 1);
    weir_doorbell_ring(&w->bell);
    return NULL;
}

static void work_that_is_there_is_not_waited_for(void **state)
{
    (void)state;
    struct work w = {.ready = 1};
    ok(weir_doorbell_wait(&w.bell, is_ready, &w, INT64_MAX));
    assert_int_equal(w.asked, 1);
    assert_int_equal(w.bell.waiting, 0);
}

static void no_time_still_asks(void **state)
{
    (void)state;
    struct work w = {.ready = 0};
    const int64_t times[] = {0, -1, INT64_MIN / 2};
    for (size_t i = 0; i < 3; i++) {
        w.asked = 0;
        weir_err_clear();
        fails(weir_doorbell_wait(&w.bell, is_ready, &w, times[i]), -EAGAIN);
        assert_true(w.asked > 0);
        assert_int_equal(weir_err_code(), 0);
    }
}

static void a_wait_ends_when_its_time_has_passed(void **state)
{
    (void)state;
    struct work w = {.ready = 0};
    fails(weir_doorbell_wait(&w.bell, is_ready, &w, 1000000), -EAGAIN);
    assert_true(w.asked > 1);
    assert_int_equal(w.bell.waiting, 0);
}

static void rings_without_work_do_not_end_a_wait(void **state)
{
    (void)state;
    struct work w = {.ready = 0};
    for (int i = 0; i < 3; i++)
        weir_doorbell_ring(&w.bell);
    fails(weir_doorbell_wait(&w.bell, is_ready, &w, 1000000), -EAGAIN);
}

static void a_ring_wakes_a_sleeper_that_would_wait_for_ever(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct work w = {.ready = 0};
        pthread_t ringer;
        assert_int_equal(pthread_create(&ringer, NULL, ring_when_waiting, &w),
                         0);
        ok(weir_doorbell_wait(&w.bell, is_ready, &w, INT64_MAX));
        pthread_join(ringer, NULL);
        assert_int_equal(w.bell.waiting, 0);
    }
}

static void a_ring_reaches_another_process(void **state)
{
    (void)state;
    struct work *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(w != MAP_FAILED);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(weir_doorbell_wait(&w->bell, is_ready, w, INT64_MAX) ? 1 : 0);
    ring_when_waiting(w);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    munmap(w, sizeof(*w));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(work_that_is_there_is_not_waited_for),
        cmocka_unit_test(no_time_still_asks),
        cmocka_unit_test(a_wait_ends_when_its_time_has_passed),
        cmocka_unit_test(rings_without_work_do_not_end_a_wait),
        cmocka_unit_test(a_ring_wakes_a_sleeper_that_would_wait_for_ever),
        cmocka_unit_test(a_ring_reaches_another_process),
    };
    alarm(120); /* a lost ring must not hang the suite */
    return RUN(cases);
}
