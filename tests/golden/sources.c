/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Steady diffusion from sources: a sparse direct solver's solutions, the Bessel
 * solution of one disc in a wide lattice, and the algebra of the problem.
 */
#include "tests/golden/reference.h"

#include "base/rng.h"

static struct rig sources_with(const char *const *pair)
{
    struct rig r = rig_named("sources");
    for (; pair[0]; pair += 2)
        ok(weir_options_set(&r.opts, pair[0], pair[1]));
    rig_build(&r);
    return r;
}

#define SOURCES(...)                                                           \
    sources_with((const char *const[]){__VA_ARGS__, NULL, NULL})

static double *solve(struct rig *r, const double *p)
{
    ok(r->ops->start(r->lane, p));
    return rig_advance(r, 0);
}

static void solutions_match_a_sparse_direct_solver(void **state)
{
    (void)state;
    struct reference ref = reference_open("sources.h5", 0);
    size_t n;
    double *params = reference_read(&ref, "params", &n);
    double *input = reference_read(&ref, "input", NULL);
    double *want = reference_read(&ref, "solution", NULL);
    struct rig r = SOURCES("points", "100");
    for (size_t s = 0; s < n / 6; s++) {
        const double *q = params + 6 * s;
        double p[5] = {q[0], q[1], q[2] + 0.5, q[3] + 0.999, q[5]};
        double *got = solve(&r, p);
        assert_memory_equal(got, input + s * 10000, 10000 * sizeof(*got));
        within("solution / max",
               relative_l2(got + 10000, want + s * 10000, 10000), 1e-10);
        free(got);
    }
    rig_free(&r);
    free(params);
    free(input);
    free(want);
    reference_close(&ref);
}

static void the_size_before_scaling_matches_too(void **state)
{
    (void)state;
    struct reference ref = reference_open("sources.h5", 0);
    size_t n;
    double *input = reference_read(&ref, "input", NULL);
    double *top = reference_read(&ref, "raw_max", &n);
    struct rig r = SOURCES("normalise", "false");
    double *field = calloc(20000, sizeof(*field));
    assert_non_null(field);
    for (size_t s = 0; s < n; s++) {
        memcpy(field, input + s * 10000, 10000 * sizeof(*field));
        ok(r.ops->start_field(r.lane, field));
        double *got = rig_advance(&r, 0), most = 0;
        for (int i = 0; i < 10000; i++)
            most = fmax(most, got[10000 + i]);
        assert_true(fabs(most / top[s] - 1) < 1e-10);
        free(got);
    }
    free(field);
    rig_free(&r);
    free(input);
    free(top);
    reference_close(&ref);
}

/* Modified Bessel functions by their integrals (Simpson). */
static double bessel_i(int order, double x)
{
    double sum = 0;
    int n = 2000;
    for (int i = 0; i <= n; i++) {
        double a = M_PI * i / n, w = i == 0 || i == n ? 1 : i % 2 ? 4 : 2;
        sum += w * exp(x * cos(a)) * cos(order * a);
    }
    return sum / (3 * n);
}

static double bessel_k(int order, double x)
{
    double sum = 0, top = acosh(700 / x + 1);
    int n = 4000;
    for (int i = 0; i <= n; i++) {
        double a = top * i / n, w = i == 0 || i == n ? 1 : i % 2 ? 4 : 2;
        sum += w * exp(-x * cosh(a)) * cosh(order * a);
    }
    return sum * top / (3 * n);
}

/* A disc of 81 points has the area of a circle of this radius. */
static double disc_solution(double r)
{
    double length = 20, radius = sqrt(81 / M_PI), z = radius / length;
    return r < radius ? 1 - z * bessel_k(1, z) * bessel_i(0, r / length)
                      : z * bessel_i(1, z) * bessel_k(0, r / length);
}

static void one_disc_far_from_the_edge_is_the_bessel_solution(void **state)
{
    (void)state;
    struct rig r =
        SOURCES("points", "601", "sources", "1", "normalise", "false");
    double *got = solve(&r, (double[]){300, 300});
    const double *u = got + (size_t)601 * 601;
    within("centre", fabs(u[300 * 601 + 300] / disc_solution(0) - 1), 2e-3);
    for (int d = 10; d <= 120; d += 10) {
        double e = fabs(u[300 * 601 + 300 + d] / disc_solution(d) - 1);
        char what[32];
        snprintf(what, sizeof(what), "at distance %d", d);
        within(what, e, 1e-3);
    }
    free(got);
    rig_free(&r);
}

/* The equation itself, point by point, zero outside. */
static void the_discrete_equation_holds(void **state)
{
    (void)state;
    struct rig r = SOURCES("points", "47", "sources", "3", "D", "1.7", "gamma",
                           "0.01", "normalise", "false");
    double p[] = {10, 10, 30.2, 20.7, 41, 41, 0.4, 0.9};
    assert_int_equal(r.info.space.n, 8);
    double *got = solve(&r, p), worst = 0;
    const double *s = got, *u = got + 47 * 47;
    for (int i = 0; i < 47; i++)
        for (int j = 0; j < 47; j++) {
            double lap = -4 * u[i * 47 + j];
            lap += i > 0 ? u[(i - 1) * 47 + j] : 0;
            lap += i < 46 ? u[(i + 1) * 47 + j] : 0;
            lap += j > 0 ? u[i * 47 + j - 1] : 0;
            lap += j < 46 ? u[i * 47 + j + 1] : 0;
            double rest = 1.7 * lap + 0.01 * (s[i * 47 + j] - u[i * 47 + j]);
            worst = fmax(worst, fabs(rest));
        }
    within("residual", worst, 1e-14);
    assert_true(s[10 * 47 + 10] == 1 && s[30 * 47 + 20] == 0.4);
    free(got);
    rig_free(&r);
}

static void absent_sources_have_no_effect(void **state)
{
    (void)state;
    struct rig many = SOURCES("sources", "4", "variable", "true");
    struct rig two = SOURCES("sources", "2");
    assert_int_equal(many.info.space.n, 12);
    assert_string_equal(many.info.space.parameter[11].name, "count");
    double p[12] = {20, 30, 60, 70, 9, 9, 80, 80, 0.3, 0.9, 0.9, 2.99};
    double q[5] = {20, 30, 60, 70, 0.3};
    double *a = solve(&many, p), *b = solve(&two, q);
    assert_memory_equal(a, b, 20000 * sizeof(*a));
    free(a);
    free(b);
    rig_free(&many);
    rig_free(&two);
}

/* What one sample adds to the statistics of a set. */
struct statistics {
    double distance, near, target, source, ring[3], field;
    int row[91], q[10];
};

static void add_layout(struct statistics *t, const double *p)
{
    double d = hypot(floor(p[0]) - floor(p[2]), floor(p[1]) - floor(p[3]));
    t->distance += d;
    t->near += d <= 10;
    t->row[(int)floor(p[0]) - 4]++;
    t->q[(int)(p[4] * 10 - 1e-9)]++;
}

static void add_image(struct statistics *t, const double *x, const double *y)
{
    for (int i = 0; i < 10000; i++) {
        t->target += y[i] / 1e4;
        if (x[i] > 0)
            t->source += 1e-4;
        else if (y[i] >= 0.05)
            t->ring[y[i] >= 0.2 ? 0 : y[i] >= 0.1 ? 1 : 2] += 1e-4;
        else
            t->field += 1e-4;
    }
}

/*
 * Sets drawn from the default space have the statistics computed for the
 * paper's generator: distances, and how much of an image is source, rings
 * (0.2, 0.1, 0.05) and the rest. Positions and intensities are flat.
 */
static void sampled_problems_look_like_the_papers(void **state)
{
    (void)state;
    enum { SAMPLES = 1500 };
    struct rig r = SOURCES("points", "100");
    struct statistics t = {0};
    for (int k = 0; k < SAMPLES; k++) {
        struct weir_rng rng = weir_rng_stream(5, WEIR_RNG_TEST, (uint64_t)k);
        double p[5];
        for (int i = 0; i < 5; i++)
            p[i] = weir_rng_uniform(&rng);
        weir_space_to_box(&r.info.space, p, p);
        add_layout(&t, p);
        double *got = solve(&r, p);
        add_image(&t, got, got + 10000);
        free(got);
    }
    within("mean distance", fabs(t.distance / SAMPLES - 47.3), 1.5);
    within("share within distance 10", fabs(t.near / SAMPLES - 0.03), 0.015);
    within("mean of the target", fabs(t.target / SAMPLES / 0.0955 - 1), 0.04);
    within("source points", fabs(t.source / SAMPLES / 0.016121 - 1), 0.01);
    within("ring 1", fabs(t.ring[0] / SAMPLES / 0.127 - 1), 0.05);
    within("ring 2", fabs(t.ring[1] / SAMPLES / 0.139 - 1), 0.05);
    within("ring 3", fabs(t.ring[2] / SAMPLES / 0.161 - 1), 0.05);
    within("below 0.05", fabs(t.field / SAMPLES / 0.557 - 1), 0.03);
    for (int i = 0; i < 91; i++)
        assert_true(abs(t.row[i] - SAMPLES / 91) < 22);
    for (int i = 0; i < 10; i++)
        assert_true(abs(t.q[i] - SAMPLES / 10) < 60);
    rig_free(&r);
}

static void a_steady_problem_says_so(void **state)
{
    (void)state;
    struct rig r = SOURCES("points", "50");
    assert_true(r.info.dt == 0);
    double p[5] = {20, 30, 40, 20, 0.3};
    double *a = solve(&r, p), *b = rig_advance(&r, 3);
    assert_memory_equal(a, b, r.floats * sizeof(*a));
    free(a);
    free(b);
    rig_free(&r);
}

static void impossible_lattices_and_sources_are_refused(void **state)
{
    (void)state;
    void *config;
    struct rig r = rig_named("sources");
    rig_set(&r, "points", 10);
    fails(r.ops->configure(&r.opts, &config), -EINVAL);
    says("radius: 5, expected at most 4 on 10 points");
    rig_set(&r, "points", 20);
    rig_build(&r);
    double *field = calloc(800, sizeof(*field));
    assert_non_null(field);
    field[7] = -1;
    fails(r.ops->start_field(r.lane, field), -EINVAL);
    says("source -1 at point 7");
    free(field);
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(solutions_match_a_sparse_direct_solver),
        cmocka_unit_test(the_size_before_scaling_matches_too),
        cmocka_unit_test(one_disc_far_from_the_edge_is_the_bessel_solution),
        cmocka_unit_test(the_discrete_equation_holds),
        cmocka_unit_test(absent_sources_have_no_effect),
        cmocka_unit_test(sampled_problems_look_like_the_papers),
        cmocka_unit_test(a_steady_problem_says_so),
        cmocka_unit_test(impossible_lattices_and_sources_are_refused),
    };
    return RUN(cases);
}
