/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every spectral solver against solutions of an independent code: first the
 * right-hand side, then ten steps to rounding, then whole trajectories.
 */
#include "tests/golden/reference_cases.h"

#include "pde/periodic.h"

static void report(const struct case_of *c, const char *what, double error,
                   double bound)
{
    char line[96];
    snprintf(line, sizeof(line), "%-8s set_%d  %s", c->solver, c->set, what);
    within(line, error, bound);
}

/*
 * A start of a few waves is exact; a developed or narrow one misses what lies beyond this
 * grid, of which the reference took the fourth derivative on a doubled one.
 */
static void right_hand_sides_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        const struct case_of *c = &cases_of[i];
        struct reference ref = reference_of(c);
        double *u = reference_read(&ref, "u", NULL);
        double *want = reference_read(&ref, "rhs_at_t0", NULL);
        struct rig r = rig_named(c->solver);
        rig_follow(&r, c, &ref, 0.1, 1, 4);
        rig_build(&r);
        ok(r.ops->start_field(r.lane, u));
        double *got = malloc(r.floats * sizeof(*got));
        ok(weir_periodic_rhs(r.lane, got));
        report(c, "right-hand side", relative_l2(got, want, r.floats),
               c->developed ? 1e-3 : 1e-9);
        free(got);
        rig_free(&r);
        free(want);
        free(u);
        reference_close(&ref);
    }
}

static void ten_steps(const struct case_of *c, int order, const char *dataset,
                      bool real_weights)
{
    struct reference ref = reference_of(c);
    double *u = reference_read(&ref, "u", NULL);
    double *want = reference_read(&ref, dataset, NULL);
    struct rig r = rig_named(c->solver);
    rig_follow(&r, c, &ref, reference_number(&ref, "coarse_dt"), 1, order);
    if (real_weights)
        ok(weir_options_set(&r.opts, "real_weights", "true"));
    rig_build(&r);
    ok(r.ops->start_field(r.lane, u));
    double *got = rig_advance(&r, 10);
    report(c, dataset, relative_l2(got, want, r.floats), 1e-12);
    free(got);
    rig_free(&r);
    free(want);
    free(u);
    reference_close(&ref);
}

static void ten_steps_match_to_rounding(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        ten_steps(&cases_of[i], 2, "etdrk2_10steps", false);
        ten_steps(&cases_of[i], 4, "etdrk4_10steps", false);
    }
}

static void real_weights_give_the_data_made_with_them(void **state)
{
    (void)state;
    ten_steps(&cases_of[2], 2, "etdrk2_10steps_exponax_realcoef", true);
    ten_steps(&cases_of[3], 2, "etdrk2_10steps_exponax_realcoef", true);
}

/* ETDRK2 steps by etdrk2_dt; ETDRK4 by 16 times that. */
static void trajectory(const struct case_of *c, int order)
{
    struct reference ref = reference_of(c);
    double substeps = reference_number(&ref, "etdrk2_substeps_per_snap");
    size_t n;
    double *u = reference_read(&ref, "u", NULL);
    double *snapshot = reference_read(&ref, "snapshot", &n);
    struct rig r = rig_named(c->solver);
    rig_follow(&r, c, &ref, reference_number(&ref, "dt_snap"),
               order == 2 ? substeps : substeps / 16, order);
    rig_build(&r);
    ok(r.ops->start_field(r.lane, u));
    double worst = 0;
    for (size_t s = 1; s < n; s++) {
        double *got = rig_advance(&r, (int)(snapshot[s] - snapshot[s - 1]));
        worst = fmax(worst, relative_l2(got, u + s * r.floats, r.floats));
        free(got);
    }
    report(c, order == 2 ? "trajectory, ETDRK2" : "trajectory, ETDRK4", worst,
           reference_number(&ref, "suggested_rtol_float64"));
    rig_free(&r);
    free(snapshot);
    free(u);
    reference_close(&ref);
}

static void whole_trajectories_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        trajectory(&cases_of[i], 2);
        trajectory(&cases_of[i], 4);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(right_hand_sides_match),
        cmocka_unit_test(ten_steps_match_to_rounding),
        cmocka_unit_test(real_weights_give_the_data_made_with_them),
        cmocka_unit_test(whole_trajectories_match),
    };
    return RUN(cases);
}
