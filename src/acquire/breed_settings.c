/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/breed_settings.h"

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
    WEIR_POPULATION_OPTIONS("delta_loss"),
    {.name = "max_oob_count", .type = WEIR_OPTION_INT, .fallback = "10",
     .min = 0, .max = 1000, .unit = "redraws",
     .help = "redraws of a child outside the box, then it is its parent"},
    {.name = "oob_factor", .type = WEIR_OPTION_REAL, .fallback = "0.3",
     .min = 1e-3, .max = 1, .help = "sigma shrinks by it at each redraw"},
    {.name = "boundary", .type = WEIR_OPTION_CHOICE, .fallback = "shrink",
     .choices = "shrink|wrap|reflect",
     .help = "outside the box: redraw nearer; phases wrap around; walls "
             "mirror"},
    {.name = "use_true_mixing", .type = WEIR_OPTION_BOOL, .fallback = "false",
     .help = "hold the bred share in every stretch of simulations"},
    {.name = "weights", .type = WEIR_OPTION_CHOICE, .fallback = "loss",
     .choices = "loss|amis",
     .help = "parents weigh by fitness, or fitness over proposal density"},
    {.name = "amis_generations", .type = WEIR_OPTION_INT, .fallback = "8",
     .min = 1, .max = 1000, .unit = "generations",
     .help = "past proposals in the density of weights: amis"},
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
    .population = {.nn_updates = 414,
                   .min_finished = 100,
                   .threshold = 1,
                   .min_steps = 10,
                   .window = 138},
};

static void use_preset(const struct weir_strategy_env *env,
                       const struct preset *p, struct weir_breed_settings *out)
{
    *out = (struct weir_breed_settings){
        .sigma = p->sigma,
        .start = p->start,
        .end = p->end,
        .breakpoint = p->breakpoint,
        .population = weir_population_fractions(env, p->window, p->first,
                                                p->every, p->seen),
    };
}

static void take_real(const struct weir_options *opts, const char *name,
                      double *value)
{
    if (weir_option_given(opts, name))
        *value = weir_option_real(opts, name);
}

static void take_given(const struct weir_options *opts,
                       struct weir_breed_settings *s)
{
    take_real(opts, "sigma", &s->sigma);
    take_real(opts, "start", &s->start);
    take_real(opts, "end", &s->end);
    if (weir_option_given(opts, "breakpoint"))
        s->breakpoint = (uint32_t)weir_option_int(opts, "breakpoint");
    s->max_oob = (uint32_t)weir_option_int(opts, "max_oob_count");
    s->oob_factor = weir_option_real(opts, "oob_factor");
    s->boundary = (enum weir_boundary)weir_option_int(opts, "boundary");
    s->true_mixing = weir_option_bool(opts, "use_true_mixing");
    if (weir_option_int(opts, "weights") == 1)
        s->amis_generations =
            (uint32_t)weir_option_int(opts, "amis_generations");
}

int weir_breed_settings_read(const struct weir_strategy_env *env,
                             const struct weir_options *opts,
                             struct weir_breed_settings *out)
{
    int64_t preset = weir_option_int(opts, "preset");
    if (preset == OGAS_RELEASE)
        *out = ogas_release;
    else
        use_preset(env, &presets[preset], out);
    take_given(opts, out);
    return weir_population_take(env, opts, "breed", &out->population);
}

double weir_breed_share(const struct weir_breed_settings *set,
                        uint32_t generation)
{
    if (generation > set->breakpoint)
        return set->end;
    return set->start +
           (set->end - set->start) * (generation - 1) / set->breakpoint;
}
