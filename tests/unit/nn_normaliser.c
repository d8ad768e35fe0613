/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "base/rng.h"
#include "nn/loss.h"
#include "nn/normaliser.h"

#include <math.h>

enum { CHANNELS = 2, POINTS = 13, STATES = 4, SAMPLES = 9 };

static float data[SAMPLES][STATES][CHANNELS][POINTS];

/* The second channel sits far from zero, where sums of squares cancel. */
static void draw_data(void)
{
    struct weir_rng rng = weir_rng_stream(6, WEIR_RNG_TEST, 0);
    for (int s = 0; s < SAMPLES; s++)
        for (int t = 0; t < STATES; t++)
            for (int i = 0; i < POINTS; i++) {
                data[s][t][0][i] = (float)(3 + 2 * weir_rng_normal(&rng));
                data[s][t][1][i] = (float)(1000 + 0.1 * weir_rng_normal(&rng));
            }
}

static void add_all(struct weir_normaliser *n)
{
    draw_data();
    ok(weir_normaliser_init(n, CHANNELS));
    for (int s = 0; s < SAMPLES; s++)
        ok(weir_normaliser_add(n, data[s][0][0], STATES, POINTS));
    ok(weir_normaliser_freeze(n));
}

static void scales_are_those_of_the_data(void **state)
{
    struct weir_normaliser n;
    (void)state;
    add_all(&n);
    for (int c = 0; c < CHANNELS; c++) {
        double mean = 0, square = 0, change = 0;
        for (int s = 0; s < SAMPLES; s++)
            for (int t = 0; t < STATES; t++)
                for (int i = 0; i < POINTS; i++)
                    mean += data[s][t][c][i];
        mean /= SAMPLES * STATES * POINTS;
        for (int s = 0; s < SAMPLES; s++)
            for (int t = 0; t < STATES; t++)
                for (int i = 0; i < POINTS; i++) {
                    double x = data[s][t][c][i];
                    square += (x - mean) * (x - mean);
                    if (t > 0)
                        change += pow(x - data[s][t - 1][c][i], 2);
                }
        double deviation = sqrt(square / (SAMPLES * STATES * POINTS));
        double residual = sqrt(change / (SAMPLES * (STATES - 1) * POINTS));
        assert_true(fabs(n.mean[c] / mean - 1) < 1e-6);
        assert_true(fabs(n.deviation[c] / deviation - 1) < 1e-6);
        assert_true(fabs(n.residual[c] / residual - 1) < 1e-6);
    }
}

static void constant_channels_do_not_divide_by_zero(void **state)
{
    struct weir_normaliser n;
    float x[2][2][3] = {{{5, 5, 5}, {1, 2, 3}}, {{5, 5, 5}, {1, 2, 3}}};
    (void)state;
    ok(weir_normaliser_init(&n, 2));
    ok(weir_normaliser_add(&n, x[0][0], 2, 3));
    ok(weir_normaliser_freeze(&n));
    assert_true(n.deviation[0] == 1 && n.residual[0] == 1);
    assert_true(n.deviation[1] > 0.8F && n.residual[1] == n.deviation[1]);
}

static void a_frozen_normaliser_takes_no_data(void **state)
{
    struct weir_normaliser n;
    float x[3] = {1, 2, 4};
    (void)state;
    ok(weir_normaliser_init(&n, 1));
    fails(weir_normaliser_freeze(&n), -EINVAL);
    ok(weir_normaliser_add(&n, x, 1, 3));
    ok(weir_normaliser_freeze(&n));
    fails(weir_normaliser_add(&n, x, 1, 3), -EINVAL);
    says("frozen");
    fails(weir_normaliser_init(&n, 0), -EINVAL);
    fails(weir_normaliser_init(&n, WEIR_MAX_CHANNELS + 1), -EINVAL);
}

static void a_non_finite_sample_adds_nothing(void **state)
{
    struct weir_normaliser n, before;
    float x[4] = {1, 2, INFINITY, 4};
    (void)state;
    ok(weir_normaliser_init(&n, 1));
    ok(weir_normaliser_add(&n, (float[]){1, 2}, 1, 2));
    before = n;
    fails(weir_normaliser_add(&n, x, 2, 2), -WEIR_EDIVERGED);
    assert_memory_equal(&n, &before, sizeof(n));
}

static void a_saved_normaliser_goes_on_where_it_was(void **state)
{
    struct weir_normaliser a, b;
    struct weir_blob blob = {0};
    (void)state;
    draw_data();
    ok(weir_normaliser_init(&a, CHANNELS));
    ok(weir_normaliser_add(&a, data[0][0][0], STATES, POINTS));
    ok(weir_normaliser_save(&a, &blob));
    ok(weir_normaliser_restore(&b, &blob));
    fails(weir_normaliser_restore(&b, &blob), -WEIR_ECORRUPT);
    ok(weir_normaliser_add(&a, data[1][0][0], STATES, POINTS));
    ok(weir_normaliser_add(&b, data[1][0][0], STATES, POINTS));
    ok(weir_normaliser_freeze(&a));
    ok(weir_normaliser_freeze(&b));
    assert_memory_equal(a.mean, b.mean, sizeof(a.mean));
    assert_memory_equal(a.deviation, b.deviation, sizeof(a.deviation));
    assert_memory_equal(a.residual, b.residual, sizeof(a.residual));
    weir_blob_free(&blob);
}

static void losses_are_as_named(void **state)
{
    float p[19], t[19], zero[19] = {0};
    double error = 0, size = 0;
    (void)state;
    for (int i = 0; i < 19; i++) {
        p[i] = (float)i * 0.5F;
        t[i] = (float)(i % 5) - 1;
        error += pow((double)p[i] - t[i], 2) / 19;
        size += pow(t[i], 2) / 19;
    }
    assert_true(fabs(weir_loss(WEIR_LOSS_MSE, p, t, 19) / error - 1) < 1e-6);
    assert_true(fabs(weir_loss(WEIR_LOSS_RMSE, p, t, 19) / sqrt(error) - 1) <
                1e-6);
    assert_true(fabs(weir_loss(WEIR_LOSS_NRMSE, p, t, 19) / sqrt(error / size) -
                     1) < 1e-6);
    /* A target of zero is measured against 1e-6. */
    p[0] = 1e-6F;
    assert_true(fabs(weir_loss(WEIR_LOSS_NRMSE, p, zero, 1) - 1) < 1e-5);
    p[3] = NAN;
    assert_true(isnan(weir_loss(WEIR_LOSS_NRMSE, p, t, 19)));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(scales_are_those_of_the_data),
        cmocka_unit_test(constant_channels_do_not_divide_by_zero),
        cmocka_unit_test(a_frozen_normaliser_takes_no_data),
        cmocka_unit_test(a_non_finite_sample_adds_nothing),
        cmocka_unit_test(a_saved_normaliser_goes_on_where_it_was),
        cmocka_unit_test(losses_are_as_named),
    };
    return RUN(cases);
}
