/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/surrogate.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/rng.h"
#include "nn/collocation.h"
#include "nn/evidence.h"
#include "nn/net.h"
#include "nn/simd.h"

#include <stdlib.h>
#include <string.h>

struct weir_surrogate {
    struct weir_surrogate_config config;
    struct weir_collocation *collocation; /* then there is little else */
    struct weir_net *net;
    int channels, given, inputs; /* of a state; of them; what the net reads */
    size_t points, frame;        /* frame = channels * points */
    size_t skipped;              /* points of the given channels */
    size_t made;                 /* points of the others */
    size_t reads, features;      /* floats of what is read; the net's, of it */
    size_t heads;                /* numbers the net makes of each of these */
    uint64_t key;                /* of dropout's masks */
    bool *present;               /* samples in this micro-batch */
    float *scaled;      /* net's input, then dL/d input: a batch of frames */
    float *change;      /* net's output, then dL/d output */
    float *state;       /* unroll + 1 batches: the predicted chain */
    float *sensitivity; /* dL/d state */
    float *raw;         /* of densities: the net's other numbers, then dL/d
                           those; `unroll` batches, at least one */
    float *variance;    /* of them: a batch of frames; NULL: none are made */
    int64_t turned_ns;  /* when the last train() began to go back */
};

/* The affine maps around the net, for one channel. */
struct scales {
    float mean, inverse; /* s = (x - mean) * inverse */
    float carry, offset; /* x' = carry * x + offset + gain * y */
    float gain;
};

static struct scales scales_of(const struct weir_surrogate *s,
                               const struct weir_normaliser *norm, int c)
{
    bool residual = s->config.residual && !s->given && !s->config.inputs;
    float mean = s->given ? 0.0F : norm->mean[c];
    return (struct scales){
        .mean = mean,
        .inverse = 1.0F / norm->deviation[c],
        .carry = residual ? 1.0F : 0.0F,
        .offset = residual ? 0.0F : mean,
        .gain = residual ? norm->residual[c] : norm->deviation[c],
    };
}

/* ---- creation ---- */

/* Whether the model reads what the surrogate is told of. */
static bool inputs_fit(const struct weir_model *model,
                       const struct weir_inputs *inputs)
{
    int parameters = weir_model_io(model)->parameters;
    return inputs ? weir_inputs_features(inputs) == (size_t)parameters
                  : parameters == 0;
}

static size_t batch_floats(const struct weir_surrogate *s)
{
    return (size_t)s->config.batch * s->frame;
}

/* What the net makes beside the prediction, of one state. */
static size_t raw_floats(const struct weir_surrogate *s)
{
    return (s->heads - 1) * s->made;
}

static size_t all_raw(const struct weir_surrogate *s)
{
    size_t steps = s->config.unroll ? (size_t)s->config.unroll : 1;
    return steps * (size_t)s->config.batch * raw_floats(s);
}

/* A batch of what is read, and at least one of states. */
static size_t first_floats(const struct weir_surrogate *s)
{
    size_t reads = (size_t)s->config.batch * s->reads, n = batch_floats(s);
    return reads > n ? reads : n;
}

static size_t chain_floats(const struct weir_surrogate *s)
{
    return first_floats(s) + (size_t)s->config.unroll * batch_floats(s);
}

static size_t own_floats(const struct weir_surrogate *s)
{
    size_t densities = s->heads > 1 ? 1 : 0, n = batch_floats(s);
    return 2 * n + chain_floats(s) + (size_t)s->config.batch * s->features +
           densities *
               (all_raw(s) + n + (size_t)s->config.batch * raw_floats(s));
}

static int allocate(struct weir_surrogate *s)
{
    size_t n = batch_floats(s);
    float *all = weir_array(own_floats(s), sizeof(float));
    s->present = weir_array((size_t)s->config.batch, sizeof(bool));
    if (!all || !s->present)
        return WEIR_FAIL(ENOMEM, "surrogate: %zu floats", own_floats(s));
    s->scaled = all;
    s->sensitivity = all + (size_t)s->config.batch * s->features;
    s->change = s->sensitivity + n;
    s->state = all + own_floats(s) - chain_floats(s);
    if (s->heads == 1)
        return 0;
    s->raw = s->change + n + (size_t)s->config.batch * raw_floats(s);
    s->variance = s->raw + all_raw(s);
    return 0;
}

static int create_points(const struct weir_model *model,
                         const struct weir_surrogate_config *config,
                         struct weir_surrogate **out)
{
    struct weir_surrogate *s = calloc(1, sizeof(*s));
    if (!s)
        return WEIR_FAIL(ENOMEM, "surrogate");
    s->config = *config;
    s->frame = (size_t)config->equation->jet.coordinates;
    int rc = weir_collocation_create(model, config, &s->collocation);
    if (rc) {
        weir_surrogate_destroy(s);
        return rc;
    }
    *out = s;
    return 0;
}

/* Of states, not of points. */
static int check_config(const struct weir_model *model,
                        const struct weir_surrogate_config *config)
{
    const struct weir_model_io *io = weir_model_io(model);
    if (io->jet.coordinates)
        return WEIR_FAIL(EINVAL, "surrogate: its net learned from an equation, "
                                 "it makes no steps");
    if (config->unroll < 0 || io->shape.channels > WEIR_MAX_CHANNELS)
        return WEIR_FAIL(EINVAL, "surrogate: unroll %d, %d channels",
                         config->unroll, io->shape.channels);
    if (!inputs_fit(model, config->inputs))
        return WEIR_FAIL(EINVAL,
                         "surrogate: its net reads %d features of "
                         "parameters",
                         io->parameters);
    if (config->unroll > 0 &&
        io->evidential != (config->loss == WEIR_LOSS_EVIDENTIAL))
        return WEIR_FAIL(EINVAL, "surrogate: the evidential loss and a net "
                                 "that makes densities need each other");
    if ((io->given > 0 || config->inputs) && config->unroll > 1)
        return WEIR_FAIL(EINVAL, "surrogate: %d steps where there is one",
                         config->unroll);
    return 0;
}

static void set_sizes(struct weir_surrogate *s, const struct weir_model_io *io)
{
    const struct weir_inputs *inputs = s->config.inputs;
    s->channels = io->shape.channels;
    s->frame = weir_shape_floats(&io->shape);
    s->points = s->frame / (size_t)s->channels;
    s->given = io->given;
    s->inputs = io->given ? io->given : s->channels;
    s->skipped = (size_t)io->given * s->points;
    s->made = s->frame - s->skipped;
    s->reads = inputs ? weir_inputs_numbers(inputs) : s->frame;
    s->features =
        inputs ? weir_inputs_features(inputs) : (size_t)s->inputs * s->points;
    s->heads = io->evidential ? WEIR_EVIDENCE_HEADS : 1;
}

int weir_surrogate_create(const struct weir_model *model,
                          const struct weir_surrogate_config *config,
                          struct weir_surrogate **out)
{
    if (config->equation)
        return create_points(model, config, out);
    int rc = check_config(model, config);
    if (rc)
        return rc;
    struct weir_surrogate *s = calloc(1, sizeof(*s));
    if (!s)
        return WEIR_FAIL(ENOMEM, "surrogate");
    s->config = *config;
    set_sizes(s, weir_model_io(model));
    struct weir_net_config net = {
        .batch = config->batch,
        .tapes = config->unroll,
        .threads = config->threads ? config->threads : 1,
    };
    rc = weir_net_create(model, &net, &s->net);
    rc = rc ? rc : allocate(s);
    if (rc) {
        weir_surrogate_destroy(s);
        return WEIR_NOTE(rc, "surrogate of batch %d", config->batch);
    }
    *out = s;
    return 0;
}

void weir_surrogate_destroy(struct weir_surrogate *s)
{
    if (!s)
        return;
    weir_collocation_destroy(s->collocation);
    weir_net_destroy(s->net);
    free(s->scaled);
    free(s->present);
    free(s);
}

size_t weir_surrogate_frame(const struct weir_surrogate *s)
{
    return s->frame;
}

size_t weir_surrogate_reads(const struct weir_surrogate *s)
{
    return s->reads;
}

size_t weir_surrogate_bytes(const struct weir_surrogate *s)
{
    if (s->collocation)
        return sizeof(*s) + weir_collocation_bytes(s->collocation);
    return sizeof(*s) + own_floats(s) * sizeof(float) + weir_net_bytes(s->net);
}

/* ---- one step ---- */

WEIR_INLINE void scale_channel(const struct scales *k, size_t n,
                               const float *restrict x, float *restrict out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (x[i] - k->mean) * k->inverse;
}

WEIR_INLINE void step_channel(const struct scales *k, size_t n,
                              const float *restrict x, const float *restrict y,
                              float *restrict out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (k->carry * x[i] + k->offset) + k->gain * y[i];
}

/* Where channel @p c of sample @p b is: in a batch of states, of what the net
 * reads, and of what it makes. */
static size_t state_at(const struct weir_surrogate *s, int b, int c)
{
    return ((size_t)b * (size_t)s->channels + (size_t)c) * s->points;
}

static size_t read_at(const struct weir_surrogate *s, int b, int c)
{
    return ((size_t)b * (size_t)s->inputs + (size_t)c) * s->points;
}

static size_t made_at(const struct weir_surrogate *s, int b, int c)
{
    return (size_t)b * s->heads * s->made + (size_t)(c - s->given) * s->points;
}

/* The other numbers of sample @p b: as the net made them on @p tape, and in the
 * net's output. */
static float *raw_of(const struct weir_surrogate *s, int tape, int b)
{
    size_t sample = (size_t)tape * (size_t)s->config.batch + (size_t)b;
    return s->raw + sample * raw_floats(s);
}

static float *raw_in_change(const struct weir_surrogate *s, int b)
{
    return s->change + made_at(s, b, s->given) + s->made;
}

/* The channels that are made, and their units. */
static struct weir_loss_frame made_frame(const struct weir_surrogate *s,
                                         const struct weir_normaliser *norm)
{
    return (struct weir_loss_frame){
        .channels = s->channels - s->given,
        .points = s->points,
        .unit = norm->residual + s->given,
    };
}

static void keep_densities(struct weir_surrogate *s, int tape,
                           const struct weir_normaliser *norm)
{
    struct weir_loss_frame frame = made_frame(s, norm);
    for (int b = 0; b < s->config.batch && s->heads > 1; b++) {
        memcpy(raw_of(s, tape, b), raw_in_change(s, b),
               raw_floats(s) * sizeof(float));
        weir_evidence_epistemic(&frame, raw_of(s, tape, b),
                                s->variance + (size_t)b * s->frame +
                                    s->skipped);
    }
}

/* What the net gets of the whole batch. */
WEIR_CLONES
static void scale_in(struct weir_surrogate *s,
                     const struct weir_normaliser *norm, const float *x)
{
    for (int b = 0; b < s->config.batch; b++) {
        if (s->config.inputs)
            weir_inputs_scale(s->config.inputs, x + (size_t)b * s->reads,
                              s->scaled + (size_t)b * s->features);
        for (int c = 0; c < s->inputs && !s->config.inputs; c++) {
            struct scales k = scales_of(s, norm, c);
            scale_channel(&k, s->points, x + state_at(s, b, c),
                          s->scaled + read_at(s, b, c));
        }
    }
}

/* x' = step(x) for the whole batch, on @p tape. */
WEIR_CLONES
static int advance(struct weir_surrogate *s, int tape, const float *packed,
                   const struct weir_normaliser *norm, const float *x,
                   float *next)
{
    scale_in(s, norm, x);
    int rc = weir_net_forward(s->net, tape, packed, s->scaled, s->change);
    if (rc)
        return rc;
    keep_densities(s, tape, norm);
    for (int b = 0; b < s->config.batch; b++) {
        memcpy(next + state_at(s, b, 0), x + state_at(s, b, 0),
               s->skipped * sizeof(float));
        for (int c = s->given; c < s->channels; c++) {
            struct scales k = scales_of(s, norm, c);
            const float *y = s->change + made_at(s, b, c);
            /* Nothing is carried of inputs; what is added to itself 0 times
             * stands for them. */
            step_channel(&k, s->points,
                         s->config.inputs ? y : x + state_at(s, b, c), y,
                         next + state_at(s, b, c));
        }
    }
    return 0;
}

/* ---- training ---- */

/* One frame of a sample's chain, the first of them what is read; NULL where
 * there is no sample. */
static const float *target_of(const struct weir_surrogate *s,
                              const float *const *samples, int b, int step)
{
    size_t at = step ? s->reads + (size_t)(step - 1) * s->frame : 0;
    return samples[b] ? samples[b] + at : NULL;
}

static float *states_of(const struct weir_surrogate *s, int step)
{
    size_t later = step ? (size_t)(step - 1) * batch_floats(s) : 0;
    return s->state + (step ? first_floats(s) : 0) + later;
}

static int run_chain(struct weir_surrogate *s, const float *packed,
                     const struct weir_normaliser *norm,
                     const float *const *samples)
{
    int rc = 0;
    for (int b = 0; b < s->config.batch; b++) {
        float *to = s->state + (size_t)b * s->reads;
        const float *from = target_of(s, samples, b, 0);
        if (from)
            memcpy(to, from, s->reads * sizeof(float));
        else
            memset(to, 0, s->reads * sizeof(float));
    }
    for (int k = 0; k < s->config.unroll && !rc; k++)
        rc = advance(s, k, packed, norm, states_of(s, k), states_of(s, k + 1));
    return rc;
}

/* Error of state k of sample @p b, added to its sensitivity times @p factor. */
static double state_error(struct weir_surrogate *s, int k, int b,
                          const struct weir_normaliser *norm, const float *u,
                          double factor)
{
    struct weir_loss_frame frame = made_frame(s, norm);
    size_t at = (size_t)b * s->frame + s->skipped;
    const float *p = states_of(s, k) + at;
    if (s->heads == 1)
        return weir_loss_gradient(s->config.loss, &frame, p, u, factor,
                                  s->sensitivity + at);
    return weir_evidence_gradient(&frame, s->config.evidence, p, u, factor,
                                  s->sensitivity + at, raw_of(s, k - 1, b));
}

/* Add the error of state k to each sample's loss and to its sensitivity. */
static void add_errors(struct weir_surrogate *s, int k,
                       const struct weir_normaliser *norm,
                       const float *const *samples, float inv_count,
                       float *loss)
{
    double share = 1.0 / s->config.unroll;
    for (int b = 0; b < s->config.batch; b++) {
        const float *u = target_of(s, samples, b, k);
        if (u)
            loss[b] +=
                (float)(share * state_error(s, k, b, norm, u + s->skipped,
                                            share * inv_count));
        else if (s->heads > 1)
            memset(raw_of(s, k - 1, b), 0, raw_floats(s) * sizeof(float));
    }
}

WEIR_INLINE void scale_by(size_t n, float factor, const float *restrict x,
                          float *restrict out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = factor * x[i];
}

/* g = carry * g + inverse * dx: from dL/dx' to dL/dx. */
WEIR_INLINE void carry_back(const struct scales *k, size_t n,
                            const float *restrict dx, float *restrict g)
{
    for (size_t i = 0; i < n; i++)
        g[i] = k->carry * g[i] + k->inverse * dx[i];
}

/* Through the step on tape k: sensitivity of state k + 1 to that of state k,
 * which only earlier steps want. */
WEIR_CLONES
static int retreat(struct weir_surrogate *s, int k, const float *packed,
                   const struct weir_normaliser *norm, float *grad)
{
    int batch = s->config.batch;
    bool first = k == s->config.unroll - 1;
    for (int b = 0; b < batch; b++)
        for (int c = s->given; c < s->channels; c++) {
            struct scales q = scales_of(s, norm, c);
            scale_by(s->points, q.gain, s->sensitivity + state_at(s, b, c),
                     s->change + made_at(s, b, c));
        }
    for (int b = 0; b < batch && s->heads > 1; b++)
        memcpy(raw_in_change(s, b), raw_of(s, k, b),
               raw_floats(s) * sizeof(float));
    int rc = weir_net_backward(s->net, k, packed, s->change,
                               k > 0 ? s->scaled : NULL, grad, !first);
    for (int b = 0; b < batch && !rc && k > 0; b++)
        for (int c = 0; c < s->channels; c++) {
            struct scales q = scales_of(s, norm, c);
            carry_back(&q, s->points, s->scaled + read_at(s, b, c),
                       s->sensitivity + state_at(s, b, c));
        }
    return rc;
}

static uint64_t key_of(uint64_t seed, uint64_t a, uint64_t b)
{
    struct weir_rng rng = weir_rng_stream(seed, WEIR_RNG_DROPOUT, a);
    uint64_t high = weir_rng_u32(&rng);
    rng = weir_rng_stream(high << 32 | weir_rng_u32(&rng), WEIR_RNG_DROPOUT, b);
    high = weir_rng_u32(&rng);
    return high << 32 | weir_rng_u32(&rng);
}

void weir_surrogate_set_draw(struct weir_surrogate *s, uint64_t seed,
                             uint64_t step, uint32_t micro_batch)
{
    s->key = key_of(seed, step, micro_batch);
}

/* Statistics are summed over steps of the chain and over micro-batches: their
 * shares of the batch make that a mean. */
static void share_statistics(const struct weir_surrogate *s, float inv_count,
                             float *grad)
{
    size_t from = weir_net_trained(s->net), to = weir_net_packed(s->net);
    float share = 0;
    for (int b = 0; b < s->config.batch; b++)
        share += s->present[b] ? inv_count / (float)s->config.unroll : 0.0F;
    for (size_t i = from; i < to; i++)
        grad[i] *= share;
}

int weir_surrogate_train(struct weir_surrogate *s, const float *packed,
                         const struct weir_normaliser *norm,
                         const float *const *samples, float inv_count,
                         float *grad, float *loss)
{
    int last = s->config.unroll, batch = s->config.batch;
    if (s->collocation)
        return weir_collocation_train(s->collocation, packed, samples,
                                      inv_count, grad, loss);
    if (last == 0)
        return WEIR_FAIL(EINVAL, "surrogate: made for prediction only");
    for (int b = 0; b < batch; b++)
        s->present[b] = samples[b] != NULL;
    weir_net_set_mode(s->net, WEIR_NET_TRAIN, s->key, s->present);
    int rc = run_chain(s, packed, norm, samples);
    memset(loss, 0, (size_t)batch * sizeof(float));
    s->turned_ns = weir_now_ns();
    memset(s->sensitivity, 0, batch_floats(s) * sizeof(float));
    for (int k = last - 1; k >= 0 && !rc; k--) {
        add_errors(s, k + 1, norm, samples, inv_count, loss);
        rc = retreat(s, k, packed, norm, grad);
    }
    share_statistics(s, inv_count, grad);
    return rc;
}

const float *weir_surrogate_predicted(const struct weir_surrogate *s)
{
    if (s->collocation)
        return weir_collocation_residuals(s->collocation);
    return states_of(s, s->config.unroll);
}

const float *weir_surrogate_variance(const struct weir_surrogate *s)
{
    return s->variance;
}

int64_t weir_surrogate_turned_ns(const struct weir_surrogate *s)
{
    return s->collocation ? weir_collocation_turned_ns(s->collocation)
                          : s->turned_ns;
}

int weir_surrogate_values(struct weir_surrogate *s, const float *packed,
                          const double *at, size_t n, float *u)
{
    if (!s->collocation)
        return WEIR_FAIL(EINVAL, "surrogate: of states, not of points");
    return weir_collocation_values(s->collocation, packed, at, n, u);
}

static int predict(struct weir_surrogate *s, enum weir_net_mode mode,
                   uint64_t key, const float *packed,
                   const struct weir_normaliser *norm, const float *in, int n,
                   float *out)
{
    if (s->collocation)
        return WEIR_FAIL(EINVAL, "surrogate: of points, there are no steps");
    if (n < 0 || n > s->config.batch)
        return WEIR_FAIL(EINVAL, "surrogate: %d states, batch is %d", n,
                         s->config.batch);
    weir_net_set_mode(s->net, mode, key, NULL);
    memset(s->state, 0, first_floats(s) * sizeof(float));
    memcpy(s->state, in, (size_t)n * s->reads * sizeof(float));
    int rc = advance(s, 0, packed, norm, s->state, s->sensitivity);
    if (!rc)
        memcpy(out, s->sensitivity, (size_t)n * s->frame * sizeof(float));
    return rc;
}

int weir_surrogate_predict(struct weir_surrogate *s, const float *packed,
                           const struct weir_normaliser *norm, const float *in,
                           int n, float *out)
{
    return predict(s, WEIR_NET_PREDICT, 0, packed, norm, in, n, out);
}

int weir_surrogate_sample(struct weir_surrogate *s, uint64_t seed,
                          uint64_t draw, const float *packed,
                          const struct weir_normaliser *norm, const float *in,
                          int n, float *out)
{
    return predict(s, WEIR_NET_SAMPLE, key_of(seed, draw, UINT64_MAX), packed,
                   norm, in, n, out);
}

size_t weir_surrogate_features(struct weir_surrogate *s, float *feature)
{
    return weir_net_features(s->net, 0, feature);
}
