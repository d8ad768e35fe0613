/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/forecast.h"

#include "base/clock.h"
#include "base/heap.h"
#include "pipeline/run/forecast_plan.h"
#include "pipeline/stages/hands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Calls of one forecast that have dropout masks of their own. */
#define CALLS 0x100000000u

/* A live call begins no more starts after this: losses are to be folded. */
#define MOMENT_NS 2000000

/* Weights of one time. */
struct moment {
    float *packed;
    uint64_t step;
};

/* What a thread answers with. */
struct desk {
    struct weir_scorer *scorer;
    void *lane;
    double *value; /* [dims] */
};

/* A call, as its threads see it; its arrays are those of weir/strategy.h. */
struct question {
    const double *u;
    float *start;
    const float *first;
    double *score;
    float *row;
    uint32_t n;
    struct weir_scorer_weights weights;
    uint64_t draw; /* of the first block */
};

struct weir_forecaster {
    struct weir_forecast face; /* first: what strategies see */
    struct weir_run *run;
    const struct weir_weights *weights;
    const struct weir_normaliser *norm;
    struct weir_model *model; /* NULL: nothing is wanted */
    size_t stride;            /* of a member's weights */
    size_t floats;            /* of a moment */
    size_t features;          /* numbers of a row */
    uint32_t block;           /* candidates that a thread scores at once */
    bool is_open;
    uint64_t apart, blocks;  /* asked about since the weights came */
    uint32_t moments, have;  /* that a forecast needs; that are there */
    struct moment moment[2]; /* in order of time */
    struct weir_snapshot snapshot;
    struct weir_hands *hands;
    uint32_t desks;
    struct desk *desk; /* [desks], a hand's */
    struct question question;
};

/* ---- what is wanted ---- */

static int set_weights(struct weir_forecaster *f)
{
    bool whole = true;
    f->stride = weir_ensemble_stride(f->model);
    f->floats = f->stride * (size_t)f->run->cfg->training.members;
    for (uint32_t i = 0; i < f->moments; i++)
        whole &= !!(f->moment[i].packed = weir_array(f->floats, sizeof(float)));
    return whole ? 0
                 : WEIR_FAIL(ENOMEM, "forecast: weights of %zu floats",
                             f->floats);
}

static int set_desk(struct weir_forecaster *f,
                    const struct weir_scorer_config *config, struct desk *d)
{
    d->value = weir_array(f->run->cfg->space.n, sizeof(double));
    if (!d->value)
        return WEIR_FAIL(ENOMEM, "forecast: parameters");
    return weir_scorer_create(f->model, config, &d->scorer);
}

static int want(struct weir_forecast *face,
                const struct weir_forecast_request *r)
{
    struct weir_forecaster *f = (struct weir_forecaster *)face;
    struct weir_scorer_config config;
    if (f->model)
        return WEIR_FAIL(EINVAL, "forecast: wanted twice");
    int rc = weir_forecast_scorer(f->run, r, &config);
    if (rc || (!config.score && !config.sketch))
        return rc;
    f->moments = weir_forecast_moments(config.score);
    f->features = r->features;
    f->apart = r->apart ? r->apart : 1;
    rc = weir_run_model(f->run, &f->model);
    rc = rc ? rc : set_weights(f);
    for (uint32_t i = 0; rc == 0 && i < f->desks; i++)
        rc = set_desk(f, &config, &f->desk[i]);
    return rc;
}

/* ---- questions ---- */

static bool is_start(const struct weir_forecaster *f, const float *first)
{
    for (size_t i = 0; i < f->run->frame_floats; i++)
        if (!isfinite(first[i]))
            return false;
    return true;
}

/* A lane belongs to the thread that uses it: an external one ends with it. */
static int open_lane(struct weir_forecaster *f, struct desk *d)
{
    return d->lane ? 0
                   : f->run->solver->create(f->run->solver_config, &d->lane);
}

/* The first frame of candidate @p i; NaN where its simulation cannot start. */
static int start_one(void *ctx, uint32_t hand, uint32_t i)
{
    struct weir_forecaster *f = ctx;
    struct desk *d = &f->desk[hand];
    const struct weir_solver_ops *solver = f->run->solver;
    const struct weir_space *space = &f->run->cfg->space;
    size_t frame = f->run->frame_floats;
    float *to = f->question.start + i * frame;
    int rc = open_lane(f, d);
    if (rc)
        return rc;
    weir_space_to_box(space, f->question.u + i * space->n, d->value);
    if (solver->announce)
        solver->announce(d->lane, i, 0);
    rc = solver->start(d->lane, d->value);
    rc = rc ? rc : weir_solver_take_frame(solver, d->lane, to);
    for (size_t j = 0; rc && j < frame; j++)
        to[j] = NAN;
    return rc == -WEIR_EDIVERGED || rc == -ECONNRESET ? 0 : rc;
}

static int check(const struct weir_forecaster *f, uint32_t n)
{
    if (n > f->face.batch)
        return WEIR_FAIL(EINVAL, "forecast: %u candidates, at most %u", n,
                         f->face.batch);
    return 0;
}

static int start(struct weir_forecast *face, const double *u, uint32_t n,
                 float *first)
{
    struct weir_forecaster *f = (struct weir_forecaster *)face;
    bool live = !weir_run_is_lockstep(f->run);
    struct weir_task task = {
        .item = start_one,
        .ctx = f,
        .items = n,
        .until_ns = live ? weir_now_ns() + MOMENT_NS : INT64_MAX,
    };
    int rc = check(f, n);
    f->question = (struct question){.u = u, .start = first};
    return rc ? rc : weir_hands_work(f->hands, &task);
}

static uint32_t in_block(const struct weir_forecaster *f, uint32_t block)
{
    uint32_t left = f->question.n - block * f->block;
    return left < f->block ? left : f->block;
}

static int score_block(void *ctx, uint32_t hand, uint32_t block)
{
    struct weir_forecaster *f = ctx;
    struct question *q = &f->question;
    uint32_t at = block * f->block, n = in_block(f, block);
    const float *first = q->first + at * f->run->frame_floats;
    int rc =
        weir_scorer_score(f->desk[hand].scorer, &q->weights, q->draw + block,
                          first, (int)n, NULL, q->score + at);
    for (uint32_t i = 0; rc == 0 && i < n; i++)
        if (!is_start(f, first + i * f->run->frame_floats))
            q->score[at + i] = 0;
    return rc;
}

static int describe_block(void *ctx, uint32_t hand, uint32_t block)
{
    struct weir_forecaster *f = ctx;
    struct question *q = &f->question;
    uint32_t at = block * f->block, n = in_block(f, block);
    const float *first = q->first + at * f->run->frame_floats;
    return weir_scorer_features(f->desk[hand].scorer, &q->weights, first,
                                (int)n, q->row + at * f->features);
}

static struct weir_ensemble ensemble(const struct weir_forecaster *f,
                                     uint32_t moment)
{
    return (struct weir_ensemble){
        .members = f->run->cfg->training.members,
        .stride = f->stride,
        .packed = f->moment[moment].packed,
        .norm = f->norm,
    };
}

/* Have all blocks of the question answered. */
static int answer(struct weir_forecaster *f,
                  int (*block)(void *ctx, uint32_t hand, uint32_t block))
{
    struct question *q = &f->question;
    struct weir_ensemble before = ensemble(f, 0);
    struct weir_ensemble now = ensemble(f, f->moments - 1);
    struct weir_task task = {
        .item = block,
        .ctx = f,
        .items = (q->n + f->block - 1) / f->block,
        .until_ns = INT64_MAX,
    };
    int rc = check(f, q->n);
    if (rc == 0 && !f->is_open)
        rc = WEIR_FAIL(EINVAL, "forecast: asked outside of a strategy's "
                               "score");
    q->weights =
        (struct weir_scorer_weights){&now, f->moments > 1 ? &before : NULL};
    rc = rc ? rc : weir_hands_work(f->hands, &task);
    return rc < 0 ? rc : 0;
}

static int score(struct weir_forecast *face, const float *first, uint32_t n,
                 double *out)
{
    struct weir_forecaster *f = (struct weir_forecaster *)face;
    f->question = (struct question){
        .first = first,
        .score = out,
        .n = n,
        .draw = f->moment[0].step * CALLS + f->blocks,
    };
    f->blocks += (n + f->block - 1) / f->block;
    return answer(f, score_block);
}

static int features(struct weir_forecast *face, const float *first, uint32_t n,
                    float *row)
{
    struct weir_forecaster *f = (struct weir_forecaster *)face;
    f->question = (struct question){.first = first, .row = row, .n = n};
    return answer(f, describe_block);
}

/* ---- creation ---- */

/* In the thread of the hand. */
static void leave(void *ctx, uint32_t hand)
{
    struct weir_forecaster *f = ctx;
    if (f->desk[hand].lane)
        f->run->solver->destroy(f->desk[hand].lane);
}

int weir_forecaster_create(struct weir_run *run, struct weir_forecaster **out)
{
    struct weir_forecaster *f = weir_array(1, sizeof(*f));
    if (!f)
        return WEIR_FAIL(ENOMEM, "forecast");
    *out = f;
    f->run = run;
    f->desks = (uint32_t)run->cfg->placement.acquisition_threads;
    f->block = weir_forecast_block(run);
    f->face = (struct weir_forecast){
        f->block * f->desks, run->frame_floats, want, start, score, features};
    f->desk = weir_array(f->desks, sizeof(*f->desk));
    if (!f->desk)
        return WEIR_FAIL(ENOMEM, "forecast: %u threads", f->desks);
    return weir_hands_create(run, f->desks, leave, f, &f->hands);
}

void weir_forecaster_destroy(struct weir_forecaster *f)
{
    if (!f)
        return;
    weir_hands_destroy(f->hands);
    for (uint32_t i = 0; f->desk && i < f->desks; i++) {
        weir_scorer_destroy(f->desk[i].scorer);
        free(f->desk[i].value);
    }
    weir_model_destroy(f->model);
    free(f->moment[0].packed);
    free(f->moment[1].packed);
    free(f->desk);
    free(f);
}

int64_t weir_forecaster_lent_ns(const struct weir_forecaster *f)
{
    return weir_hands_cpu_ns(f->hands);
}

void weir_forecaster_attach(struct weir_forecaster *f,
                            const struct weir_weights *weights,
                            const struct weir_normaliser *norm)
{
    f->weights = weights;
    f->norm = norm;
}

struct weir_forecast *weir_forecaster_face(struct weir_forecaster *f)
{
    return &f->face;
}

bool weir_forecaster_is_wanted(const struct weir_forecaster *f)
{
    return f->model != NULL;
}

struct weir_snapshot *weir_forecaster_snapshot(struct weir_forecaster *f)
{
    return &f->snapshot;
}

void weir_forecaster_open(struct weir_forecaster *f, bool open)
{
    f->is_open = open;
}

/* ---- snapshots ---- */

void weir_forecaster_begin(struct weir_forecaster *f, uint64_t step)
{
    f->have = 0;
    f->blocks = 0;
    weir_snapshot_want(&f->snapshot, step);
}

/* Lockstep: the leader is here, and the weights stay while it is. */
static bool copy(struct weir_forecaster *f, uint64_t step, struct moment *to)
{
    if (step < f->snapshot.wanted)
        return false;
    memcpy(to->packed, weir_weights_shown(f->weights),
           f->floats * sizeof(float));
    to->step = step;
    return true;
}

static bool receive(struct weir_forecaster *f, uint64_t step, struct moment *to)
{
    return weir_run_is_lockstep(f->run)
               ? copy(f, step, to)
               : weir_snapshot_take(&f->snapshot, to->packed, &to->step);
}

static void swap_moments(struct weir_forecaster *f)
{
    struct moment later = f->moment[1];
    f->moment[1] = f->moment[0];
    f->moment[0] = later;
}

bool weir_forecaster_gather(struct weir_forecaster *f, uint64_t step)
{
    if (f->have == f->moments)
        return true;
    if (!receive(f, step, &f->moment[f->have]))
        return false;
    if (f->have == 1 && f->moment[1].step != f->moment[0].step + f->apart)
        swap_moments(f);
    else
        f->have++;
    if (f->have < f->moments)
        weir_snapshot_want(&f->snapshot, f->moment[0].step + f->apart);
    return f->have == f->moments;
}

/* ---- state ---- */

int weir_forecaster_save(const struct weir_forecaster *f, struct weir_blob *out)
{
    int rc = weir_blob_put(out, &f->have, sizeof(f->have));
    rc = rc ? rc
            : weir_blob_put(out, &f->snapshot.wanted,
                            sizeof(f->snapshot.wanted));
    for (uint32_t i = 0; rc == 0 && i < f->have; i++) {
        const struct moment *m = &f->moment[i];
        rc = weir_blob_put(out, &m->step, sizeof(m->step));
        rc = rc ? rc : weir_blob_put(out, m->packed, f->floats * sizeof(float));
    }
    return rc;
}

int weir_forecaster_restore(struct weir_forecaster *f, struct weir_blob *in)
{
    uint64_t wanted;
    int rc = weir_blob_get(in, &f->have, sizeof(f->have));
    rc = rc ? rc : weir_blob_get(in, &wanted, sizeof(wanted));
    if (rc == 0 && f->have > f->moments)
        return WEIR_FAIL(WEIR_ECORRUPT, "checkpoint: %u snapshots", f->have);
    for (uint32_t i = 0; rc == 0 && i < f->have; i++) {
        struct moment *m = &f->moment[i];
        rc = weir_blob_get(in, &m->step, sizeof(m->step));
        rc = rc ? rc : weir_blob_get(in, m->packed, f->floats * sizeof(float));
    }
    if (rc == 0)
        weir_snapshot_want(&f->snapshot, wanted);
    return rc;
}
