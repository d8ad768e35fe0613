/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Feed-forward convolutional net for periodic fields in 1D (Koehler et al.,
 * "APEBench", NeurIPS 2024: `Conv;width;depth;relu`).
 *
 *     x: (batch, C, N)  ->  depth times [conv 3, ReLU]  ->  conv 3  ->  (batch, C, N)
 *
 * Every convolution is periodic with a bias. A point of the output sees
 * depth + 1 points to each side. Parameters, with w = width and d = depth:
 *
 *     (3 C w + w) + (d - 1) (3 w^2 + w) + (3 w C + C)
 *
 * which is 31 757 for Conv;34;10 with C = 1.
 */
#include "nn/graph.h"
#include "nn/model.h"

#include <stdio.h>

enum { KERNEL = 3 };

static const struct weir_option options[] = {
    {.name = "width",
     .type = WEIR_OPTION_INT,
     .fallback = "32",
     .min = 1,
     .max = 1024,
     .unit = "channels",
     .help = "hidden channels; multiples of 16 are fastest"},
    {.name = "depth",
     .type = WEIR_OPTION_INT,
     .fallback = "10",
     .min = 1,
     .max = 100,
     .unit = "layers",
     .help = "hidden layers; reach is depth + 1 points"},
    {0},
};

static int build(const struct weir_options *opts, struct weir_graph *g)
{
    int width = (int)weir_option_int(opts, "width");
    int depth = (int)weir_option_int(opts, "depth");
    char name[WEIR_LAYER_NAME];
    int x = weir_graph_input(g);
    for (int i = 0; i < depth; i++) {
        snprintf(name, sizeof(name), "conv.%d", i);
        x = weir_graph_conv(g, x, name, width, KERNEL, WEIR_RELU);
    }
    snprintf(name, sizeof(name), "conv.%d", depth);
    x = weir_graph_conv(g, x, name, g->shape.channels, KERNEL, WEIR_LINEAR);
    weir_graph_output(g, x);
    return g->error;
}

const struct weir_model_ops weir_model_convnet = {
    .name = "convnet",
    .summary = "periodic convolutions of width 3 with ReLU, 1D (APEBench Conv)",
    .options = options,
    .is_local = true,
    .build = build,
};
