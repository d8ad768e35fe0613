/* SPDX-License-Identifier: BSD-3-Clause */
/* Dropout (Srivastava et al. 2014), of single values or whole channels. The
 * factors of a forward are kept for its backward. */
#include "base/err.h"
#include "base/rng.h"
#include "nn/layer.h"
#include "nn/layers.h"
#include "nn/simd.h"

#include <stdlib.h>
#include <string.h>

static const struct weir_layer_ops dropout_ops;

int weir_graph_dropout(struct weir_graph *g, int in, double rate, bool channels)
{
    if (!weir_graph_has(g, in, "dropout"))
        return -1;
    if (!(rate >= 0 && rate < 1))
        return weir_graph_fail(g, WEIR_FAIL(EINVAL, "dropout: rate %g", rate));
    if (rate == 0)
        return in;
    const struct weir_value *x = &g->value[in];
    struct weir_made made = {x->channels, x->rows, x->points, x->order};
    struct weir_dropout spec = {rate, channels};
    return weir_graph_made(g, weir_graph_layer(g, &dropout_ops, "dropout", 1,
                                               &in, made, &spec, sizeof(spec)));
}

struct dropout {
    struct weir_layout x;
    struct weir_dropout spec;
    size_t floats, area;
};

static int dropout_plan(struct weir_layer_site *site, void **plan)
{
    struct dropout *d = malloc(sizeof(*d));
    if (!d)
        return WEIR_FAIL(ENOMEM, "dropout");
    *d = (struct dropout){
        .x = *site->y,
        .spec = *(const struct weir_dropout *)site->layer->spec,
        .floats = weir_layout_floats(site->y),
        .area = weir_layout_area(site->y),
    };
    site->keep = d->floats;
    site->forgets_x = site->forgets_y = true;
    *plan = d;
    return 0;
}

/* In the order sample, channel, point, whatever the layout. */
static void draw(const struct dropout *d, const struct weir_layer_pass *p)
{
    struct weir_rng rng =
        weir_rng_stream(p->key, WEIR_RNG_DROPOUT, (uint64_t)p->layer);
    float grown = (float)(1 / (1 - d->spec.rate)), factor = 0;
    memset(p->keep, 0, d->floats * sizeof(float));
    for (int b = 0; b < d->x.batch; b++)
        for (int c = 0; c < d->x.channels; c++) {
            float *keep = p->keep + weir_layout_channel(&d->x, b, c);
            for (size_t i = 0; i < d->area; i++) {
                if (i == 0 || !d->spec.channels)
                    factor =
                        weir_rng_uniform(&rng) < d->spec.rate ? 0.0F : grown;
                keep[i * (size_t)d->x.block] = factor;
            }
        }
}

WEIR_CLONES
static void multiply(size_t n, const float *restrict a, const float *restrict b,
                     float *restrict out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = a[i] * b[i];
}

static int dropout_forward(void *plan, const struct weir_layer_pass *p)
{
    const struct dropout *d = plan;
    if (!p->dropping) {
        memcpy(p->y, p->x[0], d->floats * sizeof(float));
        return 0;
    }
    draw(d, p);
    multiply(d->floats, p->x[0], p->keep, p->y);
    return 0;
}

static int dropout_backward(void *plan, const struct weir_layer_pass *p)
{
    const struct dropout *d = plan;
    if (!p->dx[0])
        return 0;
    if (p->dropping)
        multiply(d->floats, p->dy, p->keep, p->dx[0]);
    else
        memcpy(p->dx[0], p->dy, d->floats * sizeof(float));
    return 0;
}

static const struct weir_layer_ops dropout_ops = {
    .name = "dropout",
    .plan = dropout_plan,
    .release = free,
    .forward = dropout_forward,
    .backward = dropout_backward,
};
