/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * U-Net of "Smart surrogates" (arXiv 2407.07674, released code), 2D.
 *
 *     down, five levels of 1, 2, 4, 8, 16 times `width` channels: D, then max
 *         pooling by 2 between levels
 *     up: to the grid of the level above, concatenated (up, skip), then D
 *     last: transposed conv 3 to the frame, no activation
 *
 * D is twice [conv 3, ReLU] inside a mirror that negates: the field vanishes just
 * outside. A grid twice as large is reached by nearest upsampling and a
 * transposed conv 3, one larger by one (12 -> 25) by a transposed conv 3 of
 * stride 2. With c_l = 2^l width channels, parameters are
 *
 *     D(a, b) = 9 a b + 9 b^2 + 2 b
 *     D(C, c_0) + sum over l of D(c_l, c_l+1) + (9 c_l+1 c_l + c_l) + D(c_l+1, c_l)
 *         + 9 c_0 C + C
 *
 * which is 34 512 705 for width 64 and one channel on any lattice.
 */
#include "nn/models/parts.h"

#include "base/err.h"

/* Two points are the fewest that a mirror makes a border of. */
enum { LEVELS = 5, FEWEST = 2 << (LEVELS - 1) };

static const struct weir_option options[] = {
    {.name = "width",
     .type = WEIR_OPTION_INT,
     .fallback = "64",
     .min = 1,
     .max = 512,
     .unit = "channels",
     .help = "of the finest level; the coarsest has 16 times as many"},
    {.name = "dropout",
     .type = WEIR_OPTION_REAL,
     .fallback = "0",
     .min = 0,
     .max = 0.9,
     .help =
         "share of channels dropped after each convolution on the way down"},
    {0},
};

static int twice(struct weir_graph *g, int x, const char *kind, int level,
                 int channels, double dropout)
{
    for (int i = 0; i < 2; i++) {
        x = weir_parts_conv(g, x, weir_parts_name("%s.%d.%d", kind, level, i),
                            channels, 3, 1, WEIR_PAD_MIRROR_NEGATED);
        x = weir_graph_activate(g, x, WEIR_RELU);
        x = weir_graph_dropout(g, x, dropout, true);
    }
    return x;
}

/* To the grid of @p skip. */
static int rise(struct weir_graph *g, int x, int skip, int level, int channels)
{
    struct weir_conv up = {.channels = channels, .kernel = 3, .pad = 1};
    if (g->error)
        return -1;
    int rows = g->value[skip].rows, points = g->value[skip].points;
    bool odd = points == 2 * g->value[x].points + 1;
    if (odd && g->shape.dims == 1)
        return weir_graph_fail(
            g,
            WEIR_FAIL(EINVAL, "%d points at level %d, expected an even number",
                      points, level));
    if (odd != (rows == 2 * g->value[x].rows + 1))
        return weir_graph_fail(
            g, WEIR_FAIL(EINVAL,
                         "a lattice of %d x %d at level %d, expected both "
                         "sides odd or both even",
                         rows, points, level));
    if (odd) {
        up.stride = 2;
        up.pad = 0;
    } else {
        x = weir_graph_resample(g, x, WEIR_RESAMPLE_NEAREST, rows, points);
    }
    return weir_graph_deconv(g, x, weir_parts_name("up.%d", level), &up, 0);
}

static int build(const struct weir_options *opts, struct weir_graph *g)
{
    int width = (int)weir_option_int(opts, "width"), skip[LEVELS];
    double dropout = weir_option_real(opts, "dropout");
    struct weir_conv last = {
        .channels = g->shape.channels, .kernel = 3, .pad = 1};
    if (!g->error && weir_parts_side(g) < FEWEST)
        g->error = WEIR_FAIL(EINVAL, "%d points, expected %d or more",
                             weir_parts_side(g), FEWEST);
    int x = weir_graph_input(g);
    for (int l = 0; l < LEVELS; l++) {
        if (l > 0)
            x = weir_graph_pool(g, x, WEIR_POOL_MAX, 2);
        x = skip[l] = twice(g, x, "down", l, width << l, dropout);
    }
    for (int l = LEVELS - 2; l >= 0; l--) {
        x = rise(g, x, skip[l], l, width << l);
        x = twice(g, weir_graph_concat(g, x, skip[l]), "right", l, width << l,
                  0);
    }
    weir_graph_output(g, weir_graph_deconv(g, x, "last", &last, 0));
    return g->error;
}

const struct weir_model_ops weir_model_smart_unet = {
    .name = "smart_unet",
    .summary = "U-Net with negated mirrors (Smart surrogates), 2D",
    .options = options,
    .build = build,
};
