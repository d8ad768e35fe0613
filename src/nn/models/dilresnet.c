/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dilated residual net (Stachenfeld et al. 2022; APEBench
 * `Dil;depth;width;blocks;activation`), in 1D and 2D.
 *
 *     lift: conv 1  ->  blocks times x + B(x)  ->  project: conv 1
 *
 * B is a row of [group norm of one group, conv 3, activation], one for each of
 * the dilations 1, 2, ..., 2^depth, ..., 2, 1. Parameters in D dimensions, with
 * w = width:
 *
 *     (C w + w) + blocks (2 depth + 1) (3^D w^2 + 3 w) + (w C + C)
 *
 * which is 31 777 for Dil;2;32;2 with C = 1 in 1D, 93 217 in 2D.
 */
#include "nn/models/parts.h"

#include "base/err.h"

static const struct weir_option options[] = {
    {.name = "depth",
     .type = WEIR_OPTION_INT,
     .fallback = "2",
     .min = 0,
     .max = 6,
     .help = "dilations go up to 2^depth and back"},
    WEIR_OPTION_HIDDEN("32", "16"),
    {.name = "blocks",
     .type = WEIR_OPTION_INT,
     .fallback = "2",
     .min = 1,
     .max = 100,
     .help = "residual blocks"},
    WEIR_OPTION_ACTIVATION("relu"),
    WEIR_OPTION_PADDING,
    {0},
};

static int block(struct weir_graph *g, int x, int i,
                 const struct weir_options *opts)
{
    int width = (int)weir_option_int(opts, "width");
    int depth = (int)weir_option_int(opts, "depth");
    int y = x;
    for (int k = 0; k <= 2 * depth; k++) {
        int dilation = 1 << (k < depth ? k : 2 * depth - k);
        y = weir_graph_group_norm(g, y,
                                  weir_parts_name("block.%d.norm.%d", i, k), 1);
        y = weir_parts_conv(g, y, weir_parts_name("block.%d.conv.%d", i, k),
                            width, 3, dilation, weir_parts_padding(opts));
        y = weir_graph_activate(g, y, weir_parts_activation(opts));
    }
    return weir_graph_add(g, x, y);
}

/* A border mirrors as many points as the largest dilation reaches. */
static int check(const struct weir_graph *g, const struct weir_options *opts)
{
    int reach = 1 << weir_option_int(opts, "depth"), side = weir_parts_side(g);
    if (weir_parts_padding(opts) != WEIR_PAD_MIRROR_NEGATED || reach < side)
        return 0;
    weir_parts_refuse(opts, WEIR_PARTS("depth", "padding"),
                      "mirrors 2^depth = %d points of %d", reach, side);
    return weir_err_hint("choose a smaller depth, or another padding");
}

static int build(const struct weir_options *opts, struct weir_graph *g)
{
    if (!g->error)
        g->error = check(g, opts);
    return weir_parts_blocks(g, opts, block);
}

const struct weir_model_ops weir_model_dilresnet = {
    .name = "dilresnet",
    .summary = "residual blocks of dilated convolutions (APEBench Dil)",
    .options = options,
    .spelling = "Dil;depth;width;blocks;activation",
    .build = build,
};
