/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/onnx.h"

#include "base/err.h"
#include "nn/model_impl.h"
#include "nn/onnx_units.h"
#include "weir/version.h"

#include <stdlib.h>
#include <string.h>

enum { IR_VERSION = 8, OPSET = 17 };

static const char SPREAD[] = "spread";

/* What is predicted, by its name for users. */
static const char *answer(const struct weir_onnx_units *u)
{
    return u->inputs ? "frame" : u->given ? "made" : "next";
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

static struct weir_onnx_name mean_of(struct weir_onnx *o, int members,
                                     const struct weir_onnx_name *each)
{
    return members == 1 ? each[0]
                        : weir_onnx_node(o, "Mean", members, each, NULL, 0);
}

/* One member's net, from what is read; that is the same for all. */
static struct weir_onnx_name tell_net(struct weir_onnx *o,
                                      const struct weir_ensemble *e, int member)
{
    const struct weir_graph *g = o->graph;
    o->member = member;
    o->packed = e->packed + (size_t)member * e->stride;
    for (int l = 0; l < g->layers && !o->error; l++)
        weir_onnx_layer(o, &g->layer[l]);
    return o->value[g->output];
}

/* The mean of how far members are off it, squared. */
static struct weir_onnx_name scatter(struct weir_onnx *o, int members,
                                     const struct weir_onnx_name *each,
                                     struct weir_onnx_name mean)
{
    struct weir_onnx_name square[WEIR_MEMBERS_MAX];
    for (int m = 0; m < members; m++) {
        struct weir_onnx_name apart = weir_onnx_two(o, "Sub", each[m], mean);
        square[m] = weir_onnx_two(o, "Mul", apart, apart);
    }
    return mean_of(o, members, square);
}

/* As weir_ensemble_gather has it: of several members, of densities, or both. */
static bool has_spread(const struct weir_onnx *o, int members)
{
    return members > 1 || o->model->io.evidential;
}

static int tell_members(struct weir_onnx *o, const struct weir_ensemble *e,
                        const struct weir_onnx_units *u)
{
    struct weir_onnx_name each[WEIR_MEMBERS_MAX], own[WEIR_MEMBERS_MAX];
    struct weir_onnx_name mean, square = {""};
    bool densities = o->model->io.evidential;
    o->value[0] = weir_onnx_read(o, u);
    for (int m = 0; m < e->members; m++) {
        struct weir_onnx_name y = tell_net(o, e, m);
        each[m] = weir_onnx_predicted(o, u, y);
        if (densities)
            own[m] = weir_onnx_epistemic(o, u, y);
    }
    mean = mean_of(o, e->members, each);
    int rc = o->error ? o->error : put_output(o, mean, answer(u));
    if (rc || !has_spread(o, e->members))
        return rc;
    if (e->members > 1)
        square = scatter(o, e->members, each, mean);
    if (densities) {
        struct weir_onnx_name inner = mean_of(o, e->members, own);
        square =
            e->members > 1 ? weir_onnx_two(o, "Add", square, inner) : inner;
    }
    rc = put_output(o, weir_onnx_one(o, "Sqrt", square), SPREAD);
    return rc ? rc : o->error;
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

/* ValueInfoProto: name 1, type 2, doc_string 3; TypeProto.Tensor: elem_type 1,
 * shape 2. Of no dimensions: channels alone. */
static int put_value_info(struct weir_blob *graph, int field, const char *name,
                          int channels, const struct weir_shape *s,
                          const char *about)
{
    struct weir_blob shape = {0}, tensor = {0}, type = {0}, info = {0};
    int rc = put_dim(&shape, 0, "batch");
    rc = rc ? rc : put_dim(&shape, channels, NULL);
    for (int d = 0; s && d < s->dims && rc == 0; d++)
        rc = put_dim(&shape, s->n[d], NULL);
    rc = rc ? rc : weir_proto_varint(&tensor, 1, WEIR_ONNX_FLOAT);
    int last = weir_proto_message(&tensor, 2, &shape);
    rc = rc ? rc : last;
    last = weir_proto_message(&type, 1, &tensor);
    rc = rc ? rc : last;
    rc = rc ? rc : weir_proto_text(&info, 1, name);
    rc = rc || !about ? rc : weir_proto_text(&info, 3, about);
    last = weir_proto_message(&info, 2, &type);
    rc = rc ? rc : last;
    last = weir_proto_message(graph, field, &info);
    return rc ? rc : last;
}

/* The parameters' names are what says which column is which. */
static int put_parameters(struct weir_blob *graph, const struct weir_inputs *in)
{
    struct weir_blob names = {0};
    const struct weir_space *space = in->space;
    int rc = 0;
    for (size_t j = 0; j < space->n && rc == 0; j++) {
        const char *word = space->parameter[j].name;
        rc = j ? weir_blob_put(&names, ", ", 2) : 0;
        rc = rc ? rc : weir_blob_put(&names, word, strlen(word));
    }
    rc = rc ? rc : weir_blob_put(&names, "", 1);
    rc = rc ? rc
            : put_value_info(graph, 11, WEIR_ONNX_PARAMETERS, (int)space->n,
                             NULL, (const char *)names.data);
    weir_blob_free(&names);
    if (rc == 0 && in->end > 0)
        rc = put_value_info(graph, 11, WEIR_ONNX_TIME, 1, NULL, NULL);
    return rc;
}

/* GraphProto: input 11, output 12. */
static int put_interface(struct weir_onnx *o, const struct weir_onnx_units *u,
                         int members)
{
    const struct weir_shape *s = &o->model->io.shape;
    struct weir_blob *to = &o->body;
    int rc = u->inputs ? put_parameters(to, u->inputs)
             : u->given
                 ? put_value_info(to, 11, WEIR_ONNX_GIVEN, u->given, s, NULL)
                 : put_value_info(to, 11, WEIR_ONNX_STATE, u->made, s, NULL);
    rc = rc ? rc : put_value_info(to, 12, answer(u), u->made, s, NULL);
    if (rc == 0 && has_spread(o, members))
        rc = put_value_info(to, 12, SPREAD, u->made, s, NULL);
    return rc;
}

/* GraphProto: name 2; ModelProto: ir_version 1, producer_name 2,
 * producer_version 3, graph 7, opset_import 8. */
static int put_model(struct weir_onnx *o, struct weir_blob *out)
{
    struct weir_blob opset = {0};
    int rc = weir_proto_text(&o->body, 2, weir_model_name(o->model));
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

int weir_onnx_write(const struct weir_model *model,
                    const struct weir_ensemble *ensemble, bool residual,
                    const struct weir_inputs *inputs, struct weir_blob *out)
{
    const struct weir_model_io *io = &model->io;
    struct weir_onnx o = {.model = model, .graph = &model->graph};
    const struct weir_onnx_units units = {
        .norm = ensemble->norm,
        .inputs = inputs,
        .residual = residual,
        .given = io->given,
        .made = io->shape.channels - io->given,
    };
    *out = (struct weir_blob){0};
    if (io->jet.coordinates)
        return WEIR_FAIL(ENOTSUP, "onnx: %s learned from an equation",
                         weir_model_name(model));
    o.value = calloc((size_t)o.graph->values, sizeof(*o.value));
    int rc = o.value ? 0 : WEIR_FAIL(ENOMEM, "onnx");
    rc = rc ? rc : tell_members(&o, ensemble, &units);
    rc = rc ? rc : put_interface(&o, &units, ensemble->members);
    rc = rc ? rc : put_model(&o, out);
    weir_blob_free(&o.body);
    free(o.value);
    if (rc)
        weir_blob_free(out);
    return rc;
}
