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
 * leaves every `dx` in the same state. Padded channels of every array are 0,
 * and so forward and backward leave them.
 */
#include "nn/graph.h"
#include "nn/layout.h"

#define WEIR_LAYER_PARAMS 8

/** What a layer is planned for. */
struct weir_layer_site {
    const struct weir_graph *graph;
    const struct weir_layer *layer;
    const struct weir_layout *x[WEIR_LAYER_INPUTS], *y;
    struct weir_dnnl *dnnl; /* the net's */
    bool backward;          /* will be called */
    /* out: */
    size_t work; /* floats of memory for the length of one call */
    size_t keep; /* floats kept from forward to backward, per tape */
    bool forgets_x, forgets_y; /* backward reads none of x, not y */
};

/** The arrays of one call. Forward reads x and w and writes y. */
struct weir_layer_pass {
    float *x[WEIR_LAYER_INPUTS], *y;
    const float *w[WEIR_LAYER_PARAMS]; /* parameters, in their order */
    float *dx[WEIR_LAYER_INPUTS];      /* NULL: not wanted; overwritten */
    float *dy;
    float *dw[WEIR_LAYER_PARAMS]; /* overwritten, the whole piece */
    float *work, *keep;
    bool training; /* norms measure the batch itself */
    bool dropping; /* dropout is active, by masks of this key and layer */
    uint64_t key;
    int layer;
    const bool *present; /* samples there are; NULL: all */
};

struct weir_layer_ops {
    const char *name;
    /**
     * Columns of halo it needs around what it reads; -1: it cannot live with
     * halos. NULL: -1.
     */
    int (*halo)(const struct weir_layer *layer);
    /** The forms of its parameters. NULL: plain tensors. */
    int (*form)(const struct weir_graph *g, const struct weir_layer *layer,
                struct weir_form form[]);
    int (*plan)(struct weir_layer_site *site, void **plan);
    void (*release)(void *plan);
    /** Bytes of the plan, work and keep aside. NULL: hardly any. */
    size_t (*bytes)(const void *plan);
    int (*forward)(void *plan, const struct weir_layer_pass *pass);
    int (*backward)(void *plan, const struct weir_layer_pass *pass);
};

/** Convolution; see layers/convolution.c. */
extern const struct weir_layer_ops weir_conv_ops;
/** The same between the frame and hidden values; see layers/thin.c. */
extern const struct weir_layer_ops weir_conv_lift_ops;
extern const struct weir_layer_ops weir_conv_project_ops;

#endif
