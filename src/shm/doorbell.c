/* SPDX-License-Identifier: BSD-3-Clause */
#include "shm/doorbell.h"

#include "base/clock.h"
#include "base/err.h"
#include "shm/futex.h"

#define SPIN_NS 20000

#ifdef WEIR_BREAK_DOORBELL
/* The broken build: both sides only release and acquire. */
#define STORE_ORDER memory_order_release
#define LOAD_ORDER  memory_order_acquire
#define ADD_ORDER   memory_order_release
#else
#define STORE_ORDER memory_order_seq_cst
#define LOAD_ORDER  memory_order_seq_cst
#define ADD_ORDER   memory_order_seq_cst
#endif

void weir_doorbell_ring(struct weir_doorbell *bell)
{
    atomic_fetch_add_explicit(&bell->rung, 1, ADD_ORDER); /* D1 */
    if (atomic_load_explicit(&bell->waiting, LOAD_ORDER)) /* D2 */
        weir_futex_wake(&bell->rung, 1);
}

static bool spin(weir_ready_fn *ready, void *ctx, int64_t until)
{
    do {
        for (int i = 0; i < 32; i++) {
            if (ready(ctx))
                return true;
            weir_pause();
        }
    } while (weir_now_ns() < until);
    return false;
}

int weir_doorbell_wait(struct weir_doorbell *bell, weir_ready_fn *ready,
                       void *ctx, int64_t timeout_ns)
{
    int64_t now = weir_now_ns(), deadline = now + timeout_ns;
    int rc = 0;
    if (spin(ready, ctx, now + (timeout_ns < SPIN_NS ? timeout_ns : SPIN_NS)))
        return 0;
    atomic_store_explicit(&bell->waiting, 1, STORE_ORDER); /* D3 */
    for (;;) {
        uint32_t key = atomic_load_explicit(&bell->rung, LOAD_ORDER); /* D4 */
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
