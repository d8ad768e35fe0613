/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TOPO_INVENTORY_H
#define WEIR_TOPO_INVENTORY_H

/**
 * @file
 * The part of a machine that placement looks at, flattened: nodes hold cache
 * domains, domains hold cores, each in the machine's own order.
 *
 * A cache domain is a set of cores that share an L3 cache and are near the same
 * NUMA node. Where there is no L3, it is the package's part of a node.
 *
 * The node of a core is the one with memory whose set of near cores is
 * smallest, then the one with the lowest number. So high-bandwidth or far
 * memory that a package has beside its DRAM is not chosen by accident.
 */
#include "topo/topology.h"

#include <stddef.h>
#include <stdint.h>

/** One core that this process may use. */
struct weir_core {
    int cpu;     /* lowest allowed cpu of the core, as the system numbers it */
    int threads; /* allowed cpus of the core */
    struct hwloc_bitmap_s *cpus; /* all of them */
    int domain;                  /* index in `domain` */
    int kind; /* performance cores rank above efficiency cores */
};

struct weir_domain {
    int node;              /* index in `node` */
    int l3;                /* number as lstopo gives it; -1: no L3 */
    int first_core, cores; /* in `core` */
};

struct weir_node {
    int number;                /* as numactl gives it */
    int package;               /* as lstopo gives it; -1: none or several */
    uint64_t bytes;            /* of memory; 0: unknown */
    int first_domain, domains; /* in `domain` */
    int first_core, cores;     /* in `core` */
};

struct weir_inventory {
    struct weir_core *core;
    struct weir_domain *domain;
    struct weir_node *node;
    int cores, domains, nodes; /* with at least one allowed cpu */
    int machine_cores;         /* allowed or not */
    int machine_cpus;
    int machine_packages;
    int slowest, fastest; /* kinds among `core`; equal when all are alike */
};

/**
 * List what @p topo allows. An empty cpuset gives an empty inventory.
 * @return 0 or -ENOMEM
 */
int weir_inventory_take(const struct weir_topology *topo,
                        struct weir_inventory *out);
void weir_inventory_free(struct weir_inventory *inv);

/** Index of the node that core @p core is near. */
int weir_inventory_node_of(const struct weir_inventory *inv, int core);

#endif
