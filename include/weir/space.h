/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SPACE_H
#define WEIR_SPACE_H

/**
 * @file
 * The space of parameters a run samples: a box of named axes and a target
 * density on it. Strategies work in the unit cube and never see units;
 * weir_space_to_box and _to_unit convert.
 *
 * The map makes the target density uniform in the cube: along each axis a cube
 * coordinate is the probability of a smaller value. So whatever is said of the
 * cube is said of the target. A uniform share is a share of target draws; a
 * design, or validation points, even in the cube are even in target
 * probability; a weight that divides by a density in the cube divides by the
 * ratio of that density to the target's; and a step of a fraction of the cube's
 * edge is one of probability, shorter where the target is dense.
 *
 * Axes are independent or tied by a Gaussian copula: normal scores of the cube
 * coordinates are made to correlate. With normal axes that is the correlated
 * normal distribution, cut off at the box axis by axis.
 */
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum weir_axis {
    WEIR_AXIS_LINEAR,
    WEIR_AXIS_LOG, /* the axis is that of the logarithm; needs 0 < low */
};

/** The target along the axis. */
enum weir_density {
    WEIR_DENSITY_UNIFORM, /* on a log axis: log-uniform */
    WEIR_DENSITY_NORMAL, /* cut off at low and high; on a log axis log-normal */
    WEIR_DENSITY_SAMPLES, /* of given values, straight between them */
};

/** One sampled parameter. */
struct weir_parameter {
    const char *name;
    const char *unit; /* NULL: dimensionless */
    double low, high; /* low < high */
    enum weir_axis axis;
    bool wraps;       /* low and high are the same point (a phase) */
    bool coefficient; /* of the equation: frames do not show it */
    enum weir_density density;
    double mean;          /* NORMAL; of a log axis: the geometric mean */
    double deviation;     /* NORMAL; of a log axis: that of the natural log */
    const double *sample; /* SAMPLES: ascending, in [low, high] */
    size_t samples;       /* 2 or more */
};

/** An ordered list of parameters. The arrays outlive the space. */
struct weir_space {
    size_t n;
    const struct weir_parameter *parameter;
    /** Lower Cholesky factor [n][n] of the correlations of the normal scores,
     *  a unit diagonal before factoring; NULL: independent axes. */
    const double *correlation;
};

/** Unit-cube coordinates to parameters, u in [0, 1]. In place allowed. */
void weir_space_to_box(const struct weir_space *space, const double *u,
                       double *x);
/**
 * The inverse; x in the box. A parameter of an independent axis on a boundary
 * maps to exactly 0 or 1. Where equal samples leave a choice, the least u.
 */
void weir_space_to_unit(const struct weir_space *space, const double *x,
                        double *u);

/** Whether two spaces have equal axes, ranges and densities, names aside. */
bool weir_space_equal(const struct weir_space *a, const struct weir_space *b);

/**
 * Probability that the normal density of @p p gives its range before it is cut
 * off; 1 for other densities.
 */
double weir_parameter_mass(const struct weir_parameter *p);

#ifdef __cplusplus
}
#endif
#endif
