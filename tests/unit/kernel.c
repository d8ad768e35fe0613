/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "acquire/kernel.h"

#include <math.h>

static const struct weir_parameter axes[311] = {
    [0] = {.name = "a", .high = 1},
    [1] = {.name = "b", .high = 1, .wraps = true},
};

static struct weir_kernel kernel(size_t dims, enum weir_boundary boundary,
                                 double sigma)
{
    return (struct weir_kernel){.space = {.n = dims, .parameter = axes},
                                .boundary = boundary,
                                .sigma = sigma,
                                .oob_factor = 0.3,
                                .max_oob = 3};
}

static const double parents[] = {0, 0.02, 0.5, 0.93, 1};
static const double sigmas[] = {0.01, 0.1, 0.4, 1, 5};
enum { BINS = 16 };

/* Probability that all draws on one axis fall outside. */
static double stuck(const struct weir_kernel *k, double parent)
{
    double p = 1, sigma = k->sigma;
    if (k->boundary == WEIR_BOUNDARY_REFLECT ||
        (k->boundary == WEIR_BOUNDARY_WRAP && k->space.parameter->wraps))
        return 0;
    for (uint32_t i = 0; i <= k->max_oob; i++, sigma *= k->oob_factor)
        p *= 0.5 * (erfc((1 - parent) / sigma / sqrt(2)) +
                    erfc(parent / sigma / sqrt(2)));
    return p;
}

static int bin_of(double u)
{
    return u < 1 ? (int)(u * BINS) : BINS - 1;
}

/* Probability of each bin, by quadrature; the parent's own bin gets what is
 * stuck there. Returns their sum. */
static double integrate(const struct weir_kernel *k, double parent, double *bin)
{
    enum { POINTS = 2000 };
    double total = 0;
    for (int b = 0; b < BINS; b++) {
        bin[b] = 0;
        for (int i = 0; i < POINTS; i++) {
            double u = (b + (i + 0.5) / POINTS) / BINS;
            bin[b] += exp(weir_kernel_log_density(k, &parent, &u));
        }
        bin[b] /= BINS * POINTS;
        total += bin[b];
    }
    bin[bin_of(parent)] += stuck(k, parent);
    return total + stuck(k, parent);
}

static double chi2_of_draws(const struct weir_kernel *k, double parent,
                            const double *bin, int *freedom)
{
    enum { DRAWS = 40000 };
    double count[BINS] = {0}, chi2 = 0;
    struct weir_rng rng = weir_rng_stream(3, WEIR_RNG_TEST, 0);
    for (int i = 0; i < DRAWS; i++) {
        double u;
        weir_kernel_draw(k, &rng, &parent, &u);
        assert_true(u >= 0 && u <= 1);
        count[bin_of(u)]++;
    }
    *freedom = -1;
    for (int b = 0; b < BINS; b++) {
        double expected = DRAWS * bin[b];
        if (expected < 5)
            continue;
        chi2 += pow(count[b] - expected, 2) / expected;
        ++*freedom;
    }
    return chi2;
}

/* On one axis, near walls, at walls and far from them, for steps from small to
 * much larger than the axis. */
static void draws_have_the_density(void **state)
{
    (void)state;
    for (int boundary = 0; boundary < 3; boundary++)
        for (int p = 0; p < 5; p++)
            for (int s = 0; s < 5; s++)
                for (int axis = 0; axis < 2; axis++) {
                    double bin[BINS];
                    int freedom;
                    struct weir_kernel k =
                        kernel(1, (enum weir_boundary)boundary, sigmas[s]);
                    k.space.parameter = axes + axis;
                    double total = integrate(&k, parents[p], bin);
                    assert_true(fabs(total - 1) < 2e-4);
                    double chi2 = chi2_of_draws(&k, parents[p], bin, &freedom);
                    /* 5 deviations: 150 cases, 1 in 10^5 each */
                    assert_true(chi2 < freedom + 5 * sqrt(2 * freedom + 1) + 9);
                }
}

/* The first axis outside spoils the other: no product of two densities. */
static void a_redraw_is_of_the_whole_child(void **state)
{
    (void)state;
    enum { DRAWS = 200000, SIDE = 6, POINTS = 30 };
    struct weir_kernel k = kernel(2, WEIR_BOUNDARY_SHRINK, 0.5);
    const double parent[2] = {0.1, 0.7};
    double count[SIDE * SIDE] = {0}, chi2 = 0, u[2];
    struct weir_rng rng = weir_rng_stream(4, WEIR_RNG_TEST, 0);
    for (int i = 0; i < DRAWS; i++) {
        weir_kernel_draw(&k, &rng, parent, u);
        count[(int)(u[0] * SIDE) * SIDE + (int)(u[1] * SIDE)]++;
    }
    for (int c = 0; c < SIDE * SIDE; c++) {
        double expected = 0;
        for (int i = 0; i < POINTS * POINTS; i++) {
            u[0] = (c / SIDE + (i / POINTS + 0.5) / POINTS) / SIDE;
            u[1] = (c % SIDE + (i % POINTS + 0.5) / POINTS) / SIDE;
            expected += exp(weir_kernel_log_density(&k, parent, u));
        }
        expected *= (double)DRAWS / (SIDE * SIDE * POINTS * POINTS);
        chi2 += pow(count[c] - expected, 2) / expected;
    }
    assert_true(chi2 < 72); /* 35 degrees of freedom, 1 in 4000 */
}

/* Root mean square step along an axis, over children of one parent. */
static double step_length(size_t dims, enum weir_boundary boundary)
{
    enum { CHILDREN = 400 };
    struct weir_kernel k = kernel(dims, boundary, 0.1);
    k.space.parameter = axes + 2; /* none wraps */
    k.max_oob = 10;
    struct weir_rng rng = weir_rng_stream(5, WEIR_RNG_TEST, dims);
    double parent[309], u[309], squares = 0;
    for (size_t i = 0; i < dims; i++)
        parent[i] = weir_rng_uniform(&rng);
    for (int c = 0; c < CHILDREN; c++) {
        weir_kernel_draw(&k, &rng, parent, u);
        for (size_t i = 0; i < dims; i++)
            squares += (u[i] - parent[i]) * (u[i] - parent[i]);
    }
    return sqrt(squares / (double)dims / CHILDREN);
}

static void reflected_children_move_in_many_dimensions(void **state)
{
    (void)state;
    const size_t dims[] = {4, 20, 97, 309};
    for (int i = 0; i < 4; i++) {
        double shrink = step_length(dims[i], WEIR_BOUNDARY_SHRINK);
        double reflect = step_length(dims[i], WEIR_BOUNDARY_REFLECT);
        print_message("%zu axes, sigma 0.1: a child moves by %.4f with shrink, "
                      "%.4f with reflect\n",
                      dims[i], shrink, reflect);
        assert_true(reflect > 0.09 && reflect < 0.105);
        if (dims[i] > 300)
            assert_true(shrink < 0.005);
    }
}

/* 45 deviations away, where the density itself is 0 as a double. */
static void densities_far_away_do_not_vanish(void **state)
{
    (void)state;
    for (int boundary = 0; boundary < 3; boundary++)
        for (int axis = 0; axis < 2; axis++) {
            struct weir_kernel k =
                kernel(1, (enum weir_boundary)boundary, 0.01);
            const double parent = 0.5, u = 0.95;
            k.space.parameter = axes + axis;
            double expected = -0.5 * 45 * 45 - log(0.01 * sqrt(2 * acos(-1)));
            double got = weir_kernel_log_density(&k, &parent, &u);
            assert_true(fabs(got - expected) < 1e-6);
        }
}

static void logarithms_of_sums_do_not_overflow(void **state)
{
    (void)state;
    assert_true(weir_log_sum(-HUGE_VAL, -HUGE_VAL) == -HUGE_VAL);
    assert_true(weir_log_sum(-HUGE_VAL, 3) == 3);
    assert_true(fabs(weir_log_sum(900, 900) - 900 - log(2)) < 1e-12);
    assert_true(fabs(weir_log_sum(log(2), log(5)) - log(7)) < 1e-15);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(draws_have_the_density),
        cmocka_unit_test(a_redraw_is_of_the_whole_child),
        cmocka_unit_test(reflected_children_move_in_many_dimensions),
        cmocka_unit_test(densities_far_away_do_not_vanish),
        cmocka_unit_test(logarithms_of_sums_do_not_overflow),
    };
    return RUN(cases);
}
