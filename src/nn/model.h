/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_MODEL_H
#define WEIR_NN_MODEL_H

/**
 * @file
 * A model: an architecture made for one shape of field, as a list of layers and
 * the tensors they train. It holds no weights: these are one flat vector of
 * float, *packed*, that belongs to the caller.
 *
 * Packed form: each tensor lies where the engine reads it fastest (blocked, its
 * channels padded to whole blocks), in a piece that starts on a 64-byte line.
 * Padding is zero, and gradients and optimiser moments have the same form with
 * the same zeros, so anything that works element by element (a reduction, Adam,
 * an average of weights) runs on any slice of the vector without knowing what
 * is in it. The form depends on the processor's vector width and on nothing
 * else of the run: not on batch, threads or nets. On disk and towards users
 * tensors are *plain*: PyTorch's order and names, no padding.
 *
 * Threads: a model never changes once it is created; share it freely.
 */
#include "weir/option.h"
#include "weir/residual.h"
#include "weir/solver.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct weir_graph;
struct weir_model;

/** An architecture, one line in registry.c. */
struct weir_model_ops {
    const char *name;
    const char *summary;               /* one line for `weir list` */
    const struct weir_option *options; /* ends with a NULL name */
    bool
        is_direct; /* from parameters and time to a frame, not from frame to frame */
    bool carries_jets; /* from the jets of features to that of a function */
    bool is_local; /* an output point sees a neighbourhood, never the whole */
    /**
     * How papers write it in one word, "Conv;width;depth;activation": its name
     * there, then options in that order. NULL: they do not.
     */
    const char *spelling;
    /** Add the layers; errors may be left to the graph, which keeps the first. */
    int (*build)(const struct weir_options *opts, struct weir_graph *graph);
};

/** One trained tensor, plain: row-major, as PyTorch would hold it. */
struct weir_model_tensor {
    const char *name; /* "conv.3.weight" */
    int rank;
    int64_t dims[5]; /* unused ones are 1 */
    size_t count;    /* product of dims */
};

/**
 * Make the model @p ops for frames of @p shape in and out.
 *
 * @return 0
 * @return -EINVAL the architecture does not fit the shape or its options
 * @return -WEIR_EENV the engine cannot serve a layer on this processor
 * @return -ENOMEM
 */
int weir_model_create(const struct weir_model_ops *ops,
                      const struct weir_options *opts,
                      const struct weir_shape *shape, struct weir_model **out);
/** What a model reads and what it makes. */
struct weir_model_io {
    struct weir_shape shape; /* of a state */
    /**
     * The first so many channels of a state are read, the others made: the
     * surrogate of a steady problem. 0: all are read and made.
     */
    int given;
    int parameters; /* numbers read instead of a state; 0: none */
    /** The points of a state are the numbers of a jet; no coordinates: not. */
    struct weir_jet jet;
    /** Of each value a density is made, not the value: four channels in place
     *  of one, all of a number of it together (nn/evidence.h). */
    bool evidential;
};

/** What leads from the jets of features to the jet of one function. */
struct weir_model_io weir_model_jet_io(const struct weir_jet *jet);

/** The same for other than steps from state to state; -EINVAL too where the
 * architecture reads something else. */
int weir_model_create_for(const struct weir_model_ops *ops,
                          const struct weir_options *opts,
                          const struct weir_model_io *io,
                          struct weir_model **out);
/**
 * The same for an architecture that leads from a vector of @p inputs numbers,
 * parameters and time, to a frame.
 */
int weir_model_create_direct(const struct weir_model_ops *ops,
                             const struct weir_options *opts, int inputs,
                             const struct weir_shape *shape,
                             struct weir_model **out);
void weir_model_destroy(struct weir_model *model);

const char *weir_model_name(const struct weir_model *model);
/** Floats of one input: a frame's, or the inputs of a direct model. */
size_t weir_model_inputs(const struct weir_model *model);
/** Shape of a state. */
const struct weir_shape *weir_model_shape(const struct weir_model *model);
const struct weir_model_io *weir_model_io(const struct weir_model *model);

/** Whether prediction with dropout differs from prediction without. */
bool weir_model_has_dropout(const struct weir_model *model);

/** Floats in a packed vector, padding included; a multiple of 16. */
size_t weir_model_packed(const struct weir_model *model);
/**
 * Of them, those that are trained. What follows is statistics that norms keep
 * of the data: there a "gradient" is the batch's own figure, and a step moves
 * towards it (weir_statistics_step).
 */
size_t weir_model_trained(const struct weir_model *model);
/** Trained numbers: the parameter count a paper would quote. A norm's running
 * statistics are tensors too, but not trained. */
size_t weir_model_parameters(const struct weir_model *model);

/** Numbers in all tensors: what exporting every one of them needs. */
size_t weir_model_floats(const struct weir_model *model);

/** How many tensors, and the one at @p i; strings live as long as the model. */
size_t weir_model_tensors(const struct weir_model *model);
struct weir_model_tensor weir_model_tensor(const struct weir_model *model,
                                           size_t i);

/**
 * Write initial weights: tensor i is uniform, normal or constant as its layer
 * says (PyTorch's defaults), drawn in plain order from the stream (seed,
 * WEIR_RNG_WEIGHTS, i), so that weights do not depend on the packed form.
 */
int weir_model_init(const struct weir_model *model, uint64_t seed,
                    float *packed);

/** Copy tensor @p i out of a packed vector (weights, gradient or moment). */
int weir_model_export(const struct weir_model *model, size_t i,
                      const float *packed, float *plain);
/**
 * Copy tensor @p i into a packed vector, its padding set to zero. A vector all
 * of whose tensors were imported is completely defined.
 */
int weir_model_import(const struct weir_model *model, size_t i,
                      const float *plain, float *packed);

#endif
