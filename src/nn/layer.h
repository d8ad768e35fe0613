/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_LAYER_H
#define WEIR_NN_LAYER_H

/**
 * @file
 * A kind of layer: what it needs at planning, and what it does with the arrays
 * it is handed. A layer owns no activations, weights or gradients: the net
 * plans that memory and hands out pointers, so one plan serves every tape and
 * every set of weights.
 *
 * Halos. Forward leaves the halo of `y` filled. Backward gets `dy` with the
 * halo's share still in the halo (see weir_halo_fold), may overwrite it, and
 * leaves `dx` in the same state.
 */
#include "nn/graph.h"

/** What a layer is planned for. */
struct weir_layer_site {
    const struct weir_graph *graph;
    const struct weir_layer *layer;
    const struct weir_layout *x, *y; /* of its input and output value */
    struct weir_dnnl *dnnl;          /* the net's */
    bool backward;                   /* will be called */
};

/** The arrays of one call. Forward reads x, w, bias and writes y. */
struct weir_layer_pass {
    float *x, *y;
    const float *w, *bias;
    float *dx; /* NULL: not wanted */
    float *dy;
    float *dw, *dbias; /* overwritten, but for padding between pieces */
};

struct weir_layer_ops {
    const char *name;
    /** The forms of its parameters. */
    int (*form)(const struct weir_graph *g, const struct weir_layer *layer,
                struct weir_form *weight, struct weir_form *bias);
    int (*plan)(const struct weir_layer_site *site, void **plan);
    void (*release)(void *plan);
    size_t (*bytes)(const void *plan);
    int (*forward)(void *plan, const struct weir_layer_pass *pass);
    int (*backward)(void *plan, const struct weir_layer_pass *pass);
};

/** Blocked to blocked, by oneDNN. */
extern const struct weir_layer_ops weir_conv_ops;
/** Plain to blocked (the first layer) and back (the last), by nn/thin. */
extern const struct weir_layer_ops weir_conv_lift_ops;
extern const struct weir_layer_ops weir_conv_project_ops;

#endif
