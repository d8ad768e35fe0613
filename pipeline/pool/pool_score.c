/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/pool/pool_score.h"

#include "acquire/scorer.h"
#include "base/err.h"
#include "base/heap.h"
#include "io/checkpoint_dir.h"
#include "pipeline/pool/pool.h"
#include "pipeline/session/loaded.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 16

/* One chunk of candidates. */
struct work {
    const struct weir_pool_judge *judge;
    struct weir_loaded loaded;
    struct weir_predictor *earlier; /* of the second set of weights */
    struct weir_ensemble fresh;     /* or those, of no run */
    float *weights;                 /* of fresh */
    struct weir_scorer *scorer;
    void *lane;
    bool oracle;
    int steps; /* of a rollout */
    size_t frame;
    double *x;    /* [dims] */
    float *first; /* (CHUNK, frame) */
    float *truth; /* (CHUNK, steps, frame), of the oracle */
};

static void close_work(struct work *w)
{
    if (w->lane)
        w->loaded.run.solver->destroy(w->lane);
    weir_scorer_destroy(w->scorer);
    weir_predictor_close(w->earlier);
    if (w->loaded.predictor)
        weir_loaded_close(&w->loaded);
    free(w->weights);
    free(w->x);
    free(w->first);
    free(w->truth);
}

/* ---- weights ---- */

/* A round's last weights, or some steps before them. */
static int last_path(const struct weir_pool_judge *judge, int before,
                     char path[PATH_MAX])
{
    uint64_t last = weir_pool_steps(judge->cfg, judge->round);
    return weir_checkpoint_path(judge->dir, last - (uint64_t)before, path);
}

/* New weights, as if there had been a round before. */
static int start_fresh(struct work *w)
{
    const struct weir_model *model = weir_predictor_model(w->loaded.predictor);
    const struct weir_ensemble *now =
        weir_predictor_ensemble(w->loaded.predictor);
    w->weights = weir_array(now->stride, sizeof(float));
    if (!w->weights)
        return WEIR_FAIL(ENOMEM, "pool: weights");
    w->fresh = (struct weir_ensemble){1, now->stride, w->weights, now->norm};
    return weir_ensemble_init(model, weir_pool_seed(w->judge->cfg, -1), 1,
                              w->weights);
}

static int open_weights(struct work *w, bool scores)
{
    const struct weir_pool_judge *judge = w->judge;
    struct weir_predictor_options newest = {.weights = WEIR_PREDICTOR_NEWEST};
    char path[PATH_MAX];
    enum weir_score_kind kind = judge->cfg->pool.score;
    if (!scores || (kind != WEIR_SCORE_TOD && kind != WEIR_SCORE_TOD_ROUNDS))
        return weir_loaded_open(judge->dir, "best", &w->loaded);
    if (kind == WEIR_SCORE_TOD) {
        int rc = last_path(judge, 0, path);
        rc = rc ? rc : weir_loaded_open(path, "newest", &w->loaded);
        rc = rc ? rc : last_path(judge, judge->cfg->pool.tod_steps, path);
        return rc ? rc : weir_predictor_open(path, &newest, &w->earlier);
    }
    int rc = weir_loaded_open(judge->dir, "best", &w->loaded);
    if (rc)
        return rc;
    return judge->before ? weir_predictor_open(judge->before, NULL, &w->earlier)
                         : start_fresh(w);
}

static struct weir_scorer_weights weights_of(const struct work *w)
{
    return (struct weir_scorer_weights){
        .now = weir_predictor_ensemble(w->loaded.predictor),
        .before = w->earlier ? weir_predictor_ensemble(w->earlier) : &w->fresh,
    };
}

/* ---- opening ---- */

static int make_scorer(struct work *w, bool scores)
{
    const struct weir_config *cfg = w->judge->cfg;
    const struct weir_predictor_info *info = w->loaded.info;
    struct weir_scorer_config config = {
        .score = scores ? weir_score(cfg->pool.score) : NULL,
        .numbers = {cfg->pool.entropy_weight, cfg->training.loss},
        .steps = w->steps,
        .batch = CHUNK,
        .residual = info->residual,
        .members = info->members,
        .passes = cfg->pool.dropout_passes,
        .sketch = scores ? 0 : cfg->pool.sketch,
        .seed = cfg->run.seed,
    };
    return weir_scorer_create(weir_predictor_model(w->loaded.predictor),
                              &config, &w->scorer);
}

static int open_work(struct work *w, bool scores)
{
    const struct weir_config *cfg = w->judge->cfg;
    int rc = open_weights(w, scores);
    if (rc)
        return rc;
    const struct weir_solver_ops *solver = w->loaded.run.solver;
    w->oracle = scores && cfg->pool.score == WEIR_SCORE_LOSS;
    w->steps = (int)fmax(1, round(cfg->pool.rollout * cfg->simulations.steps));
    w->frame = weir_shape_floats(&w->loaded.info->shape);
    size_t all = CHUNK * (size_t)w->steps * w->frame;
    w->x = weir_array(cfg->space.n, sizeof(*w->x));
    w->first = weir_array(CHUNK * w->frame, sizeof(float));
    w->truth = weir_array(w->oracle ? all : 1, sizeof(float));
    if (!w->x || !w->first || !w->truth)
        return WEIR_FAIL(ENOMEM, "pool: rollouts of %d steps", w->steps);
    rc = make_scorer(w, scores);
    return rc ? rc : solver->create(w->loaded.run.solver_config, &w->lane);
}

/* ---- a chunk ---- */

/* First frame of candidate @p i of the chunk, and of the oracle all others. */
static int solve(struct work *w, const double *u, size_t number, size_t i)
{
    const struct weir_solver_ops *solver = w->loaded.run.solver;
    weir_space_to_box(&w->judge->cfg->space, u, w->x);
    if (solver->announce)
        solver->announce(w->lane, (uint32_t)number, 1);
    int rc = solver->start(w->lane, w->x);
    if (rc == 0)
        rc = weir_solver_take_frame(solver, w->lane, w->first + i * w->frame);
    for (int t = 0; rc == 0 && w->oracle && t < w->steps; t++) {
        float *to = w->truth + (i * (size_t)w->steps + (size_t)t) * w->frame;
        rc = solver->step(w->lane);
        if (rc == 0)
            rc = weir_solver_take_frame(solver, w->lane, to);
    }
    return rc;
}

/* First frames of candidates @p at .. @p at + @p n - 1. */
static int solve_chunk(struct work *w, const double *u, size_t at, size_t n,
                       bool diverged[CHUNK])
{
    for (size_t i = 0; i < n; i++) {
        int rc = solve(w, u + (at + i) * w->judge->cfg->space.n, at + i, i);
        if (rc && rc != -WEIR_EDIVERGED)
            return rc;
        diverged[i] = rc != 0;
        if (rc)
            memset(w->first + i * w->frame, 0, w->frame * sizeof(float));
    }
    return 0;
}

static size_t chunk_at(size_t at, size_t n)
{
    return n - at < CHUNK ? n - at : CHUNK;
}

int weir_pool_scores(const struct weir_pool_judge *judge, const double *u,
                     size_t n, double *score)
{
    struct work w = {.judge = judge};
    bool diverged[CHUNK];
    int rc = open_work(&w, true);
    struct weir_scorer_weights weights = {0};
    if (rc == 0)
        weights = weights_of(&w);
    for (size_t at = 0; rc == 0 && at < n; at += CHUNK) {
        size_t k = chunk_at(at, n);
        rc = solve_chunk(&w, u, at, k, diverged);
        if (rc == 0)
            rc = weir_scorer_score(w.scorer, &weights, at / CHUNK, w.first,
                                   (int)k, w.oracle ? w.truth : NULL,
                                   score + at);
        for (size_t i = 0; rc == 0 && i < k; i++)
            score[at + i] = diverged[i] ? 0 : score[at + i];
    }
    close_work(&w);
    return rc ? WEIR_NOTE(rc, "scoring a pool by %s", judge->dir) : 0;
}

int weir_pool_features(const struct weir_pool_judge *judge, const double *u,
                       size_t n, float *row)
{
    struct work w = {.judge = judge};
    bool diverged[CHUNK];
    int rc = open_work(&w, false);
    struct weir_scorer_weights weights = {0};
    if (rc == 0)
        weights = weights_of(&w);
    for (size_t at = 0; rc == 0 && at < n; at += CHUNK) {
        size_t k = chunk_at(at, n);
        rc = solve_chunk(&w, u, at, k, diverged);
        if (rc == 0)
            rc = weir_scorer_features(w.scorer, &weights, w.first, (int)k,
                                      row +
                                          at * (size_t)judge->cfg->pool.sketch);
    }
    close_work(&w);
    return rc ? WEIR_NOTE(rc, "features of a pool by %s", judge->dir) : 0;
}
