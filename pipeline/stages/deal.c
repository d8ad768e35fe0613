/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/deal.h"

#include <stdbool.h>

struct deal {
    const struct weir_plan *plan;
    const struct weir_seats *seats;
    uint32_t groups, micro;
    uint32_t *slot, n;
};

static int seat_node(const struct deal *d, uint32_t i)
{
    return weir_seats_group(d->seats, i / d->micro % d->groups)->node;
}

static bool is_near(const struct deal *d, uint32_t i)
{
    int node = weir_plan_slot_node(d->plan, d->slot[i]);
    return node >= 0 && node == seat_node(d, i);
}

/* A sample far from its group that would be near the group of seat @p i. */
static uint32_t find_for(const struct deal *d, uint32_t i)
{
    int node = seat_node(d, i);
    for (uint32_t j = 0; j < d->n; j++)
        if (weir_plan_slot_node(d->plan, d->slot[j]) == node && !is_near(d, j))
            return j;
    return d->n;
}

uint32_t weir_deal(const struct weir_plan *plan, const struct weir_seats *seats,
                   uint32_t groups, uint32_t micro, uint32_t *slot, uint32_t n)
{
    struct deal d = {plan, seats, groups, micro, slot, n};
    uint32_t near = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t j = i;
        if (!is_near(&d, i) && plan->memories > 1)
            j = find_for(&d, i);
        if (j < n && j != i) {
            uint32_t other = slot[j];
            slot[j] = slot[i];
            slot[i] = other;
        }
        near += is_near(&d, i);
    }
    return near;
}
