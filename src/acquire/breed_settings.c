/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/breed_settings.h"

#include "base/err.h"
#include "base/log.h"

#include <math.h>

/* clang-format off */
const struct weir_option weir_breed_options[] = {
    {.name = "preset", .type = WEIR_OPTION_CHOICE, .fallback = "mixed",
     .choices = "mixed|precise|broad|soft|ogas_release",
     .help = "where the options not given come from"},
    {.name = "sigma", .type = WEIR_OPTION_REAL, .fallback = "0.1",
     .min = 1e-6, .max = 10, .unit = "of each range",
     .help = "standard deviation of a child around its parent"},
    {.name = "start", .type = WEIR_OPTION_REAL, .fallback = "0",
     .min = 0, .max = 1, .help = "bred share of the first generation"},
    {.name = "end", .type = WEIR_OPTION_REAL, .fallback = "0.7",
     .min = 0, .max = 1, .help = "bred share from `breakpoint` on"},
    {.name = "breakpoint", .type = WEIR_OPTION_INT, .fallback = "3",
     .min = 1, .max = 1e6, .unit = "generations",
     .help = "generations from start to end"},
    {.name = "nn_updates", .type = WEIR_OPTION_INT, .fallback = "0",
     .min = 0, .max = 1e9, .unit = "batches",
     .help = "batches between two generations (0: by preset)"},
    {.name = "min_nb_finished_simulations", .type = WEIR_OPTION_INT,
     .fallback = "0", .min = 0, .max = 1e9, .unit = "simulations",
     .help = "finished before the first generation (not given: by preset)"},
    {.name = "min_nb_finished_simulations_period", .type = WEIR_OPTION_INT,
     .fallback = "0", .min = 0, .max = 1e9, .unit = "simulations",
     .help = "more of them finished before the next generation"},
    {.name = "non_resampling_threshold", .type = WEIR_OPTION_INT,
     .fallback = "1", .min = 0, .max = 1e9, .unit = "simulations",
     .help = "no new generation when this few are open"},
    {.name = "delta_loss_min_nb_time_steps", .type = WEIR_OPTION_INT,
     .fallback = "0", .min = 0, .max = 1e9, .unit = "steps",
     .help = "time steps a parent was trained on at (0: by preset)"},
    {.name = "sliding_window_size", .type = WEIR_OPTION_INT, .fallback = "0",
     .min = 0, .max = 1e7, .unit = "simulations",
     .help = "most recently trained-on simulations that breed (0: by preset)"},
    {.name = "max_oob_count", .type = WEIR_OPTION_INT, .fallback = "10",
     .min = 0, .max = 1000, .unit = "redraws",
     .help = "redraws of a child outside the box, then it is its parent"},
    {.name = "oob_factor", .type = WEIR_OPTION_REAL, .fallback = "0.3",
     .min = 1e-3, .max = 1, .help = "sigma shrinks by it at each redraw"},
    {.name = "boundary", .type = WEIR_OPTION_CHOICE, .fallback = "shrink",
     .choices = "shrink|wrap",
     .help = "outside the box: redraw nearer, or phases wrap around"},
    {.name = "use_true_mixing", .type = WEIR_OPTION_BOOL, .fallback = "false",
     .help = "hold the bred share in every stretch of simulations"},
    {0},
};

struct preset {
    double sigma, start, end;
    uint32_t breakpoint;
    double window, first; /* fractions of the budget */
    double every;         /* fraction of the gradient steps */
    double seen;          /* fraction of a simulation's steps */
};

/* In the order of the choices. */
static const struct preset presets[] = {
    {0.10, 0.00, 0.70, 3, 0.15, 0.125, 0.025, 1.0 / 3},
    {0.05, 0.50, 0.75, 5, 0.75, 0.125, 0.025, 1.0 / 3},
    {0.10, 0.00, 0.70, 3, 0.30, 0.125, 0.025, 1.0 / 3},
    {0.10, 0.75, 0.50, 5, 0.45, 0.125, 0.025, 1.0 / 3},
};
#define OGAS_RELEASE 4
/* clang-format on */

static const struct weir_breed_settings ogas_release = {
    .sigma = 0.1,
    .start = 0.0,
    .end = 0.7,
    .breakpoint = 3,
    .nn_updates = 414,
    .min_finished = 100,
    .threshold = 1,
    .min_steps = 10,
    .window = 138,
};

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

static void use_preset(const struct weir_strategy_env *env,
                       const struct preset *p, struct weir_breed_settings *out)
{
    *out = (struct weir_breed_settings){
        .sigma = p->sigma,
        .start = p->start,
        .end = p->end,
        .breakpoint = p->breakpoint,
        .nn_updates = share_of(p->every, planned_steps(env)),
        .min_finished = share_of(p->first, env->budget),
        .threshold = 1,
        .min_steps = share_of(p->seen, env->samples_per_simulation),
        .window = share_of(p->window, env->budget),
    };
}

static void take_real(const struct weir_options *opts, const char *name,
                      double *value)
{
    if (weir_option_given(opts, name))
        *value = weir_option_real(opts, name);
}

static void take_count(const struct weir_options *opts, const char *name,
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

static void take_given(const struct weir_options *opts,
                       struct weir_breed_settings *s)
{
    take_real(opts, "sigma", &s->sigma);
    take_real(opts, "start", &s->start);
    take_real(opts, "end", &s->end);
    take_count(opts, "breakpoint", &s->breakpoint);
    take_nonzero(opts, "nn_updates", &s->nn_updates);
    take_count(opts, "min_nb_finished_simulations", &s->min_finished);
    take_count(opts, "min_nb_finished_simulations_period",
               &s->min_finished_period);
    take_count(opts, "non_resampling_threshold", &s->threshold);
    take_nonzero(opts, "delta_loss_min_nb_time_steps", &s->min_steps);
    take_nonzero(opts, "sliding_window_size", &s->window);
    s->max_oob = (uint32_t)weir_option_int(opts, "max_oob_count");
    s->oob_factor = weir_option_real(opts, "oob_factor");
    s->wrap = weir_option_int(opts, "boundary") == 1;
    s->true_mixing = weir_option_bool(opts, "use_true_mixing");
}

static int check(const struct weir_strategy_env *env,
                 const struct weir_breed_settings *s)
{
    if (s->min_steps > env->samples_per_simulation) {
        WEIR_FAIL(WEIR_ECONFIG,
                  "breed: delta_loss_min_nb_time_steps is %u, "
                  "but a simulation gives %u samples: nothing would ever breed",
                  s->min_steps, env->samples_per_simulation);
        return weir_err_hint("set it to %u or less",
                             env->samples_per_simulation);
    }
    if (s->min_finished >= env->budget && s->end + s->start > 0)
        weir_log_warn("acquire",
                      "breed: the first generation waits for %u "
                      "finished simulations of %u: this run will not be "
                      "steered",
                      s->min_finished, env->budget);
    return 0;
}

int weir_breed_settings_read(const struct weir_strategy_env *env,
                             const struct weir_options *opts,
                             struct weir_breed_settings *out)
{
    if (!env->budget || !env->samples_per_simulation || !env->space.n)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "breed: %u simulations of %u samples "
                         "and %zu parameters, expected 1 or more of each",
                         env->budget, env->samples_per_simulation,
                         env->space.n);
    int64_t preset = weir_option_int(opts, "preset");
    if (preset == OGAS_RELEASE)
        *out = ogas_release;
    else
        use_preset(env, &presets[preset], out);
    take_given(opts, out);
    return check(env, out);
}

double weir_breed_share(const struct weir_breed_settings *set,
                        uint32_t generation)
{
    if (generation > set->breakpoint)
        return set->end;
    return set->start +
           (set->end - set->start) * (generation - 1) / set->breakpoint;
}
