/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TOPO_PLAN_TEXT_H
#define WEIR_TOPO_PLAN_TEXT_H

/**
 * @file
 * A plan as a small tree for people: nodes, their cache domains, which cpus do
 * what, which memory is where, and the notes. Neighbouring cache domains that
 * do only one and the same thing share a line.
 *
 *   machine  8 cores, 1 NUMA node
 *   plan     4 groups, 3 solver threads, a core for services
 *
 *   node 0  16.0 GiB
 *     L3 0      cpu 0          acquisition, checkpointer, recorder, supervisor
 *               cpus 1-3       solvers s0-s2
 *               cpus 4-7       groups g0-g3
 *     memory    slots 0-4095   160.0 MiB
 *               ports of s0-s2 24.0 KiB
 *               solvers s0-s2  80.0 KiB a thread: 2 lanes of 40.0 KiB
 *
 * Cpus carry the system's numbers, as htop and taskset show them.
 */
#include "topo/plan.h"

/**
 * @param[out] text  the tree, ends with a line end; freed with free()
 * @return 0 or -ENOMEM
 */
int weir_plan_text(const struct weir_plan *plan, char **text);

#endif
