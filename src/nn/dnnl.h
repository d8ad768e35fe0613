/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_DNNL_H
#define WEIR_NN_DNNL_H

/**
 * @file
 * Everything that touches oneDNN, by its C interface of 2.x or 3.x. Elsewhere
 * arrays are plain memory described by weir_layout and weir_form; no oneDNN type
 * gets out.
 *
 * Arrays are declared to oneDNN with all their padding as real channels. A
 * format that pads by itself would let the library write zeros into shared
 * weights whenever a memory object is pointed at them.
 *
 * Threads: one weir_dnnl and its convolutions belong to one thread at a time.
 * The engine behind them is shared by the process and never destroyed.
 */
#include "nn/form.h"
#include "nn/layout.h"

#include <stdbool.h>
#include <stddef.h>

/** A stream and the scratch memory its primitives take turns in. */
struct weir_dnnl;

/** How hidden activations of some number of channels should be stored. */
struct weir_blocking {
    int padded, block; /* multiples of WEIR_LANES */
};

/**
 * Ask which blocking the processor's convolutions want for @p channels in and
 * out, in @p dims dimensions. Of the paddings that serve, the least one for
 * which no pass falls back to a reference or GEMM version.
 * @return 0 or -WEIR_EENV
 */
int weir_dnnl_blocking(int channels, int dims, struct weir_blocking *out);

/** @return 0, -ENOMEM or -WEIR_EENV */
int weir_dnnl_create(struct weir_dnnl **out);
void weir_dnnl_destroy(struct weir_dnnl *d);
/** Bytes of scratch memory. */
size_t weir_dnnl_bytes(const struct weir_dnnl *d);

/* ---- convolution ---- */

/** One compiled convolution. */
struct weir_dnnl_conv;

enum weir_dnnl_pass {
    WEIR_DNNL_FORWARD = 1,
    WEIR_DNNL_DATA = 2,    /* backward to the input */
    WEIR_DNNL_WEIGHTS = 4, /* backward to weights and bias */
};

/**
 * What a convolution is. Arrays are taken as they lie, halos being ordinary
 * columns. Axis 0 is rows, 1 columns; zeros surround the input: `pad` of them
 * before it, and after it as many as the output's size needs.
 */
struct weir_dnnl_shape {
    struct weir_layout in, out;
    int kernel[2], stride[2], dilation[2], pad[2];
    bool bias;
    bool relu; /* fused; leaky with a slope */
    float slope;
};

/**
 * The form of the weights (out, in, rows, columns) that every net of a model
 * uses, whatever its batch.
 * @return 0 or -WEIR_EENV
 */
int weir_dnnl_weights(const struct weir_dnnl_shape *shape,
                      struct weir_form *out);

/**
 * Compile the passes in @p passes. Implementations named "ref" or "gemm" are
 * reported in the log under @p name, the others at debug level.
 * @return 0, -ENOMEM or -WEIR_EENV
 */
int weir_dnnl_conv_create(struct weir_dnnl *d, const char *name,
                          const struct weir_dnnl_shape *shape, int passes,
                          struct weir_dnnl_conv **conv);
void weir_dnnl_conv_destroy(struct weir_dnnl_conv *conv);
/** Bytes beside the scratch memory. */
size_t weir_dnnl_conv_bytes(const struct weir_dnnl_conv *conv);

/** y = [relu](conv(x, w) [+ bias]), every column of y. @return 0, -WEIR_EENV */
int weir_dnnl_conv_forward(struct weir_dnnl_conv *conv, const float *x,
                           const float *w, const float *bias, float *y);
/** dx = adjoint of the convolution on @p dy (after ReLU's). */
int weir_dnnl_conv_backward_data(struct weir_dnnl_conv *conv, const float *dy,
                                 const float *w, float *dx);
/** dw[, dbias] from the input and @p dy (after ReLU's); overwritten. */
int weir_dnnl_conv_backward_weights(struct weir_dnnl_conv *conv, const float *x,
                                    const float *dy, float *dw, float *dbias);

/* ---- matrix product ---- */

/** A row-major matrix, or the transpose of one. */
struct weir_matrix {
    const float *at;
    int step; /* floats from row to row as it lies in memory */
    bool transposed;
};

/**
 * c = a b + beta c, with a of @p rows x @p inner and b of @p inner x
 * @p columns; rows of c are @p step floats apart.
 * @return 0 or -WEIR_EENV
 */
int weir_gemm(int rows, int columns, int inner, struct weir_matrix a,
              struct weir_matrix b, float beta, float *c, int step);

/* ---- functions of single numbers ---- */

enum weir_function {
    WEIR_FUNCTION_RELU, /* leaky with a slope */
    WEIR_FUNCTION_GELU, /* by erf */
    WEIR_FUNCTION_SILU,
    WEIR_FUNCTION_TANH,
    WEIR_FUNCTION_SIGMOID,
};

struct weir_dnnl_map;

/** Compile y = f(x) on @p n floats, and dx = f'(x) dy where @p backward. */
int weir_dnnl_map_create(struct weir_dnnl *d, enum weir_function f, float slope,
                         size_t n, bool backward, struct weir_dnnl_map **map);
void weir_dnnl_map_destroy(struct weir_dnnl_map *map);
int weir_dnnl_map_forward(struct weir_dnnl_map *map, const float *x, float *y);
/** @p dx may be @p dy. */
int weir_dnnl_map_backward(struct weir_dnnl_map *map, const float *x,
                           const float *dy, float *dx);

#endif
