/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * LCMD, largest cluster maximum distance (Holzmueller et al., JMLR 2023; as in
 * AL4PDE): what has run or is chosen are centres of clusters; of the one with
 * the largest sum of squared distances the farthest candidate is next. Features
 * are those of `coreset`.
 */
#include "acquire/candidates.h"
#include "acquire/registry.h"

/* clang-format off */
static const struct weir_option options[] = {
    WEIR_CANDIDATES_FEATURES,
    WEIR_CANDIDATES_ROLLOUT,
    WEIR_CANDIDATES_OPTIONS,
    {0},
};
/* clang-format on */

static const struct weir_candidates_method method = {
    .name = "lcmd",
    .rule = WEIR_CANDIDATES_LCMD,
};

WEIR_CANDIDATES_STRATEGY(
    lcmd, "candidates that open up the largest clusters, by what the net sees",
    options);
