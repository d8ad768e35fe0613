/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What steering costs the acquisition thread: folding one loss into Breed, one
 * generation of proposals, and one Halton point. Two scales: the KdV job (4
 * parameters, 400 simulations of 50 samples, batch 20) and the 2D studies (309
 * parameters, 10,000 simulations of 30 samples, batch 64). Losses are random;
 * 350 simulations are open at each generation.
 */
#include "perf/perf.h"

#include "acquire/halton.h"
#include "acquire/registry.h"
#include "base/err.h"
#include "base/rng.h"

#define OPEN    350
#define BATCHES 20000

struct scale {
    const char *name;
    struct weir_strategy_env env;
    uint32_t reservoir; /* simulations that losses come from */
    int generations;
};

static const struct weir_parameter axes[309];

static const struct scale scales[] = {
    {.name = "kdv1d",
     .env = {.seed = 1,
             .space = {.n = 4, .parameter = axes},
             .budget = 400,
             .samples_per_simulation = 50,
             .batch = 20,
             .gradient_steps = 4000},
     .reservoir = 40,
     .generations = 2000},
    {.name = "ks2d",
     .env = {.seed = 1,
             .space = {.n = 309, .parameter = axes},
             .budget = 10000,
             .samples_per_simulation = 30,
             .batch = 64,
             .gradient_steps = 18000},
     .reservoir = 138,
     .generations = 50},
};

static void must(int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "perf: %s\n", weir_err_message());
    exit(1);
}

static void *make(const struct scale *s, const char *share)
{
    struct weir_options opts;
    void *self;
    must(weir_options_init(weir_strategy_breed.options, &opts));
    must(weir_options_set(&opts, "start", share));
    must(weir_options_set(&opts, "end", share));
    must(weir_strategy_breed.create(&s->env, &opts, &self));
    weir_options_free(&opts);
    double u[309];
    for (uint32_t id = 0; id < s->env.budget; id++) {
        weir_strategy_breed.initial(self, id, u);
        must(weir_strategy_breed.meet(self, id, u));
    }
    return self;
}

static void draw_batch(const struct scale *s, uint64_t batch,
                       struct weir_sample_loss *sample)
{
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, batch);
    uint32_t first = (uint32_t)(batch * s->env.budget / (2 * BATCHES));
    for (uint32_t i = 0; i < s->env.batch; i++) {
        sample[i].simulation = first + weir_rng_below(&rng, s->reservoir);
        sample[i].step = weir_rng_below(&rng, s->env.samples_per_simulation);
        sample[i].loss = (float)(1 + weir_rng_normal(&rng));
    }
}

/* Picoseconds a sample, one value a batch. */
static void measure_observe(const struct scale *s, void *self, bool print,
                            struct weir_hist *h)
{
    struct weir_sample_loss sample[64];
    struct weir_batch_loss b = {
        .mean = 1, .deviation = 1, .sample = sample, .n = s->env.batch};
    weir_hist_reset(h);
    for (b.batch = 0; b.batch < BATCHES; b.batch++) {
        draw_batch(s, b.batch, sample);
        int64_t start = weir_now_ns();
        must(weir_strategy_breed.observe(self, &b));
        weir_hist_record(h, (weir_now_ns() - start) * 1000 / s->env.batch);
    }
    if (!print)
        return;
    perf_row("breed_observe", "ps per sample", h,
             "\"scale\": \"%s\", \"batch\": %u, ", s->name, s->env.batch);
}

static void measure_propose(const struct scale *s, void *self,
                            const char *share, struct weir_hist *h)
{
    struct weir_proposal p[OPEN];
    struct weir_progress now = {.finished = s->env.budget - OPEN, .open = OPEN};
    double *u = weir_array(OPEN * s->env.space.n, sizeof(*u));
    for (uint32_t i = 0; i < OPEN; i++) {
        p[i].simulation = s->env.budget - OPEN + i;
        p[i].u = u + i * s->env.space.n;
    }
    weir_hist_reset(h);
    for (int g = 0; g < s->generations; g++) {
        int64_t start = weir_now_ns();
        must(weir_strategy_breed.propose(self, &now, p, OPEN));
        weir_hist_record(h, weir_now_ns() - start);
    }
    perf_row("breed_propose", "ns per generation", h,
             "\"scale\": \"%s\", \"open\": %d, \"parameters\": %zu, "
             "\"bred_share\": %s, ",
             s->name, OPEN, s->env.space.n, share);
    free(u);
}

static void measure_halton(size_t dims, struct weir_hist *h)
{
    double u[309];
    weir_hist_reset(h);
    for (uint64_t k = 1; k <= 5000; k++) {
        int64_t start = weir_now_ns();
        must(weir_halton(k, dims, u));
        weir_hist_record(h, weir_now_ns() - start);
    }
    perf_row("halton_point", "ns per point", h, "\"parameters\": %zu, ", dims);
}

int main(void)
{
    struct weir_hist *h = weir_array(1, sizeof(*h));
    const char *shares[] = {"0", "0.7", "1"};
    perf_conditions("strategy_breed",
                    "one thread on core %d; %d batches, then %d or %d "
                    "generations of %d open simulations; preset mixed",
                    perf_core(0), BATCHES, scales[0].generations,
                    scales[1].generations, OPEN);
    perf_pin(perf_core(0));
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 3; k++) {
            void *self = make(&scales[i], shares[k]);
            measure_observe(&scales[i], self, k == 0, h);
            measure_propose(&scales[i], self, shares[k], h);
            weir_strategy_breed.destroy(self);
        }
    }
    measure_halton(4, h);
    measure_halton(309, h);
    free(h);
    return 0;
}
