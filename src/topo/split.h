/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TOPO_SPLIT_H
#define WEIR_TOPO_SPLIT_H

/**
 * @file
 * The first half of a plan: how many of each, before anything has a core.
 * The rules are in plan.h.
 */
#include "topo/plan.h"

/** Fewest cores on which every role has room. */
#define WEIR_ROLES_CORES 3
/** Fewest cores of which one is kept for services. */
#define WEIR_SERVICE_CORES 8

struct weir_split {
    int groups, cores_per_group, solvers;
    bool service_core;
    enum weir_sharing sharing;
};

/**
 * Divide @p usable of the cores in @p inv. @p may_own is false when threads
 * must not be pinned whatever their number.
 */
struct weir_split weir_split_cores(const struct weir_inventory *inv, int usable,
                                   bool may_own,
                                   const struct weir_plan_request *request);

/** The core that services would take: the first of the slowest kind. */
int weir_split_service_core(const struct weir_inventory *inv);

#endif
