/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "base/clock.h"
#include "pipeline/stages/solver_stage.h"
#include "tests/small_run.h"

#include <unistd.h>

static struct small_run w;

static void begin(const char *const *set)
{
    alarm(240);
    ok(small_run_create(&w, set));
    ok(weir_acquisition_design(w.acquisition));
    weir_intake_supply(&w.intake);
}

/* ---- lanes by hand ---- */

static void say(uint32_t lane, enum weir_message kind, uint32_t value)
{
    ok(weir_ring_push(weir_port_ready(w.run->port[lane]),
                      weir_message_make(kind, value)));
}

/* Fill a lent slot with what a sample says it is, and commit it. */
static void bring(uint32_t lane, uint32_t simulation, uint32_t attempt,
                  uint32_t step)
{
    uint64_t slot;
    ok(weir_ring_pop(weir_port_free(w.run->port[lane]), &slot));
    struct weir_slot *s = weir_slot_at(&w.run->slots, (uint32_t)slot);
    s->simulation = simulation;
    s->attempt = attempt;
    s->step = step;
    s->committed_ns = weir_now_ns();
    say(lane, WEIR_MESSAGE_SAMPLE, (uint32_t)slot);
}

static struct weir_claim claim(uint32_t lane)
{
    struct weir_claim c;
    ok(weir_table_claim(w.run->table, lane, &c));
    return c;
}

static void takes(int result)
{
    int got = weir_intake_next(&w.intake);
    if (got != result)
        fail_msg("got %d, not %d: %s", got, result, weir_err_message());
}

/* The message is taken for what it says, and refused. */
static void refuses_one(void)
{
    const struct weir_reservoir *r = w.intake.reservoir;
    uint64_t refused = weir_reservoir_totals(r)->refused;
    uint32_t size = weir_reservoir_size(r);
    takes(WEIR_INTAKE_OTHER);
    assert_int_equal(weir_reservoir_totals(r)->refused, refused + 1);
    assert_int_equal(weir_reservoir_size(r), size);
}

static uint32_t delivered(uint32_t id)
{
    struct weir_cell_view cell;
    weir_table_read(w.run->table, id, &cell);
    return cell.delivered;
}

/* Lane @p l brings samples [from, to) of what it claimed, and they are taken. */
static void deliver(uint32_t lane, const struct weir_claim *c, uint32_t from,
                    uint32_t to)
{
    for (uint32_t step = from; step < to; step++) {
        bring(lane, c->id, c->attempt, step);
        takes(WEIR_INTAKE_SAMPLE);
    }
}

/* ---- cases ---- */

/* The simulation of the sample that came as number @p i. */
static uint32_t came(uint32_t i)
{
    uint32_t slot = weir_reservoir_resident(w.intake.reservoir, i);
    return weir_slot_at(&w.run->slots, slot)->simulation;
}

static void live_lanes_are_heard_in_turn(void **state)
{
    (void)state;
    begin(NULL);
    struct weir_claim a = claim(0), b = claim(1);
    for (uint32_t step = 0; step < 3; step++)
        bring(1, b.id, 1, step);
    for (uint32_t step = 0; step < 2; step++)
        bring(0, a.id, 1, step);
    for (int i = 0; i < 5; i++)
        takes(WEIR_INTAKE_SAMPLE);
    takes(WEIR_INTAKE_NOTHING);
    const uint32_t order[] = {a.id, b.id, a.id, b.id, b.id};
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(came(i), order[i]);
    small_run_destroy(&w);
}

static void lockstep_waits_for_the_lane_whose_turn_it_is(void **state)
{
    const char *set[] = {"run.clock=lockstep", NULL};
    (void)state;
    begin(set);
    /* The leader has claimed 0 and 1 for the lanes. */
    for (uint32_t step = 0; step < 3; step++)
        bring(1, 1, 1, step);
    bring(0, 0, 1, 0);
    bring(0, 0, 1, 1);
    for (int i = 0; i < 4; i++)
        takes(WEIR_INTAKE_SAMPLE);
    const uint32_t order[] = {0, 1, 0, 1};
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(came(i), order[i]);
    /* It is lane 0's turn: lane 1's third sample has to wait. */
    weir_stop_request(&w.run->stop, WEIR_STOP_CHECKPOINT);
    takes(WEIR_INTAKE_NOTHING);
    assert_true(weir_intake_has_message(&w.intake));
    bring(0, 0, 1, 2);
    takes(WEIR_INTAKE_SAMPLE);
    takes(WEIR_INTAKE_SAMPLE);
    assert_int_equal(came(5), 1);
    small_run_destroy(&w);
}

static void a_lockstep_lane_without_a_slot_blocks_its_turn(void **state)
{
    const char *set[] = {"run.clock=lockstep", NULL};
    (void)state;
    begin(set);
    w.intake.frozen = true;
    for (uint32_t step = 0; step < 4; step++) {
        bring(0, 0, 1, step);
        bring(1, 1, 1, step);
    }
    for (int i = 0; i < 8; i++)
        takes(WEIR_INTAKE_SAMPLE);
    takes(WEIR_INTAKE_BLOCKED);
    w.intake.frozen = false;
    weir_intake_supply(&w.intake);
    bring(0, 0, 1, 4);
    takes(WEIR_INTAKE_SAMPLE);
    small_run_destroy(&w);
}

static void what_the_table_does_not_expect_is_refused(void **state)
{
    (void)state;
    begin(NULL);
    struct weir_claim a = claim(0), b = claim(1);
    deliver(0, &a, 0, 2);
    bring(0, a.id, 1, 1); /* again */
    refuses_one();
    bring(0, a.id, 1, 3); /* one left out */
    refuses_one();
    bring(0, a.id, 2, 2); /* an attempt that there is not yet */
    refuses_one();
    bring(0, b.id, 1, 0); /* another lane's */
    refuses_one();
    bring(0, 7, 1, 0); /* nobody's */
    refuses_one();
    bring(0, 7, 0, 0);
    refuses_one();
    bring(0, UINT32_MAX, 0, 0); /* no simulation at all */
    refuses_one();
    say(0, WEIR_MESSAGE_SAMPLE, w.run->slots.count);
    refuses_one();
    say(0, WEIR_MESSAGE_SAMPLE, UINT32_MAX);
    refuses_one();
    /* Nothing of it has moved the ledger, and the lane has all its slots. */
    assert_int_equal(delivered(a.id), 2);
    assert_int_equal(delivered(b.id), 0);
    assert_int_equal(weir_reservoir_lent(w.intake.reservoir, 0), 4);
    deliver(0, &a, 2, w.run->samples);
    bring(0, a.id, 1, w.run->samples); /* more than there are */
    refuses_one();
    small_run_destroy(&w);
}

static void the_slot_of_another_lane_stays_its_own(void **state)
{
    (void)state;
    begin(NULL);
    struct weir_claim b = claim(1);
    uint64_t slot = *(uint64_t *)weir_ring_peek(weir_port_free(w.run->port[1]));
    say(0, WEIR_MESSAGE_SAMPLE, (uint32_t)slot);
    refuses_one();
    assert_int_equal(weir_reservoir_state(w.intake.reservoir, (uint32_t)slot),
                     WEIR_SLOT_LENT);
    deliver(1, &b, 0, 1);
    small_run_destroy(&w);
}

static void a_rerun_brings_no_sample_twice(void **state)
{
    const char *set[] = {"simulations.crashes_before_redraw=2", NULL};
    (void)state;
    begin(set);
    struct weir_claim first = claim(0);
    deliver(0, &first, 0, 2);
    bring(0, first.id, 1, 2); /* still on its way */
    say(0, WEIR_MESSAGE_FAILED, first.id);
    takes(WEIR_INTAKE_SAMPLE);
    takes(WEIR_INTAKE_OTHER);
    struct weir_claim again = claim(1);
    assert_int_equal(again.id, first.id);
    assert_int_equal(again.attempt, 2);
    assert_int_equal(again.skip, 3);
    bring(0, first.id, 1, 3); /* the crashed lane wakes up */
    refuses_one();
    bring(1, first.id, 1, 3); /* the first attempt's, by whoever */
    refuses_one();
    bring(1, first.id, 2, 0); /* what had come already */
    refuses_one();
    deliver(1, &again, 3, w.run->samples);
    say(1, WEIR_MESSAGE_DONE, again.id);
    takes(WEIR_INTAKE_OTHER);
    assert_int_equal(w.intake.finished, 1);
    assert_int_equal(weir_reservoir_size(w.intake.reservoir), w.run->samples);
    small_run_destroy(&w);
}

static void an_end_without_its_samples_is_a_failure(void **state)
{
    (void)state;
    begin(NULL);
    struct weir_claim a = claim(0), b = claim(1);
    deliver(0, &a, 0, 4);
    deliver(1, &b, 0, 1);
    say(0, WEIR_MESSAGE_DONE, a.id); /* a record was lost */
    takes(WEIR_INTAKE_OTHER);
    assert_int_equal(weir_table_state(w.run->table, a.id), WEIR_CELL_FAILED);
    assert_int_equal(w.intake.failed, 1);
    /* What it had brought is gone, what others brought is not. */
    assert_int_equal(weir_reservoir_totals(w.intake.reservoir)->withdrawn, 4);
    assert_int_equal(weir_reservoir_size(w.intake.reservoir), 1);
    assert_int_equal(came(0), b.id);
    small_run_destroy(&w);
}

static void a_lane_does_not_end_what_it_does_not_run(void **state)
{
    (void)state;
    begin(NULL);
    struct weir_claim a = claim(0);
    deliver(0, &a, 0, w.run->samples);
    say(1, WEIR_MESSAGE_DONE, a.id);
    say(1, WEIR_MESSAGE_FAILED, a.id);
    say(1, WEIR_MESSAGE_FAILED, 9);
    say(1, WEIR_MESSAGE_FAILED, UINT32_MAX);
    for (int i = 0; i < 4; i++)
        takes(WEIR_INTAKE_OTHER);
    assert_int_equal(weir_table_state(w.run->table, a.id), WEIR_CELL_CLAIMED);
    assert_int_equal(w.intake.finished + w.intake.failed, 0);
    assert_int_equal(weir_reservoir_size(w.intake.reservoir), w.run->samples);
    small_run_destroy(&w);
}

/* Run simulation after simulation in lane 0 until none is open. */
static void run_all(void)
{
    struct weir_claim c;
    while (weir_table_claim(w.run->table, 0, &c) == 0) {
        deliver(0, &c, 0, w.run->samples);
        say(0, WEIR_MESSAGE_DONE, c.id);
        takes(WEIR_INTAKE_OTHER);
        weir_reservoir_draw(w.intake.reservoir, c.id, true, false,
                            (uint32_t[8]){0});
        weir_reservoir_settle(w.intake.reservoir);
    }
}

static void it_is_over_only_when_successors_are_done(void **state)
{
    (void)state;
    begin(NULL);
    struct weir_claim last = claim(1);
    run_all();
    assert_false(weir_intake_is_over(&w.intake));
    say(1, WEIR_MESSAGE_FAILED, last.id);
    takes(WEIR_INTAKE_OTHER);
    /* All that are in the table have ended; a successor is wanted. */
    assert_int_equal(w.intake.finished + w.intake.failed,
                     weir_table_count(w.run->table));
    assert_int_equal(weir_acquisition_redraws_pending(w.acquisition), 1);
    assert_false(weir_intake_is_over(&w.intake));
    ok(weir_acquisition_consume(w.acquisition));
    assert_int_equal(weir_acquisition_redraws_pending(w.acquisition), 0);
    assert_false(weir_intake_is_over(&w.intake));
    run_all();
    assert_true(weir_intake_is_over(&w.intake));
    assert_true(weir_table_is_closed(w.run->table));
    assert_int_equal(w.intake.finished, w.cfg->simulations.budget);
    small_run_destroy(&w);
}

static void too_many_failures_end_the_run(void **state)
{
    const char *set[] = {"simulations.max_redraws=2", NULL};
    (void)state;
    begin(set);
    for (int i = 0; i < 3; i++) {
        struct weir_claim c = claim(0);
        say(0, WEIR_MESSAGE_FAILED, c.id);
        if (i < 2)
            takes(WEIR_INTAKE_OTHER);
    }
    fails(weir_intake_next(&w.intake), -WEIR_EDIVERGED);
    says("max_redraws");
    small_run_destroy(&w);
}

/* ---- a full ring, with the real solver stage ---- */

static _Atomic uint32_t starts;

static int fail_at_once(void *lane, const double *value)
{
    (void)lane, (void)value;
    atomic_fetch_add(&starts, 1);
    return WEIR_FAIL(WEIR_EDIVERGED, "always");
}

static void no_word_is_lost_when_the_ring_is_full(void **state)
{
    const char *set[] = {"run.lanes=1",           "placement.solver_threads=1",
                         "simulations.budget=60", "simulations.max_redraws=100",
                         "training.steps=100",    NULL};
    struct weir_solver_stage *stage;
    (void)state;
    begin(set);
    struct weir_solver_ops ops = *w.run->solver;
    ops.start = fail_at_once;
    w.run->solver = &ops;
    uint64_t room = weir_port_ready(w.run->port[0])->mask + 1;
    assert_true(room + 1 < 60);
    ok(weir_solver_stage_create(w.run, &stage));
    ok(weir_solver_stage_start(stage));
    /* The lane fills the ring, keeps one word, and stops. */
    while (atomic_load(&starts) < room + 1)
        usleep(100);
    usleep(20000);
    assert_int_equal(atomic_load(&starts), room + 1);
    for (uint32_t n = 0; n < 60; usleep(50))
        while (weir_intake_next(&w.intake) == WEIR_INTAKE_OTHER)
            assert_int_equal(w.intake.failed, ++n);
    assert_int_equal(atomic_load(&starts), 60);
    for (uint32_t id = 0; id < 60; id++)
        assert_int_equal(weir_table_state(w.run->table, id), WEIR_CELL_FAILED);
    weir_table_close(w.run->table);
    weir_solver_stage_join(stage);
    weir_solver_stage_destroy(stage);
    small_run_destroy(&w);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(live_lanes_are_heard_in_turn),
        cmocka_unit_test(lockstep_waits_for_the_lane_whose_turn_it_is),
        cmocka_unit_test(a_lockstep_lane_without_a_slot_blocks_its_turn),
        cmocka_unit_test(what_the_table_does_not_expect_is_refused),
        cmocka_unit_test(the_slot_of_another_lane_stays_its_own),
        cmocka_unit_test(a_rerun_brings_no_sample_twice),
        cmocka_unit_test(an_end_without_its_samples_is_a_failure),
        cmocka_unit_test(a_lane_does_not_end_what_it_does_not_run),
        cmocka_unit_test(it_is_over_only_when_successors_are_done),
        cmocka_unit_test(too_many_failures_end_the_run),
        cmocka_unit_test(no_word_is_lost_when_the_ring_is_full),
    };
    return RUN(cases);
}
