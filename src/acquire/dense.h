/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_DENSE_H
#define WEIR_ACQUIRE_DENSE_H

/**
 * @file
 * A small network of a strategy's own, trained on the acquisition thread:
 *   h_0 = s(x W_0 + b_0),  h_i = h_{i-1} + s(h_{i-1} W_i + b_i), i = 1 .. blocks,
 *   y = h_blocks W + b,    s(a) = a / (1 + e^-a) (SiLU).
 * Weights are one array: W_0 (in x width), b_0, W_1, b_1, ..., W, b.
 *
 * Products are oneDNN's on the calling thread, the only one at a time: equal
 * calls give equal bits, while how many rows a call has may change the last bits
 * of each. What a run proposes must follow from its state by equal calls.
 */
#include "weir/blob.h"

#include <stddef.h>
#include <stdint.h>

struct weir_dense_shape {
    int in, width, blocks, out; /* 1 or more; blocks 0 or more */
};

struct weir_dense;

/** Adam's settings that differ from net to net. */
struct weir_dense_rate {
    double lr, weight_decay;
};

/**
 * @param batch  most rows of a call
 * @return 0, -EINVAL a number out of range, -ENOMEM
 */
int weir_dense_create(const struct weir_dense_shape *shape, int batch,
                      struct weir_dense **out);
void weir_dense_destroy(struct weir_dense *d);
size_t weir_dense_bytes(const struct weir_dense *d);

/**
 * Initial weights, from the stream (seed, WEIR_RNG_WEIGHTS, id): uniform in
 * +-1/sqrt(inputs), the last layer zero, so that y = 0 at first.
 */
void weir_dense_init(struct weir_dense *d, uint64_t seed, uint64_t id);

/** Its weights, and how many. */
float *weir_dense_weights(struct weir_dense *d, size_t *n);
/** Optimiser steps taken. */
uint64_t weir_dense_steps(const struct weir_dense *d);

/**
 * y of @p n rows of @p x with weights @p w (NULL: its own).
 * @param[out] y  valid until the next call
 * @return 0, -WEIR_EENV of the engine
 */
int weir_dense_forward(struct weir_dense *d, const float *w, const float *x,
                       int n, const float **y);

/**
 * The gradient of a loss whose derivatives by y are @p dy, at the rows @p x that
 * the last call of forward saw with its own weights.
 * @param[out] grad  valid until the next call
 * @return as forward
 */
int weir_dense_backward(struct weir_dense *d, const float *x, const float *dy,
                        int n, const float **grad);

/** One step of Adam (0.9, 0.999) on the last gradient. */
void weir_dense_step(struct weir_dense *d, const struct weir_dense_rate *rate);

/** Weights, moments and step count. @return 0 or -ENOMEM */
int weir_dense_save(const struct weir_dense *d, struct weir_blob *out);
/** @return 0, -EINVAL saved with another shape, -WEIR_ECORRUPT ends early */
int weir_dense_restore(struct weir_dense *d, struct weir_blob *in);

#endif
