/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/deal.h"

#include <stdbool.h>

static int seat_node(const struct weir_plan *plan, uint32_t micro, uint32_t i)
{
    return plan->group[(i / micro) % (uint32_t)plan->groups].node;
}

static bool is_near(const struct weir_plan *plan, uint32_t micro,
                    const uint32_t *slot, uint32_t i)
{
    int node = weir_plan_slot_node(plan, slot[i]);
    return node >= 0 && node == seat_node(plan, micro, i);
}

/* A sample far from its group that would be near the group of seat @p i. */
static uint32_t find_for(const struct weir_plan *plan, uint32_t micro,
                         const uint32_t *slot, uint32_t n, uint32_t i)
{
    int node = seat_node(plan, micro, i);
    for (uint32_t j = 0; j < n; j++)
        if (weir_plan_slot_node(plan, slot[j]) == node &&
            !is_near(plan, micro, slot, j))
            return j;
    return n;
}

uint32_t weir_deal(const struct weir_plan *plan, uint32_t micro, uint32_t *slot,
                   uint32_t n)
{
    uint32_t near = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t j = i;
        if (!is_near(plan, micro, slot, i) && plan->memories > 1)
            j = find_for(plan, micro, slot, n, i);
        if (j < n && j != i) {
            uint32_t other = slot[j];
            slot[j] = slot[i];
            slot[i] = other;
        }
        near += is_near(plan, micro, slot, i);
    }
    return near;
}
