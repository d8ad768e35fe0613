/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_REGISTRY_H
#define WEIR_ACQUIRE_REGISTRY_H

/**
 * @file
 * Every acquisition strategy there is. A new one is a file that defines
 * `const struct weir_strategy_ops weir_strategy_<name>` and one line here.
 */
#include "weir/strategy.h"

/* clang-format off */
#define WEIR_STRATEGIES(X)                                                     \
    X(uniform)                                                                 \
    X(halton)                                                                  \
    X(sobol)                                                                   \
    X(lhs)                                                                     \
    X(breed)                                                                   \
    X(breed_offline)                                                           \
    X(r3)                                                                      \
    X(ogas)                                                                    \
    X(sbal)                                                                    \
    X(topk)                                                                    \
    X(coreset)                                                                 \
    X(lcmd)                                                                    \
    X(entropy)                                                                 \
    X(tod)                                                                     \
    X(diversity)                                                               \
    X(hybrid)                                                                  \
    X(listed)
/* clang-format on */

#define X(name) extern const struct weir_strategy_ops weir_strategy_##name;
WEIR_STRATEGIES(X)
#undef X

/**
 * The strategy called @p name, or that of the shared object at the path @p name
 * if it has a slash in it (library.h).
 * @return the strategy, or NULL with library.h's record, or with a -WEIR_ECONFIG record whose hint names
 *         the nearest strategy, or all of them when none is near
 */
const struct weir_strategy_ops *weir_strategy_find(const char *name);

/** All strategies, in the order of WEIR_STRATEGIES; @p n may be NULL. */
const struct weir_strategy_ops *const *weir_strategy_list(size_t *n);

#endif
