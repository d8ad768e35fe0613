/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_POOL_H
#define WEIR_PIPELINE_POOL_H

/**
 * @file
 * Pool mode: rounds of training on all that is labelled, scoring a pool of
 * candidates and labelling a batch of them.
 *
 * The pool is drawn once from the target density and never refreshed; the first
 * `initial` simulations are drawn in the same way. Where the solver is a data set
 * (run/dataset_solver.h) both are of its trajectories, in a shuffled order, and
 * the pool is no larger than what is left of them: labels are read, or solved
 * as its `labels` says. Round k is a run like any
 * other, in DIR/round-KK: it simulates the n_k labelled parameters, waits until
 * all their samples are in the reservoir, trains for training.steps (or
 * pool.epochs passes over them) from new
 * weights (pool.warm: from those of round k-1) and keeps the best by validation.
 * New weights are other ones: a round has a seed of its own (weir_pool_seed).
 * Then the candidates left are judged by its weights (pool_score.h), and a rule
 * of acquire/select.h chooses
 *   B_k = round(batch growth^k).
 *
 * DIR/round-KK.txt lists what round KK simulates, in the form of the strategy
 * `listed`, with the place in the pool behind a '#'. It is written whole before
 * the round begins, so the newest one says where an interrupted run is: its
 * round is resumed, and choosing begins again. Choices follow from the weights
 * and the seed alone. A round that ends by validation.stop_when is the last.
 */
#include "io/config.h"
#include "pipeline/commands/commands.h"
#include "pipeline/pool/pool_distance.h"

#include <stdint.h>

/** Labelled simulations, in order. */
struct weir_pool_list {
    size_t n, dims;
    double *u;      /* [n][dims] in the unit cube */
    int64_t *place; /* [n] in the pool; -1 of the first ones */
};

/** Batch that is chosen after round @p round, counted from 0. */
size_t weir_pool_batch(const struct weir_config *cfg, int round);
/** Gradient steps of the run that is round @p round; with pool.warm it goes on
 * with those of the rounds before. */
uint64_t weir_pool_steps(const struct weir_config *cfg, int round);
/** Simulations of round @p round. */
size_t weir_pool_labelled(const struct weir_config *cfg, int round);

/** Seed of the run that is round @p round, or of weights before round 0 (-1). */
uint64_t weir_pool_seed(const struct weir_config *cfg, int round);

/** The candidates. */
struct weir_pool {
    const struct weir_config *cfg;
    size_t size;
    void *data; /* configured data set whose trajectories they are; else NULL */
    struct weir_pool_distance distance; /* one more coordinate of them */
};

/**
 * @return 0, -WEIR_ECONFIG batches exceed the pool, a score needs members or
 *         weights that the run has not, a data set is too small
 */
int weir_pool_open(const struct weir_config *cfg, struct weir_pool *out);
void weir_pool_close(struct weir_pool *pool);

/** Coordinates of candidate @p i, and of initial simulation @p i. */
void weir_pool_candidate(const struct weir_pool *pool, uint32_t i, double *u);
void weir_pool_first(const struct weir_pool *pool, uint32_t i, double *u);

/** Whether the score compares a round's last weights with those some steps
 * earlier, so that its run must keep both. */
bool weir_pool_needs_pair(const struct weir_config *cfg);

/** The list of round 0. @return 0 or -ENOMEM */
int weir_pool_begin(const struct weir_pool *pool, struct weir_pool_list *out);
/**
 * Add the batch that follows from round @p round, whose run is in @p dir.
 * @param before  where the run of the round before is; NULL: there was none
 * @return 0, or what loading, solving or selecting refuses
 */
int weir_pool_choose(const struct weir_pool *pool, const char *dir,
                     const char *before, int round,
                     struct weir_pool_list *list);
void weir_pool_list_free(struct weir_pool_list *list);

/** @return 0, -WEIR_EENV */
int weir_pool_list_write(const struct weir_pool_list *list, const char *path);
/** @return 0, -ENOENT, -WEIR_ECORRUPT, -ENOMEM */
int weir_pool_list_read(const struct weir_config *cfg, const char *path,
                        struct weir_pool_list *out);

/**
 * The configuration of round @p round but for the list of what it simulates,
 * which is another one each time.
 * @return 0, -WEIR_ECONFIG, -ENOMEM
 */
int weir_pool_round(const struct weir_config *cfg,
                    const struct weir_arguments *args, int round,
                    struct weir_config **out);

/** Whether the pool is one, and its first round can run. @return as above */
int weir_pool_check(const struct weir_config *cfg,
                    const struct weir_arguments *args);

/**
 * All rounds, from the newest list in @p dir on when @p args resumes.
 * @return 0 or what a round ended with
 */
int weir_pool_run(const struct weir_config *cfg,
                  const struct weir_arguments *args, const char *dir);

#endif
