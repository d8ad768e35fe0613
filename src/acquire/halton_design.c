/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Simulation k takes Halton point k + 1, so that any first part of a run fills
 * the space evenly. `shift` moves all points by one random vector per run seed,
 * modulo 1 (Cranley and Patterson 1976): runs of several seeds then have
 * different designs, each as even as the other.
 */
#include "acquire/design.h"
#include "acquire/halton.h"
#include "acquire/registry.h"
#include "base/err.h"
#include "base/rng.h"

#include <stdlib.h>

/* clang-format off */
static const struct weir_option halton_options[] = {
    {.name = "shift", .type = WEIR_OPTION_BOOL, .fallback = "true",
     .help = "shift the design by a random vector of the run's seed"},
    {0},
};
/* clang-format on */

struct halton {
    struct weir_design design; /* first: the shared part */
    double shift[WEIR_HALTON_DIMS];
};

static void halton_initial(void *self, uint32_t simulation, double *u)
{
    const struct halton *h = self;
    size_t dims = h->design.env->space.n;
    weir_halton((uint64_t)simulation + 1, dims, u);
    for (size_t i = 0; i < dims; i++) {
        u[i] += h->shift[i];
        u[i] -= u[i] >= 1;
    }
}

static int halton_create(const struct weir_strategy_env *env,
                         const struct weir_options *opts, void **self)
{
    if (env->space.n > WEIR_HALTON_DIMS) {
        WEIR_FAIL(WEIR_ECONFIG, "halton: %zu parameters, expected %d or less",
                  env->space.n, WEIR_HALTON_DIMS);
        return weir_err_hint("use the strategy 'uniform'");
    }
    struct halton *h = calloc(1, sizeof(*h));
    if (!h)
        return WEIR_FAIL(ENOMEM, "halton: state");
    h->design.env = env;
    h->design.initial = halton_initial;
    struct weir_rng rng = weir_rng_stream(env->seed, WEIR_RNG_DESIGN, 0);
    if (weir_option_bool(opts, "shift"))
        for (size_t i = 0; i < env->space.n; i++)
            h->shift[i] = weir_rng_uniform(&rng);
    *self = h;
    return 0;
}

const struct weir_strategy_ops weir_strategy_halton = {
    .name = "halton",
    .summary = "a Halton sequence: even cover of the space, no feedback",
    .options = halton_options,
    .create = halton_create,
    .destroy = free,
    .initial = halton_initial,
    WEIR_DESIGN_OPS,
};
