/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/graph.h"

#include "base/err.h"
#include "base/heap.h"
#include "nn/clip.h"
#include "nn/layer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Floats of a cache line: where pieces of the packed vector may start. */
enum { LINE = WEIR_ALIGN / sizeof(float) };

int weir_graph_fail(struct weir_graph *g, int error)
{
    g->error = error;
    return -1;
}

/* One more element at the end of an array; its index, or -1. */
static int grow(struct weir_graph *g, void *array, int *n, size_t size)
{
    void *old, *more;
    memcpy(&old, array, sizeof(old));
    more = realloc(old, (size_t)(*n + 1) * size);
    if (!more)
        return weir_graph_fail(g,
                               WEIR_FAIL(ENOMEM, "model: %d elements", *n + 1));
    memcpy(array, &more, sizeof(more));
    memset((char *)more + (size_t)*n * size, 0, size);
    return (*n)++;
}

static int add_value(struct weir_graph *g, struct weir_made m, int producer)
{
    int v = grow(g, &g->value, &g->values, sizeof(*g->value));
    if (v >= 0)
        g->value[v] = (struct weir_value){
            .channels = m.channels,
            .rows = m.rows,
            .points = m.points,
            .order = m.order,
            .producer = producer,
            .last = -1,
        };
    return v;
}

static struct weir_made frame_of(const struct weir_shape *shape)
{
    bool flat = shape->dims == 2;
    return (struct weir_made){shape->channels, flat ? shape->n[0] : 1,
                              shape->n[flat], WEIR_BLOCKED};
}

static int init(struct weir_graph *g, struct weir_made in,
                const struct weir_shape *shape)
{
    *g = (struct weir_graph){.shape = *shape, .output = -1};
    if (shape->dims != 1 && shape->dims != 2)
        g->error =
            WEIR_FAIL(EINVAL, "model: %d-dimensional fields", shape->dims);
    else if (shape->channels < 1 || shape->n[0] < 1 || shape->n[1] < 1)
        g->error = WEIR_FAIL(EINVAL, "model: a frame of %d x %d x %d values",
                             shape->channels, shape->n[0], shape->n[1]);
    else
        add_value(g, in, -1);
    return g->error;
}

int weir_graph_init(struct weir_graph *g, const struct weir_shape *shape)
{
    return init(g, frame_of(shape), shape);
}

int weir_graph_init_from(struct weir_graph *g, int inputs, bool vector,
                         const struct weir_shape *shape)
{
    struct weir_made in = frame_of(shape);
    if (vector)
        in = (struct weir_made){.rows = 1, .points = 1, .order = WEIR_LAST};
    in.channels = inputs;
    return init(g, in, shape);
}

void weir_graph_free(struct weir_graph *g)
{
    for (int i = 0; i < g->layers; i++)
        free(g->layer[i].spec);
    free(g->value);
    free(g->layer);
    free(g->param);
    *g = (struct weir_graph){0};
}

bool weir_graph_has(struct weir_graph *g, int v, const char *name)
{
    if (!g->error && (v < 0 || v >= g->values))
        weir_graph_fail(g, WEIR_FAIL(EINVAL, "%s: no value %d", name, v));
    return !g->error;
}

static bool layer_fits(struct weir_graph *g, const char *name, int n,
                       const int *in, const struct weir_made *made)
{
    for (int i = 0; i < n; i++)
        if (!weir_graph_has(g, in[i], name))
            return false;
    if (made->channels < 1 || made->rows < 1 || made->points < 1)
        weir_graph_fail(g,
                        WEIR_FAIL(EINVAL, "%s: makes %d x %d x %d values", name,
                                  made->channels, made->rows, made->points));
    else if (strlen(name) >= WEIR_LAYER_NAME)
        weir_graph_fail(g, WEIR_FAIL(EINVAL, "%s: name too long", name));
    return !g->error;
}

int weir_graph_layer(struct weir_graph *g, const struct weir_layer_ops *ops,
                     const char *name, int n, const int *in,
                     struct weir_made made, const void *spec, size_t size)
{
    if (!layer_fits(g, name, n, in, &made))
        return -1;
    int i = grow(g, &g->layer, &g->layers, sizeof(*g->layer));
    int out = add_value(g, made, i);
    void *own = malloc(size ? size : 1);
    if (g->error || !own) {
        free(own);
        return weir_graph_fail(g, WEIR_FAIL(ENOMEM, "%s", name));
    }
    if (size)
        memcpy(own, spec, size);
    struct weir_layer *l = &g->layer[i];
    *l = (struct weir_layer){
        .ops = ops, .inputs = n, .out = out, .param = g->params, .spec = own};
    snprintf(l->name, sizeof(l->name), "%s", name);
    for (int k = 0; k < n; k++) {
        l->in[k] = in[k];
        g->value[in[k]].consumers++;
        g->value[in[k]].last = i;
    }
    return i;
}

int weir_graph_made(const struct weir_graph *g, int layer)
{
    return g->error ? -1 : g->layer[layer].out;
}

int weir_graph_param(struct weir_graph *g, const char *what, int rank,
                     const int64_t *dims, struct weir_init init)
{
    if (g->error)
        return -1;
    int i = grow(g, &g->param, &g->params, sizeof(*g->param));
    if (i < 0)
        return i;
    struct weir_layer *l = &g->layer[g->layers - 1];
    struct weir_param *p = &g->param[i];
    snprintf(p->name, sizeof(p->name), "%s.%s", l->name, what);
    p->rank = rank;
    p->init = init;
    p->count = 1;
    for (int d = 0; d < WEIR_MAX_RANK; d++) {
        p->dims[d] = d < rank ? dims[d] : 1;
        p->count *= (size_t)p->dims[d];
    }
    l->params++;
    return i;
}

void weir_graph_output(struct weir_graph *g, int value)
{
    if (!weir_graph_has(g, value, "output"))
        return;
    const struct weir_value *v = &g->value[value];
    struct weir_made want = frame_of(&g->shape), *in = &want;
    if (v->consumers > 0 || v->channels != in->channels ||
        v->rows != in->rows || v->points != in->points)
        weir_graph_fail(g, WEIR_FAIL(EINVAL,
                                     "model: the output is not a frame of %d x "
                                     "%d x %d values",
                                     in->channels, in->rows, in->points));
    else
        g->output = value;
}

/* ---- finishing ---- */

/* Halos are worth their columns where one size serves the whole net: a
 * convolution then needs no copy of its input. */
static void choose_halo(struct weir_graph *g)
{
    g->halo = 0;
    g->thin = g->shape.dims == 1;
    for (int i = 0; i < g->layers && g->thin; i++) {
        const struct weir_layer *l = &g->layer[i];
        int need = l->ops->halo ? l->ops->halo(l) : -1;
        g->thin = need >= 0;
        if (g->halo < need)
            g->halo = need;
    }
    if (!g->thin)
        g->halo = 0;
}

static bool only_convs_read(const struct weir_graph *g, int value)
{
    for (int i = 0; i < g->layers; i++)
        for (int k = 0; k < g->layer[i].inputs; k++)
            if (g->layer[i].in[k] == value && g->layer[i].ops != &weir_conv_ops)
                return false;
    return true;
}

/* The frame stays as users see it where thin convolutions read or write it. */
static void choose_plain(struct weir_graph *g)
{
    struct weir_value *in = &g->value[0], *out = &g->value[g->output];
    const struct weir_layer *last = &g->layer[out->producer];
    if (!g->thin)
        return;
    in->plain = only_convs_read(g, 0) && last->in[0] != 0;
    out->plain = last->ops == &weir_conv_ops &&
                 last->activation == WEIR_LINEAR && last->in[0] != 0;
    for (int i = 0; i < g->layers; i++) {
        struct weir_layer *l = &g->layer[i];
        if (g->value[l->in[0]].plain)
            l->ops = &weir_conv_lift_ops;
        else if (g->value[l->out].plain)
            l->ops = &weir_conv_project_ops;
    }
}

/* Equal numbers of channels are stored alike. */
static int block_values(struct weir_graph *g)
{
    for (int v = 0; v < g->values; v++) {
        struct weir_value *x = &g->value[v];
        x->blocking = (struct weir_blocking){.padded = x->channels, .block = 1};
        if (x->plain)
            continue;
        x->blocking.block = x->channels;
        if (x->order == WEIR_LAST)
            continue;
        int rc = weir_dnnl_blocking(x->channels, g->shape.dims, &x->blocking);
        if (rc)
            return rc;
    }
    return 0;
}

static void place(struct weir_graph *g, struct weir_param *p)
{
    p->at = g->packed;
    p->room = (p->form.floats + LINE - 1) / LINE * LINE;
    g->packed += p->room;
}

/* Where there are statistics they begin a piece of clip.h, so that no norm of a
 * gradient counts them. What lies before belongs to the last trained tensor. */
static void place_all(struct weir_graph *g)
{
    struct weir_param *last = NULL;
    bool measures = false;
    for (int i = 0; i < g->params; i++) {
        measures |= g->param[i].measured;
        if (!g->param[i].measured)
            place(g, last = &g->param[i]);
    }
    g->trained = g->packed;
    if (!measures)
        return;
    g->trained = g->packed = weir_norm_pieces(g->packed) * WEIR_NORM_PIECE;
    if (last)
        last->room = g->packed - last->at;
    for (int i = 0; i < g->params; i++)
        if (g->param[i].measured)
            place(g, &g->param[i]);
}

static int form_params(struct weir_graph *g, const struct weir_layer *l)
{
    struct weir_form form[WEIR_LAYER_PARAMS];
    for (int i = 0; i < l->params; i++) {
        const struct weir_param *p = &g->param[l->param + i];
        form[i] = weir_form_plain(p->rank, p->dims);
    }
    int rc = l->ops->form ? l->ops->form(g, l, form) : 0;
    for (int i = 0; i < l->params && !rc; i++)
        g->param[l->param + i].form = form[i];
    return rc;
}

static int check_values(struct weir_graph *g)
{
    if (g->output < 0)
        return WEIR_FAIL(EINVAL, "model: no output");
    if (g->value[g->output].producer < 0)
        return WEIR_FAIL(EINVAL, "model: no layer");
    for (int v = 0; v < g->values; v++)
        if (v != g->output && g->value[v].consumers == 0)
            return WEIR_FAIL(EINVAL, "model: nothing reads value %d", v);
    return 0;
}

int weir_graph_finish(struct weir_graph *g)
{
    if (!g->error)
        g->error = check_values(g);
    if (g->error)
        return g->error;
    choose_halo(g);
    choose_plain(g);
    g->error = block_values(g);
    for (int i = 0; i < g->layers && !g->error; i++)
        g->error = form_params(g, &g->layer[i]);
    if (!g->error)
        place_all(g);
    return g->error;
}
