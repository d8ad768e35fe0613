/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_EVAL_REGIONS_H
#define WEIR_PIPELINE_EVAL_REGIONS_H

/**
 * @file
 * The part of `weir eval`'s report that tells errors by region.
 */
#include "pipeline/stages/regions.h"

/**
 * A line per region, a column per weight; nothing where there are no regions.
 * @param other  another surrogate on the same set, for ratios; may be NULL
 */
void weir_print_regions(const struct weir_regions *mine,
                        const struct weir_regions *other);

#endif
