/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_ONNX_H
#define WEIR_NN_ONNX_H

/**
 * @file
 * A surrogate as an ONNX model (opset 17): states in, the next states out, in
 * physical units, the batch being free. An ensemble gives the mean of its
 * members as `next`, and their spread as `spread`.
 *
 * ONNX files are protobuf messages of a handful of kinds; they are written here
 * field by field (github.com/onnx/onnx, onnx.proto: the numbers of the fields
 * are its interface). Each kind of layer is told in nodes in one place,
 * onnx_layers.c.
 */
#include "nn/ensemble.h"
#include "weir/blob.h"

/**
 * @param residual the net predicts the change of a state
 * @param[out] out the bytes of the file; freed by weir_blob_free
 * @return 0
 * @return -ENOTSUP a layer has no form in ONNX here, and the message names it;
 *         or the problem is a steady one
 * @return -ENOMEM
 */
int weir_onnx_write(const struct weir_model *model,
                    const struct weir_ensemble *ensemble, bool residual,
                    struct weir_blob *out);

#endif
