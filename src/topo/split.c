/* SPDX-License-Identifier: BSD-3-Clause */
#include "topo/split.h"

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int most(int a, int b)
{
    return a > b ? a : b;
}

int weir_split_service_core(const struct weir_inventory *inv)
{
    for (int i = 0; i < inv->cores; i++)
        if (inv->core[i].kind == inv->slowest)
            return i;
    return 0;
}

/* Groups of @p size cores that fit without straddling a cache domain. */
static int room_for_groups(const struct weir_inventory *inv, int size,
                           bool service_core)
{
    int reserved = inv->core[weir_split_service_core(inv)].domain;
    int room = 0;
    for (int d = 0; d < inv->domains; d++)
        room += (inv->domain[d].cores - (service_core && d == reserved)) / size;
    return room;
}

static int team_size(const struct weir_inventory *inv, int usable, int wanted)
{
    int largest = 1;
    for (int d = 0; d < inv->domains; d++)
        largest = most(largest, inv->domain[d].cores);
    return least(wanted, least(largest, usable));
}

static int fast_cores(const struct weir_inventory *inv)
{
    int n = 0;
    for (int i = 0; i < inv->cores; i++)
        n += inv->core[i].kind == inv->fastest;
    return n;
}

/* Cores to keep for solver threads while the groups are counted. */
static int solver_cores(int usable, int available,
                        const struct weir_plan_request *r)
{
    int share = (int)(available * r->solver_share);
    if (r->lanes == 0)
        return 0;
    if (r->solver_threads > 0 && r->solver_threads < usable)
        return r->solver_threads;
    return least(most(share, 1), r->lanes);
}

/*
 * Groups work in step, so one on a slow core slows all. A performance core does
 * about twice the work of an efficiency core: fewer groups, all on fast cores,
 * win as long as they are at least half as many.
 */
static int stay_on_fast_cores(const struct weir_inventory *inv, int groups,
                              int size)
{
    int fast = fast_cores(inv) / size;
    return 2 * fast >= groups ? least(groups, fast) : groups;
}

static int suitable_groups(const struct weir_inventory *inv, int usable,
                           int size, const struct weir_plan_request *r)
{
    bool service = usable >= WEIR_SERVICE_CORES;
    int available = usable - service, groups;
    if (usable < WEIR_ROLES_CORES)
        groups = usable / size;
    else
        groups = (available - solver_cores(usable, available, r)) / size;
    groups = least(groups, room_for_groups(inv, size, service));
    groups = stay_on_fast_cores(inv, groups, size);
    groups = most(1, least(groups, r->micro_batches));
    int rounds = (r->micro_batches + groups - 1) / groups;
    return (r->micro_batches + rounds - 1) / rounds;
}

/*
 * A core for services, unless the numbers asked for fit only without it. One
 * core is always left for solver threads.
 */
static bool keeps_service_core(int usable, int training,
                               const struct weir_plan_request *r)
{
    int asked = r->lanes == 0 ? 0 : most(1, r->solver_threads);
    bool with = training + asked <= usable - 1;
    bool without = training + asked <= usable;
    bool some = training + (r->lanes > 0) <= usable - 1;
    return usable >= WEIR_SERVICE_CORES && some && (with || !without);
}

struct weir_split weir_split_cores(const struct weir_inventory *inv, int usable,
                                   bool may_own,
                                   const struct weir_plan_request *r)
{
    struct weir_split s = {.sharing = WEIR_SHARING_OWN};
    s.cores_per_group = team_size(inv, usable, r->cores_per_group);
    s.groups = r->groups ? r->groups
                         : suitable_groups(inv, usable, s.cores_per_group, r);
    /* 64 bits: both factors may be any positive int. */
    int64_t team_cores = (int64_t)s.groups * s.cores_per_group;
    int training = team_cores < usable ? (int)team_cores : usable;
    s.service_core = keeps_service_core(usable, training, r);
    int left = usable - s.service_core - training;
    if (r->lanes > 0)
        s.solvers = r->solver_threads ? r->solver_threads
                                      : least(r->lanes, left ? left : usable);
    if (!may_own || usable < WEIR_ROLES_CORES || team_cores > usable ||
        (s.solvers && left < 1) ||
        s.groups > room_for_groups(inv, s.cores_per_group, s.service_core))
        s.sharing = WEIR_SHARING_FLOATING;
    else if (s.solvers > left)
        s.sharing = WEIR_SHARING_CROWDED;
    return s;
}
