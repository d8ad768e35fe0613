/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_MODELS_PARTS_H
#define WEIR_NN_MODELS_PARTS_H

/**
 * @file
 * What several architectures share: options and small groups of layers.
 */
#include "nn/graph.h"
#include "nn/layers.h"
#include "nn/model.h"

#define WEIR_ACTIVATION_CHOICES "relu|gelu|silu|tanh"

/** The option `activation`. */
#define WEIR_OPTION_ACTIVATION(standard)                                       \
    {                                                                          \
        .name = "activation", .type = WEIR_OPTION_CHOICE,                      \
        .fallback = (standard), .choices = WEIR_ACTIVATION_CHOICES,            \
        .help = "between layers"                                               \
    }

/** The option `width` of nets whose grids all have as many channels. */
#define WEIR_OPTION_HIDDEN(standard, fastest)                                  \
    {                                                                          \
        .name = "width", .type = WEIR_OPTION_INT, .fallback = (standard),      \
        .min = 1, .max = 1024, .unit = "channels",                             \
        .help = "hidden channels; multiples of " fastest " are fastest"        \
    }

/** The option `padding`. */
#define WEIR_OPTION_PADDING                                                    \
    {                                                                          \
        .name = "padding", .type = WEIR_OPTION_CHOICE, .fallback = "circular", \
        .choices = WEIR_PADDING_CHOICES, .help = "what surrounds the field"    \
    }

/**
 * Refuse options that do not suit the grid or each other, as "OPTION: ...": the
 * first of @p names that the user gave, or the first of them.
 * @param names NULL ends them
 * @return -EINVAL
 */
int weir_parts_refuse(const struct weir_options *opts, const char *const *names,
                      const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Names for weir_parts_refuse. */
#define WEIR_PARTS(...)                                                        \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

/** Points of the field's shorter side. */
int weir_parts_side(const struct weir_graph *g);
/** The fewest points a side that convolutions of width 3 with such borders read. */
int weir_parts_least(enum weir_padding padding);

enum weir_activation weir_parts_activation(const struct weir_options *opts);
enum weir_padding weir_parts_padding(const struct weir_options *opts);

/** A name from a format, good until the next call of the thread. */
const char *weir_parts_name(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/** A convolution that keeps the grid: odd @p kernel, stride 1. */
int weir_parts_conv(struct weir_graph *g, int x, const char *name, int channels,
                    int kernel, int dilation, enum weir_padding padding);

/**
 * The whole of a net of blocks: a conv 1 "lift" to the option width, as many
 * blocks as the option blocks says, a conv 1 "project" to the frame.
 * @param block  adds block @p i after @p x and returns its value
 * @return the graph's error
 */
int weir_parts_blocks(struct weir_graph *g, const struct weir_options *opts,
                      int (*block)(struct weir_graph *g, int x, int i,
                                   const struct weir_options *opts));

/** The options width, depth and activation of a perceptron. */
extern const struct weir_option weir_perceptron_options[];
/** Linear layers by weir_perceptron_options, named layer.0, layer.1, ..., from
 * a vector to the graph's frame. */
int weir_parts_perceptron(struct weir_graph *g, int x,
                          const struct weir_options *opts);

#endif
