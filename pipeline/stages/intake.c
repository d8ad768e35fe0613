/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/intake.h"

#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "pipeline/run/probe.h"
#include "pipeline/run/telemetry.h"

#include <stdlib.h>

#define WARNINGS 5         /* of diverged simulations */
#define LOOK_NS  100000000 /* how often a wait looks at the stop flag */

int weir_intake_create(struct weir_run *run,
                       struct weir_acquisition *acquisition,
                       struct weir_intake *out)
{
    const struct weir_config *cfg = run->cfg;
    static const enum weir_reservoir_rule rules[] = {
        [WEIR_RULE_RESERVOIR] = WEIR_RESERVOIR_KEEP,
        [WEIR_RULE_FIRO] = WEIR_RESERVOIR_FIRO,
        [WEIR_RULE_FIFO] = WEIR_RESERVOIR_FIFO,
    };
    struct weir_reservoir_config rc = {
        .rule = rules[cfg->reservoir.rule],
        .seed = cfg->run.seed,
        .batch = (uint32_t)cfg->training.batch,
        .lanes = run->lanes,
        .slots_per_port = (uint32_t)cfg->reservoir.slots_per_port,
    };
    *out = (struct weir_intake){.run = run, .acquisition = acquisition};
    out->simulation = weir_array(run->lanes, sizeof(uint32_t));
    if (!out->simulation)
        return WEIR_FAIL(ENOMEM, "intake");
    return weir_reservoir_create(&rc, &run->slots, &out->reservoir);
}

void weir_intake_destroy(struct weir_intake *in)
{
    weir_reservoir_destroy(in->reservoir);
    free(in->simulation);
    *in = (struct weir_intake){0};
}

/* ---- lending slots and, in lockstep, work ---- */

static bool lend_one(struct weir_intake *in, uint32_t lane)
{
    int slot = in->frozen ? -EAGAIN : weir_reservoir_lend(in->reservoir, lane);
    if (slot < 0)
        return false;
    WEIR_HOP(slot_lend, lane, slot, 0);
    weir_ring_push(weir_port_free(in->run->port[lane]), (uint64_t)slot);
    return true;
}

static void lend_share(struct weir_intake *in, uint32_t lane)
{
    bool any = false;
    while (lend_one(in, lane))
        any = true;
    if (any)
        weir_run_ring_lane(in->run, lane);
}

/* Leave @p id in the lane's mailbox; it is claimed already. */
static void assign(struct weir_intake *in, uint32_t lane, uint32_t id)
{
    struct weir_port *port = in->run->port[lane];
    in->simulation[lane] = id + 1;
    atomic_store_explicit(&port->assigned, (uint64_t)id + 1,
                          memory_order_release); /* S3 */
    weir_run_ring_lane(in->run, lane);
}

static void assign_next(struct weir_intake *in, uint32_t lane)
{
    struct weir_claim claim;
    if (weir_run_is_lockstep(in->run) && in->simulation[lane] == 0 &&
        weir_table_claim(in->run->table, lane, &claim) == 0)
        assign(in, lane, claim.id);
}

void weir_intake_supply(struct weir_intake *in)
{
    for (uint32_t l = 0; l < in->run->lanes; l++) {
        lend_share(in, l);
        assign_next(in, l);
    }
}

void weir_intake_relend(struct weir_intake *in, const uint32_t *lent)
{
    for (uint32_t l = 0; l < in->run->lanes; l++)
        for (uint32_t i = 0; i < lent[l]; i++)
            lend_one(in, l);
    weir_run_ring_lanes(in->run);
}

/* ---- messages ---- */

static uint32_t delivered_of(const struct weir_intake *in, uint32_t id)
{
    return atomic_load_explicit(&weir_table_cell(in->run->table, id)->delivered,
                                memory_order_relaxed); /* T8 */
}

/* Whether the slot's header names a simulation that this lane runs. */
static bool is_running(const struct weir_intake *in, uint32_t lane,
                       uint32_t simulation, struct weir_cell_view *cell)
{
    if (simulation >= weir_table_count(in->run->table))
        return false;
    weir_table_read(in->run->table, simulation, cell);
    return cell->state == WEIR_CELL_CLAIMED && cell->lane == lane;
}

/* The attempt whose next sample @p slot may hold; 0: none is expected. A slot
 * that is not the lane's is not looked into: another may be writing it. */
static uint32_t expected_attempt(const struct weir_intake *in, uint32_t lane,
                                 uint32_t slot, struct weir_cell_view *cell)
{
    if (!weir_reservoir_is_lent(in->reservoir, lane, slot))
        return 0;
    const struct weir_slot *s = weir_slot_at(&in->run->slots, slot);
    if (!is_running(in, lane, s->simulation, cell) ||
        cell->delivered >= in->run->samples)
        return 0;
    return cell->attempt;
}

static int take_sample(struct weir_intake *in, uint32_t lane, uint32_t slot)
{
    struct weir_cell_view cell = {0};
    uint32_t attempt = expected_attempt(in, lane, slot, &cell);
    if (weir_reservoir_accept(in->reservoir, lane, slot, attempt,
                              cell.delivered)) {
        weir_log_warn("reservoir", "%s", weir_err_message());
        weir_err_clear();
        lend_share(in, lane);
        return WEIR_INTAKE_OTHER;
    }
    const struct weir_slot *s = weir_slot_at(&in->run->slots, slot);
    atomic_store_explicit(
        &weir_table_cell(in->run->table, s->simulation)->delivered,
        cell.delivered + 1, memory_order_relaxed); /* T8 */
    WEIR_HOP(sample_accept, s->simulation, s->step, lane);
    weir_hist_record(weir_telemetry_hist(in->run, WEIR_METRIC_READY, 0),
                     weir_now_ns() - s->committed_ns);
    lend_share(in, lane);
    return WEIR_INTAKE_SAMPLE;
}

static int finish(struct weir_intake *in, uint32_t lane, uint32_t id)
{
    weir_table_finish(in->run->table, id);
    in->simulation[lane] = 0;
    in->finished++;
    weir_acquisition_note_finished(in->acquisition, in->finished);
    weir_counter_set(in->run->count.finished, in->finished);
    assign_next(in, lane);
    return WEIR_INTAKE_OTHER;
}

static int too_many_failures(const struct weir_intake *in)
{
    WEIR_FAIL(WEIR_EDIVERGED,
              "solver %s: %u simulations diverged, more than "
              "simulations.max_redraws allows (%d); %u finished",
              in->run->solver->name, in->failed,
              weir_config_max_redraws(in->run->cfg), in->finished);
    return weir_err_hint("narrow the parameter ranges or refine the time step "
                         "of the solver");
}

/* Hundreds of warnings say no more than a few and the count at the end. */
static void warn_of_failure(const struct weir_intake *in, uint32_t id)
{
    if (in->failed <= WARNINGS)
        weir_log_warn(
            "solver", "simulation %u diverged: withdrawn and redrawn%s", id,
            in->failed < WARNINGS ? "" : "; more will only be counted");
    else
        weir_log_debug("solver", "simulation %u diverged", id);
}

/* What preceded a divergence is no data: it goes, and a successor comes. */
static int replace(struct weir_intake *in, uint32_t id)
{
    weir_reservoir_withdraw(in->reservoir, id);
    weir_table_fail(in->run->table, id);
    in->failed++;
    weir_counter_set(in->run->count.failed, in->failed);
    warn_of_failure(in, id);
    if (in->failed > (uint32_t)weir_config_max_redraws(in->run->cfg))
        return too_many_failures(in);
    weir_acquisition_want_redraw(in->acquisition);
    return weir_run_is_lockstep(in->run)
               ? weir_acquisition_consume(in->acquisition)
               : 0;
}

static int fail(struct weir_intake *in, uint32_t lane, uint32_t id)
{
    struct weir_cell_view cell;
    int rc = 0;
    weir_table_read(in->run->table, id, &cell);
    in->simulation[lane] = 0;
    if ((int)cell.crashes + 1 <
        in->run->cfg->simulations.crashes_before_redraw) {
        weir_table_reopen(in->run->table, id);
        weir_run_ring_lanes(in->run);
    } else {
        rc = replace(in, id);
    }
    /* What the withdrawal made room for, and the successor, are for all. */
    weir_intake_supply(in);
    return rc ? rc : WEIR_INTAKE_OTHER;
}

/* The end of a simulation: what the lane says, checked against the ledger. */
static int end(struct weir_intake *in, uint32_t lane, uint64_t message)
{
    uint32_t id = weir_message_value(message);
    /* The place this message had in the ring may be waited for (port.h). */
    weir_run_ring_lane(in->run, lane);
    if (weir_message_kind(message) == WEIR_MESSAGE_FAILED)
        return fail(in, lane, id);
    if (delivered_of(in, id) >= in->run->samples)
        return finish(in, lane, id);
    weir_log_warn("reservoir", "simulation %u ended after %u of %u samples", id,
                  delivered_of(in, id), in->run->samples);
    return fail(in, lane, id);
}

static int handle(struct weir_intake *in, uint32_t lane, uint64_t message)
{
    uint32_t value = weir_message_value(message);
    struct weir_cell_view cell;
    if (weir_message_kind(message) == WEIR_MESSAGE_SAMPLE)
        return take_sample(in, lane, value);
    if (!is_running(in, lane, value, &cell)) {
        weir_log_warn("reservoir",
                      "lane %u speaks of simulation %u, which it does not run",
                      lane, value);
        return WEIR_INTAKE_OTHER;
    }
    return end(in, lane, message);
}

static bool pop(const struct weir_intake *in, uint32_t lane, uint64_t *message)
{
    return weir_ring_pop(weir_port_ready(in->run->port[lane]), message) == 0;
}

static bool lane_speaks(const struct weir_intake *in, uint32_t lane)
{
    return weir_ring_peek(weir_port_ready(in->run->port[lane])) != NULL;
}

bool weir_intake_has_message(const struct weir_intake *in)
{
    for (uint32_t l = 0; l < in->run->lanes; l++)
        if (lane_speaks(in, l))
            return true;
    return false;
}

/* Live: the next lane that has something to say. */
static int next_of_any(struct weir_intake *in)
{
    uint64_t message;
    for (uint32_t i = 0; i < in->run->lanes; i++) {
        uint32_t lane = in->cursor;
        in->cursor = (lane + 1) % in->run->lanes;
        if (pop(in, lane, &message))
            return handle(in, lane, message);
    }
    return WEIR_INTAKE_NOTHING;
}

/* ---- lockstep ---- */

static bool find_turn(struct weir_intake *in)
{
    for (uint32_t i = 0; i < in->run->lanes; i++) {
        if (in->simulation[in->cursor])
            return true;
        in->cursor = (in->cursor + 1) % in->run->lanes;
    }
    return false;
}

struct lane_wait {
    struct weir_intake *in;
    uint32_t lane;
};

static bool lane_is_ready(void *ctx)
{
    struct lane_wait *w = ctx;
    return lane_speaks(w->in, w->lane) || weir_stop_reason(&w->in->run->stop);
}

static int next_in_turn(struct weir_intake *in)
{
    uint64_t message;
    if (!find_turn(in))
        return WEIR_INTAKE_IDLE;
    uint32_t lane = in->cursor, id = in->simulation[lane] - 1;
    /* Decided by our own table alone, not by how far the lane has come. */
    bool all_in = delivered_of(in, id) >= in->run->samples;
    if (!all_in && weir_reservoir_lent(in->reservoir, lane) == 0)
        return WEIR_INTAKE_BLOCKED;
    struct lane_wait wait = {in, lane};
    while (!lane_is_ready(&wait))
        weir_doorbell_wait(in->run->trainer_bell, lane_is_ready, &wait,
                           LOOK_NS);
    if (!pop(in, lane, &message))
        return WEIR_INTAKE_NOTHING;
    int rc = handle(in, lane, message);
    /* DONE follows the last sample at once; otherwise it is the next's turn. */
    if (rc < 0 || in->simulation[lane] != id + 1 ||
        delivered_of(in, id) < in->run->samples)
        in->cursor = (lane + 1) % in->run->lanes;
    return rc;
}

int weir_intake_next(struct weir_intake *in)
{
    return weir_run_is_lockstep(in->run) ? next_in_turn(in) : next_of_any(in);
}

bool weir_intake_is_over(struct weir_intake *in)
{
    /* In this order: a successor that is no longer pending is in the count. */
    if (weir_acquisition_redraws_pending(in->acquisition) ||
        in->finished + in->failed < weir_table_count(in->run->table))
        return false;
    if (!weir_table_is_closed(in->run->table)) {
        weir_table_close(in->run->table);
        weir_run_ring_lanes(in->run);
    }
    return true;
}

/* ---- state ---- */

int weir_intake_save(const struct weir_intake *in, struct weir_blob *out)
{
    int rc = weir_blob_put(out, &in->cursor, sizeof(in->cursor));
    return rc ? rc
              : weir_blob_put(out, in->simulation,
                              in->run->lanes * sizeof(*in->simulation));
}

static void recount(struct weir_intake *in)
{
    in->finished = in->failed = 0;
    for (uint32_t id = 0; id < weir_table_count(in->run->table); id++) {
        enum weir_cell_state state = weir_table_state(in->run->table, id);
        in->finished += state == WEIR_CELL_DONE;
        in->failed += state == WEIR_CELL_FAILED;
    }
    weir_acquisition_note_finished(in->acquisition, in->finished);
    weir_counter_set(in->run->count.finished, in->finished);
    weir_counter_set(in->run->count.failed, in->failed);
}

/* Lanes go on with what they ran; live lanes claim for themselves. */
static int restore_lanes(struct weir_intake *in, struct weir_blob *from)
{
    struct weir_claim claim;
    int rc = weir_blob_get(from, &in->cursor, sizeof(in->cursor));
    rc = rc ? rc
            : weir_blob_get(from, in->simulation,
                            in->run->lanes * sizeof(*in->simulation));
    for (uint32_t l = 0; rc == 0 && l < in->run->lanes; l++) {
        uint32_t id = in->simulation[l] - 1;
        if (!in->simulation[l])
            continue;
        if (!weir_run_is_lockstep(in->run) ||
            weir_table_claim_cell(in->run->table, id, l, &claim))
            in->simulation[l] = 0;
        else
            assign(in, l, id);
    }
    return rc;
}

int weir_intake_restore(struct weir_intake *in, struct weir_blob *from)
{
    int rc = from ? restore_lanes(in, from) : 0;
    if (rc)
        return rc;
    recount(in);
    weir_acquisition_restore_redraws(in->acquisition, in->failed);
    return 0;
}
