/* SPDX-License-Identifier: BSD-3-Clause */
/* Periodic convolution between hidden values: oneDNN on arrays with halos. */
#include "base/err.h"
#include "nn/layer.h"

#include <stdlib.h>

struct conv {
    struct weir_layout y;
    bool relu;
    struct weir_dnnl_conv *dnnl;
};

static struct weir_dnnl_shape shape_of(const struct weir_graph *g,
                                       const struct weir_layer *l)
{
    return (struct weir_dnnl_shape){
        .in = g->value[l->in].blocking,
        .out = g->value[l->out].blocking,
        .kernel = l->kernel,
        .points = g->shape.n[0],
        .relu = l->activation == WEIR_RELU,
    };
}

static int conv_form(const struct weir_graph *g, const struct weir_layer *l,
                     struct weir_form *weight, struct weir_form *bias)
{
    struct weir_dnnl_shape shape = shape_of(g, l);
    *bias = weir_form_vector((size_t)shape.out.padded);
    return weir_dnnl_weights(&shape, weight);
}

static void conv_release(void *plan)
{
    struct conv *c = plan;
    if (c)
        weir_dnnl_conv_destroy(c->dnnl);
    free(c);
}

static int conv_plan(const struct weir_layer_site *site, void **plan)
{
    const struct weir_layer *l = site->layer;
    struct weir_dnnl_shape shape = shape_of(site->graph, l);
    struct conv *c = calloc(1, sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "%s", l->name);
    c->y = *site->y;
    c->relu = shape.relu;
    int rc = weir_dnnl_conv_create(site->dnnl, l->name, &shape, site->x,
                                   site->y, site->backward, &c->dnnl);
    if (rc) {
        conv_release(c);
        return rc;
    }
    *plan = c;
    return 0;
}

static size_t conv_bytes(const void *plan)
{
    const struct conv *c = plan;
    return sizeof(*c) + weir_dnnl_conv_bytes(c->dnnl);
}

static int conv_forward(void *plan, const struct weir_layer_pass *p)
{
    struct conv *c = plan;
    int rc = weir_dnnl_conv_forward(c->dnnl, p->x, p->w, p->bias, p->y);
    weir_halo_fill(&c->y, p->y);
    return rc;
}

static int conv_backward(void *plan, const struct weir_layer_pass *p)
{
    struct conv *c = plan;
    weir_halo_fold(&c->y, p->dy, c->relu ? p->y : NULL);
    int rc =
        weir_dnnl_conv_backward_weights(c->dnnl, p->x, p->dy, p->dw, p->dbias);
    if (!rc && p->dx)
        rc = weir_dnnl_conv_backward_data(c->dnnl, p->dy, p->w, p->dx);
    return rc;
}

const struct weir_layer_ops weir_conv_ops = {
    .name = "convolution",
    .form = conv_form,
    .plan = conv_plan,
    .release = conv_release,
    .bytes = conv_bytes,
    .forward = conv_forward,
    .backward = conv_backward,
};
