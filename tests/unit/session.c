/* SPDX-License-Identifier: BSD-3-Clause */
/* Whole runs under every rule and clock: they end, and the ledger is exact. */
#include "tests/session.h"

#include "acquire/registry.h"
#include "tests/brittle.h"

#define SET(...)                                                               \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

static const char *const rules[] = {
    "reservoir.rule=reservoir",
    "reservoir.rule=firo",
    "reservoir.rule=fifo",
};
static const char *const clocks[] = {"run.clock=live", "run.clock=lockstep"};

static void a_run_ends_after_exactly_the_steps_planned(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++)
        for (int r = 0; r < 3; r++) {
            struct outcome o;
            /* 240 samples are 15 batches for rules that use each once. */
            session_whole(SET(clocks[c], rules[r],
                              r ? "training.steps=13" : "training.steps=60"),
                          &o);
            assert_int_equal(o.ending, WEIR_ENDING_STEPS);
            assert_int_equal(o.steps, r ? 13 : 60);
            assert_int_equal(o.totals.drawn, 16 * o.steps);
            assert_int_equal(o.lost, 0);
            ledger_is_exact(&o, false);
            outcome_free(&o);
        }
}

static void a_run_without_planned_steps_uses_up_every_sample(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++)
        for (int r = 0; r < 3; r++) {
            struct outcome o;
            session_whole(SET(clocks[c], rules[r], "training.steps=0"), &o);
            assert_int_equal(o.ending, WEIR_ENDING_DRAINED);
            ledger_is_exact(&o, true);
            assert_int_equal(o.resident, 0);
            assert_true(o.failed > 0); /* successors were needed */
            uint64_t whole = (uint64_t)o.budget * o.samples;
            assert_true(o.totals.drawn >= whole);
            if (r)
                assert_true(o.totals.drawn <= o.totals.accepted);
            outcome_free(&o);
        }
}

static void longer_windows_change_the_number_of_samples(void **state)
{
    (void)state;
    static const char *const unroll[] = {
        "training.unroll=1", "training.unroll=2", "training.unroll=3",
        "training.unroll=8"};
    static const uint32_t samples[] = {10, 9, 8, 3};
    for (int c = 0; c < 2; c++)
        for (int u = 0; u < 4; u++) {
            struct outcome o;
            session_whole(SET(clocks[c], unroll[u], "training.steps=0"), &o);
            assert_int_equal(o.samples, samples[u]);
            ledger_is_exact(&o, true);
            outcome_free(&o);
        }
}

static void one_lane_and_the_smallest_reservoir_suffice(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++)
        for (int r = 0; r < 3; r++) {
            struct outcome o;
            session_whole(
                SET(clocks[c], rules[r], "training.steps=0", "run.lanes=1",
                    "placement.solver_threads=1", "reservoir.slots_per_port=2",
                    "reservoir.watermark=16", "reservoir.capacity=18"),
                &o);
            ledger_is_exact(&o, true);
            assert_int_equal(o.ending, WEIR_ENDING_DRAINED);
            outcome_free(&o);
        }
}

static void many_lanes_on_few_threads_suffice(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        struct outcome o;
        session_whole(SET(clocks[c], "training.steps=0", "run.lanes=30",
                          "reservoir.slots_per_port=2",
                          "reservoir.capacity=100"),
                      &o);
        ledger_is_exact(&o, true);
        outcome_free(&o);
    }
}

/* A batch as large as the watermark and nearly as the reservoir: withdrawals
 * leave less than a batch again and again. */
static void a_reservoir_that_runs_short_is_filled_again(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++)
        for (int r = 0; r < 3; r++) {
            struct outcome o;
            session_whole(SET(clocks[c], rules[r], "training.steps=0",
                              "parameters.b.high=60", "training.batch=30",
                              "reservoir.samples_per_batch=1",
                              "reservoir.capacity=42"),
                          &o);
            ledger_is_exact(&o, true);
            assert_true(o.failed > 10);
            outcome_free(&o);
        }
}

/* The only lane's simulations fail when all there is came from them. */
static void a_reservoir_that_runs_empty_is_filled_again(void **state)
{
    (void)state;
    session_solver = brittle_solver();
    brittle.share = 0.5;
    brittle.at = 19;
    for (int c = 0; c < 2; c++) {
        struct outcome o;
        session_whole(SET(clocks[c], "run.lanes=1", "simulations.steps=20",
                          "placement.solver_threads=1", "parameters.b.high=2",
                          "simulations.budget=10", "reservoir.watermark=16",
                          "training.steps=80", "reservoir.samples_per_batch=2"),
                      &o);
        assert_int_equal(o.ending, WEIR_ENDING_STEPS);
        assert_int_equal(o.steps, 80);
        assert_true(o.failed > 1);
        assert_int_equal(o.totals.drawn, 16 * 80); /* no short batch */
        ledger_is_exact(&o, false);
        outcome_free(&o);
    }
    session_solver = NULL;
    memset(&brittle, 0, sizeof(brittle));
}

/* A simulation that fails before its first sample brings no slot back: only
 * the messages themselves fill the ring. */
static void simulations_that_fail_at_once_are_all_counted(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        struct outcome o;
        session_whole(SET(clocks[c], "training.steps=0", "parameters.b.low=1",
                          "parameters.b.high=4000",
                          "simulations.max_redraws=100000",
                          "simulations.budget=6", "reservoir.watermark=16",
                          "solver.dt=2", "run.lanes=2"),
                      &o);
        ledger_is_exact(&o, true);
        assert_true(o.failed > 100);
        outcome_free(&o);
    }
}

static void too_many_failures_end_the_run_with_a_reason(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        struct outcome o;
        session_play(SET(clocks[c], "parameters.b.high=4000",
                         "simulations.max_redraws=9"),
                     NULL, false, (struct interruption){0}, &o);
        assert_int_equal(o.rc, -WEIR_EDIVERGED);
        assert_int_equal(o.ending, WEIR_ENDING_FAILED);
        says("10 simulations diverged");
        outcome_free(&o);
    }
}

static void a_simulation_may_be_tried_more_than_once(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        struct outcome o;
        session_whole(SET(clocks[c], "training.steps=0",
                          "simulations.crashes_before_redraw=3"),
                      &o);
        ledger_is_exact(&o, true);
        assert_true(o.failed > 0);
        outcome_free(&o);
    }
}

static void every_strategy_and_loss_goes_through(void **state)
{
    (void)state;
    size_t n;
    const struct weir_strategy_ops *const *list = weir_strategy_list(&n);
    for (size_t i = 0; i < n; i++)
        /* Those that ask the surrogate: session_predicting. */
        for (int c = 0; c < 2 && !list[i]->score; c++) {
            struct outcome o;
            char strategy[80];
            snprintf(strategy, sizeof(strategy), "acquisition.strategy=%s",
                     list[i]->name);
            session_whole(SET(clocks[c], strategy, "training.steps=0",
                              i % 2 ? "acquisition.loss_type=mse"
                                    : "acquisition.loss_type=nrmse"),
                          &o);
            ledger_is_exact(&o, true);
            outcome_free(&o);
        }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_run_ends_after_exactly_the_steps_planned),
        cmocka_unit_test(a_run_without_planned_steps_uses_up_every_sample),
        cmocka_unit_test(longer_windows_change_the_number_of_samples),
        cmocka_unit_test(one_lane_and_the_smallest_reservoir_suffice),
        cmocka_unit_test(many_lanes_on_few_threads_suffice),
        cmocka_unit_test(a_reservoir_that_runs_short_is_filled_again),
        cmocka_unit_test(a_reservoir_that_runs_empty_is_filled_again),
        cmocka_unit_test(simulations_that_fail_at_once_are_all_counted),
        cmocka_unit_test(too_many_failures_end_the_run_with_a_reason),
        cmocka_unit_test(a_simulation_may_be_tried_more_than_once),
        cmocka_unit_test(every_strategy_and_loss_goes_through),
    };
    return RUN(cases);
}
