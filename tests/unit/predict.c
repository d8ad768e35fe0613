/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "pipeline/view/predict.h"

#include <math.h>

static const struct weir_costs costs = {
    .sample = 2e-3, .micro = 1e-3, .update = 0.4e-3, .serial = 0.1e-3};
static const struct weir_workload load = {.micro_batches = 8,
                                          .batch = 32,
                                          .lanes = 15,
                                          .new_samples = 6,
                                          .slot_bytes = 1000,
                                          .gradient_bytes = 4000};

#define NEAR(a, b) assert_true(fabs((a) - (b)) <= 1e-9 * fabs(b))

/* Worked out by hand: 8 ms of micro-batches, 12 ms of samples a step. */
static void a_step_takes_as_long_as_its_slowest_side(void **state)
{
    (void)state;
    struct weir_prediction p = weir_predict(&costs, &load, 1, 4, 0);
    NEAR(p.trainer, 8.5e-3);
    NEAR(p.solvers, 3e-3);
    NEAR(p.step, 8.5e-3);
    assert_int_equal(p.bound, WEIR_BOUND_TRAINER);
    p = weir_predict(&costs, &load, 4, 1, 0);
    NEAR(p.trainer, 2.2e-3);
    NEAR(p.step, 12e-3);
    assert_int_equal(p.bound, WEIR_BOUND_SOLVERS);
}

/* 4.3 ms of two groups and 6 ms of two threads, on two cores. */
static void shared_cores_bound_the_sum_of_all_work(void **state)
{
    (void)state;
    struct weir_prediction p = weir_predict(&costs, &load, 2, 2, 2);
    NEAR(p.cores, 10.3e-3);
    NEAR(p.step, 10.3e-3);
    assert_int_equal(p.bound, WEIR_BOUND_CORES);
}

/* T = 4 x 1 + 0.2 + 0.1 ms for two groups, V = 12 ms for one thread; each gets
 * two thirds of a core while both work. */
static void threads_that_share_cores_hold_each_other_up(void **state)
{
    (void)state;
    struct weir_prediction p = weir_predict(&costs, &load, 2, 1, 2);
    NEAR(p.trainer, 4.3e-3);
    NEAR(p.step, 12e-3 + 4.3e-3 / 2);
    assert_int_equal(p.bound, WEIR_BOUND_CORES);
    /* A core for each: as if they were their own. */
    p = weir_predict(&costs, &load, 1, 1, 2);
    NEAR(p.step, 12e-3);
    assert_int_equal(p.bound, WEIR_BOUND_SOLVERS);
}

/* A quota of half a core: 20.5 ms of work. */
static void no_step_is_shorter_than_its_work_over_the_cores(void **state)
{
    (void)state;
    NEAR(weir_predict(&costs, &load, 1, 1, 0.5).step, 41e-3);
}

/* 8 micro-batches, 3 to a gradient: one of two groups has 6 of them, so has one
 * of three groups 3, and more find nothing to do. */
static void groups_share_whole_gradients(void **state)
{
    (void)state;
    struct weir_workload w = load;
    w.accumulate = 3;
    NEAR(weir_predict(&costs, &w, 1, 9, 0).trainer, 8.5e-3);
    NEAR(weir_predict(&costs, &w, 2, 9, 0).trainer, 6.3e-3);
    NEAR(weir_predict(&costs, &w, 3, 9, 0).trainer, 3.1e-3 + 0.4e-3 / 3);
    assert_int_equal(weir_predict_best_split(&costs, &w, 187).groups, 3);
    /* Of two members there are six gradients: four groups have one or two. */
    w.members = 2;
    NEAR(weir_predict(&costs, &w, 4, 9, 0).trainer, 6.1e-3 + 0.4e-3 / 4);
    NEAR(weir_predict(&costs, &w, 1, 9, 0).trainer, 16.5e-3);
}

static void groups_that_save_no_round_save_only_on_the_update(void **state)
{
    (void)state;
    double five = weir_predict(&costs, &load, 5, 9, 0).trainer;
    double four = weir_predict(&costs, &load, 4, 9, 0).trainer;
    NEAR(four - five, 0.4e-3 / 4 - 0.4e-3 / 5);
}

static void the_best_split_is_that_of_trying_them_all(void **state)
{
    (void)state;
    for (int cores = 2; cores < 20; cores++) {
        struct weir_split best = weir_predict_best_split(&costs, &load, cores);
        double step =
            weir_predict(&costs, &load, best.groups, best.solvers, 0).step;
        assert_true(best.groups >= 1 && best.groups <= 8);
        assert_true(best.solvers >= 1 && best.solvers <= 15);
        assert_true(best.groups + best.solvers <= cores);
        for (int g = 1; g < cores && g <= 8; g++)
            for (int s = 1; s <= cores - g && s <= 15; s++)
                assert_true(weir_predict(&costs, &load, g, s, 0).step >= step);
    }
    /* Four cores: 2 and 2 give max(4.3, 6) ms, 1 and 3 give max(8.5, 4). */
    struct weir_split four = weir_predict_best_split(&costs, &load, 4);
    assert_int_equal(four.groups, 2);
    assert_int_equal(four.solvers, 2);
}

/* 187 cores: a group for each of 8 micro-batches, a thread for each lane. */
static void a_split_gives_no_core_without_work(void **state)
{
    (void)state;
    struct weir_split s = weir_predict_best_split(&costs, &load, 187);
    assert_int_equal(s.groups, 8);
    assert_int_equal(s.solvers, 15);
    assert_int_equal(s.idle, 187 - 8 - 15);
    struct weir_workload wide = load;
    wide.cores_per_group = 4;
    s = weir_predict_best_split(&costs, &wide, 21);
    assert_int_equal(4 * s.groups + s.solvers + s.idle, 21);
}

/* 6 + 32 samples of 1 kB, 2 x 8 + 7 arrays of 4 kB. */
static void traffic_is_what_a_step_moves_over_its_time(void **state)
{
    (void)state;
    struct weir_prediction p = weir_predict(&costs, &load, 1, 4, 0);
    NEAR(p.bytes * p.step, 38e3 + 92e3);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_step_takes_as_long_as_its_slowest_side),
        cmocka_unit_test(shared_cores_bound_the_sum_of_all_work),
        cmocka_unit_test(threads_that_share_cores_hold_each_other_up),
        cmocka_unit_test(no_step_is_shorter_than_its_work_over_the_cores),
        cmocka_unit_test(groups_share_whole_gradients),
        cmocka_unit_test(groups_that_save_no_round_save_only_on_the_update),
        cmocka_unit_test(the_best_split_is_that_of_trying_them_all),
        cmocka_unit_test(a_split_gives_no_core_without_work),
        cmocka_unit_test(traffic_is_what_a_step_moves_over_its_time),
    };
    return RUN(cases);
}
