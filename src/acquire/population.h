/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_POPULATION_H
#define WEIR_ACQUIRE_POPULATION_H

/**
 * @file
 * What strategies that live on losses share: when a generation is due, whose
 * losses count, and how hard each simulation was. Options have Melissa's names.
 *
 * Checks fall on gradient steps that are multiples of nn_updates. A generation
 * follows when min_nb_finished_simulations have finished, and
 * min_nb_finished_simulations_period more since the last generation, and more
 * than non_resampling_threshold are open. Its population is the
 * sliding_window_size simulations trained on last (loss_window.h).
 *
 * value_to_register says what a sample adds to its simulation's fitness:
 * `delta_loss`, its loss standardised by its batch and cut at 0, so that losses
 * of different times can be compared; or `loss`, as it is, for populations that
 * are scored at one time. Losses that are not finite are left out.
 */
#include "acquire/loss_window.h"
#include "weir/strategy.h"

struct weir_population_settings {
    uint32_t nn_updates;          /* batches between two checks, >= 1 */
    uint32_t min_finished;        /* simulations before the first proposal */
    uint32_t min_finished_period; /* more of them before the next */
    uint32_t threshold;           /* propose only while more are open */
    uint32_t min_steps;           /* time steps a member was trained on at */
    uint32_t window;              /* largest population, >= 1 */
    bool raw;                     /* value_to_register: loss */
};

/* clang-format off */
/** The options above, for a strategy's table; @p value is a default. */
#define WEIR_POPULATION_OPTIONS(value)                                         \
    {.name = "nn_updates", .type = WEIR_OPTION_INT, .fallback = "0",           \
     .min = 0, .max = 1e9, .unit = "batches",                                  \
     .help = "batches between two generations (0: by preset)"},                \
    {.name = "min_nb_finished_simulations", .type = WEIR_OPTION_INT,           \
     .fallback = "0", .min = 0, .max = 1e9, .unit = "simulations",             \
     .help = "finished before the first generation (not given: by preset)"},   \
    {.name = "min_nb_finished_simulations_period", .type = WEIR_OPTION_INT,    \
     .fallback = "0", .min = 0, .max = 1e9, .unit = "simulations",             \
     .help = "more of them finished before the next generation"},              \
    {.name = "non_resampling_threshold", .type = WEIR_OPTION_INT,              \
     .fallback = "1", .min = 0, .max = 1e9, .unit = "simulations",             \
     .help = "no new generation when this few are open"},                      \
    {.name = "delta_loss_min_nb_time_steps", .type = WEIR_OPTION_INT,          \
     .fallback = "0", .min = 0, .max = 1e9, .unit = "steps",                   \
     .help = "time steps a parent was trained on at (0: by preset)"},          \
    {.name = "sliding_window_size", .type = WEIR_OPTION_INT, .fallback = "0",  \
     .min = 0, .max = 1e7, .unit = "simulations",                              \
     .help = "most recently trained-on simulations looked at (0: by preset)"}, \
    {.name = "value_to_register", .type = WEIR_OPTION_CHOICE,                  \
     .fallback = value, .choices = "delta_loss|loss",                          \
     .help = "what a sample adds to the fitness of its simulation"}
/* clang-format on */

/**
 * Values in fractions of the run: the population is @p window and the first
 * generation after @p first of the budget, one every @p every of the gradient
 * steps, a member seen at @p seen of its steps; the threshold is 1.
 *
 * Where the run plans no number of gradient steps, it is estimated as the steps
 * that use the budget up at env->samples_per_batch, or, without rate control,
 * as those that see each sample four times.
 */
struct weir_population_settings weir_population_fractions(
    const struct weir_strategy_env *env, double window, double first,
    double every, double seen);

/**
 * Put what the user gave into @p set and check it for the run.
 * @param name  of the strategy, for messages
 * @return 0
 * @return -WEIR_ECONFIG a member would need more time steps than a simulation
 *         has, or the run has no simulation, sample or parameter
 */
int weir_population_take(const struct weir_strategy_env *env,
                         const struct weir_options *opts, const char *name,
                         struct weir_population_settings *set);

/** Where the strategy stands; saved as it lies. */
struct weir_population_state {
    uint64_t steps;         /* gradient steps observed: last batch + 1 */
    uint64_t steps_before;  /* the same before the last batch */
    uint64_t last_steps;    /* `steps` at the last generation */
    uint32_t last_finished; /* finished simulations then */
    uint32_t generation;
};

struct weir_population {
    const char *name; /* of the strategy */
    const struct weir_strategy_env *env;
    struct weir_population_settings set;
    struct weir_population_state at;
    struct weir_loss_window *window;
    struct weir_fitness *member; /* [set.window], newest first */
    size_t n;                    /* members */
    bool warned;                 /* of losses that are not finite */
    bool told;                   /* that a generation is uniform */
};

/**
 * @param set  as weir_population_take left it
 * @return 0, or -ENOMEM; then @p p may and must be freed all the same
 */
int weir_population_init(struct weir_population *p, const char *name,
                         const struct weir_strategy_env *env,
                         const struct weir_population_settings *set);
void weir_population_free(struct weir_population *p);

/** As in weir_strategy_ops. */
int weir_population_meet(struct weir_population *p, uint32_t simulation,
                         const double *u);
int weir_population_observe(struct weir_population *p,
                            const struct weir_batch_loss *batch);
bool weir_population_due(const struct weir_population *p,
                         const struct weir_progress *now);
int weir_population_save(const struct weir_population *p,
                         struct weir_blob *out);
int weir_population_restore(struct weir_population *p, struct weir_blob *in);

/**
 * Begin a generation: count it and gather its members.
 *
 * @return whether the members differ in fitness, so that there is something to
 *         go by; if not, and there are members, says once that the generation
 *         is drawn uniformly. A single member of any fitness is enough.
 */
bool weir_population_begin(struct weir_population *p,
                           const struct weir_progress *now);

/** Parameters of member @p i; valid until the next meet. */
const double *weir_population_parameters(const struct weir_population *p,
                                         size_t i);

#endif
