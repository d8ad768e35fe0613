/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "pipeline/stages/rate.h"

static void nothing_may_enter_before_a_step_has_earned_it(void **state)
{
    (void)state;
    struct weir_rate r = weir_rate_start(5, 20);
    assert_false(weir_rate_allows(&r));
    assert_false(weir_rate_waits(&r, false));
}

static void a_step_earns_what_may_enter(void **state)
{
    (void)state;
    struct weir_rate r = weir_rate_start(5, 20);
    weir_rate_earn(&r);
    for (int i = 0; i < 5; i++) {
        assert_true(weir_rate_allows(&r));
        weir_rate_spend(&r);
    }
    assert_false(weir_rate_allows(&r));
}

static void fractions_add_up(void **state)
{
    (void)state;
    struct weir_rate r = weir_rate_start(0.25, 20);
    int entered = 0;
    for (int step = 0; step < 4000; step++) {
        weir_rate_earn(&r);
        while (weir_rate_allows(&r)) {
            weir_rate_spend(&r);
            entered++;
        }
        assert_int_equal(entered, (step + 1) / 4);
    }
}

/* 2.5 a step, 10 steps at once: 25 new samples after every tenth. */
static void sets_come_whole(void **state)
{
    (void)state;
    struct weir_rate r = weir_rate_start(2.5, 4);
    r.every = 10;
    for (int step = 1; step <= 100; step++) {
        int entered = 0;
        weir_rate_earn(&r);
        for (; weir_rate_allows(&r); entered++)
            weir_rate_spend(&r);
        assert_int_equal(entered, step % 10 ? 0 : 25);
    }
}

static void an_awkward_fraction_loses_less_than_one_sample(void **state)
{
    (void)state;
    struct weir_rate r = weir_rate_start(16.7, 64);
    int entered = 0;
    for (int step = 0; step < 100000; step++) {
        weir_rate_earn(&r);
        for (; weir_rate_allows(&r); entered++)
            weir_rate_spend(&r);
    }
    assert_in_range(entered, 1670000 - 1, 1670000);
}

static void the_trainer_waits_while_credit_is_left(void **state)
{
    (void)state;
    struct weir_rate r = weir_rate_start(2, 20);
    weir_rate_earn(&r);
    assert_true(weir_rate_waits(&r, false));
    weir_rate_spend(&r);
    assert_true(weir_rate_waits(&r, false));
    weir_rate_spend(&r);
    assert_false(weir_rate_waits(&r, false));
}

static void it_yields_to_a_port_that_is_blocked_on_space(void **state)
{
    (void)state;
    struct weir_rate r = weir_rate_start(2, 20);
    weir_rate_earn(&r);
    assert_false(weir_rate_waits(&r, true));
    assert_true(weir_rate_allows(&r)); /* what still comes may enter */
}

static void unused_credit_is_kept_up_to_a_batch(void **state)
{
    (void)state;
    struct weir_rate r = weir_rate_start(5, 20);
    for (int step = 0; step < 100; step++)
        weir_rate_earn(&r);
    int entered = 0;
    for (; weir_rate_allows(&r); entered++)
        weir_rate_spend(&r);
    assert_int_equal(entered, 25); /* a batch, and the step's own */
}

static void a_short_stall_is_made_up_for(void **state)
{
    (void)state;
    struct weir_rate r = weir_rate_start(5, 20);
    int entered = 0;
    for (int step = 0; step < 100; step++) {
        weir_rate_earn(&r);
        if (step % 10 < 3)
            continue; /* nobody delivers */
        for (; weir_rate_allows(&r); entered++)
            weir_rate_spend(&r);
    }
    assert_int_equal(entered, 500);
}

static void a_rate_above_the_batch_still_keeps_one_step(void **state)
{
    (void)state;
    struct weir_rate r = weir_rate_start(70, 64);
    int entered = 0;
    for (int step = 0; step < 10; step++) {
        weir_rate_earn(&r);
        for (; weir_rate_allows(&r); entered++)
            weir_rate_spend(&r);
    }
    assert_int_equal(entered, 700);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(nothing_may_enter_before_a_step_has_earned_it),
        cmocka_unit_test(a_step_earns_what_may_enter),
        cmocka_unit_test(fractions_add_up),
        cmocka_unit_test(sets_come_whole),
        cmocka_unit_test(an_awkward_fraction_loses_less_than_one_sample),
        cmocka_unit_test(the_trainer_waits_while_credit_is_left),
        cmocka_unit_test(it_yields_to_a_port_that_is_blocked_on_space),
        cmocka_unit_test(unused_credit_is_kept_up_to_a_batch),
        cmocka_unit_test(a_short_stall_is_made_up_for),
        cmocka_unit_test(a_rate_above_the_batch_still_keeps_one_step),
    };
    return RUN(cases);
}
