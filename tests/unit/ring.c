/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "shm/ring.h"

/* A ring of 64-bit elements in memory of its own. */
static struct weir_ring *make(size_t capacity, size_t element_bytes)
{
    struct weir_ring *r =
        weir_array(1, weir_ring_bytes(capacity, element_bytes));
    assert_non_null(r);
    ok(weir_ring_init(r, capacity, element_bytes));
    return r;
}

static void a_ring_refuses_a_shape_it_cannot_index(void **state)
{
    (void)state;
    struct weir_ring r;
    fails(weir_ring_init(&r, 0, 8), -EINVAL);
    fails(weir_ring_init(&r, 3, 8), -EINVAL);
    fails(weir_ring_init(&r, 4, 0), -EINVAL);
    says("ring of 4 elements of 0 bytes");
}

static void an_empty_ring_has_nothing_to_peek(void **state)
{
    (void)state;
    struct weir_ring *r = make(4, 8);
    uint64_t v = 77;
    assert_null(weir_ring_peek(r));
    weir_err_clear();
    fails(weir_ring_pop(r, &v), -EAGAIN);
    assert_int_equal(weir_err_code(), 0);
    assert_int_equal(v, 77);
    assert_int_equal(weir_ring_count(r), 0);
    free(r);
}

static void a_ring_holds_exactly_its_capacity(void **state)
{
    (void)state;
    for (size_t capacity = 1; capacity <= 64; capacity *= 2) {
        struct weir_ring *r = make(capacity, 8);
        for (uint64_t i = 0; i < capacity; i++) {
            assert_int_equal(weir_ring_count(r), i);
            ok(weir_ring_push(r, i));
        }
        fails(weir_ring_push(r, 99), -EAGAIN);
        assert_null(weir_ring_reserve(r));
        assert_int_equal(weir_ring_count(r), capacity);
        uint64_t v;
        ok(weir_ring_pop(r, &v));
        assert_int_equal(v, 0);
        ok(weir_ring_push(r, capacity));
        fails(weir_ring_push(r, 99), -EAGAIN);
        for (uint64_t i = 1; i <= capacity; i++) {
            ok(weir_ring_pop(r, &v));
            assert_int_equal(v, i);
        }
        fails(weir_ring_pop(r, &v), -EAGAIN);
        free(r);
    }
}

static void elements_leave_in_the_order_they_came_over_many_laps(void **state)
{
    (void)state;
    struct weir_ring *r = make(8, 8);
    uint64_t in = 0, out = 0, v;
    for (int round = 0; round < 1000; round++) {
        for (int i = 0; i < round % 9; i++)
            if (weir_ring_push(r, in) == 0)
                in++;
        for (int i = 0; i < round % 7; i++)
            if (weir_ring_pop(r, &v) == 0)
                assert_int_equal(v, out++);
        assert_int_equal(weir_ring_count(r), in - out);
    }
    assert_true(out > 2500);
    free(r);
}

static void positions_wrap_around_64_bits(void **state)
{
    (void)state;
    struct weir_ring *r = make(4, 8);
    uint64_t start = UINT64_MAX - 5, v;
    atomic_init(&r->tail, start);
    atomic_init(&r->head, start);
    r->head_seen = start;
    for (uint64_t i = 0; i < 4; i++)
        ok(weir_ring_push(r, i));
    for (uint64_t i = 0; i < 40; i++) {
        fails(weir_ring_push(r, 99), -EAGAIN);
        assert_int_equal(weir_ring_count(r), 4);
        ok(weir_ring_pop(r, &v));
        assert_int_equal(v, i);
        ok(weir_ring_push(r, i + 4));
    }
    free(r);
}

static void elements_are_written_and_read_in_place(void **state)
{
    (void)state;
    size_t bytes = 640;
    struct weir_ring *r = make(4, bytes);
    unsigned char *first = weir_ring_reserve(r);
    size_t apart = bytes + sizeof(struct weir_ring_cell);
    for (int lap = 0; lap < 3; lap++)
        for (int i = 0; i < 4; i++) {
            unsigned char *at = weir_ring_reserve(r);
            assert_ptr_equal(at, first + (size_t)i * apart);
            assert_true(at + bytes <=
                        (unsigned char *)r + weir_ring_bytes(4, bytes));
            memset(at, i + lap, bytes);
            assert_int_equal(weir_ring_count(r), 0);
            weir_ring_commit(r);
            const unsigned char *seen = weir_ring_peek(r);
            assert_ptr_equal(seen, at);
            assert_int_equal(seen[bytes - 1], i + lap);
            weir_ring_release(r);
        }
    free(r);
}

static void a_reserved_element_is_invisible_until_commit(void **state)
{
    (void)state;
    struct weir_ring *r = make(2, 8);
    uint64_t *at = weir_ring_reserve(r);
    *at = 1;
    assert_null(weir_ring_peek(r));
    /* A producer that died here: the next one reserves the same place. */
    assert_ptr_equal(weir_ring_reserve(r), at);
    *at = 2;
    weir_ring_commit(r);
    assert_int_equal(*(uint64_t *)weir_ring_peek(r), 2);
    free(r);
}

static void a_peeked_element_stays_until_it_is_released(void **state)
{
    (void)state;
    struct weir_ring *r = make(1, 8);
    ok(weir_ring_push(r, 5));
    const uint64_t *at = weir_ring_peek(r);
    assert_int_equal(*at, 5);
    assert_ptr_equal(weir_ring_peek(r), at);
    fails(weir_ring_push(r, 6), -EAGAIN);
    weir_ring_release(r);
    ok(weir_ring_push(r, 6));
    assert_int_equal(*(uint64_t *)weir_ring_peek(r), 6);
    free(r);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_ring_refuses_a_shape_it_cannot_index),
        cmocka_unit_test(an_empty_ring_has_nothing_to_peek),
        cmocka_unit_test(a_ring_holds_exactly_its_capacity),
        cmocka_unit_test(elements_leave_in_the_order_they_came_over_many_laps),
        cmocka_unit_test(positions_wrap_around_64_bits),
        cmocka_unit_test(elements_are_written_and_read_in_place),
        cmocka_unit_test(a_reserved_element_is_invisible_until_commit),
        cmocka_unit_test(a_peeked_element_stays_until_it_is_released),
    };
    return RUN(cases);
}
