/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/scorer.h"

#include "acquire/sketch.h"
#include "base/err.h"
#include "base/heap.h"

#include <stdlib.h>
#include <string.h>

struct weir_scorer {
    struct weir_scorer_config config;
    struct weir_surrogate *surrogate;
    int predictors;
    size_t frame, given, batch; /* floats: a state, given ones, all states */
    float *state;               /* (predictors, batch, frame) */
    float *mean;                /* (batch, frame), with WEIR_NEED_TRUTH */
    float *variance;            /* as `state`, with WEIR_NEED_VARIANCE */
    double *sum;                /* [batch] of shares */
    struct weir_sketch *sketch;
    size_t channels; /* of a step's features */
    float *feature;  /* (batch, channels) */
    float *trace;    /* (batch, steps, channels) */
};

/* ---- creation ---- */

static int lacks(const char *score, const char *what, const char *hint)
{
    WEIR_FAIL(WEIR_ECONFIG, "score %s: %s", score, what);
    return weir_err_hint("%s", hint);
}

/* Whether its predictors tell their variance. */
static bool tells(const struct weir_scorer *s)
{
    return s->config.score && s->config.score->needs == WEIR_NEED_VARIANCE;
}

/* How many predict a candidate. */
static int count_predictors(const struct weir_model *model,
                            const struct weir_scorer_config *c, int *n)
{
    *n = 1;
    if (!c->score)
        return 0;
    switch (c->score->needs) {
    case WEIR_NEED_MEMBERS:
        *n = c->members;
        return c->members > 1 ? 0
                              : lacks(c->score->name, "there is one member",
                                      "set training.members to 2");
    case WEIR_NEED_PASSES:
        *n = c->passes;
        return weir_model_has_dropout(model)
                   ? 0
                   : lacks(c->score->name, "the model has no dropout",
                           "set model.dropout of a model that has it, "
                           "as smart_cnn");
    case WEIR_NEED_TIMES:
        *n = 2;
        return 0;
    case WEIR_NEED_VARIANCE:
        *n = c->members;
        return weir_model_io(model)->evidential
                   ? 0
                   : lacks(c->score->name,
                           "the model predicts no density, which the loss of "
                           "that name asks for",
                           "set training.loss to evidential");
    default:
        *n = c->members;
        return 0;
    }
}

static int prepare_features(struct weir_scorer *s)
{
    const struct weir_scorer_config *c = &s->config;
    size_t batch = (size_t)c->batch, steps = (size_t)c->steps;
    s->channels = weir_surrogate_features(s->surrogate, NULL);
    s->feature = weir_array(batch * s->channels, sizeof(float));
    s->trace = weir_array(batch * steps * s->channels, sizeof(float));
    if (!s->feature || !s->trace)
        return WEIR_FAIL(ENOMEM, "features of %d candidates", c->batch);
    return weir_sketch_create(c->seed, steps * s->channels, (size_t)c->sketch,
                              &s->sketch);
}

static int prepare(struct weir_scorer *s, const struct weir_model *model)
{
    const struct weir_scorer_config *c = &s->config;
    struct weir_surrogate_config of = {
        .batch = c->batch, .threads = c->threads, .residual = c->residual};
    int rc = count_predictors(model, c, &s->predictors);
    if (rc == 0 && (s->predictors < 1 || c->steps < 1 ||
                    s->predictors > WEIR_SCORER_PREDICTORS))
        rc = WEIR_FAIL(EINVAL, "scorer: %d predictors, %d steps", s->predictors,
                       c->steps);
    rc = rc ? rc : weir_surrogate_create(model, &of, &s->surrogate);
    if (rc)
        return rc;
    const struct weir_model_io *io = weir_model_io(model);
    s->frame = weir_surrogate_frame(s->surrogate);
    s->given = s->frame / (size_t)io->shape.channels * (size_t)io->given;
    s->batch = (size_t)c->batch * s->frame;
    s->state = weir_array((size_t)s->predictors * s->batch, sizeof(float));
    s->mean = weir_array(s->batch, sizeof(float));
    s->variance = weir_array(tells(s) ? (size_t)s->predictors * s->batch : 1,
                             sizeof(float));
    s->sum = weir_array((size_t)c->batch, sizeof(*s->sum));
    if (!s->state || !s->mean || !s->variance || !s->sum)
        return WEIR_FAIL(ENOMEM, "scorer: %d predictions of %d candidates",
                         s->predictors, c->batch);
    return c->sketch ? prepare_features(s) : 0;
}

int weir_scorer_create(const struct weir_model *model,
                       const struct weir_scorer_config *config,
                       struct weir_scorer **out)
{
    struct weir_scorer *s = weir_array(1, sizeof(*s));
    if (!s)
        return WEIR_FAIL(ENOMEM, "scorer");
    s->config = *config;
    int rc = prepare(s, model);
    if (rc)
        weir_scorer_destroy(s);
    else
        *out = s;
    return rc;
}

void weir_scorer_destroy(struct weir_scorer *s)
{
    if (!s)
        return;
    weir_surrogate_destroy(s->surrogate);
    weir_sketch_destroy(s->sketch);
    free(s->state);
    free(s->mean);
    free(s->variance);
    free(s->sum);
    free(s->feature);
    free(s->trace);
    free(s);
}

size_t weir_scorer_bytes(const struct weir_scorer *s)
{
    size_t batch = (size_t)s->config.batch, steps = (size_t)s->config.steps;
    size_t arrays = tells(s) ? 2 : 1;
    size_t floats = (arrays * (size_t)s->predictors + 1) * s->batch +
                    batch * (steps + 1) * s->channels;
    return weir_surrogate_bytes(s->surrogate) + floats * sizeof(float) +
           batch * sizeof(*s->sum) +
           (s->sketch ? weir_sketch_bytes(s->sketch) : 0);
}

/* ---- rolling out ---- */

static float *state_of(const struct weir_scorer *s, int predictor)
{
    return s->state + (size_t)predictor * s->batch;
}

static const float *member(const struct weir_ensemble *e, int m)
{
    return e->packed + (size_t)m * e->stride;
}

/* One step of predictor @p k, in place. */
static int step(struct weir_scorer *s, const struct weir_scorer_weights *w,
                uint64_t draw, int k, int n)
{
    float *x = state_of(s, k);
    const struct weir_ensemble *e = w->now;
    switch (s->config.score->needs) {
    case WEIR_NEED_PASSES:
        return weir_surrogate_sample(s->surrogate, s->config.seed,
                                     draw * (uint64_t)s->predictors +
                                         (uint64_t)k,
                                     member(e, 0), e->norm, x, n, x);
    case WEIR_NEED_TIMES:
        e = k ? w->before : e;
        return weir_surrogate_predict(s->surrogate, member(e, 0), e->norm, x, n,
                                      x);
    default:
        return weir_surrogate_predict(s->surrogate, member(e, k), e->norm, x, n,
                                      x);
    }
}

/* One step of each, and how unsure it is of it. */
static int step_all(struct weir_scorer *s, const struct weir_scorer_weights *w,
                    uint64_t draw, int n)
{
    int rc = 0;
    for (int k = 0; rc == 0 && k < s->predictors; k++) {
        rc = step(s, w, draw, k, n);
        if (rc == 0 && tells(s))
            memcpy(s->variance + (size_t)k * s->batch,
                   weir_surrogate_variance(s->surrogate),
                   (size_t)n * s->frame * sizeof(float));
    }
    return rc;
}

/* What the score sees of a frame: all predictions, their mean, or variances. */
static int look(struct weir_scorer *s, const struct weir_scorer_weights *w,
                const float **p)
{
    if (s->config.score->needs == WEIR_NEED_TRUTH) {
        weir_ensemble_gather(w->now, s->state, s->batch, NULL, s->mean, NULL);
        p[0] = s->mean;
        return 1;
    }
    for (int k = 0; k < s->predictors; k++)
        p[k] = tells(s) ? s->variance + (size_t)k * s->batch : state_of(s, k);
    return s->predictors;
}

static void add_shares(struct weir_scorer *s,
                       const struct weir_scorer_weights *w, int n, int t,
                       const float *truth)
{
    const float *p[WEIR_SCORER_PREDICTORS], *at[WEIR_SCORER_PREDICTORS];
    int m = look(s, w, p);
    for (int i = 0; i < n; i++) {
        const float *true_frame = NULL;
        if (truth)
            true_frame =
                truth +
                ((size_t)i * (size_t)s->config.steps + (size_t)t) * s->frame +
                s->given;
        for (int k = 0; k < m; k++)
            at[k] = p[k] + (size_t)i * s->frame + s->given;
        s->sum[i] += s->config.score->frame(&s->config.numbers, at, (size_t)m,
                                            true_frame, s->frame - s->given);
    }
}

static int check(const struct weir_scorer *s, int n)
{
    if (n >= 0 && n <= s->config.batch)
        return 0;
    return WEIR_FAIL(EINVAL, "scorer: %d candidates, batch is %d", n,
                     s->config.batch);
}

int weir_scorer_score(struct weir_scorer *s,
                      const struct weir_scorer_weights *w, uint64_t draw,
                      const float *first, int n, const float *truth,
                      double *score)
{
    int rc = check(s, n);
    memset(s->sum, 0, (size_t)s->config.batch * sizeof(*s->sum));
    for (int k = 0; rc == 0 && k < s->predictors; k++)
        memcpy(state_of(s, k), first, (size_t)n * s->frame * sizeof(float));
    for (int t = 0; rc == 0 && t < s->config.steps; t++) {
        rc = step_all(s, w, draw, n);
        if (rc == 0)
            add_shares(s, w, n, t, truth);
    }
    for (int i = 0; rc == 0 && i < n; i++)
        score[i] = s->config.score->whole(s->sum[i], s->config.steps);
    return rc;
}

/* ---- features ---- */

int weir_scorer_features(struct weir_scorer *s,
                         const struct weir_scorer_weights *w,
                         const float *first, int n, float *row)
{
    size_t steps = (size_t)s->config.steps, c = s->channels;
    float *x = s->state;
    int rc = check(s, n);
    if (rc == 0)
        memcpy(x, first, (size_t)n * s->frame * sizeof(float));
    for (size_t t = 0; rc == 0 && t < steps; t++) {
        rc = weir_surrogate_predict(s->surrogate, w->now->packed, w->now->norm,
                                    x, n, x);
        if (rc)
            return rc;
        weir_surrogate_features(s->surrogate, s->feature);
        for (size_t i = 0; i < (size_t)n; i++)
            memcpy(s->trace + (i * steps + t) * c, s->feature + i * c,
                   c * sizeof(float));
    }
    for (size_t i = 0; rc == 0 && i < (size_t)n; i++)
        weir_sketch_apply(s->sketch, s->trace + i * steps * c,
                          row + i * (size_t)s->config.sketch);
    return rc;
}
