/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_POSITION_H
#define WEIR_NN_POSITION_H

/**
 * @file
 * Log-spaced continuous position bias (Liu et al. 2022, Swin V2): what is added
 * to the score of two tokens of a window follows from how far apart they are,
 *
 *     bias_h(i, j) = 16 sigmoid(W2_h relu(W0 r~(i - j) + b0))
 *     r~ = sign(r) log2(1 + 8 |r| / (n - 1)) / 3     along an axis of n tokens
 *
 * It does not depend on the input: made once a pass, for all samples.
 */
#include <stddef.h>

/** Hidden numbers of the perceptron. */
#define WEIR_POSITION_HIDDEN 512

struct weir_position {
    int rows, points; /* of a window */
    int heads;
    int offsets;  /* (2 rows - 1)(2 points - 1) */
    float *apart; /* r~ of each offset, rows first; key minus query ascending */
};

/** Parameters or their gradients: (512, 2), (512), (heads, 512). */
struct weir_position_weights {
    const float *w0, *b0, *w2;
};
struct weir_position_gradients {
    float *w0, *b0, *w2;
};

/** @return 0 or -ENOMEM */
int weir_position_create(int rows, int points, int heads,
                         struct weir_position *p);
void weir_position_free(struct weir_position *p);

/** Floats of a bias, [heads][tokens][tokens]. */
size_t weir_position_bias(const struct weir_position *p);
/** Floats of `work` below. */
size_t weir_position_work(const struct weir_position *p);

/** Write @p bias, [heads][query][key]. @return 0 or -WEIR_EENV */
int weir_position_forward(const struct weir_position *p,
                          const struct weir_position_weights *w, float *work,
                          float *bias);
/** The adjoint, from @p dbias; gradients are overwritten. Needs no forward. */
int weir_position_backward(const struct weir_position *p,
                           const struct weir_position_weights *w, float *work,
                           const float *dbias,
                           const struct weir_position_gradients *g);

#endif
