/* SPDX-License-Identifier: BSD-3-Clause */
#include "topo/topology.h"

#include "base/err.h"
#include "topo/cgroup.h"
#include "topo/list.h"

#include <dlfcn.h>
#include <hwloc.h>
#include <stdlib.h>
#include <unistd.h>

/* Cores outside of the cpuset stay visible, so that a plan can count them. */
static int start(struct weir_topology *out)
{
    *out = (struct weir_topology){0};
    if (hwloc_topology_init(&out->hwloc) < 0)
        return WEIR_FAIL(ENOMEM, "topology");
    hwloc_topology_set_flags(out->hwloc,
                             HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
    return 0;
}

static int finish(struct weir_topology *out)
{
    out->is_this_system = hwloc_topology_is_thissystem(out->hwloc);
    out->allowed =
        hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(out->hwloc));
    if (!out->allowed) {
        weir_topology_free(out);
        return WEIR_FAIL(ENOMEM, "topology");
    }
    return 0;
}

/*
 * Add the cpus of libgomp's places, which it has only where it pins threads.
 * The library is asked by name: in a build with another OpenMP run-time it may
 * still be loaded, by oneDNN, and it is the one that pins before main.
 */
static void add_places(hwloc_bitmap_t cpus)
{
    void *gomp = dlopen("libgomp.so.1", RTLD_LAZY | RTLD_NOLOAD);
    if (!gomp)
        return;
    int (*places)(void) = (int (*)(void))dlsym(gomp, "omp_get_num_places");
    int (*size)(int) = (int (*)(int))dlsym(gomp, "omp_get_place_num_procs");
    void (*ids)(int, int *) =
        (void (*)(int, int *))dlsym(gomp, "omp_get_place_proc_ids");
    for (int i = 0; places && size && ids && i < places(); i++) {
        int n = size(i);
        int *id = calloc((size_t)n + 1, sizeof(*id));
        if (id)
            ids(i, id);
        for (int k = 0; id && k < n; k++)
            hwloc_bitmap_set(cpus, (unsigned)id[k]);
        free(id);
    }
    dlclose(gomp);
}

/* Keep the cpus this process was started on. */
static void keep_affinity(struct weir_topology *topo)
{
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    if (cpus &&
        hwloc_get_cpubind(topo->hwloc, cpus, HWLOC_CPUBIND_PROCESS) == 0) {
        add_places(cpus);
        hwloc_bitmap_and(topo->allowed, topo->allowed, cpus);
    }
    hwloc_bitmap_free(cpus);
}

int weir_topology_discover(struct weir_topology *out)
{
    int rc = start(out);
    if (rc < 0)
        return rc;
    if (hwloc_topology_load(out->hwloc) < 0) {
        weir_topology_free(out);
        WEIR_FAIL(WEIR_EENV, "topology: hwloc cannot read this machine");
        return weir_err_hint("unset HWLOC_XMLFILE and HWLOC_SYNTHETIC, "
                             "or check what they name");
    }
    rc = finish(out);
    if (rc == 0 && out->is_this_system) {
        keep_affinity(out);
        out->quota = weir_cgroup_cpus("");
    }
    return rc;
}

int weir_topology_from_synthetic(const char *text, struct weir_topology *out)
{
    int rc = start(out);
    if (rc < 0)
        return rc;
    if (hwloc_topology_set_synthetic(out->hwloc, text) < 0 ||
        hwloc_topology_load(out->hwloc) < 0) {
        weir_topology_free(out);
        return WEIR_FAIL(EINVAL, "topology '%s': not an hwloc description",
                         text);
    }
    return finish(out);
}

int weir_topology_from_xml(const char *path, struct weir_topology *out)
{
    if (access(path, R_OK) < 0)
        return WEIR_FAIL(errno, "topology '%s'", path);
    int rc = start(out);
    if (rc < 0)
        return rc;
    if (hwloc_topology_set_xml(out->hwloc, path) < 0 ||
        hwloc_topology_load(out->hwloc) < 0) {
        weir_topology_free(out);
        return WEIR_FAIL(EINVAL, "topology '%s': not an hwloc XML file", path);
    }
    return finish(out);
}

int weir_topology_allow(struct weir_topology *topo, const char *list)
{
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    if (!cpus)
        return WEIR_FAIL(ENOMEM, "topology");
    int rc = weir_list_parse(list, cpus);
    if (rc == 0)
        hwloc_bitmap_and(topo->allowed, topo->allowed, cpus);
    hwloc_bitmap_free(cpus);
    return rc;
}

void weir_topology_free(struct weir_topology *topo)
{
    if (topo->hwloc)
        hwloc_topology_destroy(topo->hwloc);
    hwloc_bitmap_free(topo->allowed);
    topo->hwloc = NULL;
    topo->allowed = NULL;
}
