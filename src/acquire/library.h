/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_LIBRARY_H
#define WEIR_ACQUIRE_LIBRARY_H

/**
 * @file
 * Strategies in shared objects (weir/strategy.h says how one is made).
 */
#include "weir/strategy.h"

/** Whether @p name means a file: it has a slash in it. */
bool weir_strategy_is_path(const char *name);

/**
 * Load the strategy in the shared object at @p path. A path that was loaded
 * before gives the same strategy; nothing is ever unloaded.
 * Threads: one at a time.
 *
 * @return 0
 * @return -WEIR_ECONFIG it cannot be loaded, defines no `weir_strategy`, was
 *         built for another interface, or leaves a function out; the message
 *         says which
 * @return -ENOMEM
 */
int weir_strategy_load(const char *path, const struct weir_strategy_ops **out);

#endif
