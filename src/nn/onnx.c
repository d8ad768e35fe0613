/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/onnx.h"

#include "base/err.h"
#include "nn/model_impl.h"
#include "nn/onnx_graph.h"
#include "weir/version.h"

#include <stdlib.h>
#include <string.h>

enum { IR_VERSION = 8, OPSET = 17, FLOAT = 1 };

static const char STATE[] = "state", NEXT[] = "next", SPREAD[] = "spread";

/* ---- the surrogate around the net ---- */

static struct weir_onnx_name scaled(struct weir_onnx *o,
                                    const struct weir_normaliser *n)
{
    struct weir_onnx_name x = {"state"};
    x = weir_onnx_two(o, "Sub", x, weir_onnx_channels(o, n->channels, n->mean));
    return weir_onnx_two(o, "Div", x,
                         weir_onnx_channels(o, n->channels, n->deviation));
}

static struct weir_onnx_name predicted(struct weir_onnx *o,
                                       const struct weir_normaliser *n,
                                       struct weir_onnx_name y, bool residual)
{
    const struct weir_onnx_name state = {"state"};
    struct weir_onnx_name gain = weir_onnx_channels(
        o, n->channels, residual ? n->residual : n->deviation);
    y = weir_onnx_two(o, "Mul", y, gain);
    return weir_onnx_two(
        o, "Add",
        residual ? state : weir_onnx_channels(o, n->channels, n->mean), y);
}

/* One member's next state. */
static struct weir_onnx_name tell_member(struct weir_onnx *o,
                                         const struct weir_ensemble *e,
                                         int member, bool residual)
{
    const struct weir_graph *g = o->graph;
    o->member = member;
    o->packed = e->packed + (size_t)member * e->stride;
    o->value[0] = scaled(o, e->norm);
    for (int l = 0; l < g->layers && !o->error; l++)
        weir_onnx_layer(o, &g->layer[l]);
    return predicted(o, e->norm, o->value[g->output], residual);
}

/* ---- outputs ---- */

/* A node that gives @p x its name for users. */
static int put_output(struct weir_onnx *o, struct weir_onnx_name x,
                      const char *text)
{
    struct weir_blob b = {0};
    int rc = weir_proto_text(&b, 1, x.text);
    rc = rc ? rc : weir_proto_text(&b, 2, text);
    rc = rc ? rc : weir_proto_text(&b, 4, "Identity");
    int last = weir_proto_message(&o->body, 1, &b);
    return rc ? rc : last;
}

static int tell_members(struct weir_onnx *o, const struct weir_ensemble *e,
                        bool residual)
{
    struct weir_onnx_name each[WEIR_MEMBERS_MAX], mean;
    for (int m = 0; m < e->members; m++)
        each[m] = tell_member(o, e, m, residual);
    mean = e->members == 1
               ? each[0]
               : weir_onnx_node(o, "Mean", e->members, each, NULL, 0);
    int rc = o->error ? o->error : put_output(o, mean, NEXT);
    if (rc || e->members == 1)
        return rc;
    for (int m = 0; m < e->members; m++) {
        struct weir_onnx_name apart = weir_onnx_two(o, "Sub", each[m], mean);
        each[m] = weir_onnx_two(o, "Mul", apart, apart);
    }
    mean = weir_onnx_node(o, "Mean", e->members, each, NULL, 0);
    return put_output(o, weir_onnx_one(o, "Sqrt", mean), SPREAD);
}

/* ---- messages ---- */

/* TensorShapeProto.Dimension: dim_value 1, dim_param 2. */
static int put_dim(struct weir_blob *shape, int value, const char *word)
{
    struct weir_blob b = {0};
    int rc = word ? weir_proto_text(&b, 2, word)
                  : weir_proto_varint(&b, 1, (uint64_t)value);
    int last = weir_proto_message(shape, 1, &b);
    return rc ? rc : last;
}

/* ValueInfoProto: name 1, type 2; TypeProto.Tensor: elem_type 1, shape 2. */
static int put_value_info(struct weir_blob *graph, int field, const char *name,
                          const struct weir_shape *s)
{
    struct weir_blob shape = {0}, tensor = {0}, type = {0}, info = {0};
    int rc = put_dim(&shape, 0, "batch");
    rc = rc ? rc : put_dim(&shape, s->channels, NULL);
    for (int d = 0; d < s->dims && rc == 0; d++)
        rc = put_dim(&shape, s->n[d], NULL);
    rc = rc ? rc : weir_proto_varint(&tensor, 1, FLOAT);
    int last = weir_proto_message(&tensor, 2, &shape);
    rc = rc ? rc : last;
    last = weir_proto_message(&type, 1, &tensor);
    rc = rc ? rc : last;
    rc = rc ? rc : weir_proto_text(&info, 1, name);
    last = weir_proto_message(&info, 2, &type);
    rc = rc ? rc : last;
    last = weir_proto_message(graph, field, &info);
    return rc ? rc : last;
}

/* GraphProto: name 2, input 11, output 12; ModelProto: ir_version 1,
 * producer_name 2, producer_version 3, graph 7, opset_import 8. */
static int put_model(struct weir_onnx *o, int members, struct weir_blob *out)
{
    const struct weir_shape *s = &o->graph->shape;
    struct weir_blob opset = {0};
    int rc = weir_proto_text(&o->body, 2, weir_model_name(o->model));
    rc = rc ? rc : put_value_info(&o->body, 11, STATE, s);
    rc = rc ? rc : put_value_info(&o->body, 12, NEXT, s);
    if (members > 1)
        rc = rc ? rc : put_value_info(&o->body, 12, SPREAD, s);
    rc = rc ? rc : weir_proto_varint(out, 1, IR_VERSION);
    rc = rc ? rc : weir_proto_text(out, 2, "weir");
    rc = rc ? rc : weir_proto_text(out, 3, WEIR_VERSION);
    rc = rc ? rc : weir_proto_text(&opset, 1, "");
    rc = rc ? rc : weir_proto_varint(&opset, 2, OPSET);
    int last = weir_proto_message(out, 8, &opset);
    rc = rc ? rc : last;
    last = weir_proto_message(out, 7, &o->body);
    return rc ? rc : last;
}

/* A net from something else than a state is another kind of function. */
static int check_input(const struct weir_onnx *o)
{
    const struct weir_value *in = &o->graph->value[0];
    size_t has = (size_t)in->channels * (size_t)in->rows * (size_t)in->points;
    if (has == weir_shape_floats(&o->graph->shape))
        return 0;
    return WEIR_FAIL(ENOTSUP, "model %s: it does not take a state",
                     weir_model_name(o->model));
}

int weir_onnx_write(const struct weir_model *model,
                    const struct weir_ensemble *ensemble, bool residual,
                    struct weir_blob *out)
{
    struct weir_onnx o = {.model = model, .graph = &model->graph};
    *out = (struct weir_blob){0};
    if (model->io.given > 0)
        return WEIR_FAIL(ENOTSUP, "onnx: the surrogate of a steady problem");
    if (model->io.evidential)
        return WEIR_FAIL(ENOTSUP, "onnx: a surrogate that makes densities");
    o.value = calloc((size_t)o.graph->values, sizeof(*o.value));
    int rc = o.value ? check_input(&o) : WEIR_FAIL(ENOMEM, "onnx");
    rc = rc ? rc : tell_members(&o, ensemble, residual);
    rc = rc ? rc : put_model(&o, ensemble->members, out);
    weir_blob_free(&o.body);
    free(o.value);
    if (rc)
        weir_blob_free(out);
    return rc;
}
