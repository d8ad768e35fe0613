/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Classic U-Net (Ronneberger et al. 2015) as APEBench has it
 * (`UNet;width;levels;activation`), in 1D and 2D.
 *
 *     lift: D(C -> w)
 *     down, level l = 0, 1, ...: conv 3 of stride 2, then D(2^l w -> 2^(l+1) w)
 *     up, the levels in reverse: transposed conv 3 of stride 2 to half the
 *         channels, after the skip of the level, then D(2^(l+1) w -> 2^l w)
 *     project: conv 1
 *
 * D is twice [conv 3, group norm of one group, activation]. The grid must divide
 * by 2^levels. Parameters in D dimensions with k = 3^D:
 *
 *     block(a, b) = k a b + k b^2 + 6 b
 *     block(C, w) + sum over levels, c = 2^l w, of (k c^2 + c) + block(c, 2 c)
 *         + (2 k c^2 + c) + block(2 c, c), + w C + C
 *
 * which is 27 193 for UNet;12;2 with C = 1 in 1D, 79 969 in 2D.
 */
#include "nn/models/parts.h"

#include "base/err.h"

enum { MOST_LEVELS = 8 };

static const struct weir_option options[] = {
    {.name = "width",
     .type = WEIR_OPTION_INT,
     .fallback = "16",
     .min = 1,
     .max = 512,
     .unit = "channels",
     .help = "of the finest level; each coarser one has twice as many"},
    {.name = "levels",
     .type = WEIR_OPTION_INT,
     .fallback = "2",
     .min = 1,
     .max = MOST_LEVELS,
     .help = "times the grid is halved"},
    WEIR_OPTION_ACTIVATION("relu"),
    WEIR_OPTION_PADDING,
    {0},
};

/* Two convolutions with norm; @p where is "lift", "down.0", ... */
static int twice(struct weir_graph *g, int x, const char *kind, int level,
                 int channels, const struct weir_options *opts)
{
    for (int i = 0; i < 2; i++) {
        x = weir_parts_conv(g, x,
                            weir_parts_name("%s.%d.conv.%d", kind, level, i),
                            channels, 3, 1, weir_parts_padding(opts));
        x = weir_graph_group_norm(
            g, x, weir_parts_name("%s.%d.norm.%d", kind, level, i), 1);
        x = weir_graph_activate(g, x, weir_parts_activation(opts));
    }
    return x;
}

/* What stays of the shorter side must have neighbours on every level. */
static int check(const struct weir_graph *g, const struct weir_options *opts)
{
    int part = 1 << weir_option_int(opts, "levels");
    int least = weir_parts_least(weir_parts_padding(opts));
    for (int d = 0; d < g->shape.dims; d++)
        if (g->shape.n[d] % part)
            return weir_parts_refuse(opts, WEIR_PARTS("levels"),
                                     "%d points do not divide by 2^levels = %d",
                                     g->shape.n[d], part);
    if (weir_parts_side(g) / part >= least)
        return 0;
    weir_parts_refuse(
        opts, WEIR_PARTS("levels", "padding"),
        "2^levels = %d leaves %d of %d points, this padding needs "
        "%d",
        part, weir_parts_side(g) / part, weir_parts_side(g), least);
    return weir_err_hint("choose fewer levels, padding zero, or a finer grid");
}

static int build(const struct weir_options *opts, struct weir_graph *g)
{
    int width = (int)weir_option_int(opts, "width");
    int levels = (int)weir_option_int(opts, "levels");
    struct weir_conv half = {.kernel = 3,
                             .stride = 2,
                             .pad = 1,
                             .padding = weir_parts_padding(opts)};
    int skip[MOST_LEVELS];
    if (!g->error)
        g->error = check(g, opts);
    if (g->error)
        return g->error;
    int x = twice(g, weir_graph_input(g), "lift", 0, width, opts);
    for (int l = 0; l < levels; l++) {
        skip[l] = x;
        half.channels = width << l;
        x = weir_graph_conv(g, x, weir_parts_name("down.%d", l), &half);
        x = twice(g, x, "left", l, width << (l + 1), opts);
    }
    for (int l = levels - 1; l >= 0; l--) {
        half.channels = width << l;
        x = weir_graph_deconv(g, x, weir_parts_name("up.%d", l), &half, 1);
        x = twice(g, weir_graph_concat(g, skip[l], x), "right", l, width << l,
                  opts);
    }
    x = weir_parts_conv(g, x, "project", g->shape.channels, 1, 1,
                        WEIR_PAD_ZERO);
    weir_graph_output(g, x);
    return g->error;
}

const struct weir_model_ops weir_model_unet = {
    .name = "unet",
    .summary = "double convolutions on halved grids, skips (APEBench UNet)",
    .options = options,
    .spelling = "UNet;width;levels;activation",
    .build = build,
};
