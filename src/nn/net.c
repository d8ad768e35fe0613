/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/net.h"

#include "base/err.h"
#include "base/heap.h"
#include "nn/arena.h"
#include "nn/layer.h"
#include "nn/model_impl.h"
#include "nn/simd.h"
#include "nn/value.h"

#include <omp.h>

#include <stdlib.h>
#include <string.h>

/* A value in this net: its layout, and where its array and its gradient's are. */
struct slot {
    struct weir_layout layout;
    bool recalled; /* backward reads it */
    size_t at, gradient_at;
};

/* A layer in this net: its plan, where what it keeps is, and where its inputs'
 * gradients go: straight to the value's, or beside it and then added. */
struct step {
    void *plan;
    size_t keep, keep_at;
    size_t beside_at[WEIR_LAYER_INPUTS];
    bool beside[WEIR_LAYER_INPUTS];
};

struct weir_net {
    const struct weir_graph *graph;
    struct weir_net_config config;
    struct weir_dnnl *dnnl;
    struct slot *slot; /* per value */
    struct step *step; /* per layer */
    float *activations;
    size_t tape_floats;
    float *gradients;
    size_t gradient_floats;
    float *work; /* of whatever layer is running */
    size_t work_floats;
    float *spare; /* gradients of one layer, on their way to being added */
    size_t spare_floats;
    enum weir_net_mode mode;
    uint64_t key;
    const bool *present;
};

/* ---- planning ---- */

static bool trains(const struct weir_net *net)
{
    return net->config.tapes > 0;
}

/* What the backward pass of a layer reads has to be there still. */
static void recall(struct weir_net *net, const struct weir_layer_site *site)
{
    const struct weir_layer *l = site->layer;
    net->slot[l->out].recalled |= !site->forgets_y;
    for (int k = 0; k < l->inputs; k++)
        net->slot[l->in[k]].recalled |= !site->forgets_x;
}

static int plan_layers(struct weir_net *net)
{
    const struct weir_graph *g = net->graph;
    for (int v = 0; v < g->values; v++)
        net->slot[v].layout = weir_value_layout(g, v, net->config.batch);
    for (int i = 0; i < g->layers; i++) {
        const struct weir_layer *l = &g->layer[i];
        struct weir_layer_site site = {
            .graph = g,
            .layer = l,
            .y = &net->slot[l->out].layout,
            .dnnl = net->dnnl,
            .backward = trains(net),
        };
        for (int k = 0; k < l->inputs; k++)
            site.x[k] = &net->slot[l->in[k]].layout;
        int rc = l->ops->plan(&site, &net->step[i].plan);
        if (rc)
            return WEIR_NOTE(rc, "planning layer %s", l->name);
        recall(net, &site);
        net->step[i].keep = site.keep;
        if (net->work_floats < site.work)
            net->work_floats = site.work;
    }
    return 0;
}

/* What the last layer with parameters reads. */
static int features_of(const struct weir_graph *g)
{
    for (int i = g->layers - 1; i >= 0; i--)
        if (g->layer[i].params > 0)
            return g->layer[i].in[0];
    return 0;
}

/* Forward, step t runs layer t. A value is alive from its making to its last
 * reading, or to the end where backward will read it, or who asks for features;
 * so is what layers keep. */
static void place_activations(struct weir_net *net, struct weir_span *span)
{
    const struct weir_graph *g = net->graph;
    for (int v = 0; v < g->values; v++) {
        int made = g->value[v].producer, used = g->value[v].last;
        bool stays = (trains(net) && net->slot[v].recalled) || used < 0 ||
                     v == features_of(g);
        span[v] = (struct weir_span){
            .floats = weir_layout_floats(&net->slot[v].layout),
            .first = made < 0 ? 0 : made,
            .last = stays ? g->layers : used,
        };
    }
    for (int i = 0; i < g->layers; i++)
        span[g->values + i] = (struct weir_span){
            .floats = net->step[i].keep,
            .first = i,
            .last = trains(net) ? g->layers : i,
        };
    net->tape_floats = weir_arena_plan(span, g->values + g->layers);
    for (int v = 0; v < g->values; v++)
        net->slot[v].at = span[v].at;
    for (int i = 0; i < g->layers; i++)
        net->step[i].keep_at = span[g->values + i].at;
}

/* Backward, step t runs layer layers - 1 - t. A value's gradient is alive from
 * the first such step that gives to it to that of its producer, the others'
 * gifts during one step. @return spans used */
static int list_gradients(struct weir_net *net, struct weir_span *span)
{
    const struct weir_graph *g = net->graph;
    int n = g->values;
    for (int v = 0; v < g->values; v++) {
        int made = g->value[v].producer, used = g->value[v].last;
        span[v] = (struct weir_span){
            .floats = weir_layout_floats(&net->slot[v].layout),
            .first = used < 0 ? -1 : g->layers - 1 - used,
            .last = made < 0 ? g->layers : g->layers - 1 - made,
        };
    }
    for (int i = 0; i < g->layers; i++) {
        const struct weir_layer *l = &g->layer[i];
        for (int k = 0; k < l->inputs; k++) {
            bool given = g->value[l->in[k]].last > i;
            for (int j = 0; j < k; j++)
                given |= l->in[j] == l->in[k];
            net->step[i].beside[k] = given;
            if (given)
                span[n++] = (struct weir_span){
                    .floats = weir_layout_floats(&net->slot[l->in[k]].layout),
                    .first = g->layers - 1 - i,
                    .last = g->layers - 1 - i,
                };
        }
    }
    return n;
}

static void place_gradients(struct weir_net *net, struct weir_span *span)
{
    const struct weir_graph *g = net->graph;
    int n = list_gradients(net, span), at = g->values;
    net->gradient_floats = weir_arena_plan(span, n);
    for (int v = 0; v < g->values; v++)
        net->slot[v].gradient_at = span[v].at;
    for (int i = 0; i < g->layers; i++)
        for (int k = 0; k < g->layer[i].inputs; k++)
            if (net->step[i].beside[k])
                net->step[i].beside_at[k] = span[at++].at;
}

/* Floats of the layer with the most parameters. */
static size_t most_parameters(const struct weir_graph *g)
{
    size_t most = 0;
    for (int i = 0; i < g->layers; i++) {
        const struct weir_layer *l = &g->layer[i];
        size_t n = 0;
        for (int k = 0; k < l->params; k++)
            n += g->param[l->param + k].room;
        most = most > n ? most : n;
    }
    return most;
}

static int plan_memory(struct weir_net *net)
{
    const struct weir_graph *g = net->graph;
    size_t most = (size_t)(g->values + g->layers * WEIR_LAYER_INPUTS);
    struct weir_span *span = calloc(most, sizeof(*span));
    if (!span)
        return WEIR_FAIL(ENOMEM, "net: plan of %zu arrays", most);
    place_activations(net, span);
    if (trains(net)) {
        place_gradients(net, span);
        net->spare_floats = most_parameters(g);
    }
    free(span);
    return 0;
}

static size_t tapes(const struct weir_net *net)
{
    return net->config.tapes > 0 ? (size_t)net->config.tapes : 1;
}

static size_t own_floats(const struct weir_net *net)
{
    return tapes(net) * net->tape_floats + net->gradient_floats +
           net->work_floats + net->spare_floats;
}

static int allocate(struct weir_net *net)
{
    net->activations = weir_array(tapes(net) * net->tape_floats, sizeof(float));
    net->work = weir_array(net->work_floats + 1, sizeof(float));
    if (trains(net)) {
        net->gradients = weir_array(net->gradient_floats, sizeof(float));
        net->spare = weir_array(net->spare_floats + 1, sizeof(float));
    }
    if (!net->activations || !net->work ||
        (trains(net) && (!net->gradients || !net->spare)))
        return WEIR_FAIL(ENOMEM, "net: %zu floats", own_floats(net));
    return 0;
}

static int compile(struct weir_net *net)
{
    const struct weir_graph *g = net->graph;
    net->slot = calloc((size_t)g->values, sizeof(*net->slot));
    net->step = calloc((size_t)g->layers, sizeof(*net->step));
    if (!net->slot || !net->step)
        return WEIR_FAIL(ENOMEM, "net: %d layers", g->layers);
    int rc = weir_dnnl_create(&net->dnnl);
    if (!rc)
        rc = plan_layers(net);
    if (!rc)
        rc = plan_memory(net);
    if (!rc)
        rc = allocate(net);
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
    for (int i = 0; net->step && i < net->graph->layers; i++)
        if (net->step[i].plan)
            net->graph->layer[i].ops->release(net->step[i].plan);
    weir_dnnl_destroy(net->dnnl);
    free(net->step);
    free(net->slot);
    free(net->activations);
    free(net->gradients);
    free(net->work);
    free(net->spare);
    free(net);
}

size_t weir_net_bytes(const struct weir_net *net)
{
    size_t bytes = own_floats(net) * sizeof(float) + weir_dnnl_bytes(net->dnnl);
    for (int i = 0; i < net->graph->layers; i++) {
        const struct weir_layer_ops *ops = net->graph->layer[i].ops;
        if (ops->bytes)
            bytes += ops->bytes(net->step[i].plan);
    }
    return bytes;
}

size_t weir_net_packed(const struct weir_net *net)
{
    return net->graph->packed;
}

size_t weir_net_trained(const struct weir_net *net)
{
    return net->graph->trained;
}

/* ---- running ---- */

void weir_net_set_mode(struct weir_net *net, enum weir_net_mode mode,
                       uint64_t key, const bool *present)
{
    net->mode = mode;
    net->key = key;
    net->present = present;
}

static float *array(struct weir_net *net, int tape, int value)
{
    return net->activations + (size_t)tape * net->tape_floats +
           net->slot[value].at;
}

static float *gradient(struct weir_net *net, int value)
{
    return net->gradients + net->slot[value].gradient_at;
}

static struct weir_layer_pass pass_of(struct weir_net *net, int tape, int i,
                                      const float *packed)
{
    const struct weir_graph *g = net->graph;
    const struct weir_layer *l = &g->layer[i];
    struct weir_layer_pass pass = {
        .y = array(net, tape, l->out),
        .work = net->work,
        .keep = net->activations + (size_t)tape * net->tape_floats +
                net->step[i].keep_at,
        .training = net->mode == WEIR_NET_TRAIN,
        .dropping = net->mode != WEIR_NET_PREDICT,
        .key = net->key + (uint64_t)tape,
        .layer = i,
        .present = net->present,
    };
    for (int k = 0; k < l->inputs; k++)
        pass.x[k] = array(net, tape, l->in[k]);
    for (int k = 0; k < l->params; k++)
        pass.w[k] = packed + g->param[l->param + k].at;
    return pass;
}

int weir_net_forward(struct weir_net *net, int tape, const float *packed,
                     const float *x, float *y)
{
    const struct weir_graph *g = net->graph;
    float *in = array(net, tape, 0);
    omp_set_num_threads(net->config.threads);
    weir_layout_pack(&net->slot[0].layout, x, in);
    weir_halo_fill(&net->slot[0].layout, in);
    for (int i = 0; i < g->layers; i++) {
        const struct weir_layer *l = &g->layer[i];
        struct weir_layer_pass pass = pass_of(net, tape, i, packed);
        int rc = l->ops->forward(net->step[i].plan, &pass);
        if (rc)
            return WEIR_NOTE(rc, "forward, layer %s", l->name);
    }
    weir_layout_unpack(&net->slot[g->output].layout,
                       array(net, tape, g->output), y);
    return 0;
}

static double sum_channel(const struct weir_layout *l, const float *x)
{
    size_t row = (size_t)weir_layout_columns(l) * (size_t)l->block;
    double sum = 0;
    for (int r = 0; r < l->rows; r++)
        for (int i = 0; i < l->points; i++)
            sum += x[(size_t)r * row + (size_t)(i * l->block)];
    return sum;
}

size_t weir_net_features(struct weir_net *net, int tape, float *feature)
{
    int value = features_of(net->graph);
    const struct weir_layout *l = &net->slot[value].layout;
    const float *x = array(net, tape, value);
    double points = (double)l->rows * l->points;
    for (int b = 0; feature && b < l->batch; b++)
        for (int c = 0; c < l->channels; c++)
            *feature++ =
                (float)(sum_channel(l, x + weir_layout_channel(l, b, c)) /
                        points);
    return (size_t)l->channels;
}

WEIR_CLONES
static void add(size_t n, const float *restrict from, float *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] += from[i];
}

static void add_gifts(struct weir_net *net, int i,
                      const struct weir_layer_pass *pass)
{
    const struct weir_layer *l = &net->graph->layer[i];
    for (int k = 0; k < l->inputs; k++)
        if (net->step[i].beside[k] && pass->dx[k])
            add(weir_layout_floats(&net->slot[l->in[k]].layout), pass->dx[k],
                gradient(net, l->in[k]));
}

/* Gradients of a layer's parameters were left where @p pass says: what lies
 * between the end of a tensor and the next line belongs to none. */
static void take_gradients(struct weir_net *net, int i,
                           const struct weir_layer_pass *pass, float *grad,
                           bool accumulate)
{
    const struct weir_graph *g = net->graph;
    const struct weir_layer *l = &g->layer[i];
    for (int k = 0; k < l->params; k++) {
        const struct weir_param *p = &g->param[l->param + k];
        memset(pass->dw[k] + p->form.floats, 0,
               (p->room - p->form.floats) * sizeof(float));
        if (accumulate)
            add(p->room, pass->dw[k], grad + p->at);
    }
}

static int step_back(struct weir_net *net, int tape, int i, const float *packed,
                     bool want_dx, float *grad, bool accumulate)
{
    const struct weir_graph *g = net->graph;
    const struct weir_layer *l = &g->layer[i];
    struct step *step = &net->step[i];
    struct weir_layer_pass pass = pass_of(net, tape, i, packed);
    float *spare = net->spare;
    pass.dy = gradient(net, l->out);
    for (int k = 0; k < l->inputs; k++)
        if (l->in[k] > 0 || want_dx)
            pass.dx[k] = step->beside[k] ? net->gradients + step->beside_at[k]
                                         : gradient(net, l->in[k]);
    for (int k = 0; k < l->params; k++) {
        const struct weir_param *p = &g->param[l->param + k];
        pass.dw[k] = accumulate ? spare : grad + p->at;
        spare += p->room;
    }
    int rc = l->ops->backward(step->plan, &pass);
    if (rc)
        return WEIR_NOTE(rc, "backward, layer %s", l->name);
    add_gifts(net, i, &pass);
    take_gradients(net, i, &pass, grad, accumulate);
    return 0;
}

int weir_net_backward(struct weir_net *net, int tape, const float *packed,
                      const float *dy, float *dx, float *grad, bool accumulate)
{
    const struct weir_graph *g = net->graph;
    const struct weir_layout *out = &net->slot[g->output].layout;
    if (net->config.tapes == 0)
        return WEIR_FAIL(EINVAL, "net: backward of a forward-only net");
    omp_set_num_threads(net->config.threads);
    weir_layout_pack(out, dy, gradient(net, g->output));
    weir_halo_clear(out, gradient(net, g->output));
    for (int i = g->layers - 1; i >= 0; i--) {
        int rc = step_back(net, tape, i, packed, dx != NULL, grad, accumulate);
        if (rc)
            return rc;
    }
    if (dx) {
        weir_halo_fold(&net->slot[0].layout, gradient(net, 0), NULL, 0.0F);
        weir_layout_unpack(&net->slot[0].layout, gradient(net, 0), dx);
    }
    return 0;
}
