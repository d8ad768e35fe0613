/* SPDX-License-Identifier: BSD-3-Clause */
/* Sinusoids of numbers (times, parameters), from slow to fast. */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/layers.h"

#include <math.h>
#include <stdlib.h>

static const struct weir_layer_ops embedding_ops;

int weir_graph_embedding(struct weir_graph *g, int in, int waves)
{
    if (!weir_graph_has(g, in, "embedding"))
        return -1;
    const struct weir_value *x = &g->value[in];
    if (x->order != WEIR_LAST || x->rows != 1 || x->points != 1 || waves < 1)
        return weir_graph_fail(
            g, WEIR_FAIL(EINVAL, "embedding: %d waves of %d x %d x %d numbers",
                         waves, x->channels, x->rows, x->points));
    struct weir_made made = {2 * waves * x->channels, 1, 1, WEIR_LAST};
    return weir_graph_made(g,
                           weir_graph_layer(g, &embedding_ops, "embedding", 1,
                                            &in, made, &waves, sizeof(waves)));
}

struct embedding {
    int numbers, waves; /* of the whole batch */
};

static int embedding_plan(struct weir_layer_site *site, void **plan)
{
    struct embedding *e = malloc(sizeof(*e));
    if (!e)
        return WEIR_FAIL(ENOMEM, "embedding");
    e->waves = *(const int *)site->layer->spec;
    e->numbers = site->x[0]->batch * site->x[0]->channels;
    site->forgets_x = true;
    *plan = e;
    return 0;
}

static float frequency(const struct embedding *e, int j)
{
    return (float)pow(1e4, -(double)j / e->waves);
}

static int embedding_forward(void *plan, const struct weir_layer_pass *p)
{
    const struct embedding *e = plan;
    float *y = p->y;
    for (int i = 0; i < e->numbers; i++, y += 2 * e->waves)
        for (int j = 0; j < e->waves; j++) {
            float angle = frequency(e, j) * p->x[0][i];
            y[j] = cosf(angle);
            y[e->waves + j] = sinf(angle);
        }
    return 0;
}

static int embedding_backward(void *plan, const struct weir_layer_pass *p)
{
    const struct embedding *e = plan;
    const float *y = p->y, *dy = p->dy;
    for (int i = 0; i < e->numbers && p->dx[0]; i++) {
        float sum = 0;
        for (int j = 0; j < e->waves; j++)
            sum += frequency(e, j) *
                   (y[j] * dy[e->waves + j] - y[e->waves + j] * dy[j]);
        p->dx[0][i] = sum;
        y += 2 * e->waves;
        dy += 2 * e->waves;
    }
    return 0;
}

static const struct weir_layer_ops embedding_ops = {
    .name = "embedding",
    .plan = embedding_plan,
    .release = free,
    .forward = embedding_forward,
    .backward = embedding_backward,
};
