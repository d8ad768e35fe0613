/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "shm/port.h"
#include "shm/slot.h"

static struct weir_port *make(uint32_t slots)
{
    struct weir_port *p = weir_array(1, weir_port_bytes(slots));
    assert_non_null(p);
    ok(weir_port_init(p, slots));
    return p;
}

static void a_port_needs_two_slots(void **state)
{
    (void)state;
    struct weir_port p;
    fails(weir_port_init(&p, 0), -EINVAL);
    fails(weir_port_init(&p, 1), -EINVAL);
    says("port: 1 slots, expected 2 or more");
}

static void its_rings_lie_inside_it_on_lines_of_their_own(void **state)
{
    (void)state;
    for (uint32_t slots = 2; slots < 70; slots++) {
        struct weir_port *p = make(slots);
        unsigned char *base = (unsigned char *)p;
        unsigned char *end = base + weir_port_bytes(slots);
        struct weir_ring *f = weir_port_free(p), *r = weir_port_ready(p);
        unsigned char *f_end =
            (unsigned char *)f + weir_ring_bytes(f->mask + 1, 8);
        unsigned char *r_end =
            (unsigned char *)r + weir_ring_bytes(r->mask + 1, 8);
        assert_int_equal((uintptr_t)f % 64, 0);
        assert_int_equal((uintptr_t)r % 64, 0);
        assert_true((unsigned char *)f >= base + sizeof(*p));
        assert_true(f_end <= (unsigned char *)r);
        assert_true(r_end <= end);
        free(p);
    }
}

static void all_its_slots_and_their_endings_fit(void **state)
{
    (void)state;
    for (uint32_t slots = 2; slots < 70; slots++) {
        struct weir_port *p = make(slots);
        for (uint32_t i = 0; i < slots; i++)
            ok(weir_ring_push(weir_port_free(p), i));
        /* The worst order: every simulation brings one sample and ends. */
        uint64_t v;
        for (uint32_t i = 0; i < slots; i++) {
            ok(weir_ring_pop(weir_port_free(p), &v));
            assert_int_equal(v, i);
            ok(weir_ring_push(weir_port_ready(p),
                              weir_message_make(WEIR_MESSAGE_SAMPLE, i)));
            ok(weir_ring_push(weir_port_ready(p),
                              weir_message_make(WEIR_MESSAGE_DONE, i)));
        }
        /* And one that failed before its first sample. */
        ok(weir_ring_push(weir_port_ready(p),
                          weir_message_make(WEIR_MESSAGE_FAILED, slots)));
        assert_int_equal(weir_ring_count(weir_port_ready(p)), 2 * slots + 1);
        free(p);
    }
}

static void a_message_keeps_kind_and_value(void **state)
{
    (void)state;
    const uint32_t values[] = {0, 1, 0x00ffffff, 0x01000000, UINT32_MAX};
    const enum weir_message kinds[] = {WEIR_MESSAGE_SAMPLE, WEIR_MESSAGE_DONE,
                                       WEIR_MESSAGE_FAILED};
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
            uint64_t m = weir_message_make(kinds[k], values[i]);
            assert_int_equal(weir_message_kind(m), kinds[k]);
            assert_int_equal(weir_message_value(m), values[i]);
        }
}

static void slots_start_on_lines_and_hold_their_window(void **state)
{
    (void)state;
    for (size_t floats = 1; floats < 200; floats += 13)
        for (uint32_t window = 1; window <= 3; window++) {
            struct weir_slots s = {
                .stride = weir_slot_stride(floats * window),
                .count = 3,
                .frame_floats = floats,
                .window = window,
            };
            s.base = weir_array(s.count, s.stride);
            for (uint32_t i = 0; i < s.count; i++) {
                struct weir_slot *slot = weir_slot_at(&s, i);
                assert_int_equal((uintptr_t)slot->frames % 64, 0);
                memset(slot->frames, 1, floats * window * sizeof(float));
                slot->simulation = i;
            }
            for (uint32_t i = 0; i < s.count; i++)
                assert_int_equal(weir_slot_at(&s, i)->simulation, i);
            assert_true(s.stride % 64 == 0);
            free(s.base);
        }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_port_needs_two_slots),
        cmocka_unit_test(its_rings_lie_inside_it_on_lines_of_their_own),
        cmocka_unit_test(all_its_slots_and_their_endings_fit),
        cmocka_unit_test(a_message_keeps_kind_and_value),
        cmocka_unit_test(slots_start_on_lines_and_hold_their_window),
    };
    return RUN(cases);
}
