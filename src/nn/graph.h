/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_GRAPH_H
#define WEIR_NN_GRAPH_H

/**
 * @file
 * What an architecture is made of, inside the room. A graph has *values*
 * (fields with some number of channels, on some grid), *layers* (each makes one
 * value from one or more) and *parameters* (trained tensors of layers). A value
 * may be read by several layers: their gradients are added. An architecture's
 * `build` adds layers, in the order they will run; finishing the graph decides
 * how values lie in memory and where parameters lie in the packed vector.
 *
 * Building keeps the first error, so that an architecture is straight-line
 * code: after an error every call returns -1 and does nothing. The calls that
 * add one kind of layer each are in nn/layers.h.
 */
#include "nn/dnnl.h"
#include "nn/form.h"
#include "weir/residual.h"
#include "weir/solver.h"

#include <stdbool.h>
#include <stdint.h>

struct weir_layer_ops;

#define WEIR_LAYER_NAME   48
#define WEIR_LAYER_INPUTS 4

enum weir_activation {
    WEIR_LINEAR,
    WEIR_RELU,
    WEIR_LEAKY_RELU, /* with a slope */
    WEIR_GELU,       /* x/2 (1 + erf(x / sqrt 2)) */
    WEIR_SILU,       /* x sigmoid(x) */
    WEIR_TANH,
    WEIR_SIGMOID,
};

/** How a value lies in memory. */
enum weir_order {
    WEIR_BLOCKED, /* blocks of channels, what convolutions want */
    WEIR_LAST,    /* channels last, what matrix products want */
};

/** A field between two layers. */
struct weir_value {
    int channels, rows, points; /* 1D: one row; a vector: one point */
    enum weir_order order;
    int producer;  /* layer; -1 the input */
    int consumers; /* layers that read it */
    int last;      /* the last of them */
    /* set when the graph is finished: */
    bool plain;                    /* the frame as users see it, with halos */
    struct weir_blocking blocking; /* padded = channels, block = 1 if plain */
};

/** What a parameter starts from. */
struct weir_init {
    enum {
        WEIR_INIT_UNIFORM,  /* in +- scale */
        WEIR_INIT_POSITIVE, /* uniform in 0 .. scale */
        WEIR_INIT_NORMAL,   /* deviation scale */
        WEIR_INIT_CONSTANT, /* scale */
    } kind;
    double scale;
};

struct weir_param {
    char name[WEIR_LAYER_NAME + 16];
    int rank;
    int64_t dims[WEIR_MAX_RANK];
    size_t count;
    struct weir_init init;
    bool measured;         /* a running statistic: see weir_model_trained */
    struct weir_form form; /* set when the graph is finished: */
    size_t at;             /* of its piece in the packed vector */
    size_t room;           /* floats of the piece, up to the next one */
};

struct weir_layer {
    char name[WEIR_LAYER_NAME];
    const struct weir_layer_ops *ops;
    int in[WEIR_LAYER_INPUTS], inputs, out; /* values */
    int param, params;                      /* the first, and how many */
    enum weir_activation activation;        /* applied to what it makes */
    float slope;                            /* of leaky ReLU */
    void *spec; /* what the kind of layer knows of this one */
};

struct weir_graph {
    struct weir_shape shape;  /* of what it makes */
    struct weir_jet jet;      /* its points are the numbers of one, if any */
    struct weir_value *value; /* 0 is the input */
    struct weir_layer *layer; /* in the order they run */
    struct weir_param *param;
    int values, layers, params;
    int output;     /* value; -1 until told */
    int halo;       /* columns every value carries on each side */
    bool thin;      /* its first and last convolution may be thin ones */
    size_t trained; /* floats of the packed vector before the statistics */
    size_t packed;
    int error; /* of the first call that failed, negative */
};

/** @return 0, or -EINVAL / -ENOMEM as kept in graph->error */
int weir_graph_init(struct weir_graph *g, const struct weir_shape *shape);
/** The same, but what is read has @p inputs channels: as many points as what is
 * made or, with @p vector, one. */
int weir_graph_init_from(struct weir_graph *g, int inputs, bool vector,
                         const struct weir_shape *shape);
void weir_graph_free(struct weir_graph *g);

/** The value that holds the input frame. */
static inline int weir_graph_input(const struct weir_graph *g)
{
    (void)g;
    return 0;
}

/** @p value is the predicted frame; it needs the graph's shape. */
void weir_graph_output(struct weir_graph *g, int value);

/**
 * Decide layouts and the packed form. The graph is read-only from here on.
 * @return 0, -EINVAL, -ENOMEM or -WEIR_EENV
 */
int weir_graph_finish(struct weir_graph *g);

/* ---- for the files in layers/ ---- */

/** A value to be made; channels and grid. */
struct weir_made {
    int channels, rows, points;
    enum weir_order order;
};

/**
 * Add a layer that reads the @p n values @p in and makes one; a copy of @p spec
 * (@p size bytes) becomes its own. @return the layer, or -1 after an error
 */
int weir_graph_layer(struct weir_graph *g, const struct weir_layer_ops *ops,
                     const char *name, int n, const int *in,
                     struct weir_made made, const void *spec, size_t size);

/**
 * Give the layer added last a parameter NAME.@p what. @return it, or -1
 */
int weir_graph_param(struct weir_graph *g, const char *what, int rank,
                     const int64_t *dims, struct weir_init init);

/** The layer's value, or -1 after an error: what a builder returns. */
int weir_graph_made(const struct weir_graph *g, int layer);

/** The value @p v in @p order: itself, or a copy made by one more layer. */
int weir_graph_in_order(struct weir_graph *g, int v, enum weir_order order);

/** Whether @p v names a value; else the graph's error, naming @p name. */
bool weir_graph_has(struct weir_graph *g, int v, const char *name);

/** Keep an error as the graph's: `return weir_graph_fail(g, WEIR_FAIL(...))`.
 * @return -1 */
int weir_graph_fail(struct weir_graph *g, int error);

#endif
