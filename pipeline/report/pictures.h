/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_PICTURES_H
#define WEIR_PIPELINE_PICTURES_H

/**
 * @file
 * The pictures of a report, in the order people ask: how good did it become,
 * what did that cost in simulations, where did the strategy look, what was the
 * machine doing meanwhile. To add one: a function, and a line in the table.
 */
#include "pipeline/report/recorded.h"

#include <stdio.h>

/**
 * Draw all pictures that @p runs have something for, a <figure> each.
 * @return 0, or what reading or drawing refused
 */
int weir_pictures_draw(const struct weir_recorded *runs, size_t n, FILE *page);

#endif
