/* SPDX-License-Identifier: BSD-3-Clause */
/* Losses and their gradients against the formulas, in double. */
#include "tests/nn_reference.h"

#include "base/rng.h"
#include "nn/loss.h"

#include <math.h>

enum { CHANNELS = 3, POINTS = 37, N = CHANNELS * POINTS, TYPES = 6 };

static const float unit[CHANNELS] = {0.3F, 1.5F, 2.0F};
static const struct weir_loss_frame frame = {CHANNELS, POINTS, unit};

/* Targets between 0 and 1, and predictions nowhere equal to them. */
static void fill(float *p, float *t)
{
    struct weir_rng rng = weir_rng_stream(3, WEIR_RNG_TEST, 0);
    for (int i = 0; i < N; i++) {
        double e = 0.01 + 0.3 * weir_rng_uniform(&rng);
        t[i] = (float)weir_rng_uniform(&rng);
        p[i] = t[i] + (float)(weir_rng_below(&rng, 2) ? e : -e);
    }
}

static double formula(enum weir_loss_type type, const float *units, double *p,
                      const float *t)
{
    return reference_error(type, CHANNELS, POINTS, units, p, t);
}

static void values_follow_the_formulas(void **state)
{
    static const float one[CHANNELS] = {1, 1, 1};
    float p[N], t[N], g[N];
    double x[N];
    (void)state;
    fill(p, t);
    for (int i = 0; i < N; i++)
        x[i] = p[i];
    for (int k = 0; k < TYPES; k++) {
        enum weir_loss_type type = (enum weir_loss_type)k;
        double plain = formula(type, one, x, t);
        double scaled = formula(type, unit, x, t);
        assert_true(fabs((double)weir_loss(type, p, t, N) / plain - 1) < 1e-6);
        assert_true(fabs(weir_loss_gradient(type, &frame, p, t, 1, g) / scaled -
                         1) < 1e-6);
    }
}

/* Slopes of the formula by central differences: exact to 1e-9 in double. */
static void gradients_are_the_slopes(void **state)
{
    float p[N], t[N], g[N];
    double x[N], h = 1e-6, factor = 0.7;
    (void)state;
    fill(p, t);
    for (int k = 0; k < TYPES; k++) {
        enum weir_loss_type type = (enum weir_loss_type)k;
        for (int i = 0; i < N; i++) {
            x[i] = p[i];
            g[i] = 2; /* what was there stays in the sum */
        }
        weir_loss_gradient(type, &frame, p, t, factor, g);
        for (int i = 0; i < N; i++) {
            x[i] = p[i] + h;
            double above = formula(type, unit, x, t);
            x[i] = p[i] - h;
            double slope = factor * (above - formula(type, unit, x, t)) / 2 / h;
            x[i] = p[i];
            if (!(fabs(g[i] - 2 - slope) < 1e-6 + 1e-5 * fabs(slope)))
                fail_msg("loss %d at %d: %g, slope %g", k, i, (double)g[i] - 2,
                         slope);
        }
    }
}

static void no_error_has_no_gradient(void **state)
{
    float t[N], p[N], g[N] = {0};
    (void)state;
    fill(p, t);
    for (int k = 0; k < TYPES; k++) {
        enum weir_loss_type type = (enum weir_loss_type)k;
        assert_true(weir_loss_gradient(type, &frame, t, t, 1, g) == 0);
        assert_true(weir_loss(type, t, t, N) == 0);
        for (int i = 0; i < N; i++)
            assert_true(g[i] == 0);
    }
}

static void what_is_not_finite_shows(void **state)
{
    float p[N], t[N], g[N] = {0};
    (void)state;
    fill(p, t);
    p[N - 1] = NAN;
    for (int k = 0; k < TYPES; k++) {
        enum weir_loss_type type = (enum weir_loss_type)k;
        assert_true(isnan(weir_loss(type, p, t, N)));
        assert_true(isnan(weir_loss_gradient(type, &frame, p, t, 1, g)));
    }
}

/* A target of nothing: relative to what float32 can still tell apart. */
static void a_target_of_zero_has_a_relative_error(void **state)
{
    float p[N], t[N] = {0}, g[N] = {0};
    (void)state;
    for (int i = 0; i < N; i++)
        p[i] = 1e-6F;
    assert_true(fabs((double)weir_loss(WEIR_LOSS_NRMSE, p, t, N) - 1) < 1e-5);
    assert_true(fabs(weir_loss_gradient(WEIR_LOSS_NRMSE, &frame, p, t, 1, g) -
                     1) < 1e-5);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(values_follow_the_formulas),
        cmocka_unit_test(gradients_are_the_slopes),
        cmocka_unit_test(no_error_has_no_gradient),
        cmocka_unit_test(what_is_not_finite_shows),
        cmocka_unit_test(a_target_of_zero_has_a_relative_error),
    };
    return RUN(cases);
}
