/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PDE_PRODUCT_H
#define WEIR_PDE_PRODUCT_H

/**
 * @file
 * A non-linear term, from coefficients to coefficients: operands go to the
 * grid, one function combines them point by point, its results come back.
 *
 * Two dimensions are done in two passes that keep every transform in the first
 * cache. Columns, four at a time: only kept columns are transformed, a third
 * less than the whole. Then the grid rows, two at a time: with row r as real and
 * row r + 1 as imaginary part, one complex transform does both, which FFTW runs
 * faster than two real ones; all operands to the grid, combine, back to
 * coefficients; a field is never stored on the grid. Columns again, and the mask
 * drops what it drops.
 */
#include "pde/spectrum.h"

#define WEIR_MAX_OPERANDS 4

/** Operator @c apply on channel @c channel. */
struct weir_operand {
    int channel;
    enum weir_operator apply;
};

/** Results from operands at @p n points, in an order of no concern to it. */
typedef void weir_pointwise(const double *coefficient, const double *const *in,
                            double *const *out, size_t n);

/**
 * No operands: no term. Each result is operated on and added to a channel; there
 * are at most as many results as operands.
 */
struct weir_product {
    int operands, results;
    struct weir_operand in[WEIR_MAX_OPERANDS];
    struct weir_operand out[WEIR_MAX_OPERANDS];
    weir_pointwise *point;
};

/** Doubles of work area, aligned to 64 bytes, for one evaluation. */
size_t weir_product_work(const struct weir_product *p,
                         const struct weir_spectrum *s);

/**
 * out = product(u): kept modes of @p channels channels, both. @p k0 is
 * 2 pi / L.
 */
void weir_product_evaluate(const struct weir_product *p,
                           const struct weir_spectrum *s,
                           const double *coefficient, double k0, int channels,
                           const double *u, double *out, double *work);

#endif
