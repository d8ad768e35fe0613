/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * R3 (Daw, Bu, Wang, Perdikaris, Karpatne, "Mitigating propagation failures in
 * physics-informed neural networks using retain-resample-release (R3)
 * sampling", ICML 2023): of a population of N points, those with a fitness
 * above its mean stay, the others give way to draws from the target density.
 *
 * The population is that of population.h; by default its fitness is the loss
 * itself. The N open simulations with the lowest ids become the next one:
 * retained points, simulated again, and new ones, mixed at random, so that a
 * generation which starts only in part has the right share of both. Open
 * simulations beyond N are drawn from the target density. With as many open
 * simulations as the population has members, the next set is exactly R3's.
 *
 * A generation that retains nobody is uniform. Unlike Breed it is made for
 * points that cost little: a simulation that is repeated brings nothing new but
 * its weight in training.
 */
#include "acquire/population.h"
#include "acquire/registry.h"
#include "acquire/shuffle.h"
#include "acquire/target.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct weir_option r3_options[] = {
    WEIR_POPULATION_OPTIONS("loss"),
    {0},
};
/* clang-format on */

struct r3 {
    struct weir_population population;
    size_t *retained; /* [window] members, filled by propose */
};

static void r3_destroy(void *self)
{
    struct r3 *r = self;
    weir_population_free(&r->population);
    free(r->retained);
    free(r);
}

static int r3_create(const struct weir_strategy_env *env,
                     const struct weir_options *opts, void **self)
{
    struct weir_population_settings set =
        weir_population_fractions(env, 0.15, 0.125, 0.025, 1.0 / 3);
    int rc = weir_population_take(env, opts, "r3", &set);
    if (rc)
        return rc;
    struct r3 *r = calloc(1, sizeof(*r));
    if (!r)
        return WEIR_FAIL(ENOMEM, "r3: state");
    rc = weir_population_init(&r->population, "r3", env, &set);
    r->retained = calloc(set.window, sizeof(*r->retained));
    if (!rc && !r->retained)
        rc = WEIR_FAIL(ENOMEM, "r3: window of %u", set.window);
    if (rc) {
        r3_destroy(r);
        return rc;
    }
    *self = r;
    return 0;
}

static void r3_initial(void *self, uint32_t simulation, double *u)
{
    const struct r3 *r = self;
    weir_target_draw(r->population.env, simulation, u);
}

static int r3_meet(void *self, uint32_t simulation, const double *u)
{
    struct r3 *r = self;
    return weir_population_meet(&r->population, simulation, u);
}

static int r3_observe(void *self, const struct weir_batch_loss *batch)
{
    struct r3 *r = self;
    return weir_population_observe(&r->population, batch);
}

static bool r3_due(const void *self, const struct weir_progress *now)
{
    const struct r3 *r = self;
    return weir_population_due(&r->population, now);
}

static size_t retain(struct r3 *r)
{
    const struct weir_population *p = &r->population;
    double mean = 0;
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        mean += p->member[i].q / (double)p->n;
    for (size_t i = 0; i < p->n; i++)
        if (p->member[i].q > mean)
            r->retained[n++] = i;
    return n;
}

static int r3_propose(void *self, const struct weir_progress *now,
                      struct weir_proposal *proposals, size_t n)
{
    struct r3 *r = self;
    struct weir_population *p = &r->population;
    size_t kept = weir_population_begin(p, now) ? retain(r) : 0;
    for (size_t i = 0; i < n; i++) {
        struct weir_proposal *to = &proposals[i];
        size_t place = kept && i < p->n
                           ? weir_shuffled((uint32_t)i, (uint32_t)p->n,
                                           p->env->seed, p->at.generation)
                           : p->n;
        to->generation = p->at.generation;
        to->bred = place < kept;
        if (to->bred)
            memcpy(to->u, weir_population_parameters(p, r->retained[place]),
                   p->env->space.n * sizeof(*to->u));
        else
            weir_target_draw(p->env, to->simulation, to->u);
    }
    return 0;
}

static int r3_save(const void *self, struct weir_blob *out)
{
    const struct r3 *r = self;
    return weir_population_save(&r->population, out);
}

static int r3_restore(void *self, struct weir_blob *in)
{
    struct r3 *r = self;
    return weir_population_restore(&r->population, in);
}

const struct weir_strategy_ops weir_strategy_r3 = {
    .name = "r3",
    .summary = "retain points above the mean loss, resample the others",
    .options = r3_options,
    .create = r3_create,
    .destroy = r3_destroy,
    .initial = r3_initial,
    .meet = r3_meet,
    .observe = r3_observe,
    .due = r3_due,
    .propose = r3_propose,
    .save = r3_save,
    .restore = r3_restore,
};
