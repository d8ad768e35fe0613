/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_MATRIX_H
#define WEIR_ACQUIRE_MATRIX_H

/**
 * @file
 * Matrix products for the small networks of strategies, on the calling thread.
 * Each element is one sum, added in the order of k: a row of the result has the
 * same bits whatever other rows are computed with it, and on every vector width.
 */
#include <stddef.h>

/** Element (i, k) is at[i * row + k * column]. */
struct weir_strided {
    const float *at;
    size_t row, column;
};

/**
 * c = a b + bias: @p c is m x n, @p a m x k, @p b k x n; b and c row-major
 * without gaps.
 * @param bias  n numbers; NULL: zero
 */
void weir_matrix_product(size_t m, size_t n, size_t k, struct weir_strided a,
                         const float *b, const float *bias, float *c);

/** The transpose, n x m, of the row-major m x n matrix @p a. */
void weir_matrix_transpose(size_t m, size_t n, const float *a, float *out);

#endif
