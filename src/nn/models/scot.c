/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scOT, the scalable operator transformer of Poseidon (Herde et al. 2024), in 2D.
 * N is layer norm whose scale and shift are linear in the time of a step; A is
 * attention in windows, every other block's moved by half a window; f is gelu:
 *
 *     embed:   N(conv of kernel and stride patch), width channels
 *     block:   x += N(A(x) proj),  x += N(mlp(x)),  mlp: c -> 4 c, f, 4 c -> c
 *     encoder: on each grid depth blocks; their result is kept as a skip and goes
 *         on, plus what the grid began with, to N(merge): 2 x 2 points of c
 *         channels to one of 2 c
 *     skip:    on all grids but the coarsest, as many ConvNeXt blocks as skips:
 *         x += w mlp(N(depthwise conv 7(x)))
 *     decoder: from the coarsest grid; plus the skip, depth blocks in the opposite
 *         order, then unmerge: c to 2 c, shuffled to 2 x 2 points, N, linear
 *     recover: transposed conv of kernel and stride patch, conv 5 without bias
 *
 * Grids whose sides do not exceed the window are one window. Parameters of a block
 * of c channels and h heads: 12 c^2 + 16 c + 513 h + 1536; of a merge 8 c^2 + 8 c,
 * of an unmerge of c 9/4 c^2 + 2 c, of a ConvNeXt block 8 c^2 + 60 c; with k
 * channels, patch p and width w, embed k p^2 w + 5 w and recover k p^2 w + k + 25
 * k^2. From 4 channels to 4: T 20 774 444, S 39 901 076, B 157 729 988, L 628 575
 * 524.
 *
 * A run's steps all take the same time, `lead_time`; nets for several times would
 * read it with each sample.
 */
#include "nn/models/parts.h"

#include "base/err.h"

#include <stdio.h>

enum { MOST_STAGES = 6, GROWTH = 4, DEPTHWISE = 7, LAST = 5 };

static const struct weir_option options[] = {
    {.name = "size",
     .type = WEIR_OPTION_CHOICE,
     .fallback = "own",
     .choices = "own|T|S|B|L",
     .help = "T, S, B, L: as published, whatever width, depth, stages, heads, "
             "window, patch and skips say"},
    {.name = "width",
     .type = WEIR_OPTION_INT,
     .fallback = "24",
     .min = 1,
     .max = 1024,
     .unit = "channels",
     .help = "of the finest grid of tokens; twice as many on the next"},
    {.name = "depth",
     .type = WEIR_OPTION_INT,
     .fallback = "2",
     .min = 1,
     .max = 64,
     .unit = "blocks",
     .help = "on each grid, down and again up"},
    {.name = "stages",
     .type = WEIR_OPTION_INT,
     .fallback = "2",
     .min = 1,
     .max = MOST_STAGES,
     .unit = "grids",
     .help = "grids of tokens, each with half the points a side"},
    {.name = "heads",
     .type = WEIR_OPTION_INT,
     .fallback = "3",
     .min = 1,
     .max = 64,
     .help =
         "on the finest grid, a divisor of width; twice as many on the next"},
    {.name = "window",
     .type = WEIR_OPTION_INT,
     .fallback = "8",
     .min = 1,
     .max = 64,
     .unit = "tokens",
     .help = "side of the squares attention looks at; smaller grids are one"},
    {.name = "patch",
     .type = WEIR_OPTION_INT,
     .fallback = "4",
     .min = 1,
     .max = 16,
     .unit = "points",
     .help = "side of the squares that become tokens"},
    {.name = "skips",
     .type = WEIR_OPTION_INT,
     .fallback = "2",
     .min = 0,
     .max = 16,
     .unit = "blocks",
     .help = "ConvNeXt blocks of each skip connection"},
    {.name = "lead_time",
     .type = WEIR_OPTION_REAL,
     .fallback = "1",
     .min = 0,
     .max = 1e6,
     .help = "what the net is told a step takes"},
    {.name = "from_zero",
     .type = WEIR_OPTION_BOOL,
     .fallback = "false",
     .help = "start the norms' scales near 0, as published, not near 1"},
    {0},
};

/* Numbers of the net, and what is being built. */
struct building {
    struct weir_graph *g;
    int width, depth, stages, heads, window, patch, skips;
    int time; /* value */
    bool from_zero;
};

enum { NAME = WEIR_LAYER_NAME };

static int linear(struct building *b, int x, const char *in, const char *name,
                  int channels, bool bias)
{
    struct weir_linear l = {
        .channels = channels, .no_bias = !bias, .deviation = 0.02};
    return weir_graph_linear_of(b->g, x, weir_parts_name("%s.%s", in, name),
                                &l);
}

static int channels_of(const struct building *b, int x)
{
    return b->g->error ? 0 : b->g->value[x].channels;
}

/* Scale and shift follow from the time. */
static int norm(struct building *b, int x, const char *in, const char *name)
{
    struct weir_linear l = {.channels = channels_of(b, x),
                            .deviation = 0.02,
                            .start = b->from_zero ? 0 : 1};
    int scale = weir_graph_linear_of(
        b->g, b->time, weir_parts_name("%s.%s.weight", in, name), &l);
    l.start = 0;
    int shift = weir_graph_linear_of(
        b->g, b->time, weir_parts_name("%s.%s.bias", in, name), &l);
    return weir_graph_layer_norm_by(b->g, x, scale, shift);
}

static int mlp(struct building *b, int x, const char *in)
{
    int c = channels_of(b, x);
    x = linear(b, x, in, "mlp.0", GROWTH * c, true);
    x = weir_graph_activate(b->g, x, WEIR_GELU);
    return linear(b, x, in, "mlp.1", c, true);
}

/* A window along an axis of @p n tokens: its length and how far it is moved. */
static int window_of(const struct building *b, int n, bool moved, int *shift)
{
    *shift = moved && n > b->window ? b->window / 2 : 0;
    return n < b->window ? n : b->window;
}

static int attention(struct building *b, int x, const char *in, int heads,
                     bool moved)
{
    if (b->g->error)
        return -1;
    int c = channels_of(b, x);
    struct weir_attention a = {.heads = heads};
    a.rows = window_of(b, b->g->value[x].rows, moved, &a.shift_rows);
    a.points = window_of(b, b->g->value[x].points, moved, &a.shift_points);
    int q = linear(b, x, in, "query", c, true);
    int k = linear(b, x, in, "key", c, false);
    int v = linear(b, x, in, "value", c, true);
    x = weir_graph_attention(b->g, q, k, v, weir_parts_name("%s.attention", in),
                             &a);
    return linear(b, x, in, "proj", c, true);
}

static int block(struct building *b, int x, const char *in, int heads,
                 bool moved)
{
    int y = norm(b, attention(b, x, in, heads, moved), in, "norm.0");
    x = weir_graph_add(b->g, y, x);
    y = norm(b, mlp(b, x, in), in, "norm.1");
    return weir_graph_add(b->g, y, x);
}

static int merge(struct building *b, int x, int stage)
{
    char in[NAME];
    int c = channels_of(b, x);
    snprintf(in, sizeof(in), "encoder.%d.merge", stage);
    x = weir_graph_merge(b->g, x, 2);
    return norm(b, linear(b, x, in, "linear", 2 * c, false), in, "norm");
}

static int unmerge(struct building *b, int x, int stage)
{
    char in[NAME];
    int c = channels_of(b, x);
    snprintf(in, sizeof(in), "decoder.%d.unmerge", stage);
    x = linear(b, x, in, "linear", 2 * c, false);
    x = norm(b, weir_graph_shuffle(b->g, x, 2), in, "norm");
    return linear(b, x, in, "mix", c / 2, false);
}

static int convnext(struct building *b, int x, int stage, int i)
{
    char in[NAME];
    snprintf(in, sizeof(in), "skip.%d.%d", stage, i);
    int y = weir_graph_depthwise(b->g, x, weir_parts_name("%s.depthwise", in),
                                 DEPTHWISE, WEIR_PAD_ZERO);
    y = mlp(b, norm(b, y, in, "norm"), in);
    y = weir_graph_scale(b->g, y, weir_parts_name("%s.scale", in), 1e-6);
    return weir_graph_add(b->g, y, x);
}

static int blocks(struct building *b, int x, const char *of, int stage,
                  bool reversed)
{
    char in[NAME];
    for (int i = 0; i < b->depth; i++) {
        int order = reversed ? b->depth - 1 - i : i;
        snprintf(in, sizeof(in), "%s.%d.block.%d", of, stage, i);
        x = block(b, x, in, b->heads << stage, order % 2 == 1);
    }
    return x;
}

static int encode(struct building *b, int x, int skip[])
{
    for (int i = 0; i < b->stages; i++) {
        int began = x;
        x = skip[i] = blocks(b, x, "encoder", i, false);
        if (i + 1 < b->stages)
            x = merge(b, weir_graph_add(b->g, x, began), i);
    }
    for (int i = 0; i + 1 < b->stages; i++)
        for (int k = 0; k < b->skips; k++)
            skip[i] = convnext(b, skip[i], i, k);
    return x;
}

static int decode(struct building *b, int x, const int skip[])
{
    for (int i = b->stages - 1; i >= 0; i--) {
        if (i + 1 < b->stages)
            x = weir_graph_add(b->g, x, skip[i]);
        x = blocks(b, x, "decoder", i, true);
        if (i > 0)
            x = unmerge(b, x, i);
    }
    return x;
}

/* ---- sizes ---- */

static struct building numbers(const struct weir_options *opts,
                               struct weir_graph *g)
{
    static const struct {
        int width, depth;
    } published[] = {{0, 0}, {48, 4}, {48, 8}, {96, 8}, {192, 8}};
    int64_t size = weir_option_int(opts, "size");
    struct building b = {
        .g = g,
        .width = (int)weir_option_int(opts, "width"),
        .depth = (int)weir_option_int(opts, "depth"),
        .stages = (int)weir_option_int(opts, "stages"),
        .heads = (int)weir_option_int(opts, "heads"),
        .window = (int)weir_option_int(opts, "window"),
        .patch = (int)weir_option_int(opts, "patch"),
        .skips = (int)weir_option_int(opts, "skips"),
    };
    if (size > 0)
        b = (struct building){.g = g,
                              .width = published[size].width,
                              .depth = published[size].depth,
                              .stages = 4,
                              .heads = 3,
                              .window = 16,
                              .patch = 4,
                              .skips = 2};
    b.from_zero = weir_option_bool(opts, "from_zero");
    return b;
}

/* Points of one side that are no whole number of squares, or of windows. What
 * is published comes as one option, `size`. */
static int check_side(const struct building *b, const struct weir_options *opts,
                      int points)
{
    bool own = weir_option_int(opts, "size") == 0;
    int square = b->patch << (b->stages - 1);
    if (points % square) {
        weir_parts_refuse(
            opts, own ? WEIR_PARTS("patch", "stages") : WEIR_PARTS("size"),
            "%d points do not divide by %d", points, square);
        return weir_err_hint("patch x 2^(stages - 1) must divide the grid");
    }
    for (int n = points / b->patch, i = 0; i < b->stages; i++, n /= 2)
        if (n > b->window && n % b->window) {
            weir_parts_refuse(
                opts, own ? WEIR_PARTS("window", "patch") : WEIR_PARTS("size"),
                "%d tokens are no whole number of windows of %d", n, b->window);
            return weir_err_hint("choose another window or patch");
        }
    return 0;
}

static int check(const struct building *b, const struct weir_options *opts)
{
    const struct weir_shape *s = &b->g->shape;
    if (s->dims != 2)
        return WEIR_FAIL(EINVAL, "%d-dimensional fields; scot is for 2D",
                         s->dims);
    if (b->width % b->heads)
        return weir_parts_refuse(opts, WEIR_PARTS("heads", "width"),
                                 "%d heads do not divide %d channels", b->heads,
                                 b->width);
    int rc = check_side(b, opts, s->n[0]);
    return rc ? rc : check_side(b, opts, s->n[1]);
}

static int build(const struct weir_options *opts, struct weir_graph *g)
{
    struct building b = numbers(opts, g);
    int skip[MOST_STAGES];
    struct weir_conv patch = {
        .channels = b.width, .kernel = b.patch, .stride = b.patch};
    struct weir_conv last = {.channels = g->shape.channels,
                             .kernel = LAST,
                             .pad = LAST / 2,
                             .no_bias = true};
    if (!g->error)
        g->error = check(&b, opts);
    b.time = weir_graph_constant(g, weir_option_real(opts, "lead_time"));
    int x = weir_graph_conv(g, weir_graph_input(g), "embed.conv", &patch);
    x = encode(&b, norm(&b, x, "embed", "norm"), skip);
    x = decode(&b, x, skip);
    patch.channels = g->shape.channels;
    x = weir_graph_deconv(g, x, "recover.deconv", &patch, 0);
    weir_graph_output(g, weir_graph_conv(g, x, "recover.conv", &last));
    return g->error;
}

const struct weir_model_ops weir_model_scot = {
    .name = "scot",
    .summary = "window transformer of Poseidon, 2D",
    .options = options,
    .build = build,
};
