/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "acquire/registry.h"
#include "acquire/shuffle.h"
#include "base/rng.h"

#include <math.h>

enum { DIMS = 40 };

static const struct weir_parameter axes[DIMS];

static void *make(const struct weir_strategy_env *env)
{
    const struct weir_strategy_ops *ops = weir_strategy_find("lhs");
    struct weir_options opts;
    void *self;
    ok(weir_options_init(ops->options, &opts));
    ok(ops->create(env, &opts, &self));
    weir_options_free(&opts);
    return self;
}

static void a_shuffle_is_a_permutation(void **state)
{
    (void)state;
    uint8_t seen[300];
    for (uint32_t n = 1; n <= 300; n++) {
        memset(seen, 0, sizeof(seen));
        for (uint32_t x = 0; x < n; x++) {
            uint32_t y = weir_shuffled(x, n, 7, n);
            assert_true(y < n);
            assert_int_equal(seen[y]++, 0);
        }
    }
}

/* Where a pair of neighbours goes is as good as random, over many shuffles. */
static void shuffles_are_spread_evenly(void **state)
{
    (void)state;
    const uint32_t sizes[] = {6, 1000, UINT32_MAX};
    for (int s = 0; s < 3; s++) {
        enum { TRIES = 60000 };
        double count[36] = {0}, chi2 = 0;
        uint32_t n = sizes[s];
        for (uint64_t id = 0; id < TRIES; id++) {
            uint64_t x = weir_shuffled(2, n, 1, id);
            uint64_t y = weir_shuffled(3, n, 1, id);
            count[x * 6 / n * 6 + y * 6 / n]++;
        }
        for (int c = 0; c < 36; c++) {
            double expected = TRIES / 36.0;
            if (n == 6 && c / 6 == c % 6) {
                assert_true(count[c] == 0);
                continue;
            }
            if (n == 6)
                expected = TRIES / 30.0;
            chi2 += pow(count[c] - expected, 2) / expected;
        }
        assert_true(chi2 < 70.0); /* 35 degrees of freedom, 1 in 2500 */
    }
}

/* In each cube of `budget` ids every interval of every axis is met once. */
static void every_interval_holds_one_simulation(void **state)
{
    (void)state;
    const uint32_t budgets[] = {1, 7, 100, 1001};
    for (int b = 0; b < 4; b++) {
        uint32_t n = budgets[b];
        struct weir_strategy_env env = {
            .seed = 3, .space = {.n = DIMS, .parameter = axes}, .budget = n};
        void *self = make(&env);
        for (uint32_t cube = 0; cube < 2; cube++) {
            uint8_t *seen = calloc(n, DIMS);
            for (uint32_t id = cube * n; id < (cube + 1) * n; id++) {
                double u[DIMS];
                weir_strategy_find("lhs")->initial(self, id, u);
                for (size_t i = 0; i < DIMS; i++) {
                    assert_true(u[i] >= 0 && u[i] < 1);
                    assert_int_equal(seen[i * n + (size_t)(u[i] * n)]++, 0);
                }
            }
            free(seen);
        }
        weir_strategy_find("lhs")->destroy(self);
    }
}

static void its_place_in_the_interval_is_the_uniform_draw(void **state)
{
    (void)state;
    struct weir_strategy_env env = {
        .seed = 8, .space = {.n = DIMS, .parameter = axes}, .budget = 64};
    void *self = make(&env);
    for (uint32_t id = 0; id < 100; id++) {
        double u[DIMS];
        struct weir_rng rng = weir_rng_stream(8, WEIR_RNG_PARAMETERS, id);
        weir_strategy_find("lhs")->initial(self, id, u);
        for (int i = 0; i < DIMS; i++) {
            double within = u[i] * 64 - floor(u[i] * 64);
            assert_true(fabs(within - weir_rng_uniform(&rng)) < 1e-12);
        }
    }
    weir_strategy_find("lhs")->destroy(self);
}

static double correlation(double (*u)[DIMS], int n, int i, int j)
{
    double r = 0;
    for (int k = 0; k < n; k++)
        r += (u[k][i] - 0.5) * (u[k][j] - 0.5) * 12 / n;
    return r;
}

static void axes_and_seeds_are_independent(void **state)
{
    (void)state;
    enum { N = 500 };
    double(*u)[DIMS] = calloc(2 * N, sizeof(*u)), worst = 0;
    for (uint64_t seed = 0; seed < 2; seed++) {
        struct weir_strategy_env env = {
            .seed = seed, .space = {.n = DIMS, .parameter = axes}, .budget = N};
        void *self = make(&env);
        for (uint32_t id = 0; id < N; id++)
            weir_strategy_find("lhs")->initial(self, id, u[seed * N + id]);
        weir_strategy_find("lhs")->destroy(self);
    }
    for (int i = 0; i < DIMS; i++)
        for (int j = 0; j < i; j++)
            worst = fmax(worst, fabs(correlation(u, 2 * N, i, j)));
    /* 780 pairs of 1,000 random points: 4.5 deviations */
    assert_true(worst < 0.142);
    int moved = 0;
    for (int k = 0; k < N; k++)
        moved += (int)(u[k][0] * N) != (int)(u[N + k][0] * N);
    assert_true(moved > N - 10);
    free(u);
}

static void a_mean_along_one_axis_is_nearly_exact(void **state)
{
    (void)state;
    enum { N = 400 };
    struct weir_strategy_env env = {
        .seed = 1, .space = {.n = DIMS, .parameter = axes}, .budget = N};
    void *self = make(&env);
    double sum[DIMS] = {0}, u[DIMS];
    for (uint32_t id = 0; id < N; id++) {
        weir_strategy_find("lhs")->initial(self, id, u);
        for (int i = 0; i < DIMS; i++)
            sum[i] += exp(u[i]) / N;
    }
    /* One point in each interval: rms error e / sqrt(12 N^3), not 1 / sqrt N. */
    for (int i = 0; i < DIMS; i++)
        assert_true(fabs(sum[i] - (exp(1) - 1)) <
                    5 * exp(1) / sqrt(12. * N) / N);
    weir_strategy_find("lhs")->destroy(self);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_shuffle_is_a_permutation),
        cmocka_unit_test(shuffles_are_spread_evenly),
        cmocka_unit_test(every_interval_holds_one_simulation),
        cmocka_unit_test(its_place_in_the_interval_is_the_uniform_draw),
        cmocka_unit_test(axes_and_seeds_are_independent),
        cmocka_unit_test(a_mean_along_one_axis_is_nearly_exact),
    };
    return RUN(cases);
}
