/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Simulation k takes Sobol point k. The first 2^m simulations are the best
 * balanced ones, so budgets that are powers of two make the most of it.
 */
#include "acquire/design.h"
#include "acquire/registry.h"
#include "acquire/sobol.h"
#include "base/err.h"

#include <stdlib.h>

/* clang-format off */
static const struct weir_option sobol_options[] = {
    {.name = "scramble", .type = WEIR_OPTION_CHOICE, .fallback = "owen",
     .choices = "none|shift|owen",
     .help = "how the run's seed randomises the design"},
    {0},
};
/* clang-format on */

struct sobol {
    struct weir_design design; /* first: the shared part */
    struct weir_sobol *points;
};

static void sobol_initial(void *self, uint32_t simulation, double *u)
{
    const struct sobol *s = self;
    weir_sobol_point(s->points, simulation, u);
}

static void sobol_destroy(void *self)
{
    struct sobol *s = self;
    weir_sobol_destroy(s->points);
    free(s);
}

static int sobol_create(const struct weir_strategy_env *env,
                        const struct weir_options *opts, void **self)
{
    if (env->space.n > WEIR_SOBOL_DIMS) {
        WEIR_FAIL(WEIR_ECONFIG, "sobol: %zu parameters, expected %d or less",
                  env->space.n, WEIR_SOBOL_DIMS);
        return weir_err_hint("use the strategy 'lhs' or 'uniform'");
    }
    struct sobol *s = calloc(1, sizeof(*s));
    if (!s)
        return WEIR_FAIL(ENOMEM, "sobol: state");
    s->design.env = env;
    s->design.initial = sobol_initial;
    int rc = weir_sobol_create(
        env->space.n,
        (enum weir_sobol_scramble)weir_option_int(opts, "scramble"), env->seed,
        &s->points);
    if (rc) {
        sobol_destroy(s);
        return WEIR_NOTE(rc, "sobol");
    }
    *self = s;
    return 0;
}

const struct weir_strategy_ops weir_strategy_sobol = {
    .name = "sobol",
    .summary = "a scrambled Sobol sequence: even in pairs too, no feedback",
    .options = sobol_options,
    .create = sobol_create,
    .destroy = sobol_destroy,
    .initial = sobol_initial,
    WEIR_DESIGN_OPS,
};
