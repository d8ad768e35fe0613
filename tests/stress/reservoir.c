/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs whose solver threads are real and whose groups only read: lanes fill
 * slots, the leader of the moment takes them in, deals batches and lends slots
 * out again, groups compare what they were dealt with what the simulation must
 * hold at that step. Simulations crash and are run again or replaced. One lane
 * lies now and then: samples of an attempt that is over, of another step, of
 * another's simulation. At the end of each run the ledger must be exact: every
 * sample came once, none was trained on before it was there or after it was
 * withdrawn, none was lost. */
#include "tests/small_run.h"
#include "tests/stress/stress.h"

#include "pipeline/stages/solver_stage.h"
#include "shm/barrier.h"

#include <sched.h>

#define GROUPS 2

static const char *const rules[] = {"fifo", "firo", "reservoir"};
enum { FIFO, FIRO, RESERVOIR, RULES };

/* What must have happened, per rule, over all runs. */
static struct {
    uint64_t blocked, waited; /* lanes for a slot, leaders for a sample */
    uint64_t reruns, redraws, lies, evicted;
} met[RULES];

/* The run of the moment. */
static struct small_run w;
static struct weir_barrier barrier;
static uint32_t samples, batch;
static uint32_t *views;          /* [table capacity][samples] times dealt */
static uint32_t slot[64], dealt; /* the batch, between two barriers */
static uint64_t step, drawn, waits;
static bool over;
static struct weir_rng leader_rng;
static _Atomic uint32_t slow; /* 0: solvers, 1: groups */
static _Atomic uint64_t lies, lanes_made;

/* ---- what a simulation holds ---- */

/* Float @p i of state @p t: an integer of 24 bits, mixed from all that names
 * it. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 31) * 0x9e3779b97f4a7c15u;
    return x ^ x >> 29;
}

static uint64_t name_state(const double *value, uint32_t t)
{
    uint64_t h = t, word;
    for (size_t d = 0; d < w.cfg->space.n; d++) {
        memcpy(&word, value + d, sizeof(word));
        h = mix(h ^ word);
    }
    return h;
}

static float content(uint64_t state, size_t i)
{
    return (float)(mix(state + i) >> 40);
}

static void write_state(const double *value, uint32_t t, float *out)
{
    uint64_t state = name_state(value, t);
    for (size_t i = 0; i < w.run->frame_floats; i++)
        out[i] = content(state, i);
}

/* ---- the solver ---- */

struct lane {
    const double *value;
    uint32_t t;
    struct weir_rng rng;
};

static int lane_create(const void *config, void **out)
{
    struct lane *l = weir_array(1, sizeof(*l));
    (void)config;
    l->rng = stress_rng(100 + atomic_fetch_add(&lanes_made, 1));
    *out = l;
    return 0;
}

static int crash(void)
{
    return WEIR_FAIL(WEIR_EDIVERGED, "by chance");
}

static int lane_start(void *lane, const double *value)
{
    struct lane *l = lane;
    l->value = value;
    l->t = 0;
    return weir_rng_below(&l->rng, 100) ? 0 : crash();
}

static int lane_step(void *lane)
{
    struct lane *l = lane;
    l->t++;
    if (atomic_load_explicit(&slow, memory_order_relaxed) == 0)
        stress_dawdle(&l->rng, 20000);
    return weir_rng_below(&l->rng, 40) ? 0 : crash();
}

static void lane_frame(const void *lane, float *out)
{
    const struct lane *l = lane;
    write_state(l->value, l->t, out);
}

/* ---- the lane that lies ---- */

struct liar {
    struct weir_port *port;
    uint32_t id;
    struct weir_claim claim;
    struct weir_rng rng;
};

static void tell(struct liar *l, enum weir_message kind, uint32_t value)
{
    uint64_t message = weir_message_make(kind, value);
    while (weir_ring_push(weir_port_ready(l->port), message))
        sched_yield();
    weir_doorbell_ring(w.run->trainer_bell);
}

/* Commit a sample that says to be @p first of @p attempt of @p simulation. */
static void commit(struct liar *l, uint32_t simulation, uint32_t attempt,
                   uint32_t first, bool honest)
{
    uint64_t at;
    while (weir_ring_pop(weir_port_free(l->port), &at))
        sched_yield();
    struct weir_slot *s = weir_slot_at(&w.run->slots, (uint32_t)at);
    size_t n = w.run->frame_floats;
    for (uint32_t k = 0; k < w.run->window; k++)
        write_state(l->claim.value, first + k, s->frames + k * n);
    if (!honest)
        s->frames[0] = -1;
    s->simulation = simulation;
    s->attempt = attempt;
    s->step = first;
    s->lane = l->id;
    s->committed_ns = weir_now_ns();
    tell(l, WEIR_MESSAGE_SAMPLE, (uint32_t)at);
}

/* Something that must be refused instead of sample @p t. */
static void lie(struct liar *l, uint32_t t)
{
    uint32_t id = l->claim.id, attempt = l->claim.attempt;
    atomic_fetch_add(&lies, 1);
    switch (weir_rng_below(&l->rng, 6)) {
    case 0:
        commit(l, id, attempt - 1, t, false);
        break;
    case 1:
        commit(l, id, attempt, t + 1, false);
        break;
    case 2:
        commit(l, id, attempt, t - 1, false);
        break;
    case 3: /* another lane's, or over; never ours again in attempt 1 */
        commit(l, id - 1, 1, 0, false);
        break;
    case 4:
        commit(l, UINT32_MAX, 0, 0, false);
        break;
    default: /* a slot that there is not */
        tell(l, WEIR_MESSAGE_SAMPLE, w.run->slots.count + t);
    }
}

static void bring_all(struct liar *l)
{
    for (uint32_t t = l->claim.skip; t < samples; t++) {
        if (weir_rng_below(&l->rng, 4) == 0)
            lie(l, t);
        if (weir_rng_below(&l->rng, 40) == 0) {
            tell(l, WEIR_MESSAGE_FAILED, l->claim.id);
            return;
        }
        commit(l, l->claim.id, l->claim.attempt, t, true);
    }
    if (weir_rng_below(&l->rng, 4) == 0)
        lie(l, samples); /* one more than there are */
    tell(l, WEIR_MESSAGE_DONE, l->claim.id);
}

static void *liar_thread(void *arg)
{
    struct liar *l = arg;
    int rc;
    while ((rc = weir_table_claim(w.run->table, l->id, &l->claim)) != -EPIPE)
        if (rc == 0)
            bring_all(l);
        else
            sched_yield();
    return NULL;
}

/* ---- the leader ---- */

static bool has_message(void *ctx)
{
    (void)ctx;
    return weir_intake_has_message(&w.intake);
}

/* Whether the leader has what it wants, or must not wait for it. */
static bool may_go_on(uint32_t got, uint32_t wanted)
{
    const struct weir_reservoir *r = w.intake.reservoir;
    if (weir_reservoir_size(r) < batch)
        return false;
    return got >= wanted || weir_reservoir_blocks_a_lane(r);
}

/* Take in up to @p most samples; wait for @p wanted unless a lane is blocked. */
static void take_in(uint32_t wanted, uint32_t most)
{
    for (uint32_t got = 0; got < most;) {
        int rc = weir_intake_next(&w.intake);
        must(rc >= 0, "the intake failed: %s", weir_err_message());
        got += rc == WEIR_INTAKE_SAMPLE;
        if (rc != WEIR_INTAKE_NOTHING)
            continue;
        over = weir_intake_is_over(&w.intake);
        weir_intake_supply(&w.intake);
        if (weir_intake_has_message(&w.intake))
            continue;
        if (over || may_go_on(got, wanted))
            return;
        if (w.intake.frozen) {
            w.intake.frozen = false;
            continue;
        }
        waits++;
        weir_doorbell_wait(w.run->trainer_bell, has_message, NULL, 100000000);
    }
}

/* The slot's sample is one of the ledger, dealt as often as the table says. */
static void note_dealt(uint32_t at)
{
    const struct weir_slot *s = weir_slot_at(&w.run->slots, at);
    must(s->simulation < weir_table_count(w.run->table) && s->step < samples,
         "dealt simulation %u step %u", s->simulation, s->step);
    uint32_t *n = &views[s->simulation * samples + s->step];
    enum weir_cell_state state = weir_table_state(w.run->table, s->simulation);
    must(state != WEIR_CELL_FAILED, "simulation %u was dealt after it failed",
         s->simulation);
    must(weir_reservoir_views(w.intake.reservoir, at) == ++*n,
         "simulation %u step %u is dealt for time %u, its slot says %u",
         s->simulation, s->step, *n,
         weir_reservoir_views(w.intake.reservoir, at));
}

static void lead(void)
{
    weir_reservoir_settle(w.intake.reservoir);
    weir_intake_supply(&w.intake);
    if (step % 16 == 0)
        atomic_store_explicit(&slow, step / 16 % 2, memory_order_relaxed);
    /* As while a checkpoint is copied: what comes in is not lent again. */
    w.intake.frozen = weir_rng_below(&leader_rng, 4) == 0;
    take_in(weir_rng_below(&leader_rng, batch), 2 * batch);
    dealt = weir_reservoir_draw(w.intake.reservoir, step++, over,
                                weir_rng_below(&leader_rng, 2), slot);
    drawn += dealt;
    for (uint32_t i = 0; i < dealt; i++)
        note_dealt(slot[i]);
    w.intake.frozen = false;
    weir_intake_supply(&w.intake);
    for (uint32_t i = 0; i < dealt; i++)
        must(weir_reservoir_state(w.intake.reservoir, slot[i]) ==
                 WEIR_SLOT_IN_BATCH,
             "slot %u is dealt and lent", slot[i]);
}

/* ---- the groups ---- */

static void read_slot(uint32_t at)
{
    const struct weir_slot *s = weir_slot_at(&w.run->slots, at);
    struct weir_cell_view cell;
    weir_table_read(w.run->table, s->simulation, &cell);
    for (uint32_t k = 0; k < w.run->window; k++) {
        uint64_t state = name_state(cell.value, s->step + k);
        const float *f = s->frames + k * w.run->frame_floats;
        for (size_t i = 0; i < w.run->frame_floats; i++)
            must(f[i] == content(state, i),
                 "slot %u: simulation %u step %u state %u is torn at %zu", at,
                 s->simulation, s->step, k, i);
    }
}

static void read_batch(uint32_t group, struct weir_rng *rng)
{
    for (uint32_t i = group; i < dealt; i += GROUPS) {
        if (atomic_load_explicit(&slow, memory_order_relaxed) == 1)
            stress_dawdle(rng, 20000);
        read_slot(slot[i]);
    }
}

static void *group_thread(void *arg)
{
    uint32_t id = (uint32_t)(uintptr_t)arg;
    struct weir_rng rng = stress_rng(50 + id);
    for (;;) {
        if (weir_barrier_arrive(&barrier)) {
            lead();
            weir_barrier_open(&barrier);
        }
        if (dealt == 0)
            return NULL;
        read_batch(id, &rng);
    }
}

/* ---- one run ---- */

static void check_simulation(uint32_t id, const struct weir_cell_view *cell,
                             bool keeps)
{
    must(cell->state == WEIR_CELL_DONE || cell->state == WEIR_CELL_FAILED,
         "simulation %u ends in state %d", id, cell->state);
    if (cell->state == WEIR_CELL_FAILED)
        return;
    must(cell->delivered == samples, "simulation %u: %u of %u samples", id,
         cell->delivered, samples);
    for (uint32_t t = 0; t < samples; t++)
        must(keeps ? views[id * samples + t] >= 1
                   : views[id * samples + t] == 1,
             "simulation %u step %u was dealt %u times", id, t,
             views[id * samples + t]);
}

static void check_ledger(int rule)
{
    const struct weir_reservoir *r = w.intake.reservoir;
    const struct weir_reservoir_totals *totals = weir_reservoir_totals(r);
    static struct weir_hist left;
    uint64_t delivered = 0, failed = 0;
    for (uint32_t id = 0; id < weir_table_count(w.run->table); id++) {
        struct weir_cell_view cell;
        weir_table_read(w.run->table, id, &cell);
        check_simulation(id, &cell, rule == RESERVOIR);
        delivered += cell.delivered;
        failed += cell.state == WEIR_CELL_FAILED;
        met[rule].reruns += cell.attempt > 1;
    }
    must(weir_table_count(w.run->table) ==
             (uint64_t)w.cfg->simulations.budget + failed,
         "%u simulations, %" PRIu64 " of them failed",
         weir_table_count(w.run->table), failed);
    must(delivered == totals->accepted,
         "%" PRIu64 " samples delivered, %" PRIu64 " accepted", delivered,
         totals->accepted);
    must(totals->refused == atomic_load(&lies),
         "%" PRIu64 " claims refused, %" PRIu64 " were lies", totals->refused,
         atomic_load(&lies));
    must(totals->drawn == drawn, "draws are miscounted");
    weir_reservoir_view_histogram(r, false, &left);
    must(weir_hist_count(&left) == totals->accepted,
         "%" PRIu64 " of %" PRIu64 " samples left", weir_hist_count(&left),
         totals->accepted);
    met[rule].redraws += failed;
    met[rule].lies += totals->refused;
    met[rule].evicted += totals->evicted;
}

static void set_up(int rule)
{
    char name[64];
    const char *set[] = {name,
                         "run.lanes=4",
                         "simulations.budget=80",
                         "simulations.steps=12",
                         "simulations.max_redraws=400",
                         "simulations.crashes_before_redraw=2",
                         "training.steps=0",
                         "reservoir.samples_per_batch=4",
                         NULL};
    snprintf(name, sizeof(name), "reservoir.rule=%s", rules[rule]);
    must(small_run_create(&w, set) == 0, "%s", weir_err_message());
    must(weir_acquisition_design(w.acquisition) == 0, "no design");
    samples = w.run->samples;
    batch = (uint32_t)w.cfg->training.batch;
    views =
        weir_array((size_t)w.run->table->capacity * samples, sizeof(*views));
    must(views, "no memory");
    weir_barrier_init(&barrier, GROUPS);
    leader_rng = stress_rng(10);
    step = drawn = waits = 0;
    over = false;
    atomic_store(&lies, 0);
}

static void play(int rule)
{
    set_up(rule);
    struct weir_solver_ops ops = *w.run->solver;
    ops.create = lane_create, ops.start = lane_start, ops.step = lane_step;
    ops.frame = lane_frame, ops.destroy = free;
    w.run->solver = &ops;
    /* The stage has all lanes but the last. */
    struct weir_run honest = *w.run;
    honest.lanes--;
    weir_stop_init(&honest.stop);
    struct liar liar = {.port = w.run->port[honest.lanes],
                        .id = honest.lanes,
                        .rng = stress_rng(20 + met[rule].lies)};
    struct weir_solver_stage *stage;
    pthread_t group[GROUPS], lying;
    int64_t busy, blocked;
    must(weir_solver_stage_create(&honest, &stage) == 0 &&
             weir_acquisition_start(w.acquisition) == 0 &&
             weir_solver_stage_start(stage) == 0,
         "%s", weir_err_message());
    pthread_create(&lying, NULL, liar_thread, &liar);
    for (uintptr_t g = 0; g < GROUPS; g++)
        pthread_create(&group[g], NULL, group_thread, (void *)g);
    for (int g = 0; g < GROUPS; g++)
        pthread_join(group[g], NULL);
    pthread_join(lying, NULL);
    weir_solver_stage_join(stage);
    weir_acquisition_join(w.acquisition);
    check_ledger(rule);
    weir_solver_stage_times(stage, &busy, &blocked);
    met[rule].blocked += blocked > 0;
    met[rule].waited += waits;
    weir_solver_stage_destroy(stage);
    weir_stop_destroy(&honest.stop);
    small_run_destroy(&w);
    free(views);
}

static bool all_met(void)
{
    bool all = true;
    for (int i = 0; i < RULES; i++)
        all = all && met[i].blocked && met[i].waited && met[i].reruns &&
              met[i].redraws && met[i].lies;
    return all && met[RESERVOIR].evicted;
}

int main(void)
{
    uint64_t runs = 0;
    stress_begin("reservoir");
    while (stress_goes_on_until(all_met()))
        play((int)(runs++ % RULES));
    for (int i = 0; i < RULES; i++)
        printf("%s: %" PRIu64
               " runs with blocked lanes, leaders waited %" PRIu64
               " times, %" PRIu64 " reruns, %" PRIu64 " redraws, %" PRIu64
               " lies, %" PRIu64 " evicted\n",
               rules[i], met[i].blocked, met[i].waited, met[i].reruns,
               met[i].redraws, met[i].lies, met[i].evicted);
    must(all_met(), "some of it never happened");
    return 0;
}
