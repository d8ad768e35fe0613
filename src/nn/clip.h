/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_CLIP_H
#define WEIR_NN_CLIP_H

/**
 * @file
 * Gradients that are too large are scaled down to a limit of their global norm
 * g (the root of the sum of squares of all elements):
 *
 *   fixed     limit = a number
 *   adaptive  limit = a factor times a running norm r of the steps before: the
 *             largest g so far during warm-up, then r + 0.05 (min(g, limit) -
 *             r). The first step is never clipped. (As the AL4PDE and OGAS
 *             codes do.)
 *
 * The scale is limit / (g + 1e-6) where that is below 1 (as PyTorch's
 * clip_grad_norm_).
 *
 * The norm is a sum of the squares of fixed pieces of the vector, added in
 * order: pieces may be summed by anyone, and the bits stay the same.
 */
#include <stddef.h>
#include <stdint.h>

enum weir_clip_rule {
    WEIR_CLIP_NONE,
    WEIR_CLIP_FIXED,
    WEIR_CLIP_ADAPTIVE,
};

/** The words a config uses, in the order of the enum. */
#define WEIR_CLIP_CHOICES "none|fixed|adaptive"

struct weir_clip_config {
    enum weir_clip_rule rule;
    double limit;          /* fixed: of g; adaptive: the factor */
    uint64_t warmup_steps; /* adaptive: r is the largest so far */
};

/** What a gradient of norm @p norm at @p step is multiplied by; at most 1.
 * @param running r, 0 before the first step; changed by adaptive */
double weir_clip_scale(const struct weir_clip_config *config, uint64_t step,
                       double norm, double *running);

/** Floats in a piece; a multiple of a cache line. */
#define WEIR_NORM_PIECE 512

/** Pieces of a vector of @p n floats. */
static inline size_t weir_norm_pieces(size_t n)
{
    return (n + WEIR_NORM_PIECE - 1) / WEIR_NORM_PIECE;
}

/**
 * Squares of the pieces that begin in [from, to), each into its own place of
 * @p sum. @p from is the begin of a piece, @p to another one or the vector's
 * end.
 */
void weir_norm_add(const float *grad, size_t from, size_t to, double *sum);

/** The norm of the vector whose @p n pieces have these sums. */
double weir_norm(const double *sum, size_t n);

#endif
