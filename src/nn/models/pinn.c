/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tanh perceptron that carries derivatives by its inputs from layer to layer,
 * for physics-informed training: jets of features in, the jet of one function
 * out (weir/residual.h). Derivatives are propagated forward (Taylor mode), as
 * more rows of the same matrix products, so the gradient of any function of
 * them is one backward pass.
 *
 *     features  ->  depth times [linear, tanh]  ->  linear  ->  1
 *
 * Parameters, with f features and w = width:
 *
 *     (f w + w) + (depth - 1) (w^2 + w) + (w + 1)
 *
 * which is 52 609 for 22 features and the net of the R3 paper's release, 4
 * layers of 128 (VERIFIED there: train.py, model.py). First weights are
 * PyTorch's defaults, as there.
 */
#include "nn/models/parts.h"

static int build(const struct weir_options *opts, struct weir_graph *g)
{
    int depth = (int)weir_option_int(opts, "depth");
    int width = (int)weir_option_int(opts, "width");
    int x = weir_graph_input(g);
    for (int i = 0; i < depth; i++) {
        x = weir_graph_linear(g, x, weir_parts_name("layer.%d", i), width, 0);
        x = weir_graph_jet_tanh(g, x);
    }
    weir_graph_output(
        g, weir_graph_linear(g, x, weir_parts_name("layer.%d", depth), 1, 0));
    return g->error;
}

static const struct weir_option options[] = {
    {.name = "width",
     .type = WEIR_OPTION_INT,
     .fallback = "128",
     .min = 1,
     .max = 8192,
     .help = "of hidden layers"},
    {.name = "depth",
     .type = WEIR_OPTION_INT,
     .fallback = "4",
     .min = 1,
     .max = 100,
     .unit = "layers",
     .help = "hidden layers"},
    {0},
};

const struct weir_model_ops weir_model_pinn = {
    .name = "pinn",
    .summary = "tanh perceptron with derivatives by its inputs, for equations",
    .options = options,
    .carries_jets = true,
    .build = build,
};
