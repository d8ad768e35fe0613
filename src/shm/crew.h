/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SHM_CREW_H
#define WEIR_SHM_CREW_H

/**
 * @file
 * How many of a number of threads work: those numbered below `active`. The
 * others sleep until they are called. One at a time, the leader, says how many.
 *
 * Owners
 *   word    stored by   loaded by
 *   active  the leader  every thread; the kernel compares it
 *
 * Edges
 *   G1 release store of active in set  ->  G2 acquire load: who is called sees
 *      all that the leader did before.
 *
 * Progress and failure: set is wait-free but for the wake system call. The
 * kernel refuses to sleep on an old value, so a call is never slept through.
 */
#include "base/heap.h"

#include <stdatomic.h>
#include <stdint.h>

struct weir_crew {
    _Alignas(WEIR_ALIGN) _Atomic uint32_t active;
};

/** Before its threads start. */
void weir_crew_init(struct weir_crew *c, uint32_t active);
/** Leader: so many from now on. */
void weir_crew_set(struct weir_crew *c, uint32_t active);
/** Sleep until thread @p id is one of them; returns at once when it is. */
void weir_crew_wait(struct weir_crew *c, uint32_t id);

static inline uint32_t weir_crew_active(const struct weir_crew *c)
{
    return atomic_load_explicit(&c->active, memory_order_acquire); /* G2 */
}

#endif
