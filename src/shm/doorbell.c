/* SPDX-License-Identifier: BSD-3-Clause */
#include "shm/doorbell.h"

#include "base/clock.h"
#include "base/err.h"
#include "shm/futex.h"

#include <sched.h>

#define SPIN_NS 20000

void weir_doorbell_ring(struct weir_doorbell *bell)
{
    atomic_fetch_add_explicit(&bell->rung, 1, memory_order_seq_cst); /* D1 */
    if (atomic_load_explicit(&bell->waiting, memory_order_seq_cst))  /* D2 */
        weir_futex_wake(&bell->rung, 1);
}

/* Whoever is waited for may need this core to get there: it goes first. */
static bool spin(weir_ready_fn *ready, void *ctx, int64_t until)
{
    do {
        for (int i = 0; i < 32; i++) {
            if (ready(ctx))
                return true;
            weir_pause();
        }
        sched_yield();
    } while (weir_now_ns() < until);
    return false;
}

int weir_doorbell_wait(struct weir_doorbell *bell, weir_ready_fn *ready,
                       void *ctx, int64_t timeout_ns)
{
    int64_t now = weir_now_ns();
    if (spin(ready, ctx, now + (timeout_ns < SPIN_NS ? timeout_ns : SPIN_NS)))
        return 0;
    /* A caller may mean "for ever". */
    int64_t deadline =
        timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
    int rc = 0;
    atomic_store_explicit(&bell->waiting, 1, memory_order_seq_cst); /* D3 */
    for (;;) {
        uint32_t key =
            atomic_load_explicit(&bell->rung, memory_order_seq_cst); /* D4 */
        if (ready(ctx))
            break;
        int64_t left = deadline - weir_now_ns();
        if (left <= 0) {
            rc = -EAGAIN;
            break;
        }
        weir_futex_wait(&bell->rung, key, left);
    }
    atomic_store_explicit(&bell->waiting, 0, memory_order_relaxed); /* D5 */
    return rc;
}
