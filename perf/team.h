/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PERF_TEAM_H
#define WEIR_PERF_TEAM_H

/**
 * @file
 * Threads that work as a run's groups do: each on a core of its own, meeting at
 * barriers. Atomics are seq_cst throughout: nothing here is worth weaker ones.
 */
#include "perf/perf.h"

#include <stdatomic.h>

enum { PERF_TEAM_MOST = 64 };

struct perf_team {
    int groups; /* at most PERF_TEAM_MOST */
    _Atomic int arrived, round;
};

/** Everyone waits for the last; it spins a little, then lets others run. */
static inline void perf_team_meet(struct perf_team *t)
{
    int round = atomic_load(&t->round);
    if (atomic_fetch_add(&t->arrived, 1) + 1 == t->groups) {
        atomic_store(&t->arrived, 0);
        atomic_fetch_add(&t->round, 1);
        return;
    }
    for (int spins = 0; atomic_load(&t->round) == round; spins++)
        if (spins > 20000)
            sched_yield();
}

struct perf_member {
    void (*work)(void *ctx, int group);
    void *ctx;
    int group;
};

static inline void *perf_member_run(void *arg)
{
    struct perf_member *m = arg;
    m->work(m->ctx, m->group);
    return NULL;
}

/** Run @p work once per group; returns when all have. */
static inline void perf_team_run(struct perf_team *t,
                                 void (*work)(void *ctx, int group), void *ctx)
{
    pthread_t thread[PERF_TEAM_MOST];
    struct perf_member member[PERF_TEAM_MOST];
    for (int i = 0; i < t->groups; i++) {
        member[i] = (struct perf_member){work, ctx, i};
        thread[i] = perf_start(perf_core(i), perf_member_run, &member[i]);
    }
    for (int i = 0; i < t->groups; i++)
        pthread_join(thread[i], NULL);
}

#endif
