/* SPDX-License-Identifier: BSD-3-Clause */
/* The same numbers with other sizes, in PyTorch's order. The result is channels
 * last, so that a vector is what matrix products read. */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/layers.h"

#include <stdlib.h>

static const struct weir_layer_ops reshape_ops;

int weir_graph_reshape(struct weir_graph *g, int in, int channels, int rows,
                       int points)
{
    if (!weir_graph_has(g, in, "reshape"))
        return -1;
    const struct weir_value *x = &g->value[in];
    int64_t have = (int64_t)x->channels * x->rows * x->points;
    int64_t want = (int64_t)channels * rows * points;
    struct weir_made made = {channels, rows, points, WEIR_LAST};
    if (have != want)
        return weir_graph_fail(g,
                               WEIR_FAIL(EINVAL, "reshape: %lld values to %lld",
                                         (long long)have, (long long)want));
    return weir_graph_made(
        g, weir_graph_layer(g, &reshape_ops, "reshape", 1, &in, made, NULL, 0));
}

struct reshape {
    struct weir_layout x, y;
};

static int reshape_plan(struct weir_layer_site *site, void **plan)
{
    struct reshape *r = malloc(sizeof(*r));
    if (!r)
        return WEIR_FAIL(ENOMEM, "reshape");
    *r = (struct reshape){*site->x[0], *site->y};
    site->work = weir_layout_floats(site->y);
    site->forgets_x = site->forgets_y = true;
    *plan = r;
    return 0;
}

static int reshape_forward(void *plan, const struct weir_layer_pass *p)
{
    const struct reshape *r = plan;
    weir_layout_unpack(&r->x, p->x[0], p->work);
    weir_layout_pack(&r->y, p->work, p->y);
    return 0;
}

static int reshape_backward(void *plan, const struct weir_layer_pass *p)
{
    const struct reshape *r = plan;
    if (!p->dx[0])
        return 0;
    weir_layout_unpack(&r->y, p->dy, p->work);
    weir_layout_pack(&r->x, p->work, p->dx[0]);
    return 0;
}

static const struct weir_layer_ops reshape_ops = {
    .name = "reshape",
    .plan = reshape_plan,
    .release = free,
    .forward = reshape_forward,
    .backward = reshape_backward,
};
