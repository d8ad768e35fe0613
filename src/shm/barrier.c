/* SPDX-License-Identifier: BSD-3-Clause */
#include "shm/barrier.h"

#include "base/clock.h"
#include "shm/futex.h"

#include <limits.h>

#define SPIN_NS  20000
#define SLEEP_NS 100000000

void weir_barrier_init(struct weir_barrier *b, uint32_t members)
{
    atomic_init(&b->missing, members);
    atomic_init(&b->round, 0);
    atomic_init(&b->sleepers, 0);
    b->members = members;
}

static bool opened(struct weir_barrier *b, uint32_t round)
{
    return atomic_load_explicit(&b->round, memory_order_acquire) !=
           round; /* B3 */
}

static bool spin(struct weir_barrier *b, uint32_t round)
{
    int64_t until = weir_now_ns() + SPIN_NS;
    do {
        for (int i = 0; i < 32; i++) {
            if (opened(b, round))
                return true;
            weir_pause();
        }
    } while (weir_now_ns() < until);
    return false;
}

static void sleep_until_open(struct weir_barrier *b, uint32_t round)
{
    atomic_fetch_add_explicit(&b->sleepers, 1, memory_order_seq_cst); /* B4 */
    while (atomic_load_explicit(&b->round, memory_order_seq_cst) ==
           round) /* B5 */
        weir_futex_wait(&b->round, round, SLEEP_NS);
    atomic_fetch_sub_explicit(&b->sleepers, 1, memory_order_seq_cst); /* B4 */
}

bool weir_barrier_arrive(struct weir_barrier *b)
{
    /* Read before arriving: afterwards the leader may move it at any time. */
    uint32_t round =
        atomic_load_explicit(&b->round, memory_order_acquire); /* B3 */
    if (atomic_fetch_sub_explicit(&b->missing, 1, memory_order_acq_rel) ==
        1) /* B1 */
        return true;
    if (!spin(b, round))
        sleep_until_open(b, round);
    return false;
}

void weir_barrier_open(struct weir_barrier *b)
{
    uint32_t round =
        atomic_load_explicit(&b->round, memory_order_relaxed); /* B7 */
    atomic_store_explicit(&b->missing, b->members,
                          memory_order_relaxed); /* B7 */
    /* seq_cst contains the release of B2. */
    atomic_store_explicit(&b->round, round + 1, memory_order_seq_cst); /* B2 */
    if (atomic_load_explicit(&b->sleepers, memory_order_seq_cst))      /* B6 */
        weir_futex_wake(&b->round, INT_MAX); /* members is the next leader's */
}
