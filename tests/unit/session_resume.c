/* SPDX-License-Identifier: BSD-3-Clause */
/* A run that is told to stop, at any moment and more than once, and goes on
 * from its checkpoint. */
#include "tests/session.h"

#include "base/rng.h"
#include "tests/brittle.h"

#define SET(...)                                                               \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

/* Stop after these gradient steps, and go on to the end. @return sessions */
static int play_in_parts(const char *const *set, uint32_t every, uint64_t seed,
                         struct outcome *o)
{
    struct weir_rng rng = weir_rng_stream(seed, WEIR_RNG_TEST, every);
    char dir[PATH_MAX];
    int sessions = 0;
    scratch_make(dir);
    ok(weir_run_dir_prepare(dir));
    memset(o, 0, sizeof(*o));
    do {
        struct interruption when = {
            .step = o->steps + 1 + weir_rng_below(&rng, every),
            .delay = weir_rng_below(&rng, 1500),
        };
        outcome_free(o);
        session_play(set, dir, sessions > 0, when, o);
        if (o->rc)
            fail_msg("session %d failed: %s", sessions, weir_err_message());
        sessions++;
        assert_true(sessions < 200);
    } while (o->ending == WEIR_ENDING_INTERRUPTED);
    scratch_remove(dir);
    return sessions;
}

static void lockstep_goes_on_bit_for_bit(const char *const *set)
{
    struct outcome whole, parts;
    session_whole(set, &whole);
    for (uint64_t seed = 0; seed < 3; seed++) {
        int sessions = play_in_parts(set, 12, seed, &parts);
        assert_true(sessions > 1);
        same_weights(&whole, &parts);
        same_simulations(&whole, &parts);
        assert_memory_equal(&whole.totals, &parts.totals, sizeof(whole.totals));
        assert_int_equal(whole.generation, parts.generation);
        outcome_free(&parts);
    }
    outcome_free(&whole);
}

static void lockstep_goes_on_bit_for_bit_under_every_rule(void **state)
{
    (void)state;
    lockstep_goes_on_bit_for_bit(SET("run.clock=lockstep"));
    lockstep_goes_on_bit_for_bit(
        SET("run.clock=lockstep", "reservoir.rule=firo", "training.steps=0"));
    lockstep_goes_on_bit_for_bit(
        SET("run.clock=lockstep", "reservoir.rule=fifo", "training.steps=13"));
}

/* Few samples a step: most moments lie between the last sample of a simulation
 * and the word that it is done, or inside an intake. */
static void lockstep_goes_on_where_lanes_have_just_ended(void **state)
{
    (void)state;
    session_solver = brittle_solver();
    brittle.step_ns = 300000;
    lockstep_goes_on_bit_for_bit(SET(
        "run.clock=lockstep", "simulations.steps=2", "simulations.budget=60",
        "training.steps=40", "run.lanes=4", "reservoir.samples_per_batch=1.5"));
    lockstep_goes_on_bit_for_bit(SET("run.clock=lockstep", "training.steps=40",
                                     "reservoir.samples_per_batch=6",
                                     "placement.groups=1"));
    brittle.share = 0.3;
    brittle.at = 4;
    lockstep_goes_on_bit_for_bit(SET("run.clock=lockstep", "training.steps=40",
                                     "reservoir.samples_per_batch=5",
                                     "acquisition.strategy=uniform"));
    session_solver = NULL;
    memset(&brittle, 0, sizeof(brittle));
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
    for (uint64_t seed = 0; seed < 4; seed++) {
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
    for (uint64_t seed = 0; seed < 3; seed++) {
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
        cmocka_unit_test(lockstep_goes_on_bit_for_bit_under_every_rule),
        cmocka_unit_test(lockstep_goes_on_where_lanes_have_just_ended),
        cmocka_unit_test(live_runs_go_on_with_their_reservoir),
        cmocka_unit_test(live_runs_go_on_without_their_reservoir),
        cmocka_unit_test(a_simulation_with_nothing_left_to_deliver_ends),
        cmocka_unit_test(a_resumed_run_redraws_what_failed_before_and_after),
    };
    return RUN(cases);
}
