/* SPDX-License-Identifier: BSD-3-Clause */
#include "shm/ring.h"

#include "base/err.h"

static size_t cell_bytes(size_t element_bytes)
{
    size_t whole = (element_bytes + 7) & ~(size_t)7;
    return sizeof(struct weir_ring_cell) + whole;
}

size_t weir_ring_bytes(size_t capacity, size_t element_bytes)
{
    return sizeof(struct weir_ring) + capacity * cell_bytes(element_bytes);
}

int weir_ring_init(struct weir_ring *ring, size_t capacity,
                   size_t element_bytes)
{
    if (capacity == 0 || (capacity & (capacity - 1)) || element_bytes == 0)
        return WEIR_FAIL(EINVAL, "ring of %zu elements of %zu bytes", capacity,
                         element_bytes);
    atomic_init(&ring->tail, 0);
    atomic_init(&ring->head, 0);
    ring->head_seen = 0;
    ring->mask = capacity - 1;
    ring->cell_bytes = cell_bytes(element_bytes);
    return 0;
}

int weir_ring_push(struct weir_ring *ring, uint64_t value)
{
    uint64_t *at = weir_ring_reserve(ring);
    if (!at)
        return -EAGAIN;
    *at = value;
    weir_ring_commit(ring);
    return 0;
}

int weir_ring_pop(struct weir_ring *ring, uint64_t *value)
{
    const uint64_t *at = weir_ring_peek(ring);
    if (!at)
        return -EAGAIN;
    *value = *at;
    weir_ring_release(ring);
    return 0;
}
