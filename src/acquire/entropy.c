/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * "Entropy" by Monte Carlo dropout (arXiv 2407.07674): the candidates for which
 * predictions with other units dropped differ most. Its equation 2 is the
 * default; `weight: 2000` is what its code ran.
 */
#include "acquire/candidates.h"
#include "acquire/registry.h"

/* clang-format off */
static const struct weir_option options[] = {
    WEIR_CANDIDATES_PASSES,
    WEIR_CANDIDATES_ROLLOUT,
    WEIR_CANDIDATES_OPTIONS,
    {0},
};
/* clang-format on */

static const struct weir_candidates_method method = {
    .name = "entropy",
    .score = "entropy",
    .rule = WEIR_CANDIDATES_TOP,
};

WEIR_CANDIDATES_STRATEGY(entropy,
                         "candidates whose predictions differ with dropout",
                         options);
