/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_POOL_ROUNDS_H
#define WEIR_PIPELINE_POOL_ROUNDS_H

/**
 * @file
 * What more labels were worth.
 */
#include "io/config.h"

/**
 * Print the errors of each round of the pool run in @p dir beside its number of
 * labels, as the rounds' run.h5 have them: of the test set, or of the last
 * validation where there is none.
 */
void weir_pool_print_rounds(const struct weir_config *cfg, const char *dir);

#endif
