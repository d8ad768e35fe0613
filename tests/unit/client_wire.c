/* SPDX-License-Identifier: BSD-3-Clause */
/* The run's side of a client's mapping, against every rule a client can break. */
#include "client/host.h"
#include "tests/test.h"

#include <fcntl.h>
#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#define POINTS 5000 /* more than one piece of a checked copy */
#define FRAMES 6

static struct weir_host host;
static float out[POINTS];

static int make(void **state)
{
    (void)state;
    struct weir_host_terms terms = {
        .shape = {.channels = 1, .dims = 1, .n = {POINTS, 1}},
        .frames = FRAMES,
        .parameters = 2,
        .slots = 4,
    };
    static const double p[] = {3, -0.5};
    ok(weir_host_create(&terms, &host));
    weir_host_offer(&host, 7, 2, p);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    weir_host_close(&host);
    weir_err_clear();
    return 0;
}

/* What a client would write into slot @p at of the ring. */
static struct weir_wire_slot *slot(uint64_t at)
{
    unsigned char *slots = (unsigned char *)host.wire + host.wire->slot_offset;
    return weir_wire_slot_at(slots, host.wire->slot_stride, at % 4);
}

static void commit(uint64_t at, uint32_t kind, uint32_t frame)
{
    struct weir_wire_slot *s = slot(at);
    s->kind = kind;
    s->simulation = 7;
    s->attempt = 2;
    s->frame = frame;
    for (int i = 0; kind == WEIR_WIRE_FRAME && i < POINTS; i++)
        s->value[i] = (float)(frame * POINTS) + (float)i;
    atomic_store(&host.wire->tail, at + 1);
}

static void send_frames(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        commit(i, WEIR_WIRE_FRAME, i);
        assert_int_equal(weir_host_take(&host, out), WEIR_HOST_FRAME);
    }
}

static void frames_come_whole_and_in_order(void **state)
{
    (void)state;
    fails(weir_host_take(&host, out), -EAGAIN);
    for (uint32_t i = 0; i < FRAMES; i++) {
        commit(i, WEIR_WIRE_FRAME, i);
        assert_true(weir_host_has_slot(&host));
        assert_int_equal(weir_host_take(&host, out), WEIR_HOST_FRAME);
        for (int k = 0; k < POINTS; k++)
            assert_true(out[k] == (float)(i * POINTS) + (float)k);
        assert_int_equal(atomic_load(&host.wire->head), i + 1);
    }
    commit(FRAMES, WEIR_WIRE_DONE, FRAMES);
    assert_int_equal(weir_host_take(&host, out), WEIR_HOST_DONE);
    fails(weir_host_take(&host, out), -EAGAIN);
}

static void an_offer_is_what_the_client_reads(void **state)
{
    (void)state;
    const double *p = (const double *)((const unsigned char *)host.wire +
                                       host.wire->parameter_offset);
    assert_true(p[0] == 3 && p[1] == -0.5);
    assert_int_equal(host.wire->simulation, 7);
    assert_int_equal(atomic_load(&host.wire->offered), 1);
    assert_false(weir_host_is_taken(&host));
    atomic_store(&host.wire->taken, 1);
    assert_true(weir_host_is_taken(&host));
    weir_host_end(&host);
    assert_true(atomic_load(&host.wire->offered) == WEIR_WIRE_OVER);
}

static void the_mapping_is_sealed(void **state)
{
    (void)state;
    int seals = fcntl(host.fd, F_GET_SEALS);
    assert_true(seals & F_SEAL_SHRINK);
    assert_true(seals & F_SEAL_GROW);
    assert_true(seals & F_SEAL_SEAL);
    assert_int_equal(ftruncate(host.fd, 0), -1);
    assert_int_equal(ftruncate(host.fd, (off_t)host.bytes * 2), -1);
}

static void one_value_that_is_not_finite_is_found(void **state)
{
    (void)state;
    static const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    static const int at[] = {0, 2047, 2048, POINTS - 1};
    for (uint32_t i = 0; i < 4; i++) {
        commit(i, WEIR_WIRE_FRAME, i);
        slot(i)->value[at[i]] = bad[i];
        fails(weir_host_take(&host, out), -WEIR_EDIVERGED);
        says("not finite");
    }
    /* The largest numbers there are, are numbers. */
    commit(4, WEIR_WIRE_FRAME, 4);
    slot(4)->value[1] = 3.4028234e38f;
    slot(4)->value[2] = -3.4028234e38f;
    slot(4)->value[3] = 1e-45f;
    assert_int_equal(weir_host_take(&host, out), WEIR_HOST_FRAME);
}

static void every_broken_rule_is_named(void **state)
{
    (void)state;
    send_frames(1);
    commit(1, 9, 1);
    fails(weir_host_take(&host, out), -WEIR_ECORRUPT);
    says("a slot of kind 9");
    commit(1, WEIR_WIRE_FRAME, 1);
    slot(1)->simulation = 8;
    fails(weir_host_take(&host, out), -WEIR_ECORRUPT);
    says("a frame of simulation 8, attempt 2, while it runs simulation 7");
    commit(1, WEIR_WIRE_FRAME, 1);
    slot(1)->attempt = 1;
    fails(weir_host_take(&host, out), -WEIR_ECORRUPT);
    says("attempt 1");
    commit(1, WEIR_WIRE_FRAME, 2);
    fails(weir_host_take(&host, out), -WEIR_ECORRUPT);
    says("a frame with number 2, expected 1");
    commit(1, WEIR_WIRE_FRAME, 0); /* the frame before, once more */
    fails(weir_host_take(&host, out), -WEIR_ECORRUPT);
    says("a frame with number 0, expected 1");
    commit(1, WEIR_WIRE_DONE, 1);
    fails(weir_host_take(&host, out), -WEIR_ECORRUPT);
    says("it ended after 1 of 6 frames");
    atomic_store(&host.wire->tail, 6);
    fails(weir_host_take(&host, out), -WEIR_ECORRUPT);
    says("a position of 6 in a ring of 4 at 1");
    atomic_store(&host.wire->tail, 0);
    fails(weir_host_take(&host, out), -WEIR_ECORRUPT);
    says("a position of 0");
    atomic_store(&host.wire->tail, UINT64_MAX);
    fails(weir_host_take(&host, out), -WEIR_ECORRUPT);
    says("in a ring of 4 at 1");
    /* What it says of our own position moves nothing. */
    atomic_store(&host.wire->head, 0);
    commit(1, WEIR_WIRE_FRAME, 1);
    assert_int_equal(weir_host_take(&host, out), WEIR_HOST_FRAME);
    assert_int_equal(atomic_load(&host.wire->head), 2);
}

static void more_frames_than_declared_are_refused(void **state)
{
    (void)state;
    send_frames(FRAMES);
    commit(FRAMES, WEIR_WIRE_FRAME, FRAMES);
    fails(weir_host_take(&host, out), -WEIR_ECORRUPT);
    says("more frames than the 6 declared");
}

static void a_failure_comes_with_its_reason(void **state)
{
    (void)state;
    send_frames(2);
    memset(host.wire->reason, 'x', sizeof(host.wire->reason));
    memcpy(host.wire->reason, "CFL\n", 4);
    commit(2, WEIR_WIRE_FAILED, 2);
    assert_int_equal(weir_host_take(&host, out), WEIR_HOST_FAILED);
    says("CFL?xxx");
}

/* The fixed part is for the client; the run does not read it again. */
static void a_scribbled_layout_does_not_matter(void **state)
{
    (void)state;
    commit(0, WEIR_WIRE_FRAME, 0);
    host.wire->slot_offset = host.wire->slot_stride = UINT64_MAX;
    host.wire->slots = 0;
    host.wire->frame_floats = UINT64_MAX;
    atomic_store(&host.wire->head, 77);
    assert_int_equal(weir_host_take(&host, out), WEIR_HOST_FRAME);
    assert_int_equal(atomic_load(&host.wire->head), 1);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make, unmake)
    const struct CMUnitTest cases[] = {
        CASE(frames_come_whole_and_in_order),
        CASE(an_offer_is_what_the_client_reads),
        CASE(the_mapping_is_sealed),
        CASE(one_value_that_is_not_finite_is_found),
        CASE(every_broken_rule_is_named),
        CASE(more_frames_than_declared_are_refused),
        CASE(a_failure_comes_with_its_reason),
        CASE(a_scribbled_layout_does_not_matter),
    };
    return RUN(cases);
}
