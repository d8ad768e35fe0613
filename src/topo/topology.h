/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TOPO_TOPOLOGY_H
#define WEIR_TOPO_TOPOLOGY_H

/**
 * @file
 * The machine a plan is made for, and how much of it this process may use.
 *
 * Three sources: this machine, a synthetic description, or the XML that
 * `lstopo node.xml` writes on another machine. A plan made from any of them is
 * the same; only the first can be applied (is_this_system).
 *
 * Threads: read-only after discovery, so every thread may use one topology at
 * once. `warned` is the exception:
 *   W1  relaxed exchange in apply.c by any thread. It decides only whether a
 *       refused binding is a warning or a debug line; nothing is published
 *       through it.
 */
#include <stdatomic.h>
#include <stdbool.h>

struct hwloc_topology;
struct hwloc_bitmap_s;

struct weir_topology {
    struct hwloc_topology *hwloc;
    struct hwloc_bitmap_s *allowed; /* cpus this process may run on */
    double quota;                   /* CPUs' worth of time; 0: no limit */
    bool is_this_system;
    _Atomic bool warned;
};

/**
 * This machine: its cores, the cpuset and affinity of this process, and the
 * CPU quota of its control groups. Call it from the first thread, before any
 * thread is bound.
 *
 * Affinity is what the process was started with. OMP_PROC_BIND makes libgomp
 * pin the first thread before main, so its places count as allowed too: they
 * cover the mask it found.
 *
 * hwloc's own HWLOC_XMLFILE and HWLOC_SYNTHETIC are obeyed; affinity and quota,
 * which belong to this machine, are then left out.
 *
 * @return 0
 * @return -WEIR_EENV  the machine cannot be read
 * @return -ENOMEM
 */
int weir_topology_discover(struct weir_topology *out);

/**
 * A described machine, in hwloc's words: "package:2 numa:2 core:8 pu:2" is two
 * packages of two NUMA nodes of eight cores of two hardware threads.
 * @return 0, -EINVAL when hwloc does not understand it, -ENOMEM
 */
int weir_topology_from_synthetic(const char *text, struct weir_topology *out);

/**
 * A recorded machine.
 * @return 0
 * @return -EINVAL  not an hwloc XML file
 * @return -ENOMEM, or the errno of opening @p path
 */
int weir_topology_from_xml(const char *path, struct weir_topology *out);

/**
 * Keep only the cpus in @p list ("0-7,16"; see list.h) among the allowed ones.
 * When none is left a plan fails.
 * @return 0, or -EINVAL when @p list is not a list (topology unchanged)
 */
int weir_topology_allow(struct weir_topology *topo, const char *list);

/** Release what discovery made. @p topo may be all zero. */
void weir_topology_free(struct weir_topology *topo);

#endif
