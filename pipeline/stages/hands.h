/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_HANDS_H
#define WEIR_PIPELINE_HANDS_H

/**
 * @file
 * Threads that help the one that asks. A task is a number of items; who is free
 * takes the next one, hand 0 being the caller. So what an item comes to must
 * follow from its number alone, not from the hand.
 *
 * The others (hand 1 and up, "weir-hand1") start with the first task and sleep
 * between tasks. They run on cores that the plan gave to services or to nobody,
 * so those a configuration leaves over are lent to them; where there is none,
 * where services run.
 *
 * Everything shared is under one mutex: an item takes far longer than taking it.
 */
#include "pipeline/run/run.h"

struct weir_hands;

/** What a task does. */
struct weir_task {
    /** Item @p item, by hand @p hand. @return 0 or an error: no more are taken */
    int (*item)(void *ctx, uint32_t hand, uint32_t item);
    void *ctx;
    uint32_t items;
    int64_t until_ns; /* no item beyond one a hand is begun after it */
};

/**
 * @param run    whose plan places them; NULL: between runs, wherever the caller
 *               may be
 * @param n      hands, 1 or more, the caller's among them
 * @param leave  what a hand does when it ends, in its thread, the caller's in
 *               weir_hands_destroy
 */
int weir_hands_create(struct weir_run *run, uint32_t n,
                      void (*leave)(void *ctx, uint32_t hand), void *ctx,
                      struct weir_hands **out);
/** NULL is fine. */
void weir_hands_destroy(struct weir_hands *h);

/**
 * Work until all items are done, or those begun by `until_ns`.
 * @return how many of them, from the first on; the first error, with its
 *         message
 */
int weir_hands_work(struct weir_hands *h, const struct weir_task *task);

/** CPU time of all hands but the caller's. */
int64_t weir_hands_cpu_ns(const struct weir_hands *h);

#endif
