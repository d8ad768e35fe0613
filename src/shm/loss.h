/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SHM_LOSS_H
#define WEIR_SHM_LOSS_H

/**
 * @file
 * The loss area: per trainer group one ring of small seqlock cells, a cell per
 * sample. The group writes and never waits; the acquisition stage reads; a
 * reader that falls a whole ring behind jumps ahead and counts what it lost.
 *
 * A cell is one cache line: a sequence word and four payload words. For the
 * cell written at position p (counted from 0) the sequence is 2p+1 while it is
 * being written and 2p+2 when it is whole, so a reader that wants position p
 * tells apart "not yet" (smaller), "whole" (equal), and "lapped" (larger).
 *
 * Owners
 *   word          stored by   loaded by
 *   sequence      writer      reader
 *   payload[4]    writer      reader
 *   through       writer      reader
 *
 * Edges
 *   L1 release store of every payload word  ->  L2 acquire load of it: whoever
 *      sees a new payload word also sees the odd sequence stored before it (L3),
 *      so the recheck (L6) cannot be fooled.
 *   L4 release store of the even sequence  ->  L5 acquire load of it: the whole
 *      payload of that position is visible.
 *   L7 release store of through  ->  L8 acquire load: every cell of every batch
 *      up to it has been written (or lapped since).
 *
 * Relaxed accesses
 *   L3 the odd sequence: L1 orders it before the payload.
 *   L6 the recheck: the acquire loads of the payload keep it after them.
 *   The writer's position is a plain word of the writer.
 *
 * Progress and failure: publishing is wait-free, four stores and two marks.
 * Reading never waits for the writer, but a reader that is lapped inside a cell
 * jumps and tries again, so a ring must be much longer than what is published
 * during one read. A writer preempted inside a cell makes the reader see "not
 * yet". A writer that dies there leaves the cell odd for ever; through never
 * passes that batch.
 *
 * Exclusion: one writer per ring; any number of readers, each with its own
 * position.
 */
#include "base/heap.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/** What one cell carries. */
struct weir_loss_record {
    uint64_t batch;        /* gradient step, from 0 */
    float mean, deviation; /* of the difficulty over the global batch */
    uint32_t simulation, step;
    float loss;            /* difficulty of this sample */
    uint16_t index, total; /* place in the batch, samples in the batch */
};

struct weir_loss_cell {
    _Alignas(WEIR_ALIGN) _Atomic uint64_t sequence;
    _Atomic uint64_t payload[4];
};

struct weir_loss_ring {
    /* line 0: the writer's */
    _Alignas(WEIR_ALIGN) _Atomic uint64_t through; /* batches published */
    uint64_t position;
    /* line 1: fixed, so that readers stay off the writer's line */
    _Alignas(WEIR_ALIGN) uint64_t mask;
    _Alignas(WEIR_ALIGN) struct weir_loss_cell cell[];
};

_Static_assert(sizeof(struct weir_loss_cell) == 64, "one line a cell");
_Static_assert(offsetof(struct weir_loss_ring, cell) == 128,
               "layout version 1");

/** Bytes of a ring of @p capacity (a power of two) cells. */
size_t weir_loss_bytes(size_t capacity);
/** Lay out an empty ring in zeroed memory. */
void weir_loss_init(struct weir_loss_ring *ring, size_t capacity);

/** Writer: publish one sample. */
void weir_loss_publish(struct weir_loss_ring *ring,
                       const struct weir_loss_record *record);
/** Writer: all of this group's samples of batches below @p batches are out. */
void weir_loss_publish_batch(struct weir_loss_ring *ring, uint64_t batches);

/** Reader: batches of which this group has published everything. */
uint64_t weir_loss_through(const struct weir_loss_ring *ring);
/**
 * Reader: take the record at @p *position and move on. A reader that was
 * lapped jumps to the middle of what the ring still holds.
 * @param[in,out] position  the reader's own count, from 0: records read plus
 *                          records lost
 * @param[in,out] lost      grows by the records jumped over
 * @return 0        @p out is filled, position moved by one
 * @return -EAGAIN  not written yet
 */
int weir_loss_read(const struct weir_loss_ring *ring, uint64_t *position,
                   uint64_t *lost, struct weir_loss_record *out);

#endif
