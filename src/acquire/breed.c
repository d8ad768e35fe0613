/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Online Breed (Dymchenko, Purandare, Raffin, "MelissaDL x Breed", arXiv
 * 2410.05860): simulations the surrogate finds hard have children.
 *
 * A generation proposes parameters for all open simulations. With probability
 * R a simulation is bred: a parent drawn from the population in proportion to
 * its fitness (loss_window.h), moved by a normal step of sigma times the range
 * along every axis. Otherwise it is drawn from the target density, with the
 * bits `uniform` would give it. A population without any fitness breeds
 * uniformly; an empty one does not breed.
 *
 * Checks fall on gradient steps that are multiples of nn_updates. A generation
 * follows when min_nb_finished_simulations have finished, and
 * min_nb_finished_simulations_period more since the last generation, and more
 * than non_resampling_threshold are open.
 *
 * A child outside the box is redrawn as a whole with sigma * oob_factor, then
 * sigma * oob_factor^2, ..., max_oob_count times; then it is its parent. With
 * boundary `shrink` that holds for every axis, wrapping or not; with `wrap` an
 * axis whose parameter wraps goes on at its other end, and only the other axes
 * can be outside. The rule is Melissa's, and in many dimensions it makes nearly
 * every child a close copy: with 309 parameters and sigma 0.1 a child moves by
 * 0.0024 of the range along each axis.
 *
 * use_true_mixing: Melissa's documents do not say how the mixture is drawn. Off
 * (the default), each simulation rolls for itself, and the bred share is R on
 * average. On, the rolls of successive ids are a golden-ratio sequence with a
 * random start, so that every stretch of ids is bred in the share R.
 */
#include "acquire/breed_settings.h"
#include "acquire/loss_window.h"
#include "acquire/registry.h"
#include "acquire/target.h"
#include "base/err.h"
#include "base/log.h"
#include "base/rng.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct state {
    uint64_t steps;         /* gradient steps observed: last batch + 1 */
    uint64_t steps_before;  /* the same before the last batch */
    uint64_t last_steps;    /* `steps` at the last generation */
    uint32_t last_finished; /* finished simulations then */
    uint32_t generation;
};
static_assert(sizeof(struct state) == 32, "saved as it lies, without padding");

struct breed {
    const struct weir_strategy_env *env;
    struct weir_breed_settings set;
    struct state at;
    struct weir_loss_window *window;
    struct weir_fitness *population; /* [set.window], filled by propose */
    double *cumulative;              /* [set.window] sums of weights */
    size_t n;                        /* members */
    bool warned;                     /* of losses that are not finite */
};

static void breed_destroy(void *self)
{
    struct breed *b = self;
    weir_loss_window_destroy(b->window);
    free(b->population);
    free(b->cumulative);
    free(b);
}

static void tell_settings(const struct weir_breed_settings *s)
{
    weir_log_info("acquire",
                  "breed: share %g to %g in %u generations, one every %u "
                  "batches after %u simulations; children at %g of the range "
                  "of the last %u trained on",
                  s->start, s->end, s->breakpoint, s->nn_updates,
                  s->min_finished, s->sigma, s->window);
}

static int breed_create(const struct weir_strategy_env *env,
                        const struct weir_options *opts, void **self)
{
    struct breed *b = calloc(1, sizeof(*b));
    if (!b)
        return WEIR_FAIL(ENOMEM, "breed: state");
    b->env = env;
    int rc = weir_breed_settings_read(env, opts, &b->set);
    if (rc)
        goto err;
    rc = weir_loss_window_create(env->space.n, env->samples_per_simulation,
                                 env->budget, &b->window);
    if (rc)
        goto err;
    b->population = calloc(b->set.window, sizeof(*b->population));
    b->cumulative = calloc(b->set.window, sizeof(*b->cumulative));
    if (!b->population || !b->cumulative) {
        rc = WEIR_FAIL(ENOMEM, "breed: window of %u", b->set.window);
        goto err;
    }
    tell_settings(&b->set);
    *self = b;
    return 0;
err:
    breed_destroy(b);
    return rc;
}

static void breed_initial(void *self, uint32_t simulation, double *u)
{
    const struct breed *b = self;
    weir_target_draw(b->env, simulation, u);
}

static int breed_meet(void *self, uint32_t simulation, const double *u)
{
    struct breed *b = self;
    int rc = weir_loss_window_meet(b->window, simulation, u);
    return rc ? WEIR_NOTE(rc, "breed") : 0;
}

static void warn_once(struct breed *b, uint64_t batch)
{
    if (!b->warned)
        weir_log_warn("acquire",
                      "breed: batch %llu has losses that are not "
                      "finite; such losses are left out from here on",
                      (unsigned long long)batch);
    b->warned = true;
}

static int breed_observe(void *self, const struct weir_batch_loss *batch)
{
    struct breed *b = self;
    for (size_t i = 0; i < batch->n; i++) {
        const struct weir_sample_loss *s = &batch->sample[i];
        double delta = weir_delta_loss(s->loss, batch->mean, batch->deviation);
        if (isnan(delta)) {
            warn_once(b, batch->batch);
            continue;
        }
        int rc = weir_loss_window_add(b->window, s->simulation, s->step, delta);
        if (rc)
            return WEIR_NOTE(rc, "breed: batch %llu",
                             (unsigned long long)batch->batch);
    }
    b->at.steps_before = b->at.steps;
    b->at.steps = batch->batch + 1;
    return 0;
}

static bool breed_due(const void *self, const struct weir_progress *now)
{
    const struct breed *b = self;
    const struct state *at = &b->at;
    /* Batches whose losses were lost may hold the multiple: look for one that
     * was passed, not for one that was hit. */
    uint64_t every = b->set.nn_updates;
    return at->steps / every > at->steps_before / every &&
           at->steps != at->last_steps &&
           now->finished >= b->set.min_finished &&
           now->finished - at->last_finished >= b->set.min_finished_period &&
           now->open > b->set.threshold;
}

static void gather_population(struct breed *b)
{
    double sum = 0;
    b->n = weir_loss_window_population(b->window, b->set.window,
                                       b->set.min_steps, b->population);
    for (size_t i = 0; i < b->n; i++)
        b->cumulative[i] = sum += b->population[i].q;
    if (sum > 0)
        return;
    for (size_t i = 0; i < b->n; i++)
        b->cumulative[i] = (double)(i + 1);
}

/* The first member whose sum of weights exceeds a uniform point of the total:
 * a member of no weight is never met. */
static const double *draw_parent(const struct breed *b, struct weir_rng *rng)
{
    double point = weir_rng_uniform(rng) * b->cumulative[b->n - 1];
    size_t low = 0, high = b->n - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (b->cumulative[middle] > point)
            high = middle;
        else
            low = middle + 1;
    }
    return weir_loss_window_parameters(b->window,
                                       b->population[low].simulation);
}

static double wrap_around(double v)
{
    v -= floor(v);
    return v < 1 ? v : 0; /* v was a hair below 0 */
}

/* Gives up at the first axis outside: in hundreds of dimensions few steps fit,
 * and the first failure comes early. */
static bool step_from(const struct breed *b, struct weir_rng *rng,
                      const double *parent, double sigma, double *u)
{
    const struct weir_space *space = &b->env->space;
    for (size_t i = 0; i < space->n; i++) {
        u[i] = parent[i] + sigma * weir_rng_normal(rng);
        if (b->set.wrap && space->parameter[i].wraps)
            u[i] = wrap_around(u[i]);
        else if (u[i] < 0 || u[i] > 1)
            return false;
    }
    return true;
}

static void draw_child(const struct breed *b, struct weir_rng *rng, double *u)
{
    const double *parent = draw_parent(b, rng);
    double sigma = b->set.sigma;
    for (uint32_t i = 0; i <= b->set.max_oob; i++) {
        if (step_from(b, rng, parent, sigma, u))
            return;
        sigma *= b->set.oob_factor;
    }
    memcpy(u, parent, b->env->space.n * sizeof(*u));
}

/* Draws of one simulation in one generation: they depend on nobody else. */
static struct weir_rng proposal_stream(const struct breed *b, uint32_t id)
{
    return weir_rng_stream(b->env->seed, WEIR_RNG_PROPOSAL,
                           id | (uint64_t)b->at.generation << 32);
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

static int breed_propose(void *self, const struct weir_progress *now,
                         struct weir_proposal *proposals, size_t n)
{
    struct breed *b = self;
    b->at.generation++;
    b->at.last_steps = b->at.steps;
    b->at.last_finished = now->finished;
    gather_population(b);
    double share = b->n ? weir_breed_share(&b->set, b->at.generation) : 0;
    uint64_t start = mixing_start(b);
    for (size_t i = 0; i < n; i++) {
        struct weir_proposal *p = &proposals[i];
        struct weir_rng rng = proposal_stream(b, p->simulation);
        double roll = weir_rng_uniform(&rng);
        if (b->set.true_mixing)
            roll = mixing_roll(start, p->simulation);
        p->bred = roll < share;
        p->generation = b->at.generation;
        if (p->bred)
            draw_child(b, &rng, p->u);
        else
            weir_target_draw(b->env, p->simulation, p->u);
    }
    return 0;
}

static int breed_save(const void *self, struct weir_blob *out)
{
    const struct breed *b = self;
    int rc = weir_blob_put(out, &b->at, sizeof(b->at));
    return rc ? rc : weir_loss_window_save(b->window, out);
}

static int breed_restore(void *self, struct weir_blob *in)
{
    struct breed *b = self;
    struct state at;
    int rc = weir_blob_get(in, &at, sizeof(at));
    if (!rc)
        rc = weir_loss_window_restore(b->window, in);
    if (rc)
        return WEIR_NOTE(rc, "breed: saved state");
    b->at = at;
    return 0;
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
};
