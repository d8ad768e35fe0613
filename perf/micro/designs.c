/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a point of each design costs, and a generation of the strategies that
 * live on losses: boundary rules, R3, and mixture weights, whose density is by
 * far the most work. 4 parameters (400 simulations) and 309 (10,000); 350
 * simulations are open; the population is the preset's, capped at 138.
 */
#include "perf/perf.h"

#include "acquire/registry.h"
#include "base/err.h"
#include "base/rng.h"

#define OPEN 350

static const struct weir_parameter axes[309];

static const struct weir_strategy_env scales[] = {
    {.seed = 1,
     .space = {.n = 4, .parameter = axes},
     .budget = 400,
     .samples_per_simulation = 50,
     .batch = 20,
     .gradient_steps = 4000},
    {.seed = 1,
     .space = {.n = 309, .parameter = axes},
     .budget = 10000,
     .samples_per_simulation = 30,
     .batch = 64,
     .gradient_steps = 18000},
};

static void must(int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "perf: %s\n", weir_err_message());
    exit(1);
}

static void *make(const struct weir_strategy_ops *ops,
                  const struct weir_strategy_env *env,
                  const char *const *settings)
{
    struct weir_options opts;
    void *self;
    must(weir_options_init(ops->options, &opts));
    for (; *settings; settings += 2)
        must(weir_options_set(&opts, settings[0], settings[1]));
    must(ops->create(env, &opts, &self));
    weir_options_free(&opts);
    return self;
}

static void measure_points(const char *name,
                           const struct weir_strategy_env *env,
                           struct weir_hist *h)
{
    const struct weir_strategy_ops *ops = weir_strategy_find(name);
    void *self = make(ops, env, (const char *[]){NULL});
    double u[309];
    weir_hist_reset(h);
    for (uint32_t id = 0; id < 4000; id++) {
        int64_t start = weir_now_ns();
        ops->initial(self, id % env->budget, u);
        weir_hist_record(h, weir_now_ns() - start);
    }
    ops->destroy(self);
    perf_row("design_point", "ns per point", h,
             "\"strategy\": \"%s\", \"parameters\": %zu, ", name, env->space.n);
}

/* One loss each for simulations [from, to), as they are now. */
static void observe(const struct weir_strategy_ops *ops, void *self,
                    uint64_t *batch, const double *u, size_t dims,
                    uint32_t from, uint32_t to)
{
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, *batch);
    for (uint32_t id = from; id < to; id++) {
        struct weir_sample_loss s = {
            .simulation = id, .loss = (float)(2 + weir_rng_uniform(&rng))};
        struct weir_batch_loss b = {.batch = (*batch)++,
                                    .mean = 2,
                                    .deviation = 1,
                                    .sample = &s,
                                    .n = 1};
        must(ops->meet(self, id, u + (size_t)(id - from) * dims));
        must(ops->observe(self, &b));
    }
}

static void measure_generations(const char *name, const char *label,
                                const char *const *settings,
                                const struct weir_strategy_env *env,
                                int generations, struct weir_hist *h)
{
    const struct weir_strategy_ops *ops = weir_strategy_find(name);
    void *self = make(ops, env, settings);
    struct weir_proposal p[OPEN];
    size_t dims = env->space.n;
    double *u = weir_array(OPEN * dims, sizeof(*u));
    uint32_t first = env->budget - OPEN, each = 20;
    uint64_t batch = 0;
    for (uint32_t i = 0; i < OPEN; i++)
        p[i] =
            (struct weir_proposal){.simulation = first + i, .u = u + i * dims};
    for (uint32_t id = 0; id < 50; id++) {
        ops->initial(self, id, u);
        observe(ops, self, &batch, u, dims, id, id + 1);
    }
    weir_hist_reset(h);
    for (int g = 0; g < generations; g++) {
        struct weir_progress now = {.finished = first, .open = OPEN};
        int64_t start = weir_now_ns();
        must(ops->propose(self, &now, p, OPEN));
        if (g >= 8) /* the mixture is full */
            weir_hist_record(h, weir_now_ns() - start);
        uint32_t from = first + (uint32_t)g * each % (OPEN - each);
        observe(ops, self, &batch, u + (from - first) * dims, dims, from,
                from + each);
    }
    ops->destroy(self);
    free(u);
    perf_row("generation", "ns per generation", h,
             "\"strategy\": \"%s\", \"parameters\": %zu, \"open\": %d, ", label,
             dims, OPEN);
}

int main(void)
{
    struct weir_hist *h = weir_array(1, sizeof(*h));
    const char *designs[] = {"uniform", "halton", "sobol", "lhs"};
#define COMMON                                                                 \
    "start", "0.7", "end", "0.7", "delta_loss_min_nb_time_steps", "1",         \
        "sliding_window_size", "138"
    const char *shrink[] = {COMMON, NULL};
    const char *reflect[] = {COMMON, "boundary", "reflect", NULL};
    const char *amis[] = {COMMON,    "boundary", "reflect",
                          "weights", "amis",     NULL};
    const char *r3[] = {"delta_loss_min_nb_time_steps", "1",
                        "sliding_window_size", "138", NULL};
    perf_conditions("designs", "one thread on core %d; %d open simulations",
                    perf_core(0), OPEN);
    perf_pin(perf_core(0));
    for (size_t i = 0; i < 2; i++) {
        int n = i ? 20 : 200;
        for (size_t k = 0; k < 4; k++)
            measure_points(designs[k], &scales[i], h);
        measure_generations("breed", "breed shrink", shrink, &scales[i], n, h);
        measure_generations("breed", "breed reflect", reflect, &scales[i], n,
                            h);
        measure_generations("breed", "breed amis", amis, &scales[i], n, h);
        measure_generations("r3", "r3", r3, &scales[i], n, h);
    }
    free(h);
    return 0;
}
