/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Temporal output discrepancy (Huang et al., ICCV 2021; as stated in arXiv
 * 2407.07674): the candidates whose predictions change most, as the 2-norm says,
 * from weights to those T = `apart` gradient steps later.
 */
#include "acquire/candidates.h"
#include "acquire/registry.h"

/* clang-format off */
static const struct weir_option options[] = {
    WEIR_CANDIDATES_APART,
    WEIR_CANDIDATES_ROLLOUT,
    WEIR_CANDIDATES_OPTIONS,
    {0},
};
/* clang-format on */

static const struct weir_candidates_method method = {
    .name = "tod",
    .score = "tod",
    .rule = WEIR_CANDIDATES_TOP,
};

WEIR_CANDIDATES_STRATEGY(
    tod, "candidates whose predictions a gradient step changes most", options);
