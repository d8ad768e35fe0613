/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "base/heap.h"
#include "base/rng.h"
#include "nn/optimiser.h"

#include <math.h>

enum { N = 1237 };

static void fill(float *x, size_t n, uint64_t id)
{
    struct weir_rng rng = weir_rng_stream(5, WEIR_RNG_TEST, id);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)weir_rng_normal(&rng);
}

static void the_rate_warms_up_and_falls_as_a_cosine(void **state)
{
    struct weir_adam_config c = weir_adam_defaults();
    (void)state;
    assert_true(weir_learning_rate(&c, 0) == 1e-3);
    assert_true(weir_learning_rate(&c, 1000000) == 1e-3);
    c.warmup_steps = 10;
    c.total_steps = 110;
    c.schedule = WEIR_SCHEDULE_COSINE;
    assert_true(fabs(weir_learning_rate(&c, 0) - 1e-4) < 1e-12);
    assert_true(fabs(weir_learning_rate(&c, 4) - 5e-4) < 1e-12);
    assert_true(fabs(weir_learning_rate(&c, 9) - 1e-3) < 1e-12);
    assert_true(fabs(weir_learning_rate(&c, 10) - 1e-3) < 1e-12);
    assert_true(fabs(weir_learning_rate(&c, 60) - 5e-4) < 1e-12);
    assert_true(fabs(weir_learning_rate(&c, 35) - 0.5e-3 * (1 + sqrt(0.5))) <
                1e-12);
    assert_true(weir_learning_rate(&c, 109) > 0);
    assert_true(weir_learning_rate(&c, 110) == 0);
    assert_true(weir_learning_rate(&c, 999) == 0);
    c.schedule = WEIR_SCHEDULE_CONSTANT;
    assert_true(weir_learning_rate(&c, 999) == 1e-3);
}

/* The formulas of optimiser.h in double, over five steps. */
static void adam_follows_the_formula(void **state)
{
    struct weir_adam_config c = weir_adam_defaults();
    float w[N], m[N] = {0}, v[N] = {0}, g[N];
    double rw[N], rm[N] = {0}, rv[N] = {0};
    (void)state;
    c.lr = 0.02;
    c.weight_decay = 0.1;
    fill(w, N, 0);
    for (int i = 0; i < N; i++)
        rw[i] = w[i];
    for (int step = 0; step < 5; step++) {
        double t = step + 1;
        fill(g, N, 1 + (uint64_t)step);
        g[7] = 0;
        weir_adam_step(&c, (uint64_t)step, N, g, w, m, v, w, m, v);
        for (int i = 0; i < N; i++) {
            rm[i] = 0.9 * rm[i] + 0.1 * g[i];
            rv[i] = 0.999 * rv[i] + 0.001 * g[i] * g[i];
            rw[i] -= 0.02 * 0.1 * rw[i];
            rw[i] -= 0.02 / (1 - pow(0.9, t)) * rm[i] /
                     (sqrt(rv[i] / (1 - pow(0.999, t))) + 1e-8);
            assert_true(fabs(w[i] - rw[i]) < 2e-6);
        }
    }
}

static void nothing_happens_to_padding(void **state)
{
    struct weir_adam_config c = weir_adam_defaults();
    float w[16] = {0}, m[16] = {0}, v[16] = {0}, g[16] = {0};
    (void)state;
    for (uint64_t step = 0; step < 20; step++)
        weir_adam_step(&c, step, 16, g, w, m, v, w, m, v);
    for (int i = 0; i < 16; i++)
        assert_true(w[i] == 0 && m[i] == 0 && v[i] == 0);
}

static void cutting_the_vector_does_not_change_adam(void **state)
{
    struct weir_adam_config c = weir_adam_defaults();
    static const size_t cuts[] = {0, 1, 17, 64, 65, 200, 1000, N};
    float g[N], w[N], m[N], v[N], w1[N], m1[N], v1[N], w2[N], m2[N], v2[N];
    (void)state;
    fill(g, N, 1);
    fill(w, N, 2);
    fill(m, N, 3);
    fill(v, N, 4);
    for (int i = 0; i < N; i++)
        v[i] = fabsf(v[i]);
    weir_adam_step(&c, 3, N, g, w, m, v, w1, m1, v1);
    for (size_t i = 0; i + 1 < sizeof(cuts) / sizeof(*cuts); i++) {
        size_t at = cuts[i], n = cuts[i + 1] - at;
        weir_adam_step(&c, 3, n, g + at, w + at, m + at, v + at, w2 + at,
                       m2 + at, v2 + at);
    }
    assert_memory_equal(w1, w2, sizeof(w1));
    assert_memory_equal(m1, m2, sizeof(m1));
    assert_memory_equal(v1, v2, sizeof(v1));
    /* In place. */
    weir_adam_step(&c, 3, N, g, w, m, v, w, m, v);
    assert_memory_equal(w1, w, sizeof(w));
    assert_memory_equal(m1, m, sizeof(m));
    assert_memory_equal(v1, v, sizeof(v));
}

static void a_reduction_is_one_fixed_tree(void **state)
{
    float in[7][N], out[N], *p[7];
    (void)state;
    for (int j = 0; j < 7; j++) {
        fill(in[j], N, 10 + (uint64_t)j);
        p[j] = in[j];
    }
    const float *const *grads = (const float *const *)p;
    weir_reduce_tree(grads, 7, 0, N, out);
    for (int i = 0; i < N; i++) {
        float left = (in[0][i] + in[1][i]) + (in[2][i] + in[3][i]);
        float right = (in[4][i] + in[5][i]) + in[6][i];
        assert_true(out[i] == left + right);
    }
    weir_reduce_tree(grads, 3, 0, N, out);
    for (int i = 0; i < N; i++)
        assert_true(out[i] == (in[0][i] + in[1][i]) + in[2][i]);
}

static void cutting_the_vector_does_not_change_a_reduction(void **state)
{
    static const size_t cuts[] = {0, 3, 16, 515, 600, N};
    float in[4][N], out[N];
    const float *const grads[] = {in[0], in[1], in[2], in[3]};
    (void)state;
    for (int j = 0; j < 4; j++)
        fill(in[j], N, 20 + (uint64_t)j);
    weir_reduce_tree(grads, 4, 0, N, out);
    for (size_t i = 0; i + 1 < sizeof(cuts) / sizeof(*cuts); i++)
        weir_reduce_tree(grads, 4, cuts[i], cuts[i + 1], in[0]);
    assert_memory_equal(out, in[0], sizeof(out));
    weir_reduce_tree(grads + 1, 1, 5, 9, out);
    assert_memory_equal(out + 5, in[1] + 5, 4 * sizeof(float));
    assert_true(out[9] == in[0][9]);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_rate_warms_up_and_falls_as_a_cosine),
        cmocka_unit_test(adam_follows_the_formula),
        cmocka_unit_test(nothing_happens_to_padding),
        cmocka_unit_test(cutting_the_vector_does_not_change_adam),
        cmocka_unit_test(a_reduction_is_one_fixed_tree),
        cmocka_unit_test(cutting_the_vector_does_not_change_a_reduction),
    };
    return RUN(cases);
}
