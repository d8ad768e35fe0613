/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_GRAPH_H
#define WEIR_NN_GRAPH_H

/**
 * @file
 * What an architecture is made of, inside the room. A graph has *values*
 * (fields with some number of channels), *layers* (each makes one value from
 * another) and *parameters* (trained tensors of layers). An architecture's
 * `build` adds layers; finishing the graph decides how values lie in memory and
 * where parameters lie in the packed vector.
 *
 * Building keeps the first error, so that an architecture is straight-line
 * code: after an error every call returns -1 and does nothing.
 */
#include "nn/dnnl.h"
#include "nn/form.h"
#include "weir/solver.h"

#include <stdbool.h>
#include <stdint.h>

struct weir_layer_ops;

enum weir_activation {
    WEIR_LINEAR,
    WEIR_RELU,
};

#define WEIR_LAYER_NAME 32

/** A field between two layers. Plain where users see it, blocked inside. */
struct weir_value {
    int channels;
    int producer, consumer;        /* layers; -1 none (the input, the output) */
    bool plain;                    /* set when the graph is finished: */
    struct weir_blocking blocking; /* padded = channels, block = 1 if plain */
};

struct weir_param {
    char name[WEIR_LAYER_NAME + 16];
    int rank;
    int64_t dims[WEIR_MAX_RANK];
    size_t count;
    double bound;          /* initial values are uniform in +-bound */
    struct weir_form form; /* set when the graph is finished: */
    size_t at;             /* of its piece in the packed vector */
};

struct weir_layer {
    char name[WEIR_LAYER_NAME];
    const struct weir_layer_ops *ops; /* set when the graph is finished */
    int in, out;                      /* values */
    int weight, bias;                 /* parameters */
    int kernel;
    enum weir_activation activation;
};

struct weir_graph {
    struct weir_shape shape;
    struct weir_value *value; /* 0 is the input */
    struct weir_layer *layer; /* in the order they run */
    struct weir_param *param;
    int values, layers, params;
    int output; /* value; -1 until told */
    int halo;   /* columns every value carries on each side */
    size_t packed;
    int error; /* of the first call that failed, negative */
};

/** @return 0, or -EINVAL / -ENOMEM as kept in graph->error */
int weir_graph_init(struct weir_graph *g, const struct weir_shape *shape);
void weir_graph_free(struct weir_graph *g);

/** The value that holds the input frame. */
static inline int weir_graph_input(const struct weir_graph *g)
{
    (void)g;
    return 0;
}

/**
 * Add out = activation(conv(in) + bias): periodic, stride 1, odd @p kernel,
 * every channel with a bias. Weights (channels, in channels, kernel) and biases
 * start uniform in +-1/sqrt(fan_in), fan_in = in channels * kernel. Parameters
 * are called NAME.weight and NAME.bias.
 * @return the new value, or -1 after an error
 */
int weir_graph_conv(struct weir_graph *g, int in, const char *name,
                    int channels, int kernel, enum weir_activation activation);

/** @p value is the predicted frame; it needs as many channels as the input. */
void weir_graph_output(struct weir_graph *g, int value);

/**
 * Decide layouts and the packed form. The graph is read-only from here on.
 * @return 0, -EINVAL, -ENOMEM or -WEIR_EENV
 */
int weir_graph_finish(struct weir_graph *g);

#endif
