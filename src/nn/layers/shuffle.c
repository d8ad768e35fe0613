/* SPDX-License-Identifier: BSD-3-Clause */
/* Squares of points become channels, and back. Each way is the other's adjoint;
 * in 1D squares are one row high. */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/layers.h"

#include <stdlib.h>
#include <string.h>

static const struct weir_layer_ops shuffle_ops;

static bool flat(const struct weir_graph *g)
{
    return g->shape.dims == 2;
}

static int shuffle(struct weir_graph *g, int in, const struct weir_shuffle *s)
{
    in = weir_graph_in_order(g, in, WEIR_LAST);
    if (!weir_graph_has(g, in, "shuffle"))
        return -1;
    const struct weir_value *x = &g->value[in];
    int high = flat(g) ? s->size : 1, square = s->size * high;
    bool fits = s->size > 0 &&
                (s->spread ? x->channels % square == 0
                           : x->rows % high == 0 && x->points % s->size == 0);
    if (!fits)
        return weir_graph_fail(
            g, WEIR_FAIL(EINVAL, "shuffle: squares of %d in %d x %d x %d",
                         s->size, x->channels, x->rows, x->points));
    struct weir_made made = {x->channels * square, x->rows / high,
                             x->points / s->size, WEIR_LAST};
    if (s->spread)
        made = (struct weir_made){x->channels / square, x->rows * high,
                                  x->points * s->size, WEIR_LAST};
    return weir_graph_made(g, weir_graph_layer(g, &shuffle_ops, "shuffle", 1,
                                               &in, made, s, sizeof(*s)));
}

int weir_graph_shuffle(struct weir_graph *g, int in, int size)
{
    return shuffle(g, in, &(struct weir_shuffle){size, true, false});
}

int weir_graph_merge(struct weir_graph *g, int in, int size)
{
    return shuffle(g, in, &(struct weir_shuffle){size, false, true});
}

/* The field of squares (few channels, fine) and that of channels. */
struct plan {
    struct weir_layout fine, coarse;
    int high, wide; /* of a square */
    bool spread, grouped;
};

static int shuffle_plan(struct weir_layer_site *site, void **out)
{
    const struct weir_shuffle *s = site->layer->spec;
    struct plan *p = malloc(sizeof(*p));
    if (!p)
        return WEIR_FAIL(ENOMEM, "shuffle");
    *p = (struct plan){
        .fine = s->spread ? *site->y : *site->x[0],
        .coarse = s->spread ? *site->x[0] : *site->y,
        .high = flat(site->graph) ? s->size : 1,
        .wide = s->size,
        .spread = s->spread,
        .grouped = s->grouped,
    };
    site->forgets_x = site->forgets_y = true;
    *out = p;
    return 0;
}

/* One point of the fine field, its channels @p step apart in the coarse one. */
static void copy_point(int n, int step, bool gather, float *fine, float *coarse)
{
    if (step == 1) {
        memcpy(gather ? coarse : fine, gather ? fine : coarse,
               (size_t)n * sizeof(float));
        return;
    }
    for (int c = 0; c < n; c++) {
        if (gather)
            coarse[c * step] = fine[c];
        else
            fine[c] = coarse[c * step];
    }
}

static void copy(const struct plan *p, bool gather, float *fine, float *coarse)
{
    int n = p->fine.channels, square = p->high * p->wide;
    int rows = p->fine.batch * p->fine.rows;
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < p->fine.points; i++, fine += n) {
            int dy = r % p->high, dx = i % p->wide;
            size_t cell = (size_t)(r / p->high) * (size_t)p->coarse.points +
                          (size_t)(i / p->wide);
            size_t first = p->grouped ? (size_t)((dx * p->high + dy) * n)
                                      : (size_t)(dy * p->wide + dx);
            copy_point(n, p->grouped ? 1 : square, gather, fine,
                       coarse + cell * (size_t)(n * square) + first);
        }
}

static int shuffle_forward(void *plan, const struct weir_layer_pass *pass)
{
    const struct plan *p = plan;
    if (p->spread)
        copy(p, false, pass->y, pass->x[0]);
    else
        copy(p, true, pass->x[0], pass->y);
    return 0;
}

static int shuffle_backward(void *plan, const struct weir_layer_pass *pass)
{
    const struct plan *p = plan;
    if (!pass->dx[0])
        return 0;
    if (p->spread)
        copy(p, true, pass->dy, pass->dx[0]);
    else
        copy(p, false, pass->dx[0], pass->dy);
    return 0;
}

static const struct weir_layer_ops shuffle_ops = {
    .name = "shuffle",
    .plan = shuffle_plan,
    .release = free,
    .forward = shuffle_forward,
    .backward = shuffle_backward,
};
