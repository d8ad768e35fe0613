/* SPDX-License-Identifier: BSD-3-Clause */
/* The first and the last convolution of a model: between the frame as users
 * see it and hidden values. See nn/thin.h for why oneDNN does not do these. */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/thin.h"

#include <stdlib.h>

struct thin {
    struct weir_thin shape;
    bool relu;
};

static struct weir_form thin_form(int thin_dim, int64_t kernel, int64_t padded,
                                  int64_t thin)
{
    struct weir_form form = {.floats = (size_t)(thin * kernel * padded)};
    form.stride[thin_dim] = kernel * padded;
    form.stride[1 - thin_dim] = 1;
    form.stride[2] = padded;
    return form;
}

static int lift_form(const struct weir_graph *g, const struct weir_layer *l,
                     struct weir_form *weight, struct weir_form *bias)
{
    int padded = g->value[l->out].blocking.padded;
    *weight = thin_form(1, l->kernel, padded, g->value[l->in].channels);
    *bias = weir_form_vector((size_t)padded);
    return 0;
}

static int project_form(const struct weir_graph *g, const struct weir_layer *l,
                        struct weir_form *weight, struct weir_form *bias)
{
    int channels = g->value[l->out].channels;
    *weight =
        thin_form(0, l->kernel, g->value[l->in].blocking.padded, channels);
    *bias = weir_form_vector((size_t)channels);
    return 0;
}

static int plan_thin(const struct weir_layer_site *site,
                     const struct weir_layout *thin,
                     const struct weir_layout *wide, void **plan)
{
    struct thin *t = malloc(sizeof(*t));
    if (!t)
        return WEIR_FAIL(ENOMEM, "%s", site->layer->name);
    *t = (struct thin){
        .shape = {.thin = *thin, .wide = *wide, .kernel = site->layer->kernel},
        .relu = site->layer->activation == WEIR_RELU,
    };
    *plan = t;
    return 0;
}

static int lift_plan(const struct weir_layer_site *site, void **plan)
{
    return plan_thin(site, site->x, site->y, plan);
}

static int project_plan(const struct weir_layer_site *site, void **plan)
{
    if (site->layer->activation != WEIR_LINEAR)
        return WEIR_FAIL(EINVAL, "%s: the last layer is linear",
                         site->layer->name);
    return plan_thin(site, site->y, site->x, plan);
}

static size_t thin_bytes(const void *plan)
{
    (void)plan;
    return sizeof(struct thin);
}

static int lift_forward(void *plan, const struct weir_layer_pass *p)
{
    struct thin *t = plan;
    weir_thin_spread(&t->shape, false, t->relu, p->x, p->w, p->bias, p->y);
    weir_halo_fill(&t->shape.wide, p->y);
    return 0;
}

static int lift_backward(void *plan, const struct weir_layer_pass *p)
{
    struct thin *t = plan;
    weir_halo_fold(&t->shape.wide, p->dy, t->relu ? p->y : NULL);
    weir_thin_correlate(&t->shape, false, p->x, p->dy, p->dw);
    weir_wide_sum(&t->shape.wide, p->dy, p->dbias);
    if (p->dx) {
        weir_halo_fill(&t->shape.wide, p->dy);
        weir_thin_gather(&t->shape, true, p->dy, p->w, NULL, p->dx);
        weir_halo_clear(&t->shape.thin, p->dx);
    }
    return 0;
}

static int project_forward(void *plan, const struct weir_layer_pass *p)
{
    struct thin *t = plan;
    weir_thin_gather(&t->shape, false, p->x, p->w, p->bias, p->y);
    weir_halo_fill(&t->shape.thin, p->y);
    return 0;
}

static int project_backward(void *plan, const struct weir_layer_pass *p)
{
    struct thin *t = plan;
    weir_halo_fold(&t->shape.thin, p->dy, NULL);
    weir_halo_fill(&t->shape.thin, p->dy);
    weir_thin_correlate(&t->shape, true, p->dy, p->x, p->dw);
    weir_thin_sum(&t->shape.thin, p->dy, p->dbias);
    if (p->dx) {
        weir_thin_spread(&t->shape, true, false, p->dy, p->w, NULL, p->dx);
        weir_halo_clear(&t->shape.wide, p->dx);
    }
    return 0;
}

const struct weir_layer_ops weir_conv_lift_ops = {
    .name = "first convolution",
    .form = lift_form,
    .plan = lift_plan,
    .release = free,
    .bytes = thin_bytes,
    .forward = lift_forward,
    .backward = lift_backward,
};

const struct weir_layer_ops weir_conv_project_ops = {
    .name = "last convolution",
    .form = project_form,
    .plan = project_plan,
    .release = free,
    .bytes = thin_bytes,
    .forward = project_forward,
    .backward = project_backward,
};
