/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/eval_score.h"

#include "base/err.h"
#include "base/heap.h"
#include "base/ranks.h"
#include "io/config_setting.h"
#include "pipeline/commands/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 16

/* ---- which score ---- */

/* Whether one set of weights is all it takes. */
static bool is_to_be_had(const struct weir_score *score)
{
    return score->needs != WEIR_NEED_TIMES && score->needs != WEIR_NEED_TRUTH;
}

static int refuse(const char *name, const char *why)
{
    struct weir_names names = {.n = 0};
    for (int k = 0; k <= WEIR_SCORE_EVIDENTIAL; k++)
        if (is_to_be_had(weir_score(k)))
            weir_names_add(&names, weir_score(k)->name);
    WEIR_FAIL(WEIR_ECONFIG, "--score %s: %s", name, why);
    weir_names_hint(&names, "", name, "scores to be had");
    return -WEIR_ECONFIG;
}

static int choose(const char *name, const struct weir_score **out)
{
    const struct weir_score *score = *out = weir_score_find(name);
    if (!score)
        return refuse(name, "no such score");
    if (score->needs == WEIR_NEED_TIMES)
        return refuse(name, "it needs weights of two times, and this is one");
    if (score->needs == WEIR_NEED_TRUTH)
        return refuse(name, "it is made from the true error itself");
    return 0;
}

int weir_scoring_open(const struct weir_loaded *l, const char *name,
                      const struct weir_evalset *set, struct weir_scoring *out)
{
    *out = (struct weir_scoring){0};
    if (!name)
        return 0;
    const struct weir_score *score;
    int rc = choose(name, &score);
    rc = rc ? rc : weir_loaded_knows_states(l, "--score");
    if (rc == 0 && weir_predictor_inputs(l->predictor))
        rc = WEIR_FAIL(WEIR_ECONFIG,
                       "--score: %s reads parameters, and scores are of "
                       "rollouts from a state",
                       l->info->file);
    if (rc)
        return rc;
    struct weir_scorer_config config = {
        .score = score,
        .numbers = {l->cfg->pool.entropy_weight, l->cfg->training.loss},
        .steps = (int)set->rollout,
        .batch = BATCH,
        .residual = l->info->residual,
        .members = l->info->members,
        .passes = l->cfg->pool.dropout_passes,
        .seed = l->cfg->run.seed,
    };
    out->name = score->name;
    out->steps = config.steps;
    rc = weir_scorer_create(weir_predictor_model(l->predictor), &config,
                            &out->scorer);
    return rc ? weir_argument_refused(rc, "score", name) : 0;
}

void weir_scoring_close(struct weir_scoring *s)
{
    weir_scorer_destroy(s->scorer);
    *s = (struct weir_scoring){0};
}

/* ---- scores and errors ---- */

/* Of the valid trajectories, one after the other. */
struct columns {
    double *score, *step, *rollout; /* [n] each, in one piece */
    float *first;                   /* (n, frame) */
    uint32_t n;
};

static int take_columns(const struct weir_evalset *set, struct columns *c)
{
    size_t one = (set->steps + (size_t)1) * set->frame;
    *c = (struct columns){.score = weir_array(3 * set->n, sizeof(double)),
                          .first =
                              weir_array(set->n * set->frame, sizeof(float))};
    if (!c->score || !c->first)
        return WEIR_FAIL(ENOMEM, "scores of %u trajectories", set->n);
    c->step = c->score + set->n;
    c->rollout = c->step + set->n;
    for (uint32_t i = 0; i < set->n; i++) {
        if (!set->valid[i])
            continue;
        c->step[c->n] = weir_evalset_trajectory_error(set, i);
        c->rollout[c->n] = (double)set->rolled[i];
        memcpy(c->first + c->n++ * set->frame, set->state + i * one,
               set->frame * sizeof(float));
    }
    return 0;
}

static int fill_scores(const struct weir_scoring *s,
                       const struct weir_ensemble *ensemble, size_t frame,
                       struct columns *c)
{
    struct weir_scorer_weights weights = {.now = ensemble};
    int rc = 0;
    for (uint32_t at = 0; rc == 0 && at < c->n; at += BATCH) {
        uint32_t left = c->n - at;
        rc = weir_scorer_score(
            s->scorer, &weights, at / BATCH, c->first + at * frame,
            (int)(left < BATCH ? left : BATCH), NULL, c->score + at);
    }
    return rc;
}

int weir_scoring_judge(struct weir_scoring *s, const struct weir_loaded *l,
                       const struct weir_evalset *set)
{
    if (!s->scorer)
        return 0;
    struct columns c;
    int rc = take_columns(set, &c);
    if (rc == 0)
        rc = fill_scores(s, weir_predictor_ensemble(l->predictor), set->frame,
                         &c);
    rc = rc ? rc : weir_spearman(c.score, c.step, c.n, &s->step);
    rc = rc ? rc : weir_spearman(c.score, c.rollout, c.n, &s->rollout);
    s->n = c.n;
    free(c.score);
    free(c.first);
    return rc;
}

void weir_scoring_print(const struct weir_scoring *s)
{
    if (!s->scorer)
        return;
    printf("\n%s of rollouts to step %d, Spearman's correlation of ranks over "
           "%u trajectories\n"
           "  with the error at the rollout's end  %6.3f\n"
           "  with that of one step, mean          %6.3f\n",
           s->name, s->steps, s->n, s->rollout, s->step);
}
