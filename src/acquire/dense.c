/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/dense.h"

#include "base/err.h"
#include "base/heap.h"
#include "base/rng.h"
#include "nn/dnnl.h"
#include "nn/optimiser.h"
#include "nn/simd.h"

#include <assert.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

struct weir_dense {
    struct weir_dense_shape shape;
    int batch;
    size_t n; /* weights */
    uint64_t steps;
    float *w, *m, *v, *grad;
    float *a;       /* [blocks + 1] planes [batch][width], before activation */
    float *h;       /* the same, after it and with the residual */
    float *y;       /* [batch][out] */
    float *da, *dh; /* planes */
};

/* ---- where things are ---- */

static size_t block_size(const struct weir_dense_shape *s)
{
    return (size_t)s->width * s->width + s->width;
}

/* Weights of layer @p i, 0 .. blocks + 1; its bias follows them. */
static size_t layer_at(const struct weir_dense_shape *s, int i)
{
    size_t first = (size_t)s->in * s->width + s->width;
    return i == 0 ? 0 : first + (size_t)(i - 1) * block_size(s);
}

static int inputs(const struct weir_dense_shape *s, int i)
{
    return i == 0 ? s->in : s->width;
}

static int outputs(const struct weir_dense_shape *s, int i)
{
    return i > s->blocks ? s->out : s->width;
}

/* Floats of one plane of activations: whole vectors, so that the last one may
 * be worked on beyond its end. */
static size_t plane_size(const struct weir_dense *d)
{
    size_t n = (size_t)d->batch * d->shape.width;
    return (n + WEIR_LANES - 1) / WEIR_LANES * WEIR_LANES;
}

static float *plane(const struct weir_dense *d, float *of, int i)
{
    return of + (size_t)i * plane_size(d);
}

/* ---- creation ---- */

static int allocate(struct weir_dense *d)
{
    const struct weir_dense_shape *s = &d->shape;
    size_t rows = (size_t)d->batch, wide = plane_size(d);
    d->n = layer_at(s, s->blocks + 1) + (size_t)(s->width + 1) * s->out;
    d->w = weir_array(d->n, sizeof(float));
    d->m = weir_array(d->n, sizeof(float));
    d->v = weir_array(d->n, sizeof(float));
    d->grad = weir_array(d->n, sizeof(float));
    d->a = weir_array(wide * (s->blocks + 1), sizeof(float));
    d->h = weir_array(wide * (s->blocks + 1), sizeof(float));
    d->y = weir_array(rows * s->out, sizeof(float));
    d->da = weir_array(wide, sizeof(float));
    d->dh = weir_array(wide, sizeof(float));
    return d->w && d->m && d->v && d->grad && d->a && d->h && d->y && d->da &&
                   d->dh
               ? 0
               : WEIR_FAIL(ENOMEM, "dense: %zu weights", d->n);
}

int weir_dense_create(const struct weir_dense_shape *shape, int batch,
                      struct weir_dense **out)
{
    if (shape->in < 1 || shape->width < 1 || shape->blocks < 0 ||
        shape->out < 1 || batch < 1)
        return WEIR_FAIL(EINVAL,
                         "dense: %d inputs, width %d, %d blocks, %d outputs, "
                         "batch %d",
                         shape->in, shape->width, shape->blocks, shape->out,
                         batch);
    struct weir_dense *d = calloc(1, sizeof(*d));
    if (!d)
        return WEIR_FAIL(ENOMEM, "dense");
    d->shape = *shape;
    d->batch = batch;
    int rc = allocate(d);
    if (rc) {
        weir_dense_destroy(d);
        return rc;
    }
    *out = d;
    return 0;
}

void weir_dense_destroy(struct weir_dense *d)
{
    if (!d)
        return;
    float *arrays[] = {d->w, d->m, d->v,  d->grad, d->a,
                       d->h, d->y, d->da, d->dh};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++)
        free(arrays[i]);
    free(d);
}

size_t weir_dense_bytes(const struct weir_dense *d)
{
    const struct weir_dense_shape *s = &d->shape;
    size_t wide = plane_size(d);
    return sizeof(float) * (4 * d->n + wide * (2 * (size_t)s->blocks + 4) +
                            (size_t)d->batch * s->out);
}

void weir_dense_init(struct weir_dense *d, uint64_t seed, uint64_t id)
{
    const struct weir_dense_shape *s = &d->shape;
    struct weir_rng rng = weir_rng_stream(seed, WEIR_RNG_WEIGHTS, id);
    memset(d->w, 0, d->n * sizeof(float));
    memset(d->m, 0, d->n * sizeof(float));
    memset(d->v, 0, d->n * sizeof(float));
    d->steps = 0;
    for (int i = 0; i <= s->blocks; i++) {
        double bound = 1 / sqrt(inputs(s, i));
        for (size_t j = layer_at(s, i); j < layer_at(s, i + 1); j++)
            d->w[j] = (float)(bound * (2 * weir_rng_uniform(&rng) - 1));
    }
}

float *weir_dense_weights(struct weir_dense *d, size_t *n)
{
    *n = d->n;
    return d->w;
}

uint64_t weir_dense_steps(const struct weir_dense *d)
{
    return d->steps;
}

/* ---- the activation ---- */

/* g = 1 / (1 + e^-a), e^x to 3 units in the last place, in operations that every
 * vector width has; 2^n is put together from bits. */
WEIR_INLINE void sigmoid(const weir_v8 *a, weir_v8 *g)
{
    const weir_v8 zero = {0}, shift = zero + 12582912.f; /* 1.5 * 2^23 */
    weir_v8 x = zero - *a;
    weir_v8i low = x<zero - 80.f, high = x> zero + 80.f;
    x = (weir_v8)(((weir_v8i)x & ~low & ~high) |
                  ((weir_v8i)(zero - 80.f) & low) |
                  ((weir_v8i)(zero + 80.f) & high));
    weir_v8 n = (x * 1.44269504f + shift) - shift; /* rounded */
    weir_v8 r = x - n * 0.693359375f - n * -2.12194440e-4f;
    weir_v8 e = zero + 1.9875691500e-4f;
    e = e * r + 1.3981999507e-3f;
    e = e * r + 8.3334519073e-3f;
    e = e * r + 4.1665795894e-2f;
    e = e * r + 1.6666665459e-1f;
    e = e * r + 5.0000001201e-1f;
    weir_v8i power = (__builtin_convertvector(n, weir_v8i) + 127) << 23;
    e = (e * r * r + r + 1.f) * (weir_v8)power;
    *g = 1.f / (1.f + e);
}

/* h = s(a) + before; before NULL: no residual. */
WEIR_CLONES static void activate(size_t n, const float *a, const float *before,
                                 float *h)
{
    for (size_t i = 0; i < n; i += WEIR_LANES) {
        weir_v8 g, x = *(const weir_v8 *)(a + i);
        sigmoid(&x, &g);
        *(weir_v8 *)(h + i) =
            before ? x * g + *(const weir_v8 *)(before + i) : x * g;
    }
}

/* da = dh s'(a), with s' = g (1 + a (1 - g)). */
WEIR_CLONES static void activate_back(size_t n, const float *a, const float *dh,
                                      float *da)
{
    for (size_t i = 0; i < n; i += WEIR_LANES) {
        weir_v8 g, x = *(const weir_v8 *)(a + i);
        sigmoid(&x, &g);
        *(weir_v8 *)(da + i) =
            *(const weir_v8 *)(dh + i) * g * (1.f + x * (1.f - g));
    }
}

/* ---- forward and backward ---- */

/* y = x w + bias, on this thread alone. */
static int layer_forward(const struct weir_dense *d, const float *w, int i,
                         const float *x, int n, float *y)
{
    int in = inputs(&d->shape, i), out = outputs(&d->shape, i);
    const float *at = w + layer_at(&d->shape, i);
    const float *bias = at + (size_t)in * out;
    for (int r = 0; r < n; r++)
        memcpy(y + (size_t)r * out, bias, (size_t)out * sizeof(*y));
    return weir_gemm(n, out, in, (struct weir_matrix){x, in, false},
                     (struct weir_matrix){at, out, false}, 1, y, out);
}

int weir_dense_forward(struct weir_dense *d, const float *w, const float *x,
                       int n, const float **y)
{
    const float *from = x, *before = NULL, *weights = w ? w : d->w;
    int rc = 0;
    assert(n <= d->batch);
    omp_set_num_threads(1);
    for (int i = 0; rc == 0 && i <= d->shape.blocks; i++) {
        float *a = plane(d, d->a, i), *h = plane(d, d->h, i);
        rc = layer_forward(d, weights, i, from, n, a);
        activate((size_t)n * d->shape.width, a, before, h);
        from = before = h;
    }
    *y = d->y;
    return rc ? rc
              : layer_forward(d, weights, d->shape.blocks + 1, from, n, d->y);
}

static void sum_rows(const float *x, int n, size_t columns, float *sum)
{
    memset(sum, 0, columns * sizeof(*sum));
    for (int r = 0; r < n; r++)
        weir_gradient_add(columns, x + (size_t)r * columns, sum);
}

/* Gradient of layer @p i; and of its inputs, added to beta @p dx, unless @p dx
 * is NULL. */
static int layer_backward(struct weir_dense *d, int i, const float *x,
                          const float *dy, int n, float beta, float *dx)
{
    int in = inputs(&d->shape, i), out = outputs(&d->shape, i);
    size_t at = layer_at(&d->shape, i);
    sum_rows(dy, n, (size_t)out, d->grad + at + (size_t)in * out);
    int rc =
        weir_gemm(in, out, n, (struct weir_matrix){x, in, true},
                  (struct weir_matrix){dy, out, false}, 0, d->grad + at, out);
    if (rc || !dx)
        return rc;
    return weir_gemm(n, in, out, (struct weir_matrix){dy, out, false},
                     (struct weir_matrix){d->w + at, out, true}, beta, dx, in);
}

int weir_dense_backward(struct weir_dense *d, const float *x, const float *dy,
                        int n, const float **grad)
{
    int last = d->shape.blocks + 1;
    size_t wide = (size_t)n * d->shape.width;
    omp_set_num_threads(1);
    int rc = layer_backward(d, last, plane(d, d->h, last - 1), dy, n, 0, d->dh);
    for (int i = last - 1; rc == 0 && i > 0; i--) {
        activate_back(wide, plane(d, d->a, i), d->dh, d->da);
        /* The residual: dh passes through, and the block's share is added. */
        rc = layer_backward(d, i, plane(d, d->h, i - 1), d->da, n, 1, d->dh);
    }
    activate_back(wide, plane(d, d->a, 0), d->dh, d->da);
    *grad = d->grad;
    return rc ? rc : layer_backward(d, 0, x, d->da, n, 0, NULL);
}

void weir_dense_step(struct weir_dense *d, const struct weir_dense_rate *rate)
{
    struct weir_adam_config adam = weir_adam_defaults();
    adam.lr = rate->lr;
    adam.weight_decay = rate->weight_decay;
    weir_adam_step(&adam, d->steps++, d->n, d->grad, d->w, d->m, d->v, d->w,
                   d->m, d->v);
}

/* ---- state ---- */

int weir_dense_save(const struct weir_dense *d, struct weir_blob *out)
{
    size_t bytes = d->n * sizeof(float);
    int rc = weir_blob_put(out, &d->shape, sizeof(d->shape));
    rc = rc ? rc : weir_blob_put(out, &d->steps, sizeof(d->steps));
    rc = rc ? rc : weir_blob_put(out, d->w, bytes);
    rc = rc ? rc : weir_blob_put(out, d->m, bytes);
    return rc ? rc : weir_blob_put(out, d->v, bytes);
}

int weir_dense_restore(struct weir_dense *d, struct weir_blob *in)
{
    struct weir_dense_shape s;
    size_t bytes = d->n * sizeof(float);
    int rc = weir_blob_get(in, &s, sizeof(s));
    if (!rc && memcmp(&s, &d->shape, sizeof(s)))
        return WEIR_FAIL(EINVAL,
                         "saved network has %d inputs, width %d, %d blocks, "
                         "%d outputs; this run's %d, %d, %d, %d",
                         s.in, s.width, s.blocks, s.out, d->shape.in,
                         d->shape.width, d->shape.blocks, d->shape.out);
    rc = rc ? rc : weir_blob_get(in, &d->steps, sizeof(d->steps));
    rc = rc ? rc : weir_blob_get(in, d->w, bytes);
    rc = rc ? rc : weir_blob_get(in, d->m, bytes);
    return rc ? rc : weir_blob_get(in, d->v, bytes);
}
