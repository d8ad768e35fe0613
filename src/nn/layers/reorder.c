/* SPDX-License-Identifier: BSD-3-Clause */
/* A copy of a value in the other order of memory. */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/simd.h"

#include <stdlib.h>

static const struct weir_layer_ops reorder_ops;

int weir_graph_in_order(struct weir_graph *g, int v, enum weir_order order)
{
    if (!weir_graph_has(g, v, "reorder"))
        return -1;
    struct weir_value *x = &g->value[v];
    if (v == 0 && x->consumers == 0)
        x->order = order;
    if (x->order == order)
        return v;
    struct weir_made made = {x->channels, x->rows, x->points, order};
    return weir_graph_made(
        g, weir_graph_layer(g, &reorder_ops, "reorder", 1, &v, made, NULL, 0));
}

struct reorder {
    struct weir_layout x, y;
};

static int reorder_plan(struct weir_layer_site *site, void **plan)
{
    struct reorder *r = malloc(sizeof(*r));
    if (!r)
        return WEIR_FAIL(ENOMEM, "reorder");
    *r = (struct reorder){*site->x[0], *site->y};
    site->forgets_x = site->forgets_y = true;
    *plan = r;
    return 0;
}

WEIR_CLONES
static void copy(const struct weir_layout *from, const float *x,
                 const struct weir_layout *to, float *y)
{
    size_t n = weir_layout_area(from);
    size_t a = (size_t)from->block, b = (size_t)to->block;
    weir_layout_clear_padding(to, y);
    for (int s = 0; s < from->batch; s++)
        for (int c = 0; c < from->channels; c++) {
            const float *restrict px = x + weir_layout_channel(from, s, c);
            float *restrict py = y + weir_layout_channel(to, s, c);
            for (size_t i = 0; i < n; i++)
                py[i * b] = px[i * a];
        }
}

static int reorder_forward(void *plan, const struct weir_layer_pass *p)
{
    const struct reorder *r = plan;
    copy(&r->x, p->x[0], &r->y, p->y);
    return 0;
}

static int reorder_backward(void *plan, const struct weir_layer_pass *p)
{
    const struct reorder *r = plan;
    if (p->dx[0])
        copy(&r->y, p->dy, &r->x, p->dx[0]);
    return 0;
}

static const struct weir_layer_ops reorder_ops = {
    .name = "reorder",
    .plan = reorder_plan,
    .release = free,
    .forward = reorder_forward,
    .backward = reorder_backward,
};
