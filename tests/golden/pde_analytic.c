/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spectral solvers against what is known in closed form, against each other,
 * and against themselves at smaller steps.
 */
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

/* A field as a function of the position in units of the box. */
typedef double field(double x, double y, double t);

static double *sample(const struct rig *r, field *f, double t)
{
    int nx = r->info.shape.n[0], ny = r->info.shape.n[1];
    double *u = malloc(r->floats * sizeof(*u));
    assert_non_null(u);
    for (int i = 0; i < nx; i++)
        for (int j = 0; j < ny; j++)
            u[i * ny + j] = f((double)i / nx, (double)j / ny, t);
    return u;
}

/* Start from f at 0, advance, compare with f at that time. */
static void follows(const char *what, struct rig *r, field *f, int steps,
                    double bound)
{
    double *start = sample(r, f, 0);
    double *want = sample(r, f, steps * r->info.dt);
    ok(r->ops->start_field(r->lane, start));
    double *got = rig_advance(r, steps);
    within(what, relative_l2(got, want, r->floats), bound);
    free(got);
    free(want);
    free(start);
    rig_free(r);
}

#define TURN (2 * M_PI)

/* L = 1, c = 0.25 */
static double advected(double x, double y, double t)
{
    (void)y;
    x -= 0.25 * t;
    return sin(TURN * x) + 0.5 * cos(3 * TURN * x + 1) +
           0.2 * sin(70 * TURN * x);
}

/* L = 2 pi, nu = 0.1; wave 70 is beyond the mask of 160 points */
static double diffused(double x, double y, double t)
{
    (void)y;
    return 0.3 + exp(-0.1 * t) * sin(TURN * x) +
           exp(-0.1 * 9 * t) * cos(3 * TURN * x) +
           exp(-0.1 * 4900 * t) * cos(70 * TURN * x);
}

/* L = 2 pi, a3 = 0.01 */
static double dispersed(double x, double y, double t)
{
    (void)y;
    return sin(TURN * x - 0.01 * t) + sin(5 * TURN * x - 0.01 * 125 * t) +
           cos(60 * TURN * x - 0.01 * 216000 * t);
}

static void linear_terms_are_exact_at_any_step(void **state)
{
    (void)state;
    struct rig r = RIG("advection", "dt", "3.7");
    follows("advection", &r, advected, 5, 1e-12);
    r = RIG("diffusion", "nu", "0.1", "length", "6.283185307179586", "dt",
            "0.003");
    follows("diffusion", &r, diffused, 4, 1e-13);
    r = RIG("dispersion", "a3", "0.01", "length", "6.283185307179586", "dt",
            "0.9");
    follows("dispersion", &r, dispersed, 5, 1e-10);
}

/* Cole-Hopf: u = -2 nu / b theta_x / theta, theta = 1.5 + e^(-nu t) cos x. */
static double cole_hopf(double x, double y, double t)
{
    (void)y;
    double nu = 0.05, b = 0.5, e = exp(-nu * t);
    return 2 * nu / b * e * sin(TURN * x) / (1.5 + e * cos(TURN * x));
}

static void burgers_follows_cole_hopf(void **state)
{
    (void)state;
    struct rig r = RIG("burgers", "nu", "0.05", "b", "0.5", "length",
                       "6.283185307179586", "dt", "0.1");
    follows("Burgers, conservative", &r, cole_hopf, 50, 1e-9);
    r = RIG("burgers", "nu", "0.05", "b", "0.5", "length", "6.283185307179586",
            "dt", "0.1", "flux", "advective");
    follows("Burgers, advective", &r, cole_hopf, 50, 1e-9);
}

/* b = -alpha: the combined equation with gamma = 0 is Burgers. */
static void combined_without_dispersion_is_burgers(void **state)
{
    (void)state;
    struct rig r = RIG("combined", "alpha", "0.5", "beta", "0.05", "gamma", "0",
                       "length", "6.283185307179586", "points", "160");
    follows("combined equation", &r, cole_hopf, 50, 1e-9);
}

/* L = 2 pi, nu = 0.02: eigenfunctions of the Laplacian only decay. */
static double taylor_green(double x, double y, double t)
{
    return 2 * cos(3 * TURN * x) * cos(3 * TURN * y + 1) *
           exp(-2 * 9 * 0.02 * t);
}

/* Two such of one |k| (25 = 5^2 + 0 = 3^2 + 4^2), at other angles. */
static double two_vortex_sheets(double x, double y, double t)
{
    return (cos(5 * TURN * x) + 0.7 * sin(TURN * (3 * x + 4 * y))) *
           exp(-25 * 0.02 * t);
}

static void eigenflows_decay_without_changing_shape(void **state)
{
    (void)state;
    struct rig r = RIG("ns2d", "nu", "0.02", "drag", "0", "force_amp", "0");
    follows("Taylor-Green", &r, taylor_green, 20, 1e-12);
    r = RIG("ns2d", "nu", "0.02", "drag", "0", "force_amp", "0");
    follows("two eigenflows of one |k|", &r, two_vortex_sheets, 20, 1e-12);
}

/* From rest the forcing builds a cos(4 y) up to a limit, with drag -0.1. */
static double forced_from_rest(double x, double y, double t)
{
    (void)x;
    double rate = 0.05 * 16 + 0.1;
    return -4 / rate * (1 - exp(-rate * t)) * cos(4 * TURN * y);
}

static void a_forced_flow_grows_from_rest_as_it_must(void **state)
{
    (void)state;
    struct rig r = RIG("ns2d", "nu", "0.05");
    follows("laminar Kolmogorov flow", &r, forced_from_rest, 20, 1e-12);
}

/* Kinetic energy and enstrophy of the modes, from the vorticity on the grid. */
static double enstrophy(const double *w, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += w[i] * w[i];
    return sum / (double)n;
}

static double crowd(double x, double y, double t)
{
    (void)t;
    return sin(TURN * (x + 2 * y)) + cos(TURN * (3 * x - y) + 1) +
           0.5 * sin(TURN * (2 * x + y) + 2);
}

static void without_viscosity_enstrophy_stays(void **state)
{
    (void)state;
    struct rig r =
        RIG("ns2d", "nu", "1e-12", "drag", "0", "force_amp", "0", "dt", "0.05");
    double *start = sample(&r, crowd, 0);
    ok(r.ops->start_field(r.lane, start));
    double *end = rig_advance(&r, 20);
    assert_true(relative_l2(end, start, r.floats) > 0.1);
    within("enstrophy",
           fabs(enstrophy(end, r.floats) / enstrophy(start, r.floats) - 1),
           1e-9);
    free(start);
    free(end);
    rig_free(&r);
}

static double smooth_1d(double x, double y, double t)
{
    (void)y;
    (void)t;
    return 0.7 * sin(TURN * x + 1) + 0.5 * sin(2 * TURN * x);
}

/* x-derivative of smooth_1d for L = 60 */
static double smooth_1d_slope(double x, double y, double t)
{
    (void)y;
    (void)t;
    return TURN / 60 * (0.7 * cos(TURN * x + 1) + 0.5 * 2 * cos(2 * TURN * x));
}

/* sin from cos: the derivative of u on the grid by central transforms. */
static double *slope_of(const double *u, int n, double length)
{
    double *v = calloc((size_t)n, sizeof(*v));
    assert_non_null(v);
    for (int k = 1; k < n / 2; k++) {
        double c = 0, s = 0;
        for (int i = 0; i < n; i++) {
            c += u[i] * cos(TURN * k * i / n) * 2 / n;
            s += u[i] * sin(TURN * k * i / n) * 2 / n;
        }
        for (int i = 0; i < n; i++)
            v[i] += TURN * k / length *
                    (s * cos(TURN * k * i / n) - c * sin(TURN * k * i / n));
    }
    return v;
}

/* If u solves the gradient form, u_x solves the conservative one. */
static void the_slope_of_ks_solves_the_conservative_form(void **state)
{
    (void)state;
    const char *const same[] = {"a2", "1", "a4", "0.5", "b", "3", NULL, NULL};
    struct rig a = rig_with("ks", same), b = rig_with("ks_cons", same);
    double *u = sample(&a, smooth_1d, 0), *v = sample(&b, smooth_1d_slope, 0);
    ok(a.ops->start_field(a.lane, u));
    ok(b.ops->start_field(b.lane, v));
    double *ua = rig_advance(&a, 60), *vb = rig_advance(&b, 60);
    double *slope = slope_of(ua, 160, 60);
    within("slope of ks against ks_cons", relative_l2(slope, vb, 160), 1e-7);
    free(slope);
    free(ua);
    free(vb);
    free(u);
    free(v);
    rig_free(&a);
    rig_free(&b);
}

static double mean(const double *u, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += u[i];
    return sum / (double)n;
}

/* Keeping the mean moves the whole field by a constant, and only that. */
static void a_kept_mean_only_shifts_the_field(void **state)
{
    (void)state;
    static const char *const solver[] = {"ks", "ks2d"};
    for (int d = 0; d < 2; d++) {
        struct rig a = RIG(solver[d], "mean_mode", "removed");
        struct rig b = RIG(solver[d], "mean_mode", "kept");
        double *u = sample(&a, d ? crowd : smooth_1d, 0);
        ok(a.ops->start_field(a.lane, u));
        ok(b.ops->start_field(b.lane, u));
        double *ua = rig_advance(&a, 20), *ub = rig_advance(&b, 20);
        double drift = mean(ub, a.floats) - mean(u, a.floats);
        assert_true(drift < -1e-4);
        within("mean, removed", fabs(mean(ua, a.floats) - mean(u, a.floats)),
               1e-12);
        for (size_t i = 0; i < a.floats; i++)
            ub[i] -= drift;
        within("kept minus its drift", relative_l2(ub, ua, a.floats), 1e-11);
        free(ua);
        free(ub);
        free(u);
        rig_free(&a);
        rig_free(&b);
    }
}

/* A uniform Gray-Scott state is two ordinary equations, here by RK4. */
static void reaction(const double *x, double *dx)
{
    double r = x[0] * x[1] * x[1];
    dx[0] = 0.02 * (1 - x[0]) - r;
    dx[1] = r - 0.066 * x[1];
}

static void runge_kutta(double *x, double dt)
{
    double k[4][2], y[2];
    reaction(x, k[0]);
    for (int s = 1; s < 4; s++) {
        double h = s < 3 ? dt / 2 : dt;
        for (int i = 0; i < 2; i++)
            y[i] = x[i] + h * k[s - 1][i];
        reaction(y, k[s]);
    }
    for (int i = 0; i < 2; i++)
        x[i] += dt / 6 * (k[0][i] + 2 * k[1][i] + 2 * k[2][i] + k[3][i]);
}

static void a_uniform_gray_scott_state_follows_its_two_equations(void **state)
{
    (void)state;
    struct rig r = RIG("gs2d", "dt", "1", "substeps", "20");
    double x[2] = {0.6, 0.4};
    double *u = malloc(r.floats * sizeof(*u));
    assert_non_null(u);
    for (size_t i = 0; i < r.floats; i++)
        u[i] = x[i >= r.floats / 2];
    ok(r.ops->start_field(r.lane, u));
    double *got = rig_advance(&r, 40);
    for (int i = 0; i < 40000; i++)
        runge_kutta(x, 1e-3);
    for (size_t i = 0; i < r.floats; i++)
        u[i] = x[i >= r.floats / 2];
    within("uniform Gray-Scott", relative_l2(got, u, r.floats), 1e-8);
    free(got);
    free(u);
    rig_free(&r);
}

/* ---- order of convergence ---------------------------------------------------- */

/* What converges: a solver, its coefficients, a start, a time, first steps. */
struct study {
    const char *solver;
    const char *pair[7];
    field *start;
    const char *dt;
    int substeps;
};

static double *end_state(const struct study *s, int order, int substeps,
                         size_t *n)
{
    struct rig r = rig_named(s->solver);
    for (int i = 0; s->pair[i]; i += 2)
        ok(weir_options_set(&r.opts, s->pair[i], s->pair[i + 1]));
    ok(weir_options_set(&r.opts, "dt", s->dt));
    rig_set(&r, "order", order);
    rig_set(&r, "substeps", substeps);
    rig_build(&r);
    double *u = sample(&r, s->start, 0);
    ok(r.ops->start_field(r.lane, u));
    free(u);
    u = rig_advance(&r, 1);
    *n = r.floats;
    rig_free(&r);
    return u;
}

static void converges(const struct study *s)
{
    size_t n;
    double *truth = end_state(s, 4, 16 * s->substeps, &n);
    for (int order = 2; order <= 4; order += 2) {
        double *coarse = end_state(s, order, s->substeps, &n);
        double *fine = end_state(s, order, 2 * s->substeps, &n);
        double e1 = relative_l2(coarse, truth, n);
        double e2 = relative_l2(fine, truth, n);
        printf("    %-8s ETDRK%d: %.2e, %.2e, order %.2f\n", s->solver, order,
               e1, e2, log2(e1 / e2));
        assert_true(fabs(log2(e1 / e2) - order) < 0.2);
        free(coarse);
        free(fine);
    }
    free(truth);
}

/* Gentle coefficients: stiff ones lower the order seen at affordable steps. */
static void schemes_reach_their_order(void **state)
{
    (void)state;
    static const struct study studies[] = {
        {"ks", {"a2", "1", "a4", "1", "b", "1"}, smooth_1d, "10", 40},
        {"ks_cons", {"a2", "1", "a4", "1", "b", "0.1"}, smooth_1d, "10", 40},
        {"ks2d", {"length", "40", "b", "0.3"}, crowd, "2", 32},
        {"ns2d", {0}, crowd, "1", 16},
    };
    for (size_t i = 0; i < sizeof(studies) / sizeof(studies[0]); i++)
        converges(&studies[i]);
}

/* ---- lanes ------------------------------------------------------------------- */

static void a_reused_lane_gives_the_same_bits_in_2d(void **state)
{
    (void)state;
    static const char *const solver[] = {"ks2d", "ns2d", "gs2d"};
    for (int s = 0; s < 3; s++) {
        struct rig r = rig_named(solver[s]);
        rig_build(&r);
        double *p = calloc(2 * r.info.space.n, sizeof(*p));
        assert_non_null(p);
        for (size_t i = 0; i < 2 * r.info.space.n; i++)
            p[i] = fabs(sin(12.9898 * (double)(i + 1)));
        for (int k = 0; k < 2; k++)
            weir_space_to_box(&r.info.space, p + (size_t)k * r.info.space.n,
                              p + (size_t)k * r.info.space.n);
        ok(r.ops->start(r.lane, p));
        double *first = rig_advance(&r, 3);
        ok(r.ops->start(r.lane, p + r.info.space.n));
        double *other = rig_advance(&r, 2);
        assert_true(relative_l2(first, other, r.floats) > 1e-3);
        ok(r.ops->start(r.lane, p));
        double *again = rig_advance(&r, 3);
        assert_memory_equal(first, again, r.floats * sizeof(*first));
        free(first);
        free(other);
        free(again);
        free(p);
        rig_free(&r);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(linear_terms_are_exact_at_any_step),
        cmocka_unit_test(burgers_follows_cole_hopf),
        cmocka_unit_test(combined_without_dispersion_is_burgers),
        cmocka_unit_test(eigenflows_decay_without_changing_shape),
        cmocka_unit_test(a_forced_flow_grows_from_rest_as_it_must),
        cmocka_unit_test(without_viscosity_enstrophy_stays),
        cmocka_unit_test(the_slope_of_ks_solves_the_conservative_form),
        cmocka_unit_test(a_kept_mean_only_shifts_the_field),
        cmocka_unit_test(a_uniform_gray_scott_state_follows_its_two_equations),
        cmocka_unit_test(schemes_reach_their_order),
        cmocka_unit_test(a_reused_lane_gives_the_same_bits_in_2d),
    };
    return RUN(cases);
}
