/* SPDX-License-Identifier: BSD-3-Clause */
#include "topo/plan_text.h"

#include "base/err.h"
#include "topo/list.h"

#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL 8 /* widths of the first two columns below a node */
#define CPUS  18

static const char *plural(int n)
{
    return n == 1 ? "" : "s";
}

/* "g0-g3", "s5" */
static void format_range(char letter, int first, int n, char *text, size_t size)
{
    if (n == 1)
        snprintf(text, size, "%c%d", letter, first);
    else
        snprintf(text, size, "%c%d-%c%d", letter, first, letter, first + n - 1);
}

/* Consecutive cores of one role in consecutive cache domains. */
struct row {
    int first_core, cores;
    int first_domain, last_domain;
    enum weir_role role;
};

static bool all_one_role(const struct weir_plan *p, int domain,
                         enum weir_role role)
{
    const struct weir_domain *d = &p->inventory.domain[domain];
    for (int i = d->first_core; i < d->first_core + d->cores; i++)
        if (p->role[i] != role)
            return false;
    return true;
}

/* The row that starts at @p core and stays within its node. */
static struct row row_at(const struct weir_plan *p, int core)
{
    const struct weir_inventory *inv = &p->inventory;
    const struct weir_node *node =
        &inv->node[weir_inventory_node_of(inv, core)];
    int d = inv->core[core].domain, end = core;
    struct row r = {.first_core = core,
                    .first_domain = d,
                    .last_domain = d,
                    .role = p->role[core]};
    int stop = inv->domain[d].first_core + inv->domain[d].cores;
    while (end < stop && p->role[end] == r.role)
        end++;
    while (all_one_role(p, r.last_domain, r.role) &&
           ++d < node->first_domain + node->domains &&
           (inv->domain[d].l3 < 0) == (inv->domain[d - 1].l3 < 0) &&
           all_one_role(p, d, r.role)) {
        r.last_domain = d;
        end += inv->domain[d].cores;
    }
    r.cores = end - core;
    return r;
}

static void format_cpus(const struct weir_plan *p, const struct row *r,
                        char *text, size_t size)
{
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    bool one_each =
        r->role == WEIR_ROLE_GROUP ||
        (r->role == WEIR_ROLE_SOLVER && p->sharing == WEIR_SHARING_OWN);
    char list[256];
    for (int i = r->first_core; i < r->first_core + r->cores; i++) {
        const struct weir_core *core = &p->inventory.core[i];
        if (one_each)
            hwloc_bitmap_set(cpus, (unsigned)core->cpu);
        else
            hwloc_bitmap_or(cpus, cpus, core->cpus);
    }
    weir_list_cpus(cpus, list, sizeof(list));
    snprintf(text, size, "%s %s",
             hwloc_bitmap_weight(cpus) == 1 ? "cpu" : "cpus", list);
    hwloc_bitmap_free(cpus);
}

static const struct weir_plan_memory *memory_of(const struct weir_plan *p,
                                                int node)
{
    for (int i = 0; i < p->memories; i++)
        if (p->memory[i].node == node || p->memory[i].node < 0)
            return &p->memory[i];
    return NULL;
}

/* Everyone who may run on a shared core. */
static void write_shared(FILE *f, const struct weir_plan *p)
{
    char groups[48], solvers[48];
    format_range('g', 0, p->groups, groups, sizeof(groups));
    format_range('s', 0, p->solvers, solvers, sizeof(solvers));
    fprintf(f, "group%s %s, ", plural(p->groups), groups);
    if (p->solvers)
        fprintf(f, "solver%s %s, ", plural(p->solvers), solvers);
    fprintf(f, "services");
}

/* CROWDED has a thread on every node with a free core, so m is never NULL. */
static void write_solvers(FILE *f, const struct weir_plan *p,
                          const struct row *r)
{
    const struct weir_inventory *inv = &p->inventory;
    int node = inv->node[weir_inventory_node_of(inv, r->first_core)].number;
    const struct weir_plan_memory *m = memory_of(p, node);
    bool own = p->sharing == WEIR_SHARING_OWN;
    int first = own ? p->who[r->first_core] : m->first_solver;
    int n = own ? r->cores : m->solvers;
    char who[48];
    format_range('s', first, n, who, sizeof(who));
    fprintf(f, "solver%s %s%s%s", plural(n), who, own ? "" : ", shared",
            p->has_service_core ? "" : ", services");
}

/* Groups by least and greatest number: a team may mix kinds of cores. */
static void write_groups(FILE *f, const struct weir_plan *p,
                         const struct row *r)
{
    int first = p->who[r->first_core], last = first;
    char who[48];
    for (int i = r->first_core; i < r->first_core + r->cores; i++) {
        first = p->who[i] < first ? p->who[i] : first;
        last = p->who[i] > last ? p->who[i] : last;
    }
    int n = last - first + 1;
    format_range('g', first, n, who, sizeof(who));
    fprintf(f, "group%s %s", plural(n), who);
    if (p->cores_per_group > 1)
        fprintf(f, ", %d cores%s", p->cores_per_group, n > 1 ? " each" : "");
}

static void write_services(FILE *f)
{
    for (int i = 0; i < WEIR_SERVICES; i++)
        fprintf(f, "%s%s", i ? ", " : "", weir_service_name(i));
}

static void write_row(FILE *f, const struct weir_plan *p, const struct row *r)
{
    char cpus[320];
    format_cpus(p, r, cpus, sizeof(cpus));
    fprintf(f, "%-*s  ", CPUS, cpus);
    switch (r->role) {
    case WEIR_ROLE_IDLE:
        fprintf(f, "idle");
        break;
    case WEIR_ROLE_SERVICE:
        write_services(f);
        break;
    case WEIR_ROLE_SOLVER:
        write_solvers(f, p, r);
        break;
    case WEIR_ROLE_GROUP:
        write_groups(f, p, r);
        break;
    case WEIR_ROLE_SHARED:
        write_shared(f, p);
        break;
    }
    fprintf(f, "\n");
}

/* "L3 0", "L3 1-7", or nothing where the row before has said it. */
static void write_label(FILE *f, const struct weir_plan *p, const struct row *r)
{
    const struct weir_domain *domain = p->inventory.domain;
    const struct weir_domain *a = &domain[r->first_domain];
    const struct weir_domain *b = &domain[r->last_domain];
    char label[32] = "";
    if (a->first_core == r->first_core) {
        if (a->l3 < 0)
            snprintf(label, sizeof(label), "cores");
        else if (a == b)
            snprintf(label, sizeof(label), "L3 %d", a->l3);
        else
            snprintf(label, sizeof(label), "L3 %d-%d", a->l3, b->l3);
    }
    fprintf(f, "  %-*s  ", LABEL, label);
}

static void write_size(FILE *f, const char *label, const char *what,
                       double bytes)
{
    char size[32];
    if (bytes <= 0)
        return;
    weir_list_bytes(bytes, size, sizeof(size));
    fprintf(f, "  %-*s  %-*s  %s\n", LABEL, label, CPUS, what, size);
}

/* Each thread has its lanes' states in memory of its own: the most of any. */
static void write_lanes(FILE *f, const struct weir_plan *p,
                        const struct weir_plan_memory *m)
{
    const struct weir_plan_request *r = &p->request;
    char what[96], who[48], lane[32], thread[32];
    if (r->lane_bytes == 0 || m->solvers == 0)
        return;
    int lanes = (r->lanes + p->solvers - 1) / p->solvers;
    format_range('s', m->first_solver, m->solvers, who, sizeof(who));
    snprintf(what, sizeof(what), "solver%s %s", plural(m->solvers), who);
    weir_list_bytes((double)r->lane_bytes, lane, sizeof(lane));
    weir_list_bytes((double)lanes * (double)r->lane_bytes, thread,
                    sizeof(thread));
    fprintf(f, "  %-*s  %-*s  %s a thread: %d lane%s of %s\n", LABEL, "", CPUS,
            what, thread, lanes, plural(lanes), lane);
}

static void write_memory(FILE *f, const struct weir_plan *p,
                         const struct weir_plan_memory *m)
{
    const struct weir_plan_request *r = &p->request;
    char what[96], who[48];
    snprintf(what, sizeof(what), "slots %zu-%zu", m->first_slot,
             m->first_slot + m->slots - 1);
    double slots = (double)m->slots * (double)r->slot_bytes;
    double ports = (double)m->solvers * (double)r->port_bytes;
    double groups = (double)m->groups * (double)r->group_bytes;
    write_size(f, "memory", what, slots);
    format_range('s', m->first_solver, m->solvers, who, sizeof(who));
    snprintf(what, sizeof(what), "ports of %s", who);
    write_size(f, slots > 0 ? "" : "memory", what, ports);
    format_range('g', m->first_group, m->groups, who, sizeof(who));
    snprintf(what, sizeof(what), "group%s %s", plural(m->groups), who);
    write_size(f, slots + ports > 0 ? "" : "memory", what, groups);
    write_lanes(f, p, m);
}

static void write_node(FILE *f, const struct weir_plan *p, int n)
{
    const struct weir_node *node = &p->inventory.node[n];
    const struct weir_plan_memory *m = memory_of(p, node->number);
    char bytes[32];
    fprintf(f, "\nnode %d", node->number);
    if (p->inventory.machine_packages > 1 && node->package >= 0)
        fprintf(f, "  package %d", node->package);
    weir_list_bytes((double)node->bytes, bytes, sizeof(bytes));
    if (node->bytes)
        fprintf(f, "  %s", bytes);
    fprintf(f, "\n");
    for (int i = node->first_core; i < node->first_core + node->cores;) {
        struct row r = row_at(p, i);
        write_label(f, p, &r);
        write_row(f, p, &r);
        i += r.cores;
    }
    if (m && m->node >= 0)
        write_memory(f, p, m);
}

static void write_machine(FILE *f, const struct weir_plan *p)
{
    const struct weir_inventory *inv = &p->inventory;
    fprintf(f, "machine  %d core%s", inv->machine_cores,
            plural(inv->machine_cores));
    if (inv->machine_cpus != inv->machine_cores)
        fprintf(f, " (%d cpus)", inv->machine_cpus);
    if (inv->cores != inv->machine_cores)
        fprintf(f, ", %d allowed", inv->cores);
    if (p->usable_cores != inv->cores)
        fprintf(f, ", %g CPUs of time", p->quota);
    fprintf(f, ", %d NUMA node%s\n", inv->nodes, plural(inv->nodes));
}

static void write_counts(FILE *f, const struct weir_plan *p)
{
    fprintf(f, "plan     %d group%s", p->groups, plural(p->groups));
    if (p->cores_per_group > 1)
        fprintf(f, " of %d cores", p->cores_per_group);
    fprintf(f, ", %d solver thread%s", p->solvers, plural(p->solvers));
    if (p->sharing == WEIR_SHARING_FLOATING)
        fprintf(f, ", nothing pinned\n");
    else
        fprintf(f, ", %s\n",
                p->has_service_core ? "a core for services"
                                    : "no core for services");
}

static void write_notes(FILE *f, const struct weir_plan *p)
{
    if (p->notes)
        fprintf(f, "\n");
    for (int i = 0; i < p->notes; i++)
        fprintf(f, "%s: %s\n", p->note[i].is_warning ? "warning" : "note",
                p->note[i].text);
}

int weir_plan_text(const struct weir_plan *plan, char **text)
{
    size_t size = 0;
    FILE *f = open_memstream(text, &size);
    if (!f)
        return WEIR_FAIL(ENOMEM, "plan");
    write_machine(f, plan);
    write_counts(f, plan);
    for (int n = 0; n < plan->inventory.nodes; n++)
        write_node(f, plan, n);
    if (plan->memories && plan->memory[0].node < 0) {
        fprintf(f, "\nall nodes, memory spread over them\n");
        write_memory(f, plan, &plan->memory[0]);
    }
    write_notes(f, plan);
    return fclose(f) == 0 ? 0 : WEIR_FAIL(ENOMEM, "plan");
}
