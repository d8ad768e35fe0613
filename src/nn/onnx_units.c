/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/onnx_units.h"

#include "base/err.h"
#include "nn/evidence.h"
#include "nn/model_impl.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

typedef struct weir_onnx_name name;

static const double TURN = 6.28318530717958647693;

static name with_number(struct weir_onnx *o, const char *op, name x,
                        double number)
{
    return weir_onnx_two(o, op, x, weir_onnx_double(o, number));
}

/* ---- features of parameters and time, as nn/inputs.c makes them ---- */

static name place(struct weir_onnx *o, const struct weir_parameter *p, name x)
{
    x = weir_onnx_to_double(o, x);
    if (p->axis == WEIR_AXIS_LOG) {
        x = with_number(o, "Max", x, (double)FLT_MIN);
        x = weir_onnx_one(o, "Log", with_number(o, "Div", x, p->low));
        return with_number(o, "Div", x, log(p->high / p->low));
    }
    x = with_number(o, "Sub", x, p->low);
    return with_number(o, "Div", x, p->high - p->low);
}

/* Runtimes have Cos of float only. @return how many features there are */
static int put_features(struct weir_onnx *o, const struct weir_parameter *p,
                        name x, name *to)
{
    name s = place(o, p, x);
    if (p->wraps) {
        s = weir_onnx_to_float(o, with_number(o, "Mul", s, TURN));
        to[0] = weir_onnx_one(o, "Cos", s);
        to[1] = weir_onnx_one(o, "Sin", s);
        return 2;
    }
    s = with_number(o, "Mul", s, 2);
    to[0] = weir_onnx_to_float(o, with_number(o, "Sub", s, 1));
    return 1;
}

/* -1 for every sample where there is no time: a column times 0 brings them. */
static void put_time(struct weir_onnx *o, const struct weir_inputs *in,
                     name column, name *to)
{
    const struct weir_parameter time = {.high = in->end};
    if (in->end > 0) {
        put_features(o, &time, (name){WEIR_ONNX_TIME}, to);
        return;
    }
    column = weir_onnx_two(o, "Mul", column, weir_onnx_number(o, 0.0F));
    *to = weir_onnx_two(o, "Sub", column, weir_onnx_number(o, 1.0F));
}

static name read_inputs(struct weir_onnx *o, const struct weir_inputs *in)
{
    const name all = {WEIR_ONNX_PARAMETERS};
    size_t n = weir_inputs_features(in), at = 0;
    name *feature = calloc(n, sizeof(*feature)), column = all;
    int64_t shape[] = {-1, (int64_t)n, 1, 1};
    if (!feature) {
        o->error = WEIR_FAIL(ENOMEM, "onnx");
        return all;
    }
    for (size_t j = 0; j < in->space->n; j++) {
        column = weir_onnx_slice(o, all, 1, (int64_t)j, (int64_t)j + 1);
        at += (size_t)put_features(o, &in->space->parameter[j], column,
                                   feature + at);
    }
    put_time(o, in, column, feature + at);
    name x = weir_onnx_join(o, 1, (int)n, feature);
    free(feature);
    return weir_onnx_two(o, "Reshape", x,
                         weir_onnx_ints(o, 2 + o->graph->shape.dims, shape));
}

/* ---- states ---- */

name weir_onnx_read(struct weir_onnx *o, const struct weir_onnx_units *u)
{
    const struct weir_normaliser *n = u->norm;
    name x = u->given ? (name){WEIR_ONNX_GIVEN} : (name){WEIR_ONNX_STATE};
    int channels = u->given ? u->given : u->made;
    if (u->inputs)
        return read_inputs(o, u->inputs);
    if (!u->given)
        x = weir_onnx_two(o, "Sub", x,
                          weir_onnx_channels(o, channels, n->mean));
    return weir_onnx_two(o, "Div", x,
                         weir_onnx_channels(o, channels, n->deviation));
}

name weir_onnx_predicted(struct weir_onnx *o, const struct weir_onnx_units *u,
                         name y)
{
    const struct weir_normaliser *n = u->norm;
    bool residual = u->residual && !u->given && !u->inputs;
    const float *gain = residual ? n->residual : n->deviation;
    if (o->model->io.evidential)
        y = weir_onnx_slice(o, y, 1, 0, u->made);
    y = weir_onnx_two(o, "Mul", y,
                      weir_onnx_channels(o, u->made, gain + u->given));
    if (u->given)
        return y;
    return weir_onnx_two(o, "Add",
                         residual ? (name){WEIR_ONNX_STATE}
                                  : weir_onnx_channels(o, u->made, n->mean),
                         y);
}

/* ---- densities ---- */

/* log(1 + e^r) without an overflow: max(r, 0) + log(1 + e^-|r|). */
static name softplus(struct weir_onnx *o, name r)
{
    name e = weir_onnx_one(o, "Exp",
                           weir_onnx_one(o, "Neg", weir_onnx_one(o, "Abs", r)));
    e = weir_onnx_one(o, "Log", with_number(o, "Add", e, 1));
    return weir_onnx_two(o, "Add", with_number(o, "Max", r, 0), e);
}

/* nu, alpha - 1 or beta of each value: number @p i of the three. */
static name evidence(struct weir_onnx *o, const struct weir_onnx_units *u,
                     name y, int i)
{
    name r = weir_onnx_slice(o, y, 1, (1 + i) * u->made, (2 + i) * u->made);
    return with_number(o, "Add", softplus(o, weir_onnx_to_double(o, r)),
                       WEIR_EVIDENCE_LEAST);
}

name weir_onnx_epistemic(struct weir_onnx *o, const struct weir_onnx_units *u,
                         name y)
{
    name nu = evidence(o, u, y, 0), above = evidence(o, u, y, 1);
    name v = weir_onnx_two(o, "Div", evidence(o, u, y, 2),
                           weir_onnx_two(o, "Mul", nu, above));
    name unit = weir_onnx_channels(o, u->made, u->norm->residual + u->given);
    v = weir_onnx_two(o, "Mul", weir_onnx_to_float(o, v), unit);
    return weir_onnx_two(o, "Mul", v, unit);
}
