/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_SOFTMAX_H
#define WEIR_NN_SOFTMAX_H

/**
 * @file
 * Softmax of the rows of a square matrix of scores, as attention uses it: with
 * a bias for each pair and, optionally, pairs that are apart. By hand: oneDNN
 * runs the backward pass on its reference version.
 */

/** Added to the score of a pair that is apart. */
#define WEIR_APART (-100.0F)

/**
 * s = softmax(s + bias [+ WEIR_APART where region differs]) row by row, in
 * place; @p n rows of @p n. @p region NULL: no pair is apart.
 */
void weir_softmax(int n, const float *bias, const int *region, float *s);

/**
 * Its adjoint: from p, the result, and ds = dL/dp the gradient dL/ds in place,
 * which is also added to @p dbias.
 */
void weir_softmax_back(int n, const float *p, float *ds, float *dbias);

#endif
