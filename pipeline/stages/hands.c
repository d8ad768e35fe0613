/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/hands.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/heap.h"

#include <hwloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct hand {
    struct weir_hands *all;
    uint32_t number;
    pthread_t thread;
};

struct weir_hands {
    struct weir_run *run;
    uint32_t n, started; /* hands; threads of them */
    void (*leave)(void *ctx, uint32_t hand);
    void *ctx;
    struct weir_place place;
    struct hand *hand; /* [n] */

    pthread_mutex_t mutex;       /* of all that follows */
    pthread_cond_t called, done; /* a task is there; a hand has finished it */
    const struct weir_task *task;
    uint64_t round; /* tasks so far */
    uint32_t next;  /* item */
    uint32_t busy;  /* hands */
    bool over;
    int64_t cpu_ns;
    struct weir_err_record failed; /* the first error */
};

/* ---- a task ---- */

/* @return whether there is an item for a hand, and which */
static bool take(struct weir_hands *h, uint32_t *item)
{
    const struct weir_task *t = h->task;
    pthread_mutex_lock(&h->mutex);
    bool any = h->next < t->items && !h->failed.code &&
               (h->next < h->n || weir_now_ns() < t->until_ns);
    if (any)
        *item = h->next++;
    pthread_mutex_unlock(&h->mutex);
    return any;
}

static void fail(struct weir_hands *h)
{
    pthread_mutex_lock(&h->mutex);
    if (!h->failed.code)
        weir_err_export(&h->failed);
    pthread_mutex_unlock(&h->mutex);
}

static void work(struct weir_hands *h, uint32_t hand)
{
    uint32_t item;
    while (take(h, &item))
        if (h->task->item(h->task->ctx, hand, item))
            fail(h);
}

/* ---- the threads ---- */

static bool is_called(struct weir_hands *h, uint64_t *seen)
{
    pthread_mutex_lock(&h->mutex);
    while (h->round == *seen && !h->over)
        pthread_cond_wait(&h->called, &h->mutex);
    bool called = !h->over;
    *seen = h->round;
    pthread_mutex_unlock(&h->mutex);
    return called;
}

static void finish(struct weir_hands *h, int64_t cpu_ns)
{
    pthread_mutex_lock(&h->mutex);
    h->cpu_ns += cpu_ns;
    if (--h->busy == 0)
        pthread_cond_signal(&h->done);
    pthread_mutex_unlock(&h->mutex);
}

static void *hand_thread(void *arg)
{
    struct hand *me = arg;
    struct weir_hands *h = me->all;
    uint64_t seen = 0;
    char name[16];
    snprintf(name, sizeof(name), "weir-hand%u", me->number);
    if (h->run)
        weir_run_enter(h->run, &h->place, name);
    while (is_called(h, &seen)) {
        int64_t before = weir_thread_cpu_ns();
        work(h, me->number);
        finish(h, weir_thread_cpu_ns() - before);
    }
    h->leave(h->ctx, me->number);
    return NULL;
}

static int start(struct weir_hands *h)
{
    while (h->started + 1 < h->n) {
        struct hand *next = &h->hand[h->started + 1];
        *next = (struct hand){.all = h, .number = h->started + 1};
        int rc = pthread_create(&next->thread, NULL, hand_thread, next);
        if (rc)
            return WEIR_FAIL(rc, "thread %u of acquisition", next->number);
        h->started++;
    }
    return 0;
}

int weir_hands_work(struct weir_hands *h, const struct weir_task *task)
{
    int rc = start(h);
    if (rc)
        return rc;
    pthread_mutex_lock(&h->mutex);
    h->task = task;
    h->next = 0;
    h->busy = h->started;
    h->failed.code = 0;
    h->round++;
    pthread_cond_broadcast(&h->called);
    pthread_mutex_unlock(&h->mutex);
    work(h, 0);
    pthread_mutex_lock(&h->mutex);
    while (h->busy)
        pthread_cond_wait(&h->done, &h->mutex);
    uint32_t done = h->next;
    pthread_mutex_unlock(&h->mutex);
    return h->failed.code ? weir_err_import(&h->failed) : (int)done;
}

int64_t weir_hands_cpu_ns(const struct weir_hands *h)
{
    return h->cpu_ns; /* between two tasks nobody adds to it */
}

/* ---- creation ---- */

/* Cores of services and of nobody; else where services run. */
static int find_place(struct weir_hands *h)
{
    const struct weir_plan *plan = &h->run->plan;
    const struct weir_place *service = &plan->service[WEIR_SERVICE_ACQUISITION];
    h->place = (struct weir_place){.cpus = hwloc_bitmap_alloc(), .node = -1};
    if (!h->place.cpus)
        return WEIR_FAIL(ENOMEM, "threads of acquisition");
    for (int i = 0; i < plan->inventory.cores; i++)
        if (plan->role[i] == WEIR_ROLE_IDLE ||
            plan->role[i] == WEIR_ROLE_SERVICE)
            hwloc_bitmap_or(h->place.cpus, h->place.cpus,
                            plan->inventory.core[i].cpus);
    if (hwloc_bitmap_iszero(h->place.cpus) && service->cpus)
        hwloc_bitmap_copy(h->place.cpus, service->cpus);
    return 0;
}

int weir_hands_create(struct weir_run *run, uint32_t n,
                      void (*leave)(void *ctx, uint32_t hand), void *ctx,
                      struct weir_hands **out)
{
    struct weir_hands *h = weir_array(1, sizeof(*h));
    if (!h)
        return WEIR_FAIL(ENOMEM, "threads of acquisition");
    *h = (struct weir_hands){.run = run, .n = n, .leave = leave, .ctx = ctx};
    pthread_mutex_init(&h->mutex, NULL);
    pthread_cond_init(&h->called, NULL);
    pthread_cond_init(&h->done, NULL);
    h->hand = weir_array(n, sizeof(*h->hand));
    int rc = h->hand ? 0 : WEIR_FAIL(ENOMEM, "%u threads", n);
    if (rc == 0 && run)
        rc = find_place(h);
    if (rc)
        weir_hands_destroy(h);
    else
        *out = h;
    return rc;
}

void weir_hands_destroy(struct weir_hands *h)
{
    if (!h)
        return;
    pthread_mutex_lock(&h->mutex);
    h->over = true;
    pthread_cond_broadcast(&h->called);
    pthread_mutex_unlock(&h->mutex);
    for (uint32_t i = 1; i <= h->started; i++)
        pthread_join(h->hand[i].thread, NULL);
    h->leave(h->ctx, 0);
    pthread_cond_destroy(&h->called);
    pthread_cond_destroy(&h->done);
    pthread_mutex_destroy(&h->mutex);
    hwloc_bitmap_free(h->place.cpus);
    free(h->hand);
    free(h);
}
