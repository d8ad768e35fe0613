/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "shm/loss.h"

static struct weir_loss_ring *make(size_t capacity)
{
    struct weir_loss_ring *r = weir_array(1, weir_loss_bytes(capacity));
    assert_non_null(r);
    weir_loss_init(r, capacity);
    return r;
}

/* Record number @p i: every field follows from it. */
static struct weir_loss_record record(uint64_t i)
{
    return (struct weir_loss_record){
        .batch = i / 4,
        .mean = (float)i * 0.5f,
        .deviation = (float)i * 0.25f,
        .simulation = (uint32_t)(1000 + i),
        .step = (uint32_t)(i % 50),
        .loss = (float)i,
        .index = (uint16_t)(i % 4),
        .total = 4,
    };
}

static void publish(struct weir_loss_ring *r, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        struct weir_loss_record x = record(i);
        weir_loss_publish(r, &x);
    }
}

static void nothing_is_read_before_it_is_written(void **state)
{
    (void)state;
    struct weir_loss_ring *r = make(4);
    struct weir_loss_record x = record(9);
    uint64_t at = 0, lost = 0;
    weir_err_clear();
    fails(weir_loss_read(r, &at, &lost, &x), -EAGAIN);
    assert_int_equal(weir_err_code(), 0);
    assert_int_equal(at, 0);
    assert_int_equal(lost, 0);
    assert_int_equal(x.simulation, 1009);
    free(r);
}

static void a_record_comes_back_whole(void **state)
{
    (void)state;
    struct weir_loss_ring *r = make(8);
    uint64_t at = 0, lost = 0;
    struct weir_loss_record x;
    for (uint64_t i = 0; i < 100; i++) {
        publish(r, i, i + 1);
        ok(weir_loss_read(r, &at, &lost, &x));
        struct weir_loss_record want = record(i);
        assert_memory_equal(&x, &want, sizeof(x));
        fails(weir_loss_read(r, &at, &lost, &x), -EAGAIN);
        assert_int_equal(at, i + 1);
    }
    assert_int_equal(lost, 0);
    free(r);
}

static void a_reader_one_whole_ring_behind_has_lost_nothing(void **state)
{
    (void)state;
    struct weir_loss_ring *r = make(8);
    uint64_t at = 0, lost = 0;
    struct weir_loss_record x;
    publish(r, 0, 8);
    for (uint64_t i = 0; i < 8; i++) {
        ok(weir_loss_read(r, &at, &lost, &x));
        assert_int_equal(x.simulation, 1000 + i);
    }
    assert_int_equal(lost, 0);
    free(r);
}

static void a_lapped_reader_counts_exactly_what_it_lost(void **state)
{
    (void)state;
    for (size_t capacity = 1; capacity <= 64; capacity *= 2)
        for (uint64_t lag = capacity; lag < 5 * capacity + 3; lag++) {
            struct weir_loss_ring *r = make(capacity);
            uint64_t at = 0, lost = 0, last = 0, n = 0;
            struct weir_loss_record x;
            publish(r, 0, lag);
            while (weir_loss_read(r, &at, &lost, &x) == 0) {
                /* In order, and each is the record of its position. */
                assert_int_equal(x.simulation, 1000 + at - 1);
                assert_true(n == 0 || at - 1 > last);
                last = at - 1;
                n++;
            }
            assert_int_equal(at, lag);
            assert_int_equal(n + lost, lag);
            assert_true(lag > capacity ? lost > 0 : lost == 0);
            assert_true(n > 0);
            free(r);
        }
}

static void a_lapped_reader_keeps_the_newer_half_of_the_ring(void **state)
{
    (void)state;
    struct weir_loss_ring *r = make(16);
    uint64_t at = 0, lost = 0;
    struct weir_loss_record x;
    publish(r, 0, 17);
    ok(weir_loss_read(r, &at, &lost, &x));
    /* Position 0 now holds record 16; the middle of the ring behind it is 9. */
    assert_int_equal(x.simulation, 1000 + 9);
    assert_int_equal(lost, 9);
    free(r);
}

static void a_cell_in_the_making_is_not_yet_there(void **state)
{
    (void)state;
    struct weir_loss_ring *r = make(4);
    uint64_t at = 0, lost = 0;
    struct weir_loss_record x;
    publish(r, 0, 4);
    for (int i = 0; i < 4; i++)
        ok(weir_loss_read(r, &at, &lost, &x));
    /* A writer that died inside position 4. */
    atomic_store(&r->cell[0].sequence, 2 * 4 + 1);
    fails(weir_loss_read(r, &at, &lost, &x), -EAGAIN);
    assert_int_equal(at, 4);
    assert_int_equal(lost, 0);
    /* For a reader still at 0 it is a lap. */
    at = 0;
    ok(weir_loss_read(r, &at, &lost, &x));
    assert_int_equal(at, lost + 1);
    assert_int_equal(lost, 3);
    free(r);
}

static void readers_do_not_disturb_each_other(void **state)
{
    (void)state;
    struct weir_loss_ring *r = make(8);
    uint64_t at[2] = {0, 0}, lost[2] = {0, 0};
    struct weir_loss_record x;
    publish(r, 0, 5);
    for (int i = 0; i < 5; i++)
        ok(weir_loss_read(r, &at[0], &lost[0], &x));
    ok(weir_loss_read(r, &at[1], &lost[1], &x));
    assert_int_equal(x.simulation, 1000);
    assert_int_equal(at[0], 5);
    free(r);
}

static void batches_are_through_when_their_writer_says_so(void **state)
{
    (void)state;
    struct weir_loss_ring *r = make(8);
    assert_int_equal(weir_loss_through(r), 0);
    publish(r, 0, 4);
    assert_int_equal(weir_loss_through(r), 0);
    weir_loss_publish_batch(r, 1);
    assert_int_equal(weir_loss_through(r), 1);
    free(r);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(nothing_is_read_before_it_is_written),
        cmocka_unit_test(a_record_comes_back_whole),
        cmocka_unit_test(a_reader_one_whole_ring_behind_has_lost_nothing),
        cmocka_unit_test(a_lapped_reader_counts_exactly_what_it_lost),
        cmocka_unit_test(a_lapped_reader_keeps_the_newer_half_of_the_ring),
        cmocka_unit_test(a_cell_in_the_making_is_not_yet_there),
        cmocka_unit_test(readers_do_not_disturb_each_other),
        cmocka_unit_test(batches_are_through_when_their_writer_says_so),
    };
    return RUN(cases);
}
