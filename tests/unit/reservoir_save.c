/* SPDX-License-Identifier: BSD-3-Clause */
/* A reservoir that was saved and restored goes on as if it had not been. */
#include "tests/reservoir.h"

#include "base/rng.h"

#define CAPACITY 60
#define BATCH    16
#define LANES    4
#define SHARE    3

/* One step of a run that can be told to two reservoirs alike. */
static void go_on(struct basin *b, uint64_t step, uint64_t *trace)
{
    struct weir_rng rng = weir_rng_stream(3, WEIR_RNG_TEST, step);
    uint32_t slot[BATCH];
    if (step % 11 == 10)
        *trace =
            *trace * 31 + weir_reservoir_withdraw(b->r, (uint32_t)step % 5);
    for (int i = 0; i < 6; i++) {
        uint32_t lane = weir_rng_below(&rng, LANES);
        int lent = weir_reservoir_lend(b->r, lane);
        if (lent < 0)
            continue;
        uint32_t simulation = weir_rng_below(&rng, 5);
        /* The slot's number is chance; what it holds is not. */
        basin_write(b, (uint32_t)lent, simulation, 1, (uint32_t)step * 8 + i);
        ok(weir_reservoir_accept(b->r, lane, (uint32_t)lent, 1,
                                 (uint32_t)step * 8 + i));
    }
    uint32_t n = weir_reservoir_draw(b->r, step, false, step % 3 == 0, slot);
    for (uint32_t i = 0; i < n; i++)
        *trace =
            *trace * 1099511628211u + weir_slot_at(&b->slots, slot[i])->step;
    weir_reservoir_settle(b->r);
}

/* @p to, empty, becomes what @p from is. */
static void copy(struct basin *from, struct basin *to)
{
    struct weir_blob blob = {0};
    uint32_t lent[LANES];
    ok(weir_reservoir_save(from->r, &blob));
    ok(weir_reservoir_restore(to->r, &blob, lent));
    for (uint32_t i = 0; i < weir_reservoir_size(to->r); i++)
        memcpy(weir_slot_at(&to->slots, weir_reservoir_resident(to->r, i)),
               weir_slot_at(&from->slots, weir_reservoir_resident(from->r, i)),
               sizeof(struct weir_slot));
    for (uint32_t l = 0; l < LANES; l++)
        while (lent[l]-- > 0)
            assert_true(weir_reservoir_lend(to->r, l) >= 0);
    weir_blob_free(&blob);
}

static void goes_on_bit_for_bit(enum weir_reservoir_rule rule)
{
    struct basin a, b;
    uint64_t trace_a = 0, trace_b = 0;
    basin_open(&a, rule, CAPACITY, BATCH, LANES, SHARE);
    for (uint64_t step = 0; step < 100; step++)
        go_on(&a, step, &trace_a);
    trace_b = trace_a;
    basin_open(&b, rule, CAPACITY, BATCH, LANES, SHARE);
    /* What is lent at that time is lent again. */
    weir_reservoir_lend(a.r, 0);
    weir_reservoir_lend(a.r, 2);
    copy(&a, &b);
    for (uint64_t step = 100; step < 300; step++) {
        go_on(&a, step, &trace_a);
        go_on(&b, step, &trace_b);
        assert_int_equal(trace_a, trace_b);
    }
    assert_memory_equal(weir_reservoir_totals(a.r), weir_reservoir_totals(b.r),
                        sizeof(struct weir_reservoir_totals));
    struct weir_hist *h = weir_array(2, sizeof(*h));
    weir_reservoir_view_histogram(a.r, true, h);
    weir_reservoir_view_histogram(b.r, true, h + 1);
    assert_memory_equal(h, h + 1, sizeof(*h));
    free(h);
    basin_close(&a);
    basin_close(&b);
}

static void keep_goes_on_bit_for_bit(void **state)
{
    (void)state;
    goes_on_bit_for_bit(WEIR_RESERVOIR_KEEP);
}

static void firo_goes_on_bit_for_bit(void **state)
{
    (void)state;
    goes_on_bit_for_bit(WEIR_RESERVOIR_FIRO);
}

static void fifo_goes_on_bit_for_bit(void **state)
{
    (void)state;
    goes_on_bit_for_bit(WEIR_RESERVOIR_FIFO);
}

static void samples_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct basin large, small;
    struct weir_blob blob = {0};
    uint32_t lent[LANES];
    basin_open(&large, WEIR_RESERVOIR_KEEP, CAPACITY, BATCH, LANES, SHARE);
    basin_open(&small, WEIR_RESERVOIR_KEEP, CAPACITY / 2, BATCH, LANES, SHARE);
    basin_fill(&large, CAPACITY / 2 + 1);
    ok(weir_reservoir_save(large.r, &blob));
    fails(weir_reservoir_restore(small.r, &blob, lent), -WEIR_ECORRUPT);
    says("reservoir of 31 samples in 30 slots");
    weir_blob_free(&blob);
    basin_close(&large);
    basin_close(&small);
}

static void a_truncated_state_is_refused_wherever_it_ends(void **state)
{
    (void)state;
    struct basin a;
    struct weir_blob blob = {0};
    uint32_t lent[LANES];
    basin_open(&a, WEIR_RESERVOIR_KEEP, CAPACITY, BATCH, LANES, SHARE);
    basin_fill(&a, 20);
    ok(weir_reservoir_save(a.r, &blob));
    for (size_t size = 0; size < blob.size; size += size < 200 ? 3 : 997) {
        struct weir_blob part = {.data = blob.data, .size = size};
        struct basin b;
        basin_open(&b, WEIR_RESERVOIR_KEEP, CAPACITY, BATCH, LANES, SHARE);
        fails(weir_reservoir_restore(b.r, &part, lent), -WEIR_ECORRUPT);
        basin_close(&b);
    }
    weir_blob_free(&blob);
    basin_close(&a);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(keep_goes_on_bit_for_bit),
        cmocka_unit_test(firo_goes_on_bit_for_bit),
        cmocka_unit_test(fifo_goes_on_bit_for_bit),
        cmocka_unit_test(samples_that_do_not_fit_are_refused),
        cmocka_unit_test(a_truncated_state_is_refused_wherever_it_ends),
    };
    return RUN(cases);
}
