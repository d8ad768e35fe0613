/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/graph.h"

#include "base/err.h"
#include "base/heap.h"
#include "nn/layer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Floats of a cache line: where pieces of the packed vector may start. */
enum { LINE = WEIR_ALIGN / sizeof(float) };

/* One more element at the end of an array; its index, or -1. */
static int grow(struct weir_graph *g, void *array, int *n, size_t size)
{
    void *old, *more;
    memcpy(&old, array, sizeof(old));
    more = realloc(old, (size_t)(*n + 1) * size);
    if (!more) {
        g->error = WEIR_FAIL(ENOMEM, "model: %d elements", *n + 1);
        return -1;
    }
    memcpy(array, &more, sizeof(more));
    memset((char *)more + (size_t)*n * size, 0, size);
    return (*n)++;
}

static int add_value(struct weir_graph *g, int channels, int producer)
{
    int v = grow(g, &g->value, &g->values, sizeof(*g->value));
    if (v >= 0)
        g->value[v] = (struct weir_value){
            .channels = channels,
            .producer = producer,
            .consumer = -1,
        };
    return v;
}

int weir_graph_init(struct weir_graph *g, const struct weir_shape *shape)
{
    *g = (struct weir_graph){.shape = *shape, .output = -1};
    if (shape->dims != 1)
        g->error = WEIR_FAIL(EINVAL, "model: %d-dimensional fields, expected 1",
                             shape->dims);
    else if (shape->channels < 1 || shape->n[0] < 1)
        g->error = WEIR_FAIL(EINVAL, "model: a frame of %d x %d values",
                             shape->channels, shape->n[0]);
    else
        add_value(g, shape->channels, -1);
    return g->error;
}

void weir_graph_free(struct weir_graph *g)
{
    free(g->value);
    free(g->layer);
    free(g->param);
    *g = (struct weir_graph){0};
}

static int add_param(struct weir_graph *g, const char *layer, const char *what,
                     int rank, const int64_t *dims, double bound)
{
    int i = grow(g, &g->param, &g->params, sizeof(*g->param));
    if (i < 0)
        return i;
    struct weir_param *p = &g->param[i];
    snprintf(p->name, sizeof(p->name), "%s.%s", layer, what);
    p->rank = rank;
    p->bound = bound;
    p->count = 1;
    for (int d = 0; d < WEIR_MAX_RANK; d++) {
        p->dims[d] = d < rank ? dims[d] : 1;
        p->count *= (size_t)p->dims[d];
    }
    return i;
}

static bool conv_fits(struct weir_graph *g, int in, const char *name,
                      int channels, int kernel)
{
    if (g->error)
        return false;
    if (in < 0 || in >= g->values || g->value[in].consumer >= 0)
        g->error = WEIR_FAIL(EINVAL, "%s: its input is not a free value", name);
    else if (channels < 1 || kernel < 1 || kernel % 2 == 0)
        g->error = WEIR_FAIL(EINVAL, "%s: %d channels, kernel %d", name,
                             channels, kernel);
    else if (kernel > g->shape.n[0])
        g->error = WEIR_FAIL(EINVAL, "%s: kernel %d on %d points", name, kernel,
                             g->shape.n[0]);
    else if (strlen(name) >= WEIR_LAYER_NAME)
        g->error = WEIR_FAIL(EINVAL, "%s: name too long", name);
    return !g->error;
}

int weir_graph_conv(struct weir_graph *g, int in, const char *name,
                    int channels, int kernel, enum weir_activation activation)
{
    if (!conv_fits(g, in, name, channels, kernel))
        return -1;
    int from = g->value[in].channels;
    double bound = 1 / sqrt((double)from * kernel);
    int64_t w[] = {channels, from, kernel}, b[] = {channels};
    int weight = add_param(g, name, "weight", 3, w, bound);
    int bias = add_param(g, name, "bias", 1, b, bound);
    int i = grow(g, &g->layer, &g->layers, sizeof(*g->layer));
    int out = add_value(g, channels, i);
    if (g->error)
        return -1;
    struct weir_layer *l = &g->layer[i];
    *l = (struct weir_layer){.in = in,
                             .out = out,
                             .weight = weight,
                             .bias = bias,
                             .kernel = kernel,
                             .activation = activation};
    snprintf(l->name, sizeof(l->name), "%s", name);
    g->value[in].consumer = i;
    if (g->halo < kernel / 2)
        g->halo = kernel / 2;
    return out;
}

void weir_graph_output(struct weir_graph *g, int value)
{
    if (g->error)
        return;
    if (value < 0 || g->value[value].consumer >= 0 ||
        g->value[value].channels != g->shape.channels)
        g->error = WEIR_FAIL(EINVAL,
                             "model: the output is not a frame of %d "
                             "channels",
                             g->shape.channels);
    else
        g->output = value;
}

/* Equal numbers of channels are stored alike. */
static int block_values(struct weir_graph *g)
{
    for (int v = 0; v < g->values; v++) {
        struct weir_value *x = &g->value[v];
        x->plain = v == 0 || v == g->output;
        x->blocking = (struct weir_blocking){.padded = x->channels, .block = 1};
        if (x->plain)
            continue;
        int rc = weir_dnnl_blocking(x->channels, g->layer[x->producer].kernel,
                                    g->shape.n[0], &x->blocking);
        if (rc)
            return rc;
    }
    return 0;
}

static const struct weir_layer_ops *ops_of(const struct weir_graph *g,
                                           const struct weir_layer *l)
{
    bool from = g->value[l->in].plain, to = g->value[l->out].plain;
    if (from && to)
        return NULL;
    return from ? &weir_conv_lift_ops
           : to ? &weir_conv_project_ops
                : &weir_conv_ops;
}

static void place(struct weir_graph *g, struct weir_param *p)
{
    p->at = g->packed;
    g->packed += (p->form.floats + LINE - 1) / LINE * LINE;
}

int weir_graph_finish(struct weir_graph *g)
{
    if (!g->error && g->output < 0)
        g->error = WEIR_FAIL(EINVAL, "model: no output");
    if (!g->error)
        g->error = block_values(g);
    for (int i = 0; i < g->layers && !g->error; i++) {
        struct weir_layer *l = &g->layer[i];
        struct weir_param *w = &g->param[l->weight], *b = &g->param[l->bias];
        l->ops = ops_of(g, l);
        if (!l->ops) {
            g->error =
                WEIR_FAIL(EINVAL, "%s: a model needs a hidden layer", l->name);
            break;
        }
        g->error = l->ops->form(g, l, &w->form, &b->form);
        place(g, w);
        place(g, b);
    }
    return g->error;
}
