/* SPDX-License-Identifier: BSD-3-Clause */
#include "shm/crew.h"

#include "shm/futex.h"

#include <limits.h>

#define SLEEP_NS 1000000000

void weir_crew_init(struct weir_crew *c, uint32_t active)
{
    atomic_init(&c->active, active);
}

void weir_crew_set(struct weir_crew *c, uint32_t active)
{
    atomic_store_explicit(&c->active, active, memory_order_release); /* G1 */
    weir_futex_wake(&c->active, INT_MAX);
}

void weir_crew_wait(struct weir_crew *c, uint32_t id)
{
    uint32_t active;
    while ((active = weir_crew_active(c)) <= id)
        weir_futex_wait(&c->active, active, SLEEP_NS);
}
