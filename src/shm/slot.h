/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SHM_SLOT_H
#define WEIR_SHM_SLOT_H

/**
 * @file
 * Slots carry data. One slot holds one sample: a window of consecutive states
 * of a trajectory, float32, (window, channels, n[0][, n[1]]), ready for the
 * trainer, behind a header of one cache line. Rings carry slot indices; they
 * alone order accesses to a slot (see port.h), so nothing here is atomic.
 */
#include "base/heap.h"

#include <stddef.h>
#include <stdint.h>

struct weir_slot {
    _Alignas(WEIR_ALIGN) uint32_t simulation;
    uint32_t attempt;
    uint32_t step;        /* index of the window's first state */
    uint32_t lane;        /* who wrote it */
    int64_t committed_ns; /* when its last byte was written */
    _Alignas(WEIR_ALIGN) float frames[];
};

_Static_assert(sizeof(struct weir_slot) == 64, "header is one line");

/** A region of equal slots. */
struct weir_slots {
    unsigned char *base;
    size_t stride; /* bytes from one slot to the next */
    uint32_t count;
    size_t frame_floats; /* floats in one state */
    uint32_t window;     /* states in a slot */
};

/** Bytes between slots: header and window, rounded to a line. */
size_t weir_slot_stride(size_t frame_floats, uint32_t window);

static inline struct weir_slot *weir_slot_at(const struct weir_slots *s,
                                             uint32_t i)
{
    return (struct weir_slot *)(s->base + i * s->stride);
}

#endif
