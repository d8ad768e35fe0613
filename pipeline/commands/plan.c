/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/commands.h"

#include "base/err.h"
#include "pipeline/pool/pool.h"
#include "pipeline/run/pretty.h"
#include "pipeline/run/registries.h"
#include "pipeline/run/run.h"
#include "pipeline/run/run_check.h"
#include "pipeline/run/trainer_memory.h"
#include "pipeline/view/predict.h"
#include "shm/mapping.h"
#include "topo/list.h"
#include "topo/plan_text.h"

#include <stdio.h>
#include <stdlib.h>

/* hwloc reads these variables too, but goes on with this machine when it
 * cannot make sense of them. */
static int find_topology(struct weir_topology *out)
{
    const char *xml = getenv("HWLOC_XMLFILE");
    const char *synthetic = getenv("HWLOC_SYNTHETIC");
    int rc = xml         ? weir_topology_from_xml(xml, out)
             : synthetic ? weir_topology_from_synthetic(synthetic, out)
                         : weir_topology_discover(out);
    return rc < 0 && -rc < WEIR_ECONFIG ? -WEIR_EENV : rc;
}

static void print_part(const char *what, size_t number, const char *of,
                       size_t bytes)
{
    char all[32], one[32];
    weir_list_bytes((double)number * (double)bytes, all, sizeof(all));
    weir_list_bytes((double)bytes, one, sizeof(one));
    printf("  %-28s %s", what, all);
    if (of)
        printf(": %zu %s of %s", number, of, one);
    printf("\n");
}

static void print_forecast(const struct weir_forecast_memory *m)
{
    if (m->strategy)
        print_part("strategy's candidates", 1, NULL, m->strategy);
    if (m->moments) {
        print_part("weights it predicts with", m->moments, "times", m->weights);
        print_part("nets it predicts with", m->threads, "threads", m->thread);
    }
}

/* What a run is refused for, before it is started. */
static void print_together(const struct weir_plan *plan, size_t training,
                           bool is_here)
{
    const struct weir_plan_request *r = &plan->request;
    char all[32], free[32];
    double bytes = (double)training + (double)r->slots * (double)r->slot_bytes +
                   r->lanes * (double)(r->port_bytes + r->lane_bytes);
    double left = (double)weir_memory_available();
    weir_list_bytes(bytes, all, sizeof(all));
    weir_list_bytes(left, free, sizeof(free));
    printf("  %-28s %s", "together", all);
    if (is_here)
        printf(", of %s available%s", free,
               bytes > left ? ": too much, a run is refused" : "");
    printf("\n");
}

static int print_memory(const struct weir_config *cfg,
                        const struct weir_plan *plan, bool is_here)
{
    struct weir_run run = {.cfg = cfg};
    struct weir_trainer_memory m;
    int rc = weir_run_configure(&run);
    if (rc)
        return rc;
    rc = weir_trainer_memory_plan(&run, &m);
    run.solver->release(run.solver_config);
    if (rc)
        return rc;
    printf("\ntraining\n");
    print_part("weights, moments, best", 1, NULL, m.weights);
    print_part("gradients", m.gradients, "buffers", m.gradient);
    print_part("nets", (size_t)plan->groups, "groups", m.group);
    print_part("held-out trajectories", 1, NULL, m.evaluated);
    print_part("a checkpoint's copies", 1, NULL, m.checkpoint);
    if (m.predicted)
        print_part("predictions of members", 1, NULL, m.predicted);
    print_forecast(&m.forecast);
    print_together(plan, weir_trainer_memory_total(&m, (uint32_t)plan->groups),
                   is_here);
    return 0;
}

static int print_plan(const struct weir_config *cfg)
{
    struct weir_topology topology = {0};
    struct weir_plan plan = {0};
    char *text = NULL;
    int rc = find_topology(&topology);
    rc = rc ? rc : weir_run_plan(cfg, &topology, &plan);
    rc = rc ? rc : weir_plan_text(&plan, &text);
    if (rc == 0) {
        fputs(text, stdout);
        rc = print_memory(cfg, &plan, topology.is_this_system);
    }
    free(text);
    weir_plan_free(&plan);
    weir_topology_free(&topology);
    return rc;
}

/* ---- what a run will do ---- */

static void print_costs(const struct weir_costs *c,
                        const struct weir_workload *w)
{
    char sample[32], micro[32], update[32], serial[32];
    printf("\nmeasured on this machine, by a short run of one group and one "
           "solver thread\n");
    printf("  a sample %s; a micro-batch %s; reduce and update %s; between "
           "steps %s\n",
           weir_pretty_ns(c->sample * 1e9, sample),
           weir_pretty_ns(c->micro * 1e9, micro),
           weir_pretty_ns(c->update * 1e9, update),
           weir_pretty_ns(c->serial * 1e9, serial));
    printf("  a gradient step: %d micro-batches, %.2f new samples\n",
           w->micro_batches, w->new_samples);
}

static void print_prediction(const struct weir_plan *plan,
                             const struct weir_workload *w,
                             const struct weir_prediction *p)
{
    static const char *const bound[] = {"the trainer", "the solvers",
                                        "cores that both share"};
    printf("  %.1f steps/s, %.0f samples/s trained, %.0f solved; limited by "
           "%s\n",
           1 / p->step, w->batch / p->step, w->new_samples / p->step,
           bound[p->bound]);
    for (int i = 0; i < plan->memories; i++) {
        const struct weir_plan_memory *m = &plan->memory[i];
        printf("  node %d: %.1f MiB of slots, about %.3f GB/s\n", m->node,
               (double)m->slots * w->slot_bytes / 0x1p20,
               p->bytes * 1e-9 * m->groups / plan->groups);
    }
}

static void print_split(const struct weir_plan *plan,
                        const struct weir_costs *costs,
                        const struct weir_workload *w)
{
    int cores = plan->usable_cores - plan->has_service_core;
    if (cores < 2 || weir_plan_shared_cores(plan) > 0) {
        printf("  groups and solvers share their cores: no split to choose\n");
        return;
    }
    struct weir_split s = weir_predict_best_split(costs, w, cores);
    struct weir_prediction p = weir_predict(costs, w, s.groups, s.solvers, 0);
    printf("  best split: placement.groups=%d, placement.solver_threads=%d: "
           "%.1f steps/s\n",
           s.groups, s.solvers, 1 / p.step);
    if (s.idle)
        printf("  %d cores have no part in it: %d micro-batches and %d lanes "
               "keep no more busy\n",
               s.idle, w->micro_batches, w->lanes);
}

static int predict(const struct weir_arguments *args,
                   const struct weir_config *cfg)
{
    struct weir_topology topology = {0};
    struct weir_plan plan = {0};
    struct weir_workload load;
    struct weir_costs costs;
    fflush(stdout);
    int rc = find_topology(&topology);
    rc = rc ? rc : weir_run_plan(cfg, &topology, &plan);
    rc = rc ? rc : weir_predict_workload(cfg, &load);
    rc =
        rc ? rc
           : weir_predict_measure(args->config, args->set, args->n_set, &costs);
    if (rc == 0) {
        struct weir_prediction p = weir_predict(
            &costs, &load, plan.groups, plan.solvers > 0 ? plan.solvers : 1,
            weir_plan_shared_cores(&plan));
        print_costs(&costs, &load);
        printf("\nprediction%s\n",
               topology.is_this_system
                   ? ""
                   : ", an unverified extrapolation to another machine");
        print_prediction(&plan, &load, &p);
        print_split(&plan, &costs, &load);
    }
    weir_plan_free(&plan);
    weir_topology_free(&topology);
    return rc;
}

/* The largest of a pool's runs in its stead. */
static int take_last_round(const struct weir_arguments *args,
                           struct weir_config **cfg)
{
    struct weir_config *last;
    int rounds = (*cfg)->pool.rounds;
    int rc = weir_pool_check(*cfg, args);
    rc = rc ? rc : weir_pool_round(*cfg, args, rounds - 1, &last);
    if (rc)
        return rc;
    printf("the last of %d rounds\n", rounds);
    weir_config_free(*cfg);
    *cfg = last;
    return 0;
}

static int plan(int argc, char **argv)
{
    struct weir_arguments args;
    struct weir_config *cfg;
    int rc = weir_arguments_parse(&weir_command_plan, "CONFIG set predict",
                                  argc, argv, &args);
    if (rc < 0)
        return rc;
    if (!args.config)
        return weir_usage(&weir_command_plan, "which configuration?");
    rc = weir_config_load(args.config, &weir_registries, args.set, args.n_set,
                          &cfg);
    if (rc)
        return rc;
    if (cfg->run.mode == WEIR_MODE_POOL)
        rc = take_last_round(&args, &cfg);
    rc = rc ? rc : weir_config_check(cfg);
    rc = rc ? rc : weir_run_check(cfg);
    rc = rc ? rc : print_plan(cfg);
    if (rc == 0 && args.predict)
        rc = predict(&args, cfg);
    weir_config_free(cfg);
    return rc;
}

const struct weir_command weir_command_plan = {
    .name = "plan",
    .arguments = "CONFIG [--set KEY=VALUE]... [--predict]",
    .summary = "show which core does what and which memory is where",
    .help =
        "  --set KEY=VALUE   override a key of the configuration\n"
        "  --predict         measure what the parts cost by a short run, "
        "and tell\n"
        "                    throughput, limit, memory traffic and the best "
        "split\n\n"
        "HWLOC_XMLFILE=node.xml (from lstopo) or HWLOC_SYNTHETIC plans for "
        "another machine.\n",
    .run = plan,
};
