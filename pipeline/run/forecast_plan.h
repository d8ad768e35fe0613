/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_FORECAST_PLAN_H
#define WEIR_PIPELINE_FORECAST_PLAN_H

/**
 * @file
 * What a run's strategy will want of forecasts (weir/strategy.h), before either
 * is made: how predictions are cut, by which scorers, and the memory of all
 * that.
 */
#include "acquire/scorer.h"
#include "pipeline/run/run.h"
#include "weir/strategy.h"

struct weir_forecast_memory {
    size_t weights;   /* of all members, at one time */
    uint32_t moments; /* so many times; 0: nothing is predicted */
    size_t thread;    /* nets and states of a thread that predicts */
    uint32_t threads;
    size_t strategy; /* what it keeps of its own, first frames among it */
};

/**
 * Candidates that a thread predicts at once: enough for the engine to be busy,
 * few enough for losses to be folded in between.
 */
uint32_t weir_forecast_block(const struct weir_run *run);

/** What strategies are told of @p run, but for whom to ask. */
struct weir_strategy_env weir_forecast_env(const struct weir_run *run);

/** Weights of how many times are compared. */
uint32_t weir_forecast_moments(const struct weir_score *score);

/**
 * What is to be made for @p request; @p out->score NULL and no sketch: nothing.
 * @return 0, -WEIR_ECONFIG no such score, or one for pools only
 */
int weir_forecast_scorer(const struct weir_run *run,
                         const struct weir_forecast_request *request,
                         struct weir_scorer_config *out);

/**
 * @param model  the run's
 * @return 0 (all zero where the strategy would be refused), -ENOMEM, -WEIR_EENV
 */
int weir_forecast_memory_plan(const struct weir_run *run,
                              const struct weir_model *model,
                              struct weir_forecast_memory *out);

size_t weir_forecast_memory_total(const struct weir_forecast_memory *m);

#endif
