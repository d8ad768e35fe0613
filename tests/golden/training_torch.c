/* SPDX-License-Identifier: BSD-3-Clause */
/* Losses, optimisers, schedules, clipping and averages against PyTorch. The
 * numbers come from make_training.py. */
#include "tests/test.h"

#include "nn/clip.h"
#include "nn/evidence.h"
#include "nn/loss.h"
#include "nn/optimiser.h"

#include <math.h>

#define DATA WEIR_TEST_DATA "/golden/data/training_torch"
#include "tests/golden_arrays.h"

enum { N = 300, STEPS = 8, CHANNELS = 2, POINTS = 25, ALL = 50 };

static void compare(const char *name, const float *got, size_t n,
                    double tolerance)
{
    float wanted[N];
    recorded(name, n, wanted);
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - wanted[i]) <=
              tolerance * (1 + fabs((double)wanted[i]))))
            fail_msg("%s[%zu]: %.9g, PyTorch %.9g", name, i, (double)got[i],
                     (double)wanted[i]);
}

static void train(const char *name, const struct weir_adam_config *config,
                  double limit)
{
    static float grads[STEPS * N];
    float w[N], m[N] = {0}, v[N] = {0}, average[N];
    struct weir_clip_config clip = {
        .rule = limit > 0 ? WEIR_CLIP_FIXED : WEIR_CLIP_NONE, .limit = limit};
    double square[8], running = 0;
    char what[64];
    recorded("start", N, w);
    recorded("grads", (size_t)STEPS * N, grads);
    for (uint64_t k = 0; k < STEPS; k++) {
        const float *g = grads + k * N;
        weir_norm_add(g, 0, N, square);
        double norm = weir_norm(square, weir_norm_pieces(N));
        struct weir_adam adam = weir_adam_at(
            config, k, k, weir_clip_scale(&clip, k, norm, &running));
        weir_adam_apply(&adam, N, g, w, m, v, w, m, v);
        weir_average_step(0.9, k == 0, N, w, average, average);
    }
    snprintf(what, sizeof(what), "%s/%g/weights", name, limit);
    compare(what, w, N, 2e-6);
    snprintf(what, sizeof(what), "%s/%g/average", name, limit);
    compare(what, average, N, 2e-6);
}

static void optimisers_agree(void **state)
{
    struct weir_adam_config c = weir_adam_defaults();
    (void)state;
    c.lr = 0.01;
    c.weight_decay = 0.1;
    c.optimiser = WEIR_OPTIMISER_ADAM;
    train("adam", &c, 0);
    train("adam", &c, 3);
    c.optimiser = WEIR_OPTIMISER_ADAMW;
    c.beta1 = 0.8;
    c.beta2 = 0.95;
    c.eps = 1e-6;
    train("adamw", &c, 0);
    train("adamw", &c, 3);
}

static void schedules_agree(void **state)
{
    struct weir_adam_config c = weir_adam_defaults();
    float rate[20];
    (void)state;
    c.lr = 0.3;
    c.warmup_steps = 5;
    c.total_steps = 20;
    for (uint64_t k = 0; k < 20; k++)
        rate[k] = (float)weir_learning_rate(&c, k);
    compare("constant", rate, 20, 1e-6);
    c.schedule = WEIR_SCHEDULE_COSINE;
    for (uint64_t k = 0; k < 20; k++)
        rate[k] = (float)weir_learning_rate(&c, k);
    compare("cosine", rate, 20, 1e-6);
}

static void losses_agree(void **state)
{
    static const char *const names[] = {"mse", "nrmse",    "rmse",
                                        "mae", "wmae_exp", "wmae_tanh"};
    static const float unit[CHANNELS] = {0.4F, 1.7F};
    struct weir_loss_frame frame = {CHANNELS, POINTS, unit};
    float p[ALL], t[ALL];
    (void)state;
    recorded("prediction", ALL, p);
    recorded("target", ALL, t);
    for (int i = 0; i < 6; i++) {
        float g[ALL] = {0}, value;
        char what[64];
        value = (float)weir_loss_gradient((enum weir_loss_type)i, &frame, p, t,
                                          1, g);
        snprintf(what, sizeof(what), "%s/value", names[i]);
        compare(what, &value, 1, 2e-6);
        snprintf(what, sizeof(what), "%s/gradient", names[i]);
        compare(what, g, ALL, 2e-6);
    }
}

static void densities_agree(void **state)
{
    static const float unit[CHANNELS] = {0.4F, 1.7F};
    struct weir_loss_frame frame = {CHANNELS, POINTS, unit};
    float gamma[ALL], y[ALL], raw[3 * ALL], variance[ALL], g[ALL] = {0};
    (void)state;
    recorded("evidence/gamma", ALL, gamma);
    recorded("evidence/target", ALL, y);
    recorded("evidence/raw", 3 * (size_t)ALL, raw);
    weir_evidence_epistemic(&frame, raw, variance);
    compare("evidence/epistemic", variance, ALL, 2e-6);
    weir_evidence_aleatoric(&frame, raw, variance);
    compare("evidence/aleatoric", variance, ALL, 2e-6);
    float value =
        (float)weir_evidence_gradient(&frame, 0.05, gamma, y, 1, g, raw);
    compare("evidence/value", &value, 1, 2e-6);
    compare("evidence/gradient", g, ALL, 2e-6);
    compare("evidence/raw_gradient", raw, 3 * (size_t)ALL, 2e-6);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(optimisers_agree),
        cmocka_unit_test(schedules_agree),
        cmocka_unit_test(losses_agree),
        cmocka_unit_test(densities_agree),
    };
    return RUN(cases);
}
