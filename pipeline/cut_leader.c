/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/cut_leader.h"

#include "base/err.h"
#include "base/heap.h"

/** Largest reservoir that `checkpoint.reservoir: auto` saves in live mode. */
#define AUTO_KEEP_BYTES ((size_t)1 << 30)

static bool keeps_reservoir(const struct weir_run *run)
{
    const struct weir_slots *s = &run->slots;
    switch (run->cfg->checkpoint.reservoir) {
    case WEIR_KEEP_RESERVOIR_ALWAYS:
        return true;
    case WEIR_KEEP_RESERVOIR_NEVER:
        return weir_run_is_lockstep(run);
    case WEIR_KEEP_RESERVOIR_AUTO:
        break;
    }
    return weir_run_is_lockstep(run) || s->stride * s->count <= AUTO_KEEP_BYTES;
}

static int list_residents(const struct weir_reservoir *r, struct weir_cut *cut)
{
    cut->n_slots = weir_reservoir_size(r);
    cut->slot = weir_array(cut->n_slots, sizeof(*cut->slot));
    if (!cut->slot)
        return WEIR_FAIL(ENOMEM, "checkpoint");
    for (uint32_t i = 0; i < cut->n_slots; i++)
        cut->slot[i] = weir_reservoir_resident(r, i);
    return 0;
}

static void reopen(struct weir_cut *cut, uint32_t id)
{
    cut->ledger.row[id].state = WEIR_CELL_OPEN;
    cut->ledger.row[id].delivered = 0;
}

/* Samples that simulations not done yet will still bring. */
static uint64_t supply_left(const struct weir_run *run,
                            const struct weir_cut *cut)
{
    uint64_t samples = 0;
    for (uint32_t id = 0; id < cut->ledger.n; id++) {
        const struct weir_ledger_row *row = &cut->ledger.row[id];
        if (row->state == WEIR_CELL_OPEN || row->state == WEIR_CELL_CLAIMED)
            samples += run->samples - row->delivered;
    }
    return samples;
}

static void reopen_simulations(const struct weir_run *run,
                               const struct weir_reservoir *r,
                               struct weir_cut *cut)
{
    for (uint32_t i = 0; i < weir_reservoir_unseen(r); i++)
        reopen(cut, weir_slot_at(&run->slots, weir_reservoir_resident(r, i))
                        ->simulation);
    uint64_t wanted = (uint64_t)run->cfg->reservoir.watermark +
                      (uint64_t)run->cfg->training.batch;
    uint64_t left = supply_left(run, cut);
    for (uint32_t id = cut->ledger.n; id-- > 0 && left < wanted;)
        if (cut->ledger.row[id].state == WEIR_CELL_DONE) {
            reopen(cut, id);
            left += run->samples;
        }
}

static void keep_weights(struct weir_cut *cut, struct weir_trainer *t)
{
    int half = weir_weights_keep(&t->weights);
    cut->w = t->weights.w[half];
    cut->m = t->weights.m[half];
    cut->v = t->weights.v[half];
    cut->best = t->validated ? t->best : cut->w;
    cut->best_step = t->validated ? t->best_step : t->step;
}

int weir_cut_take_leader(struct weir_cut *cut, struct weir_trainer *t,
                         struct weir_intake *in)
{
    int rc = 0;
    cut->step = t->step;
    cut->keeps_reservoir = keeps_reservoir(t->run);
    if (cut->keeps_reservoir) {
        rc = list_residents(in->reservoir, cut);
        rc = rc ? rc : weir_reservoir_save(in->reservoir, &cut->reservoir);
    } else {
        reopen_simulations(t->run, in->reservoir, cut);
    }
    if (rc == 0)
        keep_weights(cut, t);
    return rc;
}
