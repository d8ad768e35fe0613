/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_STEERING_H
#define WEIR_PIPELINE_STEERING_H

/**
 * @file
 * Where a strategy sent the simulations: the parameters along which steered
 * ones lie otherwise than drawn ones, most first.
 */
#include "pipeline/report/plot.h"
#include "pipeline/report/recorded.h"

struct weir_steering {
    struct weir_series parameter; /* (simulations, dims) */
    struct weir_series bred, generation;
    size_t most, second; /* dims by how far they were steered */
    char name[2][64];    /* of these two */
};

/**
 * How far: the largest distance between the two cumulative distributions
 * (Kolmogorov and Smirnov's statistic).
 * @return 1; 0 nothing was steered, or there is a single parameter to show
 *         nothing against; -ENOMEM, -WEIR_ECORRUPT
 */
int weir_steering_read(const struct weir_recorded *r,
                       struct weir_steering *out);
void weir_steering_free(struct weir_steering *s);

/** Kolmogorov-Smirnov distance of two samples, which it sorts. */
double weir_ks_distance(double *a, size_t n, double *b, size_t m);

/** Dots over the two parameters, or @p density along the first. */
int weir_steering_plot(const struct weir_steering *s,
                       const struct weir_recorded *r, bool density,
                       struct weir_plot **out);

#endif
