/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_ONNX_UNITS_H
#define WEIR_NN_ONNX_UNITS_H

/**
 * @file
 * What stands around the net in an ONNX graph: nn/surrogate.h's maps between
 * physical units and the net's, in nodes.
 */
#include "nn/inputs.h"
#include "nn/normaliser.h"
#include "nn/onnx_graph.h"

/** Names of the graph's inputs. */
#define WEIR_ONNX_STATE      "state"
#define WEIR_ONNX_GIVEN      "given"
#define WEIR_ONNX_PARAMETERS "parameters"
#define WEIR_ONNX_TIME       "time"

struct weir_onnx_units {
    const struct weir_normaliser *norm;
    const struct weir_inputs *inputs; /* NULL: states are read */
    bool residual;                    /* the net makes the change of a state */
    int given, made;                  /* channels that are read, are made */
};

/** What the net reads, of the graph's inputs. */
struct weir_onnx_name weir_onnx_read(struct weir_onnx *o,
                                     const struct weir_onnx_units *u);
/** What is predicted, of the net's output @p y. */
struct weir_onnx_name weir_onnx_predicted(struct weir_onnx *o,
                                          const struct weir_onnx_units *u,
                                          struct weir_onnx_name y);
/** Of an evidential net: weir_evidence_epistemic. */
struct weir_onnx_name weir_onnx_epistemic(struct weir_onnx *o,
                                          const struct weir_onnx_units *u,
                                          struct weir_onnx_name y);

#endif
