/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/pool/pool_score.h"

#include "acquire/scorer.h"
#include "base/err.h"
#include "base/heap.h"
#include "pipeline/pool/pool.h"
#include "pipeline/session/loaded.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 16

/* One chunk of candidates. */
struct work {
    struct weir_loaded loaded;
    struct weir_scorer *scorer;
    void *lane;
    bool oracle;
    int steps; /* of a rollout */
    size_t frame;
    double *u;    /* [dims] */
    float *first; /* (CHUNK, frame) */
    float *truth; /* (CHUNK, steps, frame), of the oracle */
};

static void close_work(struct work *w)
{
    if (w->lane)
        w->loaded.run.solver->destroy(w->lane);
    weir_scorer_destroy(w->scorer);
    if (w->loaded.predictor)
        weir_loaded_close(&w->loaded);
    free(w->u);
    free(w->first);
    free(w->truth);
}

static int make_scorer(const struct weir_config *cfg, struct work *w)
{
    static const char *const name[] = {
        [WEIR_POOL_DISAGREEMENT] = "disagreement", [WEIR_POOL_LOSS] = "loss"};
    const struct weir_predictor_info *info = w->loaded.info;
    struct weir_scorer_config config = {
        .score = weir_score_find(name[cfg->pool.score]),
        .numbers.loss = cfg->training.loss,
        .steps = w->steps,
        .batch = CHUNK,
        .residual = info->residual,
        .members = info->members,
        .seed = cfg->run.seed,
    };
    return weir_scorer_create(weir_predictor_model(w->loaded.predictor),
                              &config, &w->scorer);
}

static int open_work(const struct weir_config *cfg, const char *dir,
                     struct work *w)
{
    int rc = weir_loaded_open(dir, "best", &w->loaded);
    if (rc)
        return rc;
    w->oracle = cfg->pool.score == WEIR_POOL_LOSS;
    w->steps = (int)fmax(1, round(cfg->pool.rollout * cfg->simulations.steps));
    w->frame = weir_shape_floats(&w->loaded.info->shape);
    size_t all = CHUNK * (size_t)w->steps * w->frame;
    w->u = weir_array(cfg->space.n, sizeof(*w->u));
    w->first = weir_array(CHUNK * w->frame, sizeof(float));
    w->truth = weir_array(w->oracle ? all : 1, sizeof(float));
    if (!w->u || !w->first || !w->truth)
        return WEIR_FAIL(ENOMEM, "pool: rollouts of %d steps", w->steps);
    rc = make_scorer(cfg, w);
    return rc ? rc
              : w->loaded.run.solver->create(w->loaded.run.solver_config,
                                             &w->lane);
}

/* First frame of candidate @p i of the chunk, and of the oracle all others. */
static int solve(const struct weir_config *cfg, struct work *w, uint32_t place,
                 size_t i)
{
    const struct weir_solver_ops *solver = w->loaded.run.solver;
    weir_pool_candidate(cfg, place, w->u);
    weir_space_to_box(&cfg->space, w->u, w->u);
    if (solver->announce)
        solver->announce(w->lane, place, 0);
    int rc = solver->start(w->lane, w->u);
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

static int score_chunk(const struct weir_config *cfg, struct work *w,
                       const uint32_t *place, size_t n, uint64_t draw,
                       double *score)
{
    struct weir_scorer_weights weights = {
        .now = weir_predictor_ensemble(w->loaded.predictor)};
    bool diverged[CHUNK] = {0};
    for (size_t i = 0; i < n; i++) {
        int rc = solve(cfg, w, place[i], i);
        if (rc && rc != -WEIR_EDIVERGED)
            return rc;
        diverged[i] = rc != 0;
        if (rc)
            memset(w->first + i * w->frame, 0, w->frame * sizeof(float));
    }
    int rc = weir_scorer_score(w->scorer, &weights, draw, w->first, (int)n,
                               w->oracle ? w->truth : NULL, score);
    for (size_t i = 0; rc == 0 && i < n; i++)
        score[i] = diverged[i] ? 0 : score[i];
    return rc;
}

int weir_pool_score(const struct weir_config *cfg, const char *dir,
                    const uint32_t *place, size_t n, double *score)
{
    struct work w = {0};
    int rc = open_work(cfg, dir, &w);
    for (size_t i = 0; rc == 0 && i < n; i += CHUNK)
        rc = score_chunk(cfg, &w, place + i, n - i < CHUNK ? n - i : CHUNK,
                         i / CHUNK, score + i);
    close_work(&w);
    return rc ? WEIR_NOTE(rc, "scoring a pool by %s", dir) : 0;
}
