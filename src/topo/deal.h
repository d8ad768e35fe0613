/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TOPO_DEAL_H
#define WEIR_TOPO_DEAL_H

/**
 * @file
 * The second half of a plan: which core for whom. The rules are in plan.h.
 *
 * Dealing over nodes is D'Hondt's method: the next group goes to the node with
 * the most cores per group once it has that group; ties go to the lower node.
 * So counts stay within one of proportional, and need no second pass.
 */
#include "topo/plan.h"

/**
 * Give every thread of @p plan its place. In: inventory, counts, sharing,
 * has_service_core, and room for the results. Out: role, who, group, solver,
 * service; groups and solver threads are numbered along the cores.
 * @return 0 or -ENOMEM
 */
int weir_deal_cores(struct weir_plan *plan);

#endif
