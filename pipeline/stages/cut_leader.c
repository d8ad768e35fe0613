/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/cut_leader.h"

#include "base/err.h"
#include "base/heap.h"

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

/* Samples that are lost with the reservoir before they were trained on. */
static void reopen_simulations(const struct weir_run *run,
                               const struct weir_reservoir *r,
                               struct weir_cut *cut)
{
    for (uint32_t i = 0; i < weir_reservoir_unseen(r); i++)
        weir_ledger_reopen(
            &cut->ledger,
            weir_slot_at(&run->slots, weir_reservoir_resident(r, i))
                ->simulation);
}

static void keep_weights(struct weir_cut *cut, struct weir_trainer *t)
{
    int half = weir_weights_keep(&t->weights);
    cut->w = t->weights.w[half];
    cut->m = t->weights.m[half];
    cut->v = t->weights.v[half];
    cut->average = t->weights.average[half];
    cut->best = t->validated ? t->best : cut->average ? cut->average : cut->w;
    cut->best_step = t->validated ? t->best_step : t->step;
}

int weir_cut_take_leader(struct weir_cut *cut, struct weir_trainer *t,
                         struct weir_intake *in)
{
    int rc = 0;
    cut->step = t->step;
    cut->keeps_reservoir = weir_run_keeps_reservoir(t->run);
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
