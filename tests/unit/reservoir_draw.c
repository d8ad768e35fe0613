/* SPDX-License-Identifier: BSD-3-Clause */
/* What a batch is made of, under each rule. */
#include "tests/reservoir.h"

#include <math.h>

#define MOST 512

static bool has_twins(const uint32_t *slot, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = i + 1; j < n; j++)
            if (slot[i] == slot[j])
                return true;
    return false;
}

static const enum weir_reservoir_rule rules[] = {
    WEIR_RESERVOIR_KEEP,
    WEIR_RESERVOIR_FIRO,
    WEIR_RESERVOIR_FIFO,
};

static void a_batch_has_distinct_samples_under_every_rule(void **state)
{
    (void)state;
    for (size_t k = 0; k < 3; k++)
        for (uint32_t size = 1; size <= 60; size += 3) {
            struct basin b;
            uint32_t slot[MOST];
            basin_open(&b, rules[k], 60, 20, 4, 4);
            basin_fill(&b, size);
            uint32_t n = basin_train(&b, size, slot);
            assert_int_equal(n, size < 20 ? size : 20);
            assert_false(has_twins(slot, n));
            uint32_t left = k == 0 ? size : size - n;
            assert_int_equal(weir_reservoir_size(b.r), left);
            assert_int_equal(weir_reservoir_unseen(b.r), size - n);
            basin_close(&b);
        }
}

/* How far the counts of @p n samples, @p drawn of them in each of @p batches
 * batches, are from equal: a chi-square of n - 1 degrees of freedom, corrected
 * for drawing without replacement; in standard deviations. */
static double unevenness(const uint32_t *count, uint32_t n, uint32_t drawn,
                         double batches)
{
    double chi = 0, p = (double)drawn / n, expected = batches * p;
    for (uint32_t i = 0; i < n; i++)
        chi += (count[i] - expected) * (count[i] - expected);
    chi /= expected * (1 - p) * n / (n - 1);
    return (chi - (n - 1)) / sqrt(2.0 * (n - 1));
}

static void draws_are_uniform(uint32_t size, uint32_t batch)
{
    enum { BATCHES = 6000 };
    struct basin b;
    uint32_t slot[MOST], count[MOST] = {0}, first[MOST] = {0};
    basin_open(&b, WEIR_RESERVOIR_KEEP, size, batch, 1, 2);
    basin_fill(&b, size);
    for (uint64_t k = 0; k < BATCHES; k++) {
        assert_int_equal(basin_train(&b, k, slot), batch);
        for (uint32_t i = 0; i < batch; i++)
            count[slot[i]]++;
        first[slot[0]]++;
    }
    assert_true(fabs(unevenness(count, size, batch, BATCHES)) < 5);
    assert_true(fabs(unevenness(first, size, 1, BATCHES)) < 5);
    basin_close(&b);
}

static void draws_from_a_large_pool_are_uniform(void **state)
{
    (void)state;
    draws_are_uniform(200, 10);
    draws_are_uniform(41, 20);
}

static void draws_from_a_small_pool_are_uniform(void **state)
{
    (void)state;
    draws_are_uniform(40, 20);
    draws_are_uniform(23, 20);
}

/* The part of the pool that was drawn is seen, the rest is not: whatever the
 * ratio of batch and pool. */
static void only_what_was_drawn_counts_as_seen(void **state)
{
    (void)state;
    for (uint32_t size = 21; size < 120; size += 9) {
        struct basin b;
        uint32_t slot[MOST];
        basin_open(&b, WEIR_RESERVOIR_KEEP, 120, 20, 4, 4);
        basin_fill(&b, size);
        for (uint64_t k = 0; k < 3; k++) {
            basin_train(&b, k, slot);
            uint32_t unseen = 0;
            for (uint32_t i = 0; i < size; i++) {
                uint32_t s = weir_reservoir_resident(b.r, i);
                bool seen = weir_reservoir_views(b.r, s) > 0;
                assert_int_equal(seen, i >= weir_reservoir_unseen(b.r));
                unseen += !seen;
            }
            assert_int_equal(weir_reservoir_unseen(b.r), unseen);
        }
        basin_close(&b);
    }
}

static void a_draw_is_known_by_seed_and_batch_number(void **state)
{
    (void)state;
    struct basin a, b;
    uint32_t first[MOST], again[MOST], other[MOST];
    basin_open(&a, WEIR_RESERVOIR_KEEP, 100, 20, 4, 4);
    basin_open(&b, WEIR_RESERVOIR_KEEP, 100, 20, 4, 4);
    basin_fill(&a, 100);
    basin_fill(&b, 100);
    basin_train(&a, 5, first);
    basin_train(&b, 5, again);
    assert_memory_equal(first, again, 20 * sizeof(*first));
    basin_train(&b, 6, other);
    assert_memory_not_equal(first, other, 20 * sizeof(*first));
    basin_close(&a);
    basin_close(&b);
}

static void unseen_first_takes_every_unseen_one_before_a_seen_one(void **state)
{
    (void)state;
    struct basin b;
    uint32_t slot[MOST];
    basin_open(&b, WEIR_RESERVOIR_KEEP, 100, 20, 4, 4);
    basin_fill(&b, 90);
    for (uint64_t k = 0; k < 12; k++) {
        uint32_t unseen = weir_reservoir_unseen(b.r), fresh = 0;
        uint32_t n = weir_reservoir_draw(b.r, k, false, true, slot);
        assert_int_equal(n, 20);
        assert_false(has_twins(slot, n));
        for (uint32_t i = 0; i < n; i++)
            fresh += weir_reservoir_views(b.r, slot[i]) == 1;
        assert_int_equal(fresh, unseen < n ? unseen : n);
        weir_reservoir_settle(b.r);
        if (k % 2)
            basin_fill(&b, 5);
    }
    basin_close(&b);
}

static void unseen_first_is_uniform_among_the_unseen(void **state)
{
    (void)state;
    enum { ROUNDS = 3000, SIZE = 60 };
    uint32_t count[SIZE] = {0}, slot[MOST];
    for (uint64_t k = 0; k < ROUNDS; k++) {
        struct basin b;
        basin_open(&b, WEIR_RESERVOIR_KEEP, SIZE, 20, 4, 4);
        basin_fill(&b, SIZE);
        weir_reservoir_draw(b.r, k, false, true, slot);
        for (int i = 0; i < 20; i++)
            count[slot[i]]++;
        basin_close(&b);
    }
    assert_true(fabs(unevenness(count, SIZE, 20, ROUNDS)) < 5);
}

static void fifo_draws_in_the_order_of_arrival(void **state)
{
    (void)state;
    struct basin b;
    uint32_t slot[MOST], next = 0;
    basin_open(&b, WEIR_RESERVOIR_FIFO, 50, 7, 3, 4);
    basin_fill(&b, 33);
    for (uint64_t k = 0; k < 40; k++) {
        uint32_t n = weir_reservoir_draw(b.r, k, false, k % 2, slot);
        assert_int_equal(n, 7);
        for (uint32_t i = 0; i < n; i++)
            assert_int_equal(weir_slot_at(&b.slots, slot[i])->step, next++);
        weir_reservoir_settle(b.r);
        basin_fill(&b, 7);
    }
    basin_close(&b);
}

static void firo_draws_each_sample_once(void **state)
{
    (void)state;
    struct basin b;
    bool drawn[400] = {false};
    uint32_t slot[MOST], out = 0, disorder = 0, last = 0;
    basin_open(&b, WEIR_RESERVOIR_FIRO, 60, 20, 3, 4);
    basin_fill(&b, 40);
    for (uint64_t k = 0; weir_reservoir_size(b.r) > 0; k++) {
        uint32_t n = basin_train(&b, k, slot);
        for (uint32_t i = 0; i < n; i++) {
            uint32_t step = weir_slot_at(&b.slots, slot[i])->step;
            assert_false(drawn[step]);
            drawn[step] = true;
            disorder += step < last;
            last = step;
        }
        out += n;
        if (b.brought < 400)
            basin_fill(&b, 20);
    }
    assert_int_equal(out, 400);
    assert_true(disorder > 100);
    assert_int_equal(weir_reservoir_totals(b.r)->drawn, 400);
    assert_int_equal(weir_reservoir_totals(b.r)->evicted, 0);
    basin_close(&b);
}

static void draining_empties_the_reservoir_and_shows_each_sample_once(
    void **state)
{
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct basin b;
        bool drawn[MOST] = {false};
        uint32_t slot[MOST], out = 0, n;
        basin_open(&b, rules[k], 70, 16, 3, 4);
        basin_fill(&b, 67);
        for (uint64_t batch = 0;
             (n = weir_reservoir_draw(b.r, batch, true, batch % 2, slot)) > 0;
             batch++) {
            assert_int_equal(n, out + 16 <= 67 ? 16 : 67 - out);
            for (uint32_t i = 0; i < n; i++) {
                assert_false(drawn[slot[i]]);
                drawn[slot[i]] = true;
            }
            out += n;
            weir_reservoir_settle(b.r);
        }
        assert_int_equal(out, 67);
        assert_int_equal(weir_reservoir_unseen(b.r), 0);
        for (uint32_t i = 0; i < 70; i++)
            assert_int_equal(weir_reservoir_state(b.r, i), WEIR_SLOT_FREE);
        basin_close(&b);
    }
}

static void slots_that_leave_stay_in_the_batch_until_it_is_settled(void **state)
{
    (void)state;
    struct basin b;
    uint32_t slot[MOST];
    basin_open(&b, WEIR_RESERVOIR_FIFO, 8, 8, 2, 4);
    basin_fill(&b, 8);
    assert_int_equal(weir_reservoir_draw(b.r, 0, false, false, slot), 8);
    fails(weir_reservoir_lend(b.r, 0), -EAGAIN);
    for (int i = 0; i < 8; i++)
        assert_int_equal(weir_reservoir_state(b.r, slot[i]),
                         WEIR_SLOT_IN_BATCH);
    weir_reservoir_settle(b.r);
    assert_true(weir_reservoir_lend(b.r, 0) >= 0);
    basin_close(&b);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_batch_has_distinct_samples_under_every_rule),
        cmocka_unit_test(draws_from_a_large_pool_are_uniform),
        cmocka_unit_test(draws_from_a_small_pool_are_uniform),
        cmocka_unit_test(only_what_was_drawn_counts_as_seen),
        cmocka_unit_test(a_draw_is_known_by_seed_and_batch_number),
        cmocka_unit_test(unseen_first_takes_every_unseen_one_before_a_seen_one),
        cmocka_unit_test(unseen_first_is_uniform_among_the_unseen),
        cmocka_unit_test(fifo_draws_in_the_order_of_arrival),
        cmocka_unit_test(firo_draws_each_sample_once),
        cmocka_unit_test(
            draining_empties_the_reservoir_and_shows_each_sample_once),
        cmocka_unit_test(
            slots_that_leave_stay_in_the_batch_until_it_is_settled),
    };
    return RUN(cases);
}
