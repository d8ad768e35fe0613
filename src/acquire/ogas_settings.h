/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_OGAS_SETTINGS_H
#define WEIR_ACQUIRE_OGAS_SETTINGS_H

/**
 * @file
 * OGAS's options: those of its release under its names and with its values
 * (scripts/configs/active_sampling.py), and what they come to for one run.
 *
 * Three differ by default, and `preset: release` gives them the release's
 * values. When a generation is due counts in fractions of the run, as for Breed:
 * one every 2.5 % of the gradient steps, the first after 5 % of the budget (the
 * release: every 100 batches and 41 simulations, while more than 10 are open).
 * The network is as wide as the space asks for, 64 for up to 8 parameters and
 * 256 beyond, and its rate grows as it shrinks, 2e-4 * 1024 / width (the
 * release: 1024, on an accelerator of its own).
 */
#include "acquire/pairs.h"
#include "acquire/population.h"

struct weir_ogas_settings {
    struct weir_population_settings population;
    struct weir_pairs_settings pairs;
    uint32_t batch_size;
    int timesteps, model_dim, blocks;
    double lr, guidance_scale;
    uint32_t n_train_steps_per_epoch, max_epoch_per_epoch;
    double start, end;
    uint32_t breakpoint;
    enum weir_target_rule loss_sampling_strategy;
    double alpha, quantile;
    bool learn_sampling_ratio, resample_oob;
    uint32_t max_mlp_steps_per_collect;
    int mlp_hidden;
    double mlp_lr, mlp_weight_decay;
    uint32_t horizon; /* open simulations that a generation steers */
};

/** The declared options of the strategy `ogas`. */
extern const struct weir_option weir_ogas_options[];

/** @return as weir_population_take */
int weir_ogas_settings_read(const struct weir_strategy_env *env,
                            const struct weir_options *opts,
                            struct weir_ogas_settings *out);

/** Steered share of the @p generation-th generation, counted from 1. */
double weir_ogas_share(const struct weir_ogas_settings *set,
                       uint32_t generation);

#endif
