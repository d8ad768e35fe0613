/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TOPO_PLAN_H
#define WEIR_TOPO_PLAN_H

/**
 * @file
 * Placement: which core does what, and which memory is where.
 *
 * A plan is a pure function of the topology, what of it is allowed, the CPU
 * quota and the request: nothing here asks the running system. So the plan for
 * a node can be read, and tested, on a laptop. apply.h carries it out.
 *
 * How many (split.c)
 *   Trainer groups and solver threads share the cores by `solver_share`; what
 *   one side cannot use (groups beyond the micro-batches, solver threads beyond
 *   the lanes) goes to the other. Groups shrink to the smallest number with as
 *   many rounds of micro-batches: 5 groups are not faster on 8 micro-batches
 *   than 4. From 8 cores up one core is kept for the services.
 *
 * Which ones (deal.c)
 *   Both are dealt over the NUMA nodes in proportion to their cores, so that
 *   each node trains on what it simulates. Within a node groups fill the last
 *   cache domains and solver threads the first, services take the first core of
 *   all: the kernel's own work gathers there, and a solver that is late is
 *   absorbed by its ring, while a group that is late delays every group.
 *   A group never straddles a cache domain. It uses one cpu of each core; with
 *   two hardware threads a core the second stays free. Where kinds of cores
 *   differ, groups take the fast ones.
 *
 * Sharing
 *   OWN      groups and solver threads have cores of their own, pinned.
 *   CROWDED  more solver threads than cores left: groups are pinned, solver
 *            threads share the rest of their node.
 *   FLOATING nobody is pinned. With fewer cores than roles (under 3), because a
 *            pinned thread that waits behind another cannot move to the core
 *            that has just become idle; under a CPU quota, because these cores
 *            are shared with other containers that would pin to the same ones.
 */
#include "topo/inventory.h"

#include <stdbool.h>
#include <stddef.h>

/** Most groups, and most solver threads, that can be asked for. */
#define WEIR_PLAN_THREADS_MAX 16384

/** What a run asks for. Start from WEIR_PLAN_REQUEST. */
struct weir_plan_request {
    int groups;          /* trainer groups; 0: as many as suit the machine */
    int cores_per_group; /* 1 or more, within one cache domain */
    int solver_threads;  /* 0: as many as suit the machine */
    int lanes;           /* simulations at a time; 0: no solver threads here */
    int micro_batches;   /* that make a batch; a group needs at least one */
    double solver_share; /* of the cores, for solver threads; 0 .. 1 */
    bool bind;           /* false: let the kernel place threads and memory */
    size_t slots, slot_bytes; /* sample slots; near the groups */
    size_t port_bytes;        /* of one solver thread's port; near it */
    size_t group_bytes;       /* activations and gradients of one group */
    size_t lane_bytes;        /* of a simulation; a thread runs several */
};

#define WEIR_PLAN_REQUEST                                                      \
    {                                                                          \
        .cores_per_group = 1, .lanes = 1, .micro_batches = 1,                  \
        .solver_share = 0.5, .bind = true                                      \
    }

/** Where one thread, or one group's team of threads, runs. */
struct weir_place {
    struct hwloc_bitmap_s *cpus; /* it may run on; never empty */
    int node;    /* NUMA node it is near, numactl's number; -1: several */
    bool pinned; /* these cpus are for it alone (services: for them alone) */
};

/** Threads that serve the run, beside trainer and solvers. */
enum weir_service {
    WEIR_SERVICE_ACQUISITION,
    WEIR_SERVICE_CHECKPOINTER,
    WEIR_SERVICE_RECORDER,
    WEIR_SERVICE_SUPERVISOR,
    WEIR_SERVICES,
};

enum weir_sharing {
    WEIR_SHARING_OWN,
    WEIR_SHARING_CROWDED,
    WEIR_SHARING_FLOATING
};

/** What a core is for. */
enum weir_role {
    WEIR_ROLE_IDLE,
    WEIR_ROLE_SERVICE,
    WEIR_ROLE_SOLVER,
    WEIR_ROLE_GROUP,
    WEIR_ROLE_SHARED, /* FLOATING: everything */
};

/**
 * What lives near one node. Ranges of consecutive indices; the entries of a
 * plan cover all groups, solver threads and slots, in order.
 */
struct weir_plan_memory {
    int node; /* numactl's number; -1: spread over all nodes */
    int first_group, groups;
    int first_solver, solvers;
    size_t first_slot, slots;
};

/** A line for the user. */
struct weir_plan_note {
    bool is_warning;
    char *text;
};

struct weir_plan {
    int groups, solvers;
    int cores_per_group; /* threads of a group; may be below the request */
    enum weir_sharing sharing;
    struct weir_place *group;  /* [groups] */
    struct weir_place *solver; /* [solvers] */
    struct weir_place service[WEIR_SERVICES];
    bool has_service_core;

    struct weir_inventory inventory; /* the allowed cores */
    int usable_cores;                /* of those, by the quota */
    double quota;                    /* CPUs' worth of time; 0: no limit */
    enum weir_role *role;            /* [inventory.cores] */
    int *who; /* [inventory.cores]: group, or solver thread when OWN; or -1 */

    struct weir_plan_memory *memory; /* [memories], at most one a node */
    int memories;
    struct weir_plan_note *note;
    int notes;

    struct weir_plan_request request;
};

/**
 * Make the plan. Groups and solver threads that were asked for by number are
 * honoured even beyond the cores, with a warning among the notes. On failure
 * @p out is all zero.
 *
 * @return 0
 * @return -WEIR_ECONFIG  a count out of range; more groups than micro-batches;
 *                        more solver threads than lanes
 * @return -WEIR_EENV     no core is left to train on
 * @return -ENOMEM
 */
int weir_plan_make(const struct weir_topology *topo,
                   const struct weir_plan_request *request,
                   struct weir_plan *out);

/** Release what weir_plan_make made. @p plan may be all zero. */
void weir_plan_free(struct weir_plan *plan);

/** Cores' worth of time that all threads share; 0: each has a core. */
double weir_plan_shared_cores(const struct weir_plan *plan);

/** The node that slot @p slot is on; -1: spread over all. */
int weir_plan_slot_node(const struct weir_plan *plan, size_t slot);

/** "acquisition", ... */
const char *weir_service_name(enum weir_service service);

#endif
