/* SPDX-License-Identifier: BSD-3-Clause */
#include "topo/plan.h"

#include "base/err.h"
#include "base/heap.h"
#include "topo/deal.h"
#include "topo/notes.h"
#include "topo/split.h"

#include <hwloc.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

const char *weir_service_name(enum weir_service service)
{
    static const char *const name[WEIR_SERVICES] = {
        "acquisition", "checkpointer", "recorder", "supervisor"};
    return name[service];
}

static int check_count(const char *name, int value, int low, int high)
{
    if (value >= low && value <= high)
        return 0;
    return WEIR_FAIL(WEIR_ECONFIG, "%s is %d, expected %d to %d", name, value,
                     low, high);
}

static int check_counts(const struct weir_plan_request *r)
{
    const struct {
        const char *name;
        int value, low, high;
    } count[] = {
        {"groups", r->groups, 0, WEIR_PLAN_THREADS_MAX},
        {"cores_per_group", r->cores_per_group, 1, WEIR_PLAN_THREADS_MAX},
        {"solver threads", r->solver_threads, 0, WEIR_PLAN_THREADS_MAX},
        {"lanes", r->lanes, 0, INT_MAX},
        {"micro_batches", r->micro_batches, 1, INT_MAX},
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof(count) / sizeof(*count); i++)
        rc = check_count(count[i].name, count[i].value, count[i].low,
                         count[i].high);
    return rc;
}

static int check_request(const struct weir_plan_request *r)
{
    int rc = check_counts(r);
    if (rc < 0)
        return rc;
    if (!(r->solver_share >= 0 && r->solver_share <= 1))
        return WEIR_FAIL(WEIR_ECONFIG, "solver_share is %g, expected 0 to 1",
                         r->solver_share);
    if (r->groups > r->micro_batches) {
        WEIR_FAIL(WEIR_ECONFIG,
                  "groups is %d, but a batch has %d micro-batches", r->groups,
                  r->micro_batches);
        return weir_err_hint(
            "use at most %d groups, or cut the batch into more "
            "micro-batches",
            r->micro_batches);
    }
    if (r->solver_threads > r->lanes) {
        WEIR_FAIL(WEIR_ECONFIG, "solver threads is %d, but there are %d lanes",
                  r->solver_threads, r->lanes);
        return weir_err_hint("use at most %d solver threads, or more lanes",
                             r->lanes);
    }
    return 0;
}

static int allocate(struct weir_plan *p)
{
    p->group = weir_array((size_t)p->groups, sizeof(*p->group));
    p->solver = weir_array((size_t)p->solvers, sizeof(*p->solver));
    p->role = weir_array((size_t)p->inventory.cores, sizeof(*p->role));
    p->who = weir_array((size_t)p->inventory.cores, sizeof(*p->who));
    p->memory = weir_array((size_t)p->inventory.nodes, sizeof(*p->memory));
    return p->group && p->solver && p->role && p->who && p->memory
               ? 0
               : WEIR_FAIL(ENOMEM, "plan");
}

static void count_cores(struct weir_plan *p)
{
    double quota = ceil(p->quota);
    p->usable_cores = p->inventory.cores;
    if (quota > 0 && quota < p->usable_cores)
        p->usable_cores = (int)quota;
}

/* Consecutive @p place entries on @p node from @p at on. */
static int run_on(const struct weir_place *place, int n, int at, int node)
{
    int count = 0;
    while (at + count < n && place[at + count].node == node)
        count++;
    return count;
}

/*
 * Slots go with the groups that read them, in proportion. The cut after the
 * first k of G groups is at slot floor(slots * k / G), so that pieces touch.
 */
static size_t slot_cut(const struct weir_plan *p, int groups)
{
    __extension__ typedef unsigned __int128 wide;
    return (size_t)((wide)p->request.slots * (unsigned)groups /
                    (unsigned)p->groups);
}

static void add_memory(struct weir_plan *p, int node, int *group, int *solver)
{
    struct weir_plan_memory *m = &p->memory[p->memories];
    m->node = node;
    m->first_group = *group;
    m->first_solver = *solver;
    m->groups = run_on(p->group, p->groups, *group, node);
    m->solvers = run_on(p->solver, p->solvers, *solver, node);
    *group += m->groups;
    *solver += m->solvers;
    m->first_slot = slot_cut(p, m->first_group);
    m->slots = slot_cut(p, *group) - m->first_slot;
    p->memories += m->groups || m->solvers;
}

static void lay_out_memory(struct weir_plan *p)
{
    int group = 0, solver = 0;
    if (p->group[0].node < 0)
        add_memory(p, -1, &group, &solver);
    else
        for (int n = 0; n < p->inventory.nodes; n++)
            add_memory(p, p->inventory.node[n].number, &group, &solver);
}

static int make(struct weir_plan *p)
{
    count_cores(p);
    bool may_own = p->request.bind && p->usable_cores == p->inventory.cores;
    struct weir_split s =
        weir_split_cores(&p->inventory, p->usable_cores, may_own, &p->request);
    p->groups = s.groups;
    p->cores_per_group = s.cores_per_group;
    p->solvers = s.solvers;
    p->sharing = s.sharing;
    p->has_service_core = s.service_core && s.sharing != WEIR_SHARING_FLOATING;
    int rc = allocate(p);
    if (rc == 0)
        rc = weir_deal_cores(p);
    if (rc == 0) {
        lay_out_memory(p);
        rc = weir_notes_write(p);
    }
    return rc;
}

int weir_plan_make(const struct weir_topology *topo,
                   const struct weir_plan_request *request,
                   struct weir_plan *out)
{
    int rc = check_request(request);
    *out = (struct weir_plan){.request = *request, .quota = topo->quota};
    if (rc == 0)
        rc = weir_inventory_take(topo, &out->inventory);
    if (rc == 0 && out->inventory.cores == 0) {
        WEIR_FAIL(WEIR_EENV, "plan: none of %d cores is allowed to train on",
                  out->inventory.machine_cores);
        rc = weir_err_hint("check the cpuset of this process: taskset -p $$");
    }
    if (rc == 0)
        rc = make(out);
    if (rc < 0)
        weir_plan_free(out);
    return rc;
}

static void free_places(struct weir_place *place, int n)
{
    for (int i = 0; place && i < n; i++)
        hwloc_bitmap_free(place[i].cpus);
}

void weir_plan_free(struct weir_plan *plan)
{
    free_places(plan->group, plan->groups);
    free_places(plan->solver, plan->solvers);
    free_places(plan->service, WEIR_SERVICES);
    for (int i = 0; i < plan->notes; i++)
        free(plan->note[i].text);
    free(plan->group);
    free(plan->solver);
    free(plan->role);
    free(plan->who);
    free(plan->memory);
    free(plan->note);
    weir_inventory_free(&plan->inventory);
    *plan = (struct weir_plan){0};
}

double weir_plan_shared_cores(const struct weir_plan *plan)
{
    if (plan->quota > 0 && plan->quota < plan->usable_cores)
        return plan->quota;
    return plan->sharing == WEIR_SHARING_OWN ? 0 : plan->usable_cores;
}

int weir_plan_slot_node(const struct weir_plan *plan, size_t slot)
{
    for (int i = 0; i < plan->memories; i++)
        if (slot - plan->memory[i].first_slot < plan->memory[i].slots)
            return plan->memory[i].node;
    return -1;
}
