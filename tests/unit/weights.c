/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "base/rng.h"
#include "pipeline/stages/weights.h"

#include <math.h>

#define N 1003

static struct weir_rng rng;

static void fill(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)weir_rng_normal(&rng);
}

static void begin(struct weir_weights *w)
{
    rng = weir_rng_stream(5, WEIR_RNG_TEST, 0);
    ok(weir_weights_create(w, N, 0.9));
    fill(w->w[0], N);
}

/* A whole step, in slices as three groups would cut it. */
static void step(struct weir_weights *w, uint64_t k, const float *grad)
{
    struct weir_adam_config config = weir_adam_defaults();
    struct weir_adam adam = weir_adam_at(&config, k, k, 1);
    weir_weights_update(w, &adam, k == 0, grad, 320, 704);
    weir_weights_update(w, &adam, k == 0, grad, 0, 320);
    weir_weights_update(w, &adam, k == 0, grad, 704, N);
    weir_weights_turn(w);
}

static void new_weights_are_zero_and_not_held(void **state)
{
    (void)state;
    struct weir_weights w;
    ok(weir_weights_create(&w, 10, 0));
    assert_int_equal(w.now, 0);
    assert_false(weir_weights_is_held(&w));
    for (int h = 0; h < 2; h++)
        for (int i = 0; i < 10; i++)
            assert_true(w.w[h][i] == 0 && w.m[h][i] == 0 && w.v[h][i] == 0);
    weir_weights_destroy(&w);
}

static void a_step_normally_updates_in_place(void **state)
{
    (void)state;
    struct weir_weights w;
    float grad[N];
    begin(&w);
    fill(grad, N);
    float before = w.w[0][7];
    step(&w, 0, grad);
    assert_int_equal(w.now, 0);
    /* Adam's first step moves by the rate, against the gradient. */
    assert_true(fabsf(w.w[0][7] - before + copysignf(1e-3f, grad[7])) < 1e-6f);
    for (int i = 0; i < N; i++)
        assert_true(w.w[1][i] == 0);
    weir_weights_destroy(&w);
}

static void a_kept_half_does_not_change_until_released(void **state)
{
    (void)state;
    struct weir_weights w;
    float grad[N], kept[3][N];
    begin(&w);
    fill(grad, N);
    step(&w, 0, grad);
    int half = weir_weights_keep(&w);
    assert_true(weir_weights_is_held(&w));
    assert_int_equal(half, 0);
    memcpy(kept[0], w.w[half], sizeof(kept[0]));
    memcpy(kept[1], w.m[half], sizeof(kept[1]));
    memcpy(kept[2], w.v[half], sizeof(kept[2]));
    for (uint64_t k = 1; k < 6; k++) {
        fill(grad, N);
        step(&w, k, grad);
        assert_int_equal(w.now, 1);
        assert_memory_equal(kept[0], w.w[half], sizeof(kept[0]));
        assert_memory_equal(kept[1], w.m[half], sizeof(kept[1]));
        assert_memory_equal(kept[2], w.v[half], sizeof(kept[2]));
    }
    weir_weights_release(&w);
    assert_false(weir_weights_is_held(&w));
    assert_int_equal(w.now, 1); /* releasing moves nothing */
    weir_weights_destroy(&w);
}

static void keeping_shows_in_no_bit(void **state)
{
    (void)state;
    struct weir_weights a, b;
    float grad[N];
    begin(&a);
    begin(&b);
    for (uint64_t k = 0; k < 20; k++) {
        fill(grad, N);
        if (k % 3 == 1)
            weir_weights_keep(&b);
        step(&a, k, grad);
        step(&b, k, grad);
        if (k % 3 == 2)
            weir_weights_release(&b);
        size_t bytes = N * sizeof(float);
        assert_memory_equal(a.w[a.now], b.w[b.now], bytes);
        assert_memory_equal(a.m[a.now], b.m[b.now], bytes);
        assert_memory_equal(a.v[a.now], b.v[b.now], bytes);
        assert_memory_equal(weir_weights_shown(&a), weir_weights_shown(&b),
                            bytes);
    }
    assert_int_equal(a.now, 0);
    weir_weights_destroy(&a);
    weir_weights_destroy(&b);
}

static void the_average_follows_the_weights(void **state)
{
    (void)state;
    struct weir_weights w;
    float grad[N];
    double average[N];
    begin(&w);
    for (uint64_t k = 0; k < 7; k++) {
        fill(grad, N);
        step(&w, k, grad);
        for (int i = 0; i < N; i++) {
            average[i] =
                k ? 0.9 * average[i] + 0.1 * w.w[0][i] : (double)w.w[0][i];
            assert_true(fabs(weir_weights_shown(&w)[i] - average[i]) < 1e-6);
        }
    }
    weir_weights_destroy(&w);
}

static void turning_without_keeping_does_nothing(void **state)
{
    (void)state;
    struct weir_weights w;
    begin(&w);
    weir_weights_turn(&w);
    assert_int_equal(w.now, 0);
    weir_weights_keep(&w);
    weir_weights_turn(&w);
    weir_weights_turn(&w);
    assert_int_equal(w.now, 1);
    weir_weights_destroy(&w);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(new_weights_are_zero_and_not_held),
        cmocka_unit_test(a_step_normally_updates_in_place),
        cmocka_unit_test(a_kept_half_does_not_change_until_released),
        cmocka_unit_test(keeping_shows_in_no_bit),
        cmocka_unit_test(the_average_follows_the_weights),
        cmocka_unit_test(turning_without_keeping_does_nothing),
    };
    return RUN(cases);
}
