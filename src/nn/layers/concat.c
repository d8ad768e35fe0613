/* SPDX-License-Identifier: BSD-3-Clause */
/* The channels of one value, then those of another. Where the first fills its
 * blocks both are copied whole, else channel by channel. */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/layers.h"

#include <stdlib.h>
#include <string.h>

static const struct weir_layer_ops concat_ops;

int weir_graph_concat(struct weir_graph *g, int a, int b)
{
    if (!weir_graph_has(g, a, "concat") || !weir_graph_has(g, b, "concat"))
        return -1;
    b = weir_graph_in_order(g, b, g->value[a].order);
    if (g->error)
        return -1;
    const struct weir_value *x = &g->value[a], *z = &g->value[b];
    int in[] = {a, b};
    struct weir_made made = {x->channels + z->channels, x->rows, x->points,
                             x->order};
    if (x->rows != z->rows || x->points != z->points)
        return weir_graph_fail(
            g, WEIR_FAIL(EINVAL, "concat: grids of %d x %d and %d x %d",
                         x->rows, x->points, z->rows, z->points));
    return weir_graph_made(
        g, weir_graph_layer(g, &concat_ops, "concat", 2, in, made, NULL, 0));
}

struct concat {
    struct weir_layout y, x[2];
};

static int no_halo(const struct weir_layer *l)
{
    (void)l;
    return 0;
}

static int concat_plan(struct weir_layer_site *site, void **plan)
{
    struct concat *c = malloc(sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "concat");
    *c = (struct concat){*site->y, {*site->x[0], *site->x[1]}};
    site->forgets_x = site->forgets_y = true;
    *plan = c;
    return 0;
}

/* Halo columns are copied too. */
static size_t strip(const struct weir_layout *l, int sample, int channel)
{
    return weir_layout_channel(l, sample, channel) -
           (size_t)l->halo * (size_t)l->block;
}

static void copy_channel(size_t n, const float *x, int from, float *y, int to)
{
    for (size_t i = 0; i < n; i++)
        y[i * (size_t)to] = x[i * (size_t)from];
}

/* Between @p part, all its channels, and channels @p first on of @p whole. */
static void copy(const struct weir_layout *part, float *x, int first,
                 const struct weir_layout *whole, float *y, bool back)
{
    size_t n = weir_layout_area(part);
    bool blocks = part->block == whole->block && first % whole->block == 0 &&
                  part->channels % part->block == 0;
    int step = blocks ? part->block : 1;
    for (int b = 0; b < part->batch; b++) {
        for (int c = 0; c < part->channels; c += step) {
            float *px = x + strip(part, b, c);
            float *py = y + strip(whole, b, first + c);
            if (blocks)
                memcpy(back ? px : py, back ? py : px,
                       n * (size_t)step * sizeof(float));
            else if (back)
                copy_channel(n, py, whole->block, px, part->block);
            else
                copy_channel(n, px, part->block, py, whole->block);
        }
    }
}

static int concat_forward(void *plan, const struct weir_layer_pass *p)
{
    const struct concat *c = plan;
    weir_layout_clear_padding(&c->y, p->y);
    copy(&c->x[0], p->x[0], 0, &c->y, p->y, false);
    copy(&c->x[1], p->x[1], c->x[0].channels, &c->y, p->y, false);
    return 0;
}

static int concat_backward(void *plan, const struct weir_layer_pass *p)
{
    const struct concat *c = plan;
    for (int k = 0; k < 2; k++) {
        if (!p->dx[k])
            continue;
        weir_layout_clear_padding(&c->x[k], p->dx[k]);
        copy(&c->x[k], p->dx[k], k ? c->x[0].channels : 0, &c->y, p->dy, true);
    }
    return 0;
}

static const struct weir_layer_ops concat_ops = {
    .name = "concat",
    .halo = no_halo,
    .plan = concat_plan,
    .release = free,
    .forward = concat_forward,
    .backward = concat_backward,
};
