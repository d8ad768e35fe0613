/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_TRAINER_MEMORY_H
#define WEIR_PIPELINE_TRAINER_MEMORY_H

/**
 * @file
 * What training, and a strategy that predicts, will need, before anything of it is made: a configuration too
 * large for the machine is refused before the first step, and `weir plan`
 * shows the numbers.
 *
 * A net's memory is an affine function of its batch: it is read off nets for
 * one sample and for two, which are small, and extended to a micro-batch.
 */
#include "pipeline/run/forecast_plan.h"
#include "pipeline/run/run.h"

struct weir_trainer_memory {
    size_t weights;  /* of all members: weights, moments, average, best */
    size_t gradient; /* one buffer of all members */
    uint32_t gradients;
    size_t group;      /* nets and scratch of one group */
    size_t evaluated;  /* held-out trajectories */
    size_t checkpoint; /* copies a checkpoint is written from */
    size_t predicted;  /* of the batch, by every member; 0: there is one */
    struct weir_forecast_memory forecast;
};

/**
 * @param run its solver and configuration are enough
 * @return 0, -WEIR_ECONFIG the model refuses the configuration or the shape,
 *         -ENOMEM, -WEIR_EENV
 */
int weir_trainer_memory_plan(const struct weir_run *run,
                             struct weir_trainer_memory *out);

/** The same number alone, of several members. */
size_t weir_trainer_predicted_bytes(const struct weir_run *run);

/** All of it, with @p groups. */
size_t weir_trainer_memory_total(const struct weir_trainer_memory *m,
                                 uint32_t groups);

#endif
