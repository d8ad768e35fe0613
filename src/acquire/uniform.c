/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Independent draws from the target density: what every other strategy is
 * measured against.
 */
#include "acquire/design.h"
#include "acquire/registry.h"
#include "acquire/target.h"
#include "base/err.h"

#include <stdlib.h>

static void uniform_initial(void *self, uint32_t simulation, double *u)
{
    const struct weir_design *design = self;
    weir_target_draw(design->env, simulation, u);
}

static int uniform_create(const struct weir_strategy_env *env,
                          const struct weir_options *opts, void **self)
{
    (void)opts;
    struct weir_design *design = calloc(1, sizeof(*design));
    if (!design)
        return WEIR_FAIL(ENOMEM, "uniform: state");
    design->env = env;
    design->initial = uniform_initial;
    *self = design;
    return 0;
}

const struct weir_strategy_ops weir_strategy_uniform = {
    .name = "uniform",
    .summary = "independent draws from the target density",
    .create = uniform_create,
    .destroy = free,
    .initial = uniform_initial,
    WEIR_DESIGN_OPS,
};
