/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/record/record_tables.h"

#include "base/heap.h"
#include "nn/isa.h"
#include "weir/version.h"
#include "weir_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* The fixed part of a row of `simulations`; parameters follow. */
struct simulation_row {
    uint32_t id, state, attempt, samples, lane, generation, bred, pad;
    int64_t cause_batch, first_trained_step;
    double proposed, started, finished, first_trained;
    double parameter[];
};

struct weir_record_tables {
    const struct weir_run *run;
    struct weir_runfile_table table[WEIR_RECORD_TABLES];
    struct weir_column simulation[16];
    char *config, *names;
    char host[256];
};

#define COLUMN(row, field, type, unit_, help_)                                 \
    {                                                                          \
        .name = #field, .dtype = type, .offset = offsetof(row, field),         \
        .unit = unit_, .help = help_                                           \
    }

#define TRAIN(field, type, unit, help)                                         \
    COLUMN(struct weir_train_row, field, type, unit, help)
static const struct weir_column train_columns[] = {
    TRAIN(step, WEIR_U64, NULL, "gradient step, from 0"),
    TRAIN(time, WEIR_F64, "s", "since the run started"),
    TRAIN(loss, WEIR_F64, NULL, "training loss, mean over the batch"),
    TRAIN(rate, WEIR_F64, NULL, "learning rate"),
    TRAIN(gradient, WEIR_F64, NULL,
          "its norm before clipping; of several members the largest"),
    TRAIN(skipped, WEIR_U32, NULL, "1: left out, something was not finite"),
    TRAIN(difficulty, WEIR_F32, NULL,
          "acquisition.loss_type, mean over the batch"),
    TRAIN(deviation, WEIR_F32, NULL,
          "acquisition.loss_type, standard deviation over the batch"),
    TRAIN(samples, WEIR_U32, NULL, "in the batch"),
    TRAIN(resident, WEIR_U32, NULL, "samples in the reservoir"),
    TRAIN(unseen, WEIR_U32, NULL, "of them never trained on"),
    TRAIN(simulations, WEIR_U32, NULL, "finished so far"),
    TRAIN(waited, WEIR_F64, "s", "for samples, before this step"),
    {0},
};

#define EVALUATION(field, member, help_)                                       \
    {                                                                          \
        .name = field, .dtype = WEIR_F64,                                      \
        .offset = offsetof(struct weir_evaluation_row, e.member),              \
        .help = help_                                                          \
    }
#define FIGURES(prefix, member, what)                                          \
    EVALUATION(prefix "mean", member.mean, what ", mean"),                     \
        EVALUATION(prefix "std", member.deviation,                             \
                   what ", standard deviation"),                               \
        EVALUATION(prefix "p50", member.p50, what ", median"),                 \
        EVALUATION(prefix "p90", member.p90, what ", 90th percentile"),        \
        EVALUATION(prefix "p95", member.p95, what ", 95th percentile"),        \
        EVALUATION(prefix "p99", member.p99, what ", 99th percentile"),        \
        EVALUATION(prefix "max", member.max, what ", largest"),                \
        EVALUATION(prefix "cvar99", member.cvar99,                             \
                   what ", mean of the worst 1 %"),                            \
        EVALUATION(prefix "worst_trajectory", member.worst_trajectory,         \
                   what ", largest mean over a trajectory")
static const struct weir_column evaluation_columns[] = {
    COLUMN(struct weir_evaluation_row, step, WEIR_U64, NULL, "gradient step"),
    COLUMN(struct weir_evaluation_row, time, WEIR_F64, "s",
           "since the run started"),
    COLUMN(struct weir_evaluation_row, seconds, WEIR_F64, "s",
           "that the measurement took"),
    {.name = "trajectories",
     .dtype = WEIR_U32,
     .offset = offsetof(struct weir_evaluation_row, e.trajectories),
     .help = "held out"},
    {.name = "invalid",
     .dtype = WEIR_U32,
     .offset = offsetof(struct weir_evaluation_row, e.invalid),
     .help = "of them whose simulation diverged"},
    FIGURES("error_", error, "nRMSE of one step"),
    FIGURES("persistence_", persistence, "nRMSE of predicting no change"),
    EVALUATION("spread", spread, "of members or densities, relative, mean"),
    {.name = "rollout_step",
     .dtype = WEIR_U32,
     .offset = offsetof(struct weir_evaluation_row, e.rollout_step),
     .help = "at which rollouts are compared; 0: none"},
    {.name = "rollout_failures",
     .dtype = WEIR_U32,
     .offset = offsetof(struct weir_evaluation_row, e.rollout_failures),
     .help = "rollouts with an nRMSE above 1 or not finite"},
    EVALUATION("rollout_mean", rollout_mean, "nRMSE of the other rollouts"),
    EVALUATION("rollout_median", rollout_median, "nRMSE of the others, median"),
    {0},
};

#define GENERATION(field, type, unit, help)                                    \
    COLUMN(struct weir_generation_row, field, type, unit, help)
static const struct weir_column generation_columns[] = {
    GENERATION(generation, WEIR_U64, NULL, "of proposals, from 1"),
    GENERATION(batch, WEIR_U64, NULL, "gradient step that triggered it"),
    GENERATION(time, WEIR_F64, "s", "when it could be claimed"),
    GENERATION(latency, WEIR_F64, "s",
               "from the publication of that batch to then"),
    GENERATION(proposals, WEIR_U32, NULL, "simulations given parameters"),
    GENERATION(bred, WEIR_U32, NULL, "of them steered"),
    GENERATION(missed, WEIR_U32, NULL, "claimed while being proposed"),
    GENERATION(effective, WEIR_F64, NULL,
               "sample size of the strategy's importance weights; 0: none"),
    GENERATION(cpu, WEIR_F64, "s",
               "of CPU by the strategy, since the run started or went on"),
    {0},
};

#define SIMULATION(field, type, unit, help)                                    \
    COLUMN(struct simulation_row, field, type, unit, help)
static const struct weir_column simulation_columns[] = {
    SIMULATION(id, WEIR_U32, NULL, "row number"),
    SIMULATION(state, WEIR_U32, NULL,
               "0 not started, 2 running, 3 done, 4 failed"),
    SIMULATION(attempt, WEIR_U32, NULL, "times it was started"),
    SIMULATION(samples, WEIR_U32, NULL, "delivered"),
    SIMULATION(lane, WEIR_U32, NULL, "that ran it last"),
    SIMULATION(generation, WEIR_U32, NULL,
               "that proposed it; 0: the initial design"),
    SIMULATION(bred, WEIR_U32, NULL, "1: steered, 0: target density"),
    SIMULATION(cause_batch, WEIR_I64, NULL,
               "gradient step that led to it; -1: none"),
    SIMULATION(first_trained_step, WEIR_I64, NULL,
               "first gradient step on one of its samples; -1: none yet"),
    SIMULATION(proposed, WEIR_F64, "s", "since the run started"),
    SIMULATION(started, WEIR_F64, "s", "last attempt; -1: never"),
    SIMULATION(finished, WEIR_F64, "s", "-1: not yet"),
    SIMULATION(first_trained, WEIR_F64, "s", "-1: not yet"),
};
#define SIMULATION_FIXED                                                       \
    (sizeof(simulation_columns) / sizeof(*simulation_columns))

#define ALLOCATION(field, type, unit, help)                                    \
    COLUMN(struct weir_allocation_row, field, type, unit, help)
static const struct weir_column allocation_columns[] = {
    ALLOCATION(step, WEIR_U64, NULL, "first gradient step with it"),
    ALLOCATION(time, WEIR_F64, "s", "since the run started"),
    ALLOCATION(groups, WEIR_U32, NULL, "that train from then on"),
    ALLOCATION(solvers, WEIR_U32, NULL, "solver threads from then on"),
    ALLOCATION(waited, WEIR_F64, NULL,
               "share of the trainer's time before, for samples; NaN: the "
               "split a session started with"),
    ALLOCATION(idle, WEIR_F64, NULL,
               "share of solver threads' time before, without work"),
    ALLOCATION(step_seconds, WEIR_F64, "s", "a gradient step took before"),
    {0},
};

static const struct weir_column histogram_columns[] = {
    {.name = "name",
     .dtype = WEIR_U8,
     .offset = offsetof(struct weir_histogram_row, name),
     .width = 32,
     .text = true,
     .help = "what was counted; *_ns in nanoseconds"},
    COLUMN(struct weir_histogram_row, lower, WEIR_U64, NULL,
           "smallest value of the bucket"),
    COLUMN(struct weir_histogram_row, count, WEIR_U64, NULL, "values in it"),
    {0},
};

/* "A0 A1 phi0": the names of the columns of simulations/parameters. */
static char *join_names(const struct weir_space *space)
{
    size_t bytes = 1;
    for (size_t i = 0; i < space->n; i++)
        bytes += strlen(space->parameter[i].name) + 1;
    char *text = weir_array(1, bytes), *at = text;
    for (size_t i = 0; text && i < space->n; i++)
        at += sprintf(at, "%s%s", i ? " " : "", space->parameter[i].name);
    return text;
}

static void describe_host(struct weir_record_tables *t)
{
    struct utsname u;
    if (uname(&u) == 0)
        snprintf(t->host, sizeof(t->host), "%.64s %.64s %.64s", u.nodename,
                 u.sysname, u.release);
}

static void declare(struct weir_record_tables *t)
{
    memcpy(t->simulation, simulation_columns, sizeof(simulation_columns));
    t->simulation[SIMULATION_FIXED] = (struct weir_column){
        .name = "parameters",
        .dtype = WEIR_F64,
        .offset = offsetof(struct simulation_row, parameter),
        .width = (uint32_t)t->run->cfg->space.n,
        .help = "in the order of the attribute parameters of the file",
    };
    struct weir_runfile_table tables[WEIR_RECORD_TABLES] = {
        [WEIR_RECORD_TRAIN] = {"train", "one row a gradient step",
                               sizeof(struct weir_train_row), train_columns, 0},
        [WEIR_RECORD_VALIDATION] = {"validation",
                                    "one row a measurement of the "
                                    "validation set",
                                    sizeof(struct weir_evaluation_row),
                                    evaluation_columns, 0},
        [WEIR_RECORD_GENERATIONS] = {"generations",
                                     "one row a generation of proposals",
                                     sizeof(struct weir_generation_row),
                                     generation_columns, 0},
        [WEIR_RECORD_SIMULATIONS] = {"simulations",
                                     "one row a simulation; rewritten as it "
                                     "goes on",
                                     weir_record_simulation_bytes(t->run),
                                     t->simulation, 0},
        [WEIR_RECORD_TEST] = {"test",
                              "the held-out test set, measured once at the "
                              "end",
                              sizeof(struct weir_evaluation_row),
                              evaluation_columns, 0},
        [WEIR_RECORD_HISTOGRAMS] = {"histograms",
                                    "waits and latencies, the buckets that "
                                    "are not empty",
                                    sizeof(struct weir_histogram_row),
                                    histogram_columns, 0},
        [WEIR_RECORD_ALLOCATION] = {"allocation",
                                    "one row a core that changed sides "
                                    "(placement.allocation: adaptive)",
                                    sizeof(struct weir_allocation_row),
                                    allocation_columns, 0},
    };
    memcpy(t->table, tables, sizeof(tables));
}

int weir_record_tables_create(const struct weir_run *run,
                              struct weir_record_tables **out)
{
    struct weir_record_tables *t = weir_array(1, sizeof(*t));
    if (!t)
        return WEIR_FAIL(ENOMEM, "recorder");
    *out = t;
    t->run = run;
    t->names = join_names(&run->cfg->space);
    if (!t->names)
        return WEIR_FAIL(ENOMEM, "recorder");
    describe_host(t);
    declare(t);
    return weir_config_resolved(run->cfg, &t->config);
}

void weir_record_tables_destroy(struct weir_record_tables *t)
{
    if (!t)
        return;
    free(t->config);
    free(t->names);
    free(t);
}

const struct weir_runfile_table *weir_record_declarations(
    const struct weir_record_tables *t)
{
    return t->table;
}

size_t weir_record_texts(const struct weir_record_tables *t,
                         struct weir_text text[WEIR_RECORD_TEXTS])
{
    const struct weir_text all[] = {
        {"config", t->config},
        {"parameters", t->names},
        {"equation", t->run->info.equation},
        {"weir.version", WEIR_VERSION},
        {"weir.build",
         WEIR_BUILD_ID " " WEIR_BUILD_COMPILER " " WEIR_BUILD_TYPE},
        {"weir.isa", weir_isa_name()},
        {"weir.engine", weir_engine_version()},
        {"weir.lineage", t->run->lineage},
        {"host", t->host},
    };
    size_t n = sizeof(all) / sizeof(*all);
    memcpy(text, all, sizeof(all));
    return n;
}

size_t weir_record_simulation_bytes(const struct weir_run *run)
{
    return sizeof(struct simulation_row) + run->cfg->space.n * sizeof(double);
}

static double seconds(const struct weir_run *run, int64_t ns)
{
    return ns ? weir_run_seconds(run, ns) : -1.0;
}

void weir_record_simulation(const struct weir_run *run, uint32_t id,
                            const struct weir_cell_view *cell, void *row)
{
    struct simulation_row *r = row;
    *r = (struct simulation_row){
        .id = id,
        .state = (uint32_t)cell->state,
        .attempt = cell->attempt,
        .samples = cell->delivered,
        .lane = cell->lane,
        .generation = cell->origin.generation,
        .bred = cell->origin.bred,
        .cause_batch =
            cell->origin.generation ? (int64_t)cell->origin.cause_batch : -1,
        .first_trained_step = cell->first_trained_batch,
        .proposed = seconds(run, cell->origin.proposed_ns),
        .started = seconds(run, cell->started_ns),
        .finished = seconds(run, cell->finished_ns),
        .first_trained = seconds(run, cell->first_trained_ns),
    };
    memcpy(r->parameter, cell->value, run->cfg->space.n * sizeof(double));
}
