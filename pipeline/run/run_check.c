/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/run/run_check.h"

#include "acquire/registry.h"
#include "base/err.h"
#include "nn/registry.h"
#include "pipeline/run/forecast_plan.h"
#include "pipeline/run/registries.h"

#include <errno.h>

int weir_run_check_forecast(const struct weir_config *cfg, const char *who)
{
    const struct weir_model_ops *model = weir_model_find(cfg->model.name);
    if (!model || !model->is_direct)
        return 0;
    WEIR_FAIL(WEIR_ECONFIG,
              "%s predicts on from first frames, but model %s reads parameters "
              "and time",
              who, cfg->model.name);
    return weir_err_hint("choose by losses or parameters, or another "
                         "model.name");
}

/* A strategy's wishes are tried, not granted. */
struct trial {
    struct weir_forecast face; /* first: what strategies see */
    const struct weir_run *run;
    const struct weir_model *model;
};

static int want(struct weir_forecast *face,
                const struct weir_forecast_request *request)
{
    const struct trial *t = (struct trial *)face;
    const struct weir_config *cfg = t->run->cfg;
    struct weir_scorer_config config;
    struct weir_scorer *scorer;
    int rc = weir_forecast_scorer(t->run, request, &config);
    if (rc || (!config.score && !config.sketch))
        return rc;
    rc = weir_run_check_forecast(cfg, "it");
    rc = rc ? rc : weir_scorer_create(t->model, &config, &scorer);
    if (rc == 0)
        weir_scorer_destroy(scorer);
    return rc;
}

static int check_strategy(const struct weir_run *run,
                          const struct weir_model *model)
{
    const struct weir_config *cfg = run->cfg;
    struct trial t = {.face = {.batch = weir_forecast_block(run),
                               .frame = run->frame_floats,
                               .want = want},
                      .run = run,
                      .model = model};
    struct weir_strategy_env env = weir_forecast_env(run);
    const struct weir_strategy_ops *ops =
        weir_strategy_find(cfg->acquisition.strategy);
    void *strategy = NULL;
    if (!ops)
        return -weir_err_code();
    env.forecast = &t.face;
    weir_err_clear();
    int rc = ops->create(&env, &cfg->acquisition.options, &strategy);
    if (rc == 0)
        ops->destroy(strategy);
    else if (weir_err_code() != -rc) /* a shared object may say nothing */
        WEIR_FAIL(-rc, "strategy %s: create failed", ops->name);
    return weir_config_refusal(rc, WEIR_KIND_STRATEGY, cfg);
}

int weir_run_check(const struct weir_config *cfg)
{
    struct weir_run run = {.cfg = cfg};
    struct weir_model *model = NULL;
    int rc = weir_run_configure(&run);
    if (rc)
        return rc;
    rc = weir_run_check_door(&run);
    rc = rc ? rc : weir_run_model(&run, &model);
    rc = rc ? rc : check_strategy(&run, model);
    weir_model_destroy(model);
    run.solver->release(run.solver_config);
    return rc;
}
