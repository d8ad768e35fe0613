/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SBAL, "stochastic batch active learning" (Kirsch et al. 2023, as AL4PDE,
 * arXiv 2408.01536, and OGAS, arXiv 2606.09949, have it): candidates are drawn
 * without replacement with p ~ S^beta, S the members' disagreement over their
 * rollouts.
 */
#include "acquire/candidates.h"
#include "acquire/registry.h"

/* clang-format off */
static const struct weir_option options[] = {
    {.name = "beta", .type = WEIR_OPTION_REAL, .fallback = "1", .min = 0,
     .max = 1e6, .help = "p ~ S^beta: 0 does not look at S"},
    WEIR_CANDIDATES_SCORE,
    WEIR_CANDIDATES_ROLLOUT,
    WEIR_CANDIDATES_OPTIONS,
    {0},
};
/* clang-format on */

static const struct weir_candidates_method method = {
    .name = "sbal",
    .score = "disagreement",
    .rule = WEIR_CANDIDATES_POWER,
};

WEIR_CANDIDATES_STRATEGY(
    sbal, "candidates drawn by how unsure rollouts are, p ~ S^beta", options);
