/* SPDX-License-Identifier: BSD-3-Clause */
#include "topo/notes.h"

#include "base/err.h"
#include "base/heap.h"
#include "topo/list.h"
#include "topo/split.h"

#include <hwloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_MAX 16

__attribute__((format(printf, 3, 4))) static int say(struct weir_plan *plan,
                                                     bool is_warning,
                                                     const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    struct weir_plan_note *note = &plan->note[plan->notes];
    note->is_warning = is_warning;
    note->text = strdup(text);
    if (!note->text)
        return WEIR_FAIL(ENOMEM, "plan");
    plan->notes++;
    return 0;
}

static const char *plural(int n)
{
    return n == 1 ? "" : "s";
}

/* Why nobody is pinned; the first reason that holds is enough. */
static int say_why_floating(struct weir_plan *plan)
{
    const struct weir_plan_request *r = &plan->request;
    const struct weir_inventory *inv = &plan->inventory;
    if (!r->bind)
        return say(plan, false,
                   "binding is off: the kernel places threads and "
                   "memory");
    if (plan->usable_cores < inv->cores)
        return say(plan, false,
                   "a CPU quota (cpu.max) allows %g CPUs: threads for %d "
                   "core%s, none pinned, "
                   "because others use these cores too",
                   plan->quota, plan->usable_cores, plural(plan->usable_cores));
    if (plan->usable_cores < WEIR_ROLES_CORES)
        return say(plan, false,
                   "fewer cores than roles: groups take all cores, solver "
                   "threads and services share them, none is pinned");
    return say(
        plan, false,
        "%d group%s of %d core%s leave no core for solver threads, or do "
        "not fit into the cache domains: all share all cores, none is "
        "pinned",
        plan->groups, plural(plan->groups), plan->cores_per_group,
        plural(plan->cores_per_group));
}

static int say_team_size(struct weir_plan *plan)
{
    if (plan->cores_per_group == plan->request.cores_per_group)
        return 0;
    return say(
        plan, true,
        "cores_per_group %d lowered to %d: no cache domain here has more "
        "cores to use",
        plan->request.cores_per_group, plan->cores_per_group);
}

/* What was asked for by number, beyond the cores. */
static int say_excess(struct weir_plan *plan)
{
    const struct weir_plan_request *r = &plan->request;
    int64_t groups = r->groups ? r->groups : 1;
    int64_t asked = groups * plan->cores_per_group + r->solver_threads;
    if ((!r->groups && !r->solver_threads) || asked <= plan->usable_cores)
        return 0;
    return say(
        plan, true,
        "more threads than cores were asked for: %d group%s of %d and %d "
        "solver thread%s on %d core%s; those that share cores are not "
        "pinned",
        plan->groups, plural(plan->groups), plan->cores_per_group,
        plan->solvers, plural(plan->solvers), plan->usable_cores,
        plural(plan->usable_cores));
}

/* Cpus of used cores that no thread is placed on. */
static int say_free_threads(struct weir_plan *plan)
{
    const struct weir_inventory *inv = &plan->inventory;
    hwloc_bitmap_t idle = hwloc_bitmap_alloc();
    if (!idle)
        return WEIR_FAIL(ENOMEM, "plan");
    for (int i = 0; i < inv->cores; i++)
        if (plan->role[i] != WEIR_ROLE_IDLE)
            hwloc_bitmap_or(idle, idle, inv->core[i].cpus);
    const struct weir_place *p[] = {plan->group, plan->solver, plan->service};
    const int n[] = {plan->groups, plan->solvers, WEIR_SERVICES};
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < n[k]; i++)
            hwloc_bitmap_andnot(idle, idle, p[k][i].cpus);
    char list[512];
    weir_list_cpus(idle, list, sizeof(list));
    int left = hwloc_bitmap_weight(idle), rc = 0;
    if (left > 0)
        rc = say(plan, false, "second hardware threads stay free: cpu%s %s",
                 plural(left), list);
    hwloc_bitmap_free(idle);
    return rc;
}

static int say_idle_cores(struct weir_plan *plan)
{
    const struct weir_plan_request *r = &plan->request;
    char more_groups[48] = "", more_solvers[48] = "";
    int idle = 0;
    for (int i = 0; i < plan->inventory.cores; i++)
        idle += plan->role[i] == WEIR_ROLE_IDLE;
    if (idle == 0)
        return 0;
    if (!r->groups)
        snprintf(more_groups, sizeof(more_groups), "micro_batches (%d)",
                 r->micro_batches);
    if (!r->solver_threads && r->lanes)
        snprintf(more_solvers, sizeof(more_solvers), "lanes (%d)", r->lanes);
    return say(plan, false, "%d core%s idle%s%s%s%s%s", idle,
               idle == 1 ? " stays" : "s stay",
               *more_groups || *more_solvers ? ": raise " : "", more_groups,
               *more_groups && *more_solvers ? " or " : "", more_solvers,
               *more_groups || *more_solvers ? " to use more" : "");
}

static int say_kinds(struct weir_plan *plan)
{
    const struct weir_inventory *inv = &plan->inventory;
    int fast = 0, slow_groups = 0;
    for (int i = 0; i < inv->cores; i++) {
        fast += inv->core[i].kind == inv->fastest;
        slow_groups += inv->core[i].kind != inv->fastest &&
                       plan->role[i] == WEIR_ROLE_GROUP;
    }
    if (inv->slowest == inv->fastest || plan->sharing == WEIR_SHARING_FLOATING)
        return 0;
    return say(plan, false, "%d of %d cores are performance cores: groups %s",
               fast, inv->cores,
               slow_groups ? "take them first" : "use only these");
}

static int say_services(struct weir_plan *plan)
{
    if (plan->has_service_core || plan->sharing == WEIR_SHARING_FLOATING)
        return 0;
    return say(plan, false, "services have no core of their own%s",
               plan->solvers ? ": they share those of the solver threads" : "");
}

/* Memory asked of a node beyond what it has. */
static int say_memory(struct weir_plan *plan, const struct weir_plan_memory *m)
{
    const struct weir_plan_request *r = &plan->request;
    const struct weir_inventory *inv = &plan->inventory;
    double need = (double)m->slots * (double)r->slot_bytes +
                  (double)m->solvers * (double)r->port_bytes +
                  (double)m->groups * (double)r->group_bytes;
    double has = 0;
    char need_text[32], has_text[32];
    for (int n = 0; n < inv->nodes; n++)
        if (m->node < 0 || inv->node[n].number == m->node)
            has += (double)inv->node[n].bytes;
    if (has == 0 || need <= has)
        return 0;
    weir_list_bytes(need, need_text, sizeof(need_text));
    weir_list_bytes(has, has_text, sizeof(has_text));
    if (m->node < 0)
        return say(plan, true, "memory: %s needed, %s installed", need_text,
                   has_text);
    return say(
        plan, true,
        "node %d: %s of memory needed, %s installed; the rest comes from "
        "other nodes",
        m->node, need_text, has_text);
}

int weir_notes_write(struct weir_plan *plan)
{
    int rc = 0;
    plan->note =
        weir_array(NOTES_MAX + (size_t)plan->memories, sizeof(*plan->note));
    if (!plan->note)
        return WEIR_FAIL(ENOMEM, "plan");
    if (plan->sharing == WEIR_SHARING_FLOATING)
        rc = say_why_floating(plan);
    int (*const each[])(struct weir_plan *) = {
        say_team_size,    say_excess,   say_kinds,
        say_free_threads, say_services, say_idle_cores,
    };
    for (size_t i = 0; rc == 0 && i < sizeof(each) / sizeof(*each); i++)
        rc = each[i](plan);
    for (int i = 0; rc == 0 && i < plan->memories; i++)
        rc = say_memory(plan, &plan->memory[i]);
    return rc;
}
