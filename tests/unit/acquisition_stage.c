/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "acquire/registry.h"
#include "pipeline/stages/hands.h"
#include "tests/small_run.h"

#include <math.h>
#include <pthread.h>

static struct small_run w;

static void begin(const char *const *set)
{
    ok(small_run_create(&w, set));
    ok(weir_acquisition_design(w.acquisition));
}

static void successors_are_counted(void **state)
{
    (void)state;
    begin(NULL);
    uint32_t budget = (uint32_t)w.cfg->simulations.budget;
    assert_int_equal(weir_table_count(w.run->table), budget);
    ok(weir_acquisition_consume(w.acquisition));
    assert_int_equal(weir_table_count(w.run->table), budget);
    for (uint32_t i = 0; i < 3; i++)
        weir_acquisition_want_redraw(w.acquisition);
    assert_int_equal(weir_acquisition_redraws_pending(w.acquisition), 3);
    ok(weir_acquisition_consume(w.acquisition));
    assert_int_equal(weir_acquisition_redraws_pending(w.acquisition), 0);
    assert_int_equal(weir_table_count(w.run->table), budget + 3);
    ok(weir_acquisition_consume(w.acquisition));
    assert_int_equal(weir_table_count(w.run->table), budget + 3);
    /* A resume: as many have failed as have successors, and one more. */
    weir_acquisition_restore_redraws(w.acquisition, 4);
    assert_int_equal(weir_acquisition_redraws_pending(w.acquisition), 1);
    ok(weir_acquisition_consume(w.acquisition));
    assert_int_equal(weir_table_count(w.run->table), budget + 4);
    small_run_destroy(&w);
}

/* A successor is the next point of the design, and no point comes twice. */
static void a_successor_is_the_next_point_of_the_sequence(void **state)
{
    const char *set[] = {"acquisition.strategy=halton", NULL};
    const char *more[] = {"acquisition.strategy=halton",
                          "simulations.budget=14", NULL};
    const double *unit, *value;
    struct weir_origin origin;
    double point[2][16];
    (void)state;
    begin(more);
    for (uint32_t i = 0; i < 2; i++) {
        weir_table_parameters(w.run->table, 12 + i, &unit, &value, &origin);
        memcpy(point[i], unit, w.run->table->dims * sizeof(double));
    }
    small_run_destroy(&w);
    begin(set);
    weir_acquisition_want_redraw(w.acquisition);
    weir_acquisition_want_redraw(w.acquisition);
    ok(weir_acquisition_consume(w.acquisition));
    for (uint32_t i = 0; i < 2; i++) {
        weir_table_parameters(w.run->table, 12 + i, &unit, &value, &origin);
        assert_memory_equal(point[i], unit,
                            w.run->table->dims * sizeof(double));
    }
    small_run_destroy(&w);
}

/* Batches [from, to) by group 0; the other group has no part in them. */
static void publish(uint64_t from, uint64_t to)
{
    for (uint64_t batch = from; batch < to; batch++) {
        for (uint16_t i = 0; i < 8; i++) {
            struct weir_loss_record r = {.batch = batch,
                                         .mean = 1,
                                         .deviation = 1,
                                         .simulation = i,
                                         .loss = 1,
                                         .index = i,
                                         .total = 8};
            weir_loss_publish(w.run->loss[0], &r);
        }
        weir_loss_publish_batch(w.run->loss[0], batch + 1);
        weir_loss_publish_batch(w.run->loss[1], batch + 1);
    }
}

static void lost_losses_are_counted(void **state)
{
    struct weir_claim c;
    (void)state;
    begin(NULL);
    for (uint32_t id = 0; id < 8; id++)
        ok(weir_table_claim(w.run->table, 0, &c));
    publish(0, 100);
    ok(weir_acquisition_consume(w.acquisition));
    assert_int_equal(weir_acquisition_lost(w.acquisition), 0);
    publish(100, 500); /* 3200 records through a ring of 1024 */
    ok(weir_acquisition_consume(w.acquisition));
    uint64_t lost = weir_acquisition_lost(w.acquisition);
    assert_in_range(lost, 3200 - 1024, 3199);
    publish(500, 600);
    ok(weir_acquisition_consume(w.acquisition));
    assert_int_equal(weir_acquisition_lost(w.acquisition), lost);
    small_run_destroy(&w);
}

/* ---- taken up with another strategy or other ranges ---- */

/* A run of which 0 .. 7 have begun, as a checkpoint has it. */
static void begun(const char *const *set, struct weir_blob *state,
                  struct weir_ledger *l)
{
    struct weir_claim c;
    begin(set);
    for (uint32_t id = 0; id < 8; id++)
        ok(weir_table_claim(w.run->table, id % 2, &c));
    publish(0, 3);
    ok(weir_acquisition_consume(w.acquisition));
    weir_table_finish(w.run->table, 0);
    ok(weir_acquisition_save(w.acquisition, state));
    ok(weir_ledger_create(12, w.run->table->dims, l));
    weir_ledger_take_states(l, w.run->table, 0);
    weir_ledger_take_parameters(l, w.run->table, 0);
    small_run_destroy(&w);
}

/* As weir_restore does it. */
static void go_on(const char *const *set, struct weir_blob *state,
                  struct weir_ledger *l)
{
    double scratch[16];
    ok(small_run_create(&w, set));
    weir_ledger_relocate(l, &w.cfg->space, scratch);
    ok(weir_ledger_restore(l, w.run->table, 0));
    ok(weir_acquisition_restore(w.acquisition, state, false));
    ok(weir_acquisition_design(w.acquisition));
    assert_int_equal(weir_table_count(w.run->table), 12);
}

/* The values and coordinates of a run that begins with @p set. */
static void design_of(const char *const *set, double *unit, double *value)
{
    struct weir_origin origin;
    const double *u, *x;
    begin(set);
    size_t dims = w.run->table->dims;
    for (uint32_t id = 0; id < 12; id++) {
        weir_table_parameters(w.run->table, id, &u, &x, &origin);
        memcpy(unit + id * dims, u, dims * sizeof(*u));
        memcpy(value + id * dims, x, dims * sizeof(*x));
    }
    small_run_destroy(&w);
}

static void what_has_not_begun_is_the_new_strategys(void **state)
{
    const char *before[] = {"acquisition.strategy=sobol", NULL};
    const char *after[] = {"acquisition.strategy=halton", NULL};
    double unit[2][12 * 16], value[2][12 * 16];
    struct weir_blob saved = {0};
    struct weir_ledger l;
    const double *u, *x;
    struct weir_origin origin;
    (void)state;
    design_of(before, unit[0], value[0]);
    design_of(after, unit[1], value[1]);
    begun(before, &saved, &l);
    go_on(after, &saved, &l);
    size_t dims = w.run->table->dims;
    for (uint32_t id = 0; id < 12; id++) {
        weir_table_parameters(w.run->table, id, &u, &x, &origin);
        assert_memory_equal(u, unit[id >= 8] + id * dims, dims * sizeof(*u));
        assert_memory_equal(x, value[id >= 8] + id * dims, dims * sizeof(*x));
    }
    assert_int_equal(weir_table_open(w.run->table), 4);
    small_run_destroy(&w);
    weir_ledger_destroy(&l);
    weir_blob_free(&saved);
}

/* Whom the strategy has met, as its stage saves it. */
static void read_met(bool *met)
{
    struct weir_blob saved = {0};
    uint64_t batch;
    uint32_t generation, n;
    ok(weir_acquisition_save(w.acquisition, &saved));
    ok(weir_blob_get(&saved, &batch, sizeof(batch)));
    ok(weir_blob_get(&saved, &generation, sizeof(generation)));
    ok(weir_blob_get(&saved, &n, sizeof(n)));
    assert_int_equal(n, 12);
    ok(weir_blob_get(&saved, met, n * sizeof(*met)));
    assert_int_equal(batch, 6);
    weir_blob_free(&saved);
}

static void what_lies_outside_narrower_ranges_is_kept_from_it(void **state)
{
    const char *before[] = {"acquisition.strategy=breed", NULL};
    const char *after[] = {"acquisition.strategy=breed", "parameters.A0.high=0",
                           NULL};
    struct weir_blob saved = {0};
    struct weir_ledger l;
    const double *u, *x;
    struct weir_origin origin;
    uint32_t outside = 0;
    bool met[12];
    (void)state;
    begun(before, &saved, &l);
    go_on(after, &saved, &l);
    publish(3, 6);
    ok(weir_acquisition_consume(w.acquisition));
    read_met(met);
    for (uint32_t id = 0; id < 12; id++) {
        weir_table_parameters(w.run->table, id, &u, &x, &origin);
        bool inside = x[0] <= 0; /* A0 begins at -1 */
        outside += !inside;
        assert_true(inside || id < 8);
        assert_int_equal(met[id], inside && id < 8);
        if (inside)
            assert_true(fabs(u[0] - (x[0] + 1)) < 1e-12);
    }
    assert_in_range(outside, 1, 7);
    small_run_destroy(&w);
    weir_ledger_destroy(&l);
    weir_blob_free(&saved);
}

/* ---- threads that help it ---- */

enum { HANDS = 3, ITEMS = 200 };

struct counted {
    int done[ITEMS];  /* times */
    bool left[HANDS]; /* and by whom */
    pthread_t leaver[HANDS];
    uint32_t fails; /* this item */
};

static int count_item(void *ctx, uint32_t hand, uint32_t item)
{
    struct counted *c = ctx;
    if (hand >= HANDS || item >= ITEMS)
        return WEIR_FAIL(EINVAL, "hand %u, item %u", hand, item);
    if (item == c->fails)
        return WEIR_FAIL(WEIR_ECONFIG, "item %u is bad", item);
    c->done[item]++;
    return 0;
}

static void count_leave(void *ctx, uint32_t hand)
{
    struct counted *c = ctx;
    c->left[hand] = true;
    c->leaver[hand] = pthread_self();
}

static void hands_do_every_item_once(void **state)
{
    (void)state;
    static struct counted c;
    struct weir_hands *h;
    struct weir_task task = {count_item, &c, ITEMS, INT64_MAX};
    c.fails = ITEMS;
    ok(weir_hands_create(NULL, HANDS, count_leave, &c, &h));
    for (int again = 1; again <= 50; again++) {
        assert_int_equal(weir_hands_work(h, &task), ITEMS);
        for (int i = 0; i < ITEMS; i++)
            assert_int_equal(c.done[i], again);
    }
    task.items = 0;
    assert_int_equal(weir_hands_work(h, &task), 0);
    /* Time is over: no more than one each, from the first on. */
    memset(c.done, 0, sizeof(c.done));
    task = (struct weir_task){count_item, &c, ITEMS, 0};
    int done = weir_hands_work(h, &task);
    assert_in_range(done, 1, HANDS);
    for (int i = 0; i < ITEMS; i++)
        assert_int_equal(c.done[i], i < done);
    weir_hands_destroy(h);
    for (int k = 0; k < HANDS; k++) {
        assert_true(c.left[k]);
        assert_int_equal(!pthread_equal(c.leaver[k], pthread_self()), k > 0);
    }
}

/* Whoever came upon it: the caller has its message, and can go on. */
static void the_error_of_a_hand_is_the_callers(void **state)
{
    (void)state;
    static struct counted c;
    struct weir_hands *h;
    struct weir_task task = {count_item, &c, ITEMS, INT64_MAX};
    c.fails = 100;
    ok(weir_hands_create(NULL, HANDS, count_leave, &c, &h));
    for (int again = 0; again < 20; again++) {
        fails(weir_hands_work(h, &task), -WEIR_ECONFIG);
        says("item 100 is bad");
    }
    c.fails = ITEMS;
    assert_int_equal(weir_hands_work(h, &task), ITEMS);
    weir_hands_destroy(h);
}

/* Of one hand: others may be through before the one that fails says so. */
static void no_item_is_begun_after_an_error(void **state)
{
    (void)state;
    static struct counted c;
    struct weir_hands *h;
    struct weir_task task = {count_item, &c, ITEMS, INT64_MAX};
    c.fails = 100;
    ok(weir_hands_create(NULL, 1, count_leave, &c, &h));
    fails(weir_hands_work(h, &task), -WEIR_ECONFIG);
    for (uint32_t i = 0; i < ITEMS; i++)
        assert_int_equal(c.done[i], i < c.fails);
    weir_hands_destroy(h);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(successors_are_counted),
        cmocka_unit_test(lost_losses_are_counted),
        cmocka_unit_test(a_successor_is_the_next_point_of_the_sequence),
        cmocka_unit_test(what_has_not_begun_is_the_new_strategys),
        cmocka_unit_test(hands_do_every_item_once),
        cmocka_unit_test(the_error_of_a_hand_is_the_callers),
        cmocka_unit_test(no_item_is_begun_after_an_error),
        cmocka_unit_test(what_lies_outside_narrower_ranges_is_kept_from_it),
    };
    return RUN(cases);
}
