/* SPDX-License-Identifier: BSD-3-Clause */
#include "topo/seats.h"

#include "base/err.h"
#include "base/heap.h"

#include <stdbool.h>
#include <stdlib.h>

/* One side of the row: the places of a plan, which lie node by node. */
struct side {
    const struct weir_place *place;
    int n;
    bool last_first; /* within a node */
    int *taken;      /* [n] at a node's first place: how many of it are */
};

static int run_of(const struct side *s, int first)
{
    int n = 1;
    while (first + n < s->n && s->place[first + n].node == s->place[first].node)
        n++;
    return n;
}

/* D'Hondt: the node whose share is the furthest behind. */
static const struct weir_place *next_of(const struct side *s)
{
    int best = 0, most = run_of(s, 0);
    for (int at = most; at < s->n; at += run_of(s, at)) {
        int here = run_of(s, at);
        if ((int64_t)here * (s->taken[best] + 1) >
            (int64_t)most * (s->taken[at] + 1)) {
            best = at;
            most = here;
        }
    }
    int k = s->taken[best]++;
    return &s->place[best + (s->last_first ? most - 1 - k : k)];
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static void keep_order(const struct weir_plan *plan, struct weir_seats *s)
{
    for (int i = 0; i < plan->groups; i++)
        s->seat[i] = plan->group[i];
    for (int j = 0; j < plan->solvers; j++)
        s->seat[s->n - 1 - j] = plan->solver[j];
}

static int order_for_moves(const struct weir_plan *plan, struct weir_seats *s)
{
    struct side groups = {plan->group, plan->groups, true, NULL};
    struct side solvers = {plan->solver, plan->solvers, false, NULL};
    groups.taken = weir_array((size_t)s->n, sizeof(int));
    solvers.taken = weir_array((size_t)s->n, sizeof(int));
    if (groups.taken && solvers.taken) {
        for (int i = 0; i < plan->groups; i++)
            s->seat[i] = *next_of(&groups);
        for (int j = 0; j < plan->solvers; j++)
            s->seat[s->n - 1 - j] = *next_of(&solvers);
    }
    bool ok = groups.taken && solvers.taken;
    free(groups.taken);
    free(solvers.taken);
    return ok ? 0 : WEIR_FAIL(ENOMEM, "seats");
}

int weir_seats_make(const struct weir_plan *plan, int most_groups,
                    int most_solvers, struct weir_seats *out)
{
    int n = plan->groups + plan->solvers;
    bool moves = most_groups > 0 && most_solvers > 0;
    *out = (struct weir_seats){
        .n = n,
        .groups = plan->groups,
        .solvers = plan->solvers,
        .most_groups = moves ? least(most_groups, n - 1) : plan->groups,
        .most_solvers = moves ? least(most_solvers, n - 1) : plan->solvers,
        .seat = weir_array((size_t)n, sizeof(*out->seat)),
    };
    if (!out->seat)
        return WEIR_FAIL(ENOMEM, "seats");
    if (moves)
        return order_for_moves(plan, out);
    keep_order(plan, out);
    return 0;
}

void weir_seats_free(struct weir_seats *s)
{
    free(s->seat);
    *s = (struct weir_seats){0};
}
