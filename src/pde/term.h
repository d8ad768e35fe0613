/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PDE_TERM_H
#define WEIR_PDE_TERM_H

/**
 * @file
 * Non-linear terms that several equations share. In each, coefficient 0 is the
 * b of the formula.
 */
#include "pde/product.h"

/** -b/2 (u^2)_x of channel 0, one dimension. */
extern const struct weir_product weir_convection;
/** -b u u_x of channel 0: the same for smooth u, another truncation error. */
extern const struct weir_product weir_advection;
/** -b/2 (u_x)^2 of channel 0, one dimension. */
extern const struct weir_product weir_gradient_norm;
/** -b/2 |grad u|^2 of channel 0, two dimensions. */
extern const struct weir_product weir_gradient_norm_2d;
/** No non-linear term. */
extern const struct weir_product weir_no_product;

/** A finish that takes the mean out of channel 0's non-linear term. */
void weir_remove_mean(const double *coefficient, const struct weir_spectrum *s,
                      const double *u, double *out);

#endif
