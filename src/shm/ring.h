/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SHM_RING_H
#define WEIR_SHM_RING_H

/**
 * @file
 * Single-producer, single-consumer ring of fixed-size elements, written and
 * read in place in memory the caller supplies.
 *
 * Guarantees: first in, first out; no allocation; every call wait-free.
 * Does not:   block (see doorbell.h), grow, or hold more than one producer or
 *             consumer at a time.
 * Threads:    one producer and one consumer. Either role may move to another
 *             thread if something else orders the two (the trainer's barrier).
 *
 * Positions are free-running 64-bit counts of elements, compared only by
 * unsigned difference. Position p lies in cell p & mask, and its element is
 * there when the cell's stamp is p + 1: what says so is beside what is read, so
 * that an element of a few words takes one transfer of a line from core to core.
 *
 * Owners
 *   word        stored by                  loaded by            line
 *   tail        producer                   producer, count      0
 *   head_seen   producer                   producer             0
 *   head        consumer                   consumer, producer   1
 *   mask, cell  weir_ring_init             both                 2
 *   stamp       producer                   consumer             3...
 *   elements    producer, reserve..commit  consumer, peek..release  3...
 *
 * Edges
 *   P1 store-release of the stamp in commit ->  C1 load-acquire in peek: the
 *      element's bytes are visible.
 *   C2 store-release of head in release     ->  P2 load-acquire in reserve: the
 *      consumer has finished reading; the bytes may be overwritten.
 *   Both edges carry more than the element: whatever a side did before its
 *   store is visible to the other. That is how an index in the ring hands over
 *   the slot it names (port.h).
 *   C2 -> R2 load-acquire of head in weir_ring_count: with P1 before it, the tail
 *      of every element that the consumer had seen is visible, so that a count
 *      never falls below zero. So commit stores tail (R3) before the stamp.
 *
 * Relaxed accesses
 *   R1 a side's own position: nobody else stores it, so a relaxed load reads
 *      the last value this side wrote.
 *   R2 tail in weir_ring_count: a statistic, stale by design.
 *   R3 tail in commit: the consumer goes by the stamp.
 *
 * Progress and failure
 *   A producer that dies between reserve and commit leaves an element nobody
 *   sees; its place is reserved again by the next producer. One that dies between
 *   the two stores of commit ends the ring: no thread of a process dies alone
 *   there. A consumer that dies between peek and release leaves its element to
 *   the next consumer. One that stalls makes the ring full: the producer sees
 *   NULL and never overwrites.
 *
 * Exclusion (X: the caller must serialise)
 *              reserve commit peek release count
 *   reserve       X      X     -     -      -
 *   commit        X      X     -     -      -
 *   peek          -      -     X     X      -
 *   release       -      -     X     X      -
 *   count         -      -     -     -      -
 *   (push is reserve and commit, pop is peek and release)
 */
#include "base/heap.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct weir_ring_cell {
    _Atomic uint64_t stamp; /* position + 1 of the element it holds */
    unsigned char element[];
};

struct weir_ring {
    /* line 0: the producer's */
    _Alignas(WEIR_ALIGN) _Atomic uint64_t tail;
    uint64_t head_seen;
    /* line 1: the consumer's */
    _Alignas(WEIR_ALIGN) _Atomic uint64_t head;
    /* line 2: fixed */
    _Alignas(WEIR_ALIGN) uint64_t mask;
    uint64_t cell_bytes;
    /* line 3 on: cells */
    _Alignas(WEIR_ALIGN) unsigned char cells[];
};

_Static_assert(offsetof(struct weir_ring, head) == 64, "consumer on its line");
_Static_assert(offsetof(struct weir_ring, mask) == 128, "constants on theirs");
_Static_assert(offsetof(struct weir_ring, cells) == 192, "layout version 2");

/** Bytes of a ring of @p capacity (a power of two) elements, which lie on
 * multiples of 8 bytes. */
size_t weir_ring_bytes(size_t capacity, size_t element_bytes);
/**
 * Lay out an empty ring in zeroed memory.
 * @return 0, or -EINVAL when @p capacity is not a power of two or an element
 *         has no bytes
 */
int weir_ring_init(struct weir_ring *ring, size_t capacity,
                   size_t element_bytes);

static inline struct weir_ring_cell *weir_ring_cell(struct weir_ring *ring,
                                                    uint64_t position)
{
    return (struct weir_ring_cell *)(ring->cells + (position & ring->mask) *
                                                       ring->cell_bytes);
}

/** Place of the next element to write, or NULL when the ring is full. */
static inline void *weir_ring_reserve(struct weir_ring *ring)
{
    uint64_t tail =
        atomic_load_explicit(&ring->tail, memory_order_relaxed); /* R1 */
    if (tail - ring->head_seen > ring->mask) {
        /* Ask the consumer's line only when the copy says full: in the steady
         * state the producer stays on its own line. Free space may look
         * smaller than it is, never larger. */
        ring->head_seen =
            atomic_load_explicit(&ring->head, memory_order_acquire); /* P2 */
        if (tail - ring->head_seen > ring->mask)
            return NULL;
    }
    return weir_ring_cell(ring, tail)->element;
}

/** Publish the element that reserve returned. */
static inline void weir_ring_commit(struct weir_ring *ring)
{
    uint64_t tail =
        atomic_load_explicit(&ring->tail, memory_order_relaxed);        /* R1 */
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_relaxed); /* R3 */
    atomic_store_explicit(&weir_ring_cell(ring, tail)->stamp, tail + 1,
                          memory_order_release); /* P1 */
}

/** The oldest element, or NULL when the ring is empty. */
static inline void *weir_ring_peek(struct weir_ring *ring)
{
    uint64_t head =
        atomic_load_explicit(&ring->head, memory_order_relaxed); /* R1 */
    struct weir_ring_cell *cell = weir_ring_cell(ring, head);
    uint64_t stamp =
        atomic_load_explicit(&cell->stamp, memory_order_acquire); /* C1 */
    return stamp == head + 1 ? cell->element : NULL;
}

/** Give the element that peek returned back to the producer. */
static inline void weir_ring_release(struct weir_ring *ring)
{
    uint64_t head =
        atomic_load_explicit(&ring->head, memory_order_relaxed);        /* R1 */
    atomic_store_explicit(&ring->head, head + 1, memory_order_release); /* C2 */
}

/** Elements in the ring, 0 .. capacity, from any thread; a moment old. */
static inline uint64_t weir_ring_count(const struct weir_ring *ring)
{
    uint64_t head =
        atomic_load_explicit(&ring->head, memory_order_acquire); /* R2 */
    uint64_t tail =
        atomic_load_explicit(&ring->tail, memory_order_relaxed); /* R2 */
    uint64_t n = tail - head;
    /* Both sides may have moved on between the two loads. */
    return n > ring->mask ? ring->mask + 1 : n;
}

/** Push one element of 8 bytes. @return 0 or -EAGAIN when full. */
int weir_ring_push(struct weir_ring *ring, uint64_t value);
/** Pop one element of 8 bytes. @return 0 or -EAGAIN when empty. */
int weir_ring_pop(struct weir_ring *ring, uint64_t *value);

#endif
