/* SPDX-License-Identifier: BSD-3-Clause */
/* Heat, Allen-Cahn, Lorenz and the ball against what is known of them. */
#include "tests/golden/reference.h"

static struct rig rig_with(const char *solver, const char *const *pair)
{
    struct rig r = rig_named(solver);
    for (; pair[0]; pair += 2)
        ok(weir_options_set(&r.opts, pair[0], pair[1]));
    rig_build(&r);
    return r;
}

#define RIG(solver, ...)                                                       \
    rig_with(solver, (const char *const[]){__VA_ARGS__, NULL, NULL})

/* ---- heat -------------------------------------------------------------------- */

/* Walls at 0, inside 1: the square of a one-dimensional series. */
static double cooling(double x, double t)
{
    double sum = 0;
    for (int k = 1; k < 400; k += 2)
        sum +=
            4 / (M_PI * k) * sin(k * M_PI * x) * exp(-k * k * M_PI * M_PI * t);
    return sum;
}

static double cooling_error(const char *points)
{
    struct rig r = RIG("heat2d", "points", points, "dt", "0.01");
    ok(r.ops->start(r.lane, (double[]){1, 0, 0, 0, 0}));
    double *got = rig_advance(&r, 5);
    int n = r.info.shape.n[0];
    double *want = malloc(r.floats * sizeof(*want));
    assert_non_null(want);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            want[i * n + j] =
                cooling(r.info.origin[0] + i * r.info.spacing[0], 0.05) *
                cooling(r.info.origin[1] + j * r.info.spacing[1], 0.05);
    double e = relative_l2(got, want, r.floats);
    free(got);
    free(want);
    rig_free(&r);
    return e;
}

static void heat_converges_to_the_series_with_order_two(void **state)
{
    (void)state;
    double coarse = cooling_error("31"), fine = cooling_error("63");
    printf("    31 points %.2e, 63 points %.2e\n", coarse, fine);
    assert_true(fabs(log2(coarse / fine) - 2) < 0.05);
    assert_true(fine < 1e-3);
}

static void heat_starts_inside_and_ends_steady(void **state)
{
    (void)state;
    struct rig r = RIG("heat2d", "dt", "0.05");
    double p[5] = {300, 120, 480, 250, 130};
    ok(r.ops->start(r.lane, p));
    double *u = rig_advance(&r, 0);
    for (size_t i = 0; i < r.floats; i++)
        assert_true(fabs(u[i] - 300) < 1e-10);
    free(u);
    u = rig_advance(&r, 100);
    for (int i = 1; i < 63; i++)
        for (int j = 1; j < 63; j++) {
            double lap = u[(i - 1) * 64 + j] + u[(i + 1) * 64 + j] +
                         u[i * 64 + j - 1] + u[i * 64 + j + 1] -
                         4 * u[i * 64 + j];
            assert_true(fabs(lap) < 1e-9);
        }
    /* Next to a wall the wall's temperature is the missing neighbour. */
    double lap = 120 + u[64 + 30] + u[29] + u[31] - 4 * u[30];
    assert_true(fabs(lap) < 1e-9);
    lap = 130 + u[30 * 64 + 62] + u[29 * 64 + 63] + u[31 * 64 + 63] -
          4 * u[30 * 64 + 63];
    assert_true(fabs(lap) < 1e-9);
    free(u);
    rig_free(&r);
}

/* Steps do not matter: 10 of dt equal 1 of 10 dt, and time is exact. */
static void heat_is_exact_in_time(void **state)
{
    (void)state;
    struct rig a = RIG("heat2d", "dt", "0.001");
    struct rig b = RIG("heat2d", "dt", "0.01");
    double p[5] = {400, 100, 200, 300, 500};
    ok(a.ops->start(a.lane, p));
    ok(b.ops->start(b.lane, p));
    double *ua = rig_advance(&a, 10), *ub = rig_advance(&b, 1);
    within("heat in ten steps and in one", relative_l2(ua, ub, a.floats),
           1e-13);
    free(ua);
    free(ub);
    rig_free(&a);
    rig_free(&b);
}

/* ---- Allen-Cahn -------------------------------------------------------------- */

/* Second-order differences and RK4 on the same periodic interval. */
static void slope(const double *u, double *du, int n)
{
    double h = 2.0 / n;
    for (int i = 0; i < n; i++) {
        double left = u[(i + n - 1) % n], right = u[(i + 1) % n];
        du[i] = 1e-4 * (left - 2 * u[i] + right) / (h * h) -
                5 * (u[i] * u[i] * u[i] - u[i]);
    }
}

static double *by_differences(int n, double t, int steps)
{
    double *all = calloc((size_t)n * 6, sizeof(*all));
    assert_non_null(all);
    double *u = all, *y = all + n, *sum = all + 2 * n, *k = all + 3 * n;
    static const double reach[4] = {0, 0.5, 0.5, 1}, weight[4] = {1, 2, 2, 1};
    for (int i = 0; i < n; i++) {
        double x = 2.0 * i / n - 1;
        u[i] = x * x * cos(M_PI * x);
    }
    for (int s = 0; s < steps; s++) {
        memset(k, 0, (size_t)n * sizeof(*k));
        memset(sum, 0, (size_t)n * sizeof(*k));
        for (int stage = 0; stage < 4; stage++) {
            for (int i = 0; i < n; i++)
                y[i] = u[i] + t / steps * reach[stage] * k[i];
            slope(y, k, n);
            for (int i = 0; i < n; i++)
                sum[i] += weight[stage] * k[i];
        }
        for (int i = 0; i < n; i++)
            u[i] += t / steps / 6 * sum[i];
    }
    return all;
}

static void allen_cahn_agrees_with_finite_differences(void **state)
{
    (void)state;
    struct rig r = rig_named("allen_cahn");
    rig_build(&r);
    assert_int_equal(r.info.space.n, 0);
    assert_true(r.info.origin[0] == -1 && r.info.shape.n[0] == 1024);
    ok(r.ops->start(r.lane, NULL));
    double *got = rig_advance(&r, 200);
    double *fine = by_differences(4096, 1, 6000), want[1024];
    for (int i = 0; i < 1024; i++)
        want[i] = fine[4 * i];
    within("Allen-Cahn at t = 1", relative_l2(got, want, 1024), 1e-4);
    for (int i = 1; i < 512; i++)
        assert_true(fabs(got[512 - i] - got[512 + i]) < 1e-9);
    free(fine);
    free(got);
    rig_free(&r);
}

static void allen_cahn_is_resolved_by_its_defaults(void **state)
{
    (void)state;
    struct rig r = rig_named("allen_cahn");
    struct rig fine = RIG("allen_cahn", "points", "4096", "substeps", "16");
    rig_build(&r);
    ok(r.ops->start(r.lane, NULL));
    ok(fine.ops->start(fine.lane, NULL));
    double *a = rig_advance(&r, 200), *b = rig_advance(&fine, 200), want[1024];
    for (int i = 0; i < 1024; i++)
        want[i] = b[4 * i];
    within("defaults against 4096 points", relative_l2(a, want, 1024), 3e-6);
    free(a);
    free(b);
    rig_free(&r);
    rig_free(&fine);
}

/* ---- Lorenz ------------------------------------------------------------------ */

static double lorenz_error(int substeps)
{
    double end[2][3];
    for (int k = 0; k < 2; k++) {
        struct rig r = RIG("lorenz", "dt", "0.25");
        r.ops->destroy(r.lane);
        r.ops->release(r.config);
        rig_set(&r, "substeps", k ? 4000 : substeps);
        rig_build(&r);
        ok(r.ops->start(r.lane, (double[]){-6, 4, 22}));
        double *u = rig_advance(&r, 1);
        memcpy(end[k], u, sizeof(end[k]));
        free(u);
        rig_free(&r);
    }
    return relative_l2(end[0], end[1], 3);
}

static void lorenz_converges_with_order_four(void **state)
{
    (void)state;
    double e1 = lorenz_error(80), e2 = lorenz_error(160);
    printf("    %.2e, %.2e, order %.2f\n", e1, e2, log2(e1 / e2));
    assert_true(fabs(log2(e1 / e2) - 4) < 0.2);
}

/* On the z axis x = y = 0 stays and z decays with rate beta. */
static void lorenz_decays_on_its_axis(void **state)
{
    (void)state;
    struct rig r =
        RIG("lorenz", "dt", "0.1", "substeps", "40", "sample", "beta");
    ok(r.ops->start(r.lane, (double[]){0, 0, 30, 2}));
    double *u = rig_advance(&r, 10);
    assert_true(u[0] == 0 && u[1] == 0);
    within("z axis", fabs(u[2] / (30 * exp(-2)) - 1), 1e-10);
    free(u);
    rig_free(&r);
}

static void lorenz_rests_at_its_fixed_points(void **state)
{
    (void)state;
    struct rig r = RIG("lorenz", "dt", "0.01");
    double c = sqrt(8. / 3 * 27);
    ok(r.ops->start(r.lane, (double[]){-c, -c, 27}));
    double *u = rig_advance(&r, 100);
    within("fixed point", fabs(u[0] + c) + fabs(u[1] + c) + fabs(u[2] - 27),
           1e-10);
    free(u);
    rig_free(&r);
}

/* ---- ball -------------------------------------------------------------------- */

static void the_ball_ends_in_the_basin_its_start_lies_in(void **state)
{
    (void)state;
    struct rig r = rig_named("ball");
    rig_build(&r);
    double c = cos(0.5235987755982988), s = sin(0.5235987755982988);
    for (int i = 0; i < 400; i++) {
        double x = -2 + 4 * fabs(sin(12.9898 * (i + 1)));
        double y = -2 + 4 * fabs(sin(78.233 * (i + 1)));
        double side = c * x + s * y;
        if (fabs(side) < 1e-3)
            continue;
        ok(r.ops->start(r.lane, (double[]){x, y}));
        double *u = rig_advance(&r, 400);
        double to = side > 0 ? 1 : -1;
        assert_true(fabs(c * u[0] + s * u[1] - to) < 1e-3);
        assert_true(fabs(-s * u[0] + c * u[1] - 0.5) < 1e-3);
        free(u);
    }
    rig_free(&r);
}

static void a_ball_on_the_boundary_stays_on_it(void **state)
{
    (void)state;
    struct rig r = RIG("ball", "angle", "0");
    ok(r.ops->start(r.lane, (double[]){0, 1.7}));
    double *u = rig_advance(&r, 50);
    assert_true(u[0] == 0);
    within("down the ridge", fabs(u[1] / (1.7 * pow(0.99, 500)) - 1), 1e-12);
    free(u);
    rig_free(&r);
}

static void a_ball_that_flies_off_is_reported(void **state)
{
    (void)state;
    struct rig r = RIG("ball", "rate", "1", "valley", "10");
    ok(r.ops->start(r.lane, (double[]){2, -2}));
    int rc = 0;
    for (int i = 0; i < 50 && rc == 0; i++)
        rc = r.ops->step(r.lane);
    assert_int_equal(rc, -WEIR_EDIVERGED);
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(heat_converges_to_the_series_with_order_two),
        cmocka_unit_test(heat_starts_inside_and_ends_steady),
        cmocka_unit_test(heat_is_exact_in_time),
        cmocka_unit_test(allen_cahn_agrees_with_finite_differences),
        cmocka_unit_test(allen_cahn_is_resolved_by_its_defaults),
        cmocka_unit_test(lorenz_converges_with_order_four),
        cmocka_unit_test(lorenz_decays_on_its_axis),
        cmocka_unit_test(lorenz_rests_at_its_fixed_points),
        cmocka_unit_test(the_ball_ends_in_the_basin_its_start_lies_in),
        cmocka_unit_test(a_ball_on_the_boundary_stays_on_it),
        cmocka_unit_test(a_ball_that_flies_off_is_reported),
    };
    return RUN(cases);
}
