/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_STEERED_RUN_H
#define WEIR_TESTS_STEERED_RUN_H

/**
 * @file
 * A run without solver or network, to drive a strategy as the acquisition stage
 * does: simulations start in order of id, a batch takes samples of the last
 * simulations started, and the loss of a sample is a known function of its
 * simulation's parameters with 20 % noise. Everything follows from env.seed.
 */
#include "tests/test.h"

#include "acquire/registry.h"
#include "base/rng.h"

#include <math.h>

#define STEERED_DIMS_MAX 8

struct steered_run {
    const struct weir_strategy_ops *ops;
    const struct weir_strategy_env *env;
    struct weir_options opts;
    void *self;
    double (*hardness)(const double *u, size_t n);
    uint32_t reservoir;         /* simulations a batch is taken from */
    uint32_t batches_each;      /* batches between two starts */
    uint64_t batch;             /* done so far */
    uint32_t started;           /* simulations */
    struct weir_proposal *cell; /* [env->budget]; the solver queue */
    double *u;                  /* [env->budget][dims], its parameters */
    uint32_t generations;       /* propose calls */
};

/** Set options from "name", "value", ..., NULL; then create the strategy. */
static inline void steered_init(struct steered_run *run, const char *strategy,
                                const struct weir_strategy_env *env,
                                const char *const *settings)
{
    *run = (struct steered_run){
        .ops = weir_strategy_find(strategy),
        .env = env,
        .reservoir = 20,
        .batches_each = 10,
        .cell = calloc(env->budget, sizeof(*run->cell)),
        .u = calloc(env->budget * env->space.n, sizeof(*run->u)),
    };
    ok(weir_options_init(run->ops->options, &run->opts));
    for (; settings && *settings; settings += 2)
        ok(weir_options_set(&run->opts, settings[0], settings[1]));
    ok(run->ops->create(env, &run->opts, &run->self));
    for (uint32_t id = 0; id < env->budget; id++) {
        run->cell[id].simulation = id;
        run->cell[id].u = run->u + id * env->space.n;
        run->ops->initial(run->self, id, run->cell[id].u);
    }
}

static inline void steered_free(struct steered_run *run)
{
    run->ops->destroy(run->self);
    weir_options_free(&run->opts);
    free(run->cell);
    free(run->u);
}

/** A new strategy in the place of the old one, with its saved state. */
static inline void steered_restart(struct steered_run *run)
{
    struct weir_blob blob = {0};
    ok(run->ops->save(run->self, &blob));
    run->ops->destroy(run->self);
    ok(run->ops->create(run->env, &run->opts, &run->self));
    ok(run->ops->restore(run->self, &blob));
    weir_blob_free(&blob);
}

static inline void steered_start_next(struct steered_run *run)
{
    uint32_t id = run->started++;
    ok(run->ops->meet(run->self, id, run->cell[id].u));
}

/* Losses of one batch, and their mean and deviation. */
static inline void steered_losses(struct steered_run *run,
                                  struct weir_sample_loss *sample,
                                  struct weir_batch_loss *batch)
{
    struct weir_rng rng =
        weir_rng_stream(run->env->seed, WEIR_RNG_TEST, run->batch);
    uint32_t among =
        run->started < run->reservoir ? run->started : run->reservoir;
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < run->env->batch; i++) {
        uint32_t id = run->started - 1 - weir_rng_below(&rng, among);
        double loss = run->hardness(run->cell[id].u, run->env->space.n) *
                      (1 + 0.2 * weir_rng_normal(&rng));
        sample[i].simulation = id;
        sample[i].step = weir_rng_below(&rng, run->env->samples_per_simulation);
        sample[i].loss = (float)loss;
        sum += loss;
        squares += loss * loss;
    }
    double mean = sum / run->env->batch;
    batch->batch = run->batch;
    batch->mean = (float)mean;
    batch->deviation =
        (float)sqrt(fmax(0, squares / run->env->batch - mean * mean));
    batch->sample = sample;
    batch->n = run->env->batch;
}

/** One gradient step, and whatever follows from it. */
static inline void steered_step(struct steered_run *run)
{
    struct weir_sample_loss sample[64];
    struct weir_batch_loss batch;
    assert_true(run->env->batch <= 64);
    if (run->batch % run->batches_each == 0 && run->started < run->env->budget)
        steered_start_next(run);
    steered_losses(run, sample, &batch);
    ok(run->ops->observe(run->self, &batch));
    if (run->ops->learn)
        ok(run->ops->learn(run->self));
    run->batch++;
    struct weir_progress now = {.batch = run->batch,
                                .finished = run->started,
                                .open = run->env->budget - run->started};
    if (!run->ops->due(run->self, &now))
        return;
    for (uint32_t piece = 0; run->ops->score && run->env->forecast; piece++) {
        int rc = run->ops->score(run->self, piece);
        ok(rc);
        if (rc == 0)
            break;
    }
    ok(run->ops->propose(run->self, &now, run->cell + run->started, now.open));
    run->generations++;
}

/** Steps until the whole budget has started. */
static inline void steered_finish(struct steered_run *run)
{
    while (run->started < run->env->budget)
        steered_step(run);
}

/**
 * @p strategy over the whole of @p env, once in one piece and once restarted
 * every 333 batches: the same proposals to the bit.
 * @param[out] whole  the run in one piece, for more checks; steered_free() it
 * @return how many of its simulations were steered: without any there was no
 *         state to lose
 */
static inline uint32_t steered_restarts_change_nothing(
    struct steered_run *whole, const char *strategy,
    const struct weir_strategy_env *env, const char *const *settings,
    double (*hardness)(const double *, size_t))
{
    struct steered_run cut;
    steered_init(whole, strategy, env, settings);
    steered_init(&cut, strategy, env, settings);
    whole->hardness = cut.hardness = hardness;
    while (cut.started < env->budget) {
        steered_step(whole);
        steered_step(&cut);
        if (cut.batch % 333 == 0)
            steered_restart(&cut);
    }
    assert_memory_equal(cut.u, whole->u,
                        env->budget * env->space.n * sizeof(double));
    steered_free(&cut);
    uint32_t bred = 0;
    for (uint32_t id = 0; id < env->budget; id++)
        bred += whole->cell[id].bred;
    return bred;
}

#endif
