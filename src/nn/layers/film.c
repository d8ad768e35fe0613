/* SPDX-License-Identifier: BSD-3-Clause */
/* Feature-wise affine maps (Perez et al. 2018): y = a x + b per channel, a and
 * b being those of each sample, or a one parameter for all of them. */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/layers.h"
#include "nn/simd.h"

#include <stdlib.h>
#include <string.h>

static const struct weir_layer_ops film_ops;

bool weir_graph_modulates(struct weir_graph *g, int in, int by,
                          const char *name)
{
    if (!weir_graph_has(g, in, name) || !weir_graph_has(g, by, name))
        return false;
    const struct weir_value *x = &g->value[in], *v = &g->value[by];
    if (v->order != WEIR_LAST || v->rows != 1 || v->points != 1 ||
        v->channels != x->channels)
        weir_graph_fail(
            g, WEIR_FAIL(EINVAL, "%s: %d channels by %d x %d x %d numbers",
                         name, x->channels, v->channels, v->rows, v->points));
    return !g->error;
}

static struct weir_made like(const struct weir_graph *g, int in)
{
    const struct weir_value *x = &g->value[in];
    return (struct weir_made){x->channels, x->rows, x->points, WEIR_LAST};
}

int weir_graph_film(struct weir_graph *g, int in, int scale, int shift)
{
    in = weir_graph_in_order(g, in, WEIR_LAST);
    if (!weir_graph_modulates(g, in, scale, "film") ||
        !weir_graph_modulates(g, in, shift, "film"))
        return -1;
    int all[] = {in, scale, shift};
    return weir_graph_made(g, weir_graph_layer(g, &film_ops, "film", 3, all,
                                               like(g, in), NULL, 0));
}

int weir_graph_scale(struct weir_graph *g, int in, const char *name,
                     double start)
{
    in = weir_graph_in_order(g, in, WEIR_LAST);
    if (!weir_graph_has(g, in, name))
        return -1;
    int64_t dims[] = {g->value[in].channels};
    int l = weir_graph_layer(g, &film_ops, name, 1, &in, like(g, in), NULL, 0);
    weir_graph_param(g, "weight", 1, dims,
                     (struct weir_init){WEIR_INIT_CONSTANT, start});
    return weir_graph_made(g, l);
}

struct film {
    int batch, points, channels;
    bool own;
};

static int film_plan(struct weir_layer_site *site, void **plan)
{
    struct film *f = malloc(sizeof(*f));
    if (!f)
        return WEIR_FAIL(ENOMEM, "%s", site->layer->name);
    *f = (struct film){
        .batch = site->y->batch,
        .points = site->y->rows * site->y->points,
        .channels = site->y->channels,
        .own = site->layer->params > 0,
    };
    site->forgets_y = true;
    *plan = f;
    return 0;
}

WEIR_INLINE void affine(int points, int n, const float *x,
                        const float *restrict a, const float *restrict b,
                        float *y)
{
    for (int i = 0; i < points; i++, x += n, y += n)
        for (int c = 0; c < n; c++)
            y[c] = b ? a[c] * x[c] + b[c] : a[c] * x[c];
}

/* to = sum over points of dy x, or of dy where there is no x. */
WEIR_INLINE void add_points(int points, int n, const float *dy, const float *x,
                            float *restrict to)
{
    for (int i = 0; i < points; i++)
        for (int c = 0; c < n; c++)
            to[c] += x ? dy[i * n + c] * x[i * n + c] : dy[i * n + c];
}

WEIR_CLONES
static int film_forward(void *plan, const struct weir_layer_pass *p)
{
    const struct film *f = plan;
    size_t each = (size_t)f->points * (size_t)f->channels;
    for (int s = 0; s < f->batch; s++) {
        size_t at = (size_t)s * each, row = (size_t)(s * f->channels);
        affine(f->points, f->channels, p->x[0] + at,
               f->own ? p->w[0] : p->x[1] + row, f->own ? NULL : p->x[2] + row,
               p->y + at);
    }
    return 0;
}

WEIR_CLONES
static int film_backward(void *plan, const struct weir_layer_pass *p)
{
    const struct film *f = plan;
    size_t each = (size_t)f->points * (size_t)f->channels;
    size_t bytes = (size_t)f->channels * sizeof(float);
    if (f->own)
        memset(p->dw[0], 0, bytes);
    for (int s = 0; s < f->batch; s++) {
        size_t at = (size_t)s * each, row = (size_t)(s * f->channels);
        const float *x = p->x[0] + at, *dy = p->dy + at;
        for (int k = 1; k <= 2 && !f->own; k++)
            if (p->dx[k]) {
                memset(p->dx[k] + row, 0, bytes);
                add_points(f->points, f->channels, dy, k == 1 ? x : NULL,
                           p->dx[k] + row);
            }
        if (f->own)
            add_points(f->points, f->channels, dy, x, p->dw[0]);
        if (p->dx[0])
            affine(f->points, f->channels, dy, f->own ? p->w[0] : p->x[1] + row,
                   NULL, p->dx[0] + at);
    }
    return 0;
}

static const struct weir_layer_ops film_ops = {
    .name = "film",
    .plan = film_plan,
    .release = free,
    .forward = film_forward,
    .backward = film_backward,
};
