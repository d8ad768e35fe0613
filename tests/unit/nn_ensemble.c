/* SPDX-License-Identifier: BSD-3-Clause */
/* Members against surrogates asked one by one, and by hand. */
#include "tests/nn_reference.h"

#include "base/rng.h"
#include "nn/clip.h"
#include "nn/ensemble.h"

#include <math.h>

enum { POINTS = 24, BATCH = 3, MEMBERS = 3, STEPS = 4 };

static void members_start_from_seeds_of_their_own(void **state)
{
    struct weir_model *model = make_model(1, POINTS, 8, 2);
    size_t stride = weir_ensemble_stride(model), n = weir_model_packed(model);
    float *all = make_floats(MEMBERS * stride), *one = make_floats(n);
    (void)state;
    assert_true(stride >= n && stride % WEIR_NORM_PIECE == 0);
    memset(all, 0, MEMBERS * stride * sizeof(float));
    ok(weir_ensemble_init(model, 5, MEMBERS, all));
    memset(one, 0, n * sizeof(float));
    ok(weir_model_init(model, 5, one));
    assert_memory_equal(all, one, n * sizeof(float));
    assert_memory_not_equal(all, all + stride, n * sizeof(float));
    assert_memory_not_equal(all + stride, all + 2 * stride, n * sizeof(float));
    assert_true(weir_ensemble_seed(5, 1) != weir_ensemble_seed(6, 1));
    assert_true(weir_ensemble_seed(5, 0) == 5);
    free(all);
    free(one);
    weir_model_destroy(model);
}

/* Each member alone, step after step, gives what the ensemble rolls out. */
static void members_roll_out_by_themselves(void **state)
{
    struct weir_model *model = make_model(1, POINTS, 8, 2);
    struct weir_surrogate_config c = {.batch = BATCH, .residual = true};
    struct weir_normaliser norm;
    struct weir_surrogate *s;
    size_t stride = weir_ensemble_stride(model), n = 2 * POINTS;
    float *packed = make_floats(MEMBERS * stride);
    float in[2 * POINTS], alone[2 * POINTS], all[MEMBERS * 2 * POINTS];
    struct weir_rng rng = weir_rng_stream(2, WEIR_RNG_TEST, 0);
    (void)state;
    for (size_t i = 0; i < n; i++)
        in[i] = (float)weir_rng_normal(&rng);
    ok(weir_ensemble_init(model, 1, MEMBERS, packed));
    ok(weir_normaliser_init(&norm, 1));
    ok(weir_normaliser_add(&norm, in, 2, POINTS));
    ok(weir_normaliser_freeze(&norm));
    ok(weir_surrogate_create(model, &c, &s));
    assert_int_equal(weir_surrogate_frame(s), POINTS);
    struct weir_ensemble e = {MEMBERS, stride, packed, &norm};
    weir_ensemble_start(&e, in, n, all);
    for (int k = 0; k < STEPS; k++)
        ok(weir_ensemble_step(&e, s, 2, all, NULL));
    for (size_t m = 0; m < MEMBERS; m++) {
        memcpy(alone, in, sizeof(in));
        for (int k = 0; k < STEPS; k++)
            ok(weir_surrogate_predict(s, packed + m * stride, &norm, alone, 2,
                                      alone));
        assert_memory_equal(alone, all + m * n, sizeof(alone));
    }
    fails(weir_ensemble_step(&e, s, BATCH + 1, all, NULL), -EINVAL);
    weir_surrogate_destroy(s);
    weir_model_destroy(model);
    free(packed);
}

static void mean_and_spread_are_those_of_a_calculator(void **state)
{
    struct weir_ensemble three = {.members = 3}, one = {.members = 1};
    float states[] = {1, -2, 2, -2, 6, -2}, mean[2], spread[2];
    (void)state;
    weir_ensemble_gather(&three, states, 2, NULL, mean, spread);
    assert_true(mean[0] == 3 && mean[1] == -2);
    assert_true(fabsf(spread[0] - sqrtf(14.0F / 3)) < 1e-6F && spread[1] == 0);
    weir_ensemble_gather(&one, states, 2, NULL, mean, spread);
    assert_true(mean[0] == 1 && mean[1] == -2 && spread[0] == 0);
    weir_ensemble_gather(&three, states, 2, NULL, mean, NULL);
    assert_true(mean[0] == 3);
    /* What members know of themselves is added. */
    const float own[] = {1.0F / 3, 4};
    weir_ensemble_gather(&three, states, 2, own, mean, spread);
    assert_true(fabsf(spread[0] - sqrtf(5)) < 1e-6F && spread[1] == 2);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(members_start_from_seeds_of_their_own),
        cmocka_unit_test(members_roll_out_by_themselves),
        cmocka_unit_test(mean_and_spread_are_those_of_a_calculator),
    };
    return RUN(cases);
}
