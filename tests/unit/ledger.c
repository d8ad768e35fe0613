/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "base/heap.h"
#include "pipeline/stages/ledger.h"

#include <math.h>

#define DIMS     3
#define CAPACITY 12
#define START    1000000
#define LATER    777000000

static struct weir_table *make(uint32_t capacity)
{
    struct weir_table *t = weir_array(1, weir_table_bytes(capacity, DIMS));
    assert_non_null(t);
    weir_table_init(t, capacity, DIMS);
    return t;
}

static void append(struct weir_table *t, uint32_t id)
{
    double unit[DIMS], value[DIMS];
    struct weir_origin o = {
        .proposed_ns = START + 10 + id,
        .cause_ns = id % 2 ? START + 5 + id : 0,
        .cause_batch = id * 7,
        .generation = id % 4,
        .bred = id % 2,
    };
    for (int i = 0; i < DIMS; i++) {
        unit[i] = 0.01 * id + 0.3 * i;
        value[i] = 100 * unit[i] - 3;
    }
    assert_int_equal(weir_table_append(t, unit, value, &o), id);
}

/* 0 done, 1 failed, 2 claimed for the second time, 3 claimed, 4 open again,
 * 5 .. 7 open. */
static struct weir_table *played(void)
{
    struct weir_table *t = make(CAPACITY);
    struct weir_claim claim;
    for (uint32_t id = 0; id < 8; id++)
        append(t, id);
    for (uint32_t id = 0; id < 5; id++)
        ok(weir_table_claim(t, id % 2, &claim));
    weir_table_reopen(t, 2);
    ok(weir_table_claim(t, 6, &claim));
    assert_int_equal(claim.id, 2);
    weir_table_reopen(t, 4);
    atomic_store(&weir_table_cell(t, 0)->delivered, 50);
    atomic_store(&weir_table_cell(t, 2)->delivered, 17);
    atomic_store(&weir_table_cell(t, 4)->delivered, 3);
    atomic_store(&weir_table_cell(t, 0)->first_trained_batch, 12);
    atomic_store(&weir_table_cell(t, 0)->first_trained_ns, START + 400);
    weir_table_finish(t, 0);
    weir_table_fail(t, 1);
    return t;
}

static void take(struct weir_ledger *l, const struct weir_table *t)
{
    ok(weir_ledger_create(CAPACITY, DIMS, l));
    weir_ledger_take_states(l, t, START);
    weir_ledger_take_parameters(l, t, START);
}

static void same_parameters(const struct weir_table *a,
                            const struct weir_table *b, uint32_t id)
{
    const double *unit[2], *value[2];
    struct weir_origin o[2];
    weir_table_parameters(a, id, &unit[0], &value[0], &o[0]);
    weir_table_parameters(b, id, &unit[1], &value[1], &o[1]);
    assert_memory_equal(unit[0], unit[1], DIMS * sizeof(double));
    assert_memory_equal(value[0], value[1], DIMS * sizeof(double));
    assert_int_equal(o[0].generation, o[1].generation);
    assert_int_equal(o[0].bred, o[1].bred);
    assert_int_equal(o[0].cause_batch, o[1].cause_batch);
    assert_int_equal(o[0].proposed_ns - START, o[1].proposed_ns - LATER);
    assert_int_equal(o[0].cause_ns ? o[0].cause_ns - START + LATER : 0,
                     o[1].cause_ns);
}

static void a_table_comes_back_as_it_was(void **state)
{
    (void)state;
    struct weir_table *a = played(), *b = make(CAPACITY);
    struct weir_ledger l;
    take(&l, a);
    ok(weir_ledger_restore(&l, b, LATER));
    assert_int_equal(weir_table_count(b), 8);
    for (uint32_t id = 0; id < 8; id++) {
        struct weir_cell_view was, is;
        weir_table_read(a, id, &was);
        weir_table_read(b, id, &is);
        /* What was running runs again, with what it has delivered. */
        if (was.state == WEIR_CELL_CLAIMED)
            was.state = WEIR_CELL_OPEN;
        assert_int_equal(is.state, was.state);
        assert_int_equal(is.attempt, was.attempt);
        assert_int_equal(is.delivered, was.delivered);
        assert_int_equal(is.lane, was.lane);
        assert_int_equal(is.first_trained_batch, was.first_trained_batch);
        assert_int_equal(was.started_ns ? was.started_ns - START + LATER : 0,
                         is.started_ns);
        assert_int_equal(was.finished_ns ? was.finished_ns - START + LATER : 0,
                         is.finished_ns);
        same_parameters(a, b, id);
    }
    assert_int_equal(weir_table_open(b), weir_table_open(a));
    weir_ledger_destroy(&l);
    free(a);
    free(b);
}

static void restored_cells_are_claimed_from_the_lowest_on(void **state)
{
    (void)state;
    static const uint32_t order[] = {2, 3, 4, 5, 6, 7};
    static const uint32_t attempt[] = {3, 2, 2, 1, 1, 1};
    static const uint32_t skip[] = {17, 0, 3, 0, 0, 0};
    struct weir_table *a = played(), *b = make(CAPACITY);
    struct weir_ledger l;
    struct weir_claim claim;
    take(&l, a);
    ok(weir_ledger_restore(&l, b, LATER));
    for (int i = 0; i < 6; i++) {
        ok(weir_table_claim(b, 1, &claim));
        assert_int_equal(claim.id, order[i]);
        assert_int_equal(claim.attempt, attempt[i]);
        assert_int_equal(claim.skip, skip[i]);
    }
    fails(weir_table_claim(b, 1, &claim), -EAGAIN);
    weir_ledger_destroy(&l);
    free(a);
    free(b);
}

static void a_simulation_that_was_running_cannot_get_other_parameters(
    void **state)
{
    (void)state;
    struct weir_table *a = played(), *b = make(CAPACITY);
    struct weir_ledger l;
    double x[DIMS] = {0};
    struct weir_origin o = {0};
    take(&l, a);
    ok(weir_ledger_restore(&l, b, LATER));
    for (uint32_t id = 0; id < 5; id++)
        fails(weir_table_propose(b, id, x, x, &o), -EAGAIN);
    for (uint32_t id = 5; id < 8; id++)
        ok(weir_table_propose(b, id, x, x, &o));
    weir_ledger_destroy(&l);
    free(a);
    free(b);
}

/* The leader's part is older than the proposer's. */
static void a_cell_appended_between_the_two_parts_is_open(void **state)
{
    (void)state;
    struct weir_table *a = played(), *b = make(CAPACITY);
    struct weir_ledger l;
    struct weir_cell_view cell;
    ok(weir_ledger_create(CAPACITY, DIMS, &l));
    weir_ledger_take_states(&l, a, START);
    append(a, 8);
    append(a, 9);
    weir_ledger_take_parameters(&l, a, START);
    assert_int_equal(l.n, 10);
    ok(weir_ledger_restore(&l, b, LATER));
    for (uint32_t id = 8; id < 10; id++) {
        weir_table_read(b, id, &cell);
        assert_int_equal(cell.state, WEIR_CELL_OPEN);
        assert_int_equal(cell.attempt, 0);
        assert_int_equal(cell.first_trained_batch, -1);
        assert_int_equal(cell.started_ns, 0);
        same_parameters(a, b, id);
    }
    weir_ledger_destroy(&l);
    free(a);
    free(b);
}

static void a_cell_claimed_between_the_two_parts_is_open(void **state)
{
    (void)state;
    struct weir_table *a = played(), *b = make(CAPACITY);
    struct weir_ledger l;
    struct weir_claim claim;
    ok(weir_ledger_create(CAPACITY, DIMS, &l));
    weir_ledger_take_states(&l, a, START);
    while (weir_table_claim(a, 0, &claim) == 0)
        ;
    weir_ledger_take_parameters(&l, a, START);
    ok(weir_ledger_restore(&l, b, LATER));
    for (uint32_t id = 5; id < 8; id++) {
        struct weir_cell_view cell;
        weir_table_read(b, id, &cell);
        assert_int_equal(cell.state, WEIR_CELL_OPEN);
        assert_int_equal(cell.attempt, 0);
        same_parameters(a, b, id);
    }
    weir_ledger_destroy(&l);
    free(a);
    free(b);
}

static void a_table_that_is_too_small_is_refused(void **state)
{
    (void)state;
    struct weir_table *a = played(), *b = make(7);
    struct weir_ledger l;
    take(&l, a);
    fails(weir_ledger_restore(&l, b, LATER), -ENOSPC);
    weir_ledger_destroy(&l);
    free(a);
    free(b);
}

/* ---- another space ---- */

/* Simulation @p id of @p l at values x, y, drawn when ranges were @p was. */
static void put(struct weir_ledger *l, uint32_t id,
                const struct weir_space *was, double x, double y)
{
    double *value = l->value + id * 2;
    value[0] = x;
    value[1] = y;
    weir_space_to_unit(was, value, l->unit + id * 2);
    l->n = id + 1;
}

static void places_follow_the_ranges(void **state)
{
    (void)state;
    const struct weir_parameter
        wide[] = {{.name = "x", .low = 0, .high = 8},
                  {.name = "y", .low = 1, .high = 256, .axis = WEIR_AXIS_LOG}},
        narrow[] = {{.name = "x", .low = 2, .high = 4},
                    {.name = "y", .low = 1, .high = 16, .axis = WEIR_AXIS_LOG}};
    const struct weir_space was = {2, wide, NULL}, now = {2, narrow, NULL};
    const double value[][2] = {{3, 4}, {2, 16}, {2, 20}, {1.9, 4}, {5, 200}};
    const double unit[][2] = {{0.5, 0.5}, {0, 1}};
    double scratch[2];
    struct weir_ledger l;
    ok(weir_ledger_create(5, 2, &l));
    for (uint32_t id = 0; id < 5; id++)
        put(&l, id, &was, value[id][0], value[id][1]);
    weir_ledger_relocate(&l, &now, scratch);
    for (uint32_t id = 0; id < 5; id++)
        for (uint32_t i = 0; i < 2; i++) {
            assert_true(fabs(l.value[2 * id + i] - value[id][i]) < 1e-12);
            if (id < 2)
                assert_true(fabs(l.unit[2 * id + i] - unit[id][i]) < 1e-12);
            else
                assert_true(isnan(l.unit[2 * id + i]));
        }
    /* Wider again: those that had no place have one. */
    weir_ledger_relocate(&l, &was, scratch);
    for (uint32_t id = 0; id < 5; id++) {
        weir_space_to_box(&was, l.unit + 2 * id, scratch);
        for (uint32_t i = 0; i < 2; i++)
            assert_true(fabs(scratch[i] - value[id][i]) < 1e-12);
    }
    weir_ledger_destroy(&l);
}

static void the_same_space_moves_nothing(void **state)
{
    (void)state;
    const struct weir_parameter axis[] = {
        {.name = "x", .low = -3, .high = 7},
        {.name = "y", .low = 1e-3, .high = 30, .axis = WEIR_AXIS_LOG}};
    const struct weir_space space = {2, axis, NULL};
    double scratch[2], unit[200];
    struct weir_ledger l;
    ok(weir_ledger_create(100, 2, &l));
    for (l.n = 0; l.n < 100; l.n++) {
        l.unit[2 * l.n] = l.n / 100.0;
        l.unit[2 * l.n + 1] = 1 - l.n / 99.0 * 0.999999;
        weir_space_to_box(&space, l.unit + 2 * l.n, l.value + 2 * l.n);
    }
    memcpy(unit, l.unit, sizeof(unit));
    weir_ledger_relocate(&l, &space, scratch);
    assert_memory_equal(unit, l.unit, sizeof(unit));
    weir_ledger_destroy(&l);
}

/* ---- running again ---- */

/* Ten simulations of 50 samples: 0 .. 6 done, 7 failed, 8 half way, 9 open. */
static void ten(struct weir_ledger *l)
{
    ok(weir_ledger_create(CAPACITY, DIMS, l));
    l->n = 10;
    for (uint32_t id = 0; id < 7; id++)
        l->row[id] = (struct weir_ledger_row){
            .state = WEIR_CELL_DONE, .attempt = 1, .delivered = 50};
    l->row[7].state = WEIR_CELL_FAILED;
    l->row[8] = (struct weir_ledger_row){
        .state = WEIR_CELL_CLAIMED, .attempt = 1, .delivered = 20};
    l->row[9].state = WEIR_CELL_OPEN;
}

static uint32_t open_ones(const struct weir_ledger *l)
{
    uint32_t n = 0;
    for (uint32_t id = 0; id < l->n; id++)
        n += l->row[id].state == WEIR_CELL_OPEN;
    return n;
}

static void nothing_is_reopened_when_enough_is_to_come(void **state)
{
    (void)state;
    struct weir_ledger l;
    ten(&l);
    weir_ledger_reopen_newest(&l, 50, 80); /* 30 and 50 are to come */
    assert_int_equal(open_ones(&l), 1);
    weir_ledger_destroy(&l);
}

static void the_newest_done_ones_are_reopened_until_it_is_enough(void **state)
{
    (void)state;
    struct weir_ledger l;
    ten(&l);
    weir_ledger_reopen_newest(&l, 50, 181);
    assert_int_equal(open_ones(&l), 4);
    for (uint32_t id = 4; id < 7; id++) {
        assert_int_equal(l.row[id].state, WEIR_CELL_OPEN);
        assert_int_equal(l.row[id].delivered, 0);
        assert_int_equal(l.row[id].attempt, 1); /* parameters stay */
    }
    assert_int_equal(l.row[3].state, WEIR_CELL_DONE);
    assert_int_equal(l.row[7].state, WEIR_CELL_FAILED);
    assert_int_equal(l.row[8].delivered, 20);
    weir_ledger_destroy(&l);
}

static void asking_for_more_than_there_is_reopens_all_that_was_done(
    void **state)
{
    (void)state;
    struct weir_ledger l;
    ten(&l);
    weir_ledger_reopen_newest(&l, 50, 1000000);
    assert_int_equal(open_ones(&l), 8);
    assert_int_equal(l.row[7].state, WEIR_CELL_FAILED);
    weir_ledger_destroy(&l);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_table_comes_back_as_it_was),
        cmocka_unit_test(restored_cells_are_claimed_from_the_lowest_on),
        cmocka_unit_test(
            a_simulation_that_was_running_cannot_get_other_parameters),
        cmocka_unit_test(a_cell_appended_between_the_two_parts_is_open),
        cmocka_unit_test(a_cell_claimed_between_the_two_parts_is_open),
        cmocka_unit_test(places_follow_the_ranges),
        cmocka_unit_test(the_same_space_moves_nothing),
        cmocka_unit_test(a_table_that_is_too_small_is_refused),
        cmocka_unit_test(nothing_is_reopened_when_enough_is_to_come),
        cmocka_unit_test(the_newest_done_ones_are_reopened_until_it_is_enough),
        cmocka_unit_test(
            asking_for_more_than_there_is_reopens_all_that_was_done),
    };
    return RUN(cases);
}
