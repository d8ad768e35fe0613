/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/population.h"

#include "base/err.h"
#include "base/log.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static_assert(sizeof(struct weir_population_state) == 32,
              "saved as it lies, without padding");

static double planned_steps(const struct weir_strategy_env *env)
{
    double samples = (double)env->budget * env->samples_per_simulation;
    if (env->gradient_steps)
        return (double)env->gradient_steps;
    if (env->samples_per_batch > 0)
        return samples / env->samples_per_batch;
    return 4 * samples / (env->batch ? env->batch : 1);
}

static uint32_t share_of(double fraction, double whole)
{
    return (uint32_t)fmin(fmax(1, round(fraction * whole)), 1e9);
}

struct weir_population_settings weir_population_fractions(
    const struct weir_strategy_env *env, double window, double first,
    double every, double seen)
{
    return (struct weir_population_settings){
        .nn_updates = share_of(every, planned_steps(env)),
        .min_finished = share_of(first, env->budget),
        .threshold = 1,
        .min_steps = share_of(seen, env->samples_per_simulation),
        .window = share_of(window, env->budget),
    };
}

static void take_given(const struct weir_options *opts, const char *name,
                       uint32_t *value)
{
    if (weir_option_given(opts, name))
        *value = (uint32_t)weir_option_int(opts, name);
}

static void take_nonzero(const struct weir_options *opts, const char *name,
                         uint32_t *value)
{
    if (weir_option_int(opts, name) > 0)
        *value = (uint32_t)weir_option_int(opts, name);
}

static int check(const struct weir_strategy_env *env, const char *name,
                 const struct weir_population_settings *set)
{
    if (set->min_steps > env->samples_per_simulation) {
        WEIR_FAIL(WEIR_ECONFIG,
                  "delta_loss_min_nb_time_steps: %u, but a simulation gives %u "
                  "samples: nothing would ever count",
                  set->min_steps, env->samples_per_simulation);
        return weir_err_hint("set it to %u or less",
                             env->samples_per_simulation);
    }
    if (set->min_finished >= env->budget)
        weir_log_warn("acquire",
                      "%s: the first generation waits for %u finished "
                      "simulations of %u: this run will not be steered",
                      name, set->min_finished, env->budget);
    return 0;
}

int weir_population_take(const struct weir_strategy_env *env,
                         const struct weir_options *opts, const char *name,
                         struct weir_population_settings *set)
{
    if (!env->budget || !env->samples_per_simulation || !env->space.n)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s: %u simulations of %u samples and %zu "
                         "parameters, expected 1 or more of each",
                         name, env->budget, env->samples_per_simulation,
                         env->space.n);
    take_nonzero(opts, "nn_updates", &set->nn_updates);
    take_given(opts, "min_nb_finished_simulations", &set->min_finished);
    take_given(opts, "min_nb_finished_simulations_period",
               &set->min_finished_period);
    take_given(opts, "non_resampling_threshold", &set->threshold);
    take_nonzero(opts, "delta_loss_min_nb_time_steps", &set->min_steps);
    take_nonzero(opts, "sliding_window_size", &set->window);
    set->raw = weir_option_int(opts, "value_to_register") == 1;
    return check(env, name, set);
}

int weir_population_init(struct weir_population *p, const char *name,
                         const struct weir_strategy_env *env,
                         const struct weir_population_settings *set)
{
    *p = (struct weir_population){.name = name, .env = env, .set = *set};
    int rc = weir_loss_window_create(env->space.n, env->samples_per_simulation,
                                     env->budget, &p->window);
    if (rc)
        return WEIR_NOTE(rc, "%s", name);
    p->member = calloc(set->window, sizeof(*p->member));
    if (!p->member)
        return WEIR_FAIL(ENOMEM, "%s: window of %u", name, set->window);
    return 0;
}

void weir_population_free(struct weir_population *p)
{
    weir_loss_window_destroy(p->window);
    free(p->member);
}

int weir_population_meet(struct weir_population *p, uint32_t simulation,
                         const double *u)
{
    int rc = weir_loss_window_meet(p->window, simulation, u);
    return rc ? WEIR_NOTE(rc, "%s", p->name) : 0;
}

static void warn_once(struct weir_population *p, uint64_t batch)
{
    if (!p->warned)
        weir_log_warn("acquire",
                      "%s: batch %llu has losses that are not finite; such "
                      "losses are left out from here on",
                      p->name, (unsigned long long)batch);
    p->warned = true;
}

static double registered(const struct weir_population *p,
                         const struct weir_batch_loss *batch, float loss)
{
    if (!p->set.raw)
        return weir_delta_loss(loss, batch->mean, batch->deviation);
    return isfinite(loss) ? loss : NAN;
}

int weir_population_observe(struct weir_population *p,
                            const struct weir_batch_loss *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        const struct weir_sample_loss *s = &batch->sample[i];
        double value = registered(p, batch, s->loss);
        if (isnan(value)) {
            warn_once(p, batch->batch);
            continue;
        }
        int rc = weir_loss_window_add(p->window, s->simulation, s->step, value);
        if (rc)
            return WEIR_NOTE(rc, "%s: batch %llu", p->name,
                             (unsigned long long)batch->batch);
    }
    p->at.steps_before = p->at.steps;
    p->at.steps = batch->batch + 1;
    return 0;
}

bool weir_population_due(const struct weir_population *p,
                         const struct weir_progress *now)
{
    const struct weir_population_state *at = &p->at;
    /* Batches whose losses were lost may hold the multiple: look for one that
     * was passed, not for one that was hit. */
    uint64_t every = p->set.nn_updates;
    return at->steps / every > at->steps_before / every &&
           at->steps != at->last_steps &&
           now->finished >= p->set.min_finished &&
           /* A resume may let finished simulations run again: no difference. */
           now->finished >=
               (uint64_t)at->last_finished + p->set.min_finished_period &&
           now->open > p->set.threshold;
}

/* A relative difference below the rounding of float losses is none. */
static bool differ(const struct weir_population *p)
{
    double low = HUGE_VAL, high = 0;
    for (size_t i = 0; i < p->n; i++) {
        low = fmin(low, p->member[i].q);
        high = fmax(high, p->member[i].q);
    }
    return high > 0 && (p->n == 1 || high - low > 1e-6 * high);
}

bool weir_population_begin(struct weir_population *p,
                           const struct weir_progress *now)
{
    p->at.generation++;
    p->at.last_steps = p->at.steps;
    p->at.last_finished = now->finished;
    p->n = weir_loss_window_population(p->window, p->set.window,
                                       p->set.min_steps, p->member);
    if (differ(p))
        return true;
    if (p->n && !p->told) {
        weir_log_info("acquire",
                      "%s: the losses of all %zu simulations looked at are "
                      "alike; such generations are drawn uniformly",
                      p->name, p->n);
        p->told = true;
    }
    return false;
}

const double *weir_population_parameters(const struct weir_population *p,
                                         size_t i)
{
    return weir_loss_window_parameters(p->window, p->member[i].simulation);
}

int weir_population_save(const struct weir_population *p, struct weir_blob *out)
{
    int rc = weir_blob_put(out, &p->at, sizeof(p->at));
    return rc ? rc : weir_loss_window_save(p->window, out);
}

int weir_population_restore(struct weir_population *p, struct weir_blob *in)
{
    struct weir_population_state at;
    int rc = weir_blob_get(in, &at, sizeof(at));
    if (!rc)
        rc = weir_loss_window_restore(p->window, in);
    if (rc)
        return WEIR_NOTE(rc, "%s: saved state", p->name);
    p->at = at;
    return 0;
}
