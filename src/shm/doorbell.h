/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SHM_DOORBELL_H
#define WEIR_SHM_DOORBELL_H

/**
 * @file
 * How a stage sleeps until another has something for it: one doorbell per
 * consumer, any number of ringers, in one process or several.
 *
 * The consumer asks "is there work?" of whatever structure it consumes; the
 * doorbell only makes sure that a ring is never lost between asking and
 * sleeping. A wait spins for about 20 us, letting others have the core between
 * looks, then sleeps in the kernel.
 *
 * Owners
 *   word     stored by            loaded by
 *   rung     ringers (add)        consumer; the kernel compares it
 *   waiting  consumer             ringers
 *
 * Edges (all four seq_cst: release and acquire alone lose wake-ups, because
 * each side stores one word and then loads the other's)
 *   ringer:    D1 add to rung;     D2 load waiting, wake when set
 *   consumer:  D3 store waiting=1; D4 load rung as the key; ask; sleep on key
 *   If D2 reads 0 it precedes D3, so D1 precedes D4: the key already holds the
 *   ring, and by the same read the consumer sees everything stored before it;
 *   asking again finds the work. If D4 misses the ring, D3 precedes D2: the
 *   ringer sees the waiter and wakes it. The kernel refuses to sleep when rung
 *   has moved past the key. D4 comes before asking: a ring between asking and
 *   taking the key would be in the key, and slept through.
 *
 * Relaxed accesses
 *   D5 clearing waiting after the wait: a ringer that still sees 1 makes one
 *      needless system call. The next D3 is later in the same thread, so no
 *      ringer that comes after it can still read this 0.
 *
 * Progress and failure: ringing is wait-free but for the wake system call. A
 * ringer that dies before D1 never rang; every wait has a timeout, after which
 * the consumer looks at the ringer's liveness.
 *
 * Exclusion: one waiter per doorbell; rings are free.
 */
#include "base/heap.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct weir_doorbell {
    _Alignas(WEIR_ALIGN) _Atomic uint32_t rung;
    _Atomic uint32_t waiting;
};

/** Whether there is work; called by the waiter, cheap, no side effects. */
typedef bool weir_ready_fn(void *ctx);

/** Tell the consumer that something it asks about has changed. */
void weir_doorbell_ring(struct weir_doorbell *bell);

/**
 * Wait until @p ready says yes or @p timeout_ns has passed.
 * @param timeout_ns  0 or less asks once more and returns; INT64_MAX waits for
 *                    ever
 * @return 0        ready
 * @return -EAGAIN  the time passed; look at state and liveness, then wait again
 */
int weir_doorbell_wait(struct weir_doorbell *bell, weir_ready_fn *ready,
                       void *ctx, int64_t timeout_ns);

#endif
