/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "base/normal.h"
#include "base/rng.h"
#include "weir/space.h"

#include <math.h>

/* The tails by the continued fraction of Laplace, with 40 digits. */
static void quantiles_of_the_normal_distribution(void **state)
{
    (void)state;
    const double table[][2] = {
        {0.5, 0},
        {0.84134474606854293, 1},
        {0.97724986805182079, 2},
        {0.975, 1.9599639845400545},
        {0.025, -1.9599639845400545},
        {1e-10, -6.3613409024040562},
        {1e-300, -37.047096299361199},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        assert_true(fabs(weir_normal_quantile(table[i][0]) - table[i][1]) <
                    1e-14 * (1 + fabs(table[i][1])));
    assert_true(weir_normal_quantile(0) == -HUGE_VAL);
    assert_true(weir_normal_quantile(1) == HUGE_VAL);
    assert_true(weir_normal_quantile(-1) == -HUGE_VAL);
    for (double p = 1e-200; p < 0.4999; p *= 1.07)
        assert_true(fabs(weir_normal_cdf(weir_normal_quantile(p)) / p - 1) <
                    1e-12);
    for (int i = 1; i < 1000; i++)
        assert_true(fabs(weir_normal_quantile(i / 1000.0) +
                         weir_normal_quantile(1 - i / 1000.0)) < 1e-13);
}

static const double values[] = {0.5, 1, 1, 1, 2, 4};

static const struct weir_parameter axes[] = {
    {.name = "linear", .low = -2, .high = 6},
    {.name = "log", .low = 1e-3, .high = 10, .axis = WEIR_AXIS_LOG},
    {.name = "normal",
     .low = -1,
     .high = 2,
     .density = WEIR_DENSITY_NORMAL,
     .mean = 0.5,
     .deviation = 0.4},
    {.name = "lognormal",
     .low = 1e-4,
     .high = 1,
     .axis = WEIR_AXIS_LOG,
     .density = WEIR_DENSITY_NORMAL,
     .mean = 1e-2,
     .deviation = 0.7},
    {.name = "tail",
     .low = 3,
     .high = 9,
     .density = WEIR_DENSITY_NORMAL,
     .mean = 0,
     .deviation = 1},
    {.name = "samples",
     .low = 0,
     .high = 5,
     .density = WEIR_DENSITY_SAMPLES,
     .sample = values,
     .samples = 6},
};
enum { N = sizeof(axes) / sizeof(*axes) };

static const struct weir_space space = {.n = N, .parameter = axes};

static void box_and_cube_are_inverse(void **state)
{
    (void)state;
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, 0);
    double u[N], x[N], back[N];
    for (int k = 0; k < 2000; k++) {
        for (int i = 0; i < N; i++)
            u[i] = weir_rng_uniform(&rng);
        weir_space_to_box(&space, u, x);
        weir_space_to_unit(&space, x, back);
        for (int i = 0; i < N; i++) {
            assert_true(x[i] >= axes[i].low && x[i] <= axes[i].high);
            if (i == 5 && u[i] > 0.2 && u[i] < 0.6)
                assert_true(x[i] == 1 && fabs(back[i] - 0.2) < 1e-15);
            else
                assert_true(fabs(back[i] - u[i]) < 1e-9);
        }
        weir_space_to_box(&space, u, u); /* in place */
        assert_memory_equal(u, x, sizeof(u));
    }
}

static void faces_of_the_cube_are_ends_of_the_box(void **state)
{
    (void)state;
    double u[N] = {0}, x[N];
    weir_space_to_box(&space, u, x);
    for (int i = 0; i < N; i++)
        assert_true(x[i] == (i == 5 ? 0.5 : axes[i].low));
    weir_space_to_unit(&space, x, u);
    for (int i = 0; i < N; i++)
        assert_true(u[i] == 0);
    for (int i = 0; i < N; i++)
        u[i] = 1;
    weir_space_to_box(&space, u, x);
    for (int i = 0; i < N; i++)
        assert_true(x[i] == (i == 5 ? 4 : axes[i].high));
    weir_space_to_unit(&space, x, u);
    for (int i = 0; i < N; i++)
        assert_true(u[i] == 1);
}

/* Along an axis u is the probability of a smaller value. */
static void densities_are_what_they_are_called(void **state)
{
    (void)state;
    double u[N], x[N] = {0, 0.1, 0.9, 0.02, 3.5, 1.5};
    const double a = weir_normal_cdf(-3.75), b = weir_normal_cdf(3.75);
    const double c = weir_normal_cdf(log(1e-2) / 0.7);
    const double d = weir_normal_cdf(log(1e2) / 0.7);
    const double expected[N] = {
        0.25,
        0.5,
        (weir_normal_cdf(1) - a) / (b - a),
        (weir_normal_cdf(log(2) / 0.7) - c) / (d - c),
        1 - erfc(3.5 / sqrt(2)) / erfc(3 / sqrt(2)), /* high is beyond */
        0.7,
    };
    weir_space_to_unit(&space, x, u);
    for (int i = 0; i < N; i++)
        assert_true(fabs(u[i] - expected[i]) < 1e-9);
    assert_true(weir_parameter_mass(&axes[0]) == 1);
    assert_true(fabs(weir_parameter_mass(&axes[4]) - 0.0013498980) < 1e-9);
}

/* Correlations 0.8 between axes 0 and 1, -0.5 between 0 and 2. */
static const double factor[9] = {
    1, 0, 0, 0.8, 0.6, 0, -0.5, 2.0 / 3, 0.5527707983925667};

static const struct weir_parameter three[] = {
    {.name = "a",
     .low = -100,
     .high = 100,
     .density = WEIR_DENSITY_NORMAL,
     .mean = 1,
     .deviation = 2},
    {.name = "b",
     .low = -100,
     .high = 100,
     .density = WEIR_DENSITY_NORMAL,
     .mean = -3,
     .deviation = 0.5},
    {.name = "c", .low = 2, .high = 4},
};
static const struct weir_space tied = {
    .n = 3, .parameter = three, .correlation = factor};

static void tied_axes_correlate_and_keep_their_densities(void **state)
{
    (void)state;
    enum { DRAWS = 200000 };
    struct weir_rng rng = weir_rng_stream(2, WEIR_RNG_TEST, 0);
    double sum[3] = {0}, square[3] = {0}, product = 0, u[3], x[3], back[3];
    for (int k = 0; k < DRAWS; k++) {
        for (int i = 0; i < 3; i++)
            u[i] = weir_rng_uniform(&rng);
        weir_space_to_box(&tied, u, x);
        weir_space_to_unit(&tied, x, back);
        for (int i = 0; i < 3; i++) {
            assert_true(fabs(back[i] - u[i]) < 1e-7);
            sum[i] += x[i] / DRAWS;
            square[i] += x[i] * x[i] / DRAWS;
        }
        product += (x[0] - 1) * (x[1] + 3) / DRAWS;
        weir_space_to_box(&tied, u, u); /* in place */
        assert_memory_equal(u, x, sizeof(u));
    }
    assert_true(fabs(sum[0] - 1) < 0.02 && fabs(sum[1] + 3) < 0.005);
    assert_true(fabs(sqrt(square[0] - sum[0] * sum[0]) - 2) < 0.02);
    assert_true(fabs(sqrt(square[1] - sum[1] * sum[1]) - 0.5) < 0.005);
    assert_true(fabs(product - 0.8) < 0.02); /* 0.8 x 2 x 0.5 */
    double third =
        (2.0 / 3) * (2.0 / 3) + 0.25 + 0.5527707983925667 * 0.5527707983925667;
    assert_true(fabs(third - 1) < 1e-12); /* the factor's last row */
    assert_true(fabs(sum[2] - 3) < 0.005);
    assert_true(fabs(square[2] - sum[2] * sum[2] - 1.0 / 3) < 0.005);
}

static void corners_of_tied_axes_are_finite(void **state)
{
    (void)state;
    for (int corner = 0; corner < 8; corner++) {
        double u[3] = {corner & 1, corner >> 1 & 1, corner >> 2}, x[3];
        weir_space_to_box(&tied, u, x);
        for (int i = 0; i < 3; i++)
            assert_true(x[i] >= three[i].low && x[i] <= three[i].high);
    }
}

static void equal_spaces_have_equal_densities(void **state)
{
    (void)state;
    struct weir_parameter p[N];
    const struct weir_space same = {.n = N, .parameter = p};
    memcpy(p, axes, sizeof(p));
    assert_true(weir_space_equal(&space, &same));
    p[2].deviation = 0.5;
    assert_false(weir_space_equal(&space, &same));
    memcpy(p, axes, sizeof(p));
    p[0].density = WEIR_DENSITY_NORMAL;
    assert_false(weir_space_equal(&space, &same));
    memcpy(p, axes, sizeof(p));
    const double other[] = {0.5, 1, 1, 1, 2, 4.5};
    p[5].sample = other;
    assert_false(weir_space_equal(&space, &same));
    const double one[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    struct weir_space loose = tied;
    loose.correlation = NULL;
    assert_false(weir_space_equal(&tied, &loose));
    loose.correlation = one;
    assert_false(weir_space_equal(&tied, &loose));
    assert_true(weir_space_equal(&tied, &tied));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(quantiles_of_the_normal_distribution),
        cmocka_unit_test(box_and_cube_are_inverse),
        cmocka_unit_test(faces_of_the_cube_are_ends_of_the_box),
        cmocka_unit_test(densities_are_what_they_are_called),
        cmocka_unit_test(tied_axes_correlate_and_keep_their_densities),
        cmocka_unit_test(corners_of_tied_axes_are_finite),
        cmocka_unit_test(equal_spaces_have_equal_densities),
    };
    return RUN(cases);
}
