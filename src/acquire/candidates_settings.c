/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/candidates.h"

#include "base/err.h"

#include <math.h>
#include <string.h>

enum { OGAS, AL4PDE };

static bool has(const struct weir_options *opts, const char *name)
{
    for (size_t i = 0; i < opts->n; i++)
        if (!strcmp(opts->declared[i].name, name))
            return true;
    return false;
}

/* A declared option that is not 0; else @p fallback. */
static double number(const struct weir_options *opts, const char *name,
                     double fallback)
{
    double given = has(opts, name) ? weir_option_real(opts, name) : 0;
    return given > 0 ? given : fallback;
}

static uint32_t count(const struct weir_options *opts, const char *name,
                      double fallback)
{
    return (uint32_t)fmin(fmax(1, round(number(opts, name, fallback))), 1e9);
}

static void read_forecast(const struct weir_candidates_method *method,
                          const struct weir_options *opts, int preset,
                          struct weir_candidates_settings *s)
{
    s->request = (struct weir_forecast_request){
        .score = has(opts, "score") ? weir_option_text(opts, "score")
                                    : method->score,
        .rollout = number(opts, "rollout", preset == OGAS ? 0.5 : 1),
        .passes = (uint32_t)number(opts, "passes", 3),
        .weight = number(opts, "weight", 0),
        .apart = (uint32_t)number(opts, "apart", 1),
    };
    if (has(opts, "features") && !s->by_parameters)
        s->request.features = (uint32_t)weir_option_int(opts, "features");
}

static void read_rule(const struct weir_candidates_method *method,
                      const struct weir_options *opts, int preset,
                      struct weir_candidates_settings *s)
{
    s->rule = method->rule;
    if (has(opts, "rule"))
        s->rule = weir_option_int(opts, "rule") ? WEIR_CANDIDATES_LCMD
                                                : WEIR_CANDIDATES_CENTRES;
    s->by_parameters = has(opts, "distance")
                           ? weir_option_int(opts, "distance") == 1
                           : method->by_parameters;
    s->beta = has(opts, "beta") ? weir_option_real(opts, "beta") : 1;
    s->share = preset == OGAS && !strcmp(method->name, "topk") ? 0.7 : 1;
    if (has(opts, "share") && weir_option_given(opts, "share"))
        s->share = weir_option_real(opts, "share");
    s->fraction = number(opts, "fraction", 1);
}

int weir_candidates_settings_read(const struct weir_candidates_method *method,
                                  const struct weir_strategy_env *env,
                                  const struct weir_options *opts,
                                  struct weir_candidates_settings *s)
{
    int preset = (int)weir_option_int(opts, "preset");
    int64_t drawn = weir_option_int(opts, "drawn");
    memset(s, 0, sizeof(*s));
    if (!env->budget || !env->space.n)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s: %u simulations of %zu parameters, expected 1 or "
                         "more of each",
                         method->name, env->budget, env->space.n);
    read_rule(method, opts, preset, s);
    read_forecast(method, opts, preset, s);
    s->pool = count(opts, "pool", preset == OGAS ? 5000 : 100000);
    if (has(opts, "starts_memory"))
        s->starts = (size_t)weir_option_int(opts, "starts_memory") << 20;
    s->once = drawn ? drawn == 2 : preset == AL4PDE;
    s->period = count(opts, "period", env->budget / 10.0);
    s->warmup = count(opts, "warmup", s->period);
    s->horizon = count(opts, "horizon", fmin(2.0 * s->period, s->pool));
    if (s->horizon <= s->pool)
        return 0;
    WEIR_FAIL(WEIR_ECONFIG,
              "%s: a proposal steers %u simulations, but the pool has %u "
              "candidates",
              weir_option_given(opts, "pool") ? "pool" : "horizon", s->horizon,
              s->pool);
    return weir_err_hint("raise acquisition.pool, or lower "
                         "acquisition.horizon");
}
