/* SPDX-License-Identifier: BSD-3-Clause */
/* A number that is the same for every sample: the time a step takes, where a
 * net asks for it. */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/layers.h"

#include <stdlib.h>

static const struct weir_layer_ops constant_ops;

int weir_graph_constant(struct weir_graph *g, double number)
{
    struct weir_made made = {1, 1, 1, WEIR_LAST};
    return weir_graph_made(g, weir_graph_layer(g, &constant_ops, "constant", 0,
                                               NULL, made, &number,
                                               sizeof(number)));
}

struct constant {
    int batch;
    float number;
};

static int constant_plan(struct weir_layer_site *site, void **plan)
{
    struct constant *c = malloc(sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "constant");
    c->batch = site->y->batch;
    c->number = (float)*(const double *)site->layer->spec;
    site->forgets_x = site->forgets_y = true;
    *plan = c;
    return 0;
}

static int constant_forward(void *plan, const struct weir_layer_pass *p)
{
    const struct constant *c = plan;
    for (int s = 0; s < c->batch; s++)
        p->y[s] = c->number;
    return 0;
}

static int constant_backward(void *plan, const struct weir_layer_pass *p)
{
    (void)plan;
    (void)p;
    return 0;
}

static const struct weir_layer_ops constant_ops = {
    .name = "constant",
    .plan = constant_plan,
    .release = free,
    .forward = constant_forward,
    .backward = constant_backward,
};
