/* SPDX-License-Identifier: BSD-3-Clause */
/* The states of a slot, and what the reservoir refuses. */
#include "tests/reservoir.h"

#define CAPACITY 12
#define BATCH    4
#define LANES    3
#define SHARE    2

static int begin(void **state)
{
    struct basin *b = calloc(1, sizeof(*b));
    basin_open(b, WEIR_RESERVOIR_KEEP, CAPACITY, BATCH, LANES, SHARE);
    *state = b;
    return 0;
}

static int end(void **state)
{
    basin_close(*state);
    free(*state);
    return 0;
}

static void state_is(struct basin *b, uint32_t slot,
                     enum weir_slot_state expected)
{
    assert_int_equal(weir_reservoir_state(b->r, slot), expected);
}

static uint32_t lend(struct basin *b, uint32_t lane)
{
    int slot = weir_reservoir_lend(b->r, lane);
    assert_true(slot >= 0);
    return (uint32_t)slot;
}

static void an_empty_reservoir_has_nothing_to_draw(void **state)
{
    struct basin *b = *state;
    uint32_t slot[BATCH];
    for (uint32_t i = 0; i < CAPACITY; i++)
        state_is(b, i, WEIR_SLOT_FREE);
    assert_int_equal(weir_reservoir_size(b->r), 0);
    assert_int_equal(weir_reservoir_draw(b->r, 0, false, false, slot), 0);
    weir_reservoir_settle(b->r);
    assert_int_equal(weir_reservoir_draw(b->r, 1, true, true, slot), 0);
    weir_reservoir_settle(b->r);
}

static void a_slot_goes_the_whole_way_and_back(void **state)
{
    struct basin *b = *state;
    uint32_t batch[BATCH], slot = lend(b, 1);
    state_is(b, slot, WEIR_SLOT_LENT);
    assert_int_equal(weir_reservoir_lent(b->r, 1), 1);
    basin_write(b, slot, 7, 1, 0);
    ok(weir_reservoir_accept(b->r, 1, slot, 1, 0));
    state_is(b, slot, WEIR_SLOT_RESIDENT);
    assert_int_equal(weir_reservoir_lent(b->r, 1), 0);
    assert_int_equal(weir_reservoir_unseen(b->r), 1);
    assert_int_equal(weir_reservoir_views(b->r, slot), 0);
    assert_int_equal(weir_reservoir_draw(b->r, 0, false, false, batch), 1);
    assert_int_equal(batch[0], slot);
    state_is(b, slot, WEIR_SLOT_IN_BATCH);
    assert_int_equal(weir_reservoir_views(b->r, slot), 1);
    weir_reservoir_settle(b->r);
    state_is(b, slot, WEIR_SLOT_RESIDENT);
    assert_int_equal(weir_reservoir_unseen(b->r), 0);
    assert_int_equal(weir_reservoir_withdraw(b->r, 7), 1);
    state_is(b, slot, WEIR_SLOT_FREE);
    assert_int_equal(weir_reservoir_size(b->r), 0);
}

static void a_lane_gets_its_share_and_no_more(void **state)
{
    struct basin *b = *state;
    for (uint32_t l = 0; l < LANES; l++) {
        for (int i = 0; i < SHARE; i++)
            lend(b, l);
        fails(weir_reservoir_lend(b->r, l), -EAGAIN);
        assert_int_equal(weir_reservoir_lent(b->r, l), SHARE);
    }
}

static void a_lane_without_a_slot_blocks(void **state)
{
    struct basin *b = *state;
    assert_true(weir_reservoir_blocks_a_lane(b->r));
    lend(b, 0);
    lend(b, 1);
    assert_true(weir_reservoir_blocks_a_lane(b->r));
    uint32_t slot = lend(b, 2);
    assert_false(weir_reservoir_blocks_a_lane(b->r));
    ok(weir_reservoir_return(b->r, 2, slot));
    assert_true(weir_reservoir_blocks_a_lane(b->r));
}

static void a_returned_slot_is_free_again(void **state)
{
    struct basin *b = *state;
    uint32_t slot = lend(b, 0);
    ok(weir_reservoir_return(b->r, 0, slot));
    state_is(b, slot, WEIR_SLOT_FREE);
    assert_int_equal(weir_reservoir_size(b->r), 0);
    fails(weir_reservoir_return(b->r, 0, slot), -EPROTO);
    says("is not lent to it");
}

/* ---- what a lane may claim ---- */

static void refused(struct basin *b, int rc, uint64_t refusals)
{
    fails(rc, -EPROTO);
    assert_int_equal(weir_reservoir_totals(b->r)->refused, refusals);
    assert_int_equal(weir_reservoir_totals(b->r)->accepted, 0);
    assert_int_equal(weir_reservoir_size(b->r), 0);
}

static void a_slot_that_is_not_lent_is_refused(void **state)
{
    struct basin *b = *state;
    refused(b, weir_reservoir_accept(b->r, 0, 5, 1, 0), 1);
    state_is(b, 5, WEIR_SLOT_FREE);
}

static void a_slot_lent_to_another_lane_is_refused_and_stays_lent(void **state)
{
    struct basin *b = *state;
    uint32_t slot = lend(b, 1);
    basin_write(b, slot, 3, 1, 0);
    refused(b, weir_reservoir_accept(b->r, 0, slot, 1, 0), 1);
    refused(b, weir_reservoir_return(b->r, 2, slot), 2);
    state_is(b, slot, WEIR_SLOT_LENT);
    assert_int_equal(weir_reservoir_lent(b->r, 1), 1);
    assert_int_equal(weir_reservoir_lent(b->r, 0), 0);
    ok(weir_reservoir_accept(b->r, 1, slot, 1, 0));
}

static void a_slot_that_does_not_exist_is_refused(void **state)
{
    struct basin *b = *state;
    refused(b, weir_reservoir_accept(b->r, 0, CAPACITY, 1, 0), 1);
    refused(b, weir_reservoir_accept(b->r, 0, UINT32_MAX, 1, 0), 2);
    refused(b, weir_reservoir_return(b->r, 0, CAPACITY), 3);
}

static void another_attempt_is_refused_and_its_slot_is_free(void **state)
{
    struct basin *b = *state;
    uint32_t slot = lend(b, 0);
    basin_write(b, slot, 3, 1, 0);
    refused(b, weir_reservoir_accept(b->r, 0, slot, 2, 0), 1);
    says("attempt 1 step 0, expected attempt 2 step 0");
    state_is(b, slot, WEIR_SLOT_FREE);
    assert_int_equal(weir_reservoir_lent(b->r, 0), 0);
}

static void another_step_is_refused_and_its_slot_is_free(void **state)
{
    struct basin *b = *state;
    for (uint32_t step = 0; step < 8; step += 7) {
        uint32_t slot = lend(b, 0);
        basin_write(b, slot, 3, 1, step);
        refused(b, weir_reservoir_accept(b->r, 0, slot, 1, 4), step / 7 + 1);
        state_is(b, slot, WEIR_SLOT_FREE);
    }
}

static void a_sample_cannot_come_twice(void **state)
{
    struct basin *b = *state;
    uint32_t slot = basin_bring(b, 0, 3, 0);
    fails(weir_reservoir_accept(b->r, 0, slot, 1, 0), -EPROTO);
    state_is(b, slot, WEIR_SLOT_RESIDENT);
    assert_int_equal(weir_reservoir_size(b->r), 1);
    assert_int_equal(weir_reservoir_totals(b->r)->accepted, 1);
    uint32_t batch[BATCH];
    weir_reservoir_draw(b->r, 0, false, false, batch);
    fails(weir_reservoir_accept(b->r, 0, slot, 1, 0), -EPROTO);
    state_is(b, slot, WEIR_SLOT_IN_BATCH);
    weir_reservoir_settle(b->r);
}

/* ---- making room ---- */

static void nothing_unseen_is_ever_evicted(void **state)
{
    struct basin *b = *state;
    uint32_t batch[BATCH];
    basin_fill(b, CAPACITY);
    fails(weir_reservoir_lend(b->r, 0), -EAGAIN);
    uint32_t n = weir_reservoir_draw(b->r, 0, false, false, batch);
    assert_int_equal(n, BATCH);
    /* Not yet: the groups are reading them. */
    fails(weir_reservoir_lend(b->r, 0), -EAGAIN);
    weir_reservoir_settle(b->r);
    for (int i = 0; i < BATCH; i++) {
        int slot = weir_reservoir_lend(b->r, (uint32_t)i / SHARE);
        assert_true(slot >= 0);
        bool drawn = false;
        for (int k = 0; k < BATCH; k++)
            drawn |= batch[k] == (uint32_t)slot;
        assert_true(drawn);
    }
    fails(weir_reservoir_lend(b->r, LANES - 1), -EAGAIN);
    assert_int_equal(weir_reservoir_unseen(b->r), CAPACITY - BATCH);
    assert_int_equal(weir_reservoir_totals(b->r)->evicted, BATCH);
}

static void a_free_slot_is_lent_before_a_sample_is_evicted(void **state)
{
    struct basin *b = *state;
    uint32_t batch[BATCH];
    basin_fill(b, BATCH);
    basin_train(b, 0, batch);
    basin_fill(b, CAPACITY - BATCH);
    assert_int_equal(weir_reservoir_totals(b->r)->evicted, 0);
    lend(b, 0);
    assert_int_equal(weir_reservoir_totals(b->r)->evicted, 1);
}

/* A run of its own each round: four samples were seen, which one goes? */
static void evictions_are_uniform_over_what_was_seen(void **state)
{
    (void)state;
    enum { ROUNDS = 4000 };
    uint32_t gone[BATCH] = {0};
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct basin b;
        uint32_t batch[BATCH];
        basin_open(&b, WEIR_RESERVOIR_KEEP, CAPACITY, BATCH, LANES, SHARE);
        weir_reservoir_destroy(b.r);
        b.cfg.seed = seed;
        ok(weir_reservoir_create(&b.cfg, &b.slots, &b.r));
        basin_fill(&b, CAPACITY);
        basin_train(&b, 0, batch);
        uint32_t slot = (uint32_t)weir_reservoir_lend(b.r, 0);
        for (int i = 0; i < BATCH; i++)
            gone[i] += batch[i] == slot;
        basin_close(&b);
    }
    double chi = 0, expected = (double)ROUNDS / BATCH;
    for (int i = 0; i < BATCH; i++)
        chi += (gone[i] - expected) * (gone[i] - expected) / expected;
    assert_true(chi < 21); /* 3 degrees of freedom: 1 in 10,000 */
}

static void withdrawing_drops_one_simulation_and_no_other(void **state)
{
    struct basin *b = *state;
    uint32_t batch[BATCH];
    for (uint32_t i = 0; i < 9; i++)
        basin_bring(b, i % LANES, i % 3, i / 3);
    weir_reservoir_draw(b->r, 0, false, false, batch);
    weir_reservoir_settle(b->r);
    assert_int_equal(weir_reservoir_withdraw(b->r, 5), 0);
    assert_int_equal(weir_reservoir_withdraw(b->r, 1), 3);
    assert_int_equal(weir_reservoir_withdraw(b->r, 1), 0);
    assert_int_equal(weir_reservoir_size(b->r), 6);
    assert_int_equal(weir_reservoir_totals(b->r)->withdrawn, 3);
    uint32_t unseen = 0;
    for (uint32_t i = 0; i < 6; i++) {
        uint32_t slot = weir_reservoir_resident(b->r, i);
        assert_int_not_equal(weir_slot_at(&b->slots, slot)->simulation, 1);
        unseen += weir_reservoir_views(b->r, slot) == 0;
    }
    assert_int_equal(weir_reservoir_unseen(b->r), unseen);
}

/* ---- views ---- */

static uint64_t views_of(const struct weir_hist *h)
{
    uint64_t sum = 0;
    for (size_t k = 0; k < WEIR_HIST_BUCKETS; k++)
        sum += weir_hist_bucket(h, k) * weir_hist_lower(k);
    return sum;
}

static void views_of_all_samples_add_up_to_the_samples_drawn(void **state)
{
    struct basin *b = *state;
    struct weir_hist *h = weir_array(1, sizeof(*h));
    uint32_t batch[BATCH];
    basin_fill(b, CAPACITY);
    for (uint64_t k = 0; k < 50; k++) {
        basin_train(b, k, batch);
        if (weir_reservoir_unseen(b->r) < weir_reservoir_size(b->r))
            basin_bring(b, 0, k % 7 == 0 ? 99 : 0, b->brought);
        if (k % 20 == 19)
            weir_reservoir_withdraw(b->r, 99);
    }
    const struct weir_reservoir_totals *t = weir_reservoir_totals(b->r);
    weir_reservoir_view_histogram(b->r, true, h);
    assert_int_equal(views_of(h), t->drawn);
    assert_int_equal(weir_hist_count(h), t->accepted);
    weir_reservoir_view_histogram(b->r, false, h);
    assert_int_equal(weir_hist_count(h), t->evicted + t->withdrawn);
    assert_int_equal(t->accepted,
                     t->evicted + t->withdrawn + weir_reservoir_size(b->r));
    free(h);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest cases[] = {
        CASE(an_empty_reservoir_has_nothing_to_draw),
        CASE(a_slot_goes_the_whole_way_and_back),
        CASE(a_lane_gets_its_share_and_no_more),
        CASE(a_lane_without_a_slot_blocks),
        CASE(a_returned_slot_is_free_again),
        CASE(a_slot_that_is_not_lent_is_refused),
        CASE(a_slot_lent_to_another_lane_is_refused_and_stays_lent),
        CASE(a_slot_that_does_not_exist_is_refused),
        CASE(another_attempt_is_refused_and_its_slot_is_free),
        CASE(another_step_is_refused_and_its_slot_is_free),
        CASE(a_sample_cannot_come_twice),
        CASE(nothing_unseen_is_ever_evicted),
        CASE(a_free_slot_is_lent_before_a_sample_is_evicted),
        CASE(evictions_are_uniform_over_what_was_seen),
        CASE(withdrawing_drops_one_simulation_and_no_other),
        CASE(views_of_all_samples_add_up_to_the_samples_drawn),
    };
    return RUN(cases);
}
