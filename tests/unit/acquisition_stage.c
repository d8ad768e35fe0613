/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "acquire/registry.h"
#include "tests/small_run.h"

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

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(successors_are_counted),
        cmocka_unit_test(lost_losses_are_counted),
        cmocka_unit_test(a_successor_is_the_next_point_of_the_sequence),
    };
    return RUN(cases);
}
