/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/ddpm.h"

#include "acquire/dense.h"
#include "base/err.h"
#include "base/heap.h"
#include "nn/optimiser.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PI    3.14159265358979323846
#define DECAY 0.995
#define CUT   1.25

/* Features of t and of c: sines and cosines of growing frequency, c itself, and
 * whether c is shown. In few dimensions also of x, without which a network this
 * small smooths over all that is narrow. */
enum { WAVES = 4, TIME = 2 * WAVES, CONDITION = 2 + 2 * WAVES };
enum { FEW = 16, OF_AXIS = 4 };

/* One step of the schedule. */
struct step {
    float signal, noise;            /* sqrt(abar), sqrt(1 - abar) */
    float estimate, stay, deviance; /* of the posterior of x_{t-1} */
    float wave[TIME];
};

struct weir_ddpm {
    struct weir_ddpm_config config;
    struct step *step; /* [timesteps] */
    struct weir_dense *net;
    float *average;    /* [weights] for sampling */
    float *input;      /* [2 * batch][inputs] */
    float *target;     /* [batch][dims]; in sampling x_t */
    float *difference; /* [batch][dims] */
    float *noise;      /* [dims] */
};

static size_t axis_features(const struct weir_ddpm *d)
{
    return d->config.dims > FEW ? 0 : OF_AXIS * (size_t)d->config.dims;
}

static size_t inputs(const struct weir_ddpm *d)
{
    return (size_t)d->config.dims + TIME + CONDITION + axis_features(d);
}

/* ---- the schedule ---- */

static void waves(double x, float *out)
{
    for (int j = 0; j < WAVES; j++) {
        out[2 * j] = (float)sin(0.5 * PI * x * (1 << j));
        out[2 * j + 1] = (float)cos(0.5 * PI * x * (1 << j));
    }
}

/* abar at time @p t of [0, 1], but for a constant factor. */
static double cosine(double t)
{
    double c = cos((t + 0.008) / 1.008 * PI / 2);
    return c * c;
}

static void make_schedule(struct weir_ddpm *d)
{
    double before = 1;
    int n = d->config.timesteps;
    for (int t = 0; t < n; t++) {
        double ratio = cosine((t + 1.0) / n) / cosine((double)t / n);
        double beta = fmin(1 - ratio, 0.999), abar = before * (1 - beta);
        struct step *s = &d->step[t];
        s->signal = (float)sqrt(abar);
        s->noise = (float)sqrt(1 - abar);
        s->estimate = (float)(beta * sqrt(before) / (1 - abar));
        s->stay = (float)((1 - before) * sqrt(1 - beta) / (1 - abar));
        s->deviance = (float)sqrt(beta * (1 - before) / (1 - abar));
        waves((t + 1.0) / n, s->wave);
        before = abar;
    }
}

/* ---- creation ---- */

static int check(const struct weir_ddpm_config *c)
{
    if (c->dims >= 1 && c->timesteps >= 2 && c->batch >= 1 && c->lr > 0 &&
        c->drop >= 0 && c->drop < 1)
        return 0;
    return WEIR_FAIL(EINVAL,
                     "ddpm: %d dimensions, %d timesteps, batch %d, rate %g, "
                     "drop %g",
                     c->dims, c->timesteps, c->batch, c->lr, c->drop);
}

static int allocate(struct weir_ddpm *d, uint64_t seed)
{
    const struct weir_ddpm_config *c = &d->config;
    size_t n, batch = (size_t)c->batch, values = batch * c->dims;
    struct weir_dense_shape shape = {(int)inputs(d), c->model_dim, c->blocks,
                                     c->dims};
    int rc = weir_dense_create(&shape, 2 * c->batch, &d->net);
    if (rc)
        return WEIR_NOTE(rc, "ddpm");
    weir_dense_init(d->net, seed, 0);
    float *w = weir_dense_weights(d->net, &n);
    d->step = weir_array((size_t)c->timesteps, sizeof(*d->step));
    d->average = weir_array(n, sizeof(float));
    d->input = weir_array(2 * batch * inputs(d), sizeof(float));
    d->target = weir_array(values, sizeof(float));
    d->difference = weir_array(values, sizeof(float));
    d->noise = weir_array((size_t)c->dims, sizeof(float));
    if (!d->step || !d->average || !d->input || !d->target || !d->difference ||
        !d->noise)
        return WEIR_FAIL(ENOMEM, "ddpm");
    memcpy(d->average, w, n * sizeof(float));
    make_schedule(d);
    return 0;
}

int weir_ddpm_create(const struct weir_ddpm_config *config, uint64_t seed,
                     struct weir_ddpm **out)
{
    int rc = check(config);
    if (rc)
        return rc;
    struct weir_ddpm *d = calloc(1, sizeof(*d));
    if (!d)
        return WEIR_FAIL(ENOMEM, "ddpm");
    d->config = *config;
    rc = allocate(d, seed);
    if (rc) {
        weir_ddpm_destroy(d);
        return rc;
    }
    *out = d;
    return 0;
}

void weir_ddpm_destroy(struct weir_ddpm *d)
{
    if (!d)
        return;
    weir_dense_destroy(d->net);
    free(d->step);
    free(d->average);
    free(d->input);
    free(d->target);
    free(d->difference);
    free(d->noise);
    free(d);
}

size_t weir_ddpm_bytes(const struct weir_ddpm *d)
{
    size_t n, batch = (size_t)d->config.batch;
    weir_dense_weights(d->net, &n);
    return weir_dense_bytes(d->net) +
           sizeof(float) *
               (n + 2 * batch * (inputs(d) + d->config.dims) + d->config.dims) +
           (size_t)d->config.timesteps * sizeof(*d->step);
}

uint64_t weir_ddpm_steps(const struct weir_ddpm *d)
{
    return weir_dense_steps(d->net);
}

/* ---- what the network sees: x, then features of t, of c and of x ---- */

static float *of_time(const struct weir_ddpm *d, float *row)
{
    return row + d->config.dims;
}

static float *of_condition(const struct weir_ddpm *d, float *row)
{
    return of_time(d, row) + TIME;
}

/* c NULL: hidden. */
static void describe_condition(const struct weir_ddpm *d, const float *c,
                               float *row)
{
    float *to = of_condition(d, row);
    memset(to, 0, CONDITION * sizeof(*to));
    if (!c)
        return;
    to[0] = 1;
    to[1] = *c;
    waves(*c, to + 2);
}

static void describe_point(const struct weir_ddpm *d, const struct step *s,
                           float *row)
{
    float *to = of_condition(d, row) + CONDITION;
    memcpy(of_time(d, row), s->wave, sizeof(s->wave));
    for (size_t j = 0; j < axis_features(d); j += OF_AXIS) {
        float angle = (float)PI * row[j / OF_AXIS];
        to[j] = sinf(angle);
        to[j + 1] = cosf(angle);
        to[j + 2] = 2 * to[j] * to[j + 1];
        to[j + 3] = 1 - 2 * to[j] * to[j];
    }
}

/* ---- training ---- */

/* An example at a random time: its row, and the v that belongs to it. */
static void diffuse(struct weir_ddpm *d, int i, const float *x, const float *c,
                    struct weir_rng *rng)
{
    size_t dims = (size_t)d->config.dims;
    float *row = d->input + (size_t)i * inputs(d);
    float *v = d->target + (size_t)i * dims;
    const struct step *s =
        &d->step[weir_rng_below(rng, (uint32_t)d->config.timesteps)];
    const float *shown = weir_rng_uniform(rng) < d->config.drop ? NULL : c;
    weir_rng_normals(rng, dims, v);
    for (size_t j = 0; j < dims; j++) {
        float e = v[j];
        row[j] = s->signal * x[j] + s->noise * e;
        v[j] = s->signal * e - s->noise * x[j];
    }
    describe_condition(d, shown, row);
    describe_point(d, s, row);
}

static void average_weights(struct weir_ddpm *d)
{
    size_t n;
    const float *w = weir_dense_weights(d->net, &n);
    double steps = (double)weir_dense_steps(d->net);
    weir_average_step(fmin(DECAY, steps / (steps + 10)), false, n, w,
                      d->average, d->average);
}

/* Derivatives of the weighted mean of squared differences by v. */
static void compare(struct weir_ddpm *d, const float *v, const float *weight,
                    int n)
{
    size_t dims = (size_t)d->config.dims;
    for (int i = 0; i < n; i++) {
        float share = 2 * (weight ? weight[i] : 1) / (float)n / (float)dims;
        for (size_t j = (size_t)i * dims; j < (size_t)(i + 1) * dims; j++)
            d->difference[j] = share * (v[j] - d->target[j]);
    }
}

int weir_ddpm_train(struct weir_ddpm *d, const float *x, const float *c,
                    const float *weight, int n, struct weir_rng *rng)
{
    const float *v, *grad;
    for (int i = 0; i < n; i++)
        diffuse(d, i, x + (size_t)i * d->config.dims, c + i, rng);
    int rc = weir_dense_forward(d->net, NULL, d->input, n, &v);
    if (rc)
        return WEIR_NOTE(rc, "ddpm");
    compare(d, v, weight, n);
    rc = weir_dense_backward(d->net, d->input, d->difference, n, &grad);
    if (rc)
        return WEIR_NOTE(rc, "ddpm");
    weir_dense_step(d->net, &(struct weir_dense_rate){.lr = d->config.lr});
    average_weights(d);
    return 0;
}

/* ---- sampling ---- */

/* The network sees n rows with c and, guided, the same n with c hidden. */
static int rows_of(const struct weir_ddpm *d, int n)
{
    return d->config.guidance == 1 ? n : 2 * n;
}

/* Guided v of the @p n points of d->target, at time s. */
static int guided(struct weir_ddpm *d, const struct step *s, int n,
                  const float **v)
{
    size_t dims = (size_t)d->config.dims, wide = inputs(d);
    float g = (float)d->config.guidance;
    int rows = rows_of(d, n);
    size_t condition = (size_t)(of_condition(d, d->input) - d->input);
    size_t behind = condition + CONDITION;
    for (int i = 0; i < n; i++) {
        float *row = d->input + (size_t)i * wide;
        memcpy(row, d->target + (size_t)i * dims, dims * sizeof(*row));
        describe_point(d, s, row);
        if (rows == n)
            continue;
        float *hidden = row + (size_t)n * wide;
        memcpy(hidden, row, condition * sizeof(*row));
        memcpy(hidden + behind, row + behind, (wide - behind) * sizeof(*row));
    }
    int rc = weir_dense_forward(d->net, d->average, d->input, rows, v);
    if (rc || rows == n)
        return rc;
    const float *hidden = *v + (size_t)n * dims;
    for (size_t j = 0; j < (size_t)n * dims; j++)
        d->difference[j] = hidden[j] + g * ((*v)[j] - hidden[j]);
    *v = d->difference;
    return 0;
}

/* Point @p i a step back; the last one without noise. */
static void go_back(struct weir_ddpm *d, const struct step *s, int i,
                    const float *v, struct weir_rng *rng)
{
    size_t dims = (size_t)d->config.dims;
    float *x = d->target + (size_t)i * dims;
    if (s->deviance > 0)
        weir_rng_normals(rng, dims, d->noise);
    else
        memset(d->noise, 0, dims * sizeof(float));
    for (size_t j = 0; j < dims; j++) {
        float estimate = s->signal * x[j] - s->noise * v[j];
        estimate = fminf(fmaxf(estimate, -CUT), CUT);
        x[j] =
            s->estimate * estimate + s->stay * x[j] + s->deviance * d->noise[j];
    }
}

/* Conditions stay, and points begin as noise. */
static void begin(struct weir_ddpm *d, const float *c, int n,
                  struct weir_rng *rng)
{
    size_t dims = (size_t)d->config.dims;
    for (int i = 0; i < rows_of(d, n); i++)
        describe_condition(d, i < n ? &c[i] : NULL,
                           d->input + (size_t)i * inputs(d));
    for (int i = 0; i < n; i++)
        weir_rng_normals(&rng[i], dims, d->target + (size_t)i * dims);
}

int weir_ddpm_sample(struct weir_ddpm *d, const float *c, int n,
                     struct weir_rng *rng, float *x)
{
    size_t dims = (size_t)d->config.dims;
    begin(d, c, n, rng);
    for (int t = d->config.timesteps - 1; t >= 0; t--) {
        const struct step *s = &d->step[t];
        const float *v;
        int rc = guided(d, s, n, &v);
        if (rc)
            return WEIR_NOTE(rc, "ddpm");
        for (int i = 0; i < n; i++)
            go_back(d, s, i, v + (size_t)i * dims, &rng[i]);
    }
    memcpy(x, d->target, (size_t)n * dims * sizeof(*x));
    return 0;
}

/* ---- state ---- */

int weir_ddpm_save(const struct weir_ddpm *d, struct weir_blob *out)
{
    size_t n;
    weir_dense_weights(d->net, &n);
    int rc = weir_dense_save(d->net, out);
    return rc ? rc : weir_blob_put(out, d->average, n * sizeof(float));
}

int weir_ddpm_restore(struct weir_ddpm *d, struct weir_blob *in)
{
    size_t n;
    weir_dense_weights(d->net, &n);
    int rc = weir_dense_restore(d->net, in);
    rc = rc ? rc : weir_blob_get(in, d->average, n * sizeof(float));
    return rc ? WEIR_NOTE(rc, "ddpm") : 0;
}
