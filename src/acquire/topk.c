/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Top-K: the candidates an ensemble disagrees about most, of whose rollouts
 * `share` of the simulations are made; the others are drawn from what is left
 * of the pool (AL4PDE: share 1; the release of OGAS: 0.7).
 */
#include "acquire/candidates.h"
#include "acquire/registry.h"

/* clang-format off */
static const struct weir_option options[] = {
    {.name = "share", .type = WEIR_OPTION_REAL, .fallback = "1", .min = 0,
     .max = 1, .help = "of the largest scores (not given: by preset)"},
    WEIR_CANDIDATES_SCORE,
    WEIR_CANDIDATES_ROLLOUT,
    WEIR_CANDIDATES_OPTIONS,
    {0},
};
/* clang-format on */

static const struct weir_candidates_method method = {
    .name = "topk",
    .score = "disagreement",
    .rule = WEIR_CANDIDATES_TOP,
};

WEIR_CANDIDATES_STRATEGY(
    topk, "candidates of which rollouts are least sure, and some at random",
    options);
