/* SPDX-License-Identifier: BSD-3-Clause */
#include "topo/inventory.h"

#include "base/err.h"
#include "base/heap.h"

#include <hwloc.h>
#include <stdlib.h>

/* A core while it is being collected: where it belongs, in hwloc's objects. */
struct found {
    hwloc_obj_t object; /* the core, or the cpu where cores are unknown */
    hwloc_obj_t node, l3, package;
    struct weir_core core;
};

/* Whether node @p a is a better home than @p b; see the header. */
static bool nearer(hwloc_obj_t a, hwloc_obj_t b)
{
    bool a_has = a->attr->numanode.local_memory > 0;
    bool b_has = b->attr->numanode.local_memory > 0;
    int a_size = hwloc_bitmap_weight(a->cpuset);
    int b_size = hwloc_bitmap_weight(b->cpuset);
    if (a_has != b_has)
        return a_has;
    return a_size != b_size ? a_size < b_size : a->os_index < b->os_index;
}

static hwloc_obj_t node_of(hwloc_topology_t hw, hwloc_obj_t pu)
{
    hwloc_obj_t best = NULL, node = NULL;
    while ((node = hwloc_get_next_obj_by_type(hw, HWLOC_OBJ_NUMANODE, node)))
        if (hwloc_bitmap_isset(node->cpuset, pu->os_index) &&
            (!best || nearer(node, best)))
            best = node;
    return best;
}

/* hwloc ranks kinds from slow to fast, and says so, only if it can compare. */
static int kind_of(hwloc_topology_t hw, hwloc_obj_t pu)
{
    int efficiency = -1;
    int kind = hwloc_cpukinds_get_by_cpuset(hw, pu->cpuset, 0);
    if (kind < 0 || hwloc_cpukinds_get_info(hw, (unsigned)kind, NULL,
                                            &efficiency, NULL, NULL, 0) < 0)
        return 0;
    return efficiency < 0 ? 0 : efficiency;
}

static hwloc_obj_t ancestor(hwloc_topology_t hw, hwloc_obj_type_t type,
                            hwloc_obj_t pu)
{
    return hwloc_get_ancestor_obj_by_type(hw, type, pu);
}

static bool begin_core(hwloc_topology_t hw, hwloc_obj_t pu, struct found *f)
{
    f->node = node_of(hw, pu);
    f->l3 = ancestor(hw, HWLOC_OBJ_L3CACHE, pu);
    f->package = ancestor(hw, HWLOC_OBJ_PACKAGE, pu);
    f->core.cpu = (int)pu->os_index;
    f->core.kind = kind_of(hw, pu);
    f->core.cpus = hwloc_bitmap_alloc();
    return f->core.cpus != NULL;
}

static void add_cpu(struct found *f, hwloc_obj_t pu)
{
    hwloc_bitmap_set(f->core.cpus, pu->os_index);
    f->core.threads++;
    if ((int)pu->os_index < f->core.cpu)
        f->core.cpu = (int)pu->os_index;
}

/* All cores with an allowed cpu, in the machine's order. -1: out of memory. */
static int collect(const struct weir_topology *topo, struct found *found,
                   int *machine_cores)
{
    hwloc_obj_t pu = NULL, last = NULL;
    int n = 0;
    while ((pu = hwloc_get_next_obj_by_type(topo->hwloc, HWLOC_OBJ_PU, pu))) {
        hwloc_obj_t object = ancestor(topo->hwloc, HWLOC_OBJ_CORE, pu);
        object = object ? object : pu;
        *machine_cores += object != last;
        last = object;
        if (!hwloc_bitmap_isset(topo->allowed, pu->os_index))
            continue;
        if (n == 0 || found[n - 1].object != object) {
            found[n].object = object;
            if (!begin_core(topo->hwloc, pu, &found[n++]))
                return -1;
        }
        add_cpu(&found[n - 1], pu);
    }
    return n;
}

static int index_or(hwloc_obj_t object, int otherwise)
{
    return object ? (int)object->logical_index : otherwise;
}

/* By node, then cache domain, then the machine's order. */
static int by_place(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    int key[][2] = {
        {index_or(x->node, -1), index_or(y->node, -1)},
        {index_or(x->package, -1), index_or(y->package, -1)},
        {index_or(x->l3, -1), index_or(y->l3, -1)},
        {index_or(x->object, 0), index_or(y->object, 0)},
    };
    for (int i = 0; i < 4; i++)
        if (key[i][0] != key[i][1])
            return key[i][0] < key[i][1] ? -1 : 1;
    return 0;
}

static void open_node(struct weir_inventory *inv, const struct found *f, int at)
{
    inv->node[inv->nodes++] = (struct weir_node){
        .number = f->node ? (int)f->node->os_index : 0,
        .package = index_or(f->package, -1),
        .bytes = f->node ? f->node->attr->numanode.local_memory : 0,
        .first_domain = inv->domains,
        .first_core = at,
    };
}

static void open_domain(struct weir_inventory *inv, const struct found *f,
                        int at)
{
    inv->domain[inv->domains++] = (struct weir_domain){
        .node = inv->nodes - 1,
        .l3 = index_or(f->l3, -1),
        .first_core = at,
    };
    inv->node[inv->nodes - 1].domains++;
}

static void arrange(struct weir_inventory *inv, const struct found *found,
                    int n)
{
    for (int i = 0; i < n; i++) {
        const struct found *f = &found[i], *before = i ? f - 1 : NULL;
        if (!before || f->node != before->node)
            open_node(inv, f, i);
        if (!before || f->node != before->node || f->l3 != before->l3 ||
            f->package != before->package)
            open_domain(inv, f, i);
        inv->core[i] = f->core;
        inv->core[i].domain = inv->domains - 1;
        inv->domain[inv->domains - 1].cores++;
        inv->node[inv->nodes - 1].cores++;
        if (inv->node[inv->nodes - 1].package != index_or(f->package, -1))
            inv->node[inv->nodes - 1].package = -1;
    }
    inv->cores = n;
}

static void compare_kinds(struct weir_inventory *inv)
{
    inv->slowest = inv->fastest = inv->cores ? inv->core[0].kind : 0;
    for (int i = 1; i < inv->cores; i++) {
        int kind = inv->core[i].kind;
        inv->slowest = kind < inv->slowest ? kind : inv->slowest;
        inv->fastest = kind > inv->fastest ? kind : inv->fastest;
    }
}

int weir_inventory_take(const struct weir_topology *topo,
                        struct weir_inventory *out)
{
    hwloc_topology_t hw = topo->hwloc;
    *out = (struct weir_inventory){0};
    int pus = hwloc_get_nbobjs_by_type(hw, HWLOC_OBJ_PU);
    struct found *found = weir_array((size_t)pus, sizeof(*found));
    out->core = weir_array((size_t)pus, sizeof(*out->core));
    out->domain = weir_array((size_t)pus, sizeof(*out->domain));
    out->node = weir_array((size_t)pus, sizeof(*out->node));
    int n = -1;
    if (found && out->core && out->domain && out->node)
        n = collect(topo, found, &out->machine_cores);
    if (n >= 0) {
        qsort(found, (size_t)n, sizeof(*found), by_place);
        arrange(out, found, n);
        compare_kinds(out);
        out->machine_cpus = pus;
        out->machine_packages = hwloc_get_nbobjs_by_type(hw, HWLOC_OBJ_PACKAGE);
    } else {
        for (int i = 0; found && i < pus; i++)
            hwloc_bitmap_free(found[i].core.cpus);
        weir_inventory_free(out);
    }
    free(found);
    return n < 0 ? WEIR_FAIL(ENOMEM, "topology") : 0;
}

void weir_inventory_free(struct weir_inventory *inv)
{
    for (int i = 0; inv->core && i < inv->cores; i++)
        hwloc_bitmap_free(inv->core[i].cpus);
    free(inv->core);
    free(inv->domain);
    free(inv->node);
    *inv = (struct weir_inventory){0};
}

int weir_inventory_node_of(const struct weir_inventory *inv, int core)
{
    return inv->domain[inv->core[core].domain].node;
}
