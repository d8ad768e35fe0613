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
    WEIR_OPTION_HIDDEN("32", "16"),
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
    return weir_parts_blocks(g, opts, block);
}

const struct weir_model_ops weir_model_resnet = {
    .name = "resnet",
    .summary = "residual blocks of two convolutions, no norm (APEBench Res)",
    .options = options,
    .is_local = true,
    .spelling = "Res;width;blocks;activation",
    .build = build,
};
