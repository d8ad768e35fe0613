/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/reservoir.h"

#include "base/err.h"
#include "base/heap.h"
#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

/* The truth about one slot. */
struct entry {
    uint8_t state;  /* enum weir_slot_state */
    uint8_t leaves; /* IN_BATCH: FREE after the batch, not RESIDENT */
    uint16_t lane;  /* LENT: to whom */
    uint32_t views;
    uint32_t at; /* RESIDENT: its place in `pool` */
};

struct weir_reservoir {
    struct weir_reservoir_config cfg;
    const struct weir_slots *slots;
    struct entry *entry;
    /* Residents: pool[0 .. unseen) unseen, pool[unseen .. size) seen. */
    uint32_t *pool;
    uint32_t unseen, size;
    uint32_t *free;
    uint32_t n_free;
    uint32_t *lent; /* per lane */
    uint32_t *batch;
    uint32_t n_batch;
    uint32_t *place; /* scratch of a draw: up to two batches of places */
    struct weir_hist *views;
    struct weir_reservoir_totals totals;
};

static int allocate(struct weir_reservoir *r)
{
    uint32_t n = r->slots->count;
    r->entry = weir_array(n, sizeof(*r->entry));
    r->pool = weir_array(n, sizeof(*r->pool));
    r->free = weir_array(n, sizeof(*r->free));
    r->lent = weir_array(r->cfg.lanes, sizeof(*r->lent));
    r->batch = weir_array(r->cfg.batch, sizeof(*r->batch));
    r->place = weir_array(2 * (size_t)r->cfg.batch, sizeof(*r->place));
    r->views = weir_array(1, sizeof(*r->views));
    if (!r->entry || !r->pool || !r->free || !r->lent || !r->batch ||
        !r->place || !r->views)
        return WEIR_FAIL(ENOMEM, "reservoir of %u slots", n);
    return 0;
}

int weir_reservoir_create(const struct weir_reservoir_config *config,
                          const struct weir_slots *slots,
                          struct weir_reservoir **out)
{
    struct weir_reservoir *r = weir_array(1, sizeof(*r));
    if (!r)
        return WEIR_FAIL(ENOMEM, "reservoir");
    r->cfg = *config;
    r->slots = slots;
    int rc = allocate(r);
    if (rc) {
        weir_reservoir_destroy(r);
        return rc;
    }
    /* Lowest slot on top, so that a small run stays in few pages. */
    for (uint32_t i = slots->count; i-- > 0;)
        r->free[r->n_free++] = i;
    *out = r;
    return 0;
}

void weir_reservoir_destroy(struct weir_reservoir *r)
{
    if (!r)
        return;
    free(r->entry);
    free(r->pool);
    free(r->free);
    free(r->lent);
    free(r->batch);
    free(r->place);
    free(r->views);
    free(r);
}

static void pool_set(struct weir_reservoir *r, uint32_t at, uint32_t slot)
{
    r->pool[at] = slot;
    r->entry[slot].at = at;
}

static void pool_swap(struct weir_reservoir *r, uint32_t a, uint32_t b)
{
    uint32_t slot_a = r->pool[a], slot_b = r->pool[b];
    pool_set(r, a, slot_b);
    pool_set(r, b, slot_a);
}

/* Into the unseen part: the first seen one moves to the end to make the place. */
static void pool_add_unseen(struct weir_reservoir *r, uint32_t slot)
{
    pool_set(r, r->size++, slot);
    pool_swap(r, r->unseen++, r->size - 1);
}

static void pool_mark_seen(struct weir_reservoir *r, uint32_t at)
{
    if (at < r->unseen)
        pool_swap(r, at, --r->unseen);
}

static void pool_remove(struct weir_reservoir *r, uint32_t slot)
{
    uint32_t at = r->entry[slot].at;
    if (at < r->unseen) {
        pool_swap(r, at, --r->unseen);
        at = r->unseen;
    }
    pool_swap(r, at, r->size - 1);
    r->size--;
}

static void make_free(struct weir_reservoir *r, uint32_t slot)
{
    r->entry[slot] = (struct entry){.state = WEIR_SLOT_FREE};
    r->free[r->n_free++] = slot;
}

/* A sample leaves for good: its views become history. */
static void leave(struct weir_reservoir *r, uint32_t slot)
{
    weir_hist_record(r->views, r->entry[slot].views);
    make_free(r, slot);
}

static bool evict_one(struct weir_reservoir *r)
{
    uint32_t seen = r->size - r->unseen;
    if (seen == 0 || r->n_batch > 0) /* groups may be reading any of them */
        return false;
    struct weir_rng rng =
        weir_rng_stream(r->cfg.seed, WEIR_RNG_EVICT, r->totals.evicted);
    uint32_t slot = r->pool[r->unseen + weir_rng_below(&rng, seen)];
    pool_remove(r, slot);
    leave(r, slot);
    r->totals.evicted++;
    return true;
}

int weir_reservoir_lend(struct weir_reservoir *r, uint32_t lane)
{
    if (r->lent[lane] == r->cfg.slots_per_port)
        return -EAGAIN;
    if (r->n_free == 0 && !evict_one(r))
        return -EAGAIN;
    uint32_t slot = r->free[--r->n_free];
    r->entry[slot] =
        (struct entry){.state = WEIR_SLOT_LENT, .lane = (uint16_t)lane};
    r->lent[lane]++;
    return (int)slot;
}

uint32_t weir_reservoir_lent(const struct weir_reservoir *r, uint32_t lane)
{
    return r->lent[lane];
}

bool weir_reservoir_blocks_a_lane(const struct weir_reservoir *r)
{
    for (uint32_t l = 0; l < r->cfg.lanes; l++)
        if (r->lent[l] == 0)
            return true;
    return false;
}

bool weir_reservoir_is_lent(const struct weir_reservoir *r, uint32_t lane,
                            uint32_t slot)
{
    return slot < r->slots->count && r->entry[slot].state == WEIR_SLOT_LENT &&
           r->entry[slot].lane == lane;
}

int weir_reservoir_return(struct weir_reservoir *r, uint32_t lane,
                          uint32_t slot)
{
    if (!weir_reservoir_is_lent(r, lane, slot)) {
        r->totals.refused++;
        return WEIR_FAIL(EPROTO, "lane %u: slot %u is not lent to it", lane,
                         slot);
    }
    r->lent[lane]--;
    make_free(r, slot);
    return 0;
}

int weir_reservoir_accept(struct weir_reservoir *r, uint32_t lane,
                          uint32_t slot, uint32_t attempt, uint32_t step)
{
    if (!weir_reservoir_is_lent(r, lane, slot))
        return weir_reservoir_return(r, lane, slot);
    const struct weir_slot *s = weir_slot_at(r->slots, slot);
    if (attempt == 0 || s->attempt != attempt || s->step != step) {
        WEIR_FAIL(EPROTO,
                  "lane %u: simulation %u sent attempt %u step %u, expected "
                  "attempt %u step %u",
                  lane, s->simulation, s->attempt, s->step, attempt, step);
        r->totals.refused++;
        r->lent[lane]--;
        make_free(r, slot);
        return -EPROTO;
    }
    r->lent[lane]--;
    r->entry[slot] = (struct entry){.state = WEIR_SLOT_RESIDENT};
    r->totals.accepted++;
    pool_add_unseen(r, slot);
    return 0;
}

uint32_t weir_reservoir_size(const struct weir_reservoir *r)
{
    return r->size;
}

uint32_t weir_reservoir_unseen(const struct weir_reservoir *r)
{
    return r->unseen;
}

uint32_t weir_reservoir_free(const struct weir_reservoir *r)
{
    return r->n_free;
}

/* Take the resident at place @p at of the pool into the batch. */
static void take(struct weir_reservoir *r, uint32_t at, bool leaves)
{
    uint32_t slot = r->pool[at];
    r->entry[slot].state = WEIR_SLOT_IN_BATCH;
    r->entry[slot].leaves = leaves;
    r->entry[slot].views++;
    r->batch[r->n_batch++] = slot;
}

/* Rejection is cheap while the batch is a small part of the pool. */
static void draw_by_rejection(struct weir_reservoir *r, struct weir_rng *rng,
                              uint32_t from, uint32_t n_places, uint32_t n,
                              bool leaves)
{
    while (n > 0) {
        uint32_t at = from + weir_rng_below(rng, n_places);
        if (r->entry[r->pool[at]].state == WEIR_SLOT_IN_BATCH)
            continue;
        take(r, at, leaves);
        n--;
    }
}

/* Else a shuffle is; of places, for in the pool the unseen must stay in front
 * of the seen. */
static void draw_by_shuffle(struct weir_reservoir *r, struct weir_rng *rng,
                            uint32_t from, uint32_t n_places, uint32_t n,
                            bool leaves)
{
    for (uint32_t i = 0; i < n_places; i++)
        r->place[i] = from + i;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t j = i + weir_rng_below(rng, n_places - i);
        uint32_t at = r->place[j];
        r->place[j] = r->place[i];
        take(r, at, leaves);
    }
}

/* @p n distinct places of pool[from .. to), uniformly. */
static void draw_uniform(struct weir_reservoir *r, struct weir_rng *rng,
                         uint32_t from, uint32_t to, uint32_t n, bool leaves)
{
    if (2 * n < to - from)
        draw_by_rejection(r, rng, from, to - from, n, leaves);
    else
        draw_by_shuffle(r, rng, from, to - from, n, leaves);
}

static void draw_keep(struct weir_reservoir *r, struct weir_rng *rng,
                      uint32_t n, bool draining, bool unseen_first)
{
    if (!unseen_first) {
        draw_uniform(r, rng, 0, r->size, n, draining);
        return;
    }
    uint32_t fresh = n < r->unseen ? n : r->unseen;
    draw_uniform(r, rng, 0, r->unseen, fresh, draining);
    draw_uniform(r, rng, r->unseen, r->size, n - fresh, draining);
}

uint32_t weir_reservoir_draw(struct weir_reservoir *r, uint64_t batch,
                             bool draining, bool unseen_first, uint32_t *slot)
{
    uint32_t n = r->cfg.batch < r->size ? r->cfg.batch : r->size;
    struct weir_rng rng = weir_rng_stream(r->cfg.seed, WEIR_RNG_BATCH, batch);
    r->n_batch = 0;
    if (r->cfg.rule == WEIR_RESERVOIR_FIFO)
        for (uint32_t i = 0; i < n; i++)
            take(r, i, true); /* the pool is in order of arrival */
    else if (r->cfg.rule == WEIR_RESERVOIR_FIRO)
        draw_uniform(r, &rng, 0, r->size, n, true);
    else
        draw_keep(r, &rng, n, draining, unseen_first);
    r->totals.drawn += n;
    memcpy(slot, r->batch, n * sizeof(*slot));
    return n;
}

/* Remove the residents marked `leaves`. Order is kept: for fifo it is the order
 * of arrival, and unseen samples stay before seen ones. */
static uint32_t drop_leaving(struct weir_reservoir *r)
{
    uint32_t kept = 0, unseen = r->unseen;
    for (uint32_t i = 0; i < r->size; i++) {
        uint32_t slot = r->pool[i];
        if (!r->entry[slot].leaves) {
            pool_set(r, kept++, slot);
            continue;
        }
        r->unseen -= i < unseen;
        leave(r, slot);
    }
    uint32_t dropped = r->size - kept;
    r->size = kept;
    return dropped;
}

void weir_reservoir_settle(struct weir_reservoir *r)
{
    uint32_t leaving = 0;
    for (uint32_t i = 0; i < r->n_batch; i++) {
        struct entry *e = &r->entry[r->batch[i]];
        leaving += e->leaves;
        if (e->leaves)
            continue;
        e->state = WEIR_SLOT_RESIDENT;
        pool_mark_seen(r, e->at);
    }
    r->n_batch = 0;
    if (leaving)
        drop_leaving(r);
}

uint32_t weir_reservoir_withdraw(struct weir_reservoir *r, uint32_t simulation)
{
    for (uint32_t i = 0; i < r->size; i++) {
        uint32_t slot = r->pool[i];
        r->entry[slot].leaves =
            weir_slot_at(r->slots, slot)->simulation == simulation;
    }
    uint32_t dropped = drop_leaving(r);
    r->totals.withdrawn += dropped;
    return dropped;
}

enum weir_slot_state weir_reservoir_state(const struct weir_reservoir *r,
                                          uint32_t slot)
{
    return (enum weir_slot_state)r->entry[slot].state;
}

uint32_t weir_reservoir_views(const struct weir_reservoir *r, uint32_t slot)
{
    return r->entry[slot].views;
}

uint32_t weir_reservoir_resident(const struct weir_reservoir *r, uint32_t i)
{
    return r->pool[i];
}

const struct weir_reservoir_totals *weir_reservoir_totals(
    const struct weir_reservoir *r)
{
    return &r->totals;
}

struct weir_reservoir_totals *weir_reservoir_count(struct weir_reservoir *r)
{
    return &r->totals;
}

void weir_reservoir_view_histogram(const struct weir_reservoir *r,
                                   bool with_residents, struct weir_hist *out)
{
    weir_hist_reset(out);
    weir_hist_merge(out, r->views);
    for (uint32_t i = 0; with_residents && i < r->size; i++)
        weir_hist_record(out, r->entry[r->pool[i]].views);
}

int weir_reservoir_save(const struct weir_reservoir *r, struct weir_blob *out)
{
    int rc = weir_blob_put(out, &r->totals, sizeof(r->totals));
    rc = rc ? rc : weir_blob_put(out, r->views, sizeof(*r->views));
    rc = rc ? rc : weir_blob_put(out, r->lent, r->cfg.lanes * sizeof(*r->lent));
    rc = rc ? rc : weir_blob_put(out, &r->size, sizeof(r->size));
    rc = rc ? rc : weir_blob_put(out, &r->unseen, sizeof(r->unseen));
    for (uint32_t i = 0; !rc && i < r->size; i++) {
        uint32_t slot = r->pool[i];
        rc = weir_blob_put(out, &r->entry[slot].views, sizeof(uint32_t));
    }
    return rc;
}

static int restore_resident(struct weir_reservoir *r, struct weir_blob *in)
{
    uint32_t slot = r->free[--r->n_free];
    r->entry[slot] = (struct entry){.state = WEIR_SLOT_RESIDENT};
    pool_set(r, r->size++, slot);
    return weir_blob_get(in, &r->entry[slot].views, sizeof(uint32_t));
}

int weir_reservoir_restore(struct weir_reservoir *r, struct weir_blob *in,
                           uint32_t *lent)
{
    uint32_t size, unseen;
    int rc = weir_blob_get(in, &r->totals, sizeof(r->totals));
    rc = rc ? rc : weir_blob_get(in, r->views, sizeof(*r->views));
    rc = rc ? rc : weir_blob_get(in, lent, r->cfg.lanes * sizeof(*lent));
    rc = rc ? rc : weir_blob_get(in, &size, sizeof(size));
    rc = rc ? rc : weir_blob_get(in, &unseen, sizeof(unseen));
    if (!rc && (size > r->slots->count || unseen > size))
        return WEIR_FAIL(WEIR_ECORRUPT, "reservoir of %u samples in %u slots",
                         size, r->slots->count);
    while (!rc && r->size < size)
        rc = restore_resident(r, in);
    r->unseen = unseen;
    return rc;
}
