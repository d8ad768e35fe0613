/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TOPO_APPLY_H
#define WEIR_TOPO_APPLY_H

/**
 * @file
 * Carry out a plan: bind the calling thread, bind a range of memory.
 *
 * Placement is for speed, so it never fails a run. Where the system refuses
 * (containers often forbid mbind, and a cpuset can shrink under a running job),
 * the first refusal is logged as a warning and later ones as debug lines. With
 * a topology that is not this system every call is a debug line and nothing
 * else, whatever hwloc would answer.
 */
#include "topo/plan.h"

#include <stddef.h>

/**
 * Bind the calling thread to the cpus of @p place, or, if the system refuses,
 * to all allowed cpus. The second undoes what a thread inherited: OMP_PROC_BIND
 * pins the first thread before main, and every new thread starts with its
 * creator's mask. So call it in every thread, pinned or not.
 *
 * @param who  the thread, for the log: "g3", "recorder"
 * @return 1 bound to the place, 0 not
 */
int weir_apply_thread(const struct weir_topology *topo,
                      const struct weir_place *place, const char *who);

/**
 * Bind the calling thread, the @p member-th of a group's team, to one cpu of
 * the place. Members beyond the cpus start over. An unpinned place is taken
 * whole, as weir_apply_thread does.
 * @return 1 bound, 0 not
 */
int weir_apply_member(const struct weir_topology *topo,
                      const struct weir_place *place, int member,
                      const char *who);

/**
 * Prefer memory of one node for [@p addr, @p addr + @p bytes): the system takes
 * it there while there is some, and elsewhere after that. Before the first
 * touch; the range is widened to whole pages. For a shared mapping the choice
 * belongs to the mapping, so one process makes it for all.
 *
 * @param node  numactl's number; -1: pages are dealt over all allowed nodes
 * @return 1 bound, 0 not
 */
int weir_apply_memory(const struct weir_topology *topo, void *addr,
                      size_t bytes, int node, const char *who);

#endif
