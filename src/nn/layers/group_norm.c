/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Group normalisation (Wu and He 2018). With x^ = (x - mean) / deviation over
 * the points and channels of a group, and c a channel:
 *
 *     y  = weight_c x^ + bias_c
 *     dx = (weight_c dy - m1 - x^ m2) / deviation,
 *          m1 = mean(weight dy), m2 = mean(weight dy x^) over the group
 *
 * Both are one affine map a channel, so halos and blocks need no care but in
 * the sums.
 */
#include "base/err.h"
#include "base/heap.h"
#include "nn/channel_sums.h"
#include "nn/layer.h"
#include "nn/layers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double EPSILON = 1e-5;

static const struct weir_layer_ops norm_ops;

int weir_graph_group_norm(struct weir_graph *g, int in, const char *name,
                          int groups)
{
    if (!weir_graph_has(g, in, name))
        return -1;
    const struct weir_value *x = &g->value[in];
    struct weir_made made = {x->channels, x->rows, x->points, x->order};
    int64_t dims[] = {x->channels};
    if (groups < 1 || x->channels % groups)
        return weir_graph_fail(g,
                               WEIR_FAIL(EINVAL, "%s: %d groups of %d channels",
                                         name, groups, x->channels));
    int l = weir_graph_layer(g, &norm_ops, name, 1, &in, made, &groups,
                             sizeof(groups));
    weir_graph_param(g, "weight", 1, dims,
                     (struct weir_init){WEIR_INIT_CONSTANT, 1});
    weir_graph_param(g, "bias", 1, dims,
                     (struct weir_init){WEIR_INIT_CONSTANT, 0});
    return weir_graph_made(g, l);
}

/* ---- planning ---- */

/* Numbers of each channel; made once, used for one sample after another. */
struct norm {
    struct weir_layout x;
    int groups;
    double *sum, *other;
    float *a, *b, *c;
};

static int no_halo(const struct weir_layer *l)
{
    (void)l;
    return 0;
}

static int norm_form(const struct weir_graph *g, const struct weir_layer *l,
                     struct weir_form form[])
{
    size_t padded = (size_t)g->value[l->out].blocking.padded;
    form[0] = form[1] = weir_form_vector(padded);
    return 0;
}

static void norm_release(void *plan)
{
    struct norm *n = plan;
    free(n->sum);
    free(n->other);
    free(n->a);
    free(n->b);
    free(n->c);
    free(n);
}

static int norm_plan(struct weir_layer_site *site, void **plan)
{
    size_t padded = (size_t)site->y->padded;
    struct norm *n = calloc(1, sizeof(*n));
    if (!n)
        return WEIR_FAIL(ENOMEM, "%s", site->layer->name);
    n->x = *site->y;
    n->groups = *(const int *)site->layer->spec;
    n->sum = weir_array(padded, sizeof(*n->sum));
    n->other = weir_array(padded, sizeof(*n->other));
    n->a = weir_array(padded, sizeof(*n->a));
    n->b = weir_array(padded, sizeof(*n->b));
    n->c = weir_array(padded, sizeof(*n->c));
    /* mean and 1 / deviation of each group of each sample */
    site->keep = 2 * (size_t)n->groups * (size_t)n->x.batch;
    if (!n->sum || !n->other || !n->a || !n->b || !n->c) {
        norm_release(n);
        return WEIR_FAIL(ENOMEM, "%s", site->layer->name);
    }
    site->forgets_y = true;
    *plan = n;
    return 0;
}

/* ---- running ---- */

static int group_size(const struct norm *n)
{
    return n->x.channels / n->groups;
}

static double group_values(const struct norm *n)
{
    return (double)group_size(n) * n->x.rows * n->x.points;
}

/* Replace what each channel of a group has by the group's mean of it. */
static void spread_means(const struct norm *n, double *of)
{
    int size = group_size(n);
    for (int g = 0; g < n->groups; g++) {
        double all = 0;
        for (int c = g * size; c < (g + 1) * size; c++)
            all += of[c];
        for (int c = g * size; c < (g + 1) * size; c++)
            of[c] = all / group_values(n);
    }
}

/* Mean, then deviation: one pass would cancel. */
static void measure(struct norm *n, int sample, const float *x, float *keep)
{
    int size = group_size(n);
    memset(n->other, 0, (size_t)n->x.padded * sizeof(*n->other));
    weir_channel_products(&n->x, sample, x, x, n->sum, n->other);
    spread_means(n, n->sum);
    weir_channel_moment(&n->x, sample, x, n->sum, n->other);
    spread_means(n, n->other);
    for (int g = 0; g < n->groups; g++) {
        keep[2 * g] = (float)n->sum[g * size];
        keep[2 * g + 1] = (float)(1 / sqrt(n->other[g * size] + EPSILON));
    }
}

static float *kept(const struct norm *n, float *keep, int sample)
{
    return keep + 2 * (size_t)n->groups * (size_t)sample;
}

static int norm_forward(void *plan, const struct weir_layer_pass *p)
{
    struct norm *n = plan;
    for (int s = 0; s < n->x.batch; s++) {
        float *keep = kept(n, p->keep, s);
        measure(n, s, p->x[0], keep);
        for (int c = 0; c < n->x.channels; c++) {
            const float *of = keep + 2 * (c / group_size(n));
            n->a[c] = p->w[0][c] * of[1];
            n->b[c] = p->w[1][c] - of[0] * n->a[c];
        }
        weir_channel_scale(&n->x, s, n->a, n->b, p->x[0], p->y);
    }
    return 0;
}

/* From sums of dy and dy x: the parameters' gradients and, in sum and other,
 * what goes into m1 and m2. */
static void fold_sums(struct norm *n, const float *keep,
                      const struct weir_layer_pass *p)
{
    for (int c = 0; c < n->x.channels; c++) {
        const float *of = keep + 2 * (c / group_size(n));
        double scaled = (n->other[c] - of[0] * n->sum[c]) * of[1];
        p->dw[0][c] += (float)scaled;
        p->dw[1][c] += (float)n->sum[c];
        n->sum[c] *= p->w[0][c];
        n->other[c] = p->w[0][c] * scaled;
    }
    spread_means(n, n->sum);
    spread_means(n, n->other);
}

static int norm_backward(void *plan, const struct weir_layer_pass *p)
{
    struct norm *n = plan;
    size_t bytes = (size_t)n->x.padded * sizeof(float);
    weir_halo_fold(&n->x, p->dy, NULL, 0.0F);
    memset(p->dw[0], 0, bytes);
    memset(p->dw[1], 0, bytes);
    for (int s = 0; s < n->x.batch; s++) {
        const float *keep = kept(n, p->keep, s);
        weir_channel_products(&n->x, s, p->dy, p->x[0], n->sum, n->other);
        fold_sums(n, keep, p);
        if (!p->dx[0])
            continue;
        for (int c = 0; c < n->x.channels; c++) {
            const float *of = keep + 2 * (c / group_size(n));
            double slope = n->other[c] * of[1] * of[1];
            n->a[c] = p->w[0][c] * of[1];
            n->b[c] = (float)-slope;
            n->c[c] = (float)(slope * of[0] - n->sum[c] * of[1]);
        }
        weir_channel_combine(&n->x, s, n->a, p->dy, n->b, p->x[0], n->c,
                             p->dx[0]);
    }
    if (p->dx[0])
        weir_halo_clear(&n->x, p->dx[0]);
    return 0;
}

static const struct weir_layer_ops norm_ops = {
    .name = "group norm",
    .halo = no_halo,
    .form = norm_form,
    .plan = norm_plan,
    .release = norm_release,
    .forward = norm_forward,
    .backward = norm_backward,
};
