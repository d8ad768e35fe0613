/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_POOL_DISTANCE_H
#define WEIR_PIPELINE_POOL_DISTANCE_H

/**
 * @file
 * A coordinate that follows from others: how far two points lie apart that
 * parameters place (pool.distance_of). The smart-surrogates study (arXiv
 * 2407.07674) chooses diverse problems by six numbers, each scaled to [0, 1]: two
 * centres, an intensity, and the distance of the centres. There a number's least
 * and largest value in the files scale it, here those that the ranges allow.
 */
#include "io/config.h"

#define WEIR_POOL_AXES 4

struct weir_pool_distance {
    size_t n; /* coordinates of a point; 0: none */
    size_t a[WEIR_POOL_AXES], b[WEIR_POOL_AXES]; /* parameters */
    double most;
};

/** @return 0, -WEIR_ECONFIG names that are no parameters, or an odd number */
int weir_pool_distance_read(const struct weir_config *cfg,
                            struct weir_pool_distance *out);

/** In [0, 1], of the simulation at @p u; @p value has room for its parameters. */
double weir_pool_distance(const struct weir_pool_distance *d,
                          const struct weir_config *cfg, const double *u,
                          double *value);

#endif
