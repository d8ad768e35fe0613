/* SPDX-License-Identifier: BSD-3-Clause */
/* The first and the last convolution of a model: between the frame as users
 * see it and hidden values. See nn/thin.h for why oneDNN does not do these. */
#include "nn/thin.h"
#include "base/err.h"
#include "nn/layer.h"
#include "nn/layers.h"

#include <stdlib.h>

struct thin {
    struct weir_thin shape;
    bool relu;
    float slope;
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

static int kernel_of(const struct weir_layer *l)
{
    return ((const struct weir_conv *)l->spec)->kernel;
}

static int lift_form(const struct weir_graph *g, const struct weir_layer *l,
                     struct weir_form form[])
{
    int padded = g->value[l->out].blocking.padded;
    form[0] = thin_form(1, kernel_of(l), padded, g->value[l->in[0]].channels);
    form[1] = weir_form_vector((size_t)padded);
    return 0;
}

static int project_form(const struct weir_graph *g, const struct weir_layer *l,
                        struct weir_form form[])
{
    int channels = g->value[l->out].channels;
    form[0] = thin_form(0, kernel_of(l), g->value[l->in[0]].blocking.padded,
                        channels);
    form[1] = weir_form_vector((size_t)channels);
    return 0;
}

static int plan_thin(struct weir_layer_site *site,
                     const struct weir_layout *thin,
                     const struct weir_layout *wide, void **plan)
{
    struct thin *t = malloc(sizeof(*t));
    if (!t)
        return WEIR_FAIL(ENOMEM, "%s", site->layer->name);
    *t = (struct thin){
        .shape = {.thin = *thin,
                  .wide = *wide,
                  .kernel = kernel_of(site->layer)},
        .relu = site->layer->activation != WEIR_LINEAR,
        .slope = site->layer->slope,
    };
    site->forgets_y = !t->relu;
    *plan = t;
    return 0;
}

static int lift_plan(struct weir_layer_site *site, void **plan)
{
    return plan_thin(site, site->x[0], site->y, plan);
}

static int project_plan(struct weir_layer_site *site, void **plan)
{
    return plan_thin(site, site->y, site->x[0], plan);
}

static int lift_forward(void *plan, const struct weir_layer_pass *p)
{
    struct thin *t = plan;
    weir_thin_spread(&t->shape, false, t->relu, t->slope, p->x[0], p->w[0],
                     p->w[1], p->y);
    weir_halo_fill(&t->shape.wide, p->y);
    return 0;
}

static int lift_backward(void *plan, const struct weir_layer_pass *p)
{
    struct thin *t = plan;
    weir_halo_fold(&t->shape.wide, p->dy, t->relu ? p->y : NULL, t->slope);
    weir_thin_correlate(&t->shape, false, p->x[0], p->dy, p->dw[0]);
    if (p->dw[1])
        weir_wide_sum(&t->shape.wide, p->dy, p->dw[1]);
    if (p->dx[0]) {
        weir_halo_fill(&t->shape.wide, p->dy);
        weir_thin_gather(&t->shape, true, p->dy, p->w[0], NULL, p->dx[0]);
        weir_halo_clear(&t->shape.thin, p->dx[0]);
    }
    return 0;
}

static int project_forward(void *plan, const struct weir_layer_pass *p)
{
    struct thin *t = plan;
    weir_thin_gather(&t->shape, false, p->x[0], p->w[0], p->w[1], p->y);
    weir_halo_fill(&t->shape.thin, p->y);
    return 0;
}

static int project_backward(void *plan, const struct weir_layer_pass *p)
{
    struct thin *t = plan;
    weir_halo_fold(&t->shape.thin, p->dy, NULL, 0.0F);
    weir_halo_fill(&t->shape.thin, p->dy);
    weir_thin_correlate(&t->shape, true, p->dy, p->x[0], p->dw[0]);
    if (p->dw[1])
        weir_thin_sum(&t->shape.thin, p->dy, p->dw[1]);
    if (p->dx[0]) {
        weir_thin_spread(&t->shape, true, false, 0.0F, p->dy, p->w[0], NULL,
                         p->dx[0]);
        weir_halo_clear(&t->shape.wide, p->dx[0]);
    }
    return 0;
}

const struct weir_layer_ops weir_conv_lift_ops = {
    .name = "first convolution",
    .form = lift_form,
    .plan = lift_plan,
    .release = free,
    .forward = lift_forward,
    .backward = lift_backward,
};

const struct weir_layer_ops weir_conv_project_ops = {
    .name = "last convolution",
    .form = project_form,
    .plan = project_plan,
    .release = free,
    .forward = project_forward,
    .backward = project_backward,
};
