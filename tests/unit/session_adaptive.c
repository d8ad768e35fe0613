/* SPDX-License-Identifier: BSD-3-Clause */
/* Cores change sides after every step, at random: every simulation is run
 * exactly once, whatever changes hands when, also across stops. */
#include "tests/session_parts.h"

#include "base/rng.h"

#define SET(...)                                                               \
    (const char *const[])                                                      \
    {                                                                          \
        "placement.allocation=adaptive", __VA_ARGS__, NULL                     \
    }

/* Any number of groups. The leaders that ask take turns. */
static int anything(struct weir_allocation *a,
                    const struct weir_allocation_window *w)
{
    static uint64_t asked;
    assert_true(w->step > 0);
    struct weir_rng rng = weir_rng_stream(9, WEIR_RNG_TEST, asked++);
    a->groups = 1 + (int)weir_rng_below(&rng, (uint32_t)a->bounds.most_groups);
    return a->groups;
}

static int begin(void **state)
{
    (void)state;
    session_moves = anything;
    return 0;
}

static int end(void **state)
{
    (void)state;
    session_moves = NULL;
    return 0;
}

static void nothing_is_lost_while_cores_change_sides(void **state)
{
    (void)state;
    uint64_t moves = 0;
    /* A run of a moment may end before lanes were taken up: some will not. */
    for (int i = 0; i < 3 || (i < 20 && moves < 15); i++) {
        struct outcome o;
        session_whole(SET("training.steps=0", "run.lanes=5",
                          "placement.groups=2", "placement.solver_threads=3",
                          "reservoir.capacity=100"),
                      &o);
        assert_int_equal(o.ending, WEIR_ENDING_DRAINED);
        ledger_is_exact(&o, true);
        assert_int_equal(o.lost, 0);
        moves += o.moves;
        outcome_free(&o);
    }
    assert_true(moves >= 15);
}

static void stopped_and_resumed_runs_miss_no_simulation(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 2; seed++) {
        struct outcome o;
        play_in_parts(SET("training.steps=0", "checkpoint.reservoir=always"), 5,
                      seed, &o);
        assert_int_equal(o.ending, WEIR_ENDING_DRAINED);
        ledger_is_exact(&o, false);
        outcome_free(&o);
    }
}

static void a_run_ends_at_its_steps_with_a_test(void **state)
{
    (void)state;
    struct outcome o;
    session_whole(SET("training.micro_batch=2", "placement.groups=3"), &o);
    assert_int_equal(o.ending, WEIR_ENDING_STEPS);
    assert_int_equal(o.steps, 60);
    outcome_free(&o);
}

/* The rule itself, on whatever this machine makes of it. */
static void the_rule_runs_within_its_bounds(void **state)
{
    (void)state;
    struct outcome o;
    session_moves = NULL;
    session_whole(SET("training.steps=400", "placement.groups=1"), &o);
    assert_int_equal(o.steps, 400);
    outcome_free(&o);
}

static void what_cannot_be_moved_is_refused(void **state)
{
    (void)state;
    static const char *const set[][3] = {
        {"placement.allocation=adaptive", "run.clock=lockstep", "run.clock"},
        {"placement.allocation=adaptive", "placement.cores_per_group=2",
         "cores_per_group"},
    };
    for (int i = 0; i < 2; i++) {
        struct weir_config *cfg;
        ok(weir_config_parse(session_text, strlen(session_text), "tiny",
                             &weir_registries, set[i], 2, &cfg));
        assert_int_equal(weir_config_check(cfg), -WEIR_ECONFIG);
        assert_non_null(strstr(weir_err_message(), set[i][2]));
        assert_non_null(strstr(weir_err_message(), "adaptive"));
        weir_err_clear();
        weir_config_free(cfg);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(
            nothing_is_lost_while_cores_change_sides, begin, end),
        cmocka_unit_test_setup_teardown(
            stopped_and_resumed_runs_miss_no_simulation, begin, end),
        cmocka_unit_test_setup_teardown(a_run_ends_at_its_steps_with_a_test,
                                        begin, end),
        cmocka_unit_test(the_rule_runs_within_its_bounds),
        cmocka_unit_test(what_cannot_be_moved_is_refused),
    };
    return RUN(cases);
}
