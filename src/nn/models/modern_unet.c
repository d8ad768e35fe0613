/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Modern U-Net (PDEArena's Unetmod; the net of AL4PDE, without its embedding of
 * parameters), in 1D and 2D. Four grids with 1, 2, 2, 4 times as many channels as
 * the grid before; R is a residual block
 *
 *     R(x) = conv 3(f(norm(conv 3(f(norm(x)))))) + shortcut(x)
 *
 * with f the activation, group norm of one group and, where channels change, a
 * convolution of kernel 1 as shortcut.
 *
 *     stem: conv 3
 *     down, every grid: R, R, then conv 3 of stride 2 but for the last
 *     middle: R, R
 *     up, every grid in reverse: R, R, R, each on (x, the latest skip), the third
 *         to the channels of the finer grid, then a transposed conv 4 of stride 2
 *         with zero padding
 *     last: conv 3(f(group norm of eight groups))
 *
 * Skips are what the stem, each R and each strided convolution made on the way
 * down. Block weights before the sum and those of the last convolution may start
 * from zero, as AL4PDE's do: the first prediction is then persistence. Grids must
 * divide by 8. 144 263 683 parameters for width 64 from 12 to 3 channels in 2D.
 */
#include "nn/models/parts.h"

#include "base/err.h"

enum { GRIDS = 4, BLOCKS = 2, LAST_GROUPS = 8, MOST_SKIPS = 16 };

static const int growth[GRIDS] = {1, 2, 2, 4};

static const struct weir_option options[] = {
    {.name = "width",
     .type = WEIR_OPTION_INT,
     .fallback = "16",
     .min = 8,
     .max = 512,
     .unit = "channels",
     .help = "of the finest grid, a multiple of 8"},
    WEIR_OPTION_ACTIVATION("gelu"),
    WEIR_OPTION_PADDING,
    {.name = "from_zero",
     .type = WEIR_OPTION_BOOL,
     .fallback = "false",
     .help = "start each block's second convolution and the last one at 0"},
    {0},
};

/* What is being built: options, the grid's value, skips waiting. */
struct building {
    struct weir_graph *g;
    enum weir_activation f;
    enum weir_padding padding;
    bool from_zero;
    int skip[MOST_SKIPS], skips, blocks;
};

static int conv(struct building *b, int x, const char *name, int channels,
                bool from_zero)
{
    struct weir_conv c = {.channels = channels,
                          .kernel = 3,
                          .pad = 1,
                          .padding = b->padding,
                          .from_zero = from_zero};
    return weir_graph_conv(b->g, x, name, &c);
}

static int normed(struct building *b, int x, const char *name, int groups)
{
    x = weir_graph_group_norm(b->g, x, name, groups);
    return weir_graph_activate(b->g, x, b->f);
}

static int residual(struct building *b, int x, int channels)
{
    int i = b->blocks++;
    int y = normed(b, x, weir_parts_name("block.%d.norm.0", i), 1);
    y = conv(b, y, weir_parts_name("block.%d.conv.0", i), channels, false);
    y = normed(b, y, weir_parts_name("block.%d.norm.1", i), 1);
    y = conv(b, y, weir_parts_name("block.%d.conv.1", i), channels,
             b->from_zero);
    if (!b->g->error && b->g->value[x].channels != channels)
        x = weir_parts_conv(b->g, x, weir_parts_name("block.%d.shortcut", i),
                            channels, 1, 1, WEIR_PAD_ZERO);
    return weir_graph_add(b->g, y, x);
}

static int down(struct building *b, int x, int *channels)
{
    struct weir_conv half = {
        .kernel = 3, .stride = 2, .pad = 1, .padding = b->padding};
    for (int l = 0; l < GRIDS; l++) {
        *channels *= growth[l];
        for (int k = 0; k < BLOCKS; k++)
            x = b->skip[b->skips++] = residual(b, x, *channels);
        half.channels = *channels;
        if (l + 1 < GRIDS)
            x = b->skip[b->skips++] =
                weir_graph_conv(b->g, x, weir_parts_name("down.%d", l), &half);
    }
    return x;
}

static int up(struct building *b, int x, int channels)
{
    struct weir_conv twice = {.kernel = 4, .stride = 2, .pad = 1};
    for (int l = GRIDS - 1; l >= 0; l--) {
        for (int k = 0; k <= BLOCKS; k++) {
            if (k == BLOCKS)
                channels /= growth[l];
            x = residual(b, weir_graph_concat(b->g, x, b->skip[--b->skips]),
                         channels);
        }
        twice.channels = channels;
        if (l > 0)
            x = weir_graph_deconv(b->g, x, weir_parts_name("up.%d", l), &twice,
                                  0);
    }
    return x;
}

static int check(const struct weir_graph *g, const struct weir_options *opts)
{
    int width = (int)weir_option_int(opts, "width"), part = 1 << (GRIDS - 1);
    int least = weir_parts_least(weir_parts_padding(opts));
    if (width % LAST_GROUPS)
        return weir_parts_refuse(opts, WEIR_PARTS("width"),
                                 "%d, expected a multiple of %d", width,
                                 LAST_GROUPS);
    for (int d = 0; d < g->shape.dims; d++)
        if (g->shape.n[d] % part)
            return WEIR_FAIL(EINVAL, "%d points do not divide by %d",
                             g->shape.n[d], part);
    return weir_parts_side(g) / part >= least
               ? 0
               : weir_parts_refuse(opts, WEIR_PARTS("padding"),
                                   "needs %d points or more, the grid has %d",
                                   least * part, weir_parts_side(g));
}

static int build(const struct weir_options *opts, struct weir_graph *g)
{
    int width = (int)weir_option_int(opts, "width"), channels = width;
    struct building b = {
        .g = g,
        .f = weir_parts_activation(opts),
        .padding = weir_parts_padding(opts),
        .from_zero = weir_option_bool(opts, "from_zero"),
    };
    if (!g->error)
        g->error = check(g, opts);
    if (g->error)
        return g->error;
    int x = conv(&b, weir_graph_input(g), "stem", width, false);
    b.skip[b.skips++] = x;
    x = down(&b, x, &channels);
    for (int k = 0; k < 2; k++)
        x = residual(&b, x, channels);
    x = normed(&b, up(&b, x, channels), "norm", LAST_GROUPS);
    x = conv(&b, x, "last", g->shape.channels, b.from_zero);
    weir_graph_output(g, x);
    return g->error;
}

const struct weir_model_ops weir_model_modern_unet = {
    .name = "modern_unet",
    .summary = "pre-norm residual U-Net (PDEArena, AL4PDE)",
    .options = options,
    .build = build,
};
