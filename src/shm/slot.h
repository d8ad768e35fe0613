/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SHM_SLOT_H
#define WEIR_SHM_SLOT_H

/**
 * @file
 * Slots carry data. One slot holds one sample: a window of consecutive states
 * of a trajectory, float32, (window, channels, n[0][, n[1]]), ready for the
 * trainer, behind a header of one cache line. For a direct surrogate the first
 * of them is not a state but what is read in its place, the parameters of the
 * simulation and the time of the next state (nn/inputs.h). Rings carry slot indices; they
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
    size_t read_floats;  /* in the first, or in what stands in its place */
    uint32_t window;     /* states in a slot */
};

/** Floats of a sample. */
static inline size_t weir_slot_floats(const struct weir_slots *s)
{
    return s->read_floats + (s->window - 1) * s->frame_floats;
}

/** Bytes between slots: header and @p floats of a sample, rounded to a line. */
size_t weir_slot_stride(size_t floats);

static inline struct weir_slot *weir_slot_at(const struct weir_slots *s,
                                             uint32_t i)
{
    return (struct weir_slot *)(s->base + i * s->stride);
}

#endif
