/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/net.h"

#include "base/err.h"
#include "base/heap.h"
#include "nn/arena.h"
#include "nn/layer.h"
#include "nn/model_impl.h"
#include "nn/simd.h"

#include <omp.h>

#include <stdlib.h>
#include <string.h>

/* A value in this net: its layout, and where its array and its gradient's are. */
struct slot {
    struct weir_layout layout;
    size_t at, gradient_at;
};

struct weir_net {
    const struct weir_graph *graph;
    struct weir_net_config config;
    struct weir_dnnl *dnnl;
    struct slot *slot; /* per value */
    void **plan;       /* per layer */
    float *activations;
    size_t tape_floats;
    float *gradients;
    size_t gradient_floats;
    float *spare; /* a gradient on its way to being added */
};

/* ---- planning ---- */

static void lay_out(struct weir_net *net)
{
    const struct weir_graph *g = net->graph;
    for (int v = 0; v < g->values; v++) {
        const struct weir_value *value = &g->value[v];
        struct weir_layout *l = &net->slot[v].layout;
        *l = weir_layout_plain(net->config.batch, value->channels,
                               g->shape.n[0], g->halo);
        l->padded = value->blocking.padded;
        l->block = value->blocking.block;
    }
}

/* Step t of a pass runs layer t (forward) or layers - 1 - t (backward). */
static int plan_memory(struct weir_net *net)
{
    const struct weir_graph *g = net->graph;
    bool keep = net->config.tapes > 0;
    struct weir_span *span = calloc((size_t)g->values, sizeof(*span));
    if (!span)
        return WEIR_FAIL(ENOMEM, "net: plan of %d arrays", g->values);
    for (int v = 0; v < g->values; v++) {
        int made = g->value[v].producer, used = g->value[v].consumer;
        span[v].floats = weir_layout_floats(&net->slot[v].layout);
        span[v].first = keep || made < 0 ? 0 : made;
        span[v].last = keep || used < 0 ? g->layers : used;
    }
    net->tape_floats = weir_arena_plan(span, g->values);
    for (int v = 0; v < g->values; v++)
        net->slot[v].at = span[v].at;

    for (int v = 0; v < g->values; v++) {
        int made = g->value[v].producer, used = g->value[v].consumer;
        span[v].first = used < 0 ? -1 : g->layers - 1 - used;
        span[v].last = made < 0 ? g->layers : g->layers - 1 - made;
    }
    net->gradient_floats = keep ? weir_arena_plan(span, g->values) : 0;
    for (int v = 0; v < g->values; v++)
        net->slot[v].gradient_at = span[v].at;
    free(span);
    return 0;
}

static size_t tapes(const struct weir_net *net)
{
    return net->config.tapes > 0 ? (size_t)net->config.tapes : 1;
}

static int allocate(struct weir_net *net)
{
    net->activations = weir_array(tapes(net) * net->tape_floats, sizeof(float));
    if (net->config.tapes > 0) {
        net->gradients = weir_array(net->gradient_floats, sizeof(float));
        net->spare = weir_array(net->graph->packed, sizeof(float));
    }
    if (!net->activations ||
        (net->config.tapes > 0 && (!net->gradients || !net->spare)))
        return WEIR_FAIL(ENOMEM, "net: %d tapes of %zu floats",
                         net->config.tapes, net->tape_floats);
    return 0;
}

static int plan_layers(struct weir_net *net)
{
    const struct weir_graph *g = net->graph;
    for (int i = 0; i < g->layers; i++) {
        const struct weir_layer *l = &g->layer[i];
        struct weir_layer_site site = {
            .graph = g,
            .layer = l,
            .x = &net->slot[l->in].layout,
            .y = &net->slot[l->out].layout,
            .dnnl = net->dnnl,
            .backward = net->config.tapes > 0,
        };
        int rc = l->ops->plan(&site, &net->plan[i]);
        if (rc)
            return WEIR_NOTE(rc, "planning layer %s", l->name);
    }
    return 0;
}

static int compile(struct weir_net *net)
{
    const struct weir_graph *g = net->graph;
    net->slot = calloc((size_t)g->values, sizeof(*net->slot));
    net->plan = calloc((size_t)g->layers, sizeof(*net->plan));
    if (!net->slot || !net->plan)
        return WEIR_FAIL(ENOMEM, "net: %d layers", g->layers);
    lay_out(net);
    int rc = weir_dnnl_create(&net->dnnl);
    if (!rc)
        rc = plan_memory(net);
    if (!rc)
        rc = allocate(net);
    if (!rc)
        rc = plan_layers(net);
    return rc;
}

int weir_net_create(const struct weir_model *model,
                    const struct weir_net_config *config, struct weir_net **out)
{
    if (config->batch < 1 || config->tapes < 0 || config->threads < 1)
        return WEIR_FAIL(EINVAL, "net: batch %d, %d tapes, %d threads",
                         config->batch, config->tapes, config->threads);
    struct weir_net *net = calloc(1, sizeof(*net));
    if (!net)
        return WEIR_FAIL(ENOMEM, "net");
    net->graph = &model->graph;
    net->config = *config;
    /* oneDNN divides the work among threads when a primitive is made. */
    omp_set_num_threads(config->threads);
    int rc = compile(net);
    if (rc) {
        weir_net_destroy(net);
        return rc;
    }
    *out = net;
    return 0;
}

void weir_net_destroy(struct weir_net *net)
{
    if (!net)
        return;
    for (int i = 0; net->plan && i < net->graph->layers; i++)
        if (net->plan[i])
            net->graph->layer[i].ops->release(net->plan[i]);
    weir_dnnl_destroy(net->dnnl);
    free(net->plan);
    free(net->slot);
    free(net->activations);
    free(net->gradients);
    free(net->spare);
    free(net);
}

size_t weir_net_bytes(const struct weir_net *net)
{
    size_t floats = tapes(net) * net->tape_floats + net->gradient_floats +
                    (net->spare ? net->graph->packed : 0);
    size_t bytes = floats * sizeof(float) + weir_dnnl_bytes(net->dnnl);
    for (int i = 0; i < net->graph->layers; i++)
        bytes += net->graph->layer[i].ops->bytes(net->plan[i]);
    return bytes;
}

/* ---- running ---- */

static float *array(struct weir_net *net, int tape, int value)
{
    return net->activations + (size_t)tape * net->tape_floats +
           net->slot[value].at;
}

static float *gradient(struct weir_net *net, int value)
{
    return net->gradients + net->slot[value].gradient_at;
}

/* Between users' (batch, channels, points) and a plain value with halos. */
static void copy_in(const struct weir_layout *l, const float *user, float *x)
{
    size_t n = (size_t)l->points;
    for (int b = 0; b < l->batch; b++)
        for (int c = 0; c < l->channels; c++, user += n)
            memcpy(x + weir_layout_at(l, b, c), user, n * sizeof(float));
}

static void copy_out(const struct weir_layout *l, const float *x, float *user)
{
    size_t n = (size_t)l->points;
    for (int b = 0; b < l->batch; b++)
        for (int c = 0; c < l->channels; c++, user += n)
            memcpy(user, x + weir_layout_at(l, b, c), n * sizeof(float));
}

static struct weir_layer_pass pass_of(struct weir_net *net, int tape,
                                      const struct weir_layer *l,
                                      const float *packed)
{
    const struct weir_graph *g = net->graph;
    return (struct weir_layer_pass){
        .x = array(net, tape, l->in),
        .y = array(net, tape, l->out),
        .w = packed + g->param[l->weight].at,
        .bias = packed + g->param[l->bias].at,
    };
}

int weir_net_forward(struct weir_net *net, int tape, const float *packed,
                     const float *x, float *y)
{
    const struct weir_graph *g = net->graph;
    float *in = array(net, tape, 0);
    omp_set_num_threads(net->config.threads);
    copy_in(&net->slot[0].layout, x, in);
    weir_halo_fill(&net->slot[0].layout, in);
    for (int i = 0; i < g->layers; i++) {
        const struct weir_layer *l = &g->layer[i];
        struct weir_layer_pass pass = pass_of(net, tape, l, packed);
        int rc = l->ops->forward(net->plan[i], &pass);
        if (rc)
            return WEIR_NOTE(rc, "forward, layer %s", l->name);
    }
    copy_out(&net->slot[g->output].layout, array(net, tape, g->output), y);
    return 0;
}

static int run_backward(struct weir_net *net, int tape, const float *packed,
                        bool want_dx, float *grad)
{
    const struct weir_graph *g = net->graph;
    for (int i = g->layers - 1; i >= 0; i--) {
        const struct weir_layer *l = &g->layer[i];
        struct weir_layer_pass pass = pass_of(net, tape, l, packed);
        pass.dy = gradient(net, l->out);
        pass.dx = l->in > 0 || want_dx ? gradient(net, l->in) : NULL;
        pass.dw = grad + g->param[l->weight].at;
        pass.dbias = grad + g->param[l->bias].at;
        int rc = l->ops->backward(net->plan[i], &pass);
        if (rc)
            return WEIR_NOTE(rc, "backward, layer %s", l->name);
    }
    return 0;
}

/* What lies between the end of a tensor and the next line belongs to none. */
static void clear_gaps(const struct weir_graph *g, float *grad)
{
    for (int i = 0; i < g->params; i++) {
        size_t from = g->param[i].at + g->param[i].form.floats;
        size_t to = i + 1 < g->params ? g->param[i + 1].at : g->packed;
        memset(grad + from, 0, (to - from) * sizeof(float));
    }
}

WEIR_CLONES
static void add(size_t n, const float *restrict from, float *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] += from[i];
}

int weir_net_backward(struct weir_net *net, int tape, const float *packed,
                      const float *dy, float *dx, float *grad, bool accumulate)
{
    const struct weir_graph *g = net->graph;
    const struct weir_layout *out = &net->slot[g->output].layout;
    float *into = accumulate ? net->spare : grad;
    if (net->config.tapes == 0)
        return WEIR_FAIL(EINVAL, "net: backward of a forward-only net");
    omp_set_num_threads(net->config.threads);
    copy_in(out, dy, gradient(net, g->output));
    weir_halo_clear(out, gradient(net, g->output));
    int rc = run_backward(net, tape, packed, dx != NULL, into);
    if (rc)
        return rc;
    clear_gaps(g, into);
    if (accumulate)
        add(g->packed, net->spare, grad);
    if (dx) {
        weir_halo_fold(&net->slot[0].layout, gradient(net, 0), NULL);
        copy_out(&net->slot[0].layout, gradient(net, 0), dx);
    }
    return 0;
}
