/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Residual net without norms (He et al. 2016; APEBench
 * `Res;width;blocks;activation`), in 1D and 2D.
 *
 *     lift: conv 1  ->  blocks times f(x + conv 3(f(conv 3 x)))  ->  project: conv 1
 *
 * with f the activation. Parameters in D dimensions, with w = width:
 *
 *     (C w + w) + 2 blocks (3^D w^2 + w) + (w C + C)
 *
 * which is 32 943 for Res;26;8 with C = 1 in 1D, 97 839 in 2D.
 */
#include "nn/models/parts.h"

static const struct weir_option options[] = {
    {.name = "width",
     .type = WEIR_OPTION_INT,
     .fallback = "32",
     .min = 1,
     .max = 1024,
     .unit = "channels",
     .help = "hidden channels; multiples of 16 are fastest"},
    {.name = "blocks",
     .type = WEIR_OPTION_INT,
     .fallback = "8",
     .min = 1,
     .max = 100,
     .help = "residual blocks, two convolutions each"},
    WEIR_OPTION_ACTIVATION("relu"),
    WEIR_OPTION_PADDING,
    {0},
};

static int block(struct weir_graph *g, int x, int i,
                 const struct weir_options *opts)
{
    int width = (int)weir_option_int(opts, "width");
    enum weir_activation f = weir_parts_activation(opts);
    enum weir_padding padding = weir_parts_padding(opts);
    int y = weir_parts_conv(g, x, weir_parts_name("block.%d.conv.0", i), width,
                            3, 1, padding);
    y = weir_graph_activate(g, y, f);
    y = weir_parts_conv(g, y, weir_parts_name("block.%d.conv.1", i), width, 3,
                        1, padding);
    return weir_graph_activate(g, weir_graph_add(g, x, y), f);
}

static int build(const struct weir_options *opts, struct weir_graph *g)
{
    int width = (int)weir_option_int(opts, "width");
    int blocks = (int)weir_option_int(opts, "blocks");
    enum weir_padding padding = weir_parts_padding(opts);
    int x = weir_graph_input(g);
    x = weir_parts_conv(g, x, "lift", width, 1, 1, padding);
    for (int i = 0; i < blocks; i++)
        x = block(g, x, i, opts);
    x = weir_parts_conv(g, x, "project", g->shape.channels, 1, 1, padding);
    weir_graph_output(g, x);
    return g->error;
}

const struct weir_model_ops weir_model_resnet = {
    .name = "resnet",
    .summary = "residual blocks of two convolutions, no norm (APEBench Res)",
    .options = options,
    .is_local = true,
    .spelling = "Res;width;blocks;activation",
    .build = build,
};
