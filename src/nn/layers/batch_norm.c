/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Batch normalisation (Ioffe and Szegedy 2015). A batch is what one call gets:
 * a micro-batch, whose size the configuration fixes, so that the number of
 * groups shows in no bit. The running statistics are tensors beside the
 * weights; backward leaves the batch's own figures where their gradients would
 * be (see weir_model_trained), and so they are reduced, kept and saved like
 * everything else.
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

enum { WEIGHT, BIAS, MEAN, VARIANCE };

static const struct weir_layer_ops norm_ops;

int weir_graph_batch_norm(struct weir_graph *g, int in, const char *name)
{
    static const char *const what[] = {"weight", "bias", "running_mean",
                                       "running_var"};
    if (!weir_graph_has(g, in, name))
        return -1;
    const struct weir_value *x = &g->value[in];
    struct weir_made made = {x->channels, x->rows, x->points, x->order};
    int64_t dims[] = {x->channels};
    int l = weir_graph_layer(g, &norm_ops, name, 1, &in, made, NULL, 0);
    for (int i = WEIGHT; i <= VARIANCE; i++) {
        double start = i == WEIGHT || i == VARIANCE;
        int p = weir_graph_param(g, what[i], 1, dims,
                                 (struct weir_init){WEIR_INIT_CONSTANT, start});
        if (p >= 0)
            g->param[p].measured = i >= MEAN;
    }
    return weir_graph_made(g, l);
}

struct norm {
    struct weir_layout x;
    double values; /* of a channel in the batch at hand */
    double *sum, *other, *sample, *moment;
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
    for (int i = 0; i < l->params; i++)
        form[i] = weir_form_vector((size_t)g->value[l->out].blocking.padded);
    return 0;
}

static void norm_release(void *plan)
{
    struct norm *n = plan;
    free(n->sum);
    free(n->a);
    free(n);
}

static int norm_plan(struct weir_layer_site *site, void **plan)
{
    size_t padded = (size_t)site->y->padded;
    struct norm *n = calloc(1, sizeof(*n));
    if (!n)
        return WEIR_FAIL(ENOMEM, "%s", site->layer->name);
    n->x = *site->y;
    n->sum = weir_array(4 * padded, sizeof(*n->sum));
    n->a = weir_array(3 * padded, sizeof(*n->a));
    if (!n->sum || !n->a) {
        norm_release(n);
        return WEIR_FAIL(ENOMEM, "%s", site->layer->name);
    }
    n->other = n->sum + padded;
    n->sample = n->other + padded;
    n->moment = n->sample + padded;
    n->b = n->a + padded;
    n->c = n->b + padded;
    site->keep = 2 * padded; /* mean and 1 / deviation of each channel */
    site->forgets_y = true;
    *plan = n;
    return 0;
}

static bool is_there(const struct weir_layer_pass *p, int sample)
{
    return !p->training || !p->present || p->present[sample];
}

/* sum = sums over the batch of x, other = of (x - center)^2 or of x z. */
static void gather(struct norm *n, const struct weir_layer_pass *p,
                   const float *x, const float *z, const double *center)
{
    size_t bytes = (size_t)n->x.padded * sizeof(double);
    memset(n->other, 0, bytes);
    if (z)
        memset(n->sum, 0, bytes);
    n->values = 0;
    for (int b = 0; b < n->x.batch; b++) {
        if (!is_there(p, b))
            continue;
        n->values += (double)n->x.rows * n->x.points;
        if (z)
            weir_channel_products(&n->x, b, x, z, n->sample, n->moment);
        else
            weir_channel_moment(&n->x, b, x, center, n->moment);
        for (int c = 0; c < n->x.channels; c++) {
            n->sum[c] += z ? n->sample[c] : 0;
            n->other[c] += n->moment[c];
        }
    }
}

static void measure(struct norm *n, const struct weir_layer_pass *p)
{
    float *mean = p->keep, *inverse = mean + n->x.padded;
    gather(n, p, p->x[0], p->x[0], NULL);
    for (int c = 0; c < n->x.channels; c++)
        n->sum[c] /= fmax(n->values, 1);
    gather(n, p, p->x[0], NULL, n->sum);
    for (int c = 0; c < n->x.channels; c++) {
        mean[c] = (float)n->sum[c];
        inverse[c] =
            (float)(1 / sqrt(n->other[c] / fmax(n->values, 1) + EPSILON));
    }
}

static void recall(struct norm *n, const struct weir_layer_pass *p)
{
    float *mean = p->keep, *inverse = mean + n->x.padded;
    for (int c = 0; c < n->x.channels; c++) {
        double variance = fmax((double)p->w[VARIANCE][c], 0);
        mean[c] = p->w[MEAN][c];
        inverse[c] = (float)(1 / sqrt(variance + EPSILON));
    }
}

static int norm_forward(void *plan, const struct weir_layer_pass *p)
{
    struct norm *n = plan;
    const float *mean = p->keep, *inverse = mean + n->x.padded;
    if (p->training)
        measure(n, p);
    else
        recall(n, p);
    for (int c = 0; c < n->x.channels; c++) {
        n->a[c] = p->w[WEIGHT][c] * inverse[c];
        n->b[c] = p->w[BIAS][c] - mean[c] * n->a[c];
    }
    for (int b = 0; b < n->x.batch; b++)
        weir_channel_scale(&n->x, b, n->a, n->b, p->x[0], p->y);
    return 0;
}

/* The batch's own figures; the variance unbiased, as PyTorch keeps it. */
static void tell(const struct norm *n, const struct weir_layer_pass *p, int c)
{
    double inverse = (double)p->keep[n->x.padded + c];
    double variance = 1 / (inverse * inverse) - EPSILON;
    if (n->values > 1)
        variance *= n->values / (n->values - 1);
    p->dw[MEAN][c] = p->keep[c];
    p->dw[VARIANCE][c] = (float)fmax(variance, 0);
}

/* A sample that is not there moved no figure, so none moves it. */
static void give(const struct norm *n, const struct weir_layer_pass *p)
{
    size_t frame = (size_t)n->x.padded * weir_layout_area(&n->x);
    for (int b = 0; b < n->x.batch; b++)
        if (is_there(p, b))
            weir_channel_combine(&n->x, b, n->a, p->dy, n->b, p->x[0], n->c,
                                 p->dx[0]);
        else
            memset(p->dx[0] + (size_t)b * frame, 0, frame * sizeof(float));
    weir_halo_clear(&n->x, p->dx[0]);
}

static int norm_backward(void *plan, const struct weir_layer_pass *p)
{
    struct norm *n = plan;
    const float *mean = p->keep, *inverse = mean + n->x.padded;
    weir_halo_fold(&n->x, p->dy, NULL, 0.0F);
    for (int i = WEIGHT; i <= VARIANCE; i++)
        memset(p->dw[i], 0, (size_t)n->x.padded * sizeof(float));
    gather(n, p, p->dy, p->x[0], NULL);
    for (int c = 0; c < n->x.channels; c++) {
        double scaled =
            (n->other[c] - (double)mean[c] * n->sum[c]) * (double)inverse[c];
        double gain = (double)p->w[WEIGHT][c] * (double)inverse[c];
        double own = p->training ? gain / fmax(n->values, 1) : 0;
        double slope = own * scaled * (double)inverse[c];
        p->dw[WEIGHT][c] = (float)scaled;
        p->dw[BIAS][c] = (float)n->sum[c];
        n->a[c] = (float)gain;
        n->b[c] = (float)-slope;
        n->c[c] = (float)(slope * (double)mean[c] - own * n->sum[c]);
        if (p->training)
            tell(n, p, c);
    }
    if (p->dx[0])
        give(n, p);
    return 0;
}

static const struct weir_layer_ops norm_ops = {
    .name = "batch norm",
    .halo = no_halo,
    .form = norm_form,
    .plan = norm_plan,
    .release = norm_release,
    .forward = norm_forward,
    .backward = norm_backward,
};
