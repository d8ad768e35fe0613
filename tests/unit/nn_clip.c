/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "base/rng.h"
#include "nn/clip.h"

#include <math.h>

enum { N = 5 * WEIR_NORM_PIECE + 37 };

static void no_rule_leaves_gradients_alone(void **state)
{
    struct weir_clip_config c = {.rule = WEIR_CLIP_NONE, .limit = 1};
    double running = 0;
    (void)state;
    assert_true(weir_clip_scale(&c, 0, 1e30, &running) == 1);
    assert_true(running == 0);
}

static void a_fixed_limit_holds(void **state)
{
    struct weir_clip_config c = {.rule = WEIR_CLIP_FIXED, .limit = 2};
    double running = 0;
    (void)state;
    assert_true(weir_clip_scale(&c, 0, 1.9, &running) == 1);
    assert_true(fabs(weir_clip_scale(&c, 0, 8, &running) - 0.25) < 1e-6);
    assert_true(weir_clip_scale(&c, 0, 0, &running) == 1);
    assert_true(running == 0);
}

/* Warm-up of two steps: the largest norm; then a moving average of what is
 * left after clipping. */
static void an_adaptive_limit_follows_the_norm(void **state)
{
    struct weir_clip_config c = {WEIR_CLIP_ADAPTIVE, 5, 2};
    double r = 0, s;
    (void)state;
    assert_true(weir_clip_scale(&c, 0, 3, &r) == 1 && r == 3);
    assert_true(weir_clip_scale(&c, 1, 2, &r) == 1 && r == 3);
    assert_true(weir_clip_scale(&c, 2, 1, &r) == 1);
    assert_true(fabs(r - 2.9) < 1e-12);
    s = weir_clip_scale(&c, 3, 29, &r); /* limit 14.5 */
    assert_true(fabs(s - 0.5) < 1e-6);
    assert_true(fabs(r - (2.9 + 0.05 * (14.5 - 2.9))) < 1e-12);
}

static void without_a_warm_up_the_first_norm_begins(void **state)
{
    struct weir_clip_config c = {WEIR_CLIP_ADAPTIVE, 2, 0};
    double r = 0;
    (void)state;
    assert_true(weir_clip_scale(&c, 0, 4, &r) == 1 && r == 4);
    assert_true(fabs(weir_clip_scale(&c, 1, 16, &r) - 0.5) < 1e-6);
}

/* Whoever sums which pieces: the bits are the same, and they are the norm. */
static void the_norm_does_not_depend_on_who_sums(void **state)
{
    static float g[N];
    double whole[8] = {0}, parts[8] = {0}, square = 0;
    struct weir_rng rng = weir_rng_stream(4, WEIR_RNG_TEST, 0);
    (void)state;
    for (int i = 0; i < N; i++) {
        g[i] = (float)weir_rng_normal(&rng);
        square += (double)g[i] * g[i];
    }
    assert_int_equal(weir_norm_pieces(N), 6);
    weir_norm_add(g, 0, N, whole);
    weir_norm_add(g, 3 * WEIR_NORM_PIECE, N, parts);
    weir_norm_add(g, WEIR_NORM_PIECE, 3 * WEIR_NORM_PIECE, parts);
    weir_norm_add(g, 0, WEIR_NORM_PIECE, parts);
    assert_memory_equal(whole, parts, sizeof(whole));
    assert_true(fabs(weir_norm(whole, 6) / sqrt(square) - 1) < 1e-12);
    g[N - 1] = NAN;
    weir_norm_add(g, 0, N, whole);
    assert_true(isnan(weir_norm(whole, 6)));
    g[N - 1] = 3e38F; /* its square is no float */
    weir_norm_add(g, 0, N, whole);
    assert_true(isfinite(weir_norm(whole, 6)));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(no_rule_leaves_gradients_alone),
        cmocka_unit_test(a_fixed_limit_holds),
        cmocka_unit_test(an_adaptive_limit_follows_the_norm),
        cmocka_unit_test(without_a_warm_up_the_first_norm_begins),
        cmocka_unit_test(the_norm_does_not_depend_on_who_sums),
    };
    return RUN(cases);
}
