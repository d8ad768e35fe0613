/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Feed-forward convolutional net (Koehler et al., "APEBench", NeurIPS 2024:
 * `Conv;width;depth;activation`), in 1D and 2D.
 *
 *     x: (batch, C, N...)  ->  depth times [conv 3, activation]  ->  conv 3
 *
 * Every convolution keeps the grid and has a bias. A point of the output sees
 * depth + 1 points to each side. Parameters in D dimensions, with w = width and
 * d = depth:
 *
 *     (3^D C w + w) + (d - 1) (3^D w^2 + w) + (3^D w C + C)
 *
 * which is 31 757 for Conv;34;10 with C = 1 in 1D, 94 589 in 2D.
 */
#include "nn/models/parts.h"

enum { KERNEL = 3 };

static const struct weir_option options[] = {
    WEIR_OPTION_HIDDEN("32", "16"),
    {.name = "depth",
     .type = WEIR_OPTION_INT,
     .fallback = "10",
     .min = 1,
     .max = 100,
     .unit = "layers",
     .help = "hidden layers; reach is depth + 1 points"},
    WEIR_OPTION_ACTIVATION("relu"),
    WEIR_OPTION_PADDING,
    {0},
};

static int build(const struct weir_options *opts, struct weir_graph *g)
{
    int width = (int)weir_option_int(opts, "width");
    int depth = (int)weir_option_int(opts, "depth");
    enum weir_padding padding = weir_parts_padding(opts);
    int x = weir_graph_input(g);
    for (int i = 0; i < depth; i++) {
        x = weir_parts_conv(g, x, weir_parts_name("conv.%d", i), width, KERNEL,
                            1, padding);
        x = weir_graph_activate(g, x, weir_parts_activation(opts));
    }
    x = weir_parts_conv(g, x, weir_parts_name("conv.%d", depth),
                        g->shape.channels, KERNEL, 1, padding);
    weir_graph_output(g, x);
    return g->error;
}

const struct weir_model_ops weir_model_convnet = {
    .name = "convnet",
    .summary = "convolutions of width 3 in a row (APEBench Conv)",
    .options = options,
    .is_local = true,
    .spelling = "Conv;width;depth;activation",
    .build = build,
};
