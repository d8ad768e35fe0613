/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "pipeline/view/limits.h"

static void the_stage_that_waits_less_is_the_limit(void **state)
{
    (void)state;
    assert_int_equal(weir_limit_of(0.9, 0.0, 0, 0), WEIR_LIMIT_SOLVERS);
    assert_int_equal(weir_limit_of(0.0, 0.9, 0, 0), WEIR_LIMIT_TRAINER);
    assert_int_equal(weir_limit_of(0.5, 0.4, 0, 0), WEIR_LIMIT_SOLVERS);
}

static void alike_waits_are_balance(void **state)
{
    (void)state;
    assert_int_equal(weir_limit_of(0, 0, 0, 0), WEIR_LIMIT_NEITHER);
    assert_int_equal(weir_limit_of(0.30, 0.33, 0, 0), WEIR_LIMIT_NEITHER);
}

static void checkpoints_are_named_when_they_held_the_trainer_most(void **state)
{
    (void)state;
    assert_int_equal(weir_limit_of(0.1, 0.2, 0.4, 0), WEIR_LIMIT_CHECKPOINTS);
    assert_int_equal(weir_limit_of(0, 0, 0.01, 0), WEIR_LIMIT_NEITHER);
    assert_int_equal(weir_limit_of(0.1, 0.6, 0.4, 0), WEIR_LIMIT_TRAINER);
}

static void a_strategy_that_took_most_of_lockstep_is_the_limit(void **state)
{
    (void)state;
    assert_int_equal(weir_limit_of(0, 0.99, 0.1, 0.6), WEIR_LIMIT_STRATEGY);
    assert_int_equal(weir_limit_of(0, 0.99, 0, 0.4), WEIR_LIMIT_TRAINER);
}

static void the_words_name_stage_shares_and_part(void **state)
{
    (void)state;
    char text[256];
    struct weir_limits l = {.limit = WEIR_LIMIT_TRAINER,
                            .wait = 0.011,
                            .held = 0.99,
                            .forward = 0.2,
                            .backward = 0.3,
                            .reduce = 0.05,
                            .others = 0.45};
    weir_limits_text(&l, text, sizeof(text));
    assert_string_equal(text,
                        "the trainer: the trainer waited 1 % of its time for "
                        "samples, lanes 99 % of theirs for a slot; groups "
                        "spent 45 % in waiting for one another");
    l.limit = WEIR_LIMIT_SOLVERS;
    weir_limits_text(&l, text, sizeof(text));
    assert_non_null(strstr(text, "the solvers: "));
    assert_null(strstr(text, "groups spent"));
    weir_limits_text(&l, text, 10);
    assert_string_equal(text, "the solve");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_stage_that_waits_less_is_the_limit),
        cmocka_unit_test(alike_waits_are_balance),
        cmocka_unit_test(checkpoints_are_named_when_they_held_the_trainer_most),
        cmocka_unit_test(a_strategy_that_took_most_of_lockstep_is_the_limit),
        cmocka_unit_test(the_words_name_stage_shares_and_part),
    };
    return RUN(cases);
}
