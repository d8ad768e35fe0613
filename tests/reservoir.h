/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_RESERVOIR_H
#define WEIR_TESTS_RESERVOIR_H

/**
 * @file
 * A reservoir over slots without frames, and lanes that fill them by hand.
 */
#include "tests/test.h"

#include "base/heap.h"
#include "pipeline/stages/reservoir.h"

/* Sizes of the usual case; capacity, lanes, slots_per_port, batch. */
struct basin {
    struct weir_slots slots;
    struct weir_reservoir *r;
    struct weir_reservoir_config cfg;
    uint32_t brought; /* by bring() */
};

static inline void basin_open(struct basin *b, enum weir_reservoir_rule rule,
                              uint32_t capacity, uint32_t batch, uint32_t lanes,
                              uint32_t slots_per_port)
{
    *b = (struct basin){
        .slots = {.stride = sizeof(struct weir_slot), .count = capacity},
        .cfg = {.rule = rule,
                .seed = 11,
                .batch = batch,
                .lanes = lanes,
                .slots_per_port = slots_per_port},
    };
    b->slots.base = weir_array(capacity, b->slots.stride);
    assert_non_null(b->slots.base);
    ok(weir_reservoir_create(&b->cfg, &b->slots, &b->r));
}

static inline void basin_close(struct basin *b)
{
    weir_reservoir_destroy(b->r);
    free(b->slots.base);
}

/* What a lane writes into a slot lent to it. */
static inline void basin_write(struct basin *b, uint32_t slot,
                               uint32_t simulation, uint32_t attempt,
                               uint32_t step)
{
    struct weir_slot *s = weir_slot_at(&b->slots, slot);
    s->simulation = simulation;
    s->attempt = attempt;
    s->step = step;
}

/* Lend a slot to @p lane, fill it and accept it. @return the slot */
static inline uint32_t basin_bring(struct basin *b, uint32_t lane,
                                   uint32_t simulation, uint32_t step)
{
    int slot = weir_reservoir_lend(b->r, lane);
    assert_true(slot >= 0);
    basin_write(b, (uint32_t)slot, simulation, 1, step);
    ok(weir_reservoir_accept(b->r, lane, (uint32_t)slot, 1, step));
    b->brought++;
    return (uint32_t)slot;
}

/* @p n samples, numbered by their step from the number brought before. */
static inline void basin_fill(struct basin *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        basin_bring(b, i % b->cfg.lanes, 0, b->brought);
}

/* Draw a batch and settle it. @return how many */
static inline uint32_t basin_train(struct basin *b, uint64_t batch,
                                   uint32_t *slot)
{
    uint32_t n = weir_reservoir_draw(b->r, batch, false, false, slot);
    weir_reservoir_settle(b->r);
    return n;
}

#endif
