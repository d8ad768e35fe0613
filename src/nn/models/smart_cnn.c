/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Convolutional autoencoder of "Smart surrogates" (arXiv 2407.07674, released
 * code), 2D.
 *
 *     encoder: six times [conv 3, leaky ReLU], 1, 2, 4, ... 32 times `width`
 *         channels, average pooling by 2 between them; batch norm after the first
 *         convolution only
 *     decoder: transposed conv 3 to half the channels at the smallest grid, then
 *         back up one grid after another: [transposed conv, leaky ReLU, nearest
 *         upsampling by 2], and a last [transposed conv 3, leaky ReLU] to the frame
 *
 * On the way up a transposed conv has kernel 3, or kernel 2 where the encoder's
 * grid was odd (24 -> 25 on the 100 x 100 lattice). Leaky ReLU has slope 0.02,
 * the last one too. 50 267 009 parameters for width 64 and one channel there.
 */
#include "nn/models/parts.h"

#include "base/err.h"

enum { LEVELS = 6, FEWEST = 1 << (LEVELS - 1) };

static const float SLOPE = 0.02F;

static const struct weir_option options[] = {
    {.name = "width",
     .type = WEIR_OPTION_INT,
     .fallback = "64",
     .min = 2,
     .max = 512,
     .unit = "channels",
     .help = "of the finest level; the coarsest has 32 times as many"},
    {.name = "dropout",
     .type = WEIR_OPTION_REAL,
     .fallback = "0",
     .min = 0,
     .max = 0.9,
     .help = "share of channels dropped after the first two convolutions"},
    {0},
};

static int encode(struct weir_graph *g, const struct weir_options *opts,
                  int grid[LEVELS][2])
{
    int width = (int)weir_option_int(opts, "width"), x = weir_graph_input(g);
    for (int l = 0; l < LEVELS && !g->error; l++) {
        if (l > 0)
            x = weir_graph_pool(g, x, WEIR_POOL_AVERAGE, 2);
        x = weir_parts_conv(g, x, weir_parts_name("conv.%d", l), width << l, 3,
                            1, WEIR_PAD_ZERO);
        if (l == 0)
            x = weir_graph_batch_norm(g, x, "norm");
        x = weir_graph_leaky(g, x, SLOPE);
        if (l < 2)
            x = weir_graph_dropout(g, x, weir_option_real(opts, "dropout"),
                                   true);
        if (!g->error) {
            grid[l][0] = g->value[x].rows;
            grid[l][1] = g->value[x].points;
        }
    }
    return x;
}

/* A transposed convolution to the grid @p to, its activation after it. */
static int reach(struct weir_graph *g, int x, int i, int channels,
                 const int to[2])
{
    struct weir_conv c = {.channels = channels, .kernel = 3, .pad = 1};
    if (g->error)
        return -1;
    bool odd = to[1] == g->value[x].points + 1;
    if (odd && g->shape.dims == 1)
        return weir_graph_fail(
            g, WEIR_FAIL(EINVAL,
                         "a lattice of %d points, expected an even "
                         "number",
                         to[1]));
    if (odd != (to[0] == g->value[x].rows + 1))
        return weir_graph_fail(
            g,
            WEIR_FAIL(EINVAL,
                      "a lattice of %d x %d, expected both sides odd or both "
                      "even",
                      to[0], to[1]));
    if (odd) {
        c.kernel = 2;
        c.pad = 0;
    }
    x = weir_graph_deconv(g, x, weir_parts_name("deconv.%d", i), &c, 0);
    return weir_graph_leaky(g, x, SLOPE);
}

static int build(const struct weir_options *opts, struct weir_graph *g)
{
    int width = (int)weir_option_int(opts, "width"), grid[LEVELS][2];
    if (!g->error && weir_parts_side(g) < FEWEST)
        g->error = WEIR_FAIL(EINVAL, "%d points, expected %d or more",
                             weir_parts_side(g), FEWEST);
    int x = encode(g, opts, grid), channels = width << (LEVELS - 2);
    x = reach(g, x, 0, channels, grid[LEVELS - 1]);
    for (int l = LEVELS - 1; l > 0; l--) {
        channels /= 2;
        x = reach(g, x, LEVELS - l, channels, grid[l]);
        x = weir_graph_resample(g, x, WEIR_RESAMPLE_NEAREST, 2 * grid[l][0],
                                2 * grid[l][1]);
    }
    x = reach(g, x, LEVELS, g->shape.channels, grid[0]);
    weir_graph_output(g, x);
    return g->error;
}

const struct weir_model_ops weir_model_smart_cnn = {
    .name = "smart_cnn",
    .summary = "convolutional autoencoder (Smart surrogates), 2D",
    .options = options,
    .build = build,
};
