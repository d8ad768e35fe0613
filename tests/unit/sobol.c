/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/discrepancy.h"
#include "tests/test.h"

#include "acquire/halton.h"
#include "acquire/registry.h"
#include "acquire/sobol.h"
#include "acquire/sobol_directions.h"
#include "base/heap.h"
#include "base/rng.h"

#include <math.h>

static struct weir_sobol *make(size_t dims, enum weir_sobol_scramble scramble,
                               uint64_t seed)
{
    struct weir_sobol *s;
    ok(weir_sobol_create(dims, scramble, seed, &s));
    return s;
}

/* As the tables of Bratley and Fox and of Joe and Kuo give them, in the order
 * of Antonov and Saleev. */
static void the_first_points_are_the_published_ones(void **state)
{
    (void)state;
    const double published[][5] = {
        {0, 0, 0, 0, 0},
        {0.5, 0.5, 0.5, 0.5, 0.5},
        {0.75, 0.25, 0.25, 0.25, 0.75},
        {0.25, 0.75, 0.75, 0.75, 0.25},
        {0.375, 0.375, 0.625, 0.875, 0.375},
        {0.875, 0.875, 0.125, 0.375, 0.875},
        {0.625, 0.125, 0.875, 0.625, 0.625},
        {0.125, 0.625, 0.375, 0.125, 0.125},
        {0.1875, 0.3125, 0.9375, 0.4375, 0.5625},
    };
    struct weir_sobol *s = make(5, WEIR_SOBOL_PLAIN, 0);
    for (uint32_t k = 0; k < 9; k++) {
        double u[5];
        weir_sobol_point(s, k, u);
        assert_memory_equal(u, published[k], sizeof(u));
    }
    weir_sobol_destroy(s);
}

/* There are phi(2^s - 1) / s primitive polynomials of degree s. */
static void polynomials_are_all_the_primitive_ones(void **state)
{
    (void)state;
    const int count[] = {0, 1, 1, 2, 2, 6, 6, 18, 16, 48, 60, 176};
    uint32_t p = 0;
    for (int s = 1; s <= 11; s++)
        for (int i = 0; i < count[s]; i++) {
            p = weir_next_primitive(p);
            assert_int_equal(weir_polynomial_degree(p), s);
        }
    assert_int_equal(weir_polynomial_degree(weir_next_primitive(p)), 12);
}

/* Then every block of 2^m points is even along every axis. */
static void directions_are_triangular(void **state)
{
    (void)state;
    struct weir_sobol *s = make(WEIR_SOBOL_DIMS, WEIR_SOBOL_PLAIN, 0);
    for (size_t i = 0; i < WEIR_SOBOL_DIMS; i++)
        for (uint32_t c = 0; c < WEIR_SOBOL_BITS; c++)
            assert_int_equal(__builtin_ctz(weir_sobol_direction(s, i, c)),
                             WEIR_SOBOL_BITS - 1 - c);
    weir_sobol_destroy(s);
}

static const enum weir_sobol_scramble every[] = {
    WEIR_SOBOL_PLAIN, WEIR_SOBOL_SHIFT, WEIR_SOBOL_OWEN};

static void every_interval_is_met_once(void **state)
{
    (void)state;
    enum { N = 512 };
    double u[WEIR_SOBOL_DIMS];
    for (int kind = 0; kind < 3; kind++) {
        struct weir_sobol *s = make(WEIR_SOBOL_DIMS, every[kind], 5);
        uint8_t *seen = calloc(WEIR_SOBOL_DIMS, N);
        for (uint32_t k = 0; k < N; k++) {
            weir_sobol_point(s, 7 * N + k, u);
            for (size_t i = 0; i < WEIR_SOBOL_DIMS; i++) {
                assert_true(u[i] >= 0 && u[i] < 1);
                assert_int_equal(seen[i * N + (size_t)(u[i] * N)]++, 0);
            }
        }
        free(seen);
        weir_sobol_destroy(s);
    }
}

/* Dimensions 1 and 2 have t = 0: 1 point in every rectangle of area 2^-m. */
static void the_first_two_axes_fill_every_rectangle(void **state)
{
    (void)state;
    enum { M = 8, N = 1 << M };
    for (int kind = 0; kind < 3; kind++)
        for (int m = 0; m <= M; m++) {
            struct weir_sobol *s = make(2, every[kind], 3);
            uint8_t seen[N] = {0};
            for (uint32_t k = 0; k < N; k++) {
                double u[2];
                weir_sobol_point(s, k, u);
                int x = (int)(u[0] * (1 << m)), y = (int)(u[1] * (N >> m));
                assert_int_equal(seen[x * (N >> m) + y]++, 0);
            }
            weir_sobol_destroy(s);
        }
}

static int common_digits(double a, double b)
{
    int n = 0;
    while (n < 32 && (uint64_t)ldexp(a, n + 1) == (uint64_t)ldexp(b, n + 1))
        n++;
    return n;
}

/* What nested scrambling is: points that part at a digit still part there, and
 * are independent below it; a shift moves them together. */
static void scrambling_is_nested_and_random_below(void **state)
{
    (void)state;
    enum { SEEDS = 4000 };
    struct weir_sobol *plain = make(3, WEIR_SOBOL_PLAIN, 0);
    double a[3], b[3], x[3], y[3];
    int below[2][4] = {{0}}, first[16] = {0};
    weir_sobol_point(plain, 77, a);
    weir_sobol_point(plain, 93, b);
    int parts = common_digits(a[2], b[2]);
    for (int kind = 1; kind < 3; kind++)
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            struct weir_sobol *s = make(3, every[kind], seed);
            weir_sobol_point(s, 77, x);
            weir_sobol_point(s, 93, y);
            for (int i = 0; i < 3; i++)
                assert_int_equal(common_digits(x[i], y[i]),
                                 common_digits(a[i], b[i]));
            int p = (int)ldexp(x[2], parts + 2) & 1;
            int q = (int)ldexp(y[2], parts + 2) & 1;
            below[kind - 1][2 * p + q]++;
            first[(int)(x[2] * 16)] += kind == 2;
            weir_sobol_destroy(s);
        }
    int together = below[0][0] + below[0][3];
    assert_true(together == 0 || together == SEEDS);
    double chi2 = 0;
    for (int i = 0; i < 4; i++)
        chi2 += pow(below[1][i] - SEEDS / 4.0, 2) / (SEEDS / 4.0);
    assert_true(chi2 < 17.7); /* 3 degrees of freedom, 1 in 2000 */
    chi2 = 0;
    for (int i = 0; i < 16; i++)
        chi2 += pow(first[i] - SEEDS / 16.0, 2) / (SEEDS / 16.0);
    assert_true(chi2 < 39.7); /* 15 degrees of freedom, 1 in 2000 */
    weir_sobol_destroy(plain);
}

static void its_discrepancy_beats_halton_and_random(void **state)
{
    (void)state;
    enum { N = 256 };
    double p[N * 8];
    for (int dims = 2; dims <= 8; dims += 2) {
        double sobol = 0, halton, random = 0;
        for (uint64_t seed = 0; seed < 8; seed++) {
            struct weir_sobol *s = make((size_t)dims, WEIR_SOBOL_OWEN, seed);
            struct weir_rng rng = weir_rng_stream(seed, WEIR_RNG_TEST, 1);
            for (uint32_t k = 0; k < N; k++)
                weir_sobol_point(s, k, p + k * (uint32_t)dims);
            sobol += l2_discrepancy(p, N, dims) / 8;
            for (int k = 0; k < N * dims; k++)
                p[k] = weir_rng_uniform(&rng);
            random += l2_discrepancy(p, N, dims) / 8;
            weir_sobol_destroy(s);
        }
        for (int k = 0; k < N; k++)
            ok(weir_halton((uint64_t)k + 1, (size_t)dims, p + k * dims));
        halton = l2_discrepancy(p, N, dims);
        print_message("%dD, %d points, squared L2 discrepancy x 1e6: %.3f "
                      "Sobol, %.3f Halton, %.3f random\n",
                      dims, N, 1e6 * sobol, 1e6 * halton, 1e6 * random);
        assert_true(sobol < halton);
        assert_true(sobol < random / (dims < 5 ? 10 : 2));
    }
}

/* All 780 pairs of the last 40 axes of a 309-dimensional space. A few are
 * worse than random: 512 points have 2^8 ways to choose half of the axis, and
 * two of 309 axes must choose alike. */
static void pairs_of_late_axes_are_evener_than_random(void **state)
{
    (void)state;
    enum { N = 512, DIMS = 309, FROM = 269 };
    double *u = weir_array(N * DIMS, sizeof(*u)), p[2 * N];
    struct weir_sobol *s = make(DIMS, WEIR_SOBOL_OWEN, 1);
    for (uint32_t k = 0; k < N; k++)
        weir_sobol_point(s, k, u + k * DIMS);
    /* Of independent points the squared discrepancy is (2^-d - 3^-d) / N on
     * average: Warnock's formula, integrated. */
    double mean = 0, random = (1.0 / 4 - 1.0 / 9) / N;
    int pairs = 0, worse = 0;
    for (int i = FROM; i < DIMS; i++)
        for (int j = FROM; j < i; j++, pairs++) {
            for (int k = 0; k < N; k++) {
                p[2 * k] = u[k * DIMS + i];
                p[2 * k + 1] = u[k * DIMS + j];
            }
            double l2 = l2_discrepancy(p, N, 2);
            mean += l2 / random;
            worse += l2 > random;
        }
    print_message("pairs of axes, %d points: %.3f of random on average, %d of "
                  "%d worse than it\n",
                  N, mean / pairs, worse, pairs);
    assert_true(mean / pairs < 1.0 / 5);
    assert_true(worse < pairs / 20);
    free(u);
    weir_sobol_destroy(s);
}

static double product_integrand(const double *u, int n)
{
    double f = 1;
    for (int i = 0; i < n; i++)
        f *= 1 + (u[i] - 0.5) / (i + 1);
    return f; /* of mean 1 */
}

static void means_converge_faster_than_with_random_points(void **state)
{
    (void)state;
    enum { N = 1024, DIMS = 10, SEEDS = 16 };
    double sobol = 0, random = 0, u[DIMS];
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct weir_sobol *s = make(DIMS, WEIR_SOBOL_OWEN, seed);
        struct weir_rng rng = weir_rng_stream(seed, WEIR_RNG_TEST, 2);
        double a = 0, b = 0;
        for (uint32_t k = 0; k < N; k++) {
            weir_sobol_point(s, k, u);
            a += product_integrand(u, DIMS) / N;
            for (int i = 0; i < DIMS; i++)
                u[i] = weir_rng_uniform(&rng);
            b += product_integrand(u, DIMS) / N;
        }
        sobol += (a - 1) * (a - 1) / SEEDS;
        random += (b - 1) * (b - 1) / SEEDS;
        weir_sobol_destroy(s);
    }
    print_message("rms error of a mean: %.2e Sobol, %.2e random\n", sqrt(sobol),
                  sqrt(random));
    assert_true(sqrt(sobol) < sqrt(random) / 50);
}

/* Points are part of a run's identity: these values may never change. */
static void points_never_change(void **state)
{
    (void)state;
    const struct {
        enum weir_sobol_scramble scramble;
        uint32_t index;
        double early, late; /* coordinates 5 and 337 */
    } pinned[] = {
        {WEIR_SOBOL_PLAIN, 4000000001u, 0.42209704709239304,
         0.63285370985977352},
        {WEIR_SOBOL_OWEN, 12345, 0.70491998853500959, 0.61957004091307233},
        {WEIR_SOBOL_SHIFT, 12345, 0.66042194616965721, 0.82321055781921759},
    };
    double u[WEIR_SOBOL_DIMS];
    for (int i = 0; i < 3; i++) {
        struct weir_sobol *s = make(WEIR_SOBOL_DIMS, pinned[i].scramble, 42);
        weir_sobol_point(s, pinned[i].index, u);
        assert_true(u[4] == pinned[i].early && u[336] == pinned[i].late);
        weir_sobol_destroy(s);
    }
}

static void too_many_dimensions_are_refused(void **state)
{
    (void)state;
    struct weir_sobol *s;
    fails(weir_sobol_create(WEIR_SOBOL_DIMS + 1, WEIR_SOBOL_OWEN, 0, &s),
          -EINVAL);
    says("up to 337 dimensions, not 338");
}

static const struct weir_parameter axes[WEIR_SOBOL_DIMS + 1];

static void simulation_k_takes_point_k(void **state)
{
    (void)state;
    const struct weir_strategy_ops *ops = weir_strategy_find("sobol");
    struct weir_strategy_env env = {
        .seed = 9, .space = {.n = 3, .parameter = axes}, .budget = 50};
    struct weir_options opts;
    void *self;
    const char *kinds[] = {"none", "shift", "owen"};
    for (int kind = 0; kind < 3; kind++) {
        struct weir_sobol *s = make(3, every[kind], 9);
        ok(weir_options_init(ops->options, &opts));
        ok(weir_options_set(&opts, "scramble", kinds[kind]));
        ok(ops->create(&env, &opts, &self));
        for (uint32_t id = 0; id < 80; id++) {
            double u[3], expected[3];
            ops->initial(self, id, u);
            weir_sobol_point(s, id, expected);
            assert_memory_equal(u, expected, sizeof(u));
        }
        ops->destroy(self);
        weir_options_free(&opts);
        weir_sobol_destroy(s);
    }
}

static void a_space_too_large_for_it_is_refused(void **state)
{
    (void)state;
    const struct weir_strategy_ops *ops = weir_strategy_find("sobol");
    struct weir_strategy_env env = {
        .space = {.n = WEIR_SOBOL_DIMS + 1, .parameter = axes}, .budget = 50};
    struct weir_options opts;
    void *self;
    ok(weir_options_init(ops->options, &opts));
    fails(ops->create(&env, &opts, &self), -WEIR_ECONFIG);
    says("338 parameters, expected 337 or less");
    assert_non_null(strstr(weir_err_hint_text(), "lhs"));
    weir_options_free(&opts);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_first_points_are_the_published_ones),
        cmocka_unit_test(polynomials_are_all_the_primitive_ones),
        cmocka_unit_test(directions_are_triangular),
        cmocka_unit_test(every_interval_is_met_once),
        cmocka_unit_test(the_first_two_axes_fill_every_rectangle),
        cmocka_unit_test(scrambling_is_nested_and_random_below),
        cmocka_unit_test(its_discrepancy_beats_halton_and_random),
        cmocka_unit_test(pairs_of_late_axes_are_evener_than_random),
        cmocka_unit_test(means_converge_faster_than_with_random_points),
        cmocka_unit_test(points_never_change),
        cmocka_unit_test(too_many_dimensions_are_refused),
        cmocka_unit_test(simulation_k_takes_point_k),
        cmocka_unit_test(a_space_too_large_for_it_is_refused),
    };
    return RUN(cases);
}
