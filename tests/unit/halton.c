/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/discrepancy.h"
#include "tests/test.h"

#include "acquire/halton.h"
#include "acquire/registry.h"
#include "base/heap.h"
#include "base/rng.h"

#include <math.h>

/* The first points in bases 2 and 3, as every textbook prints them. */
static void the_first_points_are_the_published_ones(void **state)
{
    (void)state;
    const double published[][2] = {
        {0, 0},
        {1.0 / 2, 1.0 / 3},
        {1.0 / 4, 2.0 / 3},
        {3.0 / 4, 1.0 / 9},
        {1.0 / 8, 4.0 / 9},
        {5.0 / 8, 7.0 / 9},
        {3.0 / 8, 2.0 / 9},
        {7.0 / 8, 5.0 / 9},
        {1.0 / 16, 8.0 / 9},
        {9.0 / 16, 1.0 / 27},
    };
    for (uint64_t k = 0; k < 10; k++) {
        double u[2];
        ok(weir_halton(k, 2, u));
        assert_true(fabs(u[0] - published[k][0]) < 1e-15);
        assert_true(fabs(u[1] - published[k][1]) < 1e-15);
    }
}

static void bases_are_the_primes_in_order(void **state)
{
    (void)state;
    uint32_t expected = 2;
    for (size_t i = 0; i < WEIR_HALTON_DIMS; i++, expected++) {
        for (uint32_t d = 2; d * d <= expected; d++)
            if (expected % d == 0) {
                expected++;
                d = 1;
            }
        assert_int_equal(weir_halton_base(i), expected);
    }
}

/* b^2 successive points fill the b^2 cells of width 1 / b^2, one each: true of
 * any digit permutations, and only of permutations. */
static void every_cell_of_a_base_is_filled_once(void **state)
{
    (void)state;
    double u[15];
    for (size_t dim = 0; dim < 15; dim++) {
        uint32_t b = weir_halton_base(dim), cells = b * b;
        uint8_t *seen = calloc(cells, 1);
        for (uint64_t k = 0; k < cells; k++) {
            ok(weir_halton(3ull * cells + k, dim + 1, u));
            uint32_t cell = (uint32_t)(u[dim] * cells);
            assert_int_equal(seen[cell]++, 0);
        }
        free(seen);
    }
}

/* Points are part of a run's identity: these values may never change. */
static void scrambling_never_changes(void **state)
{
    (void)state;
    double u[400];
    ok(weir_halton(1, 400, u));
    const uint32_t digit[] = {4, 6, 6, 2, 1, 12, 21, 15};
    for (int i = 0; i < 8; i++)
        assert_true(fabs(u[2 + i] * weir_halton_base(2 + i) - digit[i]) < 1e-9);
    assert_true(fabs(u[399] * 2741 - 2274) < 1e-9);
    ok(weir_halton(123456789012345ull, 400, u));
    assert_true(fabs(u[2] - 0.19614515288931197) < 1e-14);
    assert_true(fabs(u[399] - 0.11084704245854561) < 1e-14);
}

static void points_stay_below_one(void **state)
{
    (void)state;
    double u[WEIR_HALTON_DIMS];
    for (uint64_t k = 0; k < 64; k++) {
        ok(weir_halton(UINT64_MAX >> k, WEIR_HALTON_DIMS, u));
        for (size_t i = 0; i < WEIR_HALTON_DIMS; i++)
            assert_true(u[i] >= 0 && u[i] < 1);
    }
}

static void too_many_dimensions_are_refused(void **state)
{
    (void)state;
    double u[1];
    fails(weir_halton(1, WEIR_HALTON_DIMS + 1, u), -EINVAL);
    says("up to 400 dimensions, not 401");
}

/* Exact in two dimensions: the supremum is reached at a corner made of point
 * coordinates, from below or from above. */
static double star_discrepancy(const double (*p)[2], int n)
{
    double worst = 0;
    for (int i = 0; i <= n; i++) {
        for (int j = 0; j <= n; j++) {
            double x = i < n ? p[i][0] : 1, y = j < n ? p[j][1] : 1;
            int closed = 0, open = 0;
            for (int k = 0; k < n; k++) {
                closed += p[k][0] <= x && p[k][1] <= y;
                open += p[k][0] < x && p[k][1] < y;
            }
            worst = fmax(worst, (double)closed / n - x * y);
            worst = fmax(worst, x * y - (double)open / n);
        }
    }
    return worst;
}

static void its_star_discrepancy_beats_random_points(void **state)
{
    (void)state;
    double p[128][2], halton, random = 0;
    for (int k = 0; k < 128; k++)
        ok(weir_halton((uint64_t)k + 1, 2, p[k]));
    halton = star_discrepancy((const double(*)[2])p, 128);
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct weir_rng rng = weir_rng_stream(seed, WEIR_RNG_TEST, 0);
        for (int k = 0; k < 256; k++)
            p[k / 2][k % 2] = weir_rng_uniform(&rng);
        random += star_discrepancy((const double(*)[2])p, 128) / 8;
    }
    assert_true(halton < 0.04);
    assert_true(halton < random / 2);
}

static void it_is_evener_than_random_in_more_dimensions(void **state)
{
    (void)state;
    double p[400 * 8];
    for (int dims = 4; dims <= 8; dims += 4) {
        double halton, random = 0;
        for (int k = 0; k < 400; k++)
            ok(weir_halton((uint64_t)k + 1, (size_t)dims, p + k * dims));
        halton = l2_discrepancy(p, 400, dims);
        for (uint64_t seed = 0; seed < 8; seed++) {
            struct weir_rng rng = weir_rng_stream(seed, WEIR_RNG_TEST, 1);
            for (int k = 0; k < 400 * dims; k++)
                p[k] = weir_rng_uniform(&rng);
            random += l2_discrepancy(p, 400, dims) / 8;
        }
        assert_true(halton < random / (dims == 4 ? 5 : 1.5));
    }
}

static void standardise(double *x, int n)
{
    double sum = 0, squares = 0;
    for (int k = 0; k < n; k++)
        sum += x[k];
    for (int k = 0; k < n; k++) {
        x[k] -= sum / n;
        squares += x[k] * x[k];
    }
    for (int k = 0; k < n; k++)
        x[k] /= sqrt(squares);
}

static void large_bases_do_not_move_together(void **state)
{
    (void)state;
    enum { N = 750, DIMS = 320 };
    double(*x)[N] = weir_array(DIMS, sizeof(*x)), u[DIMS], worst = 0;
    for (int k = 0; k < N; k++) {
        ok(weir_halton((uint64_t)k + 1, DIMS, u));
        for (int i = 0; i < DIMS; i++)
            x[i][k] = u[i];
    }
    for (int i = 0; i < DIMS; i++)
        standardise(x[i], N);
    for (int i = 0; i < DIMS; i++)
        for (int j = 0; j < i; j++) {
            double r = 0;
            for (int k = 0; k < N; k++)
                r += x[i][k] * x[j][k];
            worst = fmax(worst, fabs(r));
        }
    free(x);
    assert_true(worst < 0.2); /* random points: 0.16; unscrambled: 1.0 */
}

static const struct weir_parameter axes[401];

static void design(uint64_t seed, const char *shift, double u[50][3])
{
    const struct weir_strategy_ops *ops = weir_strategy_find("halton");
    struct weir_strategy_env env = {
        .seed = seed, .space = {.n = 3, .parameter = axes}, .budget = 50};
    struct weir_options opts;
    void *self;
    ok(weir_options_init(ops->options, &opts));
    ok(weir_options_set(&opts, "shift", shift));
    ok(ops->create(&env, &opts, &self));
    for (uint32_t id = 0; id < 50; id++)
        ops->initial(self, id, u[id]);
    ops->destroy(self);
    weir_options_free(&opts);
}

static void a_run_shifts_the_design_by_its_seed(void **state)
{
    (void)state;
    double plain[50][3], one[50][3], two[50][3], u[3];
    design(1, "false", plain);
    design(1, "true", one);
    design(2, "true", two);
    for (uint32_t id = 0; id < 50; id++) {
        ok(weir_halton(id + 1ull, 3, u));
        assert_memory_equal(plain[id], u, sizeof(u));
        for (int i = 0; i < 3; i++) {
            double shift = one[0][i] - plain[0][i];
            double moved = one[id][i] - plain[id][i] - shift;
            assert_true(fabs(moved - round(moved)) < 1e-12);
            assert_true(one[id][i] >= 0 && one[id][i] < 1);
            assert_true(one[id][i] != two[id][i]);
        }
    }
}

static void a_space_too_large_for_it_is_refused(void **state)
{
    (void)state;
    const struct weir_strategy_ops *ops = weir_strategy_find("halton");
    struct weir_strategy_env env = {.space = {.n = 401, .parameter = axes}};
    struct weir_options opts;
    void *self;
    ok(weir_options_init(ops->options, &opts));
    fails(ops->create(&env, &opts, &self), -WEIR_ECONFIG);
    says("halton: 401 parameters");
    weir_options_free(&opts);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_first_points_are_the_published_ones),
        cmocka_unit_test(bases_are_the_primes_in_order),
        cmocka_unit_test(every_cell_of_a_base_is_filled_once),
        cmocka_unit_test(scrambling_never_changes),
        cmocka_unit_test(points_stay_below_one),
        cmocka_unit_test(too_many_dimensions_are_refused),
        cmocka_unit_test(its_star_discrepancy_beats_random_points),
        cmocka_unit_test(it_is_evener_than_random_in_more_dimensions),
        cmocka_unit_test(large_bases_do_not_move_together),
        cmocka_unit_test(a_run_shifts_the_design_by_its_seed),
        cmocka_unit_test(a_space_too_large_for_it_is_refused),
    };
    return RUN(cases);
}
