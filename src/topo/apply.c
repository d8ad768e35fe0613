/* SPDX-License-Identifier: BSD-3-Clause */
#include "topo/apply.h"

#include "base/log.h"
#include "topo/list.h"

#include <errno.h>
#include <hwloc.h>
#include <string.h>

static bool is_elsewhere(const struct weir_topology *topo, const char *who)
{
    if (!topo->is_this_system)
        weir_log_debug("topo", "%s: not bound, the topology is not this system",
                       who);
    return !topo->is_this_system;
}

/* W1: only the first refusal of a run is a warning. */
static void refused(const struct weir_topology *topo, const char *who,
                    const char *what, int error)
{
    atomic_bool *warned = &((struct weir_topology *)topo)->warned;
    bool again =
        atomic_exchange_explicit(warned, true, memory_order_relaxed); /* W1 */
    weir_log(again ? WEIR_LOG_DEBUG : WEIR_LOG_WARN, "topo",
             "%s: not bound to %s: %s", who, what, strerror(error));
}

static int bind_thread(const struct weir_topology *topo,
                       const struct hwloc_bitmap_s *cpus, const char *who)
{
    char list[128];
    weir_list_cpus(cpus, list, sizeof(list));
    if (hwloc_set_cpubind(topo->hwloc, cpus, HWLOC_CPUBIND_THREAD) == 0) {
        weir_log_debug("topo", "%s: bound to cpus %s", who, list);
        return 1;
    }
    refused(topo, who, list, errno);
    hwloc_set_cpubind(topo->hwloc, topo->allowed, HWLOC_CPUBIND_THREAD);
    return 0;
}

int weir_apply_thread(const struct weir_topology *topo,
                      const struct weir_place *place, const char *who)
{
    return is_elsewhere(topo, who) ? 0 : bind_thread(topo, place->cpus, who);
}

int weir_apply_member(const struct weir_topology *topo,
                      const struct weir_place *place, int member,
                      const char *who)
{
    if (!place->pinned)
        return weir_apply_thread(topo, place, who);
    if (is_elsewhere(topo, who))
        return 0;
    int cpu = hwloc_bitmap_first(place->cpus);
    for (int i = member % hwloc_bitmap_weight(place->cpus); i > 0; i--)
        cpu = hwloc_bitmap_next(place->cpus, cpu);
    hwloc_bitmap_t one = hwloc_bitmap_alloc();
    if (!one)
        return 0;
    hwloc_bitmap_only(one, (unsigned)cpu);
    int bound = bind_thread(topo, one, who);
    hwloc_bitmap_free(one);
    return bound;
}

/* The nodes to take memory from; false when there is no such node. */
static bool nodes_for(const struct weir_topology *topo, int node,
                      hwloc_nodeset_t nodes)
{
    if (node < 0)
        return hwloc_cpuset_to_nodeset(topo->hwloc, topo->allowed, nodes) == 0;
    hwloc_bitmap_only(nodes, (unsigned)node);
    return hwloc_get_numanode_obj_by_os_index(topo->hwloc, (unsigned)node);
}

int weir_apply_memory(const struct weir_topology *topo, void *addr,
                      size_t bytes, int node, const char *who)
{
    if (bytes == 0 || is_elsewhere(topo, who))
        return 0;
    hwloc_nodeset_t nodes = hwloc_bitmap_alloc();
    hwloc_membind_policy_t policy =
        node < 0 ? HWLOC_MEMBIND_INTERLEAVE : HWLOC_MEMBIND_BIND;
    char list[64];
    int bound = 0;
    if (!nodes)
        return 0;
    errno = EINVAL;
    bool exists = nodes_for(topo, node, nodes);
    weir_list_cpus(nodes, list, sizeof(list));
    /* Without HWLOC_MEMBIND_STRICT the kernel may go elsewhere: a full node
     * must not kill the run. */
    if (exists && hwloc_set_area_membind(topo->hwloc, addr, bytes, nodes,
                                         policy, HWLOC_MEMBIND_BYNODESET) == 0)
        bound = 1;
    else
        refused(topo, who, "memory of its node", errno);
    if (bound)
        weir_log_debug("topo", "%s: memory on node %s", who, list);
    hwloc_bitmap_free(nodes);
    return bound;
}
