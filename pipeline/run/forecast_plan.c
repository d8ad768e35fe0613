/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/run/forecast_plan.h"

#include "acquire/registry.h"
#include "base/err.h"
#include "pipeline/run/registries.h"

#include <math.h>

#define BLOCK        16    /* candidates, at most */
#define BLOCK_FLOATS 16384 /* of their states together, if they are several */

uint32_t weir_forecast_block(const struct weir_run *run)
{
    size_t fit = BLOCK_FLOATS / run->frame_floats;
    return fit < 1 ? 1 : fit < BLOCK ? (uint32_t)fit : BLOCK;
}

struct weir_strategy_env weir_forecast_env(const struct weir_run *run)
{
    const struct weir_config *cfg = run->cfg;
    return (struct weir_strategy_env){
        .seed = cfg->run.seed,
        .space = cfg->space,
        .budget = (uint32_t)cfg->simulations.budget,
        .samples_per_simulation = run->samples,
        .batch = (uint32_t)cfg->training.batch,
        .gradient_steps = (uint64_t)cfg->training.steps,
        .samples_per_batch = run->samples_per_batch,
    };
}

uint32_t weir_forecast_moments(const struct weir_score *score)
{
    return score && score->needs == WEIR_NEED_TIMES ? 2 : 1;
}

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

/* Weights of two times so far apart never come in a shorter run. */
static int check_apart(const struct weir_run *run,
                       const struct weir_score *score, uint64_t apart)
{
    int64_t steps = weir_config_planned_steps(run->cfg);
    if (!score || score->needs != WEIR_NEED_TIMES || (int64_t)apart < steps)
        return 0;
    WEIR_FAIL(WEIR_ECONFIG,
              "score %s compares weights %llu gradient steps apart, and the "
              "run makes %lld: nothing would be proposed",
              score->name, (unsigned long long)apart, (long long)steps);
    return weir_err_hint("set acquisition.apart below %lld", (long long)steps);
}

int weir_forecast_scorer(const struct weir_run *run,
                         const struct weir_forecast_request *r,
                         struct weir_scorer_config *out)
{
    double share = r->rollout > 0 ? r->rollout : 1;
    double steps = round(share * run->cfg->simulations.steps);
    bool steady = run->info.given > 0;
    *out = (struct weir_scorer_config){
        .numbers = {.weight = r->weight},
        .steps = steady ? 1 : (int)fmax(1, steps),
        .batch = (int)weir_forecast_block(run),
        .threads = 1,
        .residual = run->cfg->training.residual,
        .members = run->cfg->training.members,
        .passes = r->passes ? (int)r->passes : 3,
        .sketch = (int)r->features,
        .seed = run->cfg->run.seed,
    };
    int rc = find_score(r->score, &out->score);
    return rc ? rc : check_apart(run, out->score, r->apart);
}

/* ---- memory ---- */

static int ask(const struct weir_run *run, struct weir_strategy_needs *out)
{
    struct weir_forecast face = {.batch = weir_forecast_block(run),
                                 .frame = run->frame_floats};
    struct weir_strategy_env env = weir_forecast_env(run);
    const struct weir_strategy_ops *ops =
        weir_strategy_find(run->cfg->acquisition.strategy);
    env.forecast = &face;
    *out = (struct weir_strategy_needs){0};
    return ops && ops->needs
               ? ops->needs(&env, &run->cfg->acquisition.options, out)
               : 0;
}

static int plan(const struct weir_run *run, const struct weir_model *model,
                struct weir_forecast_memory *out)
{
    struct weir_strategy_needs needs;
    struct weir_scorer_config config;
    struct weir_scorer *scorer;
    int rc = ask(run, &needs);
    rc = rc ? rc : weir_forecast_scorer(run, &needs.request, &config);
    out->strategy = needs.bytes;
    if (rc || (!config.score && !config.sketch))
        return rc;
    rc = weir_scorer_create(model, &config, &scorer);
    if (rc)
        return rc;
    out->weights = weir_ensemble_stride(model) * sizeof(float) *
                   (size_t)run->cfg->training.members;
    out->moments = weir_forecast_moments(config.score);
    out->thread = weir_scorer_bytes(scorer) + run->info.lane_bytes;
    out->threads = (uint32_t)run->cfg->placement.acquisition_threads;
    weir_scorer_destroy(scorer);
    return 0;
}

int weir_forecast_memory_plan(const struct weir_run *run,
                              const struct weir_model *model,
                              struct weir_forecast_memory *out)
{
    *out = (struct weir_forecast_memory){0};
    int rc = plan(run, model, out);
    if (rc != -WEIR_ECONFIG)
        return rc;
    weir_err_clear(); /* whoever creates the strategy says it */
    *out = (struct weir_forecast_memory){0};
    return 0;
}

size_t weir_forecast_memory_total(const struct weir_forecast_memory *m)
{
    return m->moments * m->weights + m->threads * m->thread + m->strategy;
}
