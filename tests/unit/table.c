/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "shm/table.h"

#define DIMS 3

static struct weir_table *make(uint32_t capacity)
{
    struct weir_table *t = weir_array(1, weir_table_bytes(capacity, DIMS));
    assert_non_null(t);
    weir_table_init(t, capacity, DIMS);
    return t;
}

/* Parameters and origin that follow from one number. */
struct set {
    double unit[DIMS], value[DIMS];
    struct weir_origin origin;
};

static struct set set_of(uint32_t n)
{
    return (struct set){
        .unit = {n * 0.001, n * 0.002, n * 0.003},
        .value = {n * 10.0, n * 20.0, n * 30.0},
        .origin = {.proposed_ns = n, .generation = n, .bred = n & 1},
    };
}

static int append(struct weir_table *t, uint32_t n)
{
    struct set s = set_of(n);
    return weir_table_append(t, s.unit, s.value, &s.origin);
}

static int propose(struct weir_table *t, uint32_t id, uint32_t n)
{
    struct set s = set_of(n);
    return weir_table_propose(t, id, s.unit, s.value, &s.origin);
}

static struct weir_table *make_filled(uint32_t n)
{
    struct weir_table *t = make(n);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(append(t, i), i);
    return t;
}

static void claims(struct weir_table *t, uint32_t id, uint32_t attempt,
                   uint32_t n)
{
    struct weir_claim c;
    struct set s = set_of(n);
    ok(weir_table_claim(t, 7, &c));
    assert_int_equal(c.id, id);
    assert_int_equal(c.attempt, attempt);
    assert_memory_equal(c.value, s.value, sizeof(s.value));
}

static void an_empty_table_has_nothing_to_claim(void **state)
{
    (void)state;
    struct weir_table *t = make(4);
    struct weir_claim c;
    weir_err_clear();
    fails(weir_table_claim(t, 0, &c), -EAGAIN);
    assert_int_equal(weir_err_code(), 0);
    assert_int_equal(weir_table_count(t), 0);
    assert_int_equal(weir_table_open(t), 0);
    free(t);
}

static void a_full_table_refuses_another_cell(void **state)
{
    (void)state;
    struct weir_table *t = make_filled(2);
    fails(append(t, 9), -ENOSPC);
    says("simulation table of 2 cells");
    assert_int_equal(weir_table_count(t), 2);
    claims(t, 0, 1, 0);
    claims(t, 1, 1, 1);
    free(t);
}

static void cells_are_claimed_lowest_first(void **state)
{
    (void)state;
    struct weir_table *t = make_filled(10);
    assert_int_equal(weir_table_open(t), 10);
    for (uint32_t i = 0; i < 10; i++) {
        claims(t, i, 1, i);
        assert_int_equal(weir_table_open(t), 9 - i);
    }
    struct weir_claim c;
    fails(weir_table_claim(t, 0, &c), -EAGAIN);
    free(t);
}

static void a_cell_appended_later_is_claimed_too(void **state)
{
    (void)state;
    struct weir_table *t = make(3);
    struct weir_claim c;
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(append(t, i), i);
        claims(t, i, 1, i);
        fails(weir_table_claim(t, 0, &c), -EAGAIN);
    }
    free(t);
}

static void a_proposal_reaches_the_next_claim(void **state)
{
    (void)state;
    struct weir_table *t = make_filled(2);
    for (uint32_t n = 100; n < 105; n++) {
        ok(propose(t, 0, n));
        const double *unit, *value;
        struct weir_origin o;
        struct set s = set_of(n);
        weir_table_parameters(t, 0, &unit, &value, &o);
        assert_memory_equal(unit, s.unit, sizeof(s.unit));
        assert_memory_equal(value, s.value, sizeof(s.value));
        assert_int_equal(o.generation, n);
    }
    claims(t, 0, 1, 104);
    claims(t, 1, 1, 1);
    free(t);
}

static void a_proposal_after_the_claim_is_too_late(void **state)
{
    (void)state;
    struct weir_table *t = make_filled(1);
    struct weir_claim c;
    ok(weir_table_claim(t, 0, &c));
    weir_err_clear();
    fails(propose(t, 0, 50), -EAGAIN);
    assert_int_equal(weir_err_code(), 0);
    assert_true(c.value[0] == 0.0);
    weir_table_finish(t, 0);
    fails(propose(t, 0, 50), -EAGAIN);
    free(t);
}

static void a_simulation_that_runs_again_keeps_its_parameters(void **state)
{
    (void)state;
    struct weir_table *t = make_filled(2);
    ok(propose(t, 0, 60));
    assert_true(weir_table_is_new(t, 0));
    claims(t, 0, 1, 60);
    assert_false(weir_table_is_new(t, 0));
    weir_table_reopen(t, 0);
    assert_int_equal(weir_table_state(t, 0), WEIR_CELL_OPEN);
    assert_false(weir_table_is_new(t, 0));
    fails(propose(t, 0, 61), -EAGAIN);
    struct weir_cell_view v;
    struct set s = set_of(60);
    weir_table_read(t, 0, &v);
    assert_memory_equal(v.unit, s.unit, sizeof(s.unit));
    assert_memory_equal(v.value, s.value, sizeof(s.value));
    assert_int_equal(v.origin.generation, 60);
    /* It is claimed, not open to proposals: one cell never ran. */
    assert_int_equal(weir_table_open(t), 1);
    claims(t, 0, 2, 60);
    assert_int_equal(weir_table_open(t), 1);
    free(t);
}

static void a_reopened_cell_is_the_next_one_claimed(void **state)
{
    (void)state;
    struct weir_table *t = make_filled(6);
    for (uint32_t i = 0; i < 4; i++)
        claims(t, i, 1, i);
    uint64_t epoch = atomic_load(&t->hint) >> 32;
    weir_table_reopen(t, 2);
    weir_table_reopen(t, 1);
    /* Each reopening moves the epoch: a scan from before cannot move the hint
     * past what was reopened. */
    assert_int_equal(atomic_load(&t->hint) >> 32, epoch + 2);
    assert_int_equal((uint32_t)atomic_load(&t->hint), 1);
    claims(t, 1, 2, 1);
    claims(t, 2, 2, 2);
    claims(t, 4, 1, 4);
    weir_table_reopen(t, 4);
    claims(t, 4, 2, 4);
    claims(t, 5, 1, 5);
    free(t);
}

static void a_leader_can_claim_the_cell_it_means(void **state)
{
    (void)state;
    struct weir_table *t = make_filled(3);
    struct weir_claim c;
    ok(weir_table_claim_cell(t, 1, 4, &c));
    assert_int_equal(c.id, 1);
    assert_int_equal(c.attempt, 1);
    weir_err_clear();
    fails(weir_table_claim_cell(t, 1, 4, &c), -EAGAIN);
    fails(weir_table_claim_cell(t, 3, 4, &c), -EAGAIN);
    assert_int_equal(weir_err_code(), 0);
    assert_true(weir_table_has_open(t));
    claims(t, 0, 1, 0);
    claims(t, 2, 1, 2);
    assert_false(weir_table_has_open(t));
    weir_table_reopen(t, 1);
    assert_true(weir_table_has_open(t));
    ok(weir_table_claim_cell(t, 1, 4, &c));
    assert_int_equal(c.attempt, 2);
    assert_false(weir_table_has_open(t));
    free(t);
}

static void what_was_delivered_is_skipped_by_the_next_attempt(void **state)
{
    (void)state;
    struct weir_table *t = make_filled(1);
    struct weir_claim c;
    ok(weir_table_claim(t, 0, &c));
    assert_int_equal(c.skip, 0);
    atomic_store(&weir_table_cell(t, 0)->delivered, 12);
    weir_table_reopen(t, 0);
    ok(weir_table_claim(t, 0, &c));
    assert_int_equal(c.skip, 12);
    assert_int_equal(c.attempt, 2);
    free(t);
}

static void a_closed_table_ends_only_when_nothing_is_open(void **state)
{
    (void)state;
    struct weir_table *t = make_filled(2);
    struct weir_claim c;
    claims(t, 0, 1, 0);
    assert_false(weir_table_is_closed(t));
    weir_table_close(t);
    assert_true(weir_table_is_closed(t));
    claims(t, 1, 1, 1);
    weir_err_clear();
    fails(weir_table_claim(t, 0, &c), -EPIPE);
    assert_int_equal(weir_err_code(), 0);
    free(t);
}

static void a_view_shows_state_and_times(void **state)
{
    (void)state;
    struct weir_table *t = make_filled(3);
    struct weir_cell_view v;
    struct set s = set_of(1);
    weir_table_read(t, 1, &v);
    assert_int_equal(v.state, WEIR_CELL_OPEN);
    assert_int_equal(v.started_ns, 0);
    assert_int_equal(v.first_trained_batch, -1);
    assert_null(v.value);
    claims(t, 0, 1, 0);
    claims(t, 1, 1, 1);
    weir_table_read(t, 1, &v);
    assert_int_equal(v.state, WEIR_CELL_CLAIMED);
    assert_int_equal(v.lane, 7);
    assert_int_equal(v.attempt, 1);
    assert_true(v.started_ns > 0);
    assert_int_equal(v.finished_ns, 0);
    assert_memory_equal(v.unit, s.unit, sizeof(s.unit));
    assert_memory_equal(v.value, s.value, sizeof(s.value));
    assert_int_equal(v.origin.proposed_ns, 1);
    weir_table_finish(t, 1);
    weir_table_fail(t, 0);
    weir_table_read(t, 1, &v);
    assert_int_equal(v.state, WEIR_CELL_DONE);
    assert_true(v.finished_ns >= v.started_ns);
    assert_memory_equal(v.value, s.value, sizeof(s.value));
    assert_int_equal(weir_table_state(t, 0), WEIR_CELL_FAILED);
    assert_int_equal(weir_table_state(t, 2), WEIR_CELL_OPEN);
    free(t);
}

static void a_restored_table_goes_on_where_it_stood(void **state)
{
    (void)state;
    struct weir_table *t = make(5);
    const enum weir_cell_state was[] = {WEIR_CELL_DONE, WEIR_CELL_CLAIMED,
                                        WEIR_CELL_FAILED, WEIR_CELL_OPEN,
                                        WEIR_CELL_OPEN};
    const uint32_t attempt[] = {1, 2, 3, 1, 0}, delivered[] = {50, 9, 0, 4, 0};
    for (uint32_t i = 0; i < 5; i++) {
        struct set s = set_of(i);
        assert_int_equal(weir_table_restore(t, was[i], attempt[i], delivered[i],
                                            s.unit, s.value, &s.origin),
                         i);
    }
    /* Only the last was never claimed. */
    assert_int_equal(weir_table_open(t), 1);
    assert_int_equal(weir_table_state(t, 0), WEIR_CELL_DONE);
    assert_int_equal(weir_table_state(t, 1), WEIR_CELL_OPEN);
    fails(propose(t, 1, 70), -EAGAIN);
    fails(propose(t, 3, 70), -EAGAIN);
    ok(propose(t, 4, 70));
    struct weir_claim c;
    ok(weir_table_claim(t, 0, &c));
    assert_int_equal(c.id, 1);
    assert_int_equal(c.attempt, 3);
    assert_int_equal(c.skip, 9);
    claims(t, 3, 2, 3);
    claims(t, 4, 1, 70);
    assert_int_equal(weir_table_open(t), 0);
    struct set s = set_of(5);
    fails(
        weir_table_restore(t, WEIR_CELL_DONE, 1, 1, s.unit, s.value, &s.origin),
        -ENOSPC);
    free(t);
}

static void cells_do_not_touch_their_neighbours(void **state)
{
    (void)state;
    for (uint32_t dims = 1; dims < 20; dims++) {
        struct weir_table *t = weir_array(1, weir_table_bytes(3, dims));
        weir_table_init(t, 3, dims);
        double u[20], v[20];
        struct weir_origin o = {0};
        for (int i = 0; i < 3; i++) {
            for (uint32_t d = 0; d < dims; d++)
                u[d] = i, v[d] = i + 100.0;
            assert_int_equal(weir_table_append(t, u, v, &o), i);
        }
        for (uint32_t d = 0; d < dims; d++)
            u[d] = v[d] = 5;
        ok(weir_table_propose(t, 1, u, v, &o));
        for (uint32_t i = 0; i < 3; i++) {
            const double *pu, *pv;
            assert_int_equal((uintptr_t)weir_table_cell(t, i) % 64, 0);
            weir_table_parameters(t, i, &pu, &pv, &o);
            for (uint32_t d = 0; d < dims; d++) {
                assert_true(pu[d] == (i == 1 ? 5 : i));
                assert_true(pv[d] == (i == 1 ? 5 : i + 100.0));
            }
        }
        free(t);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(an_empty_table_has_nothing_to_claim),
        cmocka_unit_test(a_full_table_refuses_another_cell),
        cmocka_unit_test(cells_are_claimed_lowest_first),
        cmocka_unit_test(a_cell_appended_later_is_claimed_too),
        cmocka_unit_test(a_proposal_reaches_the_next_claim),
        cmocka_unit_test(a_proposal_after_the_claim_is_too_late),
        cmocka_unit_test(a_simulation_that_runs_again_keeps_its_parameters),
        cmocka_unit_test(a_reopened_cell_is_the_next_one_claimed),
        cmocka_unit_test(a_leader_can_claim_the_cell_it_means),
        cmocka_unit_test(what_was_delivered_is_skipped_by_the_next_attempt),
        cmocka_unit_test(a_closed_table_ends_only_when_nothing_is_open),
        cmocka_unit_test(a_view_shows_state_and_times),
        cmocka_unit_test(a_restored_table_goes_on_where_it_stood),
        cmocka_unit_test(cells_do_not_touch_their_neighbours),
    };
    return RUN(cases);
}
