/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TOPO_SEATS_H
#define WEIR_TOPO_SEATS_H

/**
 * @file
 * Who sits where when cores may change sides: a row of seats, one a core that
 * trains or solves. Trainer group i has seat i, solver thread j the j-th from
 * the end, so a core changes sides by moving the border between the two, and
 * nobody else moves.
 *
 *   groups ->  g0 g1 g2 | s3 s2 s1 s0  <- solver threads
 *
 * With a plan's own numbers this is the plan. Where the border may move, seats
 * are ordered so that any border leaves each node its share of both: a node's
 * groups give up first the core next to its solvers, and its solvers the one
 * next to its groups.
 *
 * A pure function of the plan, like the plan itself.
 */
#include "topo/plan.h"

struct weir_seats {
    int n;
    int groups, solvers;           /* at the start; n in all */
    int most_groups, most_solvers; /* that there can be */
    struct weir_place *seat;       /* [n]; cpus are the plan's */
};

/**
 * @param most_groups, most_solvers  0: the border stays where it is
 * @return 0 or -ENOMEM
 */
int weir_seats_make(const struct weir_plan *plan, int most_groups,
                    int most_solvers, struct weir_seats *out);
void weir_seats_free(struct weir_seats *s);

/** Where group @p i sits. */
static inline const struct weir_place *weir_seats_group(
    const struct weir_seats *s, uint32_t i)
{
    return &s->seat[i];
}

/** Where solver thread @p j sits. */
static inline const struct weir_place *weir_seats_solver(
    const struct weir_seats *s, uint32_t j)
{
    return &s->seat[(uint32_t)s->n - 1 - j];
}

/** Solver threads beside @p groups groups. */
static inline int weir_seats_solvers_beside(const struct weir_seats *s,
                                            int groups)
{
    int left = s->n - groups;
    return left < s->most_solvers ? left : s->most_solvers;
}

#endif
