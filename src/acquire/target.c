/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/target.h"

#include "base/rng.h"

void weir_target_draw(const struct weir_strategy_env *env, uint32_t simulation,
                      double *u)
{
    struct weir_rng rng =
        weir_rng_stream(env->seed, WEIR_RNG_PARAMETERS, simulation);
    for (size_t i = 0; i < env->space.n; i++)
        u[i] = weir_rng_uniform(&rng);
}
