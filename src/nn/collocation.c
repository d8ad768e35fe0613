/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/collocation.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/heap.h"
#include "nn/net.h"

#include <stdlib.h>
#include <string.h>

struct weir_collocation {
    struct weir_surrogate_config config;
    const struct weir_residual *equation;
    struct weir_net *net;
    size_t numbers, features; /* of a jet; of all features' jets */
    double *encoded;          /* [features] */
    float *x, *y, *r; /* a batch: the net's input, its output; residuals */
    int64_t turned_ns;
};

static size_t batch_of(const struct weir_collocation *c)
{
    return (size_t)c->config.batch;
}

static size_t own_floats(const struct weir_collocation *c)
{
    return batch_of(c) * (c->features + c->numbers + 1);
}

static int allocate(struct weir_collocation *c)
{
    c->encoded = weir_array(c->features, sizeof(double));
    c->x = weir_array(own_floats(c), sizeof(float));
    if (!c->encoded || !c->x)
        return WEIR_FAIL(ENOMEM, "surrogate: %zu floats", own_floats(c));
    c->y = c->x + batch_of(c) * c->features;
    c->r = c->y + batch_of(c) * c->numbers;
    return 0;
}

static int check_loss(enum weir_loss_type type)
{
    if (type == WEIR_LOSS_MSE || type == WEIR_LOSS_MAE ||
        type == WEIR_LOSS_RMSE)
        return 0;
    WEIR_FAIL(EINVAL, "training.loss: a residual is measured against 0, not "
                      "relative to it");
    return weir_err_hint("set training.loss to mse, or to mae");
}

/* What the net was made for must be what the equation asks. */
static int check(const struct weir_model *model,
                 const struct weir_surrogate_config *config)
{
    const struct weir_jet *a = &weir_model_io(model)->jet;
    if (config->batch < 1 || config->unroll < 0 || config->unroll > 1)
        return WEIR_FAIL(EINVAL, "surrogate: batch %d, unroll %d of points",
                         config->batch, config->unroll);
    if (memcmp(a, &config->equation->jet, sizeof(*a)))
        return WEIR_FAIL(EINVAL, "surrogate: a model for another equation");
    return config->unroll ? check_loss(config->loss) : 0;
}

int weir_collocation_create(const struct weir_model *model,
                            const struct weir_surrogate_config *config,
                            struct weir_collocation **out)
{
    struct weir_net_config net = {
        .batch = config->batch,
        .tapes = config->unroll,
        .threads = config->threads ? config->threads : 1,
    };
    int rc = check(model, config);
    if (rc)
        return rc;
    struct weir_collocation *c = calloc(1, sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "surrogate");
    c->config = *config;
    c->equation = config->equation;
    c->numbers = (size_t)weir_jet_size(&c->equation->jet);
    c->features = (size_t)c->equation->jet.features * c->numbers;
    rc = weir_net_create(model, &net, &c->net);
    rc = rc ? rc : allocate(c);
    if (rc) {
        weir_collocation_destroy(c);
        return rc;
    }
    *out = c;
    return 0;
}

void weir_collocation_destroy(struct weir_collocation *c)
{
    if (!c)
        return;
    weir_net_destroy(c->net);
    free(c->encoded);
    free(c->x);
    free(c);
}

size_t weir_collocation_bytes(const struct weir_collocation *c)
{
    return sizeof(*c) + c->features * sizeof(double) +
           own_floats(c) * sizeof(float) + weir_net_bytes(c->net);
}

const float *weir_collocation_residuals(const struct weir_collocation *c)
{
    return c->r;
}

int64_t weir_collocation_turned_ns(const struct weir_collocation *c)
{
    return c->turned_ns;
}

/* ---- one point ---- */

static void encode(struct weir_collocation *c, size_t b, const double *at)
{
    float *to = c->x + b * c->features;
    c->equation->encode(c->equation->config, at, c->encoded);
    for (size_t i = 0; i < c->features; i++)
        to[i] = (float)c->encoded[i];
}

/* u = a + g v: the product rule, and its adjoint from du to dv. */
struct constraint {
    double offset[WEIR_JET_MAX], factor[WEIR_JET_MAX];
};

static void lift(const struct weir_jet *j, const struct constraint *k,
                 const float *v, double *u)
{
    const double *a = k->offset, *g = k->factor;
    u[0] = a[0] + g[0] * v[0];
    for (int i = 1; i <= j->coordinates; i++)
        u[i] = a[i] + g[i] * v[0] + g[0] * v[i];
    for (int s = 0, at = 1 + j->coordinates; s < j->seconds; s++, at++) {
        int p = 1 + j->second[s][0], q = 1 + j->second[s][1];
        u[at] = a[at] + g[at] * v[0] + g[p] * v[q] + g[q] * v[p] + g[0] * v[at];
    }
}

static void lower(const struct weir_jet *j, const struct constraint *k,
                  const double *du, float *dv)
{
    const double *g = k->factor;
    double sum[WEIR_JET_MAX] = {g[0] * du[0]};
    for (int i = 1; i <= j->coordinates; i++) {
        sum[0] += g[i] * du[i];
        sum[i] += g[0] * du[i];
    }
    for (int s = 0, at = 1 + j->coordinates; s < j->seconds; s++, at++) {
        int p = 1 + j->second[s][0], q = 1 + j->second[s][1];
        sum[0] += g[at] * du[at];
        sum[q] += g[p] * du[at];
        sum[p] += g[q] * du[at];
        sum[at] += g[0] * du[at];
    }
    for (int i = 0; i < weir_jet_size(j); i++)
        dv[i] = (float)sum[i];
}

static void read_point(const struct weir_collocation *c, const float *sample,
                       double *at)
{
    for (int i = 0; i < c->equation->jet.coordinates; i++)
        at[i] = (double)sample[i];
}

/* From the net's jet of place @p b to its gradient, in place. */
static void measure(struct weir_collocation *c, size_t b, const float *sample,
                    float inv_count, float *loss)
{
    static const float unit = 1, zero = 0;
    static const struct weir_loss_frame frame = {1, 1, &unit};
    const struct weir_residual *e = c->equation;
    double at[WEIR_JET_COORDINATES], u[WEIR_JET_MAX], du[WEIR_JET_MAX];
    struct constraint k;
    float *v = c->y + b * c->numbers, slope = 0;
    read_point(c, sample, at);
    e->constrain(e->config, at, k.offset, k.factor);
    lift(&e->jet, &k, v, u);
    c->r[b] = (float)e->residual(e->config, at, u, du);
    *loss = (float)weir_loss_gradient(c->config.loss, &frame, &c->r[b], &zero,
                                      inv_count, &slope);
    for (size_t i = 0; i < c->numbers; i++)
        du[i] *= slope;
    lower(&e->jet, &k, du, v);
}

/* ---- a batch ---- */

static void encode_samples(struct weir_collocation *c,
                           const float *const *samples)
{
    double at[WEIR_JET_COORDINATES];
    for (size_t b = 0; b < batch_of(c); b++) {
        if (samples[b]) {
            read_point(c, samples[b], at);
            encode(c, b, at);
        } else {
            memset(c->x + b * c->features, 0, c->features * sizeof(float));
        }
    }
}

int weir_collocation_train(struct weir_collocation *c, const float *packed,
                           const float *const *samples, float inv_count,
                           float *grad, float *loss)
{
    if (c->config.unroll == 0)
        return WEIR_FAIL(EINVAL, "surrogate: made for prediction only");
    encode_samples(c, samples);
    int rc = weir_net_forward(c->net, 0, packed, c->x, c->y);
    c->turned_ns = weir_now_ns();
    for (size_t b = 0; b < batch_of(c); b++) {
        loss[b] = 0;
        if (samples[b])
            measure(c, b, samples[b], inv_count, &loss[b]);
        else
            memset(c->y + b * c->numbers, 0, c->numbers * sizeof(float));
    }
    return rc ? rc
              : weir_net_backward(c->net, 0, packed, c->y, NULL, grad, false);
}

int weir_collocation_values(struct weir_collocation *c, const float *packed,
                            const double *at, size_t n, float *u)
{
    const struct weir_residual *e = c->equation;
    size_t d = (size_t)e->jet.coordinates;
    struct constraint k;
    int rc = 0;
    for (size_t from = 0; rc == 0 && from < n; from += batch_of(c)) {
        size_t m = n - from < batch_of(c) ? n - from : batch_of(c);
        for (size_t b = 0; b < m; b++)
            encode(c, b, at + (from + b) * d);
        rc = weir_net_forward(c->net, 0, packed, c->x, c->y);
        for (size_t b = 0; b < m; b++) {
            e->constrain(e->config, at + (from + b) * d, k.offset, k.factor);
            u[from + b] = (float)(k.offset[0] +
                                  k.factor[0] * (double)c->y[b * c->numbers]);
        }
    }
    return rc;
}
