/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Offline Breed (Dymchenko, Raffin, "Loss-driven sampling within hard-to-learn
 * areas for simulation-based neural network training", MLPS 2023): a set of N
 * points is trained on for p iterations, scored, and replaced as a whole, round
 * after round. With l_i the scores, round i = 0, 1, ... has the share
 *   alpha = min(alpha_1 i + alpha_0, alpha_max)
 * and its next set holds N_c = round(alpha N) points of
 *   GM(x) ~ sum over i of l_i N(x_i, sigma^2 I)
 * and N - N_c of the target density.
 *
 * The set is the population of population.h: N is sliding_window_size, p is
 * nn_updates, a score is the mean of a simulation's losses since the last
 * round, the nearest that a run comes to scoring all N anew where training sees
 * all of them between two rounds. The N open simulations with the lowest ids
 * become the next set, children and fresh draws mixed at random, so that a set
 * which starts only in part has the right share of both; open ones beyond N are
 * drawn from the target density. A child outside the box follows the rule
 * `boundary` (kernel.h). A set without any difference in scores is followed by
 * a uniform one.
 */
#include "acquire/categorical.h"
#include "acquire/kernel.h"
#include "acquire/population.h"
#include "acquire/registry.h"
#include "acquire/shuffle.h"
#include "acquire/target.h"
#include "base/err.h"

#include <math.h>
#include <stdlib.h>

/* clang-format off */
static const struct weir_option offline_options[] = {
    {.name = "alpha_0", .type = WEIR_OPTION_REAL, .fallback = "0.15",
     .min = 0, .max = 1, .help = "share of children in the first round"},
    {.name = "alpha_1", .type = WEIR_OPTION_REAL, .fallback = "0.06",
     .min = 0, .max = 1, .help = "added to it each round"},
    {.name = "alpha_max", .type = WEIR_OPTION_REAL, .fallback = "0.75",
     .min = 0, .max = 1, .help = "largest share of children"},
    {.name = "sigma", .type = WEIR_OPTION_REAL, .fallback = "0.05",
     .min = 1e-6, .max = 10, .unit = "of each range",
     .help = "standard deviation of a child around its parent"},
    WEIR_POPULATION_OPTIONS("loss"),
    {.name = "max_oob_count", .type = WEIR_OPTION_INT, .fallback = "10",
     .min = 0, .max = 1000, .unit = "redraws",
     .help = "redraws of a child outside the box, then it is its parent"},
    {.name = "oob_factor", .type = WEIR_OPTION_REAL, .fallback = "0.3",
     .min = 1e-3, .max = 1, .help = "sigma shrinks by it at each redraw"},
    {.name = "boundary", .type = WEIR_OPTION_CHOICE, .fallback = "shrink",
     .choices = "shrink|wrap|reflect",
     .help = "outside the box: redraw nearer; phases wrap around; walls "
             "mirror"},
    {0},
};
/* clang-format on */

struct offline {
    struct weir_population population;
    struct weir_kernel kernel;
    double alpha_0, alpha_1, alpha_max;
    double *cumulative; /* [window] sums of scores */
};

static void offline_destroy(void *self)
{
    struct offline *o = self;
    weir_population_free(&o->population);
    free(o->cumulative);
    free(o);
}

static void take_options(struct offline *o, const struct weir_options *opts)
{
    o->alpha_0 = weir_option_real(opts, "alpha_0");
    o->alpha_1 = weir_option_real(opts, "alpha_1");
    o->alpha_max = weir_option_real(opts, "alpha_max");
    o->kernel = (struct weir_kernel){
        .space = o->population.env->space,
        .boundary = (enum weir_boundary)weir_option_int(opts, "boundary"),
        .sigma = weir_option_real(opts, "sigma"),
        .oob_factor = weir_option_real(opts, "oob_factor"),
        .max_oob = (uint32_t)weir_option_int(opts, "max_oob_count"),
    };
}

static int offline_create(const struct weir_strategy_env *env,
                          const struct weir_options *opts, void **self)
{
    struct weir_population_settings set =
        weir_population_fractions(env, 0.15, 0.125, 0.025, 0);
    int rc = weir_population_take(env, opts, "breed_offline", &set);
    if (rc)
        return rc;
    struct offline *o = calloc(1, sizeof(*o));
    if (!o)
        return WEIR_FAIL(ENOMEM, "breed_offline: state");
    rc = weir_population_init(&o->population, "breed_offline", env, &set);
    o->cumulative = calloc(set.window, sizeof(*o->cumulative));
    if (!rc && !o->cumulative)
        rc = WEIR_FAIL(ENOMEM, "breed_offline: window of %u", set.window);
    if (rc) {
        offline_destroy(o);
        return rc;
    }
    take_options(o, opts);
    *self = o;
    return 0;
}

static void offline_initial(void *self, uint32_t simulation, double *u)
{
    const struct offline *o = self;
    weir_target_draw(o->population.env, simulation, u);
}

static int offline_meet(void *self, uint32_t simulation, const double *u)
{
    struct offline *o = self;
    return weir_population_meet(&o->population, simulation, u);
}

static int offline_observe(void *self, const struct weir_batch_loss *batch)
{
    struct offline *o = self;
    return weir_population_observe(&o->population, batch);
}

static bool offline_due(const void *self, const struct weir_progress *now)
{
    const struct offline *o = self;
    return weir_population_due(&o->population, now);
}

/* N_c of a set of @p n. */
static size_t children(const struct offline *o, size_t n)
{
    uint32_t round_number = o->population.at.generation - 1;
    double alpha = fmin(o->alpha_1 * round_number + o->alpha_0, o->alpha_max);
    return (size_t)round(alpha * (double)n);
}

static void draw_child(const struct offline *o, uint32_t simulation, double *u)
{
    const struct weir_population *p = &o->population;
    uint64_t generation = p->at.generation;
    struct weir_rng rng = weir_rng_stream(p->env->seed, WEIR_RNG_PROPOSAL,
                                          simulation | generation << 32);
    size_t i = weir_categorical(o->cumulative, p->n, weir_rng_uniform(&rng));
    weir_kernel_draw(&o->kernel, &rng, weir_population_parameters(p, i), u);
}

static int offline_propose(void *self, const struct weir_progress *now,
                           struct weir_proposal *proposals, size_t n)
{
    struct offline *o = self;
    struct weir_population *p = &o->population;
    bool steers = weir_population_begin(p, now);
    uint32_t set = p->set.window;
    size_t bred = steers ? children(o, set) : 0;
    for (size_t i = 0; i < p->n; i++)
        o->cumulative[i] = p->member[i].q;
    weir_running_sums(o->cumulative, p->n, o->cumulative);
    for (size_t i = 0; i < n; i++) {
        struct weir_proposal *to = &proposals[i];
        to->generation = p->at.generation;
        to->bred = i < set && weir_shuffled((uint32_t)i, set, p->env->seed,
                                            p->at.generation) < bred;
        if (to->bred)
            draw_child(o, to->simulation, to->u);
        else
            weir_target_draw(p->env, to->simulation, to->u);
    }
    weir_loss_window_forget_losses(p->window);
    return 0;
}

static int offline_save(const void *self, struct weir_blob *out)
{
    const struct offline *o = self;
    return weir_population_save(&o->population, out);
}

static int offline_restore(void *self, struct weir_blob *in)
{
    struct offline *o = self;
    return weir_population_restore(&o->population, in);
}

const struct weir_strategy_ops weir_strategy_breed_offline = {
    .name = "breed_offline",
    .summary = "Breed in rounds: a set is scored and replaced as a whole",
    .options = offline_options,
    .create = offline_create,
    .destroy = offline_destroy,
    .initial = offline_initial,
    .meet = offline_meet,
    .observe = offline_observe,
    .due = offline_due,
    .propose = offline_propose,
    .save = offline_save,
    .restore = offline_restore,
};
