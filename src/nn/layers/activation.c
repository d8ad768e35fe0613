/* SPDX-License-Identifier: BSD-3-Clause */
/* Functions of single numbers. ReLU becomes part of the convolution or the sum
 * before it, since its derivative can be told from the result; the others are
 * layers, by oneDNN. Halo columns are computed like all others. */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct weir_layer_ops weir_activation_ops, weir_add_ops;

static const char *const word[] = {
    [WEIR_LINEAR] = "identity",
    [WEIR_RELU] = "relu",
    [WEIR_LEAKY_RELU] = "leaky relu",
    [WEIR_GELU] = "gelu",
    [WEIR_SILU] = "silu",
    [WEIR_TANH] = "tanh",
    [WEIR_SIGMOID] = "sigmoid",
};

/* ---- building ---- */

static bool fuse(struct weir_graph *g, int in, const struct weir_activate *s)
{
    struct weir_value *x = &g->value[in];
    if (s->f > WEIR_LEAKY_RELU || x->producer < 0 || x->consumers > 0)
        return false;
    struct weir_layer *l = &g->layer[x->producer];
    if ((l->ops != &weir_conv_ops && l->ops != &weir_add_ops) ||
        l->activation != WEIR_LINEAR)
        return false;
    l->activation = s->f;
    l->slope = s->slope;
    return true;
}

static int activate(struct weir_graph *g, int in, struct weir_activate s)
{
    char name[WEIR_LAYER_NAME];
    if (!weir_graph_has(g, in, word[s.f]))
        return -1;
    if (s.f == WEIR_LINEAR || fuse(g, in, &s))
        return in;
    const struct weir_value *x = &g->value[in];
    struct weir_made made = {x->channels, x->rows, x->points, x->order};
    snprintf(name, sizeof(name), "%s.%d", word[s.f], g->layers);
    return weir_graph_made(g, weir_graph_layer(g, &weir_activation_ops, name, 1,
                                               &in, made, &s, sizeof(s)));
}

int weir_graph_activate(struct weir_graph *g, int in, enum weir_activation f)
{
    return activate(g, in, (struct weir_activate){f, 0.0F});
}

int weir_graph_leaky(struct weir_graph *g, int in, float slope)
{
    return activate(g, in, (struct weir_activate){WEIR_LEAKY_RELU, slope});
}

/* ---- running ---- */

struct activation {
    struct weir_layout y;
    bool lifts; /* f(0) is not 0: padded channels need care */
    struct weir_dnnl_map *map;
};

static int no_halo(const struct weir_layer *l)
{
    (void)l;
    return 0;
}

static void activation_release(void *plan)
{
    struct activation *a = plan;
    weir_dnnl_map_destroy(a->map);
    free(a);
}

static int activation_plan(struct weir_layer_site *site, void **plan)
{
    static const enum weir_function function[] = {
        [WEIR_RELU] = WEIR_FUNCTION_RELU,
        [WEIR_LEAKY_RELU] = WEIR_FUNCTION_RELU,
        [WEIR_GELU] = WEIR_FUNCTION_GELU,
        [WEIR_SILU] = WEIR_FUNCTION_SILU,
        [WEIR_TANH] = WEIR_FUNCTION_TANH,
        [WEIR_SIGMOID] = WEIR_FUNCTION_SIGMOID,
    };
    const struct weir_activate *s = site->layer->spec;
    struct activation *a = calloc(1, sizeof(*a));
    if (!a)
        return WEIR_FAIL(ENOMEM, "%s", site->layer->name);
    a->y = *site->y;
    a->lifts = s->f == WEIR_SIGMOID && a->y.channels < a->y.padded;
    int rc = weir_dnnl_map_create(site->dnnl, function[s->f], s->slope,
                                  weir_layout_floats(&a->y), site->backward,
                                  &a->map);
    if (rc) {
        activation_release(a);
        return rc;
    }
    site->forgets_y = true;
    *plan = a;
    return 0;
}

static int activation_forward(void *plan, const struct weir_layer_pass *p)
{
    struct activation *a = plan;
    int rc = weir_dnnl_map_forward(a->map, p->x[0], p->y);
    if (a->lifts)
        weir_layout_clear_padding(&a->y, p->y);
    return rc;
}

static int activation_backward(void *plan, const struct weir_layer_pass *p)
{
    struct activation *a = plan;
    return p->dx[0] ? weir_dnnl_map_backward(a->map, p->x[0], p->dy, p->dx[0])
                    : 0;
}

const struct weir_layer_ops weir_activation_ops = {
    .name = "activation",
    .halo = no_halo,
    .plan = activation_plan,
    .release = activation_release,
    .forward = activation_forward,
    .backward = activation_backward,
};
