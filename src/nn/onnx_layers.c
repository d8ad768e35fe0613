/* SPDX-License-Identifier: BSD-3-Clause */
/* Each kind of layer in nodes of ONNX. A field is (batch, channels, points) in
 * 1D and (batch, channels, rows, points) in 2D. */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/layers.h"
#include "nn/onnx_graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct weir_onnx_name name;

static name input_of(const struct weir_onnx *o, const struct weir_layer *l,
                     int i)
{
    return o->value[l->in[i]];
}

static const struct weir_value *made_by(const struct weir_onnx *o,
                                        const struct weir_layer *l)
{
    return &o->graph->value[l->out];
}

/* ---- activations ---- */

/* x/2 (1 + erf(x / sqrt 2)); opset 17 has no Gelu. */
static name gelu(struct weir_onnx *o, name x)
{
    name e = weir_onnx_one(
        o, "Erf", weir_onnx_two(o, "Mul", x, weir_onnx_number(o, sqrtf(0.5F))));
    name half = weir_onnx_two(o, "Mul", x, weir_onnx_number(o, 0.5F));
    return weir_onnx_two(o, "Mul", half,
                         weir_onnx_two(o, "Add", e, weir_onnx_number(o, 1.0F)));
}

static name activate(struct weir_onnx *o, name x, enum weir_activation f,
                     float slope)
{
    struct weir_onnx_attribute alpha = {.name = "alpha", .number = slope};
    switch (f) {
    case WEIR_LINEAR:
        break;
    case WEIR_RELU:
        return weir_onnx_one(o, "Relu", x);
    case WEIR_LEAKY_RELU:
        return weir_onnx_node(o, "LeakyRelu", 1, &x, &alpha, 1);
    case WEIR_GELU:
        return gelu(o, x);
    case WEIR_SILU:
        return weir_onnx_two(o, "Mul", x, weir_onnx_one(o, "Sigmoid", x));
    case WEIR_TANH:
        return weir_onnx_one(o, "Tanh", x);
    case WEIR_SIGMOID:
        return weir_onnx_one(o, "Sigmoid", x);
    }
    return x;
}

static name tell_activation(struct weir_onnx *o, const struct weir_layer *l)
{
    const struct weir_activate *s = l->spec;
    return activate(o, input_of(o, l, 0), s->f, s->slope);
}

/* ---- convolutions ---- */

/* Opset 17's Pad does not wrap. */
static name wrap(struct weir_onnx *o, name x, int pad)
{
    for (int d = 0; d < o->graph->shape.dims; d++) {
        const name parts[] = {weir_onnx_slice(o, x, 2 + d, -pad, INT64_MAX), x,
                              weir_onnx_slice(o, x, 2 + d, 0, pad)};
        x = weir_onnx_join(o, 2 + d, 3, parts);
    }
    return x;
}

/* 1 inside, -1 on a border of @p pad. */
static name signs(struct weir_onnx *o, const struct weir_value *x, int pad)
{
    int flat = o->graph->shape.dims == 2;
    int rows = flat ? x->rows + 2 * pad : 1, points = x->points + 2 * pad;
    int64_t dims[] = {1, 1, flat ? rows : points, points};
    float *s = malloc((size_t)rows * (size_t)points * sizeof(*s));
    name out = {""};
    if (!s) {
        o->error = WEIR_FAIL(ENOMEM, "onnx");
        return out;
    }
    for (int r = 0; r < rows; r++)
        for (int p = 0; p < points; p++) {
            bool inside = p >= pad && p < pad + x->points &&
                          (!flat || (r >= pad && r < pad + x->rows));
            s[r * points + p] = inside ? 1.0F : -1.0F;
        }
    out = weir_onnx_floats(o, "signs", flat ? 4 : 3, dims, s);
    free(s);
    return out;
}

static name mirror(struct weir_onnx *o, name x, const struct weir_value *v,
                   int pad)
{
    int rank = 2 + o->graph->shape.dims;
    int64_t pads[2 * WEIR_ONNX_RANK] = {0};
    struct weir_onnx_attribute mode = {.name = "mode", .text = "reflect"};
    for (int d = 2; d < rank; d++)
        pads[d] = pads[rank + d] = pad;
    const name in[] = {x, weir_onnx_ints(o, 2 * rank, pads)};
    return weir_onnx_two(o, "Mul", weir_onnx_node(o, "Pad", 2, in, &mode, 1),
                         signs(o, v, pad));
}

/* An attribute with the same number for each axis, @p times over. */
static struct weir_onnx_attribute evenly(const struct weir_onnx *o,
                                         const char *what, int64_t value,
                                         int times)
{
    struct weir_onnx_attribute a = {.name = what,
                                    .n = times * o->graph->shape.dims};
    for (int i = 0; i < a.n; i++)
        a.ints[i] = value;
    return a;
}

static name tell_conv(struct weir_onnx *o, const struct weir_layer *l)
{
    const struct weir_conv *c = l->spec;
    name x = input_of(o, l, 0);
    bool zero = c->padding == WEIR_PAD_ZERO || c->pad == 0;
    if (!zero)
        x = c->padding == WEIR_PAD_CIRCULAR
                ? wrap(o, x, c->pad)
                : mirror(o, x, &o->graph->value[l->in[0]], c->pad);
    const struct weir_onnx_attribute a[] = {
        evenly(o, "kernel_shape", c->kernel, 1),
        evenly(o, "strides", c->stride ? c->stride : 1, 1),
        evenly(o, "dilations", c->dilation ? c->dilation : 1, 1),
        evenly(o, "pads", zero ? c->pad : 0, 2),
    };
    const name in[] = {x, weir_onnx_param(o, l->param, 0, NULL),
                       l->params > 1 ? weir_onnx_param(o, l->param + 1, 0, NULL)
                                     : (name){""}};
    name y = weir_onnx_node(o, "Conv", l->params > 1 ? 3 : 2, in, a, 4);
    return activate(o, y, l->activation, l->slope);
}

/* @p y of @p made points along an axis, with @p n points @p part added to those
 * from @p at. */
static name add_at(struct weir_onnx *o, name y, int axis, int made, int at,
                   int n, name part)
{
    name parts[3];
    int k = 0;
    if (at > 0)
        parts[k++] = weir_onnx_slice(o, y, axis, 0, at);
    parts[k++] =
        weir_onnx_two(o, "Add", weir_onnx_slice(o, y, axis, at, at + n), part);
    if (at + n < made)
        parts[k++] = weir_onnx_slice(o, y, axis, at + n, made);
    return weir_onnx_join(o, axis, k, parts);
}

/* Points from @p from to before @p to, the last first. */
static name backwards(struct weir_onnx *o, name x, int axis, int from, int to)
{
    int64_t last = to - 1, before = from ? from - 1 : INT64_MIN, at = axis,
            step = -1;
    const name in[] = {x, weir_onnx_ints(o, 1, &last),
                       weir_onnx_ints(o, 1, &before), weir_onnx_ints(o, 1, &at),
                       weir_onnx_ints(o, 1, &step)};
    return weir_onnx_node(o, "Slice", 5, in, NULL, 0);
}

/* Borders of @p pad points back onto the points they are copies of: the adjoint
 * of wrapping, or of a mirror. @p made points are left along the axis. */
static name fold(struct weir_onnx *o, name x, int axis, int made, int pad,
                 bool wraps)
{
    int end = pad + made;
    name y = weir_onnx_slice(o, x, axis, pad, end);
    if (wraps) {
        y = add_at(o, y, axis, made, 0, pad,
                   weir_onnx_slice(o, x, axis, end, end + pad));
        return add_at(o, y, axis, made, made - pad, pad,
                      weir_onnx_slice(o, x, axis, 0, pad));
    }
    y = add_at(o, y, axis, made, made - 1 - pad, pad,
               backwards(o, x, axis, end, end + pad));
    return add_at(o, y, axis, made, 1, pad, backwards(o, x, axis, 0, pad));
}

/* The same along every axis. */
static name fold_all(struct weir_onnx *o, name x, const struct weir_value *made,
                     int pad, bool wraps)
{
    if (!wraps)
        x = weir_onnx_two(o, "Mul", x, signs(o, made, pad));
    if (o->graph->shape.dims == 1)
        return fold(o, x, 2, made->points, pad, wraps);
    x = fold(o, x, 2, made->rows, pad, wraps);
    return fold(o, x, 3, made->points, pad, wraps);
}

/* Zero padding cuts the border off, others fold it back. The made size may have
 * extra points, which the full result lacks: they are zeros. */
static name tell_deconv(struct weir_onnx *o, const struct weir_layer *l)
{
    const struct weir_conv *c = l->spec;
    const struct weir_value *x = &o->graph->value[l->in[0]];
    const struct weir_value *y = made_by(o, l);
    bool folds = c->padding != WEIR_PAD_ZERO && c->pad > 0;
    int full = (x->points - 1) * c->stride + c->kernel;
    int extra = y->points + 2 * c->pad - full;
    const struct weir_onnx_attribute a[] = {
        evenly(o, "kernel_shape", c->kernel, 1),
        evenly(o, "strides", c->stride, 1),
        evenly(o, "pads", folds ? 0 : c->pad, 2),
        evenly(o, "output_padding", extra, 1),
    };
    const name in[] = {input_of(o, l, 0),
                       weir_onnx_param(o, l->param, 0, NULL)};
    name z = weir_onnx_node(o, "ConvTranspose", 2, in, a, 4);
    if (folds)
        z = fold_all(o, z, y, c->pad, c->padding == WEIR_PAD_CIRCULAR);
    if (l->params > 1) {
        const int64_t dims[] = {1, y->channels, 1, 1};
        z = weir_onnx_two(
            o, "Add", z,
            weir_onnx_param(o, l->param + 1, 2 + o->graph->shape.dims, dims));
    }
    return activate(o, z, l->activation, l->slope);
}

/* W x + b at every point is a convolution of kernel 1. */
static name tell_linear(struct weir_onnx *o, const struct weir_layer *l)
{
    const struct weir_param *w = &o->graph->param[l->param];
    const int64_t dims[] = {w->dims[0], w->dims[1], 1, 1};
    const name in[] = {
        input_of(o, l, 0),
        weir_onnx_param(o, l->param, 2 + o->graph->shape.dims, dims),
        weir_onnx_param(o, l->param + 1, 0, NULL)};
    name y = weir_onnx_node(o, "Conv", 3, in, NULL, 0);
    return activate(o, y, l->activation, l->slope);
}

/* ---- the others ---- */

static name tell_sum(struct weir_onnx *o, const struct weir_layer *l)
{
    name y = weir_onnx_two(o, "Add", input_of(o, l, 0), input_of(o, l, 1));
    return activate(o, y, l->activation, l->slope);
}

static name tell_concat(struct weir_onnx *o, const struct weir_layer *l)
{
    name parts[WEIR_LAYER_INPUTS];
    for (int i = 0; i < l->inputs; i++)
        parts[i] = input_of(o, l, i);
    return weir_onnx_join(o, 1, l->inputs, parts);
}

/* What changes nothing but where numbers lie. */
static name tell_reorder(struct weir_onnx *o, const struct weir_layer *l)
{
    return input_of(o, l, 0);
}

static name tell_reshape(struct weir_onnx *o, const struct weir_layer *l)
{
    const struct weir_value *v = made_by(o, l);
    bool flat = o->graph->shape.dims == 2;
    int64_t to[] = {0, v->channels, flat ? v->rows : v->points, v->points};
    return weir_onnx_two(o, "Reshape", input_of(o, l, 0),
                         weir_onnx_ints(o, flat ? 4 : 3, to));
}

/* By the statistics that training has gathered. */
static name tell_batch_norm(struct weir_onnx *o, const struct weir_layer *l)
{
    struct weir_onnx_attribute epsilon = {.name = "epsilon", .number = 1e-5F};
    name in[5] = {input_of(o, l, 0)};
    for (int i = 0; i < 4; i++)
        in[1 + i] = weir_onnx_param(o, l->param + i, 0, NULL);
    name y = weir_onnx_node(o, "BatchNormalization", 5, in, &epsilon, 1);
    return activate(o, y, l->activation, l->slope);
}

static name tell_pool(struct weir_onnx *o, const struct weir_layer *l)
{
    const struct weir_pool *s = l->spec;
    name x = input_of(o, l, 0);
    const struct weir_onnx_attribute a[] = {
        evenly(o, "kernel_shape", s->size, 1),
        evenly(o, "strides", s->size, 1),
    };
    return weir_onnx_node(
        o, s->kind == WEIR_POOL_MAX ? "MaxPool" : "AveragePool", 1, &x, a, 2);
}

static name tell_resample(struct weir_onnx *o, const struct weir_layer *l)
{
    bool nearest =
        *(const enum weir_resampling *)l->spec == WEIR_RESAMPLE_NEAREST;
    const struct weir_value *y = made_by(o, l);
    bool flat = o->graph->shape.dims == 2;
    int64_t grid[] = {flat ? y->rows : y->points, y->points};
    const struct weir_onnx_attribute a[] = {
        {.name = "mode", .text = nearest ? "nearest" : "linear"},
        {.name = "coordinate_transformation_mode",
         .text = nearest ? "asymmetric" : "half_pixel"},
        {.name = "nearest_mode", .text = "floor"},
    };
    name x = input_of(o, l, 0);
    const name size[] = {
        weir_onnx_slice(o, weir_onnx_one(o, "Shape", x), 0, 0, 2),
        weir_onnx_ints(o, flat ? 2 : 1, grid)};
    const name in[] = {x, {""}, {""}, weir_onnx_join(o, 0, 2, size)};
    return weir_onnx_node(o, "Resize", 4, in, a, nearest ? 3 : 2);
}

/* Opset 17 has no group norm: instances of (batch, groups, the rest). */
static name tell_group_norm(struct weir_onnx *o, const struct weir_layer *l)
{
    const struct weir_value *v = made_by(o, l);
    int groups = *(const int *)l->spec, rank = 2 + o->graph->shape.dims;
    int64_t folded[] = {0, groups, -1};
    int64_t back[] = {0, v->channels, rank == 4 ? v->rows : v->points,
                      v->points};
    int64_t each[] = {groups}, wide[] = {1, v->channels, 1, 1};
    float *ones = calloc(2 * (size_t)groups, sizeof(*ones));
    if (!ones) {
        o->error = WEIR_FAIL(ENOMEM, "onnx");
        return (name){""};
    }
    for (int i = 0; i < groups; i++)
        ones[i] = 1;
    struct weir_onnx_attribute epsilon = {.name = "epsilon", .number = 1e-5F};
    const name in[] = {weir_onnx_two(o, "Reshape", input_of(o, l, 0),
                                     weir_onnx_ints(o, 3, folded)),
                       weir_onnx_floats(o, "ones", 1, each, ones),
                       weir_onnx_floats(o, "zeros", 1, each, ones + groups)};
    name y = weir_onnx_node(o, "InstanceNormalization", 3, in, &epsilon, 1);
    free(ones);
    y = weir_onnx_two(o, "Reshape", y, weir_onnx_ints(o, rank, back));
    y = weir_onnx_two(o, "Mul", y, weir_onnx_param(o, l->param, rank, wide));
    y = weir_onnx_two(o, "Add", y,
                      weir_onnx_param(o, l->param + 1, rank, wide));
    return activate(o, y, l->activation, l->slope);
}

/* Its coordinates for every state: a channel of x times 0 brings the batch. */
static name tell_coordinates(struct weir_onnx *o, const struct weir_layer *l)
{
    const struct weir_value *v = made_by(o, l);
    int dims = o->graph->shape.dims;
    int64_t shape[] = {1, dims, dims == 2 ? v->rows : v->points, v->points};
    size_t points = (size_t)v->rows * (size_t)v->points;
    float *at = calloc((size_t)dims * points, sizeof(*at));
    if (!at) {
        o->error = WEIR_FAIL(ENOMEM, "onnx");
        return (name){""};
    }
    for (size_t i = 0; i < points; i++) {
        size_t row = i / (size_t)v->points, point = i % (size_t)v->points;
        if (dims == 2 && v->rows > 1)
            at[i] = (float)row / (float)(v->rows - 1);
        if (v->points > 1)
            at[(size_t)(dims - 1) * points + i] =
                (float)point / (float)(v->points - 1);
    }
    name x = input_of(o, l, 0);
    name none = weir_onnx_two(o, "Mul", weir_onnx_slice(o, x, 1, 0, 1),
                              weir_onnx_number(o, 0.0F));
    name where = weir_onnx_floats(o, "coordinates", 2 + dims, shape, at);
    const name parts[] = {x, weir_onnx_two(o, "Add", none, where)};
    free(at);
    return weir_onnx_join(o, 1, 2, parts);
}

/* ---- all of them ---- */

static const struct {
    const char *kind; /* name of the layer's ops */
    name (*tell)(struct weir_onnx *o, const struct weir_layer *l);
} kinds[] = {
    {"convolution", tell_conv},
    {"first convolution", tell_conv},
    {"last convolution", tell_conv},
    {"transposed convolution", tell_deconv},
    {"linear", tell_linear},
    {"activation", tell_activation},
    {"sum", tell_sum},
    {"concat", tell_concat},
    {"reorder", tell_reorder},
    {"reshape", tell_reshape},
    {"batch norm", tell_batch_norm},
    {"dropout", tell_reorder}, /* of a prediction nothing is left out */
    {"coordinates", tell_coordinates},
    {"fourier", weir_onnx_fourier},
    {"pool", tell_pool},
    {"resample", tell_resample},
    {"group norm", tell_group_norm},
};

void weir_onnx_layer(struct weir_onnx *o, const struct weir_layer *l)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (!strcmp(l->ops->name, kinds[i].kind)) {
            o->value[l->out] = kinds[i].tell(o, l);
            return;
        }
    o->error = WEIR_FAIL(ENOTSUP,
                         "%s: layers of kind '%s' have no form in "
                         "ONNX here",
                         l->name, l->ops->name);
}
