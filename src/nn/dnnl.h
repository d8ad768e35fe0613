/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_DNNL_H
#define WEIR_NN_DNNL_H

/**
 * @file
 * Everything that touches oneDNN (2.x C interface). Elsewhere arrays are plain
 * memory described by weir_layout and weir_form; no oneDNN type gets out.
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
/** One compiled convolution, forward and (unless left out) backward. */
struct weir_dnnl_conv;

/** How hidden activations of some number of channels should be stored. */
struct weir_blocking {
    int padded, block; /* multiples of WEIR_LANES */
};

/**
 * Ask which blocking the processor's convolutions want for @p channels in and
 * out, kernel @p kernel, @p points points. Of the paddings that serve, the
 * least one for which no pass falls back to a reference or GEMM version.
 * @return 0 or -WEIR_EENV
 */
int weir_dnnl_blocking(int channels, int kernel, int points,
                       struct weir_blocking *out);

/** What a convolution is, but for the arrays' batch. */
struct weir_dnnl_shape {
    struct weir_blocking in, out;
    int kernel; /* odd; stride 1 */
    int points; /* of the model: makes the weights' form the same for all nets */
    bool relu;
};

/**
 * The form of the weights (out, in, kernel) that every net of a model uses,
 * whatever its batch.
 * @return 0 or -WEIR_EENV
 */
int weir_dnnl_weights(const struct weir_dnnl_shape *shape,
                      struct weir_form *out);

/** @return 0, -ENOMEM or -WEIR_EENV */
int weir_dnnl_create(struct weir_dnnl **out);
void weir_dnnl_destroy(struct weir_dnnl *d);
/** Bytes of scratch memory. */
size_t weir_dnnl_bytes(const struct weir_dnnl *d);

/**
 * Compile a convolution from @p in to @p out, same batch and columns, zero
 * padding of kernel/2 columns at either end. Implementations named "ref" or "gemm"
 * are reported in the log under @p name, the others at debug level.
 * @return 0, -ENOMEM or -WEIR_EENV
 */
int weir_dnnl_conv_create(struct weir_dnnl *d, const char *name,
                          const struct weir_dnnl_shape *shape,
                          const struct weir_layout *in,
                          const struct weir_layout *out, bool backward,
                          struct weir_dnnl_conv **conv);
void weir_dnnl_conv_destroy(struct weir_dnnl_conv *conv);
/** Bytes beside the scratch memory. */
size_t weir_dnnl_conv_bytes(const struct weir_dnnl_conv *conv);

/** y = [relu](conv(x, w) + bias), every column of y. @return 0, -WEIR_EENV */
int weir_dnnl_conv_forward(struct weir_dnnl_conv *conv, const float *x,
                           const float *w, const float *bias, float *y);
/** dx = adjoint of the convolution on @p dy (after ReLU's). */
int weir_dnnl_conv_backward_data(struct weir_dnnl_conv *conv, const float *dy,
                                 const float *w, float *dx);
/** dw, dbias from the input and @p dy (after ReLU's); overwritten. */
int weir_dnnl_conv_backward_weights(struct weir_dnnl_conv *conv, const float *x,
                                    const float *dy, float *dw, float *dbias);

#endif
