/* SPDX-License-Identifier: BSD-3-Clause */
/* A live run that was stopped and resumed simulates everything it was to. */
#include "tests/session_parts.h"

#define SET(...)                                                               \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

static void live_runs_go_on_and_miss_no_simulation(const char *keep)
{
    static const char *const rules[] = {
        "reservoir.rule=reservoir",
        "reservoir.rule=firo",
        "reservoir.rule=fifo",
    };
    for (int r = 0; r < 3; r++)
        for (uint64_t seed = 0; seed < 2; seed++) {
            struct outcome o;
            play_in_parts(SET(rules[r], keep, "training.steps=0"), 8, seed, &o);
            assert_int_equal(o.ending, WEIR_ENDING_DRAINED);
            assert_int_equal(o.finished, o.budget);
            ledger_is_exact(&o, false);
            outcome_free(&o);
        }
}

static void live_runs_go_on_with_their_reservoir(void **state)
{
    (void)state;
    live_runs_go_on_and_miss_no_simulation("checkpoint.reservoir=always");
}

static void live_runs_go_on_without_their_reservoir(void **state)
{
    (void)state;
    live_runs_go_on_and_miss_no_simulation("checkpoint.reservoir=never");
}

/* One sample a step: nearly every checkpoint finds a simulation whose samples
 * are all in, and which is not done yet. */
static void a_simulation_with_nothing_left_to_deliver_ends(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 2; seed++) {
        struct outcome o;
        play_in_parts(SET("simulations.steps=1", "simulations.budget=90",
                          "parameters.b.high=2", "training.steps=60",
                          "reservoir.samples_per_batch=1"),
                      10, seed, &o);
        assert_int_equal(o.ending, WEIR_ENDING_STEPS);
        ledger_is_exact(&o, false);
        outcome_free(&o);
    }
}

static void a_resumed_run_redraws_what_failed_before_and_after(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 2; seed++) {
        struct outcome o;
        play_in_parts(SET("parameters.b.high=60", "training.steps=0",
                          "checkpoint.reservoir=always"),
                      6, seed, &o);
        ledger_is_exact(&o, true);
        assert_true(o.failed > 10);
        outcome_free(&o);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(live_runs_go_on_with_their_reservoir),
        cmocka_unit_test(live_runs_go_on_without_their_reservoir),
        cmocka_unit_test(a_simulation_with_nothing_left_to_deliver_ends),
        cmocka_unit_test(a_resumed_run_redraws_what_failed_before_and_after),
    };
    return RUN(cases);
}
