/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fourier layer: a linear map of every mode beside one of every point. With X =
 * F x, F the truncated transform and s_k a mode's share in the inverse:
 *
 *     y  = F* (s R X) + W x + b        dX = conj(R) dY,  dY = s F dy
 *     dx = F* dX + W^T dy              dR = conj(X) dY
 *
 * X is kept from forward to backward.
 */
#include "base/err.h"
#include "nn/channel_sums.h"
#include "nn/dft.h"
#include "nn/layer.h"
#include "nn/layers.h"
#include "nn/modes.h"
#include "nn/simd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct weir_layer_ops fourier_ops;

/* ---- building ---- */

static bool modes_fit(struct weir_graph *g, const char *name, int modes,
                      const struct weir_value *x)
{
    bool flat = g->shape.dims == 2;
    if (modes < 1 || modes > x->points / 2 + 1 || (flat && 2 * modes > x->rows))
        weir_graph_fail(g, WEIR_FAIL(EINVAL, "%s: %d modes of %d x %d points",
                                     name, modes, x->rows, x->points));
    return !g->error;
}

int weir_graph_fourier(struct weir_graph *g, int in, const char *name,
                       const struct weir_fourier *f)
{
    in = weir_graph_in_order(g, in, WEIR_LAST);
    if (!weir_graph_has(g, in, name) ||
        !modes_fit(g, name, f->modes, &g->value[in]))
        return -1;
    const struct weir_value *x = &g->value[in];
    int dims = g->shape.dims, from = x->channels;
    double scale = 1.0 / ((double)from * f->channels);
    int64_t w[] = {f->channels, from, 1, 1};
    int64_t r[] = {from, f->channels, f->modes, dims == 2 ? f->modes : 2, 2};
    struct weir_init bound = {WEIR_INIT_UNIFORM, 1 / sqrt(from)};
    struct weir_init start = {
        f->positive_start ? WEIR_INIT_POSITIVE : WEIR_INIT_NORMAL, scale};
    struct weir_made made = {f->channels, x->rows, x->points, WEIR_LAST};
    int l =
        weir_graph_layer(g, &fourier_ops, name, 1, &in, made, f, sizeof(*f));
    weir_graph_param(g, "linear.weight", 2 + dims, w, bound);
    weir_graph_param(g, "linear.bias", 1, w, bound);
    weir_graph_param(g, "spectral.weight1", 3 + dims, r, start);
    if (dims == 2)
        weir_graph_param(g, "spectral.weight2", 3 + dims, r, start);
    return weir_graph_made(g, l);
}

/* ---- planning ---- */

struct fourier {
    struct weir_layout y;
    struct weir_dft dft;
    struct weir_mode mode;
    int in, out, points; /* channels; points of the whole batch */
};

static int width_of(int channels)
{
    return (channels + WEIR_LANES - 1) / WEIR_LANES * WEIR_LANES;
}

/* [mode][in][real, imaginary][width]: as modes are multiplied. */
static int fourier_form(const struct weir_graph *g, const struct weir_layer *l,
                        struct weir_form form[])
{
    const struct weir_fourier *f = l->spec;
    int64_t in = g->value[l->in[0]].channels, width = width_of(f->channels);
    int64_t mode = 2 * in * width, dims = g->shape.dims;
    struct weir_form r = {.stride = {2 * width, 1}};
    r.stride[dims + 1] = mode;
    if (dims == 2)
        r.stride[2] = f->modes * mode;
    r.stride[dims + 2] = width;
    r.floats = (size_t)(mode * f->modes * (dims == 2 ? f->modes : 1));
    for (int i = 2; i < l->params; i++)
        form[i] = r;
    return 0;
}

static void fourier_release(void *plan)
{
    struct fourier *f = plan;
    weir_dft_free(&f->dft);
    free(f);
}

static int fourier_plan(struct weir_layer_site *site, void **plan)
{
    const struct weir_fourier *s = site->layer->spec;
    struct fourier *f = calloc(1, sizeof(*f));
    if (!f)
        return WEIR_FAIL(ENOMEM, "%s", site->layer->name);
    f->y = *site->y;
    f->in = site->x[0]->channels;
    f->out = site->y->channels;
    f->points = site->y->batch * (int)weir_layout_area(site->y);
    f->mode = (struct weir_mode){site->y->batch, f->in, width_of(f->out)};
    int rc = weir_dft_create(site->y, s->modes, &f->dft);
    if (rc) {
        fourier_release(f);
        return rc;
    }
    int most = f->in > f->out ? f->in : f->out;
    site->keep = weir_dft_floats(&f->dft, f->in);
    site->work = weir_dft_floats(&f->dft, f->mode.width) +
                 weir_dft_floats(&f->dft, f->in) + weir_dft_work(&f->dft, most);
    site->forgets_y = true;
    *plan = f;
    return 0;
}

static size_t fourier_bytes(const void *plan)
{
    const struct fourier *f = plan;
    size_t along = (size_t)f->dft.modes * (size_t)f->dft.points;
    size_t across = f->dft.across ? (size_t)(f->dft.high * f->dft.rows) : 0;
    return sizeof(*f) + 2 * (along + across) * sizeof(float);
}

/* ---- running ---- */

/* Real part of a mode in a spectrum, its matrix in the two tensors. */
static size_t mode_at(const struct fourier *f, int k, int width)
{
    return (size_t)k * (size_t)f->mode.batch * (size_t)width;
}

static size_t matrix_at(const struct fourier *f, int k, int *tensor)
{
    int each = f->dft.modes * (f->dft.high > 1 ? f->dft.modes : 1);
    *tensor = 2 + k / each;
    return (size_t)(k % each) * 2 * (size_t)f->in * (size_t)f->mode.width;
}

static void mix(const struct fourier *f, const struct weir_layer_pass *p,
                const float *x, float *y)
{
    int modes = weir_dft_modes(&f->dft), width = f->mode.width, t;
    const float *x_im = x + mode_at(f, modes, f->in);
    float *y_im = y + mode_at(f, modes, width);
    for (int k = 0; k < modes; k++) {
        size_t r = matrix_at(f, k, &t);
        size_t from = mode_at(f, k, f->in), to = mode_at(f, k, width);
        weir_mode_mix(&f->mode, weir_dft_share(&f->dft, k), x + from,
                      x_im + from, p->w[t] + r, y + to, y_im + to);
    }
}

static int fourier_forward(void *plan, const struct weir_layer_pass *p)
{
    struct fourier *f = plan;
    float *spectrum = p->work;
    float *work = spectrum + weir_dft_floats(&f->dft, f->mode.width);
    struct weir_matrix x = {p->x[0], f->in, false}, w = {p->w[0], f->in, true};
    int rc = weir_gemm(f->points, f->out, f->in, x, w, 0.0F, p->y, f->out);
    weir_channel_add(&f->y, p->w[1], p->y);
    if (!rc)
        rc = weir_dft_analyse(&f->dft, f->in, f->in, p->x[0], p->keep, work);
    if (rc)
        return rc;
    mix(f, p, p->keep, spectrum);
    return weir_dft_synthesise(&f->dft, f->out, f->mode.width, spectrum, p->y,
                               work);
}

WEIR_INLINE void scale(size_t n, float by, float *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= by;
}

/* From dY unscaled to the gradients of matrices and of X. */
WEIR_CLONES
static void unmix(const struct fourier *f, const struct weir_layer_pass *p,
                  float *dy, float *dx)
{
    int modes = weir_dft_modes(&f->dft), width = f->mode.width, t;
    const float *x_im = p->keep + mode_at(f, modes, f->in);
    float *dx_im = dx + mode_at(f, modes, f->in);
    float *dy_im = dy + mode_at(f, modes, width);
    for (int k = 0; k < modes; k++) {
        size_t r = matrix_at(f, k, &t), n = mode_at(f, 1, width);
        size_t from = mode_at(f, k, f->in), to = mode_at(f, k, width);
        scale(n, weir_dft_share(&f->dft, k), dy + to);
        scale(n, weir_dft_share(&f->dft, k), dy_im + to);
        weir_mode_correlate(&f->mode, p->keep + from, x_im + from, dy + to,
                            dy_im + to, p->dw[t] + r);
        if (p->dx[0])
            weir_mode_unmix(&f->mode, dy + to, dy_im + to, p->w[t] + r,
                            dx + from, dx_im + from);
    }
}

static int linear_backward(const struct fourier *f,
                           const struct weir_layer_pass *p)
{
    struct weir_matrix x = {p->x[0], f->in, false}, w = {p->w[0], f->in, false};
    struct weir_matrix dy = {p->dy, f->out, false};
    struct weir_matrix across = {p->dy, f->out, true};
    weir_channel_sum(&f->y, p->dy, p->dw[1]);
    int rc =
        weir_gemm(f->out, f->in, f->points, across, x, 0.0F, p->dw[0], f->in);
    if (!rc && p->dx[0])
        rc = weir_gemm(f->points, f->in, f->out, dy, w, 0.0F, p->dx[0], f->in);
    return rc;
}

static int fourier_backward(void *plan, const struct weir_layer_pass *p)
{
    struct fourier *f = plan;
    size_t floats = weir_dft_floats(&f->dft, f->mode.width);
    float *dy = p->work, *dx = dy + floats;
    float *work = dx + weir_dft_floats(&f->dft, f->in);
    int rc = linear_backward(f, p);
    if (f->out < f->mode.width)
        memset(dy, 0, floats * sizeof(float));
    if (!rc)
        rc = weir_dft_analyse(&f->dft, f->out, f->mode.width, p->dy, dy, work);
    if (rc)
        return rc;
    unmix(f, p, dy, dx);
    return p->dx[0]
               ? weir_dft_synthesise(&f->dft, f->in, f->in, dx, p->dx[0], work)
               : 0;
}

static const struct weir_layer_ops fourier_ops = {
    .name = "fourier",
    .form = fourier_form,
    .plan = fourier_plan,
    .release = fourier_release,
    .bytes = fourier_bytes,
    .forward = fourier_forward,
    .backward = fourier_backward,
};
