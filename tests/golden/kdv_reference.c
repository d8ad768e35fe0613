/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/golden/reference.h"

#include "pde/periodic.h"

static const char *const names[] = {"a3", "a4", "b", NULL};
static const char file[] = "kdv.h5";

static void the_right_hand_side_matches(void **state)
{
    (void)state;
    for (int set = 0; set < 2; set++) {
        struct reference ref = reference_open(file, set);
        double *u = reference_read(&ref, "u", NULL);
        double *want = reference_read(&ref, "rhs_at_t0", NULL);
        struct rig r = rig_named("kdv");
        rig_follow(&r, &ref, names);
        rig_build(&r);
        ok(r.ops->start_field(r.lane, u));
        double *got = malloc(r.floats * sizeof(*got));
        ok(weir_periodic_rhs(r.lane, got));
        within("kdv rhs_at_t0", relative_l2(got, want, r.floats), 1e-10);
        free(got);
        rig_free(&r);
        free(want);
        free(u);
        reference_close(&ref);
    }
}

static void ten_steps_match_to_rounding(void **state)
{
    (void)state;
    for (int set = 0; set < 2; set++) {
        ten_steps_match("kdv", file, set, names, 2, "etdrk2_10steps", false,
                        1e-12);
        ten_steps_match("kdv", file, set, names, 4, "etdrk4_10steps", false,
                        1e-12);
        ten_steps_match("kdv", file, set, names, 2,
                        "etdrk2_10steps_exponax_realcoef", true, 1e-12);
    }
}

static void the_whole_trajectory_matches(void **state)
{
    (void)state;
    for (int set = 0; set < 2; set++) {
        trajectory_matches("kdv", file, set, names, 2, 1);
        trajectory_matches("kdv", file, set, names, 4, 16);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_right_hand_side_matches),
        cmocka_unit_test(ten_steps_match_to_rounding),
        cmocka_unit_test(the_whole_trajectory_matches),
    };
    return RUN(cases);
}
