/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_LOADED_H
#define WEIR_PIPELINE_LOADED_H

/**
 * @file
 * A finished surrogate beside the configuration and the solver it came from:
 * what `weir eval`, `weir predict` and `weir export` begin with.
 */
#include "io/dataset_reader.h"
#include "io/predictor.h"
#include "pipeline/stages/evaluation.h"

struct weir_loaded {
    struct weir_predictor *predictor;
    const struct weir_predictor_info *info;
    struct weir_config *cfg;
    struct weir_run run; /* its solver and sizes only */
};

/**
 * @param path    a run's directory or a checkpoint file
 * @param weights "best" (NULL too) or "newest"
 * @return 0, -WEIR_ECONFIG another word, or as weir_predictor_open
 */
int weir_loaded_open(const char *path, const char *weights,
                     struct weir_loaded *out);
void weir_loaded_close(struct weir_loaded *l);

/**
 * What learned from an equation has points for inputs, and nothing to roll out.
 * @param what  wants states
 * @return 0, -WEIR_ECONFIG
 */
int weir_loaded_knows_states(const struct weir_loaded *l, const char *what);

/**
 * Open a data set of states that fit: the same channels and points.
 * @return 0, -WEIR_ECONFIG it cannot be read, is partial, has one frame only,
 *         or does not fit; the message has both shapes
 */
int weir_loaded_data(const struct weir_loaded *l, const char *path,
                     struct weir_dataset_reader **out);

/**
 * What a direct surrogate reads of a data set, in its own order.
 * @param[out] value  (trajectories, inputs->space->n), freed with free()
 * @return 0, -WEIR_ECONFIG @p r has no parameter of that name
 */
int weir_loaded_parameters(const struct weir_loaded *l,
                           struct weir_dataset_reader *r, double **value);

/** Measure all of @p set, on as many threads as there are processors. */
int weir_loaded_measure(const struct weir_loaded *l, struct weir_evalset *set);

#endif
