/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Depthwise convolution: a kernel for each channel. Channels last, one sample at
 * a time in a copy with its border around it, whose channels fill whole vectors:
 * oneDNN's backward to the weights is hundreds of times slower (0.03 to 0.8
 * GFLOP/s measured).
 */
#include "base/err.h"
#include "nn/channel_sums.h"
#include "nn/layer.h"
#include "nn/layers.h"
#include "nn/rows.h"

#include <math.h>
#include <stdlib.h>

static const struct weir_layer_ops depthwise_ops;

int weir_graph_depthwise(struct weir_graph *g, int in, const char *name,
                         int kernel, enum weir_padding padding)
{
    in = weir_graph_in_order(g, in, WEIR_LAST);
    if (!weir_graph_has(g, in, name))
        return -1;
    const struct weir_value *x = &g->value[in];
    bool flat = g->shape.dims == 2;
    struct weir_depthwise spec = {kernel, padding};
    struct weir_made made = {x->channels, x->rows, x->points, WEIR_LAST};
    int64_t w[] = {x->channels, 1, kernel, kernel};
    struct weir_init init = {WEIR_INIT_UNIFORM,
                             1 / sqrt(flat ? kernel * kernel : kernel)};
    int short_axis = flat && x->rows < x->points ? x->rows : x->points;
    if (kernel < 1 || kernel % 2 == 0 || padding == WEIR_PAD_MIRROR_NEGATED ||
        (padding == WEIR_PAD_CIRCULAR && kernel / 2 > short_axis))
        return weir_graph_fail(
            g,
            WEIR_FAIL(EINVAL, "%s: depthwise kernel %d, padding %d, %d points",
                      name, kernel, (int)padding, short_axis));
    int l = weir_graph_layer(g, &depthwise_ops, name, 1, &in, made, &spec,
                             sizeof(spec));
    weir_graph_param(g, "weight", flat ? 4 : 3, w, init);
    weir_graph_param(g, "bias", 1, w, init);
    return weir_graph_made(g, l);
}

/* ---- planning ---- */

/* A sample with its border: [rows + high - 1][points + wide - 1][padded]. */
struct depthwise {
    struct weir_layout x;
    int padded, high, wide; /* channels; kernel */
    enum weir_padding padding;
};

static int whole_vectors(int channels)
{
    return (channels + WEIR_LANES - 1) / WEIR_LANES * WEIR_LANES;
}

/* [row][column][channel], channels padded. */
static int depthwise_form(const struct weir_graph *g,
                          const struct weir_layer *l, struct weir_form form[])
{
    const struct weir_depthwise *s = l->spec;
    bool flat = g->shape.dims == 2;
    int64_t padded = whole_vectors(g->value[l->out].channels);
    int64_t taps = flat ? s->kernel * s->kernel : s->kernel;
    form[0] = (struct weir_form){.floats = (size_t)(taps * padded),
                                 .stride = {1, 0, padded}};
    if (flat)
        form[0].stride[2] = s->kernel * padded;
    if (flat)
        form[0].stride[3] = padded;
    form[1] = weir_form_vector((size_t)padded);
    return 0;
}

static int border_row(const struct depthwise *d)
{
    return (d->x.points + d->wide - 1) * d->padded;
}

static size_t border_floats(const struct depthwise *d)
{
    return (size_t)(d->x.rows + d->high - 1) * (size_t)border_row(d);
}

static int depthwise_plan(struct weir_layer_site *site, void **plan)
{
    const struct weir_depthwise *s = site->layer->spec;
    struct depthwise *d = malloc(sizeof(*d));
    if (!d)
        return WEIR_FAIL(ENOMEM, "%s", site->layer->name);
    *d = (struct depthwise){
        .x = *site->y,
        .padded = whole_vectors(site->y->channels),
        .high = site->graph->shape.dims == 2 ? s->kernel : 1,
        .wide = s->kernel,
        .padding = s->padding,
    };
    site->work = 2 * border_floats(d);
    site->forgets_y = true;
    *plan = d;
    return 0;
}

/* ---- running ---- */

/* Which point a border's point copies, or -1. */
static int source(int at, int points, enum weir_padding padding)
{
    if (at >= 0 && at < points)
        return at;
    return padding == WEIR_PAD_ZERO ? -1 : (at + points) % points;
}

static void surround(const struct depthwise *d, const float *x, float *to)
{
    int n = d->x.channels;
    memset(to, 0, border_floats(d) * sizeof(float));
    for (int i = 0; i < d->x.rows + d->high - 1; i++) {
        int row = source(i - d->high / 2, d->x.rows, d->padding);
        for (int j = 0; j < d->x.points + d->wide - 1 && row >= 0; j++) {
            int point = source(j - d->wide / 2, d->x.points, d->padding);
            if (point >= 0)
                memcpy(to + (ptrdiff_t)i * border_row(d) +
                           (ptrdiff_t)j * d->padded,
                       x + (ptrdiff_t)(row * d->x.points + point) * n,
                       (size_t)n * sizeof(float));
        }
    }
}

/* @p t neighbouring points of eight channels; with @p flip the kernel is read
 * from its end. */
WEIR_INLINE void convolve(const struct depthwise *d, int t, bool flip,
                          const float *x, const float *w, const float *bias,
                          int lanes, float *y)
{
    weir_v8 sum[4] = {0}, v, k;
    int taps = d->high * d->wide;
    for (int i = 0; i < t && bias; i++)
        weir_row_load(bias, &sum[i]);
    for (int a = 0; a < d->high; a++, x += border_row(d))
        for (int b = 0; b < d->wide; b++) {
            int tap = a * d->wide + b;
            weir_row_load(
                w + (ptrdiff_t)(flip ? taps - 1 - tap : tap) * d->padded, &k);
            for (int i = 0; i < t; i++) {
                weir_row_load(x + (ptrdiff_t)(b + i) * d->padded, &v);
                sum[i] += v * k;
            }
        }
    for (int i = 0; i < t; i++)
        memcpy(y + (ptrdiff_t)i * d->x.channels, &sum[i],
               (size_t)lanes * sizeof(float));
}

WEIR_CLONES
static void convolve_sample(const struct depthwise *d, bool flip,
                            const float *x, const float *w, const float *bias,
                            float *y)
{
    for (int i = 0; i < d->x.rows; i++)
        for (int c = 0; c < d->padded; c += WEIR_LANES) {
            int rest = d->x.channels - c, j = 0;
            int lanes = rest < WEIR_LANES ? rest : WEIR_LANES;
            const float *from = x + (ptrdiff_t)i * border_row(d) + c;
            const float *start = bias ? bias + c : NULL;
            float *to = y + (ptrdiff_t)i * d->x.points * d->x.channels + c;
            for (; j + 4 <= d->x.points; j += 4)
                convolve(d, 4, flip, from + (ptrdiff_t)j * d->padded, w + c,
                         start, lanes, to + (ptrdiff_t)j * d->x.channels);
            for (; j < d->x.points; j++)
                convolve(d, 1, flip, from + (ptrdiff_t)j * d->padded, w + c,
                         start, lanes, to + (ptrdiff_t)j * d->x.channels);
        }
}

/* dw of @p t taps side by side, from a row of eight channels. */
WEIR_INLINE void correlate(const struct depthwise *d, int t, const float *x,
                           const float *dy, float *dw)
{
    weir_v8 sum[7], v, e;
    for (int b = 0; b < t; b++)
        weir_row_load(dw + (ptrdiff_t)b * d->padded, &sum[b]);
    for (int j = 0; j < d->x.points; j++, x += d->padded, dy += d->padded) {
        weir_row_load(dy, &e);
        for (int b = 0; b < t; b++) {
            weir_row_load(x + (ptrdiff_t)b * d->padded, &v);
            sum[b] += v * e;
        }
    }
    for (int b = 0; b < t; b++)
        memcpy(dw + (ptrdiff_t)b * d->padded, &sum[b], sizeof(sum[b]));
}

/* dw += what a sample gives, both arrays with their borders. */
WEIR_CLONES
static void correlate_sample(const struct depthwise *d, const float *x,
                             const float *dy, float *dw)
{
    dy += (ptrdiff_t)(d->high / 2) * border_row(d) +
          (ptrdiff_t)(d->wide / 2) * d->padded;
    for (int i = 0; i < d->x.rows; i++)
        for (int a = 0; a < d->high; a++)
            for (int c = 0; c < d->padded; c += WEIR_LANES) {
                const float *from = x + (ptrdiff_t)(i + a) * border_row(d) + c;
                const float *e = dy + (ptrdiff_t)i * border_row(d) + c;
                float *to = dw + (ptrdiff_t)a * d->wide * d->padded + c;
                int b = 0;
                for (; b + 7 <= d->wide; b += 7)
                    correlate(d, 7, from + (ptrdiff_t)b * d->padded, e,
                              to + (ptrdiff_t)b * d->padded);
                for (; b < d->wide; b++)
                    correlate(d, 1, from + (ptrdiff_t)b * d->padded, e,
                              to + (ptrdiff_t)b * d->padded);
            }
}

static size_t sample_at(const struct depthwise *d, int sample)
{
    return weir_layout_at(&d->x, sample, 0);
}

static int depthwise_forward(void *plan, const struct weir_layer_pass *p)
{
    const struct depthwise *d = plan;
    for (int s = 0; s < d->x.batch; s++) {
        surround(d, p->x[0] + sample_at(d, s), p->work);
        convolve_sample(d, false, p->work, p->w[0], p->w[1],
                        p->y + sample_at(d, s));
    }
    return 0;
}

static int depthwise_backward(void *plan, const struct weir_layer_pass *p)
{
    const struct depthwise *d = plan;
    float *x = p->work, *dy = p->work + border_floats(d);
    size_t taps = (size_t)d->high * (size_t)d->wide, n = (size_t)d->padded;
    memset(p->dw[0], 0, taps * n * sizeof(float));
    memset(p->dw[1], 0, n * sizeof(float));
    weir_channel_sum(&d->x, p->dy, p->dw[1]);
    for (int s = 0; s < d->x.batch; s++) {
        surround(d, p->x[0] + sample_at(d, s), x);
        surround(d, p->dy + sample_at(d, s), dy);
        correlate_sample(d, x, dy, p->dw[0]);
        if (p->dx[0])
            convolve_sample(d, true, dy, p->w[0], NULL,
                            p->dx[0] + sample_at(d, s));
    }
    return 0;
}

static const struct weir_layer_ops depthwise_ops = {
    .name = "depthwise",
    .form = depthwise_form,
    .plan = depthwise_plan,
    .release = free,
    .forward = depthwise_forward,
    .backward = depthwise_backward,
};
