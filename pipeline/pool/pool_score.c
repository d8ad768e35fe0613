/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/pool/pool_score.h"

#include "acquire/scorer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/log.h"
#include "io/checkpoint_dir.h"
#include "pipeline/pool/pool.h"
#include "pipeline/session/loaded.h"
#include "pipeline/session/supervisor.h"
#include "pipeline/stages/hands.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK   16
#define TELL_NS 5000000000 /* between two words of how far it is */

/* What a thread works with; one chunk of candidates. */
struct desk {
    struct weir_scorer *scorer;
    void *lane;
    double *x;    /* [dims] */
    float *first; /* (CHUNK, frame) */
    float *truth; /* (CHUNK, steps, frame), of the oracle */
};

struct work {
    const struct weir_pool_judge *judge;
    struct weir_loaded loaded;
    struct weir_predictor *earlier; /* of the second set of weights */
    struct weir_ensemble fresh;     /* or those, of no run */
    float *weights;                 /* of fresh */
    bool oracle;
    int steps; /* of a rollout */
    size_t frame;
    struct weir_hands *hands;
    uint32_t desks;
    struct desk *desk; /* [desks], a hand's */
    /* all candidates, and what is wanted of them: one of the last two */
    const double *u;
    size_t n;
    struct weir_scorer_weights now;
    double *score;
    float *row;
    int64_t begun_ns, told_ns; /* hand 0's */
};

/* In the thread of the hand. */
static void leave(void *ctx, uint32_t hand)
{
    struct work *w = ctx;
    if (w->desk[hand].lane)
        w->loaded.run.solver->destroy(w->desk[hand].lane);
}

static void close_work(struct work *w)
{
    weir_hands_destroy(w->hands);
    for (uint32_t i = 0; w->desk && i < w->desks; i++) {
        weir_scorer_destroy(w->desk[i].scorer);
        free(w->desk[i].x);
        free(w->desk[i].first);
        free(w->desk[i].truth);
    }
    weir_predictor_close(w->earlier);
    if (w->loaded.predictor)
        weir_loaded_close(&w->loaded);
    free(w->weights);
    free(w->desk);
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

static int make_scorer(const struct work *w, struct desk *d)
{
    const struct weir_config *cfg = w->judge->cfg;
    const struct weir_predictor_info *info = w->loaded.info;
    struct weir_scorer_config config = {
        .score = w->score ? weir_score(cfg->pool.score) : NULL,
        .numbers = {cfg->pool.entropy_weight, cfg->training.loss},
        .steps = w->steps,
        .batch = CHUNK,
        .residual = info->residual,
        .members = info->members,
        .passes = cfg->pool.dropout_passes,
        .sketch = w->score ? 0 : cfg->pool.sketch,
        .seed = cfg->run.seed,
    };
    return weir_scorer_create(weir_predictor_model(w->loaded.predictor),
                              &config, &d->scorer);
}

static int set_desk(const struct work *w, struct desk *d)
{
    size_t all = CHUNK * (size_t)w->steps * w->frame;
    d->x = weir_array(w->judge->cfg->space.n, sizeof(*d->x));
    d->first = weir_array(CHUNK * w->frame, sizeof(float));
    d->truth = weir_array(w->oracle ? all : 1, sizeof(float));
    if (!d->x || !d->first || !d->truth)
        return WEIR_FAIL(ENOMEM, "pool: rollouts of %d steps", w->steps);
    return make_scorer(w, d);
}

static int open_work(struct work *w)
{
    const struct weir_config *cfg = w->judge->cfg;
    int rc = open_weights(w, w->score);
    if (rc)
        return rc;
    w->oracle = w->score && cfg->pool.score == WEIR_SCORE_LOSS;
    w->steps = (int)fmax(1, round(cfg->pool.rollout * cfg->simulations.steps));
    w->frame = weir_shape_floats(&w->loaded.info->shape);
    w->now = weights_of(w);
    w->desks = (uint32_t)cfg->placement.acquisition_threads;
    w->desk = weir_array(w->desks, sizeof(*w->desk));
    if (!w->desk)
        return WEIR_FAIL(ENOMEM, "pool: %u threads", w->desks);
    for (uint32_t i = 0; rc == 0 && i < w->desks; i++)
        rc = set_desk(w, &w->desk[i]);
    return rc ? rc : weir_hands_create(NULL, w->desks, leave, w, &w->hands);
}

/* ---- a chunk ---- */

/* First frame of candidate @p i of the chunk, and of the oracle all others. */
static int solve(struct work *w, struct desk *d, size_t number, size_t i)
{
    const struct weir_solver_ops *solver = w->loaded.run.solver;
    const struct weir_space *space = &w->judge->cfg->space;
    weir_space_to_box(space, w->u + number * space->n, d->x);
    if (solver->announce)
        solver->announce(d->lane, (uint32_t)number, 1);
    int rc = solver->start(d->lane, d->x);
    if (rc == 0)
        rc = weir_solver_take_frame(solver, d->lane, d->first + i * w->frame);
    for (int t = 0; rc == 0 && w->oracle && t < w->steps; t++) {
        float *to = d->truth + (i * (size_t)w->steps + (size_t)t) * w->frame;
        rc = solver->step(d->lane);
        if (rc == 0)
            rc = weir_solver_take_frame(solver, d->lane, to);
    }
    return rc;
}

/* First frames of @p n candidates from @p at on. */
static int solve_chunk(struct work *w, struct desk *d, size_t at, size_t n,
                       bool diverged[CHUNK])
{
    int rc = 0;
    if (!d->lane)
        rc =
            w->loaded.run.solver->create(w->loaded.run.solver_config, &d->lane);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = solve(w, d, at + i, i);
        diverged[i] = rc == -WEIR_EDIVERGED;
        if (diverged[i]) {
            memset(d->first + i * w->frame, 0, w->frame * sizeof(float));
            rc = 0;
        }
    }
    return rc;
}

static void tell_progress(struct work *w, size_t done)
{
    int64_t now = weir_now_ns();
    double spent = (double)(now - w->begun_ns) * 1e-9;
    if (done == 0 || now - w->told_ns < TELL_NS)
        return;
    w->told_ns = now;
    weir_log_info("pool", "asked about %zu of %zu, %.0f s left", done, w->n,
                  spent / (double)done * (double)(w->n - done));
}

static int judge_chunk(void *ctx, uint32_t hand, uint32_t chunk)
{
    struct work *w = ctx;
    struct desk *d = &w->desk[hand];
    size_t at = (size_t)chunk * CHUNK, left = w->n - at;
    size_t n = left < CHUNK ? left : CHUNK;
    bool diverged[CHUNK];
    if (hand == 0)
        tell_progress(w, at); /* chunks are begun in order */
    if (weir_supervisor_pending())
        return WEIR_FAIL(WEIR_EINTERRUPTED, "asking about candidates");
    int rc = solve_chunk(w, d, at, n, diverged);
    if (rc == 0 && w->row)
        return weir_scorer_features(
            d->scorer, &w->now, d->first, (int)n,
            w->row + at * (size_t)w->judge->cfg->pool.sketch);
    if (rc == 0)
        rc = weir_scorer_score(d->scorer, &w->now, chunk, d->first, (int)n,
                               w->oracle ? d->truth : NULL, w->score + at);
    for (size_t i = 0; rc == 0 && i < n; i++)
        w->score[at + i] = diverged[i] ? 0 : w->score[at + i];
    return rc;
}

static int work_through(struct work *w)
{
    struct weir_task task = {
        .item = judge_chunk,
        .ctx = w,
        .items = (uint32_t)((w->n + CHUNK - 1) / CHUNK),
        .until_ns = INT64_MAX,
    };
    int rc = open_work(w);
    w->begun_ns = w->told_ns = weir_now_ns();
    weir_log_info("pool", "asks about %zu simulations", w->n);
    rc = rc ? rc : weir_hands_work(w->hands, &task);
    close_work(w);
    return rc < 0 ? rc : 0;
}

int weir_pool_scores(const struct weir_pool_judge *judge, const double *u,
                     size_t n, double *score)
{
    struct work w = {.judge = judge, .u = u, .n = n, .score = score};
    int rc = work_through(&w);
    return rc ? WEIR_NOTE(rc, "scoring a pool by %s", judge->dir) : 0;
}

int weir_pool_features(const struct weir_pool_judge *judge, const double *u,
                       size_t n, float *row)
{
    struct work w = {.judge = judge, .u = u, .n = n, .row = row};
    int rc = work_through(&w);
    return rc ? WEIR_NOTE(rc, "features of a pool by %s", judge->dir) : 0;
}
