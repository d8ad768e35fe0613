/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Latin hypercube over the budget n (McKay, Beckman, Conover 1979): along every
 * axis each of the n intervals of width 1/n holds one simulation. Simulation k
 * has interval p_i(k) of axis i, p_i a permutation of its own (shuffle.h), and
 * lies in it where `uniform` would lie in the whole axis.
 *
 * Simulations beyond the budget (redraws of failed ones) begin another
 * hypercube of n with other permutations: there are few, so they are random
 * draws without two in one interval. Failures leave their intervals empty.
 */
#include "acquire/design.h"
#include "acquire/registry.h"
#include "acquire/shuffle.h"
#include "acquire/target.h"
#include "base/err.h"

#include <math.h>
#include <stdlib.h>

static void lhs_initial(void *self, uint32_t simulation, double *u)
{
    const struct weir_design *design = self;
    const struct weir_strategy_env *env = design->env;
    uint32_t n = env->budget;
    uint64_t cube = simulation / n;
    weir_target_draw(env, simulation, u);
    for (size_t i = 0; i < env->space.n; i++) {
        uint32_t interval =
            weir_shuffled(simulation % n, n, env->seed, cube << 32 | i);
        u[i] = fmin((interval + u[i]) / n, 1 - 0x1p-53);
    }
}

static int lhs_create(const struct weir_strategy_env *env,
                      const struct weir_options *opts, void **self)
{
    (void)opts;
    if (!env->budget)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "lhs: a budget of 0 simulations, expected 1 or more");
    struct weir_design *design = calloc(1, sizeof(*design));
    if (!design)
        return WEIR_FAIL(ENOMEM, "lhs: state");
    design->env = env;
    design->initial = lhs_initial;
    *self = design;
    return 0;
}

const struct weir_strategy_ops weir_strategy_lhs = {
    .name = "lhs",
    .summary = "a Latin hypercube over the budget, no feedback",
    .create = lhs_create,
    .destroy = free,
    .initial = lhs_initial,
    WEIR_DESIGN_OPS,
};
