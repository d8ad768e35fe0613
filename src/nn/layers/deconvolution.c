/* SPDX-License-Identifier: BSD-3-Clause */
/* Transposed convolution: the passes of a convolution in other places. What is
 * backward to the input there is forward here, and the other way round; weights
 * have the same shape, (in, out, kernel...), and the same form. */
#include "base/err.h"
#include "nn/channel_sums.h"
#include "nn/layer.h"
#include "nn/layers.h"
#include "nn/value.h"
#include "nn/window.h"

#include <math.h>
#include <stdlib.h>

/* ---- building ---- */

extern const struct weir_layer_ops weir_deconv_ops;

static int made_points(const struct weir_conv *c, int points, int extra)
{
    return (points - 1) * c->stride - 2 * c->pad + c->kernel + extra;
}

static bool deconv_fits(struct weir_graph *g, const char *name,
                        const struct weir_conv *c, int points, int extra)
{
    struct weir_conv back = *c;
    int made = made_points(c, points, extra);
    if (c->kernel < 1 || c->stride < 1 || c->dilation != 1 || c->pad < 0 ||
        extra < 0 || made < 1 || weir_window_points(&back, made) != points)
        weir_graph_fail(g, WEIR_FAIL(EINVAL,
                                     "%s: kernel %d, stride %d, pad %d, %d "
                                     "extra points of %d",
                                     name, c->kernel, c->stride, c->pad, extra,
                                     points));
    return !g->error;
}

int weir_graph_deconv(struct weir_graph *g, int in, const char *name,
                      const struct weir_conv *more, int extra)
{
    struct weir_conv c = *more;
    c.stride += !c.stride;
    c.dilation += !c.dilation;
    in = weir_graph_in_order(g, in, WEIR_BLOCKED);
    if (!weir_graph_has(g, in, name) ||
        !deconv_fits(g, name, &c, g->value[in].points, extra))
        return -1;
    const struct weir_value *x = &g->value[in];
    bool flat = g->shape.dims == 2;
    int64_t w[] = {x->channels, c.channels, c.kernel, c.kernel};
    int taps = c.kernel * (flat ? c.kernel : 1);
    struct weir_init init = {WEIR_INIT_UNIFORM,
                             1 / sqrt((double)c.channels * taps)};
    struct weir_made made = {c.channels,
                             flat ? made_points(&c, x->rows, extra) : 1,
                             made_points(&c, x->points, extra), WEIR_BLOCKED};
    int l = weir_graph_layer(g, &weir_deconv_ops, name, 1, &in, made, &c,
                             sizeof(c));
    weir_graph_param(g, "weight", flat ? 4 : 3, w, init);
    if (!c.no_bias)
        weir_graph_param(g, "bias", 1, w + 1, init);
    return weir_graph_made(g, l);
}

/* ---- planning ---- */

struct deconv {
    struct weir_layout y;
    struct weir_window window; /* of the convolution from y to x */
    struct weir_patch around;
    struct weir_dnnl_conv *dnnl;
};

static struct weir_window window_of(const struct weir_graph *g,
                                    const struct weir_layer *l, int batch)
{
    struct weir_layout x = weir_value_layout(g, l->in[0], batch);
    struct weir_layout y = weir_value_layout(g, l->out, batch);
    struct weir_window w = weir_window_of(l->spec, g->shape.dims, &y, &x);
    w.shape.bias = false;
    return w;
}

static int deconv_form(const struct weir_graph *g, const struct weir_layer *l,
                       struct weir_form form[])
{
    struct weir_window w = window_of(g, l, 1);
    if (l->params > 1)
        form[1] = weir_form_vector((size_t)w.shape.in.padded);
    int rc = weir_dnnl_weights(&w.shape, &form[0]);
    if (g->shape.dims == 1)
        form[0].stride[2] = form[0].stride[3];
    return rc ? WEIR_NOTE(rc, "%s", l->name) : 0;
}

static void deconv_release(void *plan)
{
    struct deconv *c = plan;
    weir_dnnl_conv_destroy(c->dnnl);
    weir_patch_free(&c->around);
    free(c);
}

static int deconv_plan(struct weir_layer_site *site, void **plan)
{
    const struct weir_layer *l = site->layer;
    struct deconv *c = calloc(1, sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "%s", l->name);
    c->y = *site->y;
    c->window = window_of(site->graph, l, site->y->batch);
    int passes = WEIR_DNNL_DATA, rc = 0;
    if (site->backward)
        passes |= WEIR_DNNL_FORWARD | WEIR_DNNL_WEIGHTS;
    if (c->window.copied) {
        rc = weir_patch_create(&c->window.wide_field, c->window.wide,
                               &c->around);
        site->work = weir_layout_floats(&c->around.inner);
    }
    if (!rc)
        rc = weir_dnnl_conv_create(site->dnnl, l->name, &c->window.shape,
                                   passes, &c->dnnl);
    if (rc) {
        deconv_release(c);
        return rc;
    }
    site->forgets_y = true;
    *plan = c;
    return 0;
}

static size_t deconv_bytes(const void *plan)
{
    const struct deconv *c = plan;
    return sizeof(*c) + weir_dnnl_conv_bytes(c->dnnl);
}

/* ---- running ---- */

static int deconv_forward(void *plan, const struct weir_layer_pass *p)
{
    struct deconv *c = plan;
    float *y = c->window.copied ? p->work : p->y;
    int rc = weir_dnnl_conv_backward_data(c->dnnl, p->x[0], p->w[0], y);
    if (c->window.copied)
        weir_patch_scatter(&c->around, y, p->y);
    if (p->w[1])
        weir_channel_add(&c->y, p->w[1], p->y);
    return rc;
}

static int deconv_backward(void *plan, const struct weir_layer_pass *p)
{
    struct deconv *c = plan;
    const float *dy = p->dy;
    if (p->dw[1])
        weir_channel_sum(&c->y, p->dy, p->dw[1]);
    if (c->window.copied) {
        weir_patch_gather(&c->around, p->dy, p->work);
        dy = p->work;
    }
    int rc =
        weir_dnnl_conv_backward_weights(c->dnnl, dy, p->x[0], p->dw[0], NULL);
    if (!rc && p->dx[0])
        rc = weir_dnnl_conv_forward(c->dnnl, dy, p->w[0], NULL, p->dx[0]);
    return rc;
}

const struct weir_layer_ops weir_deconv_ops = {
    .name = "transposed convolution",
    .form = deconv_form,
    .plan = deconv_plan,
    .release = deconv_release,
    .bytes = deconv_bytes,
    .forward = deconv_forward,
    .backward = deconv_backward,
};
