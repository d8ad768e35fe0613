/* SPDX-License-Identifier: BSD-3-Clause */
#include "topo/deal.h"

#include "base/err.h"
#include "base/heap.h"
#include "topo/split.h"

#include <hwloc.h>
#include <stdlib.h>

/* While groups are dealt a core's `who` is the deal's number, not the final. */
struct deal {
    struct weir_plan *plan;
    const struct weir_inventory *inv;
    int *weight; /* [nodes] cores that count for this deal */
    int *dealt;  /* [nodes] */
};

static bool is_free(const struct deal *d, int core)
{
    return d->plan->role[core] == WEIR_ROLE_IDLE;
}

static int free_cores(const struct deal *d, int first, int n)
{
    int count = 0;
    for (int i = first; i < first + n; i++)
        count += is_free(d, i);
    return count;
}

/*
 * The free core of a domain that suits a group best: the fastest, then the
 * last. -1 when none is free.
 */
static int best_core(const struct deal *d, const struct weir_domain *domain)
{
    const struct weir_core *core = d->inv->core;
    int best = -1;
    for (int i = domain->first_core; i < domain->first_core + domain->cores;
         i++)
        if (is_free(d, i) && (best < 0 || core[i].kind >= core[best].kind))
            best = i;
    return best;
}

/* The domain of @p node for the next group: fastest cores, then last. */
static int best_domain(const struct deal *d, const struct weir_node *node)
{
    int best = -1, best_kind = 0;
    for (int i = node->first_domain; i < node->first_domain + node->domains;
         i++) {
        const struct weir_domain *domain = &d->inv->domain[i];
        if (free_cores(d, domain->first_core, domain->cores) <
            d->plan->cores_per_group)
            continue;
        int kind = d->inv->core[best_core(d, domain)].kind;
        if (best < 0 || kind >= best_kind) {
            best = i;
            best_kind = kind;
        }
    }
    return best;
}

static bool has_room(const struct deal *d, int node, enum weir_role role)
{
    const struct weir_node *n = &d->inv->node[node];
    if (role == WEIR_ROLE_GROUP)
        return best_domain(d, n) >= 0;
    return d->plan->sharing == WEIR_SHARING_CROWDED
               ? d->weight[node] > 0
               : free_cores(d, n->first_core, n->cores) > 0;
}

/* D'Hondt: the largest weight / (dealt + 1), compared without division. */
static int next_node(const struct deal *d, enum weir_role role)
{
    int best = -1;
    for (int n = 0; n < d->inv->nodes; n++)
        if (has_room(d, n, role) &&
            (best < 0 || (int64_t)d->weight[n] * (d->dealt[best] + 1) >
                             (int64_t)d->weight[best] * (d->dealt[n] + 1)))
            best = n;
    d->dealt[best]++;
    return best;
}

/* A node counts by its free cores. */
static void weigh(struct deal *d)
{
    for (int n = 0; n < d->inv->nodes; n++) {
        const struct weir_node *node = &d->inv->node[n];
        d->weight[n] = free_cores(d, node->first_core, node->cores);
        d->dealt[n] = 0;
    }
}

static void take(struct deal *d, int core, enum weir_role role, int who)
{
    d->plan->role[core] = role;
    d->plan->who[core] = who;
}

static void deal_groups(struct deal *d)
{
    weigh(d);
    for (int g = 0; g < d->plan->groups; g++) {
        int node = next_node(d, WEIR_ROLE_GROUP);
        int domain = best_domain(d, &d->inv->node[node]);
        for (int i = 0; i < d->plan->cores_per_group; i++)
            take(d, best_core(d, &d->inv->domain[domain]), WEIR_ROLE_GROUP, g);
    }
}

/* Give groups the numbers they have along the cores. */
static int number_groups(struct weir_plan *plan)
{
    int *final = weir_array((size_t)plan->groups, sizeof(*final));
    int next = 0;
    if (!final)
        return WEIR_FAIL(ENOMEM, "plan");
    for (int i = 0; i < plan->inventory.cores; i++) {
        if (plan->role[i] != WEIR_ROLE_GROUP)
            continue;
        int *number = &final[plan->who[i]];
        if (*number == 0)
            *number = ++next; /* from 1: 0 is "not yet" */
        plan->who[i] = *number - 1;
    }
    free(final);
    return 0;
}

/* The fastest free core of a node, then the first. */
static int solver_core(const struct deal *d, const struct weir_node *node)
{
    const struct weir_core *core = d->inv->core;
    int best = -1;
    for (int i = node->first_core; i < node->first_core + node->cores; i++)
        if (is_free(d, i) && (best < 0 || core[i].kind > core[best].kind))
            best = i;
    return best;
}

static void deal_solvers(struct deal *d)
{
    int next = 0;
    weigh(d);
    for (int s = 0; s < d->plan->solvers; s++) {
        int node = next_node(d, WEIR_ROLE_SOLVER);
        if (d->plan->sharing == WEIR_SHARING_OWN)
            take(d, solver_core(d, &d->inv->node[node]), WEIR_ROLE_SOLVER, 0);
    }
    for (int i = 0; i < d->inv->cores; i++) {
        if (d->plan->sharing == WEIR_SHARING_CROWDED && is_free(d, i))
            take(d, i, WEIR_ROLE_SOLVER, -1);
        else if (d->plan->role[i] == WEIR_ROLE_SOLVER)
            d->plan->who[i] = next++;
    }
}

static int new_place(struct weir_place *p, int node, bool pinned)
{
    p->cpus = hwloc_bitmap_alloc();
    p->node = node;
    p->pinned = pinned;
    return p->cpus ? 0 : WEIR_FAIL(ENOMEM, "plan");
}

/* Add to @p p the cores of @p role in [first, first + n), all their cpus. */
static void add_cores(const struct weir_plan *plan, struct weir_place *p,
                      enum weir_role role, int first, int n)
{
    for (int i = first; i < first + n; i++)
        if (plan->role[i] == role)
            hwloc_bitmap_or(p->cpus, p->cpus, plan->inventory.core[i].cpus);
}

static int node_number(const struct weir_plan *plan, int core)
{
    const struct weir_inventory *inv = &plan->inventory;
    return inv->node[weir_inventory_node_of(inv, core)].number;
}

/* Places of what has cores of its own: one cpu of each core. */
static int place_owners(struct weir_plan *plan)
{
    for (int i = 0; i < plan->inventory.cores; i++) {
        struct weir_place *p = plan->role[i] == WEIR_ROLE_GROUP ? plan->group
                               : plan->role[i] == WEIR_ROLE_SOLVER
                                   ? plan->solver
                                   : NULL;
        if (!p || plan->who[i] < 0)
            continue;
        p += plan->who[i];
        if (!p->cpus && new_place(p, node_number(plan, i), true) < 0)
            return -ENOMEM;
        hwloc_bitmap_set(p->cpus, (unsigned)plan->inventory.core[i].cpu);
    }
    return 0;
}

/* CROWDED: a solver thread floats over its node's solver cores. */
static int place_crowd(struct deal *d)
{
    struct weir_place *p = d->plan->solver;
    for (int n = 0; n < d->inv->nodes; n++) {
        const struct weir_node *node = &d->inv->node[n];
        for (int s = 0; s < d->dealt[n]; s++, p++) {
            if (new_place(p, node->number, false) < 0)
                return -ENOMEM;
            add_cores(d->plan, p, WEIR_ROLE_SOLVER, node->first_core,
                      node->cores);
        }
    }
    return 0;
}

/*
 * Services without a core of their own go where the solver threads are, whose
 * delays the rings absorb; without solver threads, to idle cores.
 */
static int place_services(struct weir_plan *plan)
{
    const struct weir_inventory *inv = &plan->inventory;
    int core = weir_split_service_core(inv);
    int node = plan->has_service_core ? node_number(plan, core)
               : inv->nodes == 1      ? inv->node[0].number
                                      : -1;
    for (int i = 0; i < WEIR_SERVICES; i++) {
        struct weir_place *p = &plan->service[i];
        if (new_place(p, node, plan->has_service_core) < 0)
            return -ENOMEM;
        const enum weir_role by_choice[] = {WEIR_ROLE_SERVICE, WEIR_ROLE_SOLVER,
                                            WEIR_ROLE_IDLE, WEIR_ROLE_GROUP};
        for (int k = 0; k < 4 && hwloc_bitmap_iszero(p->cpus); k++)
            add_cores(plan, p, by_choice[k], 0, inv->cores);
    }
    return 0;
}

/* FLOATING: everyone may run everywhere. */
static int place_anywhere(struct weir_plan *plan)
{
    const struct weir_inventory *inv = &plan->inventory;
    int node = inv->nodes == 1 ? inv->node[0].number : -1;
    struct weir_place *p[] = {plan->group, plan->solver, plan->service};
    int n[] = {plan->groups, plan->solvers, WEIR_SERVICES};
    for (int i = 0; i < inv->cores; i++) {
        plan->role[i] = WEIR_ROLE_SHARED;
        plan->who[i] = -1;
    }
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < n[k]; i++) {
            if (new_place(&p[k][i], node, false) < 0)
                return -ENOMEM;
            add_cores(plan, &p[k][i], WEIR_ROLE_SHARED, 0, inv->cores);
        }
    return 0;
}

static int deal(struct deal *d)
{
    struct weir_plan *plan = d->plan;
    for (int i = 0; i < d->inv->cores; i++)
        take(d, i, WEIR_ROLE_IDLE, -1);
    if (plan->has_service_core)
        take(d, weir_split_service_core(d->inv), WEIR_ROLE_SERVICE, -1);
    deal_groups(d);
    if (number_groups(plan) < 0)
        return -ENOMEM;
    deal_solvers(d);
    if (place_owners(plan) < 0)
        return -ENOMEM;
    if (plan->sharing == WEIR_SHARING_CROWDED && place_crowd(d) < 0)
        return -ENOMEM;
    return place_services(plan);
}

int weir_deal_cores(struct weir_plan *plan)
{
    struct deal d = {.plan = plan, .inv = &plan->inventory};
    if (plan->sharing == WEIR_SHARING_FLOATING)
        return place_anywhere(plan);
    d.weight = weir_array((size_t)d.inv->nodes, sizeof(*d.weight));
    d.dealt = weir_array((size_t)d.inv->nodes, sizeof(*d.dealt));
    int rc = d.weight && d.dealt ? deal(&d) : WEIR_FAIL(ENOMEM, "plan");
    free(d.weight);
    free(d.dealt);
    return rc;
}
