/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hybrid: a rule of diversity among the candidates of the largest scores; what
 * the papers name as future work. Any score of uncertainty, any of the two
 * rules, on features of the net or on parameters.
 */
#include "acquire/candidates.h"
#include "acquire/registry.h"

/* clang-format off */
static const struct weir_option options[] = {
    {.name = "score", .type = WEIR_OPTION_CHOICE, .fallback = "disagreement",
     .choices = "disagreement|entropy|tod|evidential", .help = "whose largest are looked at"},
    {.name = "fraction", .type = WEIR_OPTION_REAL, .fallback = "0.2",
     .min = 1e-6, .max = 1, .unit = "of the pool", .help = "that is looked at"},
    {.name = "rule", .type = WEIR_OPTION_CHOICE, .fallback = "centres",
     .choices = "centres|lcmd", .help = "of diversity, as coreset or lcmd"},
    {.name = "distance", .type = WEIR_OPTION_CHOICE, .fallback = "features",
     .choices = "features|parameters", .help = "what it is measured on"},
    WEIR_CANDIDATES_FEATURES,
    WEIR_CANDIDATES_PASSES,
    WEIR_CANDIDATES_APART,
    WEIR_CANDIDATES_ROLLOUT,
    WEIR_CANDIDATES_OPTIONS,
    {0},
};
/* clang-format on */

static const struct weir_candidates_method method = {.name = "hybrid"};

WEIR_CANDIDATES_STRATEGY(hybrid,
                         "diverse candidates among those of the largest scores",
                         options);
