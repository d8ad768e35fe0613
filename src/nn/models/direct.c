/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Direct surrogate: from a simulation's parameters and the time straight to the
 * frame, without steps between (as Melissa's examples train).
 *
 *     (parameters, t)  ->  depth times [linear, activation]  ->  linear  ->  frame
 *
 * Parameters, with p inputs, w = width and n values of a frame:
 *
 *     (p w + w) + (depth - 1) (w^2 + w) + (w n + n)
 */
#include "nn/models/parts.h"

static int build(const struct weir_options *opts, struct weir_graph *g)
{
    weir_graph_output(g, weir_parts_perceptron(g, weir_graph_input(g), opts));
    return g->error;
}

const struct weir_model_ops weir_model_direct = {
    .name = "direct",
    .summary = "perceptron from parameters and time to a frame",
    .options = weir_perceptron_options,
    .is_direct = true,
    .build = build,
};
