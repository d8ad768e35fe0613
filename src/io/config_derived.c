/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/config.h"

#include <math.h>
#include <string.h>

int weir_config_samples_per_simulation(const struct weir_config *cfg)
{
    return cfg->simulations.steps - cfg->training.unroll + 1;
}

static double all_samples(const struct weir_config *cfg)
{
    return (double)cfg->simulations.budget *
           weir_config_samples_per_simulation(cfg);
}

double weir_config_samples_per_batch(const struct weir_config *cfg)
{
    if (cfg->reservoir.samples_per_batch > 0)
        return cfg->reservoir.samples_per_batch;
    if (cfg->training.steps == 0)
        return cfg->training.batch / 4.0;
    return all_samples(cfg) / cfg->training.steps;
}

int64_t weir_config_planned_steps(const struct weir_config *cfg)
{
    if (cfg->training.steps)
        return cfg->training.steps;
    /* FIRO and FIFO use a sample once, so a step takes a whole batch. */
    double per_step = cfg->reservoir.rule == WEIR_RULE_RESERVOIR
                          ? weir_config_samples_per_batch(cfg)
                          : cfg->training.batch;
    return (int64_t)ceil(all_samples(cfg) / per_step);
}

int weir_config_max_redraws(const struct weir_config *cfg)
{
    return cfg->simulations.max_redraws ? cfg->simulations.max_redraws
                                        : cfg->simulations.budget / 4 + 16;
}

double weir_config_clip_limit(const struct weir_config *cfg)
{
    if (cfg->training.clip_limit > 0)
        return cfg->training.clip_limit;
    return cfg->training.clip == WEIR_CLIP_ADAPTIVE ? 5 : 1;
}

int64_t weir_config_warmup_steps(const struct weir_config *cfg)
{
    return cfg->training.warmup_steps ? cfg->training.warmup_steps
                                      : weir_config_planned_steps(cfg) / 20;
}

bool weir_config_shows(const struct weir_config *cfg, const char *area)
{
    size_t length = strlen(area);
    for (const char *p = cfg->log; *p;) {
        p += strspn(p, ", ");
        size_t n = strcspn(p, ", ");
        if ((n == length && !memcmp(p, area, n)) ||
            (n == 3 && !memcmp(p, "all", n)))
            return true;
        p += n;
    }
    return false;
}
