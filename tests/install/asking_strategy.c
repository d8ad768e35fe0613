/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A strategy of one's own that asks the surrogate: the next open simulation
 * becomes the candidate, of some that are drawn, whose rollouts the members of
 * the ensemble disagree about most. Built as my_strategy.c, and used by a run of
 * two members or more.
 */
#include <weir/strategy.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EVERY  20 /* batches between two proposals */
#define PIECES 4  /* calls of the forecast for one of them */

/* Streams of candidates are far from those of simulations. */
#define CANDIDATES 0x80000000u

/* All that lasts; a forecast that a kill interrupts begins anew. */
struct state {
    uint64_t batches;
    uint32_t generation, pad;
};

struct asking {
    const struct weir_strategy_env *env;
    struct state at;
    double *u;    /* [batch of the forecast][dims] */
    float *first; /* [batch of the forecast][frame] */
    double *score;
    double *best; /* [dims]; the candidate of `highest` */
    double highest;
};

static void asking_destroy(void *self)
{
    struct asking *a = self;
    free(a->u);
    free(a->first);
    free(a->score);
    free(a->best);
    free(a);
}

static int asking_create(const struct weir_strategy_env *env,
                         const struct weir_options *opts, void **self)
{
    struct weir_forecast_request request = {.score = "disagreement",
                                            .rollout = 0.5};
    struct weir_forecast *f = env->forecast;
    struct asking *a = calloc(1, sizeof(*a));
    (void)opts;
    if (!a)
        return -ENOMEM;
    a->env = env;
    a->u = calloc(f->batch * env->space.n, sizeof(*a->u));
    a->first = calloc(f->batch * f->frame, sizeof(*a->first));
    a->score = calloc(f->batch, sizeof(*a->score));
    a->best = calloc(env->space.n, sizeof(*a->best));
    bool whole = a->u && a->first && a->score && a->best;
    int rc = whole ? f->want(f, &request) : -ENOMEM;
    if (rc)
        asking_destroy(a);
    else
        *self = a;
    return rc;
}

static void asking_initial(void *self, uint32_t simulation, double *u)
{
    const struct asking *a = self;
    weir_target_draw(a->env, simulation, u);
}

static int asking_meet(void *self, uint32_t simulation, const double *u)
{
    (void)self, (void)simulation, (void)u;
    return 0;
}

static int asking_observe(void *self, const struct weir_batch_loss *batch)
{
    struct asking *a = self;
    a->at.batches = batch->batch + 1;
    return 0;
}

static bool asking_due(const void *self, const struct weir_progress *now)
{
    const struct asking *a = self;
    return a->at.batches % EVERY == 0 && now->open > 0;
}

/* Where they begin: live a call makes only as many as a moment is enough for. */
static int start_all(struct asking *a)
{
    struct weir_forecast *f = a->env->forecast;
    int rc = 1;
    for (uint32_t i = 0; rc > 0 && i < f->batch; i += (uint32_t)rc)
        rc = f->start(f, a->u + i * a->env->space.n, f->batch - i,
                      a->first + i * f->frame);
    return rc < 0 ? rc : 0;
}

static int asking_score(void *self, uint32_t piece)
{
    struct asking *a = self;
    struct weir_forecast *f = a->env->forecast;
    size_t dims = a->env->space.n;
    uint32_t first =
        CANDIDATES + (a->at.generation * PIECES + piece) * f->batch;
    if (piece == 0)
        a->highest = -1;
    for (uint32_t i = 0; i < f->batch; i++)
        weir_target_draw(a->env, first + i, a->u + i * dims);
    int rc = start_all(a);
    rc = rc ? rc : f->score(f, a->first, f->batch, a->score);
    for (uint32_t i = 0; rc == 0 && i < f->batch; i++)
        if (a->score[i] > a->highest) { /* not where it is not a number */
            a->highest = a->score[i];
            memcpy(a->best, a->u + i * dims, dims * sizeof(*a->best));
        }
    return rc ? rc : piece + 1 < PIECES;
}

static int asking_propose(void *self, const struct weir_progress *now,
                          struct weir_proposal *proposals, size_t n)
{
    struct asking *a = self;
    (void)now;
    a->at.generation++;
    for (size_t i = 0; i < n; i++) {
        struct weir_proposal *p = &proposals[i];
        p->generation = a->at.generation;
        p->bred = i == 0 && a->highest >= 0;
        if (p->bred)
            memcpy(p->u, a->best, a->env->space.n * sizeof(*p->u));
        else
            weir_target_draw(a->env, p->simulation, p->u);
    }
    return 0;
}

static int asking_save(const void *self, struct weir_blob *out)
{
    const struct asking *a = self;
    return weir_blob_put(out, &a->at, sizeof(a->at));
}

static int asking_restore(void *self, struct weir_blob *in)
{
    struct asking *a = self;
    return weir_blob_get(in, &a->at, sizeof(a->at));
}

static const struct weir_strategy_ops asking = {
    .name = "asking",
    .summary = "the next one is what members disagree about most",
    .create = asking_create,
    .destroy = asking_destroy,
    .initial = asking_initial,
    .meet = asking_meet,
    .observe = asking_observe,
    .due = asking_due,
    .score = asking_score,
    .propose = asking_propose,
    .save = asking_save,
    .restore = asking_restore,
};

WEIR_STRATEGY_LIBRARY(asking);
