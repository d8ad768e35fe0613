/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_STRATEGY_H
#define WEIR_STRATEGY_H

/**
 * @file
 * An acquisition strategy: it learns which simulations the surrogate finds hard
 * and proposes the parameters of simulations that have not started.
 *
 * The acquisition stage owns one strategy and calls it from one thread, in this
 * order: `create`; `initial` for every simulation of the budget; then, as the
 * run goes on, `meet` once per simulation before its first loss, `observe` for
 * each batch, and, when `due` says so, `propose` for all simulations still
 * open. One that asks the surrogate what it predicts does so in `score`, between
 * `due` and `propose`. A strategy holds no clock and no global random state: draws come from
 * streams keyed by (seed, purpose, simulation id), so that two strategies share
 * every draw they have in common. `save` and `restore` carry its whole state.
 *
 * Parameters are coordinates in the unit cube of `env->space`.
 */
#include "weir/blob.h"
#include "weir/option.h"
#include "weir/random.h"
#include "weir/space.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a strategy wants to know of candidates. What is 0 is as in brackets. */
struct weir_forecast_request {
    const char
        *score; /* disagreement, entropy, tod or evidential; NULL: none */
    uint32_t features; /* numbers of a row of features; 0: none are wanted */
    double rollout;    /* of a simulation's steps, in (0, 1] [1] */
    uint32_t passes;   /* of entropy, with other units dropped [3] */
    double weight;     /* of entropy's tanh [0] */
    uint32_t apart;    /* gradient steps between the weights tod compares [1] */
};

/**
 * The surrogate that is being trained, to ask what it predicts: candidates are
 * rolled out from where the solver starts them, by weights of one gradient step
 * that nobody changes any more (with an average of weights, by that).
 *
 * Scores are means over the frames of a rollout and their values: disagreement,
 * of (p - mean p)^2 over members; entropy, of the same over passes with dropout
 * active, times 1 + weight tanh(mean p); evidential, of the variances that a
 * density tells of itself. tod is the 2-norm of the difference of two rollouts,
 * by weights `apart` gradient steps apart.
 *
 * A start may cost more than all predictions from it: where the equation is run
 * for a while before time 0, it costs that. It follows from the parameters alone,
 * so whoever asks about a candidate again keeps its first frame.
 *
 * A call is spread over placement.acquisition_threads; results do not tell over
 * how many. Dropout's masks follow from a candidate's place among all that were
 * asked about since the weights came; for them ask about `batch` at once, but
 * for the last.
 */
struct weir_forecast {
    uint32_t batch; /* candidates of one call, at most */
    size_t frame;   /* floats of a first frame */
    /**
     * Say what will be wanted; once, in `create`.
     * @return 0, -WEIR_ECONFIG the run cannot answer: a score needs several
     *         members, a model with dropout or the evidential loss, or the truth
     */
    int (*want)(struct weir_forecast *f,
                const struct weir_forecast_request *request);
    /**
     * First frames of @p n candidates, as many as a moment is enough for: losses
     * are to be folded in between. In `score` and `learn`.
     * @param u  (n, dims) in the unit cube
     * @param first  (n, frame); NaN where a simulation cannot start
     * @return how many from the first on are there, 1 to n (all, in lockstep);
     *         an error
     */
    int (*start)(struct weir_forecast *f, const double *u, uint32_t n,
                 float *first);
    /**
     * Scores of @p n candidates; only in the strategy's `score`. One whose
     * simulation cannot start scores 0; a rollout that ran away gives a score
     * that is not finite.
     * @param first  (n, frame), from `start`
     */
    int (*score)(struct weir_forecast *f, const float *first, uint32_t n,
                 double *score);
    /**
     * Their features, (n, request.features): a sketch of what the last layer
     * reads along the rollout, so that what is near is predicted alike. NaN of a
     * candidate whose simulation cannot start.
     */
    int (*features)(struct weir_forecast *f, const float *first, uint32_t n,
                    float *row);
};

/** What stays fixed for a run. Lives longer than the strategy. */
struct weir_strategy_env {
    uint64_t seed;
    struct weir_space space;
    uint32_t budget; /* simulations planned at the start */
    uint32_t samples_per_simulation;
    uint32_t batch;           /* samples in a full batch */
    uint64_t gradient_steps;  /* planned; 0 when the run ends by draining */
    double samples_per_batch; /* new samples per gradient step */
    struct weir_forecast *forecast; /* NULL: there is no surrogate to ask */
};

/** Difficulty of one sample, as the trainer published it. */
struct weir_sample_loss {
    uint32_t simulation;
    uint32_t step; /* first step of the sample's window */
    float loss;    /* acquisition.loss_type */
};

/** One whole batch, after the reduction over all groups. */
struct weir_batch_loss {
    uint64_t batch;        /* gradient step that used it, from 0 */
    float mean, deviation; /* of `loss` over the global batch */
    const struct weir_sample_loss *sample;
    size_t n; /* samples delivered; fewer than trained on if some were lost */
};

/** Where the run stands. */
struct weir_progress {
    uint64_t batch;    /* batches observed so far */
    uint32_t finished; /* simulations finished */
    uint32_t open;     /* simulations whose parameters may still change */
};

/** One proposal; `u` points to space.n coordinates to fill. */
struct weir_proposal {
    uint32_t simulation;
    double *u;
    uint8_t bred;        /* out: 0 drawn from the target density, 1 steered */
    uint32_t generation; /* out: counts propose calls from 1 */
};

/** What a strategy will hold and ask for; all zero: hardly anything, nobody. */
struct weir_strategy_needs {
    size_t bytes; /* of its own, when it holds most */
    struct weir_forecast_request request;
};

struct weir_strategy_ops {
    const char *name;
    const char *summary;               /* one line for `weir list` */
    const struct weir_option *options; /* ends with a NULL name */

    int (*create)(const struct weir_strategy_env *env,
                  const struct weir_options *opts, void **self);
    void (*destroy)(void *self);

    /** First parameters of @p simulation, before anything is known. */
    void (*initial)(void *self, uint32_t simulation, double *u);
    /** @p simulation runs with parameters @p u; called before its losses. */
    int (*meet)(void *self, uint32_t simulation, const double *u);
    /** Fold one batch of losses. */
    int (*observe)(void *self, const struct weir_batch_loss *batch);
    /**
     * Whether `propose` should be called now. Cheap; asked after every batch
     * observed, for a strategy may count its periods in batches.
     */
    bool (*due)(const void *self, const struct weir_progress *now);
    /**
     * New parameters for @p n open simulations, lowest id first. An open
     * simulation the strategy does not want to change gets the parameters it
     * would get from `initial`.
     */
    int (*propose)(void *self, const struct weir_progress *now,
                   struct weir_proposal *proposals, size_t n);

    int (*save)(const void *self, struct weir_blob *out);
    int (*restore)(void *self, struct weir_blob *in);

    /**
     * Prepare for proposals to come by one small step: train a model of the
     * strategy's own from what was observed so far, or start candidates; NULL:
     * there is nothing to prepare. In lockstep called once after each batch
     * observed, before `due`; live as often as acquisition.cpu_share allows.
     * @return 1; 0 there is nothing to do before the next batch; an error
     */
    int (*learn)(void *self);

    /**
     * Effective sample size, (sum w)^2 / sum w^2, of the importance weights it
     * used last; it is recorded with each generation. 0: it has used none yet;
     * NULL: it weighs nothing.
     */
    double (*effective)(const void *self);

    /**
     * Predict for the proposal that `due` asked for, through env->forecast, a
     * small piece at a time: one call of each kind or so. @p piece counts from 0, and 0
     * begins anew: with other weights, or because a run was killed in between.
     * All pieces of a proposal see the same weights. In lockstep they follow one
     * another at once; live they are made as often as acquisition.cpu_share
     * allows, while batches are observed in between. After the last one
     * `propose` is called. NULL: `propose` follows at once. One that wants nothing
     * of the forecast may have long work of its own cut into pieces so.
     * @return 1 there are more; 0 that was the last; an error
     */
    int (*score)(void *self, uint32_t piece);

    /**
     * Before anything is created: what it will need, for the plan of memory. Of
     * env->forecast there are only `batch` and `frame`. NULL: as all zero.
     * @return 0, or what `create` would refuse
     */
    int (*needs)(const struct weir_strategy_env *env,
                 const struct weir_options *opts,
                 struct weir_strategy_needs *out);
};

/**
 * Draw @p simulation from the target density: coordinate i is uniform number i
 * of the stream (seed, WEIR_RNG_PARAMETERS, simulation).
 *
 * Every strategy takes its unsteered draws from here, so that two strategies
 * give a simulation the same bits wherever neither steers it.
 *
 * @param[out] u  env->space.n coordinates in [0, 1)
 */
void weir_target_draw(const struct weir_strategy_env *env, uint32_t simulation,
                      double *u);

/**
 * A strategy in a shared object of its own, named in the configuration by a
 * path with a slash in it: `acquisition: {strategy: ./my.so}`. One source file
 * says
 *
 *     WEIR_STRATEGY_LIBRARY(my_ops);
 *
 * and is built with `cc -shared -fPIC`, against no library: the functions of
 * these headers are the program's. Its options stand beside `strategy`, like
 * those of any other. The object stays loaded until the program ends.
 *
 * WEIR_STRATEGY_ABI counts changes of this header, and of those it includes,
 * that a built object would notice; one of another number is refused.
 */
#define WEIR_STRATEGY_ABI 5

struct weir_strategy_library {
    uint32_t abi;
    uint32_t ops_size, env_size; /* as its compiler saw them */
    const struct weir_strategy_ops *ops;
};

#ifdef __cplusplus
#define WEIR_STRATEGY_SYMBOL extern "C"
#else
#define WEIR_STRATEGY_SYMBOL
#endif

/** Define the symbol the program looks for. */
#define WEIR_STRATEGY_LIBRARY(its_ops)                                         \
    WEIR_STRATEGY_SYMBOL __attribute__((                                       \
        visibility("default"))) struct weir_strategy_library weir_strategy = { \
        WEIR_STRATEGY_ABI, (uint32_t)sizeof(struct weir_strategy_ops),         \
        (uint32_t)sizeof(struct weir_strategy_env), &(its_ops)}

#ifdef __cplusplus
}
#endif
#endif
