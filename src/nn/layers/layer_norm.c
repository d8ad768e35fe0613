/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Layer normalisation (Ba et al. 2016) over the channels of each point. With
 * x^ = (x - mean) / deviation, and a and b of the layer or of each sample:
 *
 *     y  = a x^ + b
 *     dx = (a dy - m1 - x^ m2) / deviation,  m1 = mean(a dy), m2 = mean(a dy x^)
 *     da = sum of dy x^,  db = sum of dy     over points
 */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/layers.h"
#include "nn/rows.h"

#include <math.h>
#include <stdlib.h>

static const float EPSILON = 1e-5F;

static const struct weir_layer_ops norm_ops;

int weir_graph_layer_norm(struct weir_graph *g, int in, const char *name)
{
    in = weir_graph_in_order(g, in, WEIR_LAST);
    if (!weir_graph_has(g, in, name))
        return -1;
    const struct weir_value *x = &g->value[in];
    struct weir_made made = {x->channels, x->rows, x->points, WEIR_LAST};
    int64_t dims[] = {x->channels};
    int l = weir_graph_layer(g, &norm_ops, name, 1, &in, made, NULL, 0);
    weir_graph_param(g, "weight", 1, dims,
                     (struct weir_init){WEIR_INIT_CONSTANT, 1});
    weir_graph_param(g, "bias", 1, dims,
                     (struct weir_init){WEIR_INIT_CONSTANT, 0});
    return weir_graph_made(g, l);
}

int weir_graph_layer_norm_by(struct weir_graph *g, int in, int scale, int shift)
{
    in = weir_graph_in_order(g, in, WEIR_LAST);
    if (!weir_graph_modulates(g, in, scale, "layer norm") ||
        !weir_graph_modulates(g, in, shift, "layer norm"))
        return -1;
    const struct weir_value *x = &g->value[in];
    struct weir_made made = {x->channels, x->rows, x->points, WEIR_LAST};
    int all[] = {in, scale, shift};
    return weir_graph_made(
        g, weir_graph_layer(g, &norm_ops, "layer norm", 3, all, made, NULL, 0));
}

struct norm {
    int batch, points, channels;
    bool own; /* a and b are parameters */
};

static int norm_plan(struct weir_layer_site *site, void **plan)
{
    struct norm *n = malloc(sizeof(*n));
    if (!n)
        return WEIR_FAIL(ENOMEM, "%s", site->layer->name);
    *n = (struct norm){
        .batch = site->y->batch,
        .points = site->y->rows * site->y->points,
        .channels = site->y->channels,
        .own = site->layer->params > 0,
    };
    /* mean and 1 / deviation of each point */
    site->keep = 2 * (size_t)n->batch * (size_t)n->points;
    /* gradients of a and b that nobody wants */
    site->work = 2 * (size_t)n->channels;
    site->forgets_y = true;
    *plan = n;
    return 0;
}

WEIR_INLINE void norm_point(int n, const float *restrict x,
                            const float *restrict a, const float *restrict b,
                            float *restrict y, float *keep)
{
    float mean = weir_row_sum(n, x) / (float)n;
    float square = weir_row_moment(n, x, mean) / (float)n;
    float over = 1 / sqrtf(square + EPSILON);
    for (int c = 0; c < n; c++)
        y[c] = (x[c] - mean) * over * a[c] + b[c];
    keep[0] = mean;
    keep[1] = over;
}

WEIR_CLONES
static int norm_forward(void *plan, const struct weir_layer_pass *p)
{
    const struct norm *n = plan;
    size_t width = (size_t)n->channels, at = 0;
    for (int s = 0; s < n->batch; s++) {
        const float *a = n->own ? p->w[0] : p->x[1] + (size_t)s * width;
        const float *b = n->own ? p->w[1] : p->x[2] + (size_t)s * width;
        for (int i = 0; i < n->points; i++, at++)
            norm_point(n->channels, p->x[0] + at * width, a, b,
                       p->y + at * width, p->keep + 2 * at);
    }
    return 0;
}

/* Sums of dy x^ and dy, and dx from m1 and m2; dy becomes a dy on the way. */
WEIR_INLINE void point_back(int n, const float *restrict x, const float *keep,
                            const float *restrict a, float *restrict dy,
                            float *restrict da, float *restrict db,
                            float *restrict dx)
{
    float mean = keep[0], over = keep[1];
    weir_v8 ones = {0}, twos = {0};
    float one = 0, two = 0;
    int c = 0;
    for (; c + WEIR_LANES <= n; c += WEIR_LANES) {
        weir_v8 v, d, w, sum;
        weir_row_load(x + c, &v);
        weir_row_load(dy + c, &d);
        weir_row_load(a + c, &w);
        v = (v - mean) * over;
        weir_row_load(da + c, &sum);
        sum += d * v;
        memcpy(da + c, &sum, sizeof(sum));
        weir_row_load(db + c, &sum);
        sum += d;
        memcpy(db + c, &sum, sizeof(sum));
        d *= w;
        ones += d;
        twos += d * v;
        memcpy(dy + c, &d, sizeof(d));
    }
    for (; c < n; c++) {
        float v = (x[c] - mean) * over;
        da[c] += dy[c] * v;
        db[c] += dy[c];
        dy[c] *= a[c];
        one += dy[c];
        two += dy[c] * v;
    }
    if (!dx)
        return;
    one = (one + weir_row_lanes(&ones)) / (float)n;
    two = (two + weir_row_lanes(&twos)) / (float)n;
    for (c = 0; c < n; c++)
        dx[c] = (dy[c] - one - (x[c] - mean) * over * two) * over;
}

/* Where sample @p s leaves the gradient of a or b (@p k 0 or 1), cleared. */
static float *cleared(const struct norm *n, const struct weir_layer_pass *p,
                      int s, int k)
{
    size_t width = (size_t)n->channels;
    float *to = n->own         ? p->dw[k]
                : p->dx[k + 1] ? p->dx[k + 1] + (size_t)s * width
                               : p->work + (size_t)k * width;
    if (!n->own || s == 0)
        memset(to, 0, width * sizeof(float));
    return to;
}

WEIR_CLONES
static int norm_backward(void *plan, const struct weir_layer_pass *p)
{
    const struct norm *n = plan;
    size_t width = (size_t)n->channels, at = 0;
    for (int s = 0; s < n->batch; s++) {
        const float *a = n->own ? p->w[0] : p->x[1] + (size_t)s * width;
        float *da = cleared(n, p, s, 0), *db = cleared(n, p, s, 1);
        for (int i = 0; i < n->points; i++, at++)
            point_back(n->channels, p->x[0] + at * width, p->keep + 2 * at, a,
                       p->dy + at * width, da, db,
                       p->dx[0] ? p->dx[0] + at * width : NULL);
    }
    return 0;
}

static const struct weir_layer_ops norm_ops = {
    .name = "layer norm",
    .plan = norm_plan,
    .release = free,
    .forward = norm_forward,
    .backward = norm_backward,
};
