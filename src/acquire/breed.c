/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Online Breed (Dymchenko, Purandare, Raffin, "MelissaDL x Breed", arXiv
 * 2410.05860): simulations the surrogate finds hard have children.
 *
 * A generation (population.h says when) proposes parameters for all open
 * simulations. With probability R a simulation is bred: a parent drawn from the
 * population in proportion to its weight, moved by a normal step (kernel.h).
 * Otherwise it is drawn from the target density, with the bits `uniform` would
 * give it. A population without any difference in fitness, or an empty one,
 * does not breed.
 *
 * weights: `loss` takes the fitness itself, as Melissa does; `amis` divides it
 * by the density of what was proposed so far (amis.h). The steps from parents
 * are the same.
 *
 * use_true_mixing: Melissa's documents do not say how the mixture is drawn. Off
 * (the default), each simulation rolls for itself, and the bred share is R on
 * average. On, the rolls of successive ids are a golden-ratio sequence with a
 * random start, so that every stretch of ids is bred in the share R.
 */
#include "acquire/amis.h"
#include "acquire/breed_settings.h"
#include "acquire/categorical.h"
#include "acquire/registry.h"
#include "acquire/target.h"
#include "base/err.h"
#include "base/log.h"
#include "base/rng.h"

#include <stdlib.h>

struct breed {
    const struct weir_strategy_env *env;
    struct weir_breed_settings set;
    struct weir_kernel kernel;
    struct weir_population population;
    struct weir_amis *amis; /* NULL: weights are the fitness */
    double *weight;         /* [window] of the members */
    double *cumulative;     /* [window] sums of weights */
    double effective;       /* sample size of the last weights of amis */
};

static void breed_destroy(void *self)
{
    struct breed *b = self;
    weir_population_free(&b->population);
    weir_amis_destroy(b->amis);
    free(b->weight);
    free(b->cumulative);
    free(b);
}

static void tell_settings(const struct weir_breed_settings *s)
{
    weir_log_info("acquire",
                  "breed: share %g to %g in %u generations, one every %u "
                  "batches after %u simulations; children at %g of the range "
                  "of the last %u trained on",
                  s->start, s->end, s->breakpoint, s->population.nn_updates,
                  s->population.min_finished, s->sigma, s->population.window);
}

static int allocate(struct breed *b)
{
    const struct weir_population_settings *set = &b->set.population;
    int rc = weir_population_init(&b->population, "breed", b->env, set);
    if (!rc && b->set.amis_generations)
        rc = weir_amis_create(b->set.amis_generations, set->window,
                              b->env->budget, &b->amis);
    if (rc)
        return rc;
    b->weight = calloc(set->window, sizeof(*b->weight));
    b->cumulative = calloc(set->window, sizeof(*b->cumulative));
    if (!b->weight || !b->cumulative)
        return WEIR_FAIL(ENOMEM, "breed: window of %u", set->window);
    return 0;
}

static int breed_create(const struct weir_strategy_env *env,
                        const struct weir_options *opts, void **self)
{
    struct breed *b = calloc(1, sizeof(*b));
    if (!b)
        return WEIR_FAIL(ENOMEM, "breed: state");
    b->env = env;
    int rc = weir_breed_settings_read(env, opts, &b->set);
    if (!rc)
        rc = allocate(b);
    if (rc) {
        breed_destroy(b);
        return rc;
    }
    b->kernel = (struct weir_kernel){.space = env->space,
                                     .boundary = b->set.boundary,
                                     .sigma = b->set.sigma,
                                     .oob_factor = b->set.oob_factor,
                                     .max_oob = b->set.max_oob};
    tell_settings(&b->set);
    *self = b;
    return 0;
}

static void breed_initial(void *self, uint32_t simulation, double *u)
{
    const struct breed *b = self;
    weir_target_draw(b->env, simulation, u);
}

static int breed_meet(void *self, uint32_t simulation, const double *u)
{
    struct breed *b = self;
    if (b->amis)
        weir_amis_met(b->amis, simulation, u[0]);
    return weir_population_meet(&b->population, simulation, u);
}

static int breed_observe(void *self, const struct weir_batch_loss *batch)
{
    struct breed *b = self;
    return weir_population_observe(&b->population, batch);
}

static bool breed_due(const void *self, const struct weir_progress *now)
{
    const struct breed *b = self;
    return weir_population_due(&b->population, now);
}

static void weigh(struct breed *b)
{
    const struct weir_population *p = &b->population;
    if (b->amis) {
        b->effective = weir_amis_weights(b->amis, p, &b->kernel, b->weight);
        weir_log_debug("acquire",
                       "breed: generation %u weighs %zu simulations as %.1f",
                       p->at.generation, p->n, b->effective);
    }
    for (size_t i = 0; i < p->n && !b->amis; i++)
        b->weight[i] = p->member[i].q;
    weir_running_sums(b->weight, p->n, b->cumulative);
}

static const double *draw_parent(const struct breed *b, struct weir_rng *rng)
{
    const struct weir_population *p = &b->population;
    size_t i = weir_categorical(b->cumulative, p->n, weir_rng_uniform(rng));
    return weir_population_parameters(p, i);
}

/* Draws of one simulation in one generation: they depend on nobody else. */
static struct weir_rng proposal_stream(const struct breed *b, uint32_t id)
{
    uint64_t generation = b->population.at.generation;
    return weir_rng_stream(b->env->seed, WEIR_RNG_PROPOSAL,
                           id | generation << 32);
}

/* Where the golden-ratio sequence of this generation starts, as a fraction of
 * 2^64. No simulation has the largest id. */
static uint64_t mixing_start(const struct breed *b)
{
    struct weir_rng rng = proposal_stream(b, UINT32_MAX);
    uint64_t high = weir_rng_u32(&rng);
    return high << 32 | weir_rng_u32(&rng);
}

static double mixing_roll(uint64_t start, uint32_t id)
{
    uint64_t point = start + id * 0x9E3779B97F4A7C15ull;
    return (double)(point >> 11) * 0x1p-53;
}

static void fill(struct breed *b, double share, struct weir_proposal *p)
{
    struct weir_rng rng = proposal_stream(b, p->simulation);
    double roll = weir_rng_uniform(&rng);
    if (b->set.true_mixing)
        roll = mixing_roll(mixing_start(b), p->simulation);
    p->bred = roll < share;
    p->generation = b->population.at.generation;
    if (p->bred)
        weir_kernel_draw(&b->kernel, &rng, draw_parent(b, &rng), p->u);
    else
        weir_target_draw(b->env, p->simulation, p->u);
}

static int breed_propose(void *self, const struct weir_progress *now,
                         struct weir_proposal *proposals, size_t n)
{
    struct breed *b = self;
    double share = 0;
    int rc = 0;
    if (weir_population_begin(&b->population, now)) {
        share = weir_breed_share(&b->set, b->population.at.generation);
        weigh(b);
    }
    if (b->amis)
        weir_amis_remember(b->amis, &b->population, b->weight, share);
    for (size_t i = 0; i < n && !rc; i++) {
        fill(b, share, &proposals[i]);
        if (b->amis)
            rc = weir_amis_proposed(b->amis, proposals[i].simulation,
                                    proposals[i].generation, proposals[i].u[0]);
    }
    return rc;
}

static int breed_save(const void *self, struct weir_blob *out)
{
    const struct breed *b = self;
    int rc = weir_population_save(&b->population, out);
    return rc || !b->amis ? rc : weir_amis_save(b->amis, out);
}

static int breed_restore(void *self, struct weir_blob *in)
{
    struct breed *b = self;
    int rc = weir_population_restore(&b->population, in);
    if (!rc && b->amis)
        rc = weir_amis_restore(b->amis, in);
    return rc ? WEIR_NOTE(rc, "breed: saved state") : 0;
}

static double breed_effective(const void *self)
{
    return ((const struct breed *)self)->effective;
}

const struct weir_strategy_ops weir_strategy_breed = {
    .name = "breed",
    .summary = "children of the simulations with the largest delta loss",
    .options = weir_breed_options,
    .create = breed_create,
    .destroy = breed_destroy,
    .initial = breed_initial,
    .meet = breed_meet,
    .observe = breed_observe,
    .due = breed_due,
    .propose = breed_propose,
    .save = breed_save,
    .restore = breed_restore,
    .effective = breed_effective,
};
