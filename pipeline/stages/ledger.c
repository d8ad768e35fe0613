/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/ledger.h"

#include "base/err.h"
#include "base/heap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int weir_ledger_create(uint32_t capacity, uint32_t dims,
                       struct weir_ledger *out)
{
    *out = (struct weir_ledger){
        .dims = dims,
        .row = weir_array(capacity, sizeof(*out->row)),
        .unit = weir_array((size_t)capacity * dims, sizeof(double)),
        .value = weir_array((size_t)capacity * dims, sizeof(double)),
    };
    if (out->row && out->unit && out->value)
        return 0;
    weir_ledger_destroy(out);
    return WEIR_FAIL(ENOMEM, "ledger of %u simulations", capacity);
}

void weir_ledger_destroy(struct weir_ledger *l)
{
    free(l->row);
    free(l->unit);
    free(l->value);
    *l = (struct weir_ledger){0};
}

/* A time of zero means "never" in the table, and a run starts at time zero. */
static int64_t since(int64_t ns, int64_t start_ns)
{
    return ns == 0 ? -1 : ns - start_ns;
}

static int64_t back(int64_t ns, int64_t start_ns)
{
    return ns < 0 ? 0 : ns + start_ns;
}

void weir_ledger_take_states(struct weir_ledger *l, const struct weir_table *t,
                             int64_t start_ns)
{
    l->n = weir_table_count(t);
    for (uint32_t id = 0; id < l->n; id++) {
        struct weir_cell_view c;
        weir_table_read(t, id, &c);
        l->row[id] = (struct weir_ledger_row){
            .state = c.state,
            .attempt = c.attempt,
            .delivered = c.delivered,
            .lane = c.lane,
            .crashes = c.crashes,
            .started_ns = since(c.started_ns, start_ns),
            .finished_ns = since(c.finished_ns, start_ns),
            .first_trained_ns = since(c.first_trained_ns, start_ns),
            .first_trained_batch = c.first_trained_batch,
        };
    }
}

void weir_ledger_take_parameters(struct weir_ledger *l,
                                 const struct weir_table *t, int64_t start_ns)
{
    uint32_t count = weir_table_count(t);
    for (; l->n < count; l->n++) /* appended since the leader's part */
        l->row[l->n] = (struct weir_ledger_row){
            .state = WEIR_CELL_OPEN,
            .started_ns = -1,
            .finished_ns = -1,
            .first_trained_ns = -1,
            .first_trained_batch = -1,
        };
    for (uint32_t id = 0; id < count; id++) {
        struct weir_ledger_row *row = &l->row[id];
        const double *unit, *value;
        struct weir_origin o;
        weir_table_parameters(t, id, &unit, &value, &o);
        memcpy(l->unit + (size_t)id * l->dims, unit, l->dims * sizeof(double));
        memcpy(l->value + (size_t)id * l->dims, value,
               l->dims * sizeof(double));
        row->generation = o.generation;
        row->bred = o.bred;
        row->cause_batch = o.cause_batch;
        row->proposed_ns = since(o.proposed_ns, start_ns);
        row->cause_ns = since(o.cause_ns, start_ns);
    }
}

void weir_ledger_reopen(struct weir_ledger *l, uint32_t id)
{
    l->row[id].state = WEIR_CELL_OPEN;
    l->row[id].delivered = 0;
}

/* Samples that simulations not done yet will still bring. */
static uint64_t supply_left(const struct weir_ledger *l, uint32_t samples)
{
    uint64_t left = 0;
    for (uint32_t id = 0; id < l->n; id++) {
        const struct weir_ledger_row *row = &l->row[id];
        if (row->state == WEIR_CELL_OPEN || row->state == WEIR_CELL_CLAIMED)
            left += samples - row->delivered;
    }
    return left;
}

void weir_ledger_reopen_newest(struct weir_ledger *l, uint32_t samples,
                               uint64_t wanted)
{
    uint64_t left = supply_left(l, samples);
    for (uint32_t id = l->n; id-- > 0 && left < wanted;)
        if (l->row[id].state == WEIR_CELL_DONE) {
            weir_ledger_reopen(l, id);
            left += samples;
        }
}

static bool is_inside(const struct weir_space *space, const double *value)
{
    for (size_t i = 0; i < space->n; i++)
        if (!(value[i] >= space->parameter[i].low &&
              value[i] <= space->parameter[i].high))
            return false;
    return true;
}

void weir_ledger_relocate(struct weir_ledger *l, const struct weir_space *space,
                          double *scratch)
{
    for (uint32_t id = 0; id < l->n; id++) {
        double *unit = l->unit + (size_t)id * l->dims;
        const double *value = l->value + (size_t)id * l->dims;
        /* What still leads to its values is left alone, to the last bit. */
        weir_space_to_box(space, unit, scratch);
        if (!memcmp(scratch, value, l->dims * sizeof(*value)))
            continue;
        if (is_inside(space, value))
            weir_space_to_unit(space, value, unit);
        else
            for (uint32_t i = 0; i < l->dims; i++)
                unit[i] = NAN;
    }
}

static void restore_statistics(struct weir_cell *c,
                               const struct weir_ledger_row *row,
                               int64_t start_ns)
{
    /* Before any stage starts: plain initialisation. */
    atomic_init(&c->lane, row->lane);
    atomic_init(&c->crashes, row->crashes);
    atomic_init(&c->started_ns, back(row->started_ns, start_ns));
    atomic_init(&c->finished_ns, back(row->finished_ns, start_ns));
    atomic_init(&c->first_trained_ns, back(row->first_trained_ns, start_ns));
    atomic_init(&c->first_trained_batch, row->first_trained_batch);
}

int weir_ledger_restore(const struct weir_ledger *l, struct weir_table *t,
                        int64_t start_ns)
{
    for (uint32_t id = 0; id < l->n; id++) {
        const struct weir_ledger_row *row = &l->row[id];
        struct weir_origin o = {
            .proposed_ns = back(row->proposed_ns, start_ns),
            .cause_ns = back(row->cause_ns, start_ns),
            .cause_batch = row->cause_batch,
            .generation = row->generation,
            .bred = row->bred,
        };
        int rc = weir_table_restore(t, (enum weir_cell_state)row->state,
                                    row->attempt, row->delivered,
                                    l->unit + (size_t)id * l->dims,
                                    l->value + (size_t)id * l->dims, &o);
        if (rc < 0)
            return rc;
        restore_statistics(weir_table_cell(t, id), row, start_ns);
    }
    return 0;
}
