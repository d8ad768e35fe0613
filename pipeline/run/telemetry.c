/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/run/telemetry.h"

#include "base/clock.h"
#include "base/heap.h"
#include "weir/version.h"
#include "weir_build.h"

#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNTERS 48

/* Who records a metric. */
enum owner { SOLVER, GROUP, LEADER, ACQUISITION, CHECKPOINTER, RECORDER };

static const struct {
    const char *name, *title;
    enum owner owner;
    enum weir_stats_class kind;
} metrics[] = {
#define X(id, name, who, kind, title) {name, title, who, WEIR_STATS_##kind},
    WEIR_METRICS(X)
#undef X
};

/* Threads that the plan gives no service of their own. */
static const struct {
    const char *name;
    enum weir_service place;
} services[] = {
    {"weir-acquire", WEIR_SERVICE_ACQUISITION},
    {"weir-checkpoint", WEIR_SERVICE_CHECKPOINTER},
    {"weir-recorder", WEIR_SERVICE_RECORDER},
    {"weir-signals", WEIR_SERVICE_SUPERVISOR},
    {"weir-socket", WEIR_SERVICE_SUPERVISOR},
};
#define SERVICES (sizeof(services) / sizeof(*services))

/* Threads that help acquisition's (stages/hands.h), if its strategy asks. */
static uint32_t hands(const struct weir_run *run)
{
    return (uint32_t)run->cfg->placement.acquisition_threads - 1;
}

const char *weir_metric_name(enum weir_metric metric)
{
    return metrics[metric].name;
}

const char *weir_metric_title(enum weir_metric metric)
{
    return metrics[metric].title;
}

enum weir_stats_class weir_metric_class(enum weir_metric metric)
{
    return metrics[metric].kind;
}

/* ---- layout: groups first, then solver threads, then services ---- */

static uint32_t owners_of(const struct weir_run *run, enum weir_metric metric)
{
    switch (metrics[metric].owner) {
    case SOLVER:
        return run->solver_threads;
    case GROUP:
        return run->groups;
    default:
        return 1;
    }
}

static int32_t thread_of(const struct weir_run *run, enum weir_metric metric,
                         uint32_t i)
{
    uint32_t first_service = run->groups + run->solver_threads;
    switch (metrics[metric].owner) {
    case SOLVER:
        return (int32_t)(run->groups + i);
    case GROUP:
        return (int32_t)i;
    case LEADER:
        return -1;
    case ACQUISITION:
        return (int32_t)first_service;
    case CHECKPOINTER:
        return (int32_t)first_service + 1;
    case RECORDER:
        return (int32_t)first_service + 2;
    }
    return -1;
}

_Static_assert(WEIR_METRIC_COUNT <= WEIR_RUN_METRICS, "a run has room");

/* @return how many histograms there are */
static uint32_t place_hists(struct weir_run *run)
{
    uint32_t at = 0;
    for (enum weir_metric m = 0; m < WEIR_METRIC_COUNT; m++) {
        run->hist_at[m] = at;
        at += owners_of(run, m);
    }
    return at;
}

static struct weir_stats_size size_of(struct weir_run *run)
{
    return (struct weir_stats_size){
        .counters = COUNTERS,
        .threads =
            run->groups + run->solver_threads + (uint32_t)SERVICES + hands(run),
        .lanes = run->lanes,
        .hists = place_hists(run),
    };
}

static void name_hists(struct weir_run *run)
{
    for (enum weir_metric m = 0; m < WEIR_METRIC_COUNT; m++)
        for (uint32_t i = 0; i < owners_of(run, m); i++) {
            struct weir_stats_hist *h =
                weir_stats_hist(run->stats, run->hist_at[m] + i);
            snprintf(h->name, sizeof(h->name), "%s", metrics[m].name);
            snprintf(h->title, sizeof(h->title), "%s", metrics[m].title);
            h->kind = metrics[m].kind;
            h->thread = thread_of(run, m, i);
        }
}

/* ---- threads and where they are ---- */

static void set_place(const struct weir_run *run, const struct weir_place *p,
                      struct weir_stats_thread *t)
{
    const struct weir_inventory *inv = &run->plan.inventory;
    t->cpu = hwloc_bitmap_first(p->cpus);
    t->cpus = hwloc_bitmap_weight(p->cpus);
    t->pinned = p->pinned;
    t->node = p->node;
    t->package = t->l3 = -1;
    for (int n = 0; n < inv->nodes; n++)
        if (inv->node[n].number == p->node)
            t->package = inv->node[n].package;
    for (int c = 0; c < inv->cores && p->pinned; c++)
        if (hwloc_bitmap_isset(inv->core[c].cpus, (unsigned)t->cpu))
            t->l3 = inv->domain[inv->core[c].domain].l3;
}

static void add_thread(struct weir_run *run, uint32_t *n,
                       enum weir_stats_role role, uint32_t index,
                       const struct weir_place *place, const char *name)
{
    struct weir_stats_thread *t = weir_stats_thread(run->stats, (*n)++);
    t->role = role;
    t->index = index;
    snprintf(t->name, sizeof(t->name), "%s", name);
    set_place(run, place, t);
}

static void list_threads(struct weir_run *run)
{
    uint32_t n = 0;
    char name[16];
    for (uint32_t i = 0; i < run->groups; i++) {
        snprintf(name, sizeof(name), "weir-group%u", i % 10000);
        add_thread(run, &n, WEIR_STATS_GROUP, i,
                   weir_seats_group(&run->seats, i), name);
    }
    for (uint32_t i = 0; i < run->solver_threads; i++) {
        snprintf(name, sizeof(name), "weir-solver%u", i % 1000);
        add_thread(run, &n, WEIR_STATS_SOLVER, i,
                   weir_seats_solver(&run->seats, i), name);
    }
    for (uint32_t i = 0; i < SERVICES; i++)
        add_thread(run, &n, WEIR_STATS_SERVICE, i,
                   &run->plan.service[services[i].place], services[i].name);
    for (uint32_t i = 0; i < hands(run); i++) {
        snprintf(name, sizeof(name), "weir-hand%u", (i + 1) % 10000);
        add_thread(run, &n, WEIR_STATS_SERVICE, (uint32_t)SERVICES + i,
                   &run->plan.service[WEIR_SERVICE_ACQUISITION], name);
    }
}

static void set_titles(struct weir_run *run)
{
    const struct weir_config *cfg = run->cfg;
    snprintf(run->stats->program, sizeof(run->stats->program), "%s (%s)",
             WEIR_VERSION, WEIR_BUILD_ID);
    snprintf(run->stats->title, sizeof(run->stats->title), "%s, %s, %s, %s",
             cfg->solver.name, cfg->model.name, cfg->acquisition.strategy,
             weir_run_is_lockstep(run) ? "lockstep" : "live");
}

int weir_telemetry_create(struct weir_run *run)
{
    struct weir_stats_size size = size_of(run);
    struct weir_layout l = weir_layout_start();
    size_t at = weir_layout_add(&l, weir_stats_bytes(&size), WEIR_ALIGN);
    int rc = weir_mapping_create("weir-stats", l.bytes, &run->stats_memory);
    rc = rc ? rc : weir_mapping_populate(&run->stats_memory);
    if (rc)
        return rc;
    run->stats = (void *)(run->stats_memory.base + at);
    weir_stats_init(run->stats, &size);
    run->stats->start_ns = weir_now_ns();
    name_hists(run);
    list_threads(run);
    set_titles(run);
    return 0;
}

void weir_telemetry_destroy(struct weir_run *run)
{
    if (run->stats_memory.base)
        weir_mapping_close(&run->stats_memory);
    run->stats = NULL;
}

/* ---- recording and reading ---- */

struct weir_hist *weir_telemetry_hist(const struct weir_run *run,
                                      enum weir_metric metric, uint32_t i)
{
    return &weir_stats_hist(run->stats, run->hist_at[metric] + i)->hist;
}

void weir_telemetry_merge(const struct weir_run *run, enum weir_metric metric,
                          struct weir_hist *out)
{
    for (uint32_t i = 0; i < owners_of(run, metric); i++)
        weir_hist_merge(out, weir_telemetry_hist(run, metric, i));
}

void weir_telemetry_enter(const struct weir_run *run, const char *name)
{
    for (uint32_t i = 0; i < run->stats->size.threads; i++) {
        struct weir_stats_thread *t = weir_stats_thread(run->stats, i);
        if (!strncmp(t->name, name, sizeof(t->name) - 1))
            atomic_store_explicit(&t->tid, gettid(),
                                  memory_order_relaxed); /* E3 */
    }
}

static void sample_lane(const struct weir_port *p, struct weir_stats_lane *l)
{
    uint32_t state =
        atomic_load_explicit(&p->state, memory_order_relaxed); /* S5 */
    uint64_t samples =
        atomic_load_explicit(&p->samples, memory_order_relaxed); /* S5 */
    int64_t busy =
        atomic_load_explicit(&p->busy_ns, memory_order_relaxed); /* S5 */
    int64_t wait =
        atomic_load_explicit(&p->wait_ns, memory_order_relaxed);       /* S5 */
    atomic_store_explicit(&l->state, state, memory_order_relaxed);     /* E3 */
    atomic_store_explicit(&l->samples, samples, memory_order_relaxed); /* E3 */
    atomic_store_explicit(&l->busy_ns, busy, memory_order_relaxed);    /* E3 */
    atomic_store_explicit(&l->wait_ns, wait, memory_order_relaxed);    /* E3 */
}

void weir_telemetry_sample(void *ctx)
{
    const struct weir_run *run = ctx;
    for (uint32_t i = 0; i < run->lanes; i++) {
        struct weir_stats_lane *l = weir_stats_lane(run->stats, i);
        sample_lane(run->port[i], l);
        atomic_store_explicit(
            &l->ready, (uint32_t)weir_ring_count(weir_port_ready(run->port[i])),
            memory_order_relaxed); /* E3 */
        atomic_store_explicit(
            &l->free, (uint32_t)weir_ring_count(weir_port_free(run->port[i])),
            memory_order_relaxed); /* E3 */
    }
    atomic_store_explicit(&run->stats->beat_ns, weir_now_ns(),
                          memory_order_relaxed); /* E3 */
}
