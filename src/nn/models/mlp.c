/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multi-layer perceptron over all values of a frame (APEBench
 * `MLP;width;depth;activation`), in 1D and 2D.
 *
 *     x as a vector of n values  ->  depth times [linear, activation]  ->  linear
 *
 * Parameters, with w = width and n = channels times points:
 *
 *     (n w + w) + (depth - 1) (w^2 + w) + (w n + n)
 *
 * which is 29 024 for MLP;64;3 on 160 points.
 */
#include "nn/models/parts.h"

static int build(const struct weir_options *opts, struct weir_graph *g)
{
    const struct weir_value frame = g->value[0];
    int x =
        weir_graph_reshape(g, weir_graph_input(g),
                           frame.channels * frame.rows * frame.points, 1, 1);
    weir_graph_output(g, weir_parts_perceptron(g, x, opts));
    return g->error;
}

const struct weir_model_ops weir_model_mlp = {
    .name = "mlp",
    .summary = "perceptron over all values of a frame (APEBench MLP)",
    .options = weir_perceptron_options,
    .spelling = "MLP;width;depth;activation",
    .build = build,
};
