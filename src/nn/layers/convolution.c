/* SPDX-License-Identifier: BSD-3-Clause */
/* Convolution between hidden values, by oneDNN: on arrays with halos as they
 * are, else on a copy with its border around it where oneDNN's own zeros do not
 * serve (see nn/window.h). */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/layers.h"
#include "nn/value.h"
#include "nn/window.h"

#include <math.h>
#include <stdlib.h>

/* ---- building ---- */

static bool conv_fits(struct weir_graph *g, int in, const char *name,
                      const struct weir_conv *c)
{
    if (!weir_graph_has(g, in, name))
        return false;
    const struct weir_value *x = &g->value[in];
    int least = x->points < x->rows || g->shape.dims == 1 ? x->points : x->rows;
    int reach = c->dilation * (c->kernel - 1) + 1;
    if (c->channels < 1 || c->kernel < 1 || c->stride < 1 || c->dilation < 1 ||
        c->pad < 0 || (c->stride > 1 && c->dilation > 1))
        weir_graph_fail(g, WEIR_FAIL(EINVAL,
                                     "%s: %d channels, kernel %d, stride %d, "
                                     "dilation %d, pad %d",
                                     name, c->channels, c->kernel, c->stride,
                                     c->dilation, c->pad));
    else if ((c->kernel > least && c->padding == WEIR_PAD_CIRCULAR) ||
             reach > least + 2 * c->pad)
        weir_graph_fail(g, WEIR_FAIL(EINVAL, "%s: kernel %d on %d points", name,
                                     c->kernel, least));
    else if (c->padding == WEIR_PAD_MIRROR_NEGATED && c->pad >= least)
        weir_graph_fail(g, WEIR_FAIL(EINVAL, "%s: a mirror of %d on %d points",
                                     name, c->pad, least));
    return !g->error;
}

int weir_graph_conv(struct weir_graph *g, int in, const char *name,
                    const struct weir_conv *conv)
{
    struct weir_conv c = *conv;
    c.stride += !c.stride;
    c.dilation += !c.dilation;
    in = weir_graph_in_order(g, in, WEIR_BLOCKED);
    if (!conv_fits(g, in, name, &c))
        return -1;
    const struct weir_value *x = &g->value[in];
    bool flat = g->shape.dims == 2;
    int64_t w[] = {c.channels, x->channels, c.kernel, c.kernel};
    int taps = c.kernel * (flat ? c.kernel : 1);
    struct weir_init init = {WEIR_INIT_UNIFORM,
                             1 / sqrt((double)x->channels * taps)};
    if (c.from_zero)
        init = (struct weir_init){WEIR_INIT_CONSTANT, 0};
    struct weir_made made = {c.channels,
                             flat ? weir_window_points(&c, x->rows) : 1,
                             weir_window_points(&c, x->points), WEIR_BLOCKED};
    int l =
        weir_graph_layer(g, &weir_conv_ops, name, 1, &in, made, &c, sizeof(c));
    weir_graph_param(g, "weight", flat ? 4 : 3, w, init);
    if (!c.no_bias)
        weir_graph_param(g, "bias", 1, w, init);
    return weir_graph_made(g, l);
}

/* ---- planning ---- */

struct conv {
    struct weir_layout y;
    bool masked; /* ReLU */
    float slope;
    struct weir_window window;
    struct weir_patch around, phases;
    struct weir_dnnl_conv *dnnl;
    size_t bordered; /* floats of the copy of x */
};

static int conv_halo(const struct weir_layer *l)
{
    const struct weir_conv *c = l->spec;
    bool same = c->stride == 1 && c->dilation == 1 && c->kernel % 2 == 1 &&
                c->pad == c->kernel / 2;
    if (!same || (c->kernel > 1 && c->padding != WEIR_PAD_CIRCULAR))
        return -1;
    return c->pad;
}

static struct weir_window window_of(const struct weir_graph *g,
                                    const struct weir_layer *l, int batch)
{
    struct weir_layout x = weir_value_layout(g, l->in[0], batch);
    struct weir_layout y = weir_value_layout(g, l->out, batch);
    struct weir_window w = weir_window_of(l->spec, g->shape.dims, &x, &y);
    w.shape.relu = l->activation != WEIR_LINEAR;
    w.shape.slope = l->slope;
    return w;
}

static int conv_form(const struct weir_graph *g, const struct weir_layer *l,
                     struct weir_form form[])
{
    struct weir_window w = window_of(g, l, 1);
    if (l->params > 1)
        form[1] = weir_form_vector((size_t)w.shape.out.padded);
    int rc = weir_dnnl_weights(&w.shape, &form[0]);
    if (g->shape.dims == 1)
        form[0].stride[2] = form[0].stride[3];
    return rc ? WEIR_NOTE(rc, "%s", l->name) : 0;
}

static void conv_release(void *plan)
{
    struct conv *c = plan;
    weir_dnnl_conv_destroy(c->dnnl);
    weir_patch_free(&c->around);
    weir_patch_free(&c->phases);
    free(c);
}

static int plan_copies(struct conv *c, struct weir_layer_site *site)
{
    const struct weir_window *w = &c->window;
    int rc = 0;
    if (w->copied) {
        rc = weir_patch_create(&w->wide_field, w->wide, &c->around);
        c->bordered = weir_layout_floats(&c->around.inner);
        site->work += c->bordered;
    }
    if (!rc && w->phased) {
        rc = weir_patch_create(&w->narrow_field, w->narrow, &c->phases);
        site->work += weir_layout_floats(&c->phases.inner);
    }
    return rc;
}

static int conv_plan(struct weir_layer_site *site, void **plan)
{
    const struct weir_layer *l = site->layer;
    struct conv *c = calloc(1, sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "%s", l->name);
    c->y = *site->y;
    c->masked = l->activation != WEIR_LINEAR;
    c->slope = l->slope;
    c->window = window_of(site->graph, l, site->y->batch);
    int passes = WEIR_DNNL_FORWARD;
    if (site->backward)
        passes |= WEIR_DNNL_DATA | WEIR_DNNL_WEIGHTS;
    int rc = plan_copies(c, site);
    if (!rc)
        rc = weir_dnnl_conv_create(site->dnnl, l->name, &c->window.shape,
                                   passes, &c->dnnl);
    if (rc) {
        conv_release(c);
        return rc;
    }
    site->forgets_y = !c->masked;
    *plan = c;
    return 0;
}

static size_t conv_bytes(const void *plan)
{
    const struct conv *c = plan;
    return sizeof(*c) + weir_dnnl_conv_bytes(c->dnnl);
}

/* ---- running ---- */

/* x as oneDNN reads it. */
static const float *bordered(const struct conv *c,
                             const struct weir_layer_pass *p)
{
    if (!c->window.copied)
        return p->x[0];
    weir_patch_gather(&c->around, p->x[0], p->work);
    return p->work;
}

static int conv_forward(void *plan, const struct weir_layer_pass *p)
{
    struct conv *c = plan;
    float *y = c->window.phased ? p->work + c->bordered : p->y;
    int rc =
        weir_dnnl_conv_forward(c->dnnl, bordered(c, p), p->w[0], p->w[1], y);
    if (c->window.phased)
        weir_patch_scatter(&c->phases, y, p->y);
    weir_halo_fill(&c->y, p->y);
    return rc;
}

static int conv_backward(void *plan, const struct weir_layer_pass *p)
{
    struct conv *c = plan;
    float *dy = c->window.phased ? p->work + c->bordered : p->dy;
    float *dx = c->window.copied ? p->work : p->dx[0];
    weir_halo_fold(&c->y, p->dy, c->masked ? p->y : NULL, c->slope);
    if (c->window.phased)
        weir_patch_gather(&c->phases, p->dy, dy);
    int rc = weir_dnnl_conv_backward_weights(c->dnnl, bordered(c, p), dy,
                                             p->dw[0], p->dw[1]);
    if (rc || !p->dx[0])
        return rc;
    rc = weir_dnnl_conv_backward_data(c->dnnl, dy, p->w[0], dx);
    if (c->window.copied)
        weir_patch_scatter(&c->around, dx, p->dx[0]);
    return rc;
}

const struct weir_layer_ops weir_conv_ops = {
    .name = "convolution",
    .halo = conv_halo,
    .form = conv_form,
    .plan = conv_plan,
    .release = conv_release,
    .bytes = conv_bytes,
    .forward = conv_forward,
    .backward = conv_backward,
};
