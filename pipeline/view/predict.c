/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/view/predict.h"

#include "base/heap.h"
#include "pipeline/run/registries.h"
#include "pipeline/run/telemetry.h"
#include "pipeline/run/trainer_memory.h"
#include "pipeline/session/session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 60 /* of the measuring run */
#define SETS  16 /* it adds to the user's */

/* ---- the model ---- */

/* A step of sides that take @p a and @p b alone, with @p threads threads on
 * @p cores cores, and @p work seconds of it in all. */
static double step_on_shared(double a, double b, int threads, double work,
                             double cores)
{
    double part = fmin(1, cores / threads);
    return fmax(fmax(a, b) + (1 / part - 1) * fmin(a, b), work / cores);
}

static int accumulated(const struct weir_workload *load)
{
    return load->accumulate > 1 ? load->accumulate : 1;
}

/* What groups share: runs of micro-batches that add to one gradient. */
static int shares_of(const struct weir_workload *load)
{
    int each = accumulated(load);
    return (load->micro_batches + each - 1) / each;
}

static int members_of(const struct weir_workload *load)
{
    return load->members > 1 ? load->members : 1;
}

/* Passes of the group that has the most. */
static int rounds_of(const struct weir_workload *load, int groups)
{
    int members = members_of(load);
    int shares = (members * shares_of(load) + groups - 1) / groups;
    int rounds = shares * accumulated(load);
    int all = members * load->micro_batches;
    return rounds < all ? rounds : all;
}

struct weir_prediction weir_predict(const struct weir_costs *costs,
                                    const struct weir_workload *load,
                                    int groups, int solvers, double cores)
{
    int rounds = rounds_of(load, groups);
    double solving = load->new_samples * costs->sample;
    double training =
        rounds_of(load, 1) * costs->micro + costs->update + costs->serial;
    struct weir_prediction p = {
        .trainer =
            rounds * costs->micro + costs->update / groups + costs->serial,
        .solvers = solving / solvers,
    };
    double longer = fmax(p.trainer, p.solvers);
    if (cores > 0)
        p.cores = step_on_shared(p.trainer, p.solvers, groups + solvers,
                                 training + solving, cores);
    p.step = fmax(longer, p.cores);
    p.bound = p.step > 1.1 * longer ? WEIR_BOUND_CORES
              : longer == p.trainer ? WEIR_BOUND_TRAINER
                                    : WEIR_BOUND_SOLVERS;
    /* A sample is written once and read by every batch it is in; gradients are
     * written, and with weights and moments read and written once more. */
    p.bytes = ((load->new_samples + load->batch) * load->slot_bytes +
               (2 * load->micro_batches + 7) * load->gradient_bytes) /
              p.step;
    return p;
}

struct weir_split weir_predict_best_split(const struct weir_costs *costs,
                                          const struct weir_workload *load,
                                          int cores)
{
    struct weir_split best = {1, 1, 0};
    double least = INFINITY;
    int each = load->cores_per_group > 1 ? load->cores_per_group : 1;
    for (int g = 1; g * each < cores && g <= shares_of(load); g++) {
        int rest = cores - g * each;
        int solvers = rest < load->lanes ? rest : load->lanes;
        double step = weir_predict(costs, load, g, solvers, 0).step;
        if (step < least) {
            least = step;
            best = (struct weir_split){g, solvers, rest - solvers};
        }
    }
    return best;
}

int weir_predict_workload(const struct weir_config *cfg,
                          struct weir_workload *load)
{
    struct weir_run run = {.cfg = cfg};
    int rc = weir_run_configure(&run);
    if (rc)
        return rc;
    struct weir_trainer_memory m;
    rc = weir_trainer_memory_plan(&run, &m);
    int micro = cfg->training.micro_batch;
    *load = (struct weir_workload){
        .micro_batches = (cfg->training.batch + micro - 1) / micro,
        .batch = cfg->training.batch,
        .accumulate = cfg->training.accumulate,
        .members = cfg->training.members,
        .lanes = cfg->run.lanes,
        .cores_per_group = cfg->placement.cores_per_group,
        .new_samples = weir_config_samples_per_batch(cfg),
        .slot_bytes = (double)run.slots.stride,
        .gradient_bytes = rc ? 0 : (double)m.gradient,
    };
    run.solver->release(run.solver_config);
    return rc;
}

/* ---- measuring ---- */

static void watch_nothing(void *ctx, const struct weir_session *s)
{
    (void)ctx, (void)s;
}

/* All threads' histograms of @p metric; NULL: no memory. */
static struct weir_hist *merged(const struct weir_run *run,
                                enum weir_metric metric)
{
    struct weir_hist *h = weir_array(1, sizeof(*h));
    if (h)
        weir_telemetry_merge(run, metric, h);
    return h;
}

/* Of the values there are, the one that a share @p q lies below. */
static double quantile(const struct weir_run *run, enum weir_metric metric,
                       double q)
{
    struct weir_hist *h = merged(run, metric);
    double seconds = h ? (double)weir_hist_quantile(h, q) * 1e-9 : 0;
    free(h);
    return seconds;
}

static double mean(const struct weir_run *run, enum weir_metric metric)
{
    struct weir_hist *h = merged(run, metric);
    double seconds = h ? weir_hist_mean(h) * 1e-9 : 0;
    free(h);
    return seconds;
}

/* The median: the time a core was taken away is no cost of the part. */
static double cost_of(const struct weir_run *run, enum weir_metric metric)
{
    return quantile(run, metric, 0.5);
}

/* What a step takes beside its passes and the update, from two sides. Steps that
 * were not disturbed less parts that were not: too much by what passes differ,
 * as many times as there are passes. All of the time less all of the parts: too
 * much by what disturbed the rest. */
static double rest_of_step(const struct weir_run *run)
{
    const double q = 0.1;
    double passes = (double)run->micro_batches * run->cfg->training.members;
    double undisturbed = quantile(run, WEIR_METRIC_STEP, q) -
                         quantile(run, WEIR_METRIC_REDUCE, q) -
                         passes * (quantile(run, WEIR_METRIC_FORWARD, q) +
                                   quantile(run, WEIR_METRIC_BACKWARD, q));
    double all = mean(run, WEIR_METRIC_STEP) - mean(run, WEIR_METRIC_REDUCE) -
                 passes * (mean(run, WEIR_METRIC_FORWARD) +
                           mean(run, WEIR_METRIC_BACKWARD));
    return fmax(fmin(undisturbed, all), 0);
}

static void read_costs(const struct weir_session *s, struct weir_costs *c)
{
    const struct weir_run *run = s->run;
    double steps = run->samples + run->window - 2;
    c->sample = cost_of(run, WEIR_METRIC_SOLVER_STEP) * steps / run->samples;
    c->micro =
        cost_of(run, WEIR_METRIC_FORWARD) + cost_of(run, WEIR_METRIC_BACKWARD);
    c->update = cost_of(run, WEIR_METRIC_REDUCE);
    c->serial = cost_of(run, WEIR_METRIC_ASSEMBLY) + rest_of_step(run);
}

static int measure(const struct weir_config *cfg, struct weir_costs *costs)
{
    struct weir_topology topology = {0};
    struct weir_session *s = NULL;
    struct weir_session_start start = {.lineage = ""};
    int rc = weir_topology_discover(&topology);
    rc = rc ? rc : weir_session_create(cfg, NULL, &topology, &start, &s);
    rc = rc ? rc : weir_session_run(s, watch_nothing, NULL, 1e6);
    if (rc == 0)
        read_costs(s, costs);
    weir_session_destroy(s);
    weir_topology_free(&topology);
    return rc;
}

/* One group, one solver thread, no more samples than it takes. */
static size_t add_sets(const struct weir_config *cfg, char text[SETS][96],
                       const char **set, size_t n)
{
    int batch = cfg->training.batch;
    int64_t samples = weir_config_samples_per_simulation(cfg);
    const char *const fixed[] = {
        "run.clock=live",
        "placement.groups=1",
        "placement.solver_threads=1",
        "validation.trajectories=0",
        "test.trajectories=0",
        "checkpoint.every=0",
        "training.warmup_steps=1",
        "reservoir.samples_per_batch=1",
    };
    size_t k = 0;
    for (; k < sizeof(fixed) / sizeof(*fixed); k++)
        snprintf(text[k], 96, "%s", fixed[k]);
    snprintf(text[k++], 96, "training.steps=%d", STEPS);
    snprintf(text[k++], 96, "reservoir.watermark=%d", batch);
    snprintf(text[k++], 96, "simulations.budget=%lld",
             (long long)((2 * batch + STEPS) / samples + 8 + cfg->run.lanes));
    for (size_t i = 0; i < k; i++)
        set[n++] = text[i];
    return n;
}

int weir_predict_measure(const char *path, const char *const *set, size_t n,
                         struct weir_costs *costs)
{
    char text[SETS][96];
    const char *all[SETS + 128];
    struct weir_config *cfg;
    if (n > 128)
        return WEIR_FAIL(WEIR_ECONFIG, "--predict: more than 128 --set");
    int rc = weir_config_load(path, &weir_registries, set, n, &cfg);
    if (rc)
        return rc;
    memcpy(all, set, n * sizeof(*set));
    n = add_sets(cfg, text, all, n);
    weir_config_free(cfg);
    rc = weir_config_load(path, &weir_registries, all, n, &cfg);
    if (rc)
        return WEIR_NOTE(rc, "measuring for --predict");
    rc = weir_config_check(cfg);
    rc = rc ? rc : measure(cfg, costs);
    weir_config_free(cfg);
    return rc;
}
