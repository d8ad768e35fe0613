/* SPDX-License-Identifier: BSD-3-Clause */
/* A Fourier layer in nodes of ONNX, as products with constant matrices like
 * nn/dft.h's own: A + i B with the cosines and (minus) sines of its modes along
 * points, then along rows; a matrix for each mode; and the way back. */
#include "base/err.h"
#include "nn/dft.h"
#include "nn/layers.h"
#include "nn/onnx_graph.h"
#include "nn/value.h"

#include <stdlib.h>

typedef struct weir_onnx_name name;

struct pair {
    name re, im;
};

/* Cosines and minus sines of one axis: (modes, points) and transposed. */
struct waves {
    struct pair back, forth;
};

static name transposed(struct weir_onnx *o, int rows, int columns,
                       const float *m)
{
    int64_t dims[] = {columns, rows};
    float *t = malloc((size_t)rows * (size_t)columns * sizeof(*t));
    name out = {""};
    if (!t) {
        o->error = WEIR_FAIL(ENOMEM, "onnx");
        return out;
    }
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            t[c * rows + r] = m[r * columns + c];
    out = weir_onnx_floats(o, "waves", 2, dims, t);
    free(t);
    return out;
}

static struct waves waves_of(struct weir_onnx *o, int modes, int points,
                             const float *m)
{
    const int64_t dims[] = {modes, points};
    const float *sines = m + (size_t)modes * (size_t)points;
    return (struct waves){
        .back = {weir_onnx_floats(o, "waves", 2, dims, m),
                 weir_onnx_floats(o, "waves", 2, dims, sines)},
        .forth = {transposed(o, modes, points, m),
                  transposed(o, modes, points, sines)},
    };
}

static name times(struct weir_onnx *o, name a, name b)
{
    return weir_onnx_two(o, "MatMul", a, b);
}

/* (a + i b)(c + i d), products being of matrices. */
static struct pair product(struct weir_onnx *o, struct pair x, struct pair m)
{
    return (struct pair){
        weir_onnx_two(o, "Sub", times(o, x.re, m.re), times(o, x.im, m.im)),
        weir_onnx_two(o, "Add", times(o, x.re, m.im), times(o, x.im, m.re)),
    };
}

/* The same with the conjugate of m: the way back. */
static struct pair conjugate(struct weir_onnx *o, struct pair x, struct pair m)
{
    return (struct pair){
        weir_onnx_two(o, "Add", times(o, x.re, m.re), times(o, x.im, m.im)),
        weir_onnx_two(o, "Sub", times(o, x.im, m.re), times(o, x.re, m.im)),
    };
}

static name turn(struct weir_onnx *o, name x, int rank, const int64_t *order)
{
    struct weir_onnx_attribute a = {.name = "perm", .n = rank};
    for (int i = 0; i < rank; i++)
        a.ints[i] = order[i];
    return weir_onnx_node(o, "Transpose", 1, &x, &a, 1);
}

static struct pair turn_both(struct weir_onnx *o, struct pair x, int rank,
                             const int64_t *order)
{
    return (struct pair){turn(o, x.re, rank, order),
                         turn(o, x.im, rank, order)};
}

/* ---- the matrices of the modes ---- */

/* From (in, out, [k1,] k2, 2) to [k1,] k2, in, out; a mode's share in it. */
static void spread_modes(const struct weir_onnx *o, const struct weir_layer *l,
                         const struct weir_dft *dft, const float *plain,
                         int part, float *re, float *im)
{
    const struct weir_param *p = &o->graph->param[l->param + 2];
    size_t in = (size_t)p->dims[0], out = (size_t)p->dims[1];
    size_t each = p->count / (in * out * 2), first = (size_t)part * each;
    for (size_t c = 0; c < in; c++)
        for (size_t d = 0; d < out; d++)
            for (size_t k = 0; k < each; k++) {
                const float *w = plain + 2 * ((c * out + d) * each + k);
                size_t to = ((first + k) * in + c) * out + d;
                float share = weir_dft_share(dft, (int)(first + k));
                re[to] = share * w[0];
                im[to] = share * w[1];
            }
}

static struct pair modes_of(struct weir_onnx *o, const struct weir_layer *l,
                            const struct weir_dft *dft)
{
    const struct weir_param *p = &o->graph->param[l->param + 2];
    int parts = l->params - 2;
    size_t n = p->count / 2 * (size_t)parts;
    const int64_t dims[] = {dft->high, dft->modes, p->dims[0], p->dims[1]};
    int flat = parts == 2, rank = flat ? 4 : 3;
    float *re = malloc(n * sizeof(*re)), *im = malloc(n * sizeof(*im));
    float *plain = malloc(p->count * sizeof(*plain));
    struct pair out = {{""}, {""}};
    if (!re || !im || !plain)
        o->error = WEIR_FAIL(ENOMEM, "onnx");
    for (int i = 0; i < parts && !o->error; i++) {
        o->error = weir_model_export(o->model, (size_t)(l->param + 2 + i),
                                     o->packed, plain);
        spread_modes(o, l, dft, plain, i, re, im);
    }
    if (!o->error) {
        out.re = weir_onnx_floats(o, "modes", rank, dims + !flat, re);
        out.im = weir_onnx_floats(o, "modes", rank, dims + !flat, im);
    }
    free(re);
    free(im);
    free(plain);
    return out;
}

/* ---- the transforms ---- */

/* (batch, channels, points): modes first for the product, last otherwise. */
static name through_1d(struct weir_onnx *o, name x, const struct waves *along,
                       struct pair modes)
{
    static const int64_t first[] = {2, 0, 1}, last[] = {1, 2, 0};
    struct pair s = {times(o, x, along->forth.re),
                     times(o, x, along->forth.im)};
    s = product(o, turn_both(o, s, 3, first), modes);
    s = turn_both(o, s, 3, last);
    return weir_onnx_two(o, "Add", times(o, s.re, along->back.re),
                         times(o, s.im, along->back.im));
}

static name through_2d(struct weir_onnx *o, name x, const struct waves *along,
                       const struct waves *across, struct pair modes)
{
    static const int64_t swap[] = {0, 1, 3, 2};
    static const int64_t first[] = {3, 2, 0, 1}, last[] = {2, 3, 1, 0};
    struct pair s = {times(o, x, along->forth.re),
                     times(o, x, along->forth.im)};
    s = product(o, turn_both(o, s, 4, swap), across->forth);
    s = product(o, turn_both(o, s, 4, first), modes);
    s = conjugate(o, turn_both(o, s, 4, last), across->back);
    s = turn_both(o, s, 4, swap);
    return weir_onnx_two(o, "Add", times(o, s.re, along->back.re),
                         times(o, s.im, along->back.im));
}

struct weir_onnx_name weir_onnx_fourier(struct weir_onnx *o,
                                        const struct weir_layer *l)
{
    const struct weir_fourier *f = l->spec;
    struct weir_layout x = weir_value_layout(o->graph, l->in[0], 1);
    struct weir_dft dft;
    name in = o->value[l->in[0]], out = {""};
    o->error = weir_dft_create(&x, f->modes, &dft);
    if (o->error)
        return out;
    struct waves along = waves_of(o, dft.modes, dft.points, dft.along);
    struct pair modes = modes_of(o, l, &dft);
    if (dft.across) {
        struct waves across = waves_of(o, dft.high, dft.rows, dft.across);
        out = through_2d(o, in, &along, &across, modes);
    } else {
        out = through_1d(o, in, &along, modes);
    }
    weir_dft_free(&dft);
    const name point[] = {in, weir_onnx_param(o, l->param, 0, NULL),
                          weir_onnx_param(o, l->param + 1, 0, NULL)};
    return weir_onnx_two(o, "Add", out,
                         weir_onnx_node(o, "Conv", 3, point, NULL, 0));
}
