/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_NN_GRAPH_REFERENCE_H
#define WEIR_TESTS_NN_GRAPH_REFERENCE_H

/**
 * @file
 * Every kind of layer written down once more, scalar and in double, as its
 * formula reads. A graph is run layer by layer through these, values being plain
 * (batch, channels, rows, points) and parameters plain tensors. Slow and plain:
 * what the engine computes is compared with this, and differentiated by central
 * differences of it.
 */
#include "base/rng.h"
#include "nn/layer.h"
#include "nn/layers.h"
#include "nn/model_impl.h"
#include "nn/net.h"

#include "tests/test.h"

#include <math.h>

struct oracle {
    const struct weir_graph *g;
    int batch;
    double **value; /* one array a value */
    double **param; /* one array a parameter; the caller's to change */
    uint64_t key;   /* of dropout, as a pass has it */
};

/** Of one value. */
static inline size_t oracle_floats(const struct oracle *o, int v)
{
    const struct weir_value *x = &o->g->value[v];
    return (size_t)o->batch * (size_t)x->channels * (size_t)x->rows *
           (size_t)x->points;
}

static inline struct oracle oracle_create(const struct weir_model *m, int batch,
                                          const float *packed)
{
    struct oracle o = {.g = &m->graph, .batch = batch};
    o.value = calloc((size_t)o.g->values, sizeof(*o.value));
    o.param = calloc((size_t)o.g->params + 1, sizeof(*o.param));
    for (int v = 0; v < o.g->values; v++)
        o.value[v] = calloc(oracle_floats(&o, v), sizeof(double));
    for (int i = 0; i < o.g->params; i++) {
        size_t n = o.g->param[i].count;
        float *plain = calloc(n, sizeof(*plain));
        o.param[i] = calloc(n, sizeof(double));
        ok(weir_model_export(m, (size_t)i, packed, plain));
        for (size_t j = 0; j < n; j++)
            o.param[i][j] = plain[j];
        free(plain);
    }
    return o;
}

static inline void oracle_destroy(struct oracle *o)
{
    for (int v = 0; v < o->g->values; v++)
        free(o->value[v]);
    for (int i = 0; i < o->g->params; i++)
        free(o->param[i]);
    free(o->value);
    free(o->param);
}

/** An array with its shape, one sample of it at a time. */
struct field {
    int channels, rows, points;
    double *x;
};

static inline struct field oracle_field(const struct oracle *o, int v, int b)
{
    const struct weir_value *x = &o->g->value[v];
    size_t frame = (size_t)x->channels * (size_t)x->rows * (size_t)x->points;
    return (struct field){x->channels, x->rows, x->points,
                          o->value[v] + (size_t)b * frame};
}

static inline double *cell(struct field f, int c, int i, int j)
{
    return f.x + ((size_t)c * (size_t)f.rows + (size_t)i) * (size_t)f.points +
           j;
}

/** x beyond its edges, as the padding says. */
static inline double beyond(struct field f, enum weir_padding padding, int c,
                            int i, int j)
{
    bool in = i >= 0 && i < f.rows && j >= 0 && j < f.points;
    if (in)
        return *cell(f, c, i, j);
    if (padding == WEIR_PAD_ZERO)
        return 0;
    if (padding == WEIR_PAD_CIRCULAR)
        return *cell(f, c, (i % f.rows + f.rows) % f.rows,
                     (j % f.points + f.points) % f.points);
    i = i < 0 ? -i : i >= f.rows ? 2 * f.rows - 2 - i : i;
    j = j < 0 ? -j : j >= f.points ? 2 * f.points - 2 - j : j;
    return -*cell(f, c, i, j);
}

static inline void oracle_conv(const struct oracle *o,
                               const struct weir_layer *l, struct field x,
                               struct field y)
{
    const struct weir_conv *s = l->spec;
    const double *w = o->param[l->param];
    const double *bias = l->params > 1 ? o->param[l->param + 1] : NULL;
    int high = o->g->shape.dims == 2 ? s->kernel : 1;
    int pad = high > 1 || o->g->shape.dims == 2 ? s->pad : 0;
    int down = o->g->shape.dims == 2 ? s->stride : 1;
    for (int c = 0; c < y.channels; c++)
        for (int i = 0; i < y.rows; i++)
            for (int j = 0; j < y.points; j++) {
                double sum = bias ? bias[c] : 0;
                for (int d = 0; d < x.channels; d++)
                    for (int a = 0; a < high; a++)
                        for (int b = 0; b < s->kernel; b++)
                            sum += w[((c * x.channels + d) * high + a) *
                                         s->kernel +
                                     b] *
                                   beyond(x, s->padding, d,
                                          down * i + s->dilation * a - pad,
                                          s->stride * j + s->dilation * b -
                                              s->pad);
                *cell(y, c, i, j) = sum;
            }
}

/** Scatter every product to where a convolution would have read it. */
static inline void oracle_deconv(const struct oracle *o,
                                 const struct weir_layer *l, struct field x,
                                 struct field y)
{
    const struct weir_conv *s = l->spec;
    const double *w = o->param[l->param];
    int dims = o->g->shape.dims, high = dims == 2 ? s->kernel : 1;
    for (int c = 0; c < y.channels; c++)
        for (int i = 0; i < y.rows * y.points; i++)
            cell(y, c, 0, 0)[i] = l->params > 1 ? o->param[l->param + 1][c] : 0;
    for (int d = 0; d < x.channels; d++)
        for (int c = 0; c < y.channels; c++)
            for (int i = 0; i < x.rows; i++)
                for (int j = 0; j < x.points; j++)
                    for (int a = 0; a < high; a++)
                        for (int b = 0; b < s->kernel; b++) {
                            int p = dims == 2 ? s->stride * i + a - s->pad : i;
                            int q = s->stride * j + b - s->pad;
                            bool in =
                                p >= 0 && p < y.rows && q >= 0 && q < y.points;
                            if (!in && s->padding == WEIR_PAD_ZERO)
                                continue;
                            p = (p + y.rows) % y.rows;
                            q = (q + y.points) % y.points;
                            *cell(y, c, p, q) +=
                                *cell(x, d, i, j) *
                                w[((d * y.channels + c) * high + a) *
                                      s->kernel +
                                  b];
                        }
}

static inline double oracle_activation(enum weir_activation f, double slope,
                                       double x)
{
    switch (f) {
    case WEIR_LINEAR:
        return x;
    case WEIR_RELU:
        return x > 0 ? x : 0;
    case WEIR_LEAKY_RELU:
        return x > 0 ? x : slope * x;
    case WEIR_GELU:
        return x / 2 * (1 + erf(x / sqrt(2)));
    case WEIR_SILU:
        return x / (1 + exp(-x));
    case WEIR_TANH:
        return tanh(x);
    case WEIR_SIGMOID:
        return 1 / (1 + exp(-x));
    }
    return NAN;
}

static inline void oracle_group_norm(const struct oracle *o,
                                     const struct weir_layer *l, struct field x,
                                     struct field y)
{
    int groups = *(const int *)l->spec, size = x.channels / groups;
    int n = size * x.rows * x.points, each = x.rows * x.points;
    for (int g = 0; g < groups; g++) {
        const double *p = cell(x, g * size, 0, 0);
        double mean = 0, square = 0;
        for (int i = 0; i < n; i++)
            mean += p[i] / n;
        for (int i = 0; i < n; i++)
            square += (p[i] - mean) * (p[i] - mean) / n;
        for (int i = 0; i < n; i++) {
            int c = g * size + i / each;
            cell(y, g * size, 0, 0)[i] =
                (p[i] - mean) / sqrt(square + 1e-5) * o->param[l->param][c] +
                o->param[l->param + 1][c];
        }
    }
}

static inline void oracle_pool(const struct oracle *o,
                               const struct weir_layer *l, struct field x,
                               struct field y)
{
    const struct weir_pool *s = l->spec;
    int high = o->g->shape.dims == 2 ? s->size : 1;
    for (int c = 0; c < y.channels; c++)
        for (int i = 0; i < y.rows; i++)
            for (int j = 0; j < y.points; j++) {
                double most = -INFINITY, sum = 0;
                for (int a = 0; a < high; a++)
                    for (int b = 0; b < s->size; b++) {
                        double v = *cell(x, c, i * high + a, j * s->size + b);
                        most = fmax(most, v);
                        sum += v;
                    }
                *cell(y, c, i, j) =
                    s->kind == WEIR_POOL_MAX ? most : sum / (high * s->size);
            }
}

static inline double oracle_between(struct field x, int c, double p, double q)
{
    p = fmin(fmax(p, 0), x.rows - 1);
    q = fmin(fmax(q, 0), x.points - 1);
    int i = (int)p, j = (int)q;
    int ii = i + 1 < x.rows ? i + 1 : i, jj = j + 1 < x.points ? j + 1 : j;
    double s = p - i, t = q - j;
    return (1 - s) * ((1 - t) * *cell(x, c, i, j) + t * *cell(x, c, i, jj)) +
           s * ((1 - t) * *cell(x, c, ii, j) + t * *cell(x, c, ii, jj));
}

static inline void oracle_resample(const struct weir_layer *l, struct field x,
                                   struct field y)
{
    bool near = *(const enum weir_resampling *)l->spec == WEIR_RESAMPLE_NEAREST;
    double down = (double)x.rows / y.rows, along = (double)x.points / y.points;
    for (int c = 0; c < y.channels; c++)
        for (int i = 0; i < y.rows; i++)
            for (int j = 0; j < y.points; j++)
                *cell(y, c, i, j) =
                    near ? *cell(x, c, i * x.rows / y.rows,
                                 j * x.points / y.points)
                         : oracle_between(x, c, (i + 0.5) * down - 0.5,
                                          (j + 0.5) * along - 0.5);
}

/** The bias goes to all points or, of a jet, to the first. */
static inline void oracle_linear(struct field x, struct field y,
                                 const double *w, const double *bias, bool jet)
{
    int n = x.rows * x.points;
    for (int c = 0; c < y.channels; c++)
        for (int i = 0; i < n; i++) {
            double sum = bias && !(jet && i > 0) ? bias[c] : 0;
            for (int d = 0; d < x.channels; d++)
                sum += w[c * x.channels + d] * x.x[d * n + i];
            y.x[c * n + i] = sum;
        }
}

static inline void oracle_jet(const struct oracle *o, struct field x,
                              struct field y)
{
    const struct weir_jet *j = &o->g->jet;
    for (int c = 0; c < x.channels; c++) {
        const double *z = cell(x, c, 0, 0);
        double *s = cell(y, c, 0, 0), slope;
        s[0] = tanh(z[0]);
        slope = 1 - s[0] * s[0];
        for (int i = 1; i <= j->coordinates; i++)
            s[i] = slope * z[i];
        for (int k = 0, at = 1 + j->coordinates; k < j->seconds; k++, at++)
            s[at] = slope * z[at] - 2 * s[0] * slope * z[1 + j->second[k][0]] *
                                        z[1 + j->second[k][1]];
    }
}

/** Coefficient (p, q) of one channel, e^(-i theta). */
static inline void oracle_coefficient(struct field x, int c, int p, int q,
                                      double *re, double *im)
{
    *re = *im = 0;
    for (int i = 0; i < x.rows; i++)
        for (int j = 0; j < x.points; j++) {
            double theta = 2 * acos(-1) *
                           ((double)p * i / x.rows + (double)q * j / x.points);
            *re += *cell(x, c, i, j) * cos(theta);
            *im -= *cell(x, c, i, j) * sin(theta);
        }
}

static inline void oracle_wave(struct field y, int c, int p, int q, double re,
                               double im)
{
    double times = q == 0 || 2 * q == y.points ? 1 : 2;
    for (int i = 0; i < y.rows; i++)
        for (int j = 0; j < y.points; j++) {
            double theta = 2 * acos(-1) *
                           ((double)p * i / y.rows + (double)q * j / y.points);
            *cell(y, c, i, j) += times * (re * cos(theta) - im * sin(theta)) /
                                 (y.rows * y.points);
        }
}

static inline void oracle_fourier(const struct oracle *o,
                                  const struct weir_layer *l, struct field x,
                                  struct field y)
{
    int m = ((const struct weir_fourier *)l->spec)->modes;
    int high = o->g->shape.dims == 2 ? 2 * m : 1;
    int each = high > 1 ? m : 1;
    oracle_linear(x, y, o->param[l->param], o->param[l->param + 1], false);
    for (int p = 0; p < high; p++)
        for (int q = 0; q < m; q++)
            for (int d = 0; d < x.channels; d++) {
                const double *r = o->param[l->param + 2 + p / each];
                int row = p < m ? p : p - high;
                double re, im;
                oracle_coefficient(x, d, row, q, &re, &im);
                for (int c = 0; c < y.channels; c++) {
                    const double *z =
                        r +
                        2 * (((d * y.channels + c) * each + p % each) * m + q);
                    oracle_wave(y, c, row, q, re * z[0] - im * z[1],
                                re * z[1] + im * z[0]);
                }
            }
}

static inline void oracle_coordinates(const struct oracle *o, struct field x,
                                      struct field y)
{
    int n = x.channels * x.rows * x.points;
    for (int i = 0; i < n; i++)
        y.x[i] = x.x[i];
    for (int c = x.channels; c < y.channels; c++)
        for (int i = 0; i < y.rows; i++)
            for (int j = 0; j < y.points; j++)
                *cell(y, c, i, j) = o->g->shape.dims == 2 && c == x.channels
                                        ? (double)i / (y.rows - 1)
                                        : (double)j / (y.points - 1);
}

static inline void oracle_batch_norm(const struct oracle *o,
                                     const struct weir_layer *l)
{
    const struct weir_value *v = &o->g->value[l->out];
    int each = v->rows * v->points, n = o->batch * each;
    for (int c = 0; c < v->channels; c++) {
        double mean = 0, square = 0;
        for (int i = 0; i < n; i++)
            mean +=
                cell(oracle_field(o, l->in[0], i / each), c, 0, 0)[i % each] /
                n;
        for (int i = 0; i < n; i++) {
            double x =
                cell(oracle_field(o, l->in[0], i / each), c, 0, 0)[i % each];
            square += (x - mean) * (x - mean) / n;
        }
        for (int i = 0; i < n; i++) {
            double x =
                cell(oracle_field(o, l->in[0], i / each), c, 0, 0)[i % each];
            cell(oracle_field(o, l->out, i / each), c, 0, 0)[i % each] =
                (x - mean) / sqrt(square + 1e-5) * o->param[l->param][c] +
                o->param[l->param + 1][c];
        }
    }
}

/** Draws in the order sample, channel, point. */
static inline void oracle_dropout(const struct oracle *o,
                                  const struct weir_layer *l, int layer)
{
    const struct weir_dropout *s = l->spec;
    const struct weir_value *v = &o->g->value[l->out];
    struct weir_rng rng =
        weir_rng_stream(o->key, WEIR_RNG_DROPOUT, (uint64_t)layer);
    size_t each = (size_t)(v->rows * v->points), n = oracle_floats(o, l->out);
    double factor = 0;
    for (size_t i = 0; i < n; i++) {
        if (!s->channels || i % each == 0)
            factor = weir_rng_uniform(&rng) < s->rate ? 0 : 1 / (1 - s->rate);
        o->value[l->out][i] = factor * o->value[l->in[0]][i];
    }
}

/** By the weights and bias, or by the vectors the layer reads. */
static inline double oracle_scale(const struct oracle *o,
                                  const struct weir_layer *l, int b, int c)
{
    return l->inputs > 1 ? oracle_field(o, l->in[1], b).x[c]
                         : o->param[l->param][c];
}

static inline double oracle_shift(const struct oracle *o,
                                  const struct weir_layer *l, int b, int c)
{
    return l->inputs > 1   ? oracle_field(o, l->in[2], b).x[c]
           : l->params > 1 ? o->param[l->param + 1][c]
                           : 0;
}

static inline void oracle_film(const struct oracle *o,
                               const struct weir_layer *l, int b,
                               struct field x, struct field y)
{
    int n = x.rows * x.points;
    for (int i = 0; i < x.channels * n; i++)
        y.x[i] = x.x[i] * oracle_scale(o, l, b, i / n) +
                 oracle_shift(o, l, b, i / n);
}

static inline void oracle_layer_norm(const struct oracle *o,
                                     const struct weir_layer *l, int b,
                                     struct field x, struct field y)
{
    int n = x.rows * x.points, k = x.channels;
    for (int i = 0; i < n; i++) {
        double mean = 0, square = 0;
        for (int c = 0; c < k; c++)
            mean += x.x[c * n + i] / k;
        for (int c = 0; c < k; c++)
            square += pow(x.x[c * n + i] - mean, 2) / k;
        for (int c = 0; c < k; c++)
            y.x[c * n + i] = (x.x[c * n + i] - mean) / sqrt(square + 1e-5) *
                                 oracle_scale(o, l, b, c) +
                             oracle_shift(o, l, b, c);
    }
}

static inline void oracle_embedding(const struct weir_layer *l, struct field x,
                                    struct field y)
{
    int waves = *(const int *)l->spec;
    for (int i = 0; i < x.channels; i++)
        for (int j = 0; j < waves; j++) {
            double angle = pow(10, -4.0 * j / waves) * x.x[i];
            y.x[2 * waves * i + j] = cos(angle);
            y.x[2 * waves * i + waves + j] = sin(angle);
        }
}

static inline void oracle_shuffle(const struct oracle *o,
                                  const struct weir_layer *l, struct field x,
                                  struct field y)
{
    const struct weir_shuffle *s = l->spec;
    struct field fine = s->spread ? y : x, coarse = s->spread ? x : y;
    int k = s->size, high = o->g->shape.dims == 2 ? k : 1;
    for (int c = 0; c < fine.channels; c++)
        for (int i = 0; i < fine.rows; i++)
            for (int j = 0; j < fine.points; j++) {
                int within = s->grouped
                                 ? (j % k * high + i % high) * fine.channels + c
                                 : (c * high + i % high) * k + j % k;
                double *p = cell(fine, c, i, j);
                double *q = cell(coarse, within, i / high, j / k);
                *(s->spread ? p : q) = *(s->spread ? q : p);
            }
}

static inline void oracle_depthwise(const struct oracle *o,
                                    const struct weir_layer *l, struct field x,
                                    struct field y)
{
    const struct weir_depthwise *s = l->spec;
    int k = s->kernel, high = o->g->shape.dims == 2 ? k : 1;
    for (int c = 0; c < y.channels; c++)
        for (int i = 0; i < y.rows; i++)
            for (int j = 0; j < y.points; j++) {
                double sum = o->param[l->param + 1][c];
                for (int a = 0; a < high; a++)
                    for (int b = 0; b < k; b++)
                        sum += o->param[l->param][(c * high + a) * k + b] *
                               beyond(x, s->padding, c, i + a - high / 2,
                                      j + b - k / 2);
                *cell(y, c, i, j) = sum;
            }
}

/** r~ of nn/position.h. */
static inline double oracle_log_spaced(int r, int n)
{
    double far = 8.0 * abs(r) / (n - 1);
    return r == 0 ? 0 : (r > 0 ? 1 : -1) * log(far + 1) / log(8);
}

/** Of every offset within a window, rows first, from the most negative. */
static inline double *oracle_positions(const struct oracle *o,
                                       const struct weir_layer *l, int head)
{
    const struct weir_attention *s = l->spec;
    int high = 2 * s->rows - 1, wide = 2 * s->points - 1;
    double *bias = calloc((size_t)(high * wide), sizeof(*bias));
    for (int i = 0; i < high * wide; i++) {
        double y = oracle_log_spaced(i / wide - s->rows + 1, s->rows);
        double x = oracle_log_spaced(i % wide - s->points + 1, s->points);
        double sum = 0;
        for (int k = 0; k < 512; k++) {
            const double *w = o->param[l->param + 1] + 2 * k;
            double h = w[0] * y + w[1] * x + o->param[l->param + 2][k];
            if (h > 0)
                sum += o->param[l->param + 3][512 * head + k] * h;
        }
        bias[i] = 16 / (1 + exp(-sum));
    }
    return bias;
}

/** Whether a shifted window shows @p a and @p b, points along an axis: both
 * before the edge it was carried over, or both behind. */
static inline bool oracle_together(int a, int b, int n, int window, int shift)
{
    int i = (a - shift + n) % n, j = (b - shift + n) % n;
    return i / window == j / window && (a < shift) == (b < shift);
}

/** Every pair of points of the whole field, those apart left out. */
static inline void oracle_attention(const struct oracle *o,
                                    const struct weir_layer *l, int b)
{
    const struct weir_attention *s = l->spec;
    struct field q = oracle_field(o, l->in[0], b);
    struct field k = oracle_field(o, l->in[1], b);
    struct field v = oracle_field(o, l->in[2], b);
    struct field y = oracle_field(o, l->out, b);
    int n = q.rows * q.points, size = q.channels / s->heads;
    int wide = 2 * s->points - 1;
    double *p = calloc((size_t)n, sizeof(*p));
    for (int h = 0; h < s->heads; h++) {
        double *bias = oracle_positions(o, l, h);
        double t = exp(fmin(o->param[l->param][h], log(100)));
        for (int i = 0; i < n; i++) {
            double all = 0;
            for (int j = 0; j < n; j++) {
                int down = i / q.points - j / q.points;
                int along = i % q.points - j % q.points;
                double qq = 0, kk = 0, qk = 0;
                p[j] = 0;
                if (!oracle_together(i / q.points, j / q.points, q.rows,
                                     s->rows, s->shift_rows) ||
                    !oracle_together(i % q.points, j % q.points, q.points,
                                     s->points, s->shift_points))
                    continue;
                for (int c = h * size; c < (h + 1) * size; c++) {
                    qq += q.x[c * n + i] * q.x[c * n + i];
                    kk += k.x[c * n + j] * k.x[c * n + j];
                    qk += q.x[c * n + i] * k.x[c * n + j];
                }
                p[j] = exp(
                    t * qk / sqrt(qq * kk) +
                    bias[(down + s->rows - 1) * wide + along + s->points - 1]);
                all += p[j];
            }
            for (int c = h * size; c < (h + 1) * size; c++) {
                y.x[c * n + i] = 0;
                for (int j = 0; j < n; j++)
                    y.x[c * n + i] += p[j] / all * v.x[c * n + j];
            }
        }
        free(bias);
    }
    free(p);
}

/** The kinds of layer of transformers; false: none of these. */
static inline bool oracle_token_layer(const struct oracle *o,
                                      const struct weir_layer *l, int b,
                                      struct field x, struct field y)
{
    const char *kind = l->ops->name;
    if (!strcmp(kind, "layer norm"))
        oracle_layer_norm(o, l, b, x, y);
    else if (!strcmp(kind, "film"))
        oracle_film(o, l, b, x, y);
    else if (!strcmp(kind, "constant"))
        y.x[0] = *(const double *)l->spec;
    else if (!strcmp(kind, "embedding"))
        oracle_embedding(l, x, y);
    else if (!strcmp(kind, "shuffle"))
        oracle_shuffle(o, l, x, y);
    else if (!strcmp(kind, "depthwise"))
        oracle_depthwise(o, l, x, y);
    else if (!strcmp(kind, "attention"))
        oracle_attention(o, l, b);
    else
        return false;
    return true;
}

static inline void oracle_layer(const struct oracle *o,
                                const struct weir_layer *l, int b)
{
    struct field x = oracle_field(o, l->in[0], b);
    struct field z = oracle_field(o, l->in[l->inputs > 1], b);
    struct field y = oracle_field(o, l->out, b);
    const char *kind = l->ops->name;
    int n = y.channels * y.rows * y.points;
    int first = x.channels * x.rows * x.points;
    if (strstr(kind, "transposed"))
        oracle_deconv(o, l, x, y);
    else if (strstr(kind, "convolution"))
        oracle_conv(o, l, x, y);
    else if (!strcmp(kind, "group norm"))
        oracle_group_norm(o, l, x, y);
    else if (!strcmp(kind, "pool"))
        oracle_pool(o, l, x, y);
    else if (!strcmp(kind, "resample"))
        oracle_resample(l, x, y);
    else if (!strcmp(kind, "linear"))
        oracle_linear(x, y, o->param[l->param],
                      l->params > 1 ? o->param[l->param + 1] : NULL,
                      o->g->jet.coordinates > 0);
    else if (!strcmp(kind, "jet tanh"))
        oracle_jet(o, x, y);
    else if (!strcmp(kind, "fourier"))
        oracle_fourier(o, l, x, y);
    else if (!strcmp(kind, "coordinates"))
        oracle_coordinates(o, x, y);
    else if (!strcmp(kind, "activation")) {
        const struct weir_activate *s = l->spec;
        for (int i = 0; i < n; i++)
            y.x[i] = oracle_activation(s->f, (double)s->slope, x.x[i]);
    } else if (!strcmp(kind, "sum"))
        for (int i = 0; i < n; i++)
            y.x[i] = x.x[i] + z.x[i];
    else if (!strcmp(kind, "concat"))
        for (int i = 0; i < n; i++)
            y.x[i] = i < first ? x.x[i] : z.x[i - first];
    else if (!strcmp(kind, "reorder") || !strcmp(kind, "reshape"))
        memcpy(y.x, x.x, (size_t)n * sizeof(double));
    else if (!oracle_token_layer(o, l, b, x, y))
        fail_msg("no reference for a layer of kind %s", kind);
    for (int i = 0; i < n; i++)
        y.x[i] = oracle_activation(l->activation, (double)l->slope, y.x[i]);
}

/** Run the whole graph on the frames in value 0; the result. */
static inline const double *oracle_run(const struct oracle *o)
{
    for (int i = 0; i < o->g->layers; i++) {
        const struct weir_layer *l = &o->g->layer[i];
        if (!strcmp(l->ops->name, "batch norm"))
            oracle_batch_norm(o, l);
        else if (!strcmp(l->ops->name, "dropout"))
            oracle_dropout(o, l, i);
        else
            for (int b = 0; b < o->batch; b++)
                oracle_layer(o, l, b);
    }
    return o->value[o->g->output];
}

#endif
