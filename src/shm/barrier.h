/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SHM_BARRIER_H
#define WEIR_SHM_BARRIER_H

/**
 * @file
 * The barrier of the trainer groups. The last to arrive is told so and does
 * what only one may do (the rotating leader) before it opens the barrier for
 * the others. Waiting spins for about 20 us, then sleeps.
 *
 * Owners
 *   word     stored by                 loaded by
 *   missing  every member (subtract)   every member
 *   round    the leader                every member; the kernel compares it
 *   members  the leader, before open   the next leader (B1..B3)
 *
 * Edges
 *   B1 acquire-release subtract of missing in arrive: the leader sees all that
 *      the others did before they arrived.
 *   B2 store-release of round in open  ->  B3 load-acquire of round in the
 *      others' wait: they see all that the leader did, and by B1 all that
 *      every member did before it arrived.
 *   B4 seq_cst sleepers, added before the last look at round (B5) and read by
 *      the leader after it stored round (B6): the doorbell's argument, so that
 *      a wake call is made only when someone sleeps and never missed.
 *
 * Relaxed accesses: B7 the leader resets missing; B2 publishes it.
 *
 * Progress and failure: members are threads of one process and live and die
 * together; a wait has no timeout.
 *
 * Exclusion: each member is in at most one call; open only by the leader.
 */
#include "base/heap.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct weir_barrier {
    _Alignas(WEIR_ALIGN) _Atomic uint32_t missing;
    uint32_t members;
    _Alignas(WEIR_ALIGN) _Atomic uint32_t round;
    _Atomic uint32_t sleepers;
};

void weir_barrier_init(struct weir_barrier *b, uint32_t members);

/**
 * Arrive. The last one returns true at once, as the leader, and must call
 * weir_barrier_open; the others return false after it has.
 */
bool weir_barrier_arrive(struct weir_barrier *b);
/** Leader, before it opens: so many meet next time. */
static inline void weir_barrier_resize(struct weir_barrier *b, uint32_t members)
{
    b->members = members;
}
/** Let the others go. */
void weir_barrier_open(struct weir_barrier *b);

#endif
