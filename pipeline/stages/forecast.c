/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/forecast.h"

#include "acquire/scorer.h"
#include "base/heap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Candidates of a call: enough for the engine to be busy, little enough for
 * losses to be folded in between. */
#define BATCH 16

/* Calls of one forecast that have dropout masks of their own. */
#define CALLS 0x100000000u

/* Weights of one time. */
struct moment {
    float *packed;
    uint64_t step;
};

struct weir_forecaster {
    struct weir_forecast face; /* first: what strategies see */
    const struct weir_run *run;
    const struct weir_weights *weights;
    const struct weir_normaliser *norm;
    struct weir_model *model;
    struct weir_scorer *scorer; /* NULL: nothing is wanted */
    size_t stride;              /* of a member's weights */
    size_t floats;              /* of a moment */
    size_t features;            /* numbers of a row */
    bool is_open;
    uint64_t apart, calls;
    uint32_t moments, have;  /* that a forecast needs; that are there */
    struct moment moment[2]; /* in order of time */
    struct weir_snapshot snapshot;
    void *lane;
    double *value; /* [dims] */
    float *first;  /* (BATCH, frame) */
    bool *starts;  /* [BATCH] */
};

/* ---- what is wanted ---- */

static int pools_only(const struct weir_score *score)
{
    WEIR_FAIL(WEIR_ECONFIG,
              "score %s solves every candidate: it is for pools only",
              score->name);
    return weir_err_hint("set run.mode to pool, or the score to disagreement");
}

static int find_score(const char *name, const struct weir_score **out)
{
    *out = name ? weir_score_find(name) : NULL;
    if (name && !*out)
        return WEIR_FAIL(WEIR_ECONFIG, "no score '%s'", name);
    return *out && (*out)->needs == WEIR_NEED_TRUTH ? pools_only(*out) : 0;
}

static struct weir_scorer_config scorer_config(
    const struct weir_run *run, const struct weir_score *score,
    const struct weir_forecast_request *r)
{
    double share = r->rollout > 0 ? r->rollout : 1;
    double steps = round(share * run->cfg->simulations.steps);
    bool steady = run->info.given > 0;
    return (struct weir_scorer_config){
        .score = score,
        .numbers = {.weight = r->weight},
        .steps = steady ? 1 : (int)fmax(1, steps),
        .batch = BATCH,
        .threads = 1,
        .residual = run->cfg->training.residual,
        .members = run->cfg->training.members,
        .passes = r->passes ? (int)r->passes : 3,
        .sketch = (int)r->features,
        .seed = run->cfg->run.seed,
    };
}

static int allocate(struct weir_forecaster *f)
{
    size_t frame = f->run->frame_floats;
    bool whole = true;
    f->stride = weir_ensemble_stride(f->model);
    f->floats = f->stride * (size_t)f->run->cfg->training.members;
    f->value = weir_array(f->run->cfg->space.n, sizeof(double));
    f->first = weir_array(BATCH * frame, sizeof(float));
    f->starts = weir_array(BATCH, sizeof(bool));
    for (uint32_t i = 0; i < f->moments; i++)
        whole &= !!(f->moment[i].packed = weir_array(f->floats, sizeof(float)));
    if (!whole || !f->value || !f->first || !f->starts)
        return WEIR_FAIL(ENOMEM, "forecast: weights of %zu floats", f->floats);
    return 0;
}

static int want(struct weir_forecast *face,
                const struct weir_forecast_request *r)
{
    struct weir_forecaster *f = (struct weir_forecaster *)face;
    const struct weir_score *score;
    if (f->scorer)
        return WEIR_FAIL(EINVAL, "forecast: wanted twice");
    int rc = find_score(r->score, &score);
    if (rc || (!score && !r->features))
        return rc;
    struct weir_scorer_config config = scorer_config(f->run, score, r);
    bool two = score && score->needs == WEIR_NEED_TIMES;
    f->moments = two ? 2 : 1;
    f->features = r->features;
    f->apart = r->apart ? r->apart : 1;
    rc = weir_run_model(f->run, &f->model);
    rc = rc ? rc : allocate(f);
    return rc ? rc : weir_scorer_create(f->model, &config, &f->scorer);
}

/* ---- questions ---- */

/* The first frame of a candidate; zeros where its simulation cannot start. */
static int start(struct weir_forecaster *f, const double *u, uint32_t i)
{
    const struct weir_solver_ops *solver = f->run->solver;
    size_t frame = f->run->frame_floats;
    float *to = f->first + i * frame;
    weir_space_to_box(&f->run->cfg->space, u, f->value);
    if (solver->announce)
        solver->announce(f->lane, i, 0);
    int rc = solver->start(f->lane, f->value);
    rc = rc ? rc : weir_solver_take_frame(solver, f->lane, to);
    f->starts[i] = rc == 0;
    if (rc)
        memset(to, 0, frame * sizeof(float));
    return rc == -WEIR_EDIVERGED || rc == -ECONNRESET ? 0 : rc;
}

/* A lane belongs to the thread that uses it: an external one ends with it. */
static int start_all(struct weir_forecaster *f, const double *u, uint32_t n)
{
    const struct weir_solver_ops *solver = f->run->solver;
    size_t dims = f->run->cfg->space.n;
    int rc = 0;
    if (!f->is_open)
        return WEIR_FAIL(EINVAL, "forecast: asked outside of a strategy's "
                                 "score");
    if (n > BATCH)
        return WEIR_FAIL(EINVAL, "forecast: %u candidates, at most %d", n,
                         BATCH);
    if (!f->lane)
        rc = solver->create(f->run->solver_config, &f->lane);
    for (uint32_t i = 0; rc == 0 && i < n; i++)
        rc = start(f, u + i * dims, i);
    return rc;
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

static int score(struct weir_forecast *face, const double *u, uint32_t n,
                 double *out)
{
    struct weir_forecaster *f = (struct weir_forecaster *)face;
    struct weir_ensemble before = ensemble(f, 0);
    struct weir_ensemble now = ensemble(f, f->moments - 1);
    struct weir_scorer_weights w = {&now, f->moments > 1 ? &before : NULL};
    uint64_t draw = f->moment[0].step * CALLS + f->calls;
    int rc = start_all(f, u, n);
    rc = rc ? rc
            : weir_scorer_score(f->scorer, &w, draw, f->first, (int)n, NULL,
                                out);
    f->calls++;
    for (uint32_t i = 0; rc == 0 && i < n; i++)
        out[i] = f->starts[i] ? out[i] : 0;
    return rc;
}

static int features(struct weir_forecast *face, const double *u, uint32_t n,
                    float *row)
{
    struct weir_forecaster *f = (struct weir_forecaster *)face;
    struct weir_ensemble now = ensemble(f, f->moments - 1);
    struct weir_scorer_weights w = {.now = &now};
    size_t each = f->features;
    int rc = start_all(f, u, n);
    rc = rc ? rc : weir_scorer_features(f->scorer, &w, f->first, (int)n, row);
    for (uint32_t i = 0; rc == 0 && i < n; i++)
        for (size_t j = 0; j < each && !f->starts[i]; j++)
            row[i * each + j] = NAN;
    return rc;
}

/* ---- creation ---- */

int weir_forecaster_create(const struct weir_run *run,
                           struct weir_forecaster **out)
{
    struct weir_forecaster *f = weir_array(1, sizeof(*f));
    if (!f)
        return WEIR_FAIL(ENOMEM, "forecast");
    f->run = run;
    f->face = (struct weir_forecast){BATCH, want, score, features};
    *out = f;
    return 0;
}

void weir_forecaster_destroy(struct weir_forecaster *f)
{
    if (!f)
        return;
    if (f->lane)
        f->run->solver->destroy(f->lane);
    weir_scorer_destroy(f->scorer);
    weir_model_destroy(f->model);
    free(f->moment[0].packed);
    free(f->moment[1].packed);
    free(f->value);
    free(f->first);
    free(f->starts);
    free(f);
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
    return f->scorer != NULL;
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
    f->calls = 0;
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
