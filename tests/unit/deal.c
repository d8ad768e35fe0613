/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "base/rng.h"
#include "pipeline/stages/deal.h"
#include "topo/topology.h"

#define SLOTS 64

static struct weir_topology topology;
static struct weir_plan plan;
static struct weir_seats seats;

/* Two nodes, four groups, slots over both. */
static int make_plan(void **state)
{
    (void)state;
    struct weir_plan_request r = WEIR_PLAN_REQUEST;
    r.groups = 4;
    r.solver_threads = 2;
    r.lanes = 4;
    r.micro_batches = 4;
    r.slots = SLOTS;
    r.slot_bytes = 4096;
    return weir_topology_from_synthetic("package:2 [numa] l3:1 core:4 pu:1",
                                        &topology) ||
           weir_plan_make(&topology, &r, &plan) ||
           weir_seats_make(&plan, 0, 0, &seats);
}

static int free_plan(void **state)
{
    (void)state;
    weir_seats_free(&seats);
    weir_plan_free(&plan);
    weir_topology_free(&topology);
    return 0;
}

static uint32_t draw(struct weir_rng *rng, uint32_t *slot, uint32_t n)
{
    uint32_t all[SLOTS];
    for (uint32_t i = 0; i < SLOTS; i++)
        all[i] = i;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t j = i + weir_rng_below(rng, SLOTS - i);
        uint32_t swap = all[i];
        all[i] = all[j];
        all[j] = swap;
        slot[i] = all[i];
    }
    return n;
}

/* For each node, the smaller of its samples and its seats can be near. */
static uint32_t most_near(const uint32_t *slot, uint32_t n, uint32_t micro)
{
    uint32_t samples[2] = {0}, room[2] = {0};
    for (uint32_t i = 0; i < n; i++) {
        samples[weir_plan_slot_node(&plan, slot[i])]++;
        room[plan.group[(i / micro) % 4].node]++;
    }
    return (samples[0] < room[0] ? samples[0] : room[0]) +
           (samples[1] < room[1] ? samples[1] : room[1]);
}

static void as_many_samples_as_can_be_are_near_their_group(void **state)
{
    (void)state;
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, 0);
    assert_int_equal(plan.memories, 2);
    for (int trial = 0; trial < 500; trial++) {
        uint32_t slot[20], n = 1 + weir_rng_below(&rng, 20);
        draw(&rng, slot, n);
        uint32_t most = most_near(slot, n, 5);
        assert_int_equal(weir_deal(&plan, &seats, 4, 5, slot, n), most);
    }
}

static void dealing_keeps_the_samples_of_the_batch(void **state)
{
    (void)state;
    struct weir_rng rng = weir_rng_stream(2, WEIR_RNG_TEST, 0);
    uint32_t slot[20], before = 0, after = 0;
    uint64_t seen = 0;
    draw(&rng, slot, 20);
    for (int i = 0; i < 20; i++)
        before += slot[i];
    weir_deal(&plan, &seats, 4, 5, slot, 20);
    for (int i = 0; i < 20; i++) {
        after += slot[i];
        assert_false(seen >> slot[i] & 1);
        seen |= 1ull << slot[i];
    }
    assert_int_equal(before, after);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(as_many_samples_as_can_be_are_near_their_group),
        cmocka_unit_test(dealing_keeps_the_samples_of_the_batch),
    };
    return cmocka_run_group_tests(cases, make_plan, free_plan);
}
