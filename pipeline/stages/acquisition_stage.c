/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/acquisition_stage.h"

#include "acquire/registry.h"
#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "pipeline/run/forecast_plan.h"
#include "pipeline/run/probe.h"
#include "pipeline/run/telemetry.h"
#include "pipeline/stages/cut.h"
#include "pipeline/stages/forecast.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PUBLISHED 256 /* batches whose publication time is remembered */
#define IDLE_NS   100000000
#define TELL_NS   5000000000 /* between two words of a slow proposal */

/* One group's loss ring as we read it. */
struct reader {
    uint64_t position, lost;
    bool holds; /* `held` was read ahead of its batch */
    struct weir_loss_record held;
};

/* A proposal that predictions are being made for; saved as it lies. */
struct pending {
    uint64_t batch; /* that it was due after */
    uint32_t is_due;
    uint32_t piece; /* the next one */
};

struct weir_acquisition {
    struct weir_run *run;
    struct weir_acquisition_hooks hooks;
    const struct weir_strategy_ops *ops;
    struct weir_strategy_env env;
    void *strategy;
    pthread_t thread;
    bool started;

    struct reader *reader; /* [groups] */
    uint64_t next_batch;   /* first one not folded yet */
    struct weir_sample_loss *sample;
    bool *present;
    bool *met;     /* [table capacity] */
    bool *outside; /* [table capacity] of the space: nothing to learn from */
    struct weir_proposal *proposal;
    double *unit, *value;

    struct weir_forecaster *forecaster;
    struct pending pending;

    bool learned;         /* all it can before the next batch */
    int64_t entered_ns;   /* CPU time of its threads when this work began */
    int64_t excess_ns;    /* used before this session, beyond the share */
    uint64_t lost_before; /* this session */

    _Atomic uint64_t lost;                 /* Q7 */
    _Atomic int64_t cpu_ns;                /* Q7 */
    _Atomic double effective;              /* Q7 */
    _Atomic uint32_t generation, finished; /* Q7 */
    _Atomic uint32_t redraws_wanted;       /* Q5, Q6 */
    _Atomic uint32_t over;                 /* Q1: no batch will follow */
    _Atomic(struct weir_cut *) cut;
    _Atomic int64_t published_ns[PUBLISHED];
};

/* CPU time of the calling thread and of those that help it. */
static int64_t spent_ns(const struct weir_acquisition *a)
{
    return weir_thread_cpu_ns() + weir_forecaster_lent_ns(a->forecaster);
}

/* As weir_acquisition_cpu_ns, with what was used since a->entered_ns. */
static int64_t used_ns(const struct weir_acquisition *a)
{
    return weir_acquisition_cpu_ns(a) + spent_ns(a) - a->entered_ns;
}

/* A strategy from a shared object may fail without a word. */
static int told(const struct weir_acquisition *a, int rc, const char *what)
{
    if (rc >= 0 || weir_err_code() == -rc)
        return rc;
    return WEIR_FAIL(-rc, "strategy %s: %s failed", a->ops->name, what);
}

static int allocate(struct weir_acquisition *a)
{
    uint32_t cells = a->run->table->capacity;
    size_t dims = a->env.space.n;
    a->reader = weir_array(a->run->groups, sizeof(*a->reader));
    a->sample = weir_array(a->env.batch, sizeof(*a->sample));
    a->present = weir_array(a->env.batch, sizeof(*a->present));
    a->met = weir_array(cells, sizeof(*a->met));
    a->outside = weir_array(cells, sizeof(*a->outside));
    a->proposal = weir_array(cells, sizeof(*a->proposal));
    a->unit = weir_array(cells * dims, sizeof(double));
    a->value = weir_array(dims, sizeof(double));
    if (!a->reader || !a->sample || !a->present || !a->met || !a->outside ||
        !a->proposal || !a->unit || !a->value)
        return WEIR_FAIL(ENOMEM, "acquisition stage");
    return 0;
}

int weir_acquisition_create(struct weir_run *run,
                            const struct weir_acquisition_hooks *hooks,
                            struct weir_acquisition **out)
{
    const struct weir_config *cfg = run->cfg;
    struct weir_acquisition *a = weir_array(1, sizeof(*a));
    if (!a)
        return WEIR_FAIL(ENOMEM, "acquisition stage");
    *out = a;
    a->run = run;
    a->hooks = *hooks;
    int rc = weir_forecaster_create(run, &a->forecaster);
    if (rc)
        return rc;
    a->env = weir_forecast_env(run);
    a->env.forecast = weir_forecaster_face(a->forecaster);
    rc = allocate(a);
    if (rc)
        return rc;
    a->ops = weir_strategy_find(cfg->acquisition.strategy);
    if (!a->ops)
        return -weir_err_code();
    weir_err_clear();
    return told(
        a, a->ops->create(&a->env, &cfg->acquisition.options, &a->strategy),
        "create");
}

void weir_acquisition_destroy(struct weir_acquisition *a)
{
    if (!a)
        return;
    if (a->strategy)
        a->ops->destroy(a->strategy);
    weir_forecaster_destroy(a->forecaster);
    weir_cut_destroy(a->cut); /* posted to a run that failed before serving */
    free(a->reader);
    free(a->sample);
    free(a->present);
    free(a->met);
    free(a->outside);
    free(a->proposal);
    free(a->unit);
    free(a->value);
    free(a);
}

/* What the strategy's design has for simulation @p id, into unit and value. */
static struct weir_origin draw_initial(struct weir_acquisition *a, uint32_t id)
{
    a->ops->initial(a->strategy, id, a->unit);
    weir_space_to_box(&a->env.space, a->unit, a->value);
    return (struct weir_origin){.proposed_ns = weir_now_ns()};
}

/* Append the simulation of the next id as the strategy's design has it. */
static int append_design(struct weir_acquisition *a)
{
    struct weir_origin origin =
        draw_initial(a, weir_table_count(a->run->table));
    int id = weir_table_append(a->run->table, a->unit, a->value, &origin);
    return id < 0 ? id : 0;
}

int weir_acquisition_design(struct weir_acquisition *a)
{
    int rc = 0;
    while (rc == 0 && weir_table_count(a->run->table) < a->env.budget)
        rc = append_design(a);
    return rc;
}

/* Live, a strategy whose predictions are lost is due again; in lockstep they
 * are never under way between two batches, but their snapshots may be. */
static int save_pending(const struct weir_acquisition *a, struct weir_blob *out)
{
    struct pending none = {0};
    bool keep = a->pending.is_due && weir_run_is_lockstep(a->run);
    int rc = weir_blob_put(out, keep ? &a->pending : &none, sizeof(none));
    return rc || !keep ? rc : weir_forecaster_save(a->forecaster, out);
}

static int restore_pending(struct weir_acquisition *a, struct weir_blob *in)
{
    int rc = weir_blob_get(in, &a->pending, sizeof(a->pending));
    if (rc || !a->pending.is_due)
        return rc;
    return weir_forecaster_restore(a->forecaster, in);
}

int weir_acquisition_save(const struct weir_acquisition *a,
                          struct weir_blob *out)
{
    uint32_t generation = weir_acquisition_generation(a);
    int rc = weir_blob_put(out, &a->next_batch, sizeof(a->next_batch));
    rc = rc ? rc : weir_blob_put(out, &generation, sizeof(generation));
    uint32_t met = weir_table_count(a->run->table);
    rc = rc ? rc : weir_blob_put(out, &met, sizeof(met));
    rc = rc ? rc : weir_blob_put(out, a->met, met);
    rc = rc ? rc : save_pending(a, out);
    return rc ? rc : told(a, a->ops->save(a->strategy, out), "save");
}

static void note_generation(struct weir_acquisition *a, uint32_t number)
{
    atomic_store_explicit(&a->generation, number,
                          memory_order_relaxed); /* Q7 */
    weir_counter_set(a->run->count.generation, number);
}

/* Another strategy, or another space: what has never run is drawn anew. */
static uint32_t redraw_open(struct weir_acquisition *a)
{
    struct weir_table *t = a->run->table;
    uint32_t drawn = 0;
    for (uint32_t id = 0; id < weir_table_count(t); id++) {
        struct weir_origin origin = draw_initial(a, id);
        drawn += weir_table_propose(t, id, a->unit, a->value, &origin) == 0;
    }
    return drawn;
}

static uint32_t note_outside(struct weir_acquisition *a)
{
    const double *unit, *value;
    struct weir_origin origin;
    uint32_t n = 0;
    for (uint32_t id = 0; id < weir_table_count(a->run->table); id++) {
        weir_table_parameters(a->run->table, id, &unit, &value, &origin);
        a->outside[id] = a->env.space.n && isnan(unit[0]);
        n += a->outside[id];
    }
    return n;
}

static void start_anew(struct weir_acquisition *a)
{
    memset(a->met, 0, a->run->table->capacity * sizeof(*a->met));
    uint32_t drawn = redraw_open(a), outside = note_outside(a);
    if (drawn)
        weir_log_info("acquire",
                      "%u simulations that have not begun are drawn anew",
                      drawn);
    if (outside)
        weir_log_info("acquire",
                      "%u simulations lie outside the ranges: the strategy is "
                      "not told of them",
                      outside);
}

/* Files are checked when they are opened: a state that cannot be read is one of
 * other options, or of another shared object. */
static int restore_strategy(struct weir_acquisition *a, struct weir_blob *in)
{
    struct weir_err_record said;
    int rc = told(a, a->ops->restore(a->strategy, in), "restore");
    if (rc == 0 || rc == -ENOMEM)
        return rc;
    weir_err_export(&said);
    WEIR_FAIL(WEIR_ECONFIG,
              "strategy %s: what the checkpoint has of it does not fit its "
              "options: %s",
              a->ops->name, said.message);
    weir_err_hint("leave its options as they were, or choose another "
                  "strategy, which starts anew");
    return weir_config_blame(a->run->cfg, WEIR_KEYS("acquisition.strategy"));
}

int weir_acquisition_restore(struct weir_acquisition *a, struct weir_blob *in,
                             bool same_strategy)
{
    uint32_t met; /* --from may plan for more simulations than there were */
    uint32_t generation = 0;
    int rc = weir_blob_get(in, &a->next_batch, sizeof(a->next_batch));
    rc = rc ? rc : weir_blob_get(in, &generation, sizeof(generation));
    rc = rc ? rc : weir_blob_get(in, &met, sizeof(met));
    if (rc == 0 && met > a->run->table->capacity)
        return WEIR_FAIL(WEIR_ECORRUPT, "checkpoint: %u simulations met", met);
    rc = rc ? rc : weir_blob_get(in, a->met, met);
    for (uint32_t g = 0; rc == 0 && g < a->run->groups; g++)
        weir_loss_publish_batch(a->run->loss[g], a->next_batch);
    if (rc)
        return rc;
    if (!same_strategy) {
        start_anew(a);
        return 0;
    }
    note_outside(a);
    note_generation(a, generation);
    rc = restore_pending(a, in);
    return rc ? rc : restore_strategy(a, in);
}

/* ---- folding what the groups published ---- */

static void note(const struct weir_acquisition *a, enum weir_metric metric,
                 int64_t value)
{
    weir_hist_record(weir_telemetry_hist(a->run, metric, 0), value);
}

static int64_t published_at(const struct weir_acquisition *a, uint64_t batch)
{
    return atomic_load_explicit(&a->published_ns[batch % PUBLISHED],
                                memory_order_relaxed); /* L7/L8 */
}

static uint64_t published(const struct weir_acquisition *a)
{
    uint64_t through = UINT64_MAX;
    for (uint32_t g = 0; g < a->run->groups; g++) {
        uint64_t t = weir_loss_through(a->run->loss[g]);
        through = t < through ? t : through;
    }
    return through;
}

/* Read a group's records of batch @p batch into their places. */
static void gather(struct weir_acquisition *a, uint32_t g, uint64_t batch,
                   struct weir_loss_record *any)
{
    struct reader *r = &a->reader[g];
    for (;;) {
        if (!r->holds &&
            weir_loss_read(a->run->loss[g], &r->position, &r->lost, &r->held))
            return;
        r->holds = r->held.batch > batch;
        if (r->holds)
            return;
        if (r->held.batch < batch || r->held.index >= a->env.batch)
            continue;
        *any = r->held;
        a->present[r->held.index] = !a->outside[r->held.simulation];
        a->sample[r->held.index] = (struct weir_sample_loss){
            .simulation = r->held.simulation,
            .step = r->held.step,
            .loss = r->held.loss,
        };
    }
}

static size_t close_gaps(struct weir_acquisition *a)
{
    size_t n = 0;
    for (uint32_t i = 0; i < a->env.batch; i++)
        if (a->present[i])
            a->sample[n++] = a->sample[i];
    return n;
}

static int meet(struct weir_acquisition *a, uint32_t simulation)
{
    struct weir_cell_view cell;
    if (a->met[simulation])
        return 0;
    a->met[simulation] = true;
    weir_table_read(a->run->table, simulation, &cell);
    return told(a, a->ops->meet(a->strategy, simulation, cell.unit), "meet");
}

static int fold(struct weir_acquisition *a, uint64_t batch)
{
    struct weir_loss_record any = {.batch = batch};
    uint64_t lost = a->lost_before;
    memset(a->present, 0, a->env.batch);
    note(a, WEIR_METRIC_LOSS_SEEN, weir_now_ns() - published_at(a, batch));
    for (uint32_t g = 0; g < a->run->groups; g++) {
        gather(a, g, batch, &any);
        lost += a->reader[g].lost;
    }
    atomic_store_explicit(&a->lost, lost, memory_order_relaxed); /* Q7 */
    weir_counter_set(a->run->count.lost, (int64_t)lost);
    struct weir_batch_loss b = {
        .batch = batch,
        .mean = any.mean,
        .deviation = any.deviation,
        .sample = a->sample,
        .n = close_gaps(a),
    };
    int rc = 0;
    a->learned = false;
    for (size_t i = 0; rc == 0 && i < b.n; i++)
        rc = meet(a, a->sample[i].simulation);
    return rc || b.n == 0
               ? rc
               : told(a, a->ops->observe(a->strategy, &b), "observe");
}

/* ---- the strategy's own model ---- */

static int learn(struct weir_acquisition *a)
{
    if (!a->ops->learn || a->learned)
        return 0;
    int rc = told(a, a->ops->learn(a->strategy), "learn");
    a->learned = rc == 0;
    return rc < 0 ? rc : 0;
}

/* ---- proposing ---- */

/* Simulations never claimed; one that runs again keeps its parameters. */
static uint32_t list_open(struct weir_acquisition *a)
{
    struct weir_table *t = a->run->table;
    uint32_t n = 0, count = weir_table_count(t);
    for (uint32_t id = 0; id < count; id++) {
        if (!weir_table_is_new(t, id))
            continue;
        a->proposal[n] = (struct weir_proposal){
            .simulation = id, .u = a->unit + n * a->env.space.n};
        n++;
    }
    return n;
}

/* Put the proposals into the table; counts what came too late. */
static void rewrite(struct weir_acquisition *a, uint32_t n,
                    struct weir_generation *g)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct weir_proposal *p = &a->proposal[i];
        struct weir_origin origin = {
            .proposed_ns = weir_now_ns(),
            .cause_ns = g->cause_ns,
            .cause_batch = g->batch,
            .generation = p->generation,
            .bred = p->bred,
        };
        weir_space_to_box(&a->env.space, p->u, a->value);
        if (weir_table_propose(a->run->table, p->simulation, p->u, a->value,
                               &origin))
            g->missed++;
        else
            g->bred += p->bred;
        WEIR_HOP(proposal, p->simulation, p->generation, g->batch);
        g->number = p->generation;
    }
    g->proposals = n - g->missed;
    g->done_ns = weir_now_ns();
}

static int propose(struct weir_acquisition *a, const struct weir_progress *now,
                   uint64_t batch)
{
    struct weir_generation g = {
        .batch = batch,
        .cause_ns = published_at(a, batch),
    };
    uint32_t n = list_open(a);
    if (n == 0)
        return 0;
    WEIR_BEGIN(propose, batch, n);
    int rc =
        told(a, a->ops->propose(a->strategy, now, a->proposal, n), "propose");
    if (rc == 0)
        rewrite(a, n, &g);
    WEIR_END(propose, batch, n);
    if (rc)
        return rc;
    g.effective = a->ops->effective ? a->ops->effective(a->strategy) : 0;
    g.cpu_ns = used_ns(a);
    atomic_store_explicit(&a->effective, g.effective,
                          memory_order_relaxed); /* Q7 */
    note(a, WEIR_METRIC_CLAIMABLE, g.done_ns - g.cause_ns);
    note_generation(a, g.number);
    weir_counter_count(a->run->count.bred, g.bred);
    a->hooks.generation(a->hooks.ctx, &g);
    return 0;
}

static struct weir_progress progress(const struct weir_acquisition *a,
                                     uint64_t batch)
{
    return (struct weir_progress){
        .batch = batch + 1,
        .finished =
            atomic_load_explicit(&a->finished, memory_order_relaxed), /* Q7 */
        .open = weir_table_open(a->run->table),
    };
}

/* ---- predictions, that a proposal waits for ---- */

static bool predicts(const struct weir_acquisition *a)
{
    return weir_forecaster_is_wanted(a->forecaster);
}

/* @return 1 there are more pieces; 0 or an error: that was the last */
static int score_piece(struct weir_acquisition *a)
{
    struct pending *p = &a->pending;
    weir_forecaster_open(a->forecaster, true);
    WEIR_BEGIN(score, p->batch, p->piece);
    int rc = told(a, a->ops->score(a->strategy, p->piece), "score");
    WEIR_END(score, p->batch, p->piece);
    weir_forecaster_open(a->forecaster, false);
    p->piece++;
    p->is_due = rc > 0;
    return rc;
}

/* A run that seems to stand still says why. */
static void tell_slow(const struct weir_acquisition *a, int64_t begun_ns,
                      int64_t *told_ns)
{
    int64_t now = weir_now_ns();
    if (now - *told_ns < TELL_NS)
        return;
    *told_ns = now;
    weir_log_info("acquisition",
                  "%s has worked at one proposal for %.0f s, %u pieces of it; "
                  "in lockstep training, and a signal, wait for it",
                  a->ops->name, (double)(now - begun_ns) * 1e-9,
                  a->pending.piece);
}

/* Lockstep: every piece, once the weights are those of the right step. */
static int score_all(struct weir_acquisition *a, uint64_t batch)
{
    int rc = 1;
    if (!weir_forecaster_gather(a->forecaster, batch + 1))
        return 0;
    int64_t begun = weir_now_ns(), told = begun;
    while (rc > 0) {
        rc = score_piece(a);
        tell_slow(a, begun, &told);
    }
    struct weir_progress now = progress(a, batch);
    return rc ? rc : propose(a, &now, a->pending.batch);
}

static int propose_if_due(struct weir_acquisition *a, uint64_t batch)
{
    struct weir_progress now = progress(a, batch);
    if (!a->pending.is_due) {
        if (!a->ops->due(a->strategy, &now))
            return 0;
        if (!a->ops->score)
            return propose(a, &now, batch);
        a->pending = (struct pending){.batch = batch, .is_due = 1};
        if (predicts(a))
            weir_forecaster_begin(a->forecaster, batch + 1);
    }
    return weir_run_is_lockstep(a->run) ? score_all(a, batch) : 0;
}

/* ---- live: what acquisition.cpu_share limits ---- */

/* Also keeps the trainer's half of the weights from being held for long. */
static bool has_scoring(struct weir_acquisition *a)
{
    return a->pending.is_due &&
           weir_forecaster_gather(a->forecaster, a->next_batch);
}

/* Whether there is something to do, and time left for it beside what cannot
 * wait: folding losses, and proposing. */
static bool may_think(struct weir_acquisition *a)
{
    double share = a->run->cfg->acquisition.cpu_share;
    if (!has_scoring(a) && (!a->ops->learn || a->learned))
        return false;
    double all = (double)weir_run_cpu_ns(a->run);
    double used = (double)(weir_acquisition_cpu_ns(a) - a->excess_ns);
    return used < share * all && !weir_stop_reason(&a->run->stop);
}

static int score_live(struct weir_acquisition *a)
{
    struct weir_progress now = progress(a, a->next_batch - 1);
    if (now.open == 0) {
        a->pending.is_due = 0;
        return 0;
    }
    int rc = score_piece(a);
    if (rc == -ECANCELED) { /* a solver that was told to stop */
        weir_err_clear();
        return 0;
    }
    return rc ? (rc < 0 ? rc : 0) : propose(a, &now, a->pending.batch);
}

static void count_cpu(struct weir_acquisition *a)
{
    atomic_store_explicit(&a->cpu_ns, used_ns(a),
                          memory_order_relaxed); /* Q7 */
}

static int think(struct weir_acquisition *a)
{
    a->entered_ns = spent_ns(a);
    int rc = has_scoring(a) ? score_live(a) : learn(a);
    count_cpu(a);
    return rc;
}

static int replace_failed(struct weir_acquisition *a)
{
    uint32_t pending = weir_acquisition_redraws_pending(a);
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < pending; i++)
        rc = append_design(a);
    if (pending)
        weir_run_ring_lanes(a->run);
    return rc;
}

static int serve_cut(struct weir_acquisition *a)
{
    struct weir_cut *cut =
        atomic_load_explicit(&a->cut, memory_order_acquire); /* Q2 */
    if (!cut || a->next_batch < cut->step)
        return 0;
    weir_ledger_take_parameters(&cut->ledger, a->run->table, cut->start_ns);
    int rc = weir_acquisition_save(a, &cut->acquisition);
    cut->strategy = (struct weir_strategy_totals){
        .cpu_ns = used_ns(a),
        .lost = weir_acquisition_lost(a),
        .effective = weir_acquisition_effective(a),
    };
    atomic_store_explicit(&a->cut, NULL, memory_order_release); /* Q3 */
    if (rc)
        weir_cut_destroy(cut);
    else
        a->hooks.cut(a->hooks.ctx, cut);
    return rc;
}

int weir_acquisition_consume(struct weir_acquisition *a)
{
    uint64_t through = published(a);
    a->entered_ns = spent_ns(a);
    int rc = replace_failed(a);
    /* A cut stands between two batches: serve it before folding past it. */
    rc = rc ? rc : serve_cut(a);
    while (rc == 0 && a->next_batch < through) {
        uint64_t batch = a->next_batch;
        WEIR_BEGIN(fold, batch, 0);
        WEIR_HOP(loss_fold, batch, 0, 0);
        rc = fold(a, batch);
        WEIR_END(fold, batch, 0);
        if (rc == 0 && weir_run_is_lockstep(a->run))
            rc = learn(a);
        rc = rc ? rc : propose_if_due(a, batch);
        a->next_batch++;
        rc = rc ? rc : serve_cut(a);
    }
    count_cpu(a);
    return rc;
}

/* ---- the thread ---- */

static bool has_work(void *ctx)
{
    struct weir_acquisition *a = ctx;
    const struct weir_cut *cut =
        atomic_load_explicit(&a->cut, memory_order_acquire); /* Q2 */
    return published(a) > a->next_batch ||
           (cut && a->next_batch >= cut->step) ||
           weir_acquisition_redraws_pending(a) ||
           weir_snapshot_is_offered(weir_forecaster_snapshot(a->forecaster)) ||
           atomic_load_explicit(&a->over, memory_order_acquire); /* Q2 */
}

static void *acquisition_thread(void *arg)
{
    struct weir_acquisition *a = arg;
    weir_run_enter(a->run, &a->run->plan.service[WEIR_SERVICE_ACQUISITION],
                   "weir-acquire");
    for (;;) {
        bool over =
            atomic_load_explicit(&a->over, memory_order_acquire); /* Q2 */
        if (weir_acquisition_consume(a) ||
            (!over && may_think(a) && think(a))) {
            weir_stop_fail(&a->run->stop);
            weir_doorbell_ring(a->run->trainer_bell);
            break;
        }
        if (over)
            break;
        if (may_think(a))
            continue;
        weir_doorbell_wait(a->run->acquire_bell, has_work, a, IDLE_NS);
    }
    return NULL;
}

/* In lockstep, or by a larger share: no debt that would have to be waited for. */
static int64_t used_beyond_share(const struct weir_acquisition *a)
{
    double share = a->run->cfg->acquisition.cpu_share;
    double beyond = (double)weir_acquisition_cpu_ns(a) -
                    share * (double)weir_run_cpu_ns(a->run);
    return beyond > 0 ? (int64_t)beyond : 0;
}

int weir_acquisition_start(struct weir_acquisition *a)
{
    a->excess_ns = used_beyond_share(a);
    int rc = pthread_create(&a->thread, NULL, acquisition_thread, a);
    if (rc)
        return WEIR_FAIL(rc, "acquisition thread");
    a->started = true;
    return 0;
}

void weir_acquisition_join(struct weir_acquisition *a)
{
    atomic_store_explicit(&a->over, 1, memory_order_release); /* Q1 */
    weir_doorbell_ring(a->run->acquire_bell);
    if (a->started)
        pthread_join(a->thread, NULL);
    a->started = false;
}

/* ---- what others tell and ask ---- */

void weir_acquisition_attach(struct weir_acquisition *a,
                             const struct weir_weights *weights,
                             const struct weir_normaliser *norm)
{
    weir_forecaster_attach(a->forecaster, weights, norm);
}

void weir_acquisition_offer_weights(struct weir_acquisition *a, uint64_t step,
                                    struct weir_weights *weights)
{
    if (weir_snapshot_offer(weir_forecaster_snapshot(a->forecaster), step,
                            weights))
        weir_doorbell_ring(a->run->acquire_bell);
}

void weir_acquisition_withdraw_weights(struct weir_acquisition *a)
{
    weir_snapshot_withdraw(weir_forecaster_snapshot(a->forecaster));
}

void weir_acquisition_note_publish(struct weir_acquisition *a, uint64_t batch)
{
    atomic_store_explicit(&a->published_ns[batch % PUBLISHED], weir_now_ns(),
                          memory_order_relaxed); /* L7/L8 */
}

void weir_acquisition_want_redraw(struct weir_acquisition *a)
{
    atomic_fetch_add_explicit(&a->redraws_wanted, 1,
                              memory_order_release); /* Q5 */
    weir_doorbell_ring(a->run->acquire_bell);
}

void weir_acquisition_restore_redraws(struct weir_acquisition *a, uint32_t n)
{
    atomic_store_explicit(&a->redraws_wanted, n, memory_order_release); /* Q5 */
}

uint32_t weir_acquisition_redraws_pending(const struct weir_acquisition *a)
{
    uint32_t wanted =
        atomic_load_explicit(&a->redraws_wanted, memory_order_acquire); /* Q6 */
    uint32_t all = weir_table_count(a->run->table), budget = a->env.budget;
    uint32_t have = all > budget ? all - budget : 0;
    return wanted > have ? wanted - have : 0;
}

void weir_acquisition_note_finished(struct weir_acquisition *a, uint32_t n)
{
    atomic_store_explicit(&a->finished, n, memory_order_relaxed); /* Q7 */
}

void weir_acquisition_post_cut(struct weir_acquisition *a, struct weir_cut *cut)
{
    atomic_store_explicit(&a->cut, cut, memory_order_release); /* Q1 */
    weir_doorbell_ring(a->run->acquire_bell);
}

bool weir_acquisition_has_cut(const struct weir_acquisition *a)
{
    return atomic_load_explicit(&a->cut, memory_order_acquire) != NULL; /* Q4 */
}

int64_t weir_acquisition_cpu_ns(const struct weir_acquisition *a)
{
    return atomic_load_explicit(&a->cpu_ns, memory_order_relaxed); /* Q7 */
}

void weir_acquisition_restore_totals(struct weir_acquisition *a,
                                     const struct weir_strategy_totals *before)
{
    a->lost_before = before->lost;
    atomic_store_explicit(&a->cpu_ns, before->cpu_ns,
                          memory_order_relaxed); /* Q7 */
    atomic_store_explicit(&a->lost, before->lost,
                          memory_order_relaxed); /* Q7 */
    atomic_store_explicit(&a->effective, before->effective,
                          memory_order_relaxed); /* Q7 */
    weir_counter_set(a->run->count.lost, (int64_t)before->lost);
}

double weir_acquisition_effective(const struct weir_acquisition *a)
{
    return atomic_load_explicit(&a->effective, memory_order_relaxed); /* Q7 */
}

uint64_t weir_acquisition_lost(const struct weir_acquisition *a)
{
    return atomic_load_explicit(&a->lost, memory_order_relaxed); /* Q7 */
}

uint32_t weir_acquisition_generation(const struct weir_acquisition *a)
{
    return atomic_load_explicit(&a->generation, memory_order_relaxed); /* Q7 */
}
