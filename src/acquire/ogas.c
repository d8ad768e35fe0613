/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * OGAS (Cesar, Dymchenko, Purandare, Raffin, "Learning where to simulate", arXiv
 * 2606.09949): a diffusion model learns which parameters go with which
 * difficulty while the run goes on, and is asked for difficult ones.
 *
 * Each sample trained on leaves a pair (parameters, score) (pairs.h); the model
 * (ddpm.h) trains on them, weighed as if they had been drawn uniformly, which a
 * classifier makes possible (ratio.h), for what the strategy proposed itself
 * comes back biased. A generation (population.h says when) proposes parameters
 * for all open simulations: of those that will start before long (`horizon`), a
 * share that ramps from start to end is drawn from the model, given scores
 * drawn by `loss_sampling_strategy`; all others from the target density, with
 * the bits `uniform` would give them.
 *
 * A draw outside the box is redrawn as a whole, with a new target, up to 8
 * times; then, or without resample_oob, walls mirror it. Axes that wrap are
 * never outside. A buffer without any difference in scores, and a model that
 * has not been trained, leave uniform draws.
 *
 * Which difficulty it is, is the run's: acquisition.loss_type makes it OGAS-Loss
 * or, with an ensemble's disagreement or CRPS, one of its variants.
 *
 * Cost of a training step: 6 x weights x batch_size operations; of a proposal 4
 * x weights x timesteps. Memory: 16 bytes x weights, 4 (parameters + 3) x
 * buffer_size, and the population's.
 */
#include "acquire/ddpm.h"
#include "acquire/ogas_settings.h"
#include "acquire/ratio.h"
#include "acquire/registry.h"
#include "acquire/target.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/log.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REDRAWS 8

/* Saved as it lies. */
struct progress {
    uint64_t learned;   /* calls of learn that did something */
    uint32_t epochs;    /* of them since the last batch */
    uint32_t mlp_steps; /* steps of the ratio since then */
    double effective;   /* sample size of the last training batch */
};
static_assert(sizeof(struct progress) == 24, "saved without padding");

/* One steered proposal while it is being drawn. */
struct draw {
    struct weir_proposal *to;
    struct weir_rng rng;
};

struct ogas {
    const struct weir_strategy_env *env;
    struct weir_ogas_settings set;
    struct weir_population population;
    struct weir_pairs *pairs;
    struct weir_ddpm *ddpm;
    struct weir_ratio *ratio; /* NULL: no correction */
    struct progress at;
    bool told;             /* that a generation is uniform */
    float *x, *c, *weight; /* [batch_size][dims], [batch_size] */
    struct weir_rng *rng;  /* [batch_size] */
    struct draw *draw;     /* [draws]: steered ones of a generation */
    size_t draws;
};

/* ---- creation ---- */

static void ogas_destroy(void *self)
{
    struct ogas *o = self;
    weir_population_free(&o->population);
    weir_pairs_destroy(o->pairs);
    weir_ddpm_destroy(o->ddpm);
    weir_ratio_destroy(o->ratio);
    free(o->x);
    free(o->c);
    free(o->weight);
    free(o->rng);
    free(o->draw);
    free(o);
}

static int create_networks(struct ogas *o)
{
    const struct weir_ogas_settings *s = &o->set;
    struct weir_ddpm_config ddpm = {.dims = (int)o->env->space.n,
                                    .timesteps = s->timesteps,
                                    .model_dim = s->model_dim,
                                    .blocks = s->blocks,
                                    .batch = (int)s->batch_size,
                                    .lr = s->lr,
                                    .guidance = s->guidance_scale,
                                    .drop = 0.1};
    struct weir_ratio_config ratio = {.dims = ddpm.dims,
                                      .hidden = s->mlp_hidden,
                                      .batch = ddpm.batch,
                                      .lr = s->mlp_lr,
                                      .weight_decay = s->mlp_weight_decay};
    int rc = weir_ddpm_create(&ddpm, o->env->seed, &o->ddpm);
    if (!rc && s->learn_sampling_ratio)
        rc = weir_ratio_create(&ratio, o->env->seed, &o->ratio);
    return rc;
}

static int allocate(struct ogas *o)
{
    size_t rows = o->set.batch_size;
    int rc = weir_population_init(&o->population, "ogas", o->env,
                                  &o->set.population);
    rc = rc ? rc : weir_pairs_create(&o->set.pairs, &o->pairs);
    rc = rc ? rc : create_networks(o);
    if (rc)
        return WEIR_NOTE(rc, "ogas");
    o->x = weir_array(rows * o->env->space.n, sizeof(float));
    o->c = weir_array(rows, sizeof(float));
    o->weight = weir_array(rows, sizeof(float));
    o->rng = weir_array(rows, sizeof(*o->rng));
    if (!o->x || !o->c || !o->weight || !o->rng)
        return WEIR_FAIL(ENOMEM, "ogas: batches of %zu", rows);
    return 0;
}

static void tell_settings(const struct ogas *o)
{
    const struct weir_ogas_settings *s = &o->set;
    size_t bytes = weir_ddpm_bytes(o->ddpm) + weir_pairs_bytes(o->pairs) +
                   (o->ratio ? weir_ratio_bytes(o->ratio) : 0);
    weir_log_info("acquire",
                  "ogas: share %g to %g in %u generations, one every %u "
                  "batches after %u simulations; a network of width %d, %.1f "
                  "MiB",
                  s->start, s->end, s->breakpoint, s->population.nn_updates,
                  s->population.min_finished, s->model_dim,
                  (double)bytes / 1048576);
}

static int ogas_create(const struct weir_strategy_env *env,
                       const struct weir_options *opts, void **self)
{
    struct ogas *o = calloc(1, sizeof(*o));
    if (!o)
        return WEIR_FAIL(ENOMEM, "ogas: state");
    o->env = env;
    int rc = weir_ogas_settings_read(env, opts, &o->set);
    rc = rc ? rc : allocate(o);
    if (rc) {
        ogas_destroy(o);
        return rc;
    }
    tell_settings(o);
    *self = o;
    return 0;
}

/* ---- observing ---- */

static void ogas_initial(void *self, uint32_t simulation, double *u)
{
    const struct ogas *o = self;
    weir_target_draw(o->env, simulation, u);
}

static int ogas_meet(void *self, uint32_t simulation, const double *u)
{
    struct ogas *o = self;
    return weir_population_meet(&o->population, simulation, u);
}

static const double *parameters(const void *ctx, uint32_t simulation)
{
    return weir_loss_window_parameters(ctx, simulation);
}

static int ogas_observe(void *self, const struct weir_batch_loss *batch)
{
    struct ogas *o = self;
    int rc = weir_population_observe(&o->population, batch);
    if (rc)
        return rc;
    weir_pairs_add(o->pairs, batch, parameters, o->population.window);
    o->at.epochs = o->at.mlp_steps = 0;
    return 0;
}

static bool ogas_due(const void *self, const struct weir_progress *now)
{
    const struct ogas *o = self;
    return weir_population_due(&o->population, now);
}

/* ---- learning ---- */

/* A training batch, drawn from the buffer. */
static void fill_batch(struct ogas *o, struct weir_rng *rng)
{
    size_t dims = o->env->space.n;
    for (uint32_t i = 0; i < o->set.batch_size; i++) {
        uint32_t pair = weir_rng_below(rng, weir_pairs_n(o->pairs));
        memcpy(o->x + i * dims, weir_pairs_at(o->pairs, pair),
               dims * sizeof(float));
        o->c[i] =
            weir_pairs_condition(o->pairs, weir_pairs_score(o->pairs, pair));
    }
}

/* One step beside each of the diffusion, up to the most for a batch. */
static int learn_ratio(struct ogas *o, struct weir_rng *rng)
{
    if (!o->ratio || o->at.mlp_steps >= o->set.max_mlp_steps_per_collect)
        return 0;
    fill_batch(o, rng);
    o->at.mlp_steps++;
    return weir_ratio_train(o->ratio, o->x, (int)o->set.batch_size, rng);
}

static int learn_diffusion(struct ogas *o, struct weir_rng *rng)
{
    int n = (int)o->set.batch_size, rc = 0;
    fill_batch(o, rng);
    o->at.effective = n;
    if (o->ratio) {
        rc = weir_ratio_weights(o->ratio, o->x, n, o->weight);
        o->at.effective = rc ? 0 : weir_self_normalise(o->weight, n);
    }
    return rc ? rc
              : weir_ddpm_train(o->ddpm, o->x, o->c,
                                o->ratio ? o->weight : NULL, n, rng);
}

static int ogas_learn(void *self)
{
    struct ogas *o = self;
    if (weir_pairs_n(o->pairs) < o->set.batch_size ||
        o->at.epochs >= o->set.max_epoch_per_epoch)
        return 0;
    struct weir_rng rng =
        weir_rng_stream(o->env->seed, WEIR_RNG_LEARN, o->at.learned);
    int rc = learn_ratio(o, &rng);
    for (uint32_t i = 0; rc == 0 && i < o->set.n_train_steps_per_epoch; i++)
        rc = learn_diffusion(o, &rng);
    o->at.epochs++;
    o->at.learned++;
    return rc ? WEIR_NOTE(rc, "ogas") : 1;
}

/* ---- proposing ---- */

static int make_room(struct ogas *o, size_t n)
{
    if (n <= o->draws)
        return 0;
    struct draw *more = realloc(o->draw, n * sizeof(*more));
    if (!more)
        return WEIR_FAIL(ENOMEM, "ogas: %zu proposals", n);
    o->draw = more;
    o->draws = n;
    return 0;
}

static void turn(const struct ogas *o, const float *x, double *u)
{
    for (size_t j = 0; j < o->env->space.n; j++) {
        u[j] = 0.5 + 0.5 * x[j];
        if (o->env->space.parameter[j].wraps) {
            u[j] -= floor(u[j]);
            u[j] = u[j] < 1 ? u[j] : 0;
        }
    }
}

static bool is_inside(const struct ogas *o, const double *u)
{
    for (size_t j = 0; j < o->env->space.n; j++)
        if (!(u[j] >= 0 && u[j] <= 1))
            return false;
    return true;
}

/* A model that has run away gives nothing to mirror. */
static void mirror(const struct ogas *o, struct weir_proposal *p)
{
    for (size_t j = 0; j < o->env->space.n; j++)
        p->u[j] = fabs(p->u[j] - 2 * round(p->u[j] / 2));
    if (is_inside(o, p->u))
        return;
    p->bred = 0;
    weir_target_draw(o->env, p->simulation, p->u);
}

/* Draw @p n proposals of o->draw from @p first on, one batch. */
static int draw_batch(struct ogas *o, size_t first, int n)
{
    for (int i = 0; i < n; i++) {
        struct draw *d = &o->draw[first + (size_t)i];
        float score = weir_pairs_target(o->pairs, weir_rng_uniform(&d->rng));
        o->c[i] = weir_pairs_condition(o->pairs, score);
        o->rng[i] = d->rng;
    }
    int rc = weir_ddpm_sample(o->ddpm, o->c, n, o->rng, o->x);
    for (int i = 0; rc == 0 && i < n; i++) {
        struct draw *d = &o->draw[first + (size_t)i];
        d->rng = o->rng[i];
        turn(o, o->x + (size_t)i * o->env->space.n, d->to->u);
    }
    return rc;
}

/* Draw the first @p n, and leave as many as are outside, moved to the front. */
static int draw_all(struct ogas *o, size_t *n)
{
    size_t all = *n, batch = o->set.batch_size;
    int rc = 0;
    for (size_t first = 0; rc == 0 && first < all; first += batch)
        rc = draw_batch(o, first,
                        (int)(all - first < batch ? all - first : batch));
    *n = 0;
    for (size_t i = 0; rc == 0 && i < all; i++)
        if (!is_inside(o, o->draw[i].to->u))
            o->draw[(*n)++] = o->draw[i];
    return rc;
}

static bool can_steer(struct ogas *o, const struct weir_progress *now)
{
    bool differ = weir_population_begin(&o->population, now);
    if (weir_ddpm_steps(o->ddpm) == 0)
        return false;
    if (!weir_pairs_aim(o->pairs, o->set.loss_sampling_strategy, o->set.alpha,
                        o->set.quantile)) {
        if (differ && !o->told)
            weir_log_info("acquire", "ogas: the scores of all pairs are alike; "
                                     "such generations are drawn uniformly");
        o->told = true;
        return false;
    }
    return differ;
}

/* Uniform draws in place; what is to be steered goes to o->draw. */
static size_t split(struct ogas *o, double share, struct weir_proposal *p,
                    size_t n)
{
    uint64_t generation = o->population.at.generation;
    size_t steered = 0;
    for (size_t i = 0; i < n; i++) {
        struct weir_rng rng =
            weir_rng_stream(o->env->seed, WEIR_RNG_PROPOSAL,
                            p[i].simulation | generation << 32);
        p[i].generation = (uint32_t)generation;
        p[i].bred = weir_rng_uniform(&rng) < share && i < o->set.horizon;
        if (p[i].bred)
            o->draw[steered++] = (struct draw){&p[i], rng};
        else
            weir_target_draw(o->env, p[i].simulation, p[i].u);
    }
    return steered;
}

static int ogas_propose(void *self, const struct weir_progress *now,
                        struct weir_proposal *proposals, size_t n)
{
    struct ogas *o = self;
    bool steers = can_steer(o, now);
    uint32_t generation = o->population.at.generation;
    double share = steers ? weir_ogas_share(&o->set, generation) : 0;
    int rc = make_room(o, n);
    if (rc)
        return rc;
    size_t steered = split(o, share, proposals, n), outside = steered;
    rc = draw_all(o, &outside);
    for (int i = 0; o->set.resample_oob && outside && i < REDRAWS; i++)
        rc = draw_all(o, &outside);
    if (rc)
        return WEIR_NOTE(rc, "ogas");
    for (size_t i = 0; i < outside; i++)
        mirror(o, o->draw[i].to);
    weir_log_debug("acquire",
                   "ogas: generation %u: %zu of %zu steered, %zu mirrored; "
                   "%llu training steps, effective sample size %.1f of %u",
                   generation, steered, n, outside,
                   (unsigned long long)weir_ddpm_steps(o->ddpm),
                   o->at.effective, o->set.batch_size);
    return 0;
}

/* Of the pairs of the last training batch. */
static double ogas_effective(const void *self)
{
    const struct ogas *o = self;
    return o->ratio ? o->at.effective : 0;
}

/* ---- state ---- */

static int ogas_save(const void *self, struct weir_blob *out)
{
    const struct ogas *o = self;
    int rc = weir_population_save(&o->population, out);
    rc = rc ? rc : weir_blob_put(out, &o->at, sizeof(o->at));
    rc = rc ? rc : weir_pairs_save(o->pairs, out);
    rc = rc ? rc : weir_ddpm_save(o->ddpm, out);
    return rc || !o->ratio ? rc : weir_ratio_save(o->ratio, out);
}

static int ogas_restore(void *self, struct weir_blob *in)
{
    struct ogas *o = self;
    int rc = weir_population_restore(&o->population, in);
    rc = rc ? rc : weir_blob_get(in, &o->at, sizeof(o->at));
    rc = rc ? rc : weir_pairs_restore(o->pairs, in);
    rc = rc ? rc : weir_ddpm_restore(o->ddpm, in);
    if (!rc && o->ratio)
        rc = weir_ratio_restore(o->ratio, in);
    return rc ? WEIR_NOTE(rc, "ogas: saved state") : 0;
}

const struct weir_strategy_ops weir_strategy_ogas = {
    .name = "ogas",
    .summary = "a diffusion model of parameters, asked for high losses",
    .options = weir_ogas_options,
    .create = ogas_create,
    .destroy = ogas_destroy,
    .initial = ogas_initial,
    .meet = ogas_meet,
    .observe = ogas_observe,
    .due = ogas_due,
    .propose = ogas_propose,
    .save = ogas_save,
    .restore = ogas_restore,
    .learn = ogas_learn,
    .effective = ogas_effective,
};
