/* SPDX-License-Identifier: BSD-3-Clause */
/* Scores of a candidate by hand, on numbers small enough for it. */
#include "tests/test.h"

#include "acquire/sketch.h"
#include "acquire/uncertainty.h"

#include "base/rng.h"

#include <math.h>

static void near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-12 * fmax(1, fabs(b))))
        fail_msg("%.17g, expected %.17g", a, b);
}

static const float one[] = {1, 4}, two[] = {3, 4}, three[] = {2, 1};

/* Means 2 and 3; squares 1 + 1 + 0 and 1 + 1 + 4. */
static void disagreement_is_the_biased_variance(void **state)
{
    (void)state;
    const float *p[] = {one, two, three};
    near(weir_disagreement(p, 3, 2), 8.0 / 6);
    near(weir_disagreement(p, 2, 2), 4.0 / 4 / 2); /* (1 - 3)^2 / 4, 2 values */
    near(weir_disagreement(p, 1, 2), 0);
}

static void entropy_weighs_by_the_tanh_of_the_mean(void **state)
{
    (void)state;
    const float *p[] = {one, two, three};
    near(weir_dropout_entropy(p, 3, 2, 0), 8.0 / 6);
    near(weir_dropout_entropy(p, 3, 2, 2000),
         (2 * (1 + 2000 * tanh(2)) + 6 * (1 + 2000 * tanh(3))) / 6);
}

/* Truth (2, 2): |p - y| is 1 1 0 and 2 2 1; pairs differ by 2 1 1 and 0 3 3. */
static void crps_is_that_of_the_release(void **state)
{
    (void)state;
    const float *p[] = {one, two, three}, truth[] = {2, 2};
    near(weir_ensemble_crps(p, 3, truth, 2), ((2.0 + 5) / 3 - 10.0 / 9) / 2);
    near(weir_ensemble_crps(p, 1, truth, 2), 1.5);
}

static void a_discrepancy_is_a_squared_norm(void **state)
{
    (void)state;
    const float a[] = {1, 2, 5}, b[] = {1, 5, 1};
    near(weir_squared_discrepancy(a, b, 3), 25);
    near(weir_squared_discrepancy(a, a, 3), 0);
}

static void a_prediction_that_ran_away_is_told(void **state)
{
    (void)state;
    const float bad[] = {INFINITY, 0}, lost[] = {NAN, 0};
    const float *p[] = {one, bad}, *q[] = {one, lost};
    assert_false(isfinite(weir_disagreement(p, 2, 2)));
    assert_false(isfinite(weir_dropout_entropy(q, 2, 2, 2000)));
    assert_false(isfinite(weir_squared_discrepancy(one, bad, 2)));
    assert_false(isfinite(weir_ensemble_crps(q, 2, one, 2)));
}

/* Squared distances are kept on average, with deviation sqrt(2 / out). */
static void a_sketch_keeps_distances(void **state)
{
    (void)state;
    enum { IN = 300, OUT = 512, N = 20 };
    struct weir_sketch *s, *again;
    float v[IN], f[N][OUT], g[OUT];
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, 0);
    double ratio = 0;
    ok(weir_sketch_create(4, IN, OUT, &s));
    ok(weir_sketch_create(4, IN, OUT, &again));
    for (int k = 0; k < N; k++) {
        double before = 0, after = 0;
        for (int i = 0; i < IN; i++) {
            v[i] = (float)weir_rng_normal(&rng);
            before += (double)v[i] * v[i];
        }
        weir_sketch_apply(s, v, f[k]);
        weir_sketch_apply(again, v, g);
        assert_memory_equal(f[k], g, sizeof(g));
        for (int i = 0; i < OUT; i++)
            after += (double)f[k][i] * f[k][i];
        assert_true(fabs(after / before - 1) < 4 * sqrt(2.0 / OUT));
        ratio += after / before / N;
    }
    assert_true(fabs(ratio - 1) < 0.1);
    weir_sketch_destroy(s);
    weir_sketch_destroy(again);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(disagreement_is_the_biased_variance),
        cmocka_unit_test(entropy_weighs_by_the_tanh_of_the_mean),
        cmocka_unit_test(crps_is_that_of_the_release),
        cmocka_unit_test(a_discrepancy_is_a_squared_norm),
        cmocka_unit_test(a_prediction_that_ran_away_is_told),
        cmocka_unit_test(a_sketch_keeps_distances),
    };
    return RUN(cases);
}
