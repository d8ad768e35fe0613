/* SPDX-License-Identifier: BSD-3-Clause */
/* The same linear map at every point: matrix products over all points of a
 * batch, channels last. */
#include "base/err.h"
#include "nn/channel_sums.h"
#include "nn/layer.h"
#include "nn/layers.h"
#include "nn/optimiser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct weir_layer_ops linear_ops;

int weir_graph_linear_of(struct weir_graph *g, int in, const char *name,
                         const struct weir_linear *spec)
{
    in = weir_graph_in_order(g, in, WEIR_LAST);
    if (!weir_graph_has(g, in, name))
        return -1;
    const struct weir_value *x = &g->value[in];
    int64_t w[] = {spec->channels, x->channels, 1, 1};
    struct weir_init init = {WEIR_INIT_UNIFORM, 1 / sqrt(x->channels)};
    struct weir_init bias = init;
    struct weir_made made = {spec->channels, x->rows, x->points, WEIR_LAST};
    if (spec->deviation > 0) {
        init = (struct weir_init){WEIR_INIT_NORMAL, spec->deviation};
        bias = (struct weir_init){WEIR_INIT_CONSTANT, spec->start};
    }
    int l = weir_graph_layer(g, &linear_ops, name, 1, &in, made, NULL, 0);
    weir_graph_param(g, "weight", 2 + spec->ones, w, init);
    if (!spec->no_bias)
        weir_graph_param(g, "bias", 1, w, bias);
    return weir_graph_made(g, l);
}

int weir_graph_linear(struct weir_graph *g, int in, const char *name,
                      int channels, int ones)
{
    return weir_graph_linear_of(
        g, in, name, &(struct weir_linear){.channels = channels, .ones = ones});
}

struct linear {
    struct weir_layout y;
    int points, in, out; /* points of the whole batch */
    bool bias;
    int jet; /* numbers of one; 0: points are points */
};

static int linear_plan(struct weir_layer_site *site, void **plan)
{
    struct linear *l = malloc(sizeof(*l));
    if (!l)
        return WEIR_FAIL(ENOMEM, "%s", site->layer->name);
    *l = (struct linear){
        .y = *site->y,
        .points = site->y->batch * (int)weir_layout_area(site->y),
        .in = site->x[0]->channels,
        .out = site->y->channels,
        .bias = site->layer->params > 1,
        .jet = site->graph->jet.coordinates ? site->y->points : 0,
    };
    site->forgets_y = true;
    *plan = l;
    return 0;
}

/* A constant has no derivatives: only the first number of a jet gets it. */
static void add_bias(const struct linear *l, const float *bias, float *y)
{
    if (!l->jet)
        weir_channel_add(&l->y, bias, y);
    for (int i = 0; l->jet && i < l->points; i += l->jet)
        weir_gradient_add((size_t)l->out, bias, y + (size_t)i * (size_t)l->out);
}

static void sum_bias(const struct linear *l, const float *dy, float *dbias)
{
    if (!l->jet) {
        weir_channel_sum(&l->y, dy, dbias);
        return;
    }
    memset(dbias, 0, (size_t)l->out * sizeof(float));
    for (int i = 0; i < l->points; i += l->jet)
        weir_gradient_add((size_t)l->out, dy + (size_t)i * (size_t)l->out,
                          dbias);
}

static int linear_forward(void *plan, const struct weir_layer_pass *p)
{
    const struct linear *l = plan;
    struct weir_matrix x = {p->x[0], l->in, false}, w = {p->w[0], l->in, true};
    int rc = weir_gemm(l->points, l->out, l->in, x, w, 0.0F, p->y, l->out);
    if (l->bias)
        add_bias(l, p->w[1], p->y);
    return rc;
}

static int linear_backward(void *plan, const struct weir_layer_pass *p)
{
    const struct linear *l = plan;
    struct weir_matrix x = {p->x[0], l->in, false}, w = {p->w[0], l->in, false};
    struct weir_matrix dy = {p->dy, l->out, false};
    struct weir_matrix across = {p->dy, l->out, true};
    if (l->bias)
        sum_bias(l, p->dy, p->dw[1]);
    int rc =
        weir_gemm(l->out, l->in, l->points, across, x, 0.0F, p->dw[0], l->in);
    if (!rc && p->dx[0])
        rc = weir_gemm(l->points, l->in, l->out, dy, w, 0.0F, p->dx[0], l->in);
    return rc;
}

static const struct weir_layer_ops linear_ops = {
    .name = "linear",
    .plan = linear_plan,
    .release = free,
    .forward = linear_forward,
    .backward = linear_backward,
};
