/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_EVALUATION_H
#define WEIR_PIPELINE_EVALUATION_H

/**
 * @file
 * How good a surrogate is: held-out trajectories, and the figures measured on
 * them. Parameters of a set are a segment of the Halton sequence, shifted (modulo 1) by
 * a vector drawn from the set's seed; validation and test use disjoint segments,
 * and neither sees the parameters of training.
 *
 * The error of one step is nRMSE = rms(prediction - truth) / max(rms(truth),
 * 1e-6), of every state of every trajectory. Persistence is the same figure for
 * predicting no change: how much there was to learn. Of a steady problem only
 * the channels that are no input count, and it is the figure for predicting
 * each channel's mean over the data; so it is of a direct surrogate, which is
 * not given the state that persistence repeats. A rollout starts at t = 0
 * and is compared at one step, where a direct surrogate is asked at once; it has
 * failed when its error is not finite or
 * above 1, that is, worse than predicting zero.
 *
 * What learned from an equation is held against its reference: a "trajectory" is
 * one time, its two states are the reference at the initial time and then, so
 * that persistence is to predict the initial state (stages/reference.h).
 *
 * An ensemble predicts the mean of its members, each of which rolls out by
 * itself. Its spread (nn/ensemble.h) is relative too: rms(spread) /
 * max(rms(truth), 1e-6).
 *
 * The groups share the work: trajectory i belongs to group i % groups, and each
 * figure has its own place, so that no order of execution shows in a result.
 *
 * Threads: fill and measure may run at once on different trajectories;
 * everything else is for one thread while neither runs.
 */
#include "nn/ensemble.h"
#include "pipeline/run/run.h"

struct weir_evalset {
    const struct weir_run *run; /* whose solver fills it; may be NULL */
    size_t frame;               /* floats of a state */
    size_t given;               /* of them, the first, are no prediction */
    uint32_t n;                 /* trajectories */
    uint32_t steps;             /* states after the first, of each */
    uint32_t rollout;           /* compare rollouts at this step; 0: none */
    /** What a direct surrogate reads; no space: it is one of states. */
    struct weir_inputs inputs;
    double *parameter;    /* (n, inputs.space->n); NULL: nobody reads them */
    uint64_t seed, first; /* the shift; index of the first Halton point */
    double *at;         /* (n, frame, coordinates) of a reference; else NULL */
    float *state;       /* (n, steps + 1, frame) */
    bool *valid;        /* [n] simulated to the end */
    float *error;       /* (n, steps) of one step */
    float *persistence; /* (n, steps) */
    float *spread;      /* (n, steps) of the members, of one step */
    float *rolled;      /* [n] of the rollout */
    float *prediction;  /* (n, steps, frame) of one step; NULL: not kept */
};

/** An empty set. @return 0, -ENOMEM */
int weir_evalset_create(const struct weir_run *run, uint32_t n,
                        uint32_t rollout, uint64_t seed, uint64_t first,
                        struct weir_evalset *out);
/** One to be filled by other means: `state` and `valid` are the caller's. */
int weir_evalset_allocate(uint32_t n, uint32_t steps, uint32_t rollout,
                          size_t frame, struct weir_evalset *out);
void weir_evalset_destroy(struct weir_evalset *set);

/**
 * What trajectory @p i of a set that weir_evalset_create made is simulated with.
 * @param space       its run's
 * @param[out] value  [space->n]
 * @return 0, -EINVAL as weir_halton
 */
int weir_evalset_parameters(const struct weir_evalset *set,
                            const struct weir_space *space, uint32_t i,
                            double *value);

/**
 * Simulate trajectories @p part, @p part + @p parts, ... A diverged one is
 * marked invalid and left out of every figure.
 * @return 0, -ECANCELED when the run was told to end before, or the solver's
 *         error
 */
int weir_evalset_fill(struct weir_evalset *set, uint32_t part, uint32_t parts);

/** Whether the guess to be beaten is the mean of the data, not persistence. */
static inline bool weir_evalset_guesses_mean(const struct weir_evalset *set)
{
    return set->given > 0 || set->inputs.space;
}

/** Measure the same trajectories; @p batch is that of @p surrogate. */
int weir_evalset_measure(struct weir_evalset *set, uint32_t part,
                         uint32_t parts, struct weir_surrogate *surrogate,
                         int batch, const struct weir_ensemble *ensemble);

/** rms(@p spread) / max(rms(@p truth), 1e-6) over @p n values. */
float weir_evalset_relative_spread(const float *spread, const float *truth,
                                   size_t n);

/** Error of one step, its mean over the steps of trajectory @p i. */
double weir_evalset_trajectory_error(const struct weir_evalset *set,
                                     uint32_t i);

/** Figures over all pairs (trajectory, step) of a set. */
struct weir_error_figures {
    double mean, deviation, p50, p90, p95, p99, max;
    double cvar99;           /* mean of the worst 1 % */
    double worst_trajectory; /* largest mean over a trajectory */
};

struct weir_evaluation {
    uint32_t trajectories, invalid;
    struct weir_error_figures error, persistence;
    double spread; /* of members or densities, mean over all pairs */
    uint32_t rollout_step;
    uint32_t rollout_failures;
    double rollout_mean, rollout_median; /* of those that did not fail */
};

/** Gather the figures of a measured set. @return 0 or -ENOMEM */
int weir_evalset_figures(const struct weir_evalset *set,
                         struct weir_evaluation *out);

/**
 * The same figures of the rollouts, one error each, failures among them; the
 * worst trajectory is the largest. @return 0 or -ENOMEM
 */
int weir_evalset_rollout_figures(const struct weir_evalset *set,
                                 struct weir_error_figures *out);

#endif
