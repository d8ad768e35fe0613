/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Core-Set (Sener, Savarese 2018; as in AL4PDE): k-centre greedy, again and
 * again the candidate farthest from all that has run or is chosen, in a sketch
 * of what the surrogate's last layer reads along a rollout.
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
    .name = "coreset",
    .rule = WEIR_CANDIDATES_CENTRES,
};

WEIR_CANDIDATES_STRATEGY(
    coreset, "candidates far from all that has run, by what the net sees",
    options);
