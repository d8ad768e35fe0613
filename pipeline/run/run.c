/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/run/run.h"

#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "nn/registry.h"
#include "pipeline/clients/external.h"
#include "pipeline/run/registries.h"
#include "pipeline/run/telemetry.h"
#include "pipeline/run/trace.h"
#include "pipeline/run/trainer_memory.h"
#include "pipeline/run/wisdom_file.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/** Largest reservoir that `checkpoint.reservoir: auto` saves in live mode. */
#define AUTO_KEEP_BYTES ((size_t)1 << 30)

#define LOSS_BATCHES    128 /* a reader may fall this many batches behind */
#define WORKING_BYTES   ((size_t)64 << 20) /* nets, heap: an allowance */

/* Offsets of everything in the mapping. */
struct places {
    size_t table, bells, slots, bytes;
    size_t port, port_stride; /* lanes of them */
    size_t loss, loss_stride; /* groups of them */
    size_t loss_cells;
};

static size_t power_of_two(size_t n)
{
    size_t p = 1;
    while (p < n)
        p *= 2;
    return p;
}

static uint32_t table_capacity(const struct weir_config *cfg)
{
    return (uint32_t)(cfg->simulations.budget + weir_config_max_redraws(cfg));
}

static size_t add_pages(struct weir_layout *l, size_t bytes)
{
    return weir_layout_add(l, bytes, weir_page_bytes());
}

/* Ports and slots start on pages of their own, so that each can be bound to
 * the node of those who use it most. */
static struct places lay_out(const struct weir_run *run)
{
    const struct weir_config *cfg = run->cfg;
    struct weir_layout l = weir_layout_start();
    struct places p = {0};
    uint32_t dims = (uint32_t)cfg->space.n;
    size_t page = weir_page_bytes();
    size_t port = weir_port_bytes((uint32_t)cfg->reservoir.slots_per_port);
    p.loss_cells = power_of_two(LOSS_BATCHES * (size_t)cfg->training.batch);
    p.port_stride = (port + page - 1) / page * page;
    p.loss_stride = (weir_loss_bytes(p.loss_cells) + page - 1) / page * page;
    p.bells = weir_layout_add(&l, 4 * sizeof(struct weir_doorbell), WEIR_ALIGN);
    p.table = add_pages(&l, weir_table_bytes(table_capacity(cfg), dims));
    p.loss = add_pages(&l, run->groups * p.loss_stride);
    p.port = add_pages(&l, run->lanes * p.port_stride);
    p.slots = add_pages(&l, run->slots.stride * run->slots.count);
    p.bytes = l.bytes;
    return p;
}

/* The largest part is what one can do something about. */
static int suggest(const struct weir_run *run,
                   const struct weir_trainer_memory *m, size_t samples)
{
    size_t nets = run->groups * m->group, all = m->gradients * m->gradient;
    double mib = 0x1p20;
    if (samples >= nets && samples >= all)
        return weir_err_hint("lower reservoir.capacity (%d samples of %.1f "
                             "KiB)",
                             run->cfg->reservoir.capacity,
                             (double)run->slots.stride / 1024);
    if (nets >= all)
        return weir_err_hint("lower training.micro_batch (nets of %.1f MiB for "
                             "each of %u groups), or placement.groups",
                             (double)m->group / mib, run->groups);
    return weir_err_hint("raise training.accumulate (%u gradients of %.1f MiB)",
                         m->gradients, (double)m->gradient / mib);
}

/* Before anything is made: what is asked for against what there is. */
static int check_memory(const struct weir_run *run, size_t bytes)
{
    uint64_t limit = run->cfg->placement.memory_limit;
    uint64_t free = weir_memory_available();
    struct weir_trainer_memory m;
    int rc = weir_trainer_memory_plan(run, &m);
    if (rc)
        return rc;
    size_t all = bytes + weir_trainer_memory_total(&m, run->groups);
    size_t samples = run->slots.stride * run->slots.count;
    double mib = 0x1p20;
    if (limit && all + WORKING_BYTES > limit)
        WEIR_FAIL(WEIR_EENV,
                  "memory: the run needs about %.1f MiB, "
                  "placement.memory_limit is %.1f MiB",
                  (double)(all + WORKING_BYTES) / mib, (double)limit / mib);
    /* Samples alone are held against the machine when they are mapped. */
    else if (bytes <= free && all > free)
        WEIR_FAIL(WEIR_EENV,
                  "memory: the run needs about %.1f MiB, %.1f of them to "
                  "train, but %.1f MiB are available",
                  (double)all / mib, (double)(all - bytes) / mib,
                  (double)free / mib);
    else
        return 0;
    return suggest(run, &m, samples);
}

/* Each region to the node of those who use it most, before any page is real. */
static void bind_memory(struct weir_run *run, const struct places *p)
{
    for (int i = 0; i < run->plan.memories; i++) {
        const struct weir_plan_memory *m = &run->plan.memory[i];
        weir_apply_memory(&run->topology,
                          run->slots.base + m->first_slot * run->slots.stride,
                          m->slots * run->slots.stride, m->node, "slots");
    }
    for (uint32_t l = 0; l < run->lanes; l++)
        weir_apply_memory(
            &run->topology, run->port[l], p->port_stride,
            weir_seats_solver(&run->seats, l % (uint32_t)run->seats.solvers)
                ->node,
            "port");
    for (uint32_t g = 0; g < run->groups; g++)
        weir_apply_memory(&run->topology, run->loss[g], p->loss_stride,
                          weir_seats_group(&run->seats, g)->node, "losses");
}

static void add_counters(struct weir_run *run)
{
    struct weir_counters *page = weir_stats_counters(run->stats);
    struct weir_run_counters *c = &run->count;
#define X(name, kind, label)                                                   \
    c->name = weir_counter_add(page, WEIR_COUNTER_##kind, label);
    WEIR_RUN_COUNTERS(X)
#undef X
    weir_counter_set(c->groups, run->seats.groups);
    weir_counter_set(c->solvers, run->seats.solvers);
    weir_counter_set(c->batch, run->cfg->training.batch);
    weir_counter_set(c->steps, run->cfg->training.steps);
    weir_counter_set(c->budget, run->cfg->simulations.budget);
    weir_counter_set(c->capacity, run->cfg->reservoir.capacity);
}

/* Structures into the pages that are now real. */
static int init_memory(struct weir_run *run, const struct places *p)
{
    unsigned char *base = run->memory.base;
    weir_table_init(run->table, table_capacity(run->cfg),
                    (uint32_t)run->cfg->space.n);
    for (uint32_t g = 0; g < run->groups; g++)
        weir_loss_init(run->loss[g], p->loss_cells);
    int rc = 0;
    for (uint32_t l = 0; rc == 0 && l < run->lanes; l++) {
        rc = weir_port_init(run->port[l],
                            (uint32_t)run->cfg->reservoir.slots_per_port);
        atomic_init(&run->port[l]->thread, l % (uint32_t)run->seats.solvers);
    }
    struct weir_doorbell *bell = (void *)(base + p->bells);
    run->trainer_bell = &bell[0];
    run->acquire_bell = &bell[1];
    run->checkpoint_bell = &bell[2];
    run->record_bell = &bell[3];
    weir_mapping_publish(&run->memory);
    return rc;
}

static int map_memory(struct weir_run *run)
{
    struct places p = lay_out(run);
    int rc = check_memory(run, p.bytes);
    rc = rc ? rc : weir_mapping_create("weir-run", p.bytes, &run->memory);
    if (rc)
        return rc;
    run->table = (void *)(run->memory.base + p.table);
    run->slots.base = run->memory.base + p.slots;
    run->port = weir_array(run->lanes, sizeof(*run->port));
    run->loss = weir_array(run->groups, sizeof(*run->loss));
    if (!run->port || !run->loss)
        return WEIR_FAIL(ENOMEM, "run");
    for (uint32_t l = 0; l < run->lanes; l++)
        run->port[l] = (void *)(run->memory.base + p.port + l * p.port_stride);
    for (uint32_t g = 0; g < run->groups; g++)
        run->loss[g] = (void *)(run->memory.base + p.loss + g * p.loss_stride);
    bind_memory(run, &p);
    rc = weir_mapping_populate(&run->memory);
    return rc ? rc : init_memory(run, &p);
}

static int check_plans(const struct weir_run *run)
{
    if (!weir_run_is_lockstep(run) ||
        !weir_fftw_measures(&run->cfg->solver.options))
        return 0;
    WEIR_FAIL(WEIR_ECONFIG, "solver.fftw is measure, expected estimate where "
                            "run.clock is lockstep");
    weir_err_hint("plans that are measured give other last bits from start to "
                  "start");
    return weir_config_blame(run->cfg, WEIR_KEYS("solver.fftw", "run.clock"));
}

/* A direct model makes each frame from the parameters and its time. */
static int choose_inputs(const struct weir_config *cfg,
                         struct weir_inputs *inputs)
{
    const struct weir_model_ops *model = weir_model_find(cfg->model.name);
    if (!model)
        return -weir_err_code();
    if (model->is_direct)
        inputs->space = &cfg->space;
    if (!model->is_direct || cfg->training.unroll == 1)
        return 0;
    WEIR_FAIL(WEIR_ECONFIG,
              "training.unroll %d, but model %s makes a frame at once from "
              "parameters and time",
              cfg->training.unroll, cfg->model.name);
    weir_err_hint("set training.unroll to 1");
    return weir_config_blame(cfg, WEIR_KEYS("training.unroll"));
}

/* Each would be the same sample again. */
static int check_frames(const struct weir_run *run)
{
    const struct weir_config *cfg = run->cfg;
    if (run->info.dt > 0 || cfg->simulations.steps == 1)
        return 0;
    WEIR_FAIL(WEIR_ECONFIG,
              "simulations.steps %d, but the problem of solver %s is steady: "
              "one sample a simulation",
              cfg->simulations.steps, cfg->solver.name);
    weir_err_hint("set simulations.steps to 1");
    return weir_config_blame(cfg, WEIR_KEYS("simulations.steps"));
}

int weir_run_configure(struct weir_run *run)
{
    const struct weir_config *cfg = run->cfg;
    int rc = check_plans(run);
    rc = rc ? rc : choose_inputs(cfg, &run->inputs);
    if (rc)
        return rc;
    rc = weir_solver_choose(cfg->solver.name, &run->solver);
    rc = rc ? rc
            : run->solver->configure(&cfg->solver.options, &run->solver_config);
    if (rc)
        return weir_config_refusal(rc, WEIR_KIND_SOLVER, cfg);
    run->solver->describe(run->solver_config, &run->info);
    rc = check_frames(run);
    if (rc) {
        run->solver->release(run->solver_config);
        run->solver_config = NULL;
        return rc;
    }
    run->frame_floats = weir_shape_floats(&run->info.shape);
    run->inputs.step = run->info.dt;
    run->inputs.end = cfg->simulations.steps * run->info.dt;
    run->window = (uint32_t)cfg->training.unroll + 1;
    run->samples = (uint32_t)weir_config_samples_per_simulation(cfg);
    run->samples_per_batch = weir_config_samples_per_batch(cfg);
    run->slots = (struct weir_slots){
        .count = (uint32_t)cfg->reservoir.capacity,
        .frame_floats = run->frame_floats,
        .read_floats = run->inputs.space ? weir_inputs_numbers(&run->inputs)
                                         : run->frame_floats,
        .window = run->window,
    };
    run->slots.stride = weir_slot_stride(weir_slot_floats(&run->slots));
    return 0;
}

static struct weir_model_io model_io(const struct weir_run *run)
{
    if (run->info.residual)
        return weir_model_jet_io(&run->info.residual->jet);
    const struct weir_inputs *in = weir_run_inputs(run);
    return (struct weir_model_io){
        .shape = run->info.shape,
        .given = in ? 0 : run->info.given,
        .parameters = in ? (int)weir_inputs_features(in) : 0,
        .evidential = run->cfg->training.loss == WEIR_LOSS_EVIDENTIAL,
    };
}

bool weir_run_keeps_reservoir(const struct weir_run *run)
{
    const struct weir_slots *s = &run->slots;
    switch (run->cfg->checkpoint.reservoir) {
    case WEIR_KEEP_RESERVOIR_ALWAYS:
        return true;
    case WEIR_KEEP_RESERVOIR_NEVER:
        return weir_run_is_lockstep(run);
    case WEIR_KEEP_RESERVOIR_AUTO:
        break;
    }
    return weir_run_is_lockstep(run) || s->stride * s->count <= AUTO_KEEP_BYTES;
}

int weir_run_model(const struct weir_run *run, struct weir_model **out)
{
    const struct weir_config *cfg = run->cfg;
    const struct weir_model_ops *ops = weir_model_find(cfg->model.name);
    struct weir_model_io io = model_io(run);
    if (!ops)
        return -weir_err_code();
    return weir_config_refusal(
        weir_model_create_for(ops, &cfg->model.options, &io, out),
        WEIR_KIND_MODEL, cfg);
}

static int micro_batches(const struct weir_config *cfg)
{
    int micro = cfg->training.micro_batch;
    return (cfg->training.batch + micro - 1) / micro;
}

uint32_t weir_run_gradients(const struct weir_config *cfg)
{
    int share = cfg->training.accumulate;
    return (uint32_t)((micro_batches(cfg) + share - 1) / share);
}

static int make_plan(const struct weir_run *run,
                     const struct weir_topology *topology,
                     struct weir_plan *plan)
{
    const struct weir_config *cfg = run->cfg;
    struct weir_plan_request request = WEIR_PLAN_REQUEST;
    request.groups = cfg->placement.groups;
    request.cores_per_group = cfg->placement.cores_per_group;
    request.solver_threads = cfg->placement.solver_threads;
    request.lanes = cfg->run.lanes;
    /* A thread waits for one process. */
    if (weir_is_external(run->solver))
        request.solver_threads = cfg->run.lanes;
    request.micro_batches = (int)weir_run_gradients(cfg);
    request.bind = cfg->placement.bind;
    request.slots = (size_t)cfg->reservoir.capacity;
    request.slot_bytes = run->slots.stride;
    request.lane_bytes = run->info.lane_bytes;
    request.port_bytes =
        weir_port_bytes((uint32_t)cfg->reservoir.slots_per_port);
    int rc = weir_plan_make(topology, &request, plan);
    /* A core that several threads share is nobody's to hand over. */
    if (rc || cfg->placement.allocation != WEIR_ALLOCATION_ADAPTIVE ||
        plan->sharing != WEIR_SHARING_CROWDED)
        return rc;
    weir_plan_free(plan);
    request.bind = false;
    return weir_plan_make(topology, &request, plan);
}

static int take_seats(struct weir_run *run)
{
    bool moves = weir_run_is_adaptive(run);
    int rc = weir_seats_make(&run->plan, moves ? (int)run->gradients : 0,
                             moves ? (int)run->lanes : 0, &run->seats);
    run->solver_threads = (uint32_t)run->seats.most_solvers;
    run->groups = (uint32_t)run->seats.most_groups;
    weir_crew_init(&run->solver_crew, (uint32_t)run->seats.solvers);
    return rc;
}

int weir_run_plan(const struct weir_config *cfg,
                  const struct weir_topology *topology, struct weir_plan *plan)
{
    struct weir_run run = {.cfg = cfg};
    int rc = weir_run_configure(&run);
    if (rc)
        return rc;
    rc = make_plan(&run, topology, plan);
    run.solver->release(run.solver_config);
    return rc;
}

int weir_run_check_door(const struct weir_run *run)
{
    if (!weir_is_external(run->solver))
        return 0;
    if (weir_run_is_adaptive(run)) {
        WEIR_FAIL(WEIR_ECONFIG,
                  "placement.allocation: adaptive needs solvers that run "
                  "inside the program: a process has its own cores");
        weir_err_hint("set placement.allocation to fixed");
        return weir_config_blame(run->cfg, WEIR_KEYS("placement.allocation"));
    }
    if (!weir_run_is_lockstep(run))
        return 0;
    WEIR_FAIL(WEIR_ECONFIG, "run.clock: lockstep needs solvers that run inside "
                            "the program: processes come and go");
    weir_err_hint("set run.clock to live");
    return weir_config_blame(run->cfg, WEIR_KEYS("run.clock"));
}

/* Solvers that are processes come in by it. */
static int open_door(struct weir_run *run)
{
    const struct weir_config *cfg = run->cfg;
    struct weir_external_host host = {
        .dir = run->dir,
        .stop = &run->stop,
        .frames = (uint32_t)cfg->simulations.steps + 1,
        .parameters = (uint32_t)cfg->space.n,
    };
    int rc = weir_run_check_door(run);
    if (rc || !weir_is_external(run->solver))
        return rc;
    return weir_external_open(run->solver_config, &host);
}

int weir_run_create(const struct weir_config *cfg, const char *dir,
                    struct weir_topology *topology, struct weir_run **out)
{
    struct weir_run *run = weir_array(1, sizeof(*run));
    if (!run)
        return WEIR_FAIL(ENOMEM, "run");
    *out = run;
    run->cfg = cfg;
    run->dir = dir;
    run->lineage = "";
    run->topology = *topology;
    *topology = (struct weir_topology){0};
    run->start_ns = weir_now_ns();
    weir_stop_init(&run->stop);
    int rc = weir_run_configure(run);
    rc = rc ? rc : make_plan(run, &run->topology, &run->plan);
    rc = rc ? rc : open_door(run);
    if (rc)
        return rc;
    run->lanes = (uint32_t)cfg->run.lanes;
    run->micro_batches = (uint32_t)micro_batches(cfg);
    run->gradients = weir_run_gradients(cfg);
    rc = take_seats(run);
    rc = rc ? rc : weir_telemetry_create(run);
    if (rc == 0)
        add_counters(run);
    return rc ? rc : map_memory(run);
}

void weir_run_destroy(struct weir_run *run)
{
    if (!run)
        return;
    if (run->solver_config)
        run->solver->release(run->solver_config);
    if (run->memory.base)
        weir_mapping_close(&run->memory);
    weir_telemetry_destroy(run);
    weir_seats_free(&run->seats);
    weir_plan_free(&run->plan);
    weir_topology_free(&run->topology);
    weir_stop_destroy(&run->stop);
    free(run->port);
    free(run->loss);
    free(run);
}

void weir_run_ring_lane(const struct weir_run *run, uint32_t lane)
{
    uint32_t thread = atomic_fetch_add_explicit(&run->port[lane]->thread, 0,
                                                memory_order_acq_rel); /* S6 */
    weir_doorbell_ring(&run->port[thread & ~WEIR_PORT_COMING]->bell);
}

void weir_run_ring_lanes(const struct weir_run *run)
{
    for (uint32_t t = 0; t < run->solver_threads; t++)
        weir_doorbell_ring(&run->port[t]->bell);
}

void weir_run_enter(struct weir_run *run, const struct weir_place *place,
                    const char *name)
{
    pthread_setname_np(pthread_self(), name);
    weir_telemetry_enter(run, name);
    weir_trace_enter(run->trace, name);
    weir_apply_thread(&run->topology, place, name);
}

double weir_run_seconds(const struct weir_run *run, int64_t ns)
{
    return (double)(ns - run->start_ns) * 1e-9;
}

int64_t weir_run_cpu_ns(const struct weir_run *run)
{
    return weir_process_cpu_ns() - run->cpu_from_ns;
}
