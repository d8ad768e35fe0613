/* SPDX-License-Identifier: BSD-3-Clause */
/* tanh of jets: a point of the value is one number of the jet, channels last,
 * so that all numbers of a channel meet in one loop over channels. */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/layers.h"
#include "nn/simd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct weir_layer_ops jet_ops;

int weir_graph_jet_tanh(struct weir_graph *g, int in)
{
    char name[WEIR_LAYER_NAME];
    in = weir_graph_in_order(g, in, WEIR_LAST);
    if (!weir_graph_has(g, in, "jet tanh"))
        return -1;
    const struct weir_value *x = &g->value[in];
    struct weir_made made = {x->channels, x->rows, x->points, WEIR_LAST};
    snprintf(name, sizeof(name), "tanh.%d", g->layers);
    if (x->points != weir_jet_size(&g->jet))
        return weir_graph_fail(g, WEIR_FAIL(EINVAL,
                                            "%s: %d points, a jet has %d", name,
                                            x->points, weir_jet_size(&g->jet)));
    return weir_graph_made(
        g, weir_graph_layer(g, &jet_ops, name, 1, &in, made, NULL, 0));
}

struct plan {
    struct weir_jet jet;
    size_t batch, channels;
};

static int jet_plan(struct weir_layer_site *site, void **plan)
{
    struct plan *p = malloc(sizeof(*p));
    if (!p)
        return WEIR_FAIL(ENOMEM, "%s", site->layer->name);
    *p = (struct plan){
        .jet = site->graph->jet,
        .batch = (size_t)site->y->batch,
        .channels = (size_t)site->y->channels,
    };
    *plan = p;
    return 0;
}

/*
 * tanh(x) = e / (e + 2), e = exp(2x) - 1. With 2x = n ln 2 + r, |r| <= ln 2 / 2,
 * e = 2^n (exp(r) - 1) + 2^n - 1, and exp(r) - 1 = r + r^2/2! + ... + r^8/8!,
 * which is 2e-10 short of it: so small x keep their relative precision.
 */
WEIR_INLINE float tanh_of(float x)
{
    const float magic = 12582912.0F; /* 1.5 2^23: rounds what is added */
    float y = 2.0F * (x > 9.0F ? 9.0F : x < -9.0F ? -9.0F : x);
    float n = (y * 1.442695041F + magic) - magic;
    float r = (y - n * 0.693145752F) - n * 1.42860677e-6F;
    float p = r * (1.0F / 40320) + 1.0F / 5040;
    p = p * r + 1.0F / 720;
    p = p * r + 1.0F / 120;
    p = p * r + 1.0F / 24;
    p = p * r + 1.0F / 6;
    p = p * r + 0.5F;
    p = p * r * r + r;
    union {
        int i;
        float f;
    } power = {.i = ((int)n + 127) << 23};
    float e = power.f * p + (power.f - 1.0F);
    return e / (e + 2.0F);
}

/* ---- forward ---- */

WEIR_INLINE void first_forward(size_t n, const float *restrict s,
                               const float *restrict z, float *restrict out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (1.0F - s[i] * s[i]) * z[i];
}

WEIR_INLINE void second_forward(size_t n, const float *restrict s,
                                const float *restrict a,
                                const float *restrict b,
                                const float *restrict z, float *restrict out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (1.0F - s[i] * s[i]) * (z[i] - 2.0F * s[i] * a[i] * b[i]);
}

WEIR_CLONES
static void forward_point(const struct plan *p, const float *z, float *s)
{
    const struct weir_jet *j = &p->jet;
    size_t n = p->channels, d = (size_t)j->coordinates;
    for (size_t i = 0; i < n; i++)
        s[i] = tanh_of(z[i]);
    for (size_t a = 1; a <= d; a++)
        first_forward(n, s, z + a * n, s + a * n);
    for (int k = 0; k < j->seconds; k++) {
        size_t at = (1 + d + (size_t)k) * n;
        second_forward(n, s, z + (size_t)(1 + j->second[k][0]) * n,
                       z + (size_t)(1 + j->second[k][1]) * n, z + at, s + at);
    }
}

static int jet_forward(void *plan, const struct weir_layer_pass *pass)
{
    const struct plan *p = plan;
    size_t one = (size_t)weir_jet_size(&p->jet) * p->channels;
    for (size_t b = 0; b < p->batch; b++)
        forward_point(p, pass->x[0] + b * one, pass->y + b * one);
    return 0;
}

/* ---- backward ---- */

/* dc/dz = -2 s c */
WEIR_INLINE void first_backward(size_t n, const float *restrict s,
                                const float *restrict z,
                                const float *restrict dy, float *restrict dz,
                                float *restrict dz0)
{
    for (size_t i = 0; i < n; i++) {
        float c = 1.0F - s[i] * s[i];
        dz[i] = c * dy[i];
        dz0[i] -= 2.0F * s[i] * c * z[i] * dy[i];
    }
}

/* d(-2 s c)/dz = -2 c (1 - 3 s^2); da and db may be one array */
WEIR_INLINE void second_backward(size_t n, const float *s, const float *a,
                                 const float *b, const float *z,
                                 const float *dy, float *da, float *db,
                                 float *dz, float *dz0)
{
    for (size_t i = 0; i < n; i++) {
        float q = s[i] * s[i], c = 1.0F - q, curve = -2.0F * s[i] * c;
        dz[i] = c * dy[i];
        da[i] += curve * b[i] * dy[i];
        db[i] += curve * a[i] * dy[i];
        dz0[i] +=
            (curve * z[i] - 2.0F * c * (1.0F - 3.0F * q) * a[i] * b[i]) * dy[i];
    }
}

/* The same of one coordinate twice: no two names for one array. */
WEIR_INLINE void square_backward(size_t n, const float *restrict s,
                                 const float *restrict a,
                                 const float *restrict z,
                                 const float *restrict dy, float *restrict da,
                                 float *restrict dz, float *restrict dz0)
{
    for (size_t i = 0; i < n; i++) {
        float q = s[i] * s[i], c = 1.0F - q, curve = -2.0F * s[i] * c;
        dz[i] = c * dy[i];
        da[i] += 2.0F * curve * a[i] * dy[i];
        dz0[i] +=
            (curve * z[i] - 2.0F * c * (1.0F - 3.0F * q) * a[i] * a[i]) * dy[i];
    }
}

WEIR_CLONES
static void backward_point(const struct plan *p, const float *z, const float *s,
                           const float *dy, float *dz)
{
    const struct weir_jet *j = &p->jet;
    size_t n = p->channels, d = (size_t)j->coordinates;
    for (size_t i = 0; i < n; i++)
        dz[i] = (1.0F - s[i] * s[i]) * dy[i];
    for (size_t a = 1; a <= d; a++)
        first_backward(n, s, z + a * n, dy + a * n, dz + a * n, dz);
    for (int k = 0; k < j->seconds; k++) {
        size_t a = (size_t)(1 + j->second[k][0]) * n;
        size_t b = (size_t)(1 + j->second[k][1]) * n;
        size_t at = (1 + d + (size_t)k) * n;
        if (a == b)
            square_backward(n, s, z + a, z + at, dy + at, dz + a, dz + at, dz);
        else
            second_backward(n, s, z + a, z + b, z + at, dy + at, dz + a, dz + b,
                            dz + at, dz);
    }
}

static int jet_backward(void *plan, const struct weir_layer_pass *pass)
{
    const struct plan *p = plan;
    size_t one = (size_t)weir_jet_size(&p->jet) * p->channels;
    for (size_t b = 0; pass->dx[0] && b < p->batch; b++)
        backward_point(p, pass->x[0] + b * one, pass->y + b * one,
                       pass->dy + b * one, pass->dx[0] + b * one);
    return 0;
}

static const struct weir_layer_ops jet_ops = {
    .name = "jet tanh",
    .plan = jet_plan,
    .release = free,
    .forward = jet_forward,
    .backward = jet_backward,
};
