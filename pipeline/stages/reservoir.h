/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_RESERVOIR_H
#define WEIR_PIPELINE_RESERVOIR_H

/**
 * @file
 * The reservoir: one index over all slots, and the only truth about them.
 *
 *            lend              accept              draw
 *     FREE ────────▶ LENT ──────────────▶ RESIDENT ─────▶ IN_BATCH
 *      ▲               │ refuse               │ ▲            │ settle
 *      └───────────────┴──────────────────────┘ └────────────┘
 *                             evict
 *
 * What a lane's ring says is a claim that is checked against this table: a
 * sample is accepted only from the slot lent to that lane, of the simulation's
 * current attempt, at its next step; so a simulation that runs again can never
 * bring a sample twice.
 *
 * Rules (Meyer et al., "High throughput training of deep surrogates from large
 * ensemble runs", SC23, as far as the fact sheet has them; INFERRED where the
 * paper's text could not be read):
 *   reservoir  uniform draws; a drawn sample stays; room is made by evicting a
 *              uniformly chosen sample that has been trained on. Nothing
 *              untrained is ever evicted.
 *   firo       uniform draws; a drawn sample leaves.
 *   fifo       oldest first; a drawn sample leaves.
 *
 * A batch has distinct samples. Draws come from the stream (seed, BATCH, batch
 * number), evictions from (seed, EVICT, eviction number): the order of arrival
 * decides everything else, and in lockstep that is fixed too.
 *
 * Threads: none of its own. Every call is made by the trainer's leader of the
 * moment, while no group reads a slot; the barrier orders successive leaders.
 */
#include "base/hist.h"
#include "pipeline/stages/rate.h"
#include "shm/port.h"
#include "shm/slot.h"
#include "weir/blob.h"

#include <stdbool.h>
#include <stdint.h>

enum weir_slot_state {
    WEIR_SLOT_FREE,
    WEIR_SLOT_LENT,
    WEIR_SLOT_RESIDENT,
    WEIR_SLOT_IN_BATCH,
};

enum weir_reservoir_rule {
    WEIR_RESERVOIR_KEEP, /* drawn samples stay until evicted */
    WEIR_RESERVOIR_FIRO,
    WEIR_RESERVOIR_FIFO,
};

struct weir_reservoir_config {
    enum weir_reservoir_rule rule;
    uint64_t seed;
    uint32_t batch;
    uint32_t lanes;
    uint32_t slots_per_port;
};

/** What the reservoir did, for the record. */
struct weir_reservoir_totals {
    uint64_t accepted;  /* samples taken in */
    uint64_t refused;   /* claims that did not match the table */
    uint64_t evicted;   /* seen samples that made room */
    uint64_t withdrawn; /* samples of simulations that failed later */
    uint64_t drawn;     /* samples dealt to the trainer */
    uint64_t yields;    /* steps taken without waiting for the rate */
};

struct weir_reservoir;

/** An empty reservoir over @p slots, all FREE. @return 0 or -ENOMEM */
int weir_reservoir_create(const struct weir_reservoir_config *config,
                          const struct weir_slots *slots,
                          struct weir_reservoir **out);
void weir_reservoir_destroy(struct weir_reservoir *r);

/**
 * Lend one slot to @p lane, evicting a seen sample when none is free; while a
 * batch is out nothing is evicted.
 * @return the slot; -EAGAIN when every slot is lent or unseen, a batch is out,
 *         or the lane already has its share
 */
int weir_reservoir_lend(struct weir_reservoir *r, uint32_t lane);
/** Slots lent to @p lane and not yet accepted or refused. */
uint32_t weir_reservoir_lent(const struct weir_reservoir *r, uint32_t lane);
/** Whether @p slot, any number, is lent to @p lane: else its header may be
 * being written, and is not to be read. */
bool weir_reservoir_is_lent(const struct weir_reservoir *r, uint32_t lane,
                            uint32_t slot);
/** Whether some lane has no slot at all, so that it cannot deliver. */
bool weir_reservoir_blocks_a_lane(const struct weir_reservoir *r);

/**
 * @p lane says that @p slot holds a sample; @p attempt and @p step are what the
 * ledger expects next of the simulation named in the slot's header; attempt 0:
 * it expects nothing.
 * @return 0        accepted: RESIDENT and unseen
 * @return -EPROTO  the claim does not match; a slot of this lane is FREE again
 */
int weir_reservoir_accept(struct weir_reservoir *r, uint32_t lane,
                          uint32_t slot, uint32_t attempt, uint32_t step);
/** Take a slot back from @p lane unread. @return 0 or -EPROTO */
int weir_reservoir_return(struct weir_reservoir *r, uint32_t lane,
                          uint32_t slot);

/** Samples that can be drawn, and how many of them have not been yet. */
uint32_t weir_reservoir_size(const struct weir_reservoir *r);
uint32_t weir_reservoir_unseen(const struct weir_reservoir *r);
/** Slots that hold nothing and are lent to nobody. */
uint32_t weir_reservoir_free(const struct weir_reservoir *r);

/**
 * Draw batch number @p batch.
 * @param draining      a drawn sample leaves, whatever the rule
 * @param unseen_first  take unseen samples before seen ones (the yield rule)
 * @param[out] slot     up to `batch` distinct slots
 * @return how many; fewer than a batch when there are not enough
 */
uint32_t weir_reservoir_draw(struct weir_reservoir *r, uint64_t batch,
                             bool draining, bool unseen_first, uint32_t *slot);
/** The groups have finished reading the batch: its slots are seen, or FREE. */
void weir_reservoir_settle(struct weir_reservoir *r);
/**
 * Drop every sample of @p simulation, which failed: what preceded a divergence
 * is no data. Not while a batch is out. @return how many
 */
uint32_t weir_reservoir_withdraw(struct weir_reservoir *r, uint32_t simulation);

/** State of @p slot, and how often it has been drawn. */
enum weir_slot_state weir_reservoir_state(const struct weir_reservoir *r,
                                          uint32_t slot);
uint32_t weir_reservoir_views(const struct weir_reservoir *r, uint32_t slot);
/** Resident slot number @p i, 0 <= i < weir_reservoir_size(). */
uint32_t weir_reservoir_resident(const struct weir_reservoir *r, uint32_t i);

const struct weir_reservoir_totals *weir_reservoir_totals(
    const struct weir_reservoir *r);
struct weir_reservoir_totals *weir_reservoir_count(struct weir_reservoir *r);
/**
 * Views per sample, of the samples that have left; counting those still
 * resident too when @p with_residents.
 */
void weir_reservoir_view_histogram(const struct weir_reservoir *r,
                                   bool with_residents, struct weir_hist *out);

/**
 * Save the table (not the frames) between settle and draw.
 * @return 0 or -ENOMEM
 */
int weir_reservoir_save(const struct weir_reservoir *r, struct weir_blob *out);
/**
 * Restore into an empty reservoir of the same configuration. Residents come
 * back in their order, in slots 0, 1, ...; the caller fills their frames.
 * @param[out] lent  `lanes` counts: what each lane must be lent again
 * @return 0, -WEIR_ECORRUPT or -ENOMEM
 */
int weir_reservoir_restore(struct weir_reservoir *r, struct weir_blob *in,
                           uint32_t *lent);

#endif
