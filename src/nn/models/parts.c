/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/models/parts.h"

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

int weir_parts_refuse(const struct weir_options *opts, const char *const *names,
                      const char *format, ...)
{
    char text[256];
    const char *const *given = names;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    while (*given && !weir_option_given(opts, *given))
        given++;
    return WEIR_FAIL(EINVAL, "%s: %s", *given ? *given : *names, text);
}

int weir_parts_side(const struct weir_graph *g)
{
    const int *n = g->shape.n;
    return g->shape.dims == 2 && n[1] < n[0] ? n[1] : n[0];
}

int weir_parts_least(enum weir_padding padding)
{
    return padding == WEIR_PAD_CIRCULAR ? 3 : padding == WEIR_PAD_ZERO ? 1 : 2;
}

enum weir_activation weir_parts_activation(const struct weir_options *opts)
{
    static const enum weir_activation of[] = {WEIR_RELU, WEIR_GELU, WEIR_SILU,
                                              WEIR_TANH};
    return of[weir_option_int(opts, "activation")];
}

enum weir_padding weir_parts_padding(const struct weir_options *opts)
{
    return (enum weir_padding)weir_option_int(opts, "padding");
}

const char *weir_parts_name(const char *format, ...)
{
    static _Thread_local char name[WEIR_LAYER_NAME];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof(name), format, args);
    va_end(args);
    return name;
}

int weir_parts_conv(struct weir_graph *g, int x, const char *name, int channels,
                    int kernel, int dilation, enum weir_padding padding)
{
    struct weir_conv conv = {
        .channels = channels,
        .kernel = kernel,
        .dilation = dilation,
        .pad = dilation * (kernel / 2),
        .padding = padding,
    };
    return weir_graph_conv(g, x, name, &conv);
}

int weir_parts_blocks(struct weir_graph *g, const struct weir_options *opts,
                      int (*block)(struct weir_graph *g, int x, int i,
                                   const struct weir_options *opts))
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

const struct weir_option weir_perceptron_options[] = {
    {.name = "width",
     .type = WEIR_OPTION_INT,
     .fallback = "64",
     .min = 1,
     .max = 8192,
     .help = "of hidden layers"},
    {.name = "depth",
     .type = WEIR_OPTION_INT,
     .fallback = "3",
     .min = 1,
     .max = 100,
     .unit = "layers",
     .help = "hidden layers"},
    WEIR_OPTION_ACTIVATION("relu"),
    {0},
};

int weir_parts_perceptron(struct weir_graph *g, int x,
                          const struct weir_options *opts)
{
    int depth = (int)weir_option_int(opts, "depth");
    const struct weir_shape *s = &g->shape;
    for (int i = 0; i < depth; i++) {
        x = weir_graph_linear(g, x, weir_parts_name("layer.%d", i),
                              (int)weir_option_int(opts, "width"), 0);
        x = weir_graph_activate(g, x, weir_parts_activation(opts));
    }
    x = weir_graph_linear(g, x, weir_parts_name("layer.%d", depth),
                          (int)weir_shape_floats(s), 0);
    return weir_graph_reshape(g, x, s->channels, s->dims == 2 ? s->n[0] : 1,
                              s->n[s->dims == 2]);
}
