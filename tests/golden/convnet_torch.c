/* SPDX-License-Identifier: BSD-3-Clause */
/* ConvNet surrogates against PyTorch: losses, gradients and weights over three
 * Adam steps, then a prediction. The numbers come from make_convnet.py. */
#include "tests/nn_reference.h"

#include "nn/optimiser.h"
#include "nn/surrogate.h"

#include <math.h>

#define DATA WEIR_TEST_DATA "/golden/data/convnet_torch"
#include "tests/golden_arrays.h"

enum { MOST = 4 };

struct trial {
    const char *name;
    int channels, points, width, depth, batch, unroll, residual;
};

static const struct trial trials[] = {
    {"one", 1, 24, 8, 3, 4, 1, 1},
    {"two", 2, 19, 12, 2, 3, 2, 0},
};

/* The caller frees it. */
static float *recorded_of(const struct trial *t, const char *what,
                          const char *tensor, size_t count)
{
    char name[128];
    snprintf(name, sizeof(name), "%s/%s%s", t->name, what, tensor);
    float *x = make_floats(count);
    recorded(name, count, x);
    return x;
}

static void compare(const struct trial *t, const char *what, const char *tensor,
                    const float *got, size_t n, double tolerance)
{
    float *wanted = recorded_of(t, what, tensor, n);
    double size = 0;
    for (size_t i = 0; i < n; i++)
        size = fmax(size, fabs((double)wanted[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - wanted[i]) <= tolerance * size))
            fail_msg("%s/%s%s[%zu]: %.9g, PyTorch %.9g", t->name, what, tensor,
                     i, (double)got[i], (double)wanted[i]);
    free(wanted);
}

static void compare_tensors(const struct trial *t, struct weir_model *model,
                            int step, const char *kind, const float *packed,
                            double tolerance)
{
    char what[64];
    snprintf(what, sizeof(what), "%d/%s/", step, kind);
    for (size_t i = 0; i < weir_model_tensors(model); i++) {
        struct weir_model_tensor tensor = weir_model_tensor(model, i);
        float *plain = make_floats(tensor.count);
        ok(weir_model_export(model, i, packed, plain));
        compare(t, what, tensor.name, plain, tensor.count, tolerance);
        free(plain);
    }
}

static void load(const struct trial *t, struct weir_model *model, float *packed,
                 struct weir_normaliser *norm)
{
    size_t channels = (size_t)t->channels;
    float *mean = recorded_of(t, "mean", "", channels);
    float *deviation = recorded_of(t, "deviation", "", channels);
    float *residual = recorded_of(t, "residual", "", channels);
    ok(weir_normaliser_init(norm, t->channels));
    memcpy(norm->mean, mean, channels * sizeof(float));
    memcpy(norm->deviation, deviation, channels * sizeof(float));
    memcpy(norm->residual, residual, channels * sizeof(float));
    norm->frozen = true;
    for (size_t i = 0; i < weir_model_tensors(model); i++) {
        struct weir_model_tensor tensor = weir_model_tensor(model, i);
        float *plain = recorded_of(t, "start/", tensor.name, tensor.count);
        ok(weir_model_import(model, i, plain, packed));
        free(plain);
    }
    free(mean);
    free(deviation);
    free(residual);
}

static void train_and_compare(const struct trial *t)
{
    struct weir_model *model =
        make_model(t->channels, t->points, t->width, t->depth);
    struct weir_surrogate_config config = {
        .batch = t->batch,
        .unroll = t->unroll,
        .residual = t->residual,
    };
    struct weir_adam_config adam = weir_adam_defaults();
    struct weir_normaliser norm;
    struct weir_surrogate *s;
    size_t n = weir_model_packed(model);
    size_t frame = (size_t)(t->channels * t->points);
    size_t window = frame * (size_t)(t->unroll + 1);
    float *w = make_floats(n), *g = make_floats(n);
    float *m = calloc(n, sizeof(*m)), *v = calloc(n, sizeof(*v));
    float *states = recorded_of(t, "states", "", window * (size_t)t->batch);
    float loss[MOST], nrmse[MOST], *out = make_floats(frame * MOST);
    const float *sample[MOST];
    char what[32];
    load(t, model, w, &norm);
    ok(weir_surrogate_create(model, &config, &s));
    for (int b = 0; b < t->batch; b++)
        sample[b] = states + (size_t)b * window;
    for (int step = 0; step < 3; step++) {
        ok(weir_surrogate_train(s, w, &norm, sample, 1 / (float)t->batch, g,
                                loss));
        for (int b = 0; b < t->batch; b++)
            nrmse[b] =
                weir_loss(WEIR_LOSS_NRMSE,
                          weir_surrogate_predicted(s) + (size_t)b * frame,
                          sample[b] + window - frame, frame);
        snprintf(what, sizeof(what), "%d/", step);
        compare(t, what, "loss", loss, (size_t)t->batch, 5e-6);
        compare(t, what, "nrmse", nrmse, (size_t)t->batch, 5e-6);
        compare_tensors(t, model, step, "gradient", g, 2e-5);
        weir_adam_step(&adam, (uint64_t)step, n, g, w, m, v, w, m, v);
        compare_tensors(t, model, step, "after", w, 1e-5);
    }
    for (int b = 0; b < t->batch; b++)
        memcpy(out + (size_t)b * frame, sample[b], frame * sizeof(float));
    ok(weir_surrogate_predict(s, w, &norm, out, t->batch, out));
    compare(t, "prediction", "", out, frame * (size_t)t->batch, 5e-6);
    weir_surrogate_destroy(s);
    weir_model_destroy(model);
    free(w);
    free(g);
    free(m);
    free(v);
    free(states);
    free(out);
}

static void three_steps_equal_pytorch(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(trials) / sizeof(*trials); i++)
        train_and_compare(&trials[i]);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(three_steps_equal_pytorch),
    };
    return RUN(cases);
}
