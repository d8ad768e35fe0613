/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_ONNX_GRAPH_H
#define WEIR_NN_ONNX_GRAPH_H

/**
 * @file
 * An ONNX graph that is being written. Everything that has a value has a name;
 * what is added first is computed first. The first error is kept, so that what
 * tells a layer in nodes is straight-line code.
 */
#include "nn/graph.h"
#include "nn/model.h"
#include "weir/blob.h"

#define WEIR_ONNX_RANK 5

/** TensorProto.DataType. */
enum { WEIR_ONNX_FLOAT = 1, WEIR_ONNX_INT64 = 7, WEIR_ONNX_DOUBLE = 11 };

struct weir_onnx_name {
    char text[64];
};

struct weir_onnx {
    const struct weir_model *model;
    const struct weir_graph *graph;
    const float *packed;          /* weights of the member that is being told */
    int member, count;            /* count: names given so far */
    struct weir_onnx_name *value; /* [graph->values] once they are made */
    struct weir_blob body;        /* fields of a GraphProto */
    int error;
};

/** One attribute of a node: ints if there are any, else text, else a number. */
struct weir_onnx_attribute {
    const char *name;
    int64_t ints[2 * WEIR_ONNX_RANK];
    int n; /* of ints; -1: one int, ints[0] */
    const char *text;
    float number;
};

/** A node @p op of @p n inputs; "" leaves an optional one out. */
struct weir_onnx_name weir_onnx_node(
    struct weir_onnx *o, const char *op, int n, const struct weir_onnx_name *in,
    const struct weir_onnx_attribute *attribute, int attributes);
/** The same of one and of two inputs, without attributes. */
struct weir_onnx_name weir_onnx_one(struct weir_onnx *o, const char *op,
                                    struct weir_onnx_name a);
struct weir_onnx_name weir_onnx_two(struct weir_onnx *o, const char *op,
                                    struct weir_onnx_name a,
                                    struct weir_onnx_name b);
/** From @p from to before @p to along @p axis; negative: from the end. */
struct weir_onnx_name weir_onnx_slice(struct weir_onnx *o,
                                      struct weir_onnx_name x, int axis,
                                      int64_t from, int64_t to);
struct weir_onnx_name weir_onnx_join(struct weir_onnx *o, int axis, int n,
                                     const struct weir_onnx_name *parts);
/** As double, and as float again: numbers that float is too coarse for. */
struct weir_onnx_name weir_onnx_to_double(struct weir_onnx *o,
                                          struct weir_onnx_name x);
struct weir_onnx_name weir_onnx_to_float(struct weir_onnx *o,
                                         struct weir_onnx_name x);

/** Constants. @p name NULL: any. */
struct weir_onnx_name weir_onnx_floats(struct weir_onnx *o, const char *name,
                                       int rank, const int64_t *dims,
                                       const float *values);
struct weir_onnx_name weir_onnx_ints(struct weir_onnx *o, int n,
                                     const int64_t *values);
struct weir_onnx_name weir_onnx_number(struct weir_onnx *o, float value);
struct weir_onnx_name weir_onnx_double(struct weir_onnx *o, double value);
/** A number for each channel, shaped to meet a field. */
struct weir_onnx_name weir_onnx_channels(struct weir_onnx *o, int channels,
                                         const float *values);
/** Parameter @p i of the graph with its own shape, or @p rank other @p dims. */
struct weir_onnx_name weir_onnx_param(struct weir_onnx *o, int i, int rank,
                                      const int64_t *dims);

/** Tell layer @p l in nodes (onnx_layers.c). */
void weir_onnx_layer(struct weir_onnx *o, const struct weir_layer *l);

/** A Fourier layer (onnx_fourier.c). */
struct weir_onnx_name weir_onnx_fourier(struct weir_onnx *o,
                                        const struct weir_layer *l);

/* ---- messages of protobuf: fields, one after another, in any order ---- */

int weir_proto_varint(struct weir_blob *b, int field, uint64_t value);
int weir_proto_bytes(struct weir_blob *b, int field, const void *data,
                     size_t size);
int weir_proto_text(struct weir_blob *b, int field, const char *text);
/** @p part as a message inside @p b; frees @p part. */
int weir_proto_message(struct weir_blob *b, int field, struct weir_blob *part);

#endif
