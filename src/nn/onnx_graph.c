/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/onnx_graph.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- protobuf ---- */

enum { VARINT, FIXED64, BYTES, FIXED32 = 5 };

static int put_varint(struct weir_blob *b, uint64_t value)
{
    unsigned char bytes[10];
    size_t n = 0;
    do {
        bytes[n] = (unsigned char)(value & 127);
        value >>= 7;
        bytes[n++] |= value ? 128 : 0;
    } while (value);
    return weir_blob_put(b, bytes, n);
}

static int put_key(struct weir_blob *b, int field, int wire)
{
    return put_varint(b, (uint64_t)field << 3 | (uint64_t)wire);
}

int weir_proto_varint(struct weir_blob *b, int field, uint64_t value)
{
    int rc = put_key(b, field, VARINT);
    return rc ? rc : put_varint(b, value);
}

static int put_float(struct weir_blob *b, int field, float value)
{
    int rc = put_key(b, field, FIXED32);
    return rc ? rc : weir_blob_put(b, &value, sizeof(value));
}

int weir_proto_bytes(struct weir_blob *b, int field, const void *data,
                     size_t size)
{
    int rc = put_key(b, field, BYTES);
    rc = rc ? rc : put_varint(b, size);
    return rc ? rc : weir_blob_put(b, data, size);
}

int weir_proto_text(struct weir_blob *b, int field, const char *text)
{
    return weir_proto_bytes(b, field, text, strlen(text));
}

int weir_proto_message(struct weir_blob *b, int field, struct weir_blob *part)
{
    int rc = weir_proto_bytes(b, field, part->data, part->size);
    weir_blob_free(part);
    return rc;
}

/* ---- nodes ---- */

static void keep(struct weir_onnx *o, int rc)
{
    o->error = o->error ? o->error : rc;
}

static struct weir_onnx_name fresh(struct weir_onnx *o, const char *what)
{
    struct weir_onnx_name name;
    snprintf(name.text, sizeof(name.text), "m%d.%d.%.32s", o->member,
             o->count++, what);
    return name;
}

/* AttributeProto: name 1, f 2, i 3, s 4, ints 8, type 20. */
enum { IS_FLOAT = 1, IS_INT = 2, IS_STRING = 3, IS_INTS = 7 };

static int put_attribute(struct weir_blob *node,
                         const struct weir_onnx_attribute *a)
{
    struct weir_blob b = {0};
    int type = a->n > 0   ? IS_INTS
               : a->n < 0 ? IS_INT
               : a->text  ? IS_STRING
                          : IS_FLOAT;
    int rc = weir_proto_text(&b, 1, a->name);
    for (int i = 0; i < a->n && rc == 0; i++)
        rc = weir_proto_varint(&b, 8, (uint64_t)a->ints[i]);
    if (rc == 0 && type == IS_INT)
        rc = weir_proto_varint(&b, 3, (uint64_t)a->ints[0]);
    if (rc == 0 && type == IS_STRING)
        rc = weir_proto_text(&b, 4, a->text);
    if (rc == 0 && type == IS_FLOAT)
        rc = put_float(&b, 2, a->number);
    rc = rc ? rc : weir_proto_varint(&b, 20, (uint64_t)type);
    int last = weir_proto_message(node, 5, &b);
    return rc ? rc : last;
}

/* NodeProto: input 1, output 2, name 3, op_type 4, attribute 5. */
struct weir_onnx_name weir_onnx_node(
    struct weir_onnx *o, const char *op, int n, const struct weir_onnx_name *in,
    const struct weir_onnx_attribute *attribute, int attributes)
{
    struct weir_onnx_name out = fresh(o, op);
    struct weir_blob b = {0};
    int rc = weir_proto_text(&b, 4, op);
    for (int i = 0; i < n && rc == 0; i++)
        rc = weir_proto_text(&b, 1, in[i].text);
    rc = rc ? rc : weir_proto_text(&b, 2, out.text);
    rc = rc ? rc : weir_proto_text(&b, 3, out.text);
    for (int i = 0; i < attributes && rc == 0; i++)
        rc = put_attribute(&b, &attribute[i]);
    keep(o, rc);
    keep(o, weir_proto_message(&o->body, 1, &b));
    return out;
}

struct weir_onnx_name weir_onnx_one(struct weir_onnx *o, const char *op,
                                    struct weir_onnx_name a)
{
    return weir_onnx_node(o, op, 1, &a, NULL, 0);
}

struct weir_onnx_name weir_onnx_two(struct weir_onnx *o, const char *op,
                                    struct weir_onnx_name a,
                                    struct weir_onnx_name b)
{
    const struct weir_onnx_name in[] = {a, b};
    return weir_onnx_node(o, op, 2, in, NULL, 0);
}

struct weir_onnx_name weir_onnx_slice(struct weir_onnx *o,
                                      struct weir_onnx_name x, int axis,
                                      int64_t from, int64_t to)
{
    int64_t at = axis;
    const struct weir_onnx_name in[] = {x, weir_onnx_ints(o, 1, &from),
                                        weir_onnx_ints(o, 1, &to),
                                        weir_onnx_ints(o, 1, &at)};
    return weir_onnx_node(o, "Slice", 4, in, NULL, 0);
}

struct weir_onnx_name weir_onnx_join(struct weir_onnx *o, int axis, int n,
                                     const struct weir_onnx_name *parts)
{
    struct weir_onnx_attribute a = {.name = "axis", .n = -1, .ints = {axis}};
    return weir_onnx_node(o, "Concat", n, parts, &a, 1);
}

static struct weir_onnx_name cast(struct weir_onnx *o, struct weir_onnx_name x,
                                  int type)
{
    struct weir_onnx_attribute to = {.name = "to", .n = -1, .ints = {type}};
    return weir_onnx_node(o, "Cast", 1, &x, &to, 1);
}

struct weir_onnx_name weir_onnx_to_double(struct weir_onnx *o,
                                          struct weir_onnx_name x)
{
    return cast(o, x, WEIR_ONNX_DOUBLE);
}

struct weir_onnx_name weir_onnx_to_float(struct weir_onnx *o,
                                         struct weir_onnx_name x)
{
    return cast(o, x, WEIR_ONNX_FLOAT);
}

/* ---- constants ---- */

/* TensorProto: dims 1, data_type 2, name 8, raw_data 9. */
static void put_tensor(struct weir_onnx *o, const char *name, int type,
                       int rank, const int64_t *dims, const void *data,
                       size_t bytes)
{
    struct weir_blob b = {0};
    int rc = weir_proto_text(&b, 8, name);
    for (int d = 0; d < rank && rc == 0; d++)
        rc = weir_proto_varint(&b, 1, (uint64_t)dims[d]);
    rc = rc ? rc : weir_proto_varint(&b, 2, (uint64_t)type);
    rc = rc ? rc : weir_proto_bytes(&b, 9, data, bytes);
    keep(o, rc);
    keep(o, weir_proto_message(&o->body, 5, &b));
}

struct weir_onnx_name weir_onnx_floats(struct weir_onnx *o, const char *name,
                                       int rank, const int64_t *dims,
                                       const float *values)
{
    struct weir_onnx_name out = fresh(o, name ? name : "constant");
    size_t n = 1;
    for (int d = 0; d < rank; d++)
        n *= (size_t)dims[d];
    put_tensor(o, out.text, WEIR_ONNX_FLOAT, rank, dims, values,
               n * sizeof(float));
    return out;
}

struct weir_onnx_name weir_onnx_ints(struct weir_onnx *o, int n,
                                     const int64_t *values)
{
    struct weir_onnx_name out = fresh(o, "ints");
    int64_t dims[] = {n};
    put_tensor(o, out.text, WEIR_ONNX_INT64, 1, dims, values,
               (size_t)n * sizeof(*values));
    return out;
}

struct weir_onnx_name weir_onnx_number(struct weir_onnx *o, float value)
{
    return weir_onnx_floats(o, "number", 0, NULL, &value);
}

struct weir_onnx_name weir_onnx_double(struct weir_onnx *o, double value)
{
    struct weir_onnx_name out = fresh(o, "number");
    put_tensor(o, out.text, WEIR_ONNX_DOUBLE, 0, NULL, &value, sizeof(value));
    return out;
}

struct weir_onnx_name weir_onnx_channels(struct weir_onnx *o, int channels,
                                         const float *values)
{
    int64_t dims[] = {1, channels, 1, 1};
    return weir_onnx_floats(o, "channels", 2 + o->graph->shape.dims, dims,
                            values);
}

struct weir_onnx_name weir_onnx_param(struct weir_onnx *o, int i, int rank,
                                      const int64_t *dims)
{
    const struct weir_param *p = &o->graph->param[i];
    struct weir_onnx_name out = {""};
    float *plain = malloc(p->count * sizeof(*plain));
    if (!plain) {
        keep(o, WEIR_FAIL(ENOMEM, "%s", p->name));
        return out;
    }
    keep(o, weir_model_export(o->model, (size_t)i, o->packed, plain));
    if (rank)
        out = weir_onnx_floats(o, p->name, rank, dims, plain);
    else
        out = weir_onnx_floats(o, p->name, p->rank, p->dims, plain);
    free(plain);
    return out;
}
