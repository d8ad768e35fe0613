/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_ONNX_H
#define WEIR_NN_ONNX_H

/**
 * @file
 * A surrogate as an ONNX model (opset 17), in physical units, the batch being
 * free. Its inputs and its prediction, float32 with the batch first:
 *
 *     steps      state (channels, points...)         -> next, a state
 *     direct     parameters (n), time (1)            -> frame, a state
 *     steady     given (channels given, points...)   -> made, the other channels
 *
 * The doc_string of parameters has their names in the order of the columns; a
 * problem without time has no input of it. A second output, `spread`, is there
 * of an ensemble, whose mean then is the prediction, and of densities: the
 * spread of include/weir/surrogate.h.
 *
 * ONNX files are protobuf messages of a handful of kinds; they are written here
 * field by field (github.com/onnx/onnx, onnx.proto: the numbers of the fields
 * are its interface). onnx_layers.c tells each kind of layer in nodes, onnx_units.c
 * what stands around the net.
 */
#include "nn/ensemble.h"
#include "weir/blob.h"

/**
 * @param residual the net predicts the change of a state
 * @param inputs   what a direct surrogate reads; NULL: another
 * @param[out] out the bytes of the file; freed by weir_blob_free
 * @return 0
 * @return -ENOTSUP a layer has no form in ONNX here, and the message names it;
 *         or the net learned from an equation
 * @return -ENOMEM
 */
int weir_onnx_write(const struct weir_model *model,
                    const struct weir_ensemble *ensemble, bool residual,
                    const struct weir_inputs *inputs, struct weir_blob *out);

#endif
