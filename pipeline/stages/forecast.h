/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_FORECAST_H
#define WEIR_PIPELINE_FORECAST_H

/**
 * @file
 * What a strategy may ask of the surrogate that is being trained (weir/strategy.h:
 * struct weir_forecast): candidates' first frames come from lanes of its own of
 * the run's solver, weights from snapshots (snapshot.h), scores and features
 * from acquire/scorer.h.
 *
 * A call is dealt out to placement.acquisition_threads (hands.h): starts one by
 * one, predictions in blocks. Each of them has a lane and a scorer; what comes
 * out does not tell who did what.
 *
 * A forecast is by weights of one gradient step or, for scores that compare two
 * times, of two that are exactly `apart` steps apart: where the second snapshot
 * came later than that, it becomes the first.
 *
 * Memory: run/forecast_plan.h. Threads: acquisition's thread (in lockstep the
 * trainer's leader) but for what snapshot.h says of the leader.
 */
#include "nn/normaliser.h"
#include "pipeline/run/run.h"
#include "pipeline/stages/snapshot.h"
#include "weir/strategy.h"

struct weir_forecaster;

/** @p out is to be destroyed even after a failure. */
int weir_forecaster_create(struct weir_run *run, struct weir_forecaster **out);
void weir_forecaster_destroy(struct weir_forecaster *f);

/** Whose weights and scales it forecasts with; both outlive it. */
void weir_forecaster_attach(struct weir_forecaster *f,
                            const struct weir_weights *weights,
                            const struct weir_normaliser *norm);

/** What the strategy sees. */
struct weir_forecast *weir_forecaster_face(struct weir_forecaster *f);
/** Whether the strategy has said that it wants anything. */
bool weir_forecaster_is_wanted(const struct weir_forecaster *f);

/** CPU time of the threads that help the caller. */
int64_t weir_forecaster_lent_ns(const struct weir_forecaster *f);

/** Want weights from @p step gradient steps on; those there were are no more. */
void weir_forecaster_begin(struct weir_forecaster *f, uint64_t step);
/**
 * Take the snapshots there are: live what the leader offers, in lockstep the
 * weights in force after @p step gradient steps. @return whether all are there
 */
bool weir_forecaster_gather(struct weir_forecaster *f, uint64_t step);
/** Answer questions, or refuse to: all snapshots are there, or not. */
void weir_forecaster_open(struct weir_forecaster *f, bool open);
/** Where the leader hands over. */
struct weir_snapshot *weir_forecaster_snapshot(struct weir_forecaster *f);

/** Lockstep: the snapshots taken so far, and what is wanted. */
int weir_forecaster_save(const struct weir_forecaster *f,
                         struct weir_blob *out);
int weir_forecaster_restore(struct weir_forecaster *f, struct weir_blob *in);

#endif
