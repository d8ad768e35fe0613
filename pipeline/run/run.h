/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_RUN_H
#define WEIR_PIPELINE_RUN_H

/**
 * @file
 * What the stages of a run share: the configuration, the configured solver, the
 * placement, and the memory between them. Made before any stage starts,
 * released after all have ended; fixed in between, but for the contents of the
 * shared memory, which follow the contracts of src/shm.
 */
#include "io/config.h"
#include "nn/inputs.h"
#include "nn/model.h"
#include "pipeline/clients/stop.h"
#include "shm/counters.h"
#include "shm/crew.h"
#include "shm/loss.h"
#include "shm/mapping.h"
#include "shm/port.h"
#include "shm/slot.h"
#include "shm/stats.h"
#include "shm/table.h"
#include "topo/apply.h"
#include "topo/plan.h"
#include "topo/seats.h"
#include "topo/topology.h"
#include "weir/solver.h"

struct weir_trace;

/** name, kind, label for viewers */
#define WEIR_RUN_COUNTERS(X)                                                   \
    X(step, TOTAL, "train.step")                                               \
    X(steps, LEVEL, "train.steps")                                             \
    X(loss, MICROS, "train.loss")                                              \
    X(validation, MICROS, "validation.nrmse")                                  \
    X(waited_ns, TOTAL, "train.wait_ns")                                       \
    X(budget, LEVEL, "solver.budget")                                          \
    X(finished, TOTAL, "solver.finished")                                      \
    X(failed, TOTAL, "solver.failed")                                          \
    X(accepted, TOTAL, "reservoir.accepted")                                   \
    X(resident, LEVEL, "reservoir.resident")                                   \
    X(unseen, LEVEL, "reservoir.unseen")                                       \
    X(capacity, LEVEL, "reservoir.capacity")                                   \
    X(generation, TOTAL, "acquire.generation")                                 \
    X(bred, TOTAL, "acquire.bred")                                             \
    X(checkpoint_step, TOTAL, "checkpoint.step")                               \
    X(checkpoint_ns, TIME, "checkpoint.time")                                  \
    X(free, LEVEL, "reservoir.free")                                           \
    X(drawn, TOTAL, "train.samples")                                           \
    X(lost, TOTAL, "acquire.lost")                                             \
    X(batch, LEVEL, "train.batch")                                             \
    X(phase, LEVEL, "train.phase")                                             \
    X(groups, LEVEL, "allocation.groups")                                      \
    X(solvers, LEVEL, "allocation.solver_threads")                             \
    X(moves, TOTAL, "allocation.moves")

/** Counters a viewer sees; owned by the stage that writes them. */
struct weir_run_counters {
#define X(name, kind, label) struct weir_counter *name;
    WEIR_RUN_COUNTERS(X)
#undef X
};

/** Room for the histograms of telemetry.h. */
#define WEIR_RUN_METRICS 32

struct weir_run {
    const struct weir_config *cfg;
    const char *dir;  /* NULL: nothing is written (--check) */
    int64_t start_ns; /* CLOCK_MONOTONIC, less the time of earlier sessions */
    /* CPU time of the process when the stages started, less that of earlier
     * sessions; until then only the latter. */
    int64_t cpu_from_ns;
    const char *lineage; /* what it continues; "" */

    const struct weir_solver_ops *solver;
    void *solver_config;
    struct weir_solver_info info;
    size_t frame_floats;
    struct weir_inputs inputs; /* what a direct model reads; no space: states */
    uint32_t window;           /* states in a sample, inputs among them */
    uint32_t samples;          /* per simulation */
    double samples_per_batch;

    struct weir_topology topology;
    struct weir_plan plan;
    struct weir_seats seats;
    /* Threads there are; not all of them work where allocation is adaptive. */
    uint32_t solver_threads, groups;
    struct weir_crew solver_crew;
    uint32_t lanes, micro_batches;
    uint32_t gradients; /* buffers; each is one group's work */

    struct weir_mapping memory;
    struct weir_table *table;
    struct weir_loss_ring **loss; /* [groups] */
    struct weir_port **port;      /* [lanes] */
    struct weir_slots slots;
    struct weir_doorbell *trainer_bell, *acquire_bell, *checkpoint_bell,
        *record_bell;
    struct weir_mapping stats_memory; /* what viewers may map */
    struct weir_stats *stats;
    uint32_t hist_at[WEIR_RUN_METRICS]; /* first histogram of each metric */
    struct weir_run_counters count;
    struct weir_trace *trace; /* NULL: none is written */

    struct weir_stop stop;
};

/**
 * Plan the run and lay out its memory.
 * @param cfg loaded and checked; outlives the run
 * @param topology taken over by the run
 * @return 0
 * @return -WEIR_ECONFIG the solver or the plan refuses the configuration
 * @return -WEIR_EENV    no core to train on, or too little memory
 */
int weir_run_create(const struct weir_config *cfg, const char *dir,
                    struct weir_topology *topology, struct weir_run **out);
void weir_run_destroy(struct weir_run *run);

/**
 * The solver and the sizes that follow from `cfg`, which is all that is set;
 * for those who need no more of a run. Ends with run->solver->release, unless it
 * fails.
 * @return 0, -WEIR_ECONFIG the solver refuses the configuration
 */
int weir_run_configure(struct weir_run *run);

/**
 * Whether clock and allocation go with solvers that are processes.
 * @return 0, -WEIR_ECONFIG
 */
int weir_run_check_door(const struct weir_run *run);

/** The plan of a configuration, without making anything else of it. */
int weir_run_plan(const struct weir_config *cfg,
                  const struct weir_topology *topology, struct weir_plan *plan);

/** What the run's model reads in the place of states; NULL: states. */
static inline const struct weir_inputs *weir_run_inputs(
    const struct weir_run *run)
{
    return run->inputs.space ? &run->inputs : NULL;
}

/**
 * The configured architecture, made for the run's frames.
 * @return 0, -WEIR_ECONFIG it is unknown or refuses, or as weir_model_create
 */
int weir_run_model(const struct weir_run *run, struct weir_model **out);

/** Buffers that the gradients of a batch's micro-batches are gathered in. */
uint32_t weir_run_gradients(const struct weir_config *cfg);

static inline bool weir_run_is_lockstep(const struct weir_run *run)
{
    return run->cfg->run.clock == WEIR_CLOCK_LOCKSTEP;
}

/** Whether checkpoints hold the reservoir, as checkpoint.reservoir has it. */
bool weir_run_keeps_reservoir(const struct weir_run *run);

/** Samples that must come before a reservoir that is empty can be drawn from. */
static inline uint64_t weir_run_samples_to_start(const struct weir_run *run)
{
    return (uint64_t)run->cfg->reservoir.watermark +
           (uint64_t)run->cfg->training.batch;
}

static inline bool weir_run_is_adaptive(const struct weir_run *run)
{
    return run->cfg->placement.allocation == WEIR_ALLOCATION_ADAPTIVE;
}

/** Solver thread that runs @p lane, with WEIR_PORT_COMING: is to take it. */
static inline uint32_t weir_run_thread_of(const struct weir_run *run,
                                          uint32_t lane)
{
    return atomic_load_explicit(&run->port[lane]->thread,
                                memory_order_acquire); /* S7 */
}

/** Wake the thread that runs @p lane. */
void weir_run_ring_lane(const struct weir_run *run, uint32_t lane);
/** Wake every solver thread. */
void weir_run_ring_lanes(const struct weir_run *run);

/** Name the calling thread and bind it to @p place. */
void weir_run_enter(struct weir_run *run, const struct weir_place *place,
                    const char *name);

/** Seconds since the run started. */
double weir_run_seconds(const struct weir_run *run, int64_t ns);
/** CPU time the run has used, that of earlier sessions included, ns. */
int64_t weir_run_cpu_ns(const struct weir_run *run);

#endif
