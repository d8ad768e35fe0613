/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Diversity of parameters (arXiv 2407.07674): k-centre greedy on parameters,
 * each scaled by its range. It asks the surrogate nothing.
 */
#include "acquire/candidates.h"
#include "acquire/registry.h"

/* clang-format off */
static const struct weir_option options[] = {
    WEIR_CANDIDATES_OPTIONS,
    {0},
};
/* clang-format on */

static const struct weir_candidates_method method = {
    .name = "diversity",
    .rule = WEIR_CANDIDATES_CENTRES,
    .by_parameters = true,
};

WEIR_CANDIDATES_STRATEGY(
    diversity, "candidates whose parameters are far from all that has run",
    options);
