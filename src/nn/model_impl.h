/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_MODEL_IMPL_H
#define WEIR_NN_MODEL_IMPL_H

/**
 * @file
 * A model seen from inside the room: its finished graph.
 */
#include "nn/graph.h"
#include "nn/model.h"

struct weir_model {
    const struct weir_model_ops *ops;
    struct weir_model_io io;
    struct weir_graph graph;
};

#endif
