/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/golden/reference.h"

#include <pthread.h>

static const double typical[] = {0.8, -0.6, 1.0, 4.0};

static struct rig kdv_with_substeps(int order, int substeps, bool real_weights)
{
    struct rig r = rig_named("kdv");
    rig_set(&r, "order", order);
    rig_set(&r, "substeps", substeps);
    ok(weir_options_set(&r.opts, "real_weights",
                        real_weights ? "true" : "false"));
    rig_build(&r);
    return r;
}

/* State after 0.5 time units (5 frames) in the smooth first phase. */
static double *solution(int order, int substeps, bool real_weights)
{
    struct rig r = kdv_with_substeps(order, substeps, real_weights);
    ok(r.ops->start(r.lane, typical));
    double *u = rig_advance(&r, 5);
    rig_free(&r);
    return u;
}

static double observed_order(int order, int substeps, bool real_weights)
{
    double *truth = solution(4, 512, false);
    double *coarse = solution(order, substeps, real_weights);
    double *fine = solution(order, 2 * substeps, real_weights);
    double e1 = relative_l2(coarse, truth, 160);
    double e2 = relative_l2(fine, truth, 160);
    free(truth);
    free(coarse);
    free(fine);
    printf("    ETDRK%d%s: %.2e, %.2e, order %.2f\n", order,
           real_weights ? ", real weights" : "", e1, e2, log2(e1 / e2));
    return log2(e1 / e2);
}

static void complex_weights_reach_their_order(void **state)
{
    (void)state;
    for (int order = 1; order <= 4; order++) {
        double seen = observed_order(order, 16, false);
        assert_true(fabs(seen - order) < 0.25);
    }
}

static void real_weights_drop_to_first_order(void **state)
{
    (void)state;
    assert_true(fabs(observed_order(2, 16, true) - 1) < 0.3);
    assert_true(fabs(observed_order(4, 16, true) - 1) < 0.3);
}

/* u_t + 6 u u_x + u_xxx = 0 has u = c/2 sech^2(sqrt(c)/2 (x - c t)). */
static void soliton(double c, double x0, double length, int n, double *u)
{
    for (int i = 0; i < n; i++) {
        double x = fmod(i * length / n - x0 + 1.5 * length, length);
        double sech = 1 / cosh(sqrt(c) / 2 * (x - length / 2));
        u[i] = c / 2 * sech * sech;
    }
}

static struct rig soliton_rig(double dt)
{
    struct rig r = rig_named("kdv");
    rig_set(&r, "a3", -1);
    rig_set(&r, "a4", 0);
    rig_set(&r, "b", 6);
    rig_set(&r, "points", 320);
    rig_set(&r, "length", 60);
    rig_set(&r, "dt", dt);
    rig_set(&r, "substeps", 100);
    rig_build(&r);
    return r;
}

static void a_soliton_keeps_shape_and_speed(void **state)
{
    (void)state;
    double c = 1.5, u[320], want[320];
    struct rig r = soliton_rig(1);
    soliton(c, 10, 60, 320, u);
    ok(r.ops->start_field(r.lane, u));
    double *got = rig_advance(&r, 20);
    soliton(c, 10 + 20 * c, 60, 320, want);
    within("soliton after 20 time units", relative_l2(got, want, 320), 3e-6);
    free(got);
    rig_free(&r);
}

/*
 * Two solitons pass through each other and keep their shapes; the fast one
 * ends ahead, the slow one behind, by the phase shifts of the exact solution,
 * ln|(k1+k2)/(k1-k2)| / k_i * 2 with k = sqrt(c)/2.
 */
static void two_solitons_collide_with_the_known_phase_shift(void **state)
{
    (void)state;
    double c1 = 2, c2 = 0.6, k1 = sqrt(c1) / 2, k2 = sqrt(c2) / 2, t = 20;
    double a[320], b[320], want[320];
    struct rig r = soliton_rig(1);
    soliton(c1, 12, 60, 320, a);
    soliton(c2, 27, 60, 320, b);
    for (int i = 0; i < 320; i++)
        a[i] += b[i];
    ok(r.ops->start_field(r.lane, a));
    double *got = rig_advance(&r, (int)t);
    double shift = log((k1 + k2) / (k1 - k2));
    soliton(c1, 12 + c1 * t + shift / k1, 60, 320, want);
    soliton(c2, 27 + c2 * t - shift / k2, 60, 320, b);
    for (int i = 0; i < 320; i++)
        want[i] += b[i];
    within("two solitons after a collision", relative_l2(got, want, 320), 2e-3);
    free(got);
    rig_free(&r);
}

/* Mass is exact; a4 = 0 conserves energy as well, up to the scheme. */
static void mass_and_energy_are_conserved(void **state)
{
    (void)state;
    double u[320], mass0 = 0, energy0 = 0, mass = 0, energy = 0;
    struct rig r = soliton_rig(1);
    soliton(1, 20, 60, 320, u);
    ok(r.ops->start_field(r.lane, u));
    double *got = rig_advance(&r, 10);
    for (int i = 0; i < 320; i++) {
        mass0 += u[i];
        energy0 += u[i] * u[i];
        mass += got[i];
        energy += got[i] * got[i];
    }
    within("mass", fabs(mass / mass0 - 1), 1e-13);
    within("energy", fabs(energy / energy0 - 1), 1e-8);
    free(got);
    rig_free(&r);
}

struct run {
    const struct weir_solver_ops *ops;
    void *lane;
    float frame[50 * 160];
};

static void *run_lane(void *arg)
{
    struct run *run = arg;
    if (run->ops->start(run->lane, typical) < 0)
        return "start failed";
    for (int i = 0; i < 50; i++) {
        if (run->ops->step(run->lane) < 0)
            return "step failed";
        run->ops->frame(run->lane, run->frame + (size_t)i * 160);
    }
    return NULL;
}

static void lanes_on_two_threads_give_the_same_bits(void **state)
{
    (void)state;
    struct rig r = rig_named("kdv");
    rig_build(&r);
    struct run *runs = calloc(2, sizeof(*runs));
    assert_non_null(runs);
    pthread_t thread[2];
    for (int i = 0; i < 2; i++) {
        runs[i].ops = r.ops;
        ok(r.ops->create(r.config, &runs[i].lane));
        assert_int_equal(pthread_create(&thread[i], NULL, run_lane, &runs[i]),
                         0);
    }
    for (int i = 0; i < 2; i++) {
        void *failure;
        pthread_join(thread[i], &failure);
        assert_null(failure);
        r.ops->destroy(runs[i].lane);
    }
    assert_memory_equal(runs[0].frame, runs[1].frame, sizeof(runs[0].frame));
    free(runs);
    rig_free(&r);
}

static void a_reused_lane_gives_the_same_bits(void **state)
{
    (void)state;
    struct rig r = rig_named("kdv");
    rig_build(&r);
    ok(r.ops->start(r.lane, typical));
    double *first = rig_advance(&r, 20);
    ok(r.ops->start(r.lane, (double[]){-1, 1, 0.1, 0.2}));
    free(rig_advance(&r, 7));
    ok(r.ops->start(r.lane, typical));
    double *again = rig_advance(&r, 20);
    assert_memory_equal(first, again, r.floats * sizeof(*first));
    free(first);
    free(again);
    rig_free(&r);
}

/* Case KdV-4 with single large ETDRK2 steps blows up for most starts. */
static void a_blow_up_is_reported_and_the_lane_lives_on(void **state)
{
    (void)state;
    struct rig r = rig_named("kdv");
    rig_set(&r, "b", 50);
    rig_set(&r, "order", 2);
    rig_set(&r, "substeps", 1);
    rig_build(&r);
    ok(r.ops->start(r.lane, (double[]){1, 1, 0, 0}));
    int rc = 0;
    for (int i = 0; i < 200 && rc == 0; i++)
        rc = r.ops->step(r.lane);
    assert_int_equal(rc, -WEIR_EDIVERGED);
    says("kdv: the state");
    ok(r.ops->start(r.lane, (double[]){0.01, 0, 0, 0}));
    free(rig_advance(&r, 20));
    rig_free(&r);
}

static void a_frame_is_the_double_state_rounded(void **state)
{
    (void)state;
    struct rig r = rig_named("kdv");
    rig_build(&r);
    ok(r.ops->start(r.lane, typical));
    double *u = rig_advance(&r, 3);
    float frame[160];
    r.ops->frame(r.lane, frame);
    for (int i = 0; i < 160; i++)
        assert_true(frame[i] == (float)u[i]);
    free(u);
    rig_free(&r);
}

static void the_start_is_the_sum_of_sines(void **state)
{
    (void)state;
    struct rig r = rig_named("kdv");
    rig_build(&r);
    assert_int_equal(r.info.space.n, 4);
    assert_string_equal(r.info.space.parameter[1].name, "A1");
    assert_string_equal(r.info.space.parameter[2].name, "phi0");
    assert_true(r.info.space.parameter[3].wraps);
    ok(r.ops->start(r.lane, typical));
    double *u = rig_advance(&r, 0);
    for (int i = 0; i < 160; i++) {
        double x = 2 * M_PI * i / 160;
        double want = 0.8 * sin(x + 1) - 0.6 * sin(2 * x + 4);
        assert_true(fabs(u[i] - want) < 1e-14);
    }
    free(u);
    rig_free(&r);
}

static void bad_options_are_refused(void **state)
{
    (void)state;
    struct rig r = rig_named("kdv");
    void *config;
    fails(weir_options_set(&r.opts, "order", "5"), -EINVAL);
    fails(weir_options_set(&r.opts, "a4", "-0.1"), -EINVAL);
    fails(weir_options_set(&r.opts, "points", "4"), -EINVAL);
    rig_set(&r, "points", 161);
    fails(r.ops->configure(&r.opts, &config), -EINVAL);
    says("161, expected an even number");
    rig_set(&r, "points", 160);
    static const char *const waves[] = {"", "1,", "0", "1;2", "80", "1,x"};
    for (size_t i = 0; i < sizeof(waves) / sizeof(waves[0]); i++) {
        ok(weir_options_set(&r.opts, "waves", waves[i]));
        fails(r.ops->configure(&r.opts, &config), -EINVAL);
        says("waves: '");
    }
    weir_options_free(&r.opts);
    const struct weir_solver_ops *ops;
    fails(weir_solver_find("kdw", &ops), -ENOENT);
    assert_non_null(strstr(weir_err_hint_text(), "'kdv'"));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(complex_weights_reach_their_order),
        cmocka_unit_test(real_weights_drop_to_first_order),
        cmocka_unit_test(a_soliton_keeps_shape_and_speed),
        cmocka_unit_test(two_solitons_collide_with_the_known_phase_shift),
        cmocka_unit_test(mass_and_energy_are_conserved),
        cmocka_unit_test(lanes_on_two_threads_give_the_same_bits),
        cmocka_unit_test(a_reused_lane_gives_the_same_bits),
        cmocka_unit_test(a_blow_up_is_reported_and_the_lane_lives_on),
        cmocka_unit_test(a_frame_is_the_double_state_rounded),
        cmocka_unit_test(the_start_is_the_sum_of_sines),
        cmocka_unit_test(bad_options_are_refused),
    };
    return RUN(cases);
}
