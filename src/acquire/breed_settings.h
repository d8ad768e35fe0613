/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_BREED_SETTINGS_H
#define WEIR_ACQUIRE_BREED_SETTINGS_H

/**
 * @file
 * Breed's options, under Melissa's names, and what they come to for one run.
 *
 * A preset gives every option a value; an option the user gave replaces it. The
 * presets follow the OGAS release's baseline file (sigma, start, end,
 * breakpoint and the window's ratios are its; scripts/configs/
 * active_sampling.py) but count in fractions of the run, because its literal
 * numbers never steer a run of a few hundred simulations:
 *
 * | preset  | sigma | start -> end in | window       | first after  | every |
 * |---------|-------|-----------------|--------------|--------------|-------|
 * | mixed   | 0.10  | 0    -> 0.70  3 | 0.15 budget  | 0.125 budget | 2.5 % |
 * | precise | 0.05  | 0.50 -> 0.75  5 | 0.75 budget  | 0.125 budget | 2.5 % |
 * | broad   | 0.10  | 0    -> 0.70  3 | 0.30 budget  | 0.125 budget | 2.5 % |
 * | soft    | 0.10  | 0.75 -> 0.50  5 | 0.45 budget  | 0.125 budget | 2.5 % |
 *
 * "every" (nn_updates) is a fraction of the planned gradient steps; a parent
 * needs a third of its time steps seen; non_resampling_threshold is 1. The
 * fractions are chosen for runs of a few hundred simulations: at 400 of them
 * and 4,000 steps, `mixed` has a window of 60 and a first generation after 50.
 * `ogas_release` holds the release's literal values: sigma 0.1, 0 -> 0.7 in 3,
 * window 138, first after 100, every 414 batches, 10 steps, threshold 1.
 */
#include "acquire/kernel.h"
#include "acquire/population.h"

struct weir_breed_settings {
    double sigma;      /* standard deviation, as a fraction of each range */
    double start, end; /* bred share of the first and the last generations */
    uint32_t breakpoint;
    enum weir_boundary boundary;
    double oob_factor;         /* sigma shrinks by it at each redraw */
    uint32_t max_oob;          /* redraws of a child outside the box */
    bool true_mixing;          /* bred shares exact, not on average */
    uint32_t amis_generations; /* 0: weights are the fitness */
    struct weir_population_settings population;
};

/** The declared options of the strategy `breed`. */
extern const struct weir_option weir_breed_options[];

/**
 * Resolve @p opts for the run @p env.
 *
 * Counts as weir_population_take.
 * @return 0
 * @return -WEIR_ECONFIG a parent would need more time steps than a simulation
 *         has, or the run has no simulation, sample or parameter
 */
int weir_breed_settings_read(const struct weir_strategy_env *env,
                             const struct weir_options *opts,
                             struct weir_breed_settings *out);

/** Bred share R of the @p generation-th call of propose, counted from 1:
 *  linear from `start` at the first to `end` after `breakpoint` more, then
 *  constant. */
double weir_breed_share(const struct weir_breed_settings *set,
                        uint32_t generation);

#endif
