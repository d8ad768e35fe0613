/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_SMALL_RUN_H
#define WEIR_TESTS_SMALL_RUN_H

/**
 * @file
 * The shared memory of a tiny run, its acquisition stage and its intake, with
 * no solver and no trainer: the test is them. KdV on 32 points, two lanes, 12
 * simulations of 6 samples, unless overridden.
 */
#include "base/log.h"
#include "pipeline/run/registries.h"
#include "pipeline/run/run.h"
#include "pipeline/stages/acquisition_stage.h"
#include "pipeline/stages/cut.h"
#include "pipeline/stages/intake.h"

#include <string.h>

static const char small_run_text[] =
    "run: {seed: 5, clock: live, lanes: 2}\n"
    "solver: {name: kdv, points: 32, substeps: 1, dt: 0.1}\n"
    "simulations: {budget: 12, steps: 6, max_redraws: 40}\n"
    "reservoir: {capacity: 40, watermark: 12, slots_per_port: 4}\n"
    "model: {name: convnet, width: 4, depth: 2}\n"
    "training: {steps: 60, batch: 8, micro_batch: 4}\n"
    "validation: {trajectories: 0}\n"
    "test: {trajectories: 0}\n"
    "acquisition: {strategy: uniform}\n"
    "checkpoint: {every: 0}\n"
    "placement: {groups: 2, solver_threads: 2, bind: false}\n"
    "log: \"\"\n";

struct small_run {
    struct weir_config *cfg;
    struct weir_run *run;
    struct weir_acquisition *acquisition;
    struct weir_intake intake;
    uint32_t generations, cuts; /* that came through the hooks */
    struct weir_generation last;
};

static inline void small_run_generation(void *ctx,
                                        const struct weir_generation *g)
{
    struct small_run *s = ctx;
    s->generations++;
    s->last = *g;
}

static inline void small_run_cut(void *ctx, struct weir_cut *cut)
{
    struct small_run *s = ctx;
    s->cuts++;
    weir_cut_destroy(cut);
}

/**
 * Make it, with "key=value" texts, ended by NULL, over the tiny configuration;
 * the table is empty. @return 0 or a negative code
 */
static inline int small_run_create(struct small_run *s, const char *const *set)
{
    struct weir_acquisition_hooks hooks = {
        .ctx = s, .generation = small_run_generation, .cut = small_run_cut};
    struct weir_topology topology;
    size_t n = 0;
    *s = (struct small_run){0};
    while (set && set[n])
        n++;
    int rc = weir_config_parse(small_run_text, strlen(small_run_text), "tiny",
                               &weir_registries, set, n, &s->cfg);
    rc = rc ? rc : weir_config_check(s->cfg);
    rc = rc ? rc : weir_topology_from_synthetic("core:8 pu:1", &topology);
    rc = rc ? rc : weir_run_create(s->cfg, NULL, &topology, &s->run);
    rc = rc ? rc : weir_acquisition_create(s->run, &hooks, &s->acquisition);
    return rc ? rc : weir_intake_create(s->run, s->acquisition, &s->intake);
}

static inline void small_run_destroy(struct small_run *s)
{
    weir_intake_destroy(&s->intake);
    weir_acquisition_destroy(s->acquisition);
    weir_run_destroy(s->run);
    weir_config_free(s->cfg);
}

#endif
