/* SPDX-License-Identifier: BSD-3-Clause */
/* The sum of two values, with ReLU where one follows: residual connections. */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/layers.h"
#include "nn/simd.h"

#include <stdlib.h>
#include <string.h>

extern const struct weir_layer_ops weir_add_ops;

int weir_graph_add(struct weir_graph *g, int a, int b)
{
    if (!weir_graph_has(g, a, "sum") || !weir_graph_has(g, b, "sum"))
        return -1;
    b = weir_graph_in_order(g, b, g->value[a].order);
    if (g->error)
        return -1;
    const struct weir_value *x = &g->value[a], *z = &g->value[b];
    int in[] = {a, b};
    struct weir_made made = {x->channels, x->rows, x->points, x->order};
    if (x->channels != z->channels || x->rows != z->rows ||
        x->points != z->points)
        return weir_graph_fail(
            g, WEIR_FAIL(EINVAL, "sum: %d x %d x %d and %d x %d x %d values",
                         x->channels, x->rows, x->points, z->channels, z->rows,
                         z->points));
    return weir_graph_made(
        g, weir_graph_layer(g, &weir_add_ops, "sum", 2, in, made, NULL, 0));
}

struct sum {
    size_t n;
    bool masked;
    float slope;
};

static int no_halo(const struct weir_layer *l)
{
    (void)l;
    return 0;
}

static int add_plan(struct weir_layer_site *site, void **plan)
{
    struct sum *s = malloc(sizeof(*s));
    if (!s)
        return WEIR_FAIL(ENOMEM, "sum");
    *s = (struct sum){
        .n = weir_layout_floats(site->y),
        .masked = site->layer->activation != WEIR_LINEAR,
        .slope = site->layer->slope,
    };
    site->forgets_x = true;
    site->forgets_y = !s->masked;
    *plan = s;
    return 0;
}

WEIR_CLONES
static int add_forward(void *plan, const struct weir_layer_pass *p)
{
    const struct sum *s = plan;
    const float *restrict a = p->x[0], *restrict b = p->x[1];
    float *restrict y = p->y;
    if (!s->masked)
        for (size_t i = 0; i < s->n; i++)
            y[i] = a[i] + b[i];
    else
        for (size_t i = 0; i < s->n; i++) {
            float z = a[i] + b[i];
            y[i] = z > 0.0F ? z : s->slope * z;
        }
    return 0;
}

WEIR_CLONES
static int add_backward(void *plan, const struct weir_layer_pass *p)
{
    const struct sum *s = plan;
    const float *restrict y = p->y;
    float *restrict dy = p->dy;
    if (s->masked)
        for (size_t i = 0; i < s->n; i++)
            dy[i] = y[i] > 0.0F ? dy[i] : s->slope * dy[i];
    for (int k = 0; k < 2; k++)
        if (p->dx[k])
            memcpy(p->dx[k], dy, s->n * sizeof(float));
    return 0;
}

const struct weir_layer_ops weir_add_ops = {
    .name = "sum",
    .halo = no_halo,
    .plan = add_plan,
    .release = free,
    .forward = add_forward,
    .backward = add_backward,
};
