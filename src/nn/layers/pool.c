/* SPDX-License-Identifier: BSD-3-Clause */
/* Max and average pooling over squares side by side. Backward of max finds the
 * winner again: the first point of the square that equals the result. */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/layers.h"
#include "nn/simd.h"

#include <stdlib.h>
#include <string.h>

static const struct weir_layer_ops pool_ops;

int weir_graph_pool(struct weir_graph *g, int in, enum weir_pooling kind,
                    int size)
{
    if (!weir_graph_has(g, in, "pool"))
        return -1;
    const struct weir_value *x = &g->value[in];
    bool flat = g->shape.dims == 2;
    if (size < 1 || x->points < size || (flat && x->rows < size))
        return weir_graph_fail(g,
                               WEIR_FAIL(EINVAL, "pool: %d of %d x %d points",
                                         size, x->rows, x->points));
    struct weir_pool s = {kind, size};
    struct weir_made made = {x->channels, flat ? x->rows / size : 1,
                             x->points / size, x->order};
    return weir_graph_made(
        g, weir_graph_layer(g, &pool_ops, "pool", 1, &in, made, &s, sizeof(s)));
}

struct pool {
    struct weir_layout x, y;
    int high, wide; /* of a square */
    bool max;
};

static int pool_plan(struct weir_layer_site *site, void **plan)
{
    const struct weir_pool *s = site->layer->spec;
    struct pool *p = malloc(sizeof(*p));
    if (!p)
        return WEIR_FAIL(ENOMEM, "pool");
    *p = (struct pool){
        .x = *site->x[0],
        .y = *site->y,
        .high = site->graph->shape.dims == 2 ? s->size : 1,
        .wide = s->size,
        .max = s->kind == WEIR_POOL_MAX,
    };
    site->forgets_x = site->forgets_y = !p->max;
    *plan = p;
    return 0;
}

/* Floats from row to row. */
static size_t pitch(const struct weir_layout *l)
{
    return (size_t)l->points * (size_t)l->block;
}

/* @p x: the first point of a square, `block` channels. */
WEIR_INLINE void take(const struct pool *p, const float *restrict x,
                      float *restrict y)
{
    size_t block = (size_t)p->x.block;
    float share = 1.0F / (float)(p->high * p->wide);
    memcpy(y, x, block * sizeof(float));
    for (int i = 0; i < p->high; i++)
        for (int j = 0; j < p->wide; j++) {
            const float *from =
                x + (size_t)i * pitch(&p->x) + (size_t)j * block;
            if (i + j == 0)
                continue;
            for (size_t k = 0; k < block; k++)
                y[k] = !p->max          ? y[k] + from[k]
                       : from[k] > y[k] ? from[k]
                                        : y[k];
        }
    for (size_t k = 0; k < block && !p->max; k++)
        y[k] *= share;
}

WEIR_INLINE void give_shares(const struct pool *p, const float *restrict dy,
                             float *restrict dx)
{
    size_t block = (size_t)p->x.block;
    float share = 1.0F / (float)(p->high * p->wide);
    for (int i = 0; i < p->high; i++)
        for (int j = 0; j < p->wide; j++) {
            float *to = dx + (size_t)i * pitch(&p->x) + (size_t)j * block;
            for (size_t k = 0; k < block; k++)
                to[k] = share * dy[k];
        }
}

/* The first that equals the result takes all; what is left of @p dy is 0. */
WEIR_INLINE void give_winner(const struct pool *p, const float *restrict x,
                             const float *restrict y, float *restrict dy,
                             float *restrict dx)
{
    size_t block = (size_t)p->x.block;
    for (int i = 0; i < p->high; i++)
        for (int j = 0; j < p->wide; j++) {
            size_t at = (size_t)i * pitch(&p->x) + (size_t)j * block;
            for (size_t k = 0; k < block; k++) {
                bool wins = x[at + k] == y[k];
                dx[at + k] = wins ? dy[k] : 0.0F;
                dy[k] = wins ? 0.0F : dy[k];
            }
        }
}

/* Where square (i, j) of a block of channels starts in the input. */
WEIR_INLINE size_t square_at(const struct pool *p, int b, int c, int i, int j)
{
    return weir_layout_at(&p->x, b, c) + (size_t)(i * p->high) * pitch(&p->x) +
           (size_t)(j * p->wide) * (size_t)p->x.block;
}

WEIR_CLONES
static int pool_forward(void *plan, const struct weir_layer_pass *pass)
{
    const struct pool *p = plan;
    for (int b = 0; b < p->y.batch; b++)
        for (int c = 0; c < p->y.padded; c += p->y.block) {
            float *y = pass->y + weir_layout_at(&p->y, b, c);
            for (int i = 0; i < p->y.rows; i++)
                for (int j = 0; j < p->y.points; j++, y += p->y.block)
                    take(p, pass->x[0] + square_at(p, b, c, i, j), y);
        }
    return 0;
}

WEIR_CLONES
static int pool_backward(void *plan, const struct weir_layer_pass *pass)
{
    const struct pool *p = plan;
    if (!pass->dx[0])
        return 0;
    memset(pass->dx[0], 0, weir_layout_floats(&p->x) * sizeof(float));
    for (int b = 0; b < p->y.batch; b++)
        for (int c = 0; c < p->y.padded; c += p->y.block) {
            size_t at = weir_layout_at(&p->y, b, c);
            for (int i = 0; i < p->y.rows; i++)
                for (int j = 0; j < p->y.points;
                     j++, at += (size_t)p->y.block) {
                    size_t square = square_at(p, b, c, i, j);
                    if (p->max)
                        give_winner(p, pass->x[0] + square, pass->y + at,
                                    pass->dy + at, pass->dx[0] + square);
                    else
                        give_shares(p, pass->dy + at, pass->dx[0] + square);
                }
        }
    return 0;
}

static const struct weir_layer_ops pool_ops = {
    .name = "pool",
    .plan = pool_plan,
    .release = free,
    .forward = pool_forward,
    .backward = pool_backward,
};
