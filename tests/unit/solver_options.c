/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a user can say about a solver: forms of coefficients, sampled numbers,
 * families of initial conditions, warm-up; and what is refused.
 */
#include "tests/golden/reference.h"

#include "pde/initial.h"

#include <complex.h>

static void set(struct rig *r, const char *name, const char *text)
{
    ok(weir_options_set(&r->opts, name, text));
}

/* Two configured solvers give the same trajectory up to rounding. */
static void assert_same(struct rig *a, struct rig *b, const double *p,
                        double bound)
{
    ok(a->ops->start(a->lane, p));
    ok(b->ops->start(b->lane, p));
    double *x = rig_advance(a, 10), *y = rig_advance(b, 10);
    within("difference", relative_l2(x, y, a->floats), bound);
    free(x);
    free(y);
}

static const double sines[] = {0.7, -0.4, 1, 2};

/* The default KdV is APEBench's (gamma_3, gamma_4, delta_1) = (-14, -9, -2). */
static void difficulties_give_the_default_kdv(void **state)
{
    (void)state;
    struct rig a = rig_named("kdv"), b = rig_named("kdv");
    rig_build(&a);
    set(&b, "form", "difficulty");
    set(&b, "gamma3", "-14");
    set(&b, "gamma4", "-9");
    set(&b, "delta1", "-2");
    rig_build(&b);
    assert_same(&a, &b, sines, 1e-12);
    rig_free(&a);
    rig_free(&b);
}

static double constant(const struct rig *r, const char *name)
{
    for (size_t i = 0; i < r->info.constants; i++)
        if (!strcmp(r->info.constant[i].name, name))
            return r->info.constant[i].value;
    fail_msg("no constant %s", name);
    return NAN;
}

static void constants_are_physical_whatever_the_form(void **state)
{
    (void)state;
    struct rig r = rig_named("kdv");
    set(&r, "form", "difficulty");
    set(&r, "gamma3", "-14");
    set(&r, "gamma4", "-9");
    set(&r, "delta1", "-2");
    rig_build(&r);
    within("a3", fabs(constant(&r, "a3") + 1.068115234375), 1e-12);
    within("a4", fabs(constant(&r, "a4") - 0.107288360595703), 1e-12);
    within("b", fabs(constant(&r, "b") - 6.25), 1e-12);
    rig_free(&r);
}

/* (alpha_3, alpha_4, beta_1) = (-8.5e-7, -2e-9, -.0125) are rounded values. */
static void normalised_coefficients_give_nearly_the_default_kdv(void **state)
{
    (void)state;
    struct rig a = rig_named("kdv"), b = rig_named("kdv");
    rig_build(&a);
    set(&b, "form", "normalised");
    set(&b, "alpha3", "-8.5449e-07");
    set(&b, "alpha4", "-1.71661e-09");
    set(&b, "beta1", "-0.0125");
    rig_build(&b);
    assert_same(&a, &b, sines, 1e-5);
    rig_free(&a);
    rig_free(&b);
}

static void difficulties_give_the_default_ks(void **state)
{
    (void)state;
    struct rig a = rig_named("ks"), b = rig_named("ks");
    rig_build(&a);
    set(&b, "form", "difficulty");
    set(&b, "gamma2", "-1.2");
    set(&b, "gamma4", "-15");
    set(&b, "delta2", "-6");
    rig_build(&b);
    assert_same(&a, &b, sines, 1e-12);
    rig_free(&a);
    rig_free(&b);
}

/* In 2D the same difficulties mean half the coefficients. */
static void difficulties_count_dimensions(void **state)
{
    (void)state;
    struct rig a = rig_named("ks2d"), b = rig_named("ks2d");
    rig_build(&a);
    set(&b, "form", "difficulty");
    rig_set(&b, "gamma2", -1 * 0.5 / (30. * 30) * 64 * 64 * 2 * 2);
    rig_set(&b, "gamma4", -1 * 0.5 / pow(30, 4) * pow(64, 4) * 8 * 2);
    rig_set(&b, "delta2", -1 * 0.5 / (30. * 30) * 64 * 64 * 2);
    rig_build(&b);
    double *p = calloc(a.info.space.n, sizeof(*p));
    assert_non_null(p);
    for (size_t i = 0; i < a.info.space.n; i++)
        p[i] = 0.5 * (a.info.space.parameter[i].low +
                      a.info.space.parameter[i].high) +
               0.1;
    assert_same(&a, &b, p, 1e-11);
    free(p);
    rig_free(&a);
    rig_free(&b);
}

static void a_number_of_another_form_is_refused(void **state)
{
    (void)state;
    void *config;
    struct rig r = rig_named("kdv");
    set(&r, "gamma3", "-14");
    fails(r.ops->configure(&r.opts, &config), -EINVAL);
    says("gamma3: given, but form is physical, expected difficulty");
    set(&r, "form", "difficulty");
    set(&r, "a4", "0.2");
    fails(r.ops->configure(&r.opts, &config), -EINVAL);
    says("a4: given, but form is difficulty");
    weir_options_free(&r.opts);
    r = rig_named("ks");
    set(&r, "form", "difficulty");
    set(&r, "gamma4", "15");
    fails(r.ops->configure(&r.opts, &config), -EINVAL);
    says("a4: ");
    weir_options_free(&r.opts);
}

/* A sampled coefficient equals the same coefficient as an option, bit by bit. */
static void a_sampled_coefficient_equals_a_given_one(void **state)
{
    (void)state;
    struct rig a = rig_named("kdv"), b = rig_named("kdv");
    set(&a, "sample", "a4,length");
    rig_build(&a);
    assert_int_equal(a.info.space.n, 6);
    assert_string_equal(a.info.space.parameter[4].name, "a4");
    assert_string_equal(a.info.space.parameter[5].name, "length");
    assert_true(a.info.space.parameter[5].low == 25);
    assert_true(a.info.space.parameter[5].high == 75);
    set(&b, "a4", "0.2");
    set(&b, "length", "43");
    rig_build(&b);
    double p[] = {0.7, -0.4, 1, 2, 0.2, 43};
    double other[] = {0.7, -0.4, 1, 2, 0.1, 60};
    ok(a.ops->start(a.lane, other));
    free(rig_advance(&a, 3));
    ok(a.ops->start(a.lane, p));
    ok(b.ops->start(b.lane, p));
    double *x = rig_advance(&a, 10), *y = rig_advance(&b, 10);
    assert_memory_equal(x, y, a.floats * sizeof(*x));
    free(x);
    free(y);
    rig_free(&a);
    rig_free(&b);
}

static void an_unknown_or_zero_sample_is_refused(void **state)
{
    (void)state;
    void *config;
    struct rig r = rig_named("kdv");
    set(&r, "sample", "a5");
    fails(r.ops->configure(&r.opts, &config), -EINVAL);
    says("sample: 'a5' is no coefficient");
    set(&r, "sample", "a4,a4");
    fails(r.ops->configure(&r.opts, &config), -EINVAL);
    says("twice");
    set(&r, "sample", "a4");
    set(&r, "a4", "0");
    fails(r.ops->configure(&r.opts, &config), -EINVAL);
    says("'a4' is 0");
    weir_options_free(&r.opts);
}

static void a_warm_up_is_steps_before_the_start(void **state)
{
    (void)state;
    struct rig a = rig_named("ks_cons"), b = rig_named("ks_cons");
    set(&a, "warmup", "7");
    rig_build(&a);
    rig_build(&b);
    ok(a.ops->start(a.lane, sines));
    ok(b.ops->start(b.lane, sines));
    double *x = rig_advance(&a, 3), *y = rig_advance(&b, 10);
    assert_memory_equal(x, y, a.floats * sizeof(*x));
    free(x);
    free(y);
    rig_free(&a);
    rig_free(&b);
}

static void random_waves_are_parameters(void **state)
{
    (void)state;
    struct rig r = rig_named("combined");
    rig_build(&r);
    assert_int_equal(r.info.space.n, 15);
    assert_string_equal(r.info.space.parameter[10].name, "w0");
    assert_true(r.info.space.parameter[0].high == 0.4);
    double p[15] = {0.3, 0.2, 0, 0, 0, 1, 2, 0, 0, 0, 1.999, 3, 1, 1, 1};
    ok(r.ops->start(r.lane, p));
    double *u = rig_advance(&r, 0);
    for (int i = 0; i < 64; i++) {
        double x = 2 * M_PI * i / 64;
        double want = 0.3 * sin(x + 1) + 0.2 * sin(2 * x + 2);
        assert_true(fabs(u[i] - want) < 1e-13);
    }
    free(u);
    rig_free(&r);
}

/* The formula of the header, term by term. */
static double fourier_at(const double *p, int c_max, double x, double y)
{
    int cut = (int)p[0];
    double sum = 0;
    for (int ny = 0; ny <= cut; ny++)
        for (int nx = -cut; nx <= cut; nx++) {
            const double *pair =
                p + 2 + 2 * (ny * (2 * c_max + 1) + nx + c_max);
            double a = pair[0] * exp(-pow(hypot(nx, ny) / p[0], p[1]));
            sum +=
                (ny ? 2 : 1) * a * cos(2 * M_PI * (nx * x + ny * y) + pair[1]);
        }
    return sum;
}

static void a_fourier_start_is_its_formula(void **state)
{
    (void)state;
    struct rig r = rig_named("ks2d");
    rig_build(&r);
    assert_int_equal(r.info.space.n, 308);
    double p[308];
    for (int i = 0; i < 308; i++)
        p[i] = sin(12.9898 * (i + 1));
    p[0] = 5.7;
    p[1] = 2.5;
    ok(r.ops->start(r.lane, p));
    double *u = rig_advance(&r, 0), top = 0;
    for (int i = 0; i < 64 * 64; i++)
        top = fmax(top, fabs(fourier_at(p, 8, (i / 64) / 64., i % 64 / 64.)));
    for (int i = 0; i < 64 * 64; i++) {
        double want = fourier_at(p, 8, (i / 64) / 64., i % 64 / 64.) / top;
        assert_true(fabs(u[i] - want) < 1e-12);
    }
    free(u);
    rig_free(&r);
}

static void blobs_are_a_mean_of_gaussians(void **state)
{
    (void)state;
    struct rig r = rig_named("gs2d");
    rig_build(&r);
    assert_int_equal(r.info.space.n, 96);
    double p[96];
    for (int b = 0; b < 16; b++)
        memcpy(p + 6 * b, (double[]){0, 0.1, 0.08, 0.1, 0.5, 0.5}, 48);
    p[0] = 0.8;
    p[48] = 0.4;
    ok(r.ops->start(r.lane, p));
    double *u = rig_advance(&r, 0);
    for (int i = 0; i < 64 * 64; i++) {
        double a = ((i / 64) / 64. - 0.5) / 0.1;
        double b = (i % 64 / 64. - 0.5) / 0.08;
        double g = exp(-0.5 * (a * a - 0.2 * a * b + b * b) / 0.99);
        /* Images of the blob are 5 widths away: 2e-6 at the edges. */
        assert_true(fabs(u[i] - (1 - 0.1 * g)) < 3e-6);
        assert_true(fabs(u[64 * 64 + i] - 0.05 * g) < 3e-6);
    }
    free(u);
    rig_free(&r);
}

static void grids_that_cannot_be_are_refused(void **state)
{
    (void)state;
    void *config;
    struct rig r = rig_named("ns2d");
    set(&r, "points", "63");
    fails(r.ops->configure(&r.opts, &config), -EINVAL);
    says("points: 63, expected an even number");
    set(&r, "points", "16");
    fails(r.ops->configure(&r.opts, &config), -EINVAL);
    says("cutoff_max: 8, expected at most 7");
    set(&r, "points", "64");
    set(&r, "force_k", "21");
    fails(r.ops->configure(&r.opts, &config), -EINVAL);
    says("force_k: 21");
    fails(weir_options_set(&r.opts, "nu", "0"), -EINVAL);
    fails(weir_options_set(&r.opts, "nu", "-1"), -EINVAL);
    weir_options_free(&r.opts);
}

static void every_solver_tells_its_constants(void **state)
{
    (void)state;
    size_t n;
    const struct weir_solver_ops *const *list = weir_solver_list(&n);
    for (size_t i = 0; i < n; i++) {
        struct rig r = rig_named(list[i]->name);
        assert_ptr_equal(r.ops, list[i]);
        rig_build(&r);
        for (size_t k = 0; k < r.info.constants; k++)
            assert_true(isfinite(constant(&r, r.info.constant[k].name)));
        rig_free(&r);
    }
}

/* From the middle of its parameters every solver runs and stays finite. */
static void every_solver_runs_with_its_defaults(void **state)
{
    (void)state;
    size_t n;
    const struct weir_solver_ops *const *list = weir_solver_list(&n);
    for (size_t i = 0; i < n; i++) {
        struct rig r = rig_named(list[i]->name);
        rig_build(&r);
        double *u = calloc(r.info.space.n + 1, sizeof(*u));
        float *frame = calloc(r.floats, sizeof(*frame));
        assert_true(u && frame);
        for (size_t k = 0; k < r.info.space.n; k++)
            u[k] = 0.2 + 0.6 * fabs(sin(12.9898 * (double)(k + 1)));
        weir_space_to_box(&r.info.space, u, u);
        ok(r.ops->start(r.lane, u));
        for (int s = 0; s < 20; s++)
            ok(r.ops->step(r.lane));
        r.ops->frame(r.lane, frame);
        for (size_t k = 0; k < r.floats; k++)
            assert_true(isfinite(frame[k]));
        free(frame);
        free(u);
        rig_free(&r);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(difficulties_give_the_default_kdv),
        cmocka_unit_test(constants_are_physical_whatever_the_form),
        cmocka_unit_test(normalised_coefficients_give_nearly_the_default_kdv),
        cmocka_unit_test(difficulties_give_the_default_ks),
        cmocka_unit_test(difficulties_count_dimensions),
        cmocka_unit_test(a_number_of_another_form_is_refused),
        cmocka_unit_test(a_sampled_coefficient_equals_a_given_one),
        cmocka_unit_test(an_unknown_or_zero_sample_is_refused),
        cmocka_unit_test(a_warm_up_is_steps_before_the_start),
        cmocka_unit_test(random_waves_are_parameters),
        cmocka_unit_test(a_fourier_start_is_its_formula),
        cmocka_unit_test(blobs_are_a_mean_of_gaussians),
        cmocka_unit_test(grids_that_cannot_be_are_refused),
        cmocka_unit_test(every_solver_tells_its_constants),
        cmocka_unit_test(every_solver_runs_with_its_defaults),
    };
    return RUN(cases);
}
