/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/ogas_settings.h"

#include <math.h>

/* clang-format off */
const struct weir_option weir_ogas_options[] = {
    {.name = "preset", .type = WEIR_OPTION_CHOICE, .fallback = "scaled",
     .choices = "scaled|release",
     .help = "periods and network scaled to the run, or as released"},
    WEIR_POPULATION_OPTIONS("loss"),
    {.name = "batch_size", .type = WEIR_OPTION_INT, .fallback = "128",
     .min = 1, .max = 65536, .unit = "pairs",
     .help = "in a training step of the sampler"},
    {.name = "buffer_size", .type = WEIR_OPTION_INT, .fallback = "6000",
     .min = 1, .max = 1e8, .unit = "pairs", .help = "newest ones kept"},
    {.name = "ema_loss_alpha", .type = WEIR_OPTION_REAL, .fallback = "0.3",
     .min = 1e-6, .max = 1,
     .help = "weight of a batch in the moving mean and variance of losses"},
    {.name = "min_max_queue_length", .type = WEIR_OPTION_INT,
     .fallback = "20", .min = 1, .max = WEIR_PAIRS_QUEUE, .unit = "batches",
     .help = "whose least and largest score scale the condition"},
    {.name = "max_loss_value", .type = WEIR_OPTION_REAL, .fallback = "5",
     .min = 1e-6, .max = 1e12, .help = "scores are cut at it"},
    {.name = "normalize_losses", .type = WEIR_OPTION_BOOL,
     .fallback = "true", .help = "scores are standardised losses"},
    {.name = "clip_loss_norm_to_3_sigma", .type = WEIR_OPTION_BOOL,
     .fallback = "false", .help = "cut standardised losses at 3"},
    {.name = "timesteps", .type = WEIR_OPTION_INT, .fallback = "100",
     .min = 2, .max = 10000, .help = "of the diffusion"},
    {.name = "model_dim", .type = WEIR_OPTION_INT, .fallback = "0",
     .min = 0, .max = 8192,
     .help = "width of the network (0: by the number of parameters)"},
    {.name = "lr", .type = WEIR_OPTION_REAL, .fallback = "0",
     .min = 0, .max = 1, .help = "of Adam (0: by the width)"},
    {.name = "guidance_scale", .type = WEIR_OPTION_REAL, .fallback = "5",
     .min = 0, .max = 100,
     .help = "1: the learned conditional density; more exaggerates"},
    {.name = "n_train_steps_per_epoch", .type = WEIR_OPTION_INT,
     .fallback = "1", .min = 1, .max = 1000,
     .help = "training steps of the diffusion at a time"},
    {.name = "max_epoch_per_epoch", .type = WEIR_OPTION_INT,
     .fallback = "50", .min = 1, .max = 1e6,
     .help = "most such times for one batch of losses"},
    {.name = "start", .type = WEIR_OPTION_REAL, .fallback = "0",
     .min = 0, .max = 1, .help = "steered share of the first generation"},
    {.name = "end", .type = WEIR_OPTION_REAL, .fallback = "0.7",
     .min = 0, .max = 1, .help = "steered share from `breakpoint` on"},
    {.name = "breakpoint", .type = WEIR_OPTION_INT, .fallback = "4",
     .min = 1, .max = 1e6, .unit = "generations",
     .help = "generations from start to end"},
    {.name = "loss_sampling_strategy", .type = WEIR_OPTION_CHOICE,
     .fallback = "proportional", .choices = "proportional|uniform_quantile",
     .help = "which scores are asked for"},
    {.name = "alpha", .type = WEIR_OPTION_REAL, .fallback = "1",
     .min = 0, .max = 100,
     .help = "proportional: to (score - least score)^alpha"},
    {.name = "quantile", .type = WEIR_OPTION_REAL, .fallback = "0.9",
     .min = 0, .max = 1, .help = "uniform_quantile: above it"},
    {.name = "learn_sampling_ratio", .type = WEIR_OPTION_BOOL,
     .fallback = "true",
     .help = "weigh pairs as if they had been drawn uniformly"},
    {.name = "resample_oob", .type = WEIR_OPTION_BOOL, .fallback = "true",
     .help = "redraw what is outside the box (false: walls mirror)"},
    {.name = "max_mlp_steps_per_collect", .type = WEIR_OPTION_INT,
     .fallback = "4", .min = 0, .max = 1000,
     .help = "most training steps of the ratio for one batch of losses"},
    {.name = "mlp_hidden", .type = WEIR_OPTION_INT, .fallback = "64",
     .min = 1, .max = 8192, .help = "width of the ratio's network"},
    {.name = "mlp_lr", .type = WEIR_OPTION_REAL, .fallback = "1e-3",
     .min = 1e-9, .max = 1, .help = "of the ratio's Adam"},
    {.name = "mlp_weight_decay", .type = WEIR_OPTION_REAL,
     .fallback = "0.01", .min = 0, .max = 1, .help = "of the same"},
    {.name = "horizon", .type = WEIR_OPTION_INT, .fallback = "0",
     .min = 0, .max = 1e9, .unit = "simulations",
     .help = "next to start that a generation steers (0: twice those that "
             "start until the next one)"},
    {0},
};
/* clang-format on */

#define FEW        8
#define RELEASED   1024
#define RELEASE_LR 2e-4

static void take_preset(const struct weir_strategy_env *env, bool release,
                        struct weir_ogas_settings *s)
{
    s->population = weir_population_fractions(env, 0.15, 0.05, 0.025, 0);
    s->model_dim = env->space.n <= FEW ? 64 : 256;
    if (!release)
        return;
    s->population.nn_updates = 100;
    s->population.min_finished = 0;
    s->population.min_finished_period = 41;
    s->population.threshold = 10;
    s->model_dim = RELEASED;
}

/* As many as start in two generations' time, at the planned rate. */
static uint32_t horizon(const struct weir_strategy_env *env,
                        const struct weir_ogas_settings *s)
{
    double each = env->samples_per_batch / env->samples_per_simulation;
    double starts = each * s->population.nn_updates;
    if (!(starts > 0))
        return UINT32_MAX;
    return (uint32_t)fmin(fmax(8, ceil(2 * starts)), UINT32_MAX);
}

static uint32_t whole(const struct weir_options *opts, const char *name)
{
    return (uint32_t)weir_option_int(opts, name);
}

static void take_pairs(const struct weir_strategy_env *env,
                       const struct weir_options *opts,
                       struct weir_pairs_settings *p)
{
    *p = (struct weir_pairs_settings){
        .dims = env->space.n,
        .buffer_size = whole(opts, "buffer_size"),
        .min_max_queue_length = whole(opts, "min_max_queue_length"),
        .ema_loss_alpha = weir_option_real(opts, "ema_loss_alpha"),
        .max_loss_value = weir_option_real(opts, "max_loss_value"),
        .normalize_losses = weir_option_bool(opts, "normalize_losses"),
        .clip_loss_norm_to_3_sigma =
            weir_option_bool(opts, "clip_loss_norm_to_3_sigma"),
        .delta = weir_option_int(opts, "value_to_register") == 0,
    };
}

static void take_networks(const struct weir_options *opts,
                          struct weir_ogas_settings *s)
{
    if (weir_option_int(opts, "model_dim") > 0)
        s->model_dim = (int)weir_option_int(opts, "model_dim");
    s->blocks = 2;
    s->lr = weir_option_real(opts, "lr");
    if (s->lr == 0)
        s->lr = RELEASE_LR * RELEASED / s->model_dim;
    s->batch_size = whole(opts, "batch_size");
    s->timesteps = (int)weir_option_int(opts, "timesteps");
    s->guidance_scale = weir_option_real(opts, "guidance_scale");
    s->n_train_steps_per_epoch = whole(opts, "n_train_steps_per_epoch");
    s->max_epoch_per_epoch = whole(opts, "max_epoch_per_epoch");
    s->learn_sampling_ratio = weir_option_bool(opts, "learn_sampling_ratio");
    s->max_mlp_steps_per_collect = whole(opts, "max_mlp_steps_per_collect");
    s->mlp_hidden = (int)weir_option_int(opts, "mlp_hidden");
    s->mlp_lr = weir_option_real(opts, "mlp_lr");
    s->mlp_weight_decay = weir_option_real(opts, "mlp_weight_decay");
}

int weir_ogas_settings_read(const struct weir_strategy_env *env,
                            const struct weir_options *opts,
                            struct weir_ogas_settings *out)
{
    *out = (struct weir_ogas_settings){0};
    take_preset(env, weir_option_int(opts, "preset") == 1, out);
    int rc = weir_population_take(env, opts, "ogas", &out->population);
    take_pairs(env, opts, &out->pairs);
    take_networks(opts, out);
    out->start = weir_option_real(opts, "start");
    out->end = weir_option_real(opts, "end");
    out->breakpoint = whole(opts, "breakpoint");
    out->loss_sampling_strategy =
        (enum weir_target_rule)weir_option_int(opts, "loss_sampling_strategy");
    out->alpha = weir_option_real(opts, "alpha");
    out->quantile = weir_option_real(opts, "quantile");
    out->resample_oob = weir_option_bool(opts, "resample_oob");
    out->horizon = whole(opts, "horizon");
    if (!rc && out->horizon == 0)
        out->horizon = horizon(env, out);
    return rc;
}

double weir_ogas_share(const struct weir_ogas_settings *set,
                       uint32_t generation)
{
    if (generation > set->breakpoint)
        return set->end;
    return set->start +
           (set->end - set->start) * (generation - 1) / set->breakpoint;
}
