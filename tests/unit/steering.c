/* SPDX-License-Identifier: BSD-3-Clause */
/* How far two samples lie apart (pipeline/report/steering.h), by hand. */
#include "pipeline/report/steering.h"
#include "tests/test.h"

static void test_same_values_are_not_apart(void **state)
{
    (void)state;
    double a[] = {3, 1, 2, 2}, b[] = {2, 3, 2, 1};
    assert_true(weir_ks_distance(a, 4, b, 4) == 0);
}

static void test_disjoint_ones_are_wholly_apart(void **state)
{
    (void)state;
    double a[] = {0.1, 0.3, 0.2}, b[] = {5, 4};
    assert_true(weir_ks_distance(a, 3, b, 2) == 1);
}

/* Cumulative shares, first pair: 1/4 and 0 at 1, both 1/2 at 2, 3/4 and 1/2 at
 * 3, 1 and 1/2 at 4. Second: 1/4 and 0, both 1/2, 3/4 and 1. */
static void test_the_largest_step_counts(void **state)
{
    (void)state;
    double a[] = {4, 3, 2, 1}, b[] = {2, 5};
    assert_true(weir_ks_distance(a, 4, b, 2) == 0.5);
    double c[] = {1, 2, 3, 4}, d[] = {2, 3};
    assert_true(weir_ks_distance(c, 4, d, 2) == 0.25);
}

static void test_nothing_is_no_distance(void **state)
{
    (void)state;
    double a[] = {1};
    assert_true(weir_ks_distance(a, 1, a, 0) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_values_are_not_apart),
        cmocka_unit_test(test_disjoint_ones_are_wholly_apart),
        cmocka_unit_test(test_the_largest_step_counts),
        cmocka_unit_test(test_nothing_is_no_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
