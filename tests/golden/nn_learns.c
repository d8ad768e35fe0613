/* SPDX-License-Identifier: BSD-3-Clause */
/* A small ConvNet learns one step of advection by a grid point, which it can
 * represent exactly: the whole path from samples to weights. */
#include "tests/nn_reference.h"

#include "base/rng.h"
#include "nn/optimiser.h"
#include "nn/surrogate.h"

#include <math.h>

enum { POINTS = 32, BATCH = 8, STEPS = 400 };

/* Three random waves, and the same one and two grid points further. */
static void draw(struct weir_rng *rng, float x[3][POINTS])
{
    double a[3], phase[3];
    for (int k = 0; k < 3; k++) {
        a[k] = weir_rng_normal(rng);
        phase[k] = 2 * M_PI * weir_rng_uniform(rng);
    }
    for (int t = 0; t < 3; t++) {
        for (int i = 0; i < POINTS; i++) {
            double sum = 0.5;
            for (int k = 0; k < 3; k++)
                sum += a[k] *
                       sin(2 * M_PI * (k + 1) * (i - t) / POINTS + phase[k]);
            x[t][i] = (float)sum;
        }
    }
}

/* How many times nearer than "nothing changes" the last predictions were, in
 * nRMSE over two steps. */
static double gain(int residual)
{
    struct weir_model *model = make_model(1, POINTS, 16, 2);
    struct weir_surrogate_config config = {
        .batch = BATCH, .unroll = 2, .residual = residual};
    struct weir_adam_config adam = {.lr = 5e-3,
                                    .beta1 = 0.9,
                                    .beta2 = 0.999,
                                    .eps = 1e-8,
                                    .warmup_steps = 20,
                                    .total_steps = STEPS,
                                    .schedule = WEIR_SCHEDULE_COSINE};
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, 9);
    struct weir_normaliser norm;
    struct weir_surrogate *s;
    size_t n = weir_model_packed(model);
    float *w = make_floats(n), *g = make_floats(n);
    float *m = calloc(n, sizeof(*m)), *v = calloc(n, sizeof(*v));
    float x[BATCH][3][POINTS], loss[BATCH];
    const float *sample[BATCH];
    double still = 0, last = 0;
    ok(weir_normaliser_init(&norm, 1));
    for (int b = 0; b < BATCH; b++) {
        sample[b] = x[b][0];
        draw(&rng, x[b]);
        ok(weir_normaliser_add(&norm, x[b][0], 3, POINTS));
    }
    ok(weir_normaliser_freeze(&norm));
    ok(weir_model_init(model, 3, w));
    ok(weir_surrogate_create(model, &config, &s));
    for (uint64_t step = 0; step < STEPS; step++) {
        for (int b = 0; b < BATCH; b++)
            draw(&rng, x[b]);
        ok(weir_surrogate_train(s, w, &norm, sample, 1.0F / BATCH, g, loss));
        weir_adam_step(&adam, step, n, g, w, m, v, w, m, v);
        for (int b = 0; b < BATCH && step >= STEPS - 20; b++) {
            last += weir_loss(WEIR_LOSS_NRMSE,
                              weir_surrogate_predicted(s) + b * POINTS, x[b][2],
                              POINTS);
            still += weir_loss(WEIR_LOSS_NRMSE, x[b][0], x[b][2], POINTS);
        }
    }
    weir_surrogate_destroy(s);
    weir_model_destroy(model);
    free(w);
    free(g);
    free(m);
    free(v);
    return still / last;
}

static void advection_is_learnt(void **state)
{
    (void)state;
    double residual = gain(1), direct = gain(0);
    print_message("below persistence: residual %.1fx, direct %.1fx\n", residual,
                  direct);
    assert_true(residual > 10);
    assert_true(direct > 10);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(advection_is_learnt),
    };
    return RUN(cases);
}
