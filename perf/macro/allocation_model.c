/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Adaptive allocation on nodes of more cores than this one, by the model of
 * `weir plan --predict` and windows of 0.3 s with a noise of 5 %: the rule is
 * the one runs use, the node is not real. The load of a row is solver-bound,
 * trainer-bound or shifting (solver-bound for a minute, then no new samples,
 * then trainer-bound, a minute each); contended is one that the rule's model is
 * wrong about, trainer-bound where each group slows all others down. ratio: steps
 * done over those of the best fixed split in hindsight.
 *
 *   allocation_model
 */
#include "perf/perf.h"

#include "pipeline/stages/allocation.h"
#include "pipeline/view/predict.h"
#include "weir/random.h"

#include <math.h>

#define WINDOW  0.3
#define WINDOWS 200 /* of a phase */
#define PHASES  3
#define PHASE   (WINDOWS * WINDOW)

static const struct weir_costs costs = {
    .sample = 20e-3, .micro = 1.5e-3, .update = 0.4e-3, .serial = 0.1e-3};

struct load {
    const char *name;
    double samples[PHASES]; /* new ones a step, for each core of the node */
    double contention; /* by which a micro-batch is slowed if all cores train */
};

static const struct load loads[] = {
    {"solver-bound", {0.8, 0.8, 0.8}, 0},
    {"trainer-bound", {0.04, 0.04, 0.04}, 0},
    {"shifting", {0.8, 0, 0.04}, 0},
    {"contended", {0.04, 0.04, 0.04}, 9},
};

static struct weir_prediction at(const struct load *l, int cores, int groups,
                                 int phase)
{
    struct weir_workload w = {.micro_batches = 4 * cores,
                              .batch = 16 * cores,
                              .new_samples = l->samples[phase] * cores,
                              .slot_bytes = 1280,
                              .gradient_bytes = 112e3};
    struct weir_costs c = costs;
    c.micro *= 1 + l->contention * pow((double)groups / cores, 2);
    return weir_predict(&c, &w, groups, cores - groups, 0);
}

static double fixed_steps(const struct load *l, int cores, int groups)
{
    double steps = 0;
    for (int p = 0; p < PHASES; p++)
        steps += PHASE / at(l, cores, groups, p).step;
    return steps;
}

static double best_fixed(const struct load *l, int cores, int *best)
{
    double most = 0;
    for (int g = 1; g < cores; g++)
        if (fixed_steps(l, cores, g) > most) {
            most = fixed_steps(l, cores, g);
            *best = g;
        }
    return most;
}

static double adaptive_steps(const struct load *l, int cores, int *moves,
                             int ends[PHASES])
{
    struct weir_allocation_bounds b = {.cores = cores,
                                       .work = 4 * cores,
                                       .most_groups = cores - 1,
                                       .most_solvers = cores - 1};
    struct weir_allocation a = weir_allocation_start(&b, cores / 2);
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, (uint64_t)cores);
    double steps = 0;
    for (int p = 0; p < PHASES; p++) {
        for (int i = 0; i < WINDOWS; i++) {
            struct weir_prediction x = at(l, cores, a.groups, p);
            double noise = 0.95 + 0.1 * weir_rng_uniform(&rng);
            struct weir_allocation_window w = {
                .step = x.step * noise,
                .train = x.trainer * noise,
                .idle = 1 - x.solvers / x.step,
            };
            int before = a.groups;
            steps += WINDOW / x.step;
            *moves += weir_allocation_next(&a, &w) != before;
        }
        ends[p] = a.groups;
    }
    return steps;
}

int main(void)
{
    static const int sizes[] = {8, 16, 32, 64, 128, 192};
    perf_conditions("allocation_model",
                    "a model, nothing runs: %d phases of %.0f s", PHASES,
                    PHASE);
    for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++)
        for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
            int best = 1, moves = 0, ends[PHASES];
            double fixed = best_fixed(&loads[i], sizes[k], &best);
            double own = adaptive_steps(&loads[i], sizes[k], &moves, ends);
            double half = fixed_steps(&loads[i], sizes[k], sizes[k] / 2);
            printf("{\"name\": \"allocation_model\", \"load\": \"%s\", "
                   "\"cores\": %d, \"unit\": \"steps\", \"median\": %.0f, "
                   "\"ratio\": %.3f, \"half_and_half\": %.3f, "
                   "\"best_groups\": %d, \"groups\": [%d, %d, %d], "
                   "\"moves\": %d}\n",
                   loads[i].name, sizes[k], own, own / fixed, half / fixed,
                   best, ends[0], ends[1], ends[2], moves);
        }
    return 0;
}
