/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_NN_REFERENCE_H
#define WEIR_TESTS_NN_REFERENCE_H

/**
 * @file
 * The convolutional surrogate written down once more, scalar and in double, as
 * the formulas of nn/surrogate.h and nn/models/convnet.c read. Slow and plain:
 * what the engine does is compared with this.
 */
#include "nn/loss.h"
#include "nn/model.h"
#include "nn/normaliser.h"
#include "nn/registry.h"

#include "tests/test.h"

#include <math.h>

/** A model of this case, its weights as plain doubles and packed floats. */
struct reference {
    int channels, points, width, depth; /* depth hidden layers */
    struct weir_model *model;
    float *packed;
    double **tensor; /* weight 0, bias 0, weight 1, ... */
    enum weir_loss_type loss;
};

static inline struct weir_model *make_model(int channels, int points, int width,
                                            int depth)
{
    const struct weir_model_ops *ops = weir_model_find("convnet");
    struct weir_shape shape = {channels, 1, {points, 1}};
    struct weir_options opts;
    struct weir_model *model = NULL;
    char text[16];
    assert_non_null(ops);
    ok(weir_options_init(ops->options, &opts));
    snprintf(text, sizeof(text), "%d", width);
    ok(weir_options_set(&opts, "width", text));
    snprintf(text, sizeof(text), "%d", depth);
    ok(weir_options_set(&opts, "depth", text));
    ok(weir_model_create(ops, &opts, &shape, &model));
    weir_options_free(&opts);
    return model;
}

static inline float *make_floats(size_t n)
{
    float *p = aligned_alloc(64, (n * sizeof(float) + 63) / 64 * 64);
    assert_non_null(p);
    return p;
}

/** Tensor @p i of a packed vector, as doubles. */
static inline double *plain_tensor(const struct weir_model *model, size_t i,
                                   const float *packed)
{
    size_t n = weir_model_tensor(model, i).count;
    float *plain = make_floats(n);
    double *out = calloc(n, sizeof(*out));
    ok(weir_model_export(model, i, packed, plain));
    for (size_t j = 0; j < n; j++)
        out[j] = plain[j];
    free(plain);
    return out;
}

static inline struct reference reference_create(int channels, int points,
                                                int width, int depth,
                                                uint64_t seed)
{
    struct reference r = {
        .channels = channels, .points = points, .width = width, .depth = depth};
    r.model = make_model(channels, points, width, depth);
    r.packed = make_floats(weir_model_packed(r.model));
    ok(weir_model_init(r.model, seed, r.packed));
    size_t n = weir_model_tensors(r.model);
    r.tensor = calloc(n, sizeof(*r.tensor));
    for (size_t i = 0; i < n; i++)
        r.tensor[i] = plain_tensor(r.model, i, r.packed);
    return r;
}

static inline void reference_destroy(struct reference *r)
{
    for (size_t i = 0; i < weir_model_tensors(r->model); i++)
        free(r->tensor[i]);
    free(r->tensor);
    free(r->packed);
    weir_model_destroy(r->model);
}

/** y[o][i] = b[o] + sum over c, k of w[o][c][k] x[c][i + k - 1], periodic. */
static inline void reference_conv(int in, int out, int points, const double *w,
                                  const double *b, const double *x, double *y)
{
    for (int o = 0; o < out; o++) {
        for (int i = 0; i < points; i++) {
            double sum = b[o];
            int left = (i - 1 + points) % points, right = (i + 1) % points;
            for (int c = 0; c < in; c++) {
                const double *p = w + 3 * (o * in + c), *xc = x + c * points;
                sum += p[0] * xc[left] + p[1] * xc[i] + p[2] * xc[right];
            }
            y[o * points + i] = sum;
        }
    }
}

/** y = net(x), one frame. */
static inline void reference_net(const struct reference *r, const double *x,
                                 double *y)
{
    int widest = r->width > r->channels ? r->width : r->channels;
    size_t n = (size_t)(widest * r->points);
    double *a = calloc(n, sizeof(*a)), *b = calloc(n, sizeof(*b));
    memcpy(a, x, (size_t)(r->channels * r->points) * sizeof(*a));
    for (int l = 0; l <= r->depth; l++) {
        int in = l == 0 ? r->channels : r->width;
        int out = l == r->depth ? r->channels : r->width;
        reference_conv(in, out, r->points, r->tensor[2 * l],
                       r->tensor[2 * l + 1], a, b);
        for (int i = 0; i < out * r->points; i++)
            a[i] = l < r->depth && b[i] < 0 ? 0 : b[i];
    }
    memcpy(y, a, (size_t)(r->channels * r->points) * sizeof(*y));
    free(a);
    free(b);
}

/** next = step(x) in physical units, one frame. */
static inline void reference_step(const struct reference *r,
                                  const struct weir_normaliser *norm,
                                  int residual, const double *x, double *next)
{
    int n = r->channels * r->points;
    double *s = calloc((size_t)n, sizeof(*s)),
           *y = calloc((size_t)n, sizeof(*y));
    for (int i = 0; i < n; i++) {
        int c = i / r->points;
        s[i] = (x[i] - norm->mean[c]) / norm->deviation[c];
    }
    reference_net(r, s, y);
    for (int i = 0; i < n; i++) {
        int c = i / r->points;
        next[i] = residual ? x[i] + norm->residual[c] * y[i]
                           : norm->mean[c] + norm->deviation[c] * y[i];
    }
    free(s);
    free(y);
}

/** A training loss of (channels, points) values, as nn/loss.h reads. */
static inline double reference_error(enum weir_loss_type type, int channels,
                                     int points, const float *unit,
                                     const double *p, const float *t)
{
    int n = channels * points;
    double square = 0, size = 0, modulus = 0;
    for (int i = 0; i < n; i++) {
        double e = p[i] - t[i];
        double weight = type == WEIR_LOSS_WMAE_EXP ? exp(-(1 - (double)t[i]))
                        : type == WEIR_LOSS_WMAE_TANH
                            ? 1 + 2000 * tanh((double)t[i])
                            : 1;
        if (type == WEIR_LOSS_MSE || type == WEIR_LOSS_RMSE ||
            type == WEIR_LOSS_MAE)
            e /= unit[i / points];
        square += e * e / n;
        modulus += weight * fabs(e) / n;
        size += (double)t[i] * t[i] / n;
    }
    switch (type) {
    case WEIR_LOSS_MSE:
        return square;
    case WEIR_LOSS_NRMSE:
        return sqrt(square) / fmax(sqrt(size), 1e-6);
    case WEIR_LOSS_RMSE:
        return sqrt(square);
    default:
        return modulus;
    }
}

/** The training loss of one sample; @p last receives the final state. */
static inline double reference_loss(const struct reference *r,
                                    const struct weir_normaliser *norm,
                                    int residual, int unroll,
                                    const float *sample, double *last)
{
    int n = r->channels * r->points;
    double loss = 0;
    double *next = calloc((size_t)n, sizeof(*next));
    for (int i = 0; i < n; i++)
        last[i] = sample[i];
    for (int k = 1; k <= unroll; k++) {
        reference_step(r, norm, residual, last, next);
        memcpy(last, next, (size_t)n * sizeof(*last));
        loss += reference_error(r->loss, r->channels, r->points, norm->residual,
                                last, sample + k * n) /
                unroll;
    }
    free(next);
    return loss;
}

#endif
