/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_KERNEL_H
#define WEIR_ACQUIRE_KERNEL_H

/**
 * @file
 * The step from a parent to its child in the unit cube: a normal step of
 * `sigma` along every axis, and a rule for steps that leave the cube.
 *
 * - shrink: the child is redrawn as a whole with sigma * oob_factor, then
 *   sigma * oob_factor^2, ..., max_oob times; then it is its parent. Melissa's
 *   rule. In many dimensions nearly every child becomes a close copy: with 309
 *   axes and sigma 0.1 it moves by 0.002 of the range along each.
 * - wrap: the same, but axes whose parameter wraps go on at their other end and
 *   are never outside.
 * - reflect: axes that wrap do so, every other one is mirrored at its walls, by
 *   itself. No redraws: a child moves by sigma along each axis, in any number
 *   of dimensions.
 *
 * The density is that of the rule, not of the free normal step. For shrink and
 * wrap it is the sum over redraws i of N(child; parent, sigma_i) times the
 * probability that all earlier draws fell outside, which is a product over
 * axes; the rest of probability, all redraws outside, sits on the parent and is
 * left out. For reflect and for wrapping axes it is the sum over all mirror
 * images, or copies, of the child.
 */
#include "base/rng.h"
#include "weir/space.h"

#include <stdint.h>

enum weir_boundary {
    WEIR_BOUNDARY_SHRINK,
    WEIR_BOUNDARY_WRAP,
    WEIR_BOUNDARY_REFLECT,
};

struct weir_kernel {
    struct weir_space space;
    enum weir_boundary boundary;
    double sigma;      /* > 0, of each axis */
    double oob_factor; /* in (0, 1] */
    uint32_t max_oob;
};

/**
 * Draw a child.
 * @param[out] u  coordinates in [0, 1]; below 1 on axes that wrap
 */
void weir_kernel_draw(const struct weir_kernel *kernel, struct weir_rng *rng,
                      const double *parent, double *u);

/** Logarithm of the density of child @p u; -HUGE_VAL where there is none. */
double weir_kernel_log_density(const struct weir_kernel *kernel,
                               const double *parent, const double *u);

/** log(e^a + e^b); either may be -HUGE_VAL. */
double weir_log_sum(double a, double b);

#endif
