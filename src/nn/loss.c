/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/loss.h"

#include "nn/simd.h"

#include <math.h>

/* Sums are taken in lanes of a fixed number, so that vector widths agree; the
 * lanes are added in double. */
enum { LANES = 16 };

static const double EPSILON = 1e-6; /* smallest size a target counts with */

/* ---- of one channel, without a gradient ---- */

WEIR_CLONES
static double squares(size_t n, const float *p, const float *t)
{
    float lane[LANES] = {0};
    double sum = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) {
            float e = p[i + j] - t[i + j];
            lane[j] += e * e;
        }
    for (; i < n; i++) {
        double e = (double)p[i] - t[i];
        sum += e * e;
    }
    for (size_t j = 0; j < LANES; j++)
        sum += lane[j];
    return sum;
}

WEIR_CLONES
static double sizes(size_t n, const float *t)
{
    float lane[LANES] = {0};
    double sum = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++)
            lane[j] += t[i + j] * t[i + j];
    for (; i < n; i++)
        sum += (double)t[i] * t[i];
    for (size_t j = 0; j < LANES; j++)
        sum += lane[j];
    return sum;
}

/* ---- weights of the absolute error, by target ---- */

static double weigh_evenly(double t)
{
    (void)t;
    return 1;
}

static double weigh_exp(double t)
{
    return exp(t - 1);
}

static double weigh_tanh(double t)
{
    return 1 + 2000 * tanh(t);
}

typedef double weight_fn(double target);

static weight_fn *const weights[] = {
    [WEIR_LOSS_MAE] = weigh_evenly,
    [WEIR_LOSS_WMAE_EXP] = weigh_exp,
    [WEIR_LOSS_WMAE_TANH] = weigh_tanh,
};

/* Sum of the weighted |e|; with @p g its gradient, times @p factor. */
static double weighted(weight_fn *weight, size_t n, const float *p,
                       const float *t, double factor, float *g)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double e = (double)p[i] - t[i], w = weight(t[i]);
        sum += w * fabs(e);
        if (g && e != 0)
            g[i] += (float)(e > 0 ? factor * w : -factor * w);
    }
    return sum;
}

/* ---- whole states ---- */

float weir_loss(enum weir_loss_type type, const float *prediction,
                const float *target, size_t n)
{
    double all = (double)n;
    if (type >= WEIR_LOSS_MAE && type < WEIR_LOSS_EVIDENTIAL)
        return (float)(weighted(weights[type], n, prediction, target, 0, NULL) /
                       all);
    double mse = squares(n, prediction, target) / all;
    if (type == WEIR_LOSS_MSE || type == WEIR_LOSS_EVIDENTIAL)
        return (float)mse;
    if (type == WEIR_LOSS_RMSE)
        return (float)sqrt(mse);
    return (float)(sqrt(mse) / fmax(sqrt(sizes(n, target) / all), EPSILON));
}

/* g += factor * (p - t); returns the sum of squares of p - t. */
WEIR_CLONES
static double follow(size_t n, float factor, const float *restrict p,
                     const float *restrict t, float *restrict g)
{
    float lane[LANES] = {0};
    double sum = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) {
            float e = p[i + j] - t[i + j];
            lane[j] += e * e;
            g[i + j] += factor * e;
        }
    for (; i < n; i++) {
        float e = p[i] - t[i];
        sum += (double)e * e;
        g[i] += factor * e;
    }
    for (size_t j = 0; j < LANES; j++)
        sum += lane[j];
    return sum;
}

static double values_of(const struct weir_loss_frame *f)
{
    return (double)f->channels * (double)f->points;
}

static double squared(const struct weir_loss_frame *f, const float *p,
                      const float *t, double factor, float *g)
{
    double share = 1 / values_of(f), sum = 0;
    for (int c = 0; c < f->channels; c++) {
        size_t at = (size_t)c * f->points;
        double weight = share / ((double)f->unit[c] * f->unit[c]);
        sum += weight * follow(f->points, (float)(2 * factor * weight), p + at,
                               t + at, g + at);
    }
    return sum;
}

/* The root of a sum of weighted squares moves by their gradient over twice it.
 * Relative errors are one channel of all values, in units of the target. */
static double root(const struct weir_loss_frame *f, const float *p,
                   const float *t, double factor, float *g)
{
    double sum = 0;
    for (int c = 0; c < f->channels; c++) {
        size_t at = (size_t)c * f->points;
        sum += squares(f->points, p + at, t + at) /
               ((double)f->unit[c] * f->unit[c]);
    }
    double value = sqrt(sum / values_of(f));
    if (value > 0)
        squared(f, p, t, factor / (2 * value), g);
    return value;
}

static double relative(const struct weir_loss_frame *f, const float *p,
                       const float *t, double factor, float *g)
{
    size_t n = (size_t)f->channels * f->points;
    double size = fmax(sqrt(sizes(n, t) / (double)n), EPSILON);
    float unit = (float)size;
    struct weir_loss_frame whole = {1, n, &unit};
    return root(&whole, p, t, factor, g);
}

static double absolute(weight_fn *weight, const struct weir_loss_frame *f,
                       const float *p, const float *t, double factor, float *g)
{
    double share = 1 / values_of(f), sum = 0;
    for (int c = 0; c < f->channels; c++) {
        size_t at = (size_t)c * f->points;
        double scale = weight == weigh_evenly ? share / f->unit[c] : share;
        sum += scale * weighted(weight, f->points, p + at, t + at,
                                factor * scale, g + at);
    }
    return sum;
}

double weir_loss_gradient(enum weir_loss_type type,
                          const struct weir_loss_frame *frame,
                          const float *prediction, const float *target,
                          double factor, float *gradient)
{
    switch (type) {
    case WEIR_LOSS_MSE:
    case WEIR_LOSS_EVIDENTIAL:
        return squared(frame, prediction, target, factor, gradient);
    case WEIR_LOSS_NRMSE:
        return relative(frame, prediction, target, factor, gradient);
    case WEIR_LOSS_RMSE:
        return root(frame, prediction, target, factor, gradient);
    case WEIR_LOSS_MAE:
    case WEIR_LOSS_WMAE_EXP:
    case WEIR_LOSS_WMAE_TANH:
    case WEIR_LOSS_TYPES:
        break;
    }
    return absolute(weights[type], frame, prediction, target, factor, gradient);
}
