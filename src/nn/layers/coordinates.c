/* SPDX-License-Identifier: BSD-3-Clause */
/* A field with its coordinates beside it, channels last. */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/layers.h"

#include <stdlib.h>
#include <string.h>

static const struct weir_layer_ops coordinates_ops;

int weir_graph_coordinates(struct weir_graph *g, int in)
{
    in = weir_graph_in_order(g, in, WEIR_LAST);
    if (!weir_graph_has(g, in, "coordinates"))
        return -1;
    const struct weir_value *x = &g->value[in];
    struct weir_made made = {x->channels + g->shape.dims, x->rows, x->points,
                             WEIR_LAST};
    return weir_graph_made(g,
                           weir_graph_layer(g, &coordinates_ops, "coordinates",
                                            1, &in, made, NULL, 0));
}

struct coordinates {
    struct weir_layout x;
    int dims;
};

static int coordinates_plan(struct weir_layer_site *site, void **plan)
{
    struct coordinates *c = malloc(sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "coordinates");
    *c = (struct coordinates){*site->x[0], site->graph->shape.dims};
    site->forgets_x = site->forgets_y = true;
    *plan = c;
    return 0;
}

static float coordinate(int i, int n)
{
    return n > 1 ? (float)i / (float)(n - 1) : 0.0F;
}

static int coordinates_forward(void *plan, const struct weir_layer_pass *p)
{
    const struct coordinates *c = plan;
    const float *x = p->x[0];
    float *y = p->y;
    for (int b = 0; b < c->x.batch; b++)
        for (int i = 0; i < c->x.rows; i++)
            for (int j = 0; j < c->x.points; j++, x += c->x.channels) {
                memcpy(y, x, (size_t)c->x.channels * sizeof(float));
                y += c->x.channels;
                if (c->dims == 2)
                    *y++ = coordinate(i, c->x.rows);
                *y++ = coordinate(j, c->x.points);
            }
    return 0;
}

static int coordinates_backward(void *plan, const struct weir_layer_pass *p)
{
    const struct coordinates *c = plan;
    size_t n = (size_t)c->x.batch * weir_layout_area(&c->x);
    size_t channels = (size_t)c->x.channels;
    for (size_t i = 0; p->dx[0] && i < n; i++)
        memcpy(p->dx[0] + i * channels,
               p->dy + i * (channels + (size_t)c->dims),
               channels * sizeof(float));
    return 0;
}

static const struct weir_layer_ops coordinates_ops = {
    .name = "coordinates",
    .plan = coordinates_plan,
    .release = free,
    .forward = coordinates_forward,
    .backward = coordinates_backward,
};
