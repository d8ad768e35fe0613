/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/solver_stage.h"

#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "pipeline/run/probe.h"
#include "pipeline/run/telemetry.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_NS 100000000 /* look at the stop flag this often */

struct lane {
    struct weir_run *run;
    struct weir_port *port;
    struct weir_ring *free, *ready;
    void *solver;   /* its state */
    float *history; /* the last `window` states, state t at t % window */
    uint32_t id;
    bool running, over;
    bool pending;    /* the newest window waits for a slot */
    uint32_t step;   /* index of the newest state */
    uint32_t next;   /* first state of the window to deliver next */
    uint64_t unsaid; /* a message that found `ready` full; 0: none */
    struct weir_claim claim;
    int64_t blocked_since; /* 0: not blocked */
    struct weir_hist *waits, *steps;
};

struct thread {
    struct weir_run *run;
    struct lane *lane;  /* of all threads */
    struct lane **mine; /* [lanes] */
    uint32_t lanes;     /* mine */
    uint32_t due;       /* that are to be */
    uint32_t threads;   /* that share the lanes, as last looked */
    uint32_t id;
    pthread_t handle;
    bool started;
};

struct weir_solver_stage {
    struct weir_run *run;
    struct lane *lane;
    struct thread *thread;
};

/* S5: the lane's statistics; nothing is published through them. */
static void set_state(struct lane *l, enum weir_lane_state state)
{
    atomic_store_explicit(&l->port->state, state,
                          memory_order_relaxed); /* S5 */
}

static void add_time(_Atomic int64_t *total, int64_t ns)
{
    int64_t now = atomic_load_explicit(total, memory_order_relaxed); /* S5 */
    atomic_store_explicit(total, now + ns, memory_order_relaxed);    /* S5 */
}

static void count_sample(struct lane *l)
{
    uint64_t n =
        atomic_load_explicit(&l->port->samples, memory_order_relaxed); /* S5 */
    atomic_store_explicit(&l->port->samples, n + 1,
                          memory_order_relaxed); /* S5 */
}

/* Simulations that end without a sample can fill the ring (port.h). @return
 * whether it was said */
static bool say_unsaid(struct lane *l)
{
    if (weir_ring_push(l->ready, l->unsaid))
        return false;
    l->unsaid = 0;
    weir_doorbell_ring(l->run->trainer_bell);
    return true;
}

static void say(struct lane *l, enum weir_message kind, uint32_t value)
{
    l->unsaid = weir_message_make(kind, value);
    say_unsaid(l);
}

static void write_slot(struct lane *l, struct weir_slot *slot, uint32_t first)
{
    const struct weir_inputs *inputs = weir_run_inputs(l->run);
    size_t n = l->run->frame_floats;
    uint32_t window = l->run->window;
    float *to = slot->frames;
    if (inputs) {
        weir_inputs_put(inputs, l->claim.value, first + 1, to);
        to += l->run->slots.read_floats;
    }
    for (uint32_t k = inputs ? 1 : 0; k < window; k++, to += n)
        memcpy(to, l->history + ((first + k) % window) * n, n * sizeof(float));
    slot->simulation = l->claim.id;
    slot->attempt = l->claim.attempt;
    slot->step = first;
    slot->lane = l->id;
    slot->committed_ns = weir_now_ns();
}

static void note_wait(struct lane *l)
{
    int64_t ns = l->blocked_since ? weir_now_ns() - l->blocked_since : 0;
    weir_hist_record(l->waits, ns);
    if (ns) {
        add_time(&l->port->wait_ns, ns);
        set_state(l, WEIR_LANE_SOLVING);
    }
    l->blocked_since = 0;
}

static bool is_whole(const struct lane *l)
{
    return l->next >= l->run->samples;
}

/* Deliver the newest window; false when no slot is lent. */
static bool deliver(struct lane *l)
{
    uint64_t slot;
    if (weir_ring_pop(l->free, &slot)) {
        if (!l->blocked_since) {
            l->blocked_since = weir_now_ns();
            set_state(l, WEIR_LANE_FULL);
        }
        return false;
    }
    uint32_t first = l->step + 1 - l->run->window;
    note_wait(l);
    WEIR_BEGIN(deliver, l->claim.id, first);
    WEIR_HOP(slot_take, l->id, slot, 0);
    write_slot(l, weir_slot_at(&l->run->slots, (uint32_t)slot), first);
    l->pending = false;
    l->next = first + 1;
    count_sample(l);
    WEIR_HOP(sample_commit, l->claim.id, first, l->id);
    say(l, WEIR_MESSAGE_SAMPLE, (uint32_t)slot);
    WEIR_END(deliver, l->claim.id, first);
    return true;
}

static void end(struct lane *l, enum weir_message how)
{
    l->running = false;
    say(l, how, l->claim.id);
}

/* A new state is in the solver: keep it, and see whether it ends a window. */
static int take_state(struct lane *l)
{
    struct weir_run *run = l->run;
    int rc = weir_solver_take_frame(run->solver, l->solver,
                                    l->history + (l->step % run->window) *
                                                     run->frame_floats);
    l->pending = rc == 0 && l->step + 1 >= run->window &&
                 l->step + 1 - run->window >= l->next;
    return rc;
}

static void give_up(struct lane *l)
{
    weir_log_debug("solver", "simulation %u: %s", l->claim.id,
                   weir_err_message());
    weir_err_clear();
    end(l, WEIR_MESSAGE_FAILED);
}

/* A solver outside may also be told to stop, or have lost what it needs. */
static void end_early(struct lane *l, int rc)
{
    bool of_simulation =
        !l->run->solver->fetch || rc == -WEIR_EDIVERGED || rc == -ECONNRESET;
    if (of_simulation) {
        give_up(l);
        return;
    }
    l->running = false;
    l->over = true;
    if (rc == -ECANCELED)
        return;
    weir_stop_give_up(&l->run->stop);
    weir_doorbell_ring(l->run->trainer_bell);
}

static void solve(struct lane *l)
{
    int64_t start = weir_now_ns();
    WEIR_BEGIN(solve, l->claim.id, l->step + 1);
    int rc = l->run->solver->step(l->solver);
    if (rc == 0) {
        l->step++;
        rc = take_state(l);
    }
    WEIR_END(solve, l->claim.id, l->step);
    int64_t ns = weir_now_ns() - start;
    add_time(&l->port->busy_ns, ns);
    weir_hist_record(l->steps, ns);
    if (rc)
        end_early(l, rc);
}

/* Lockstep: what the leader claimed for this lane. */
static int take_assignment(struct lane *l)
{
    bool closed = weir_table_is_closed(l->run->table);
    uint64_t assigned =
        atomic_load_explicit(&l->port->assigned, memory_order_acquire); /* S4 */
    struct weir_cell_view cell;
    if (assigned == 0)
        return closed ? -EPIPE : -EAGAIN;
    atomic_store_explicit(&l->port->assigned, 0, memory_order_release); /* S3 */
    weir_table_read(l->run->table, (uint32_t)(assigned - 1), &cell);
    l->claim = (struct weir_claim){
        .id = (uint32_t)(assigned - 1),
        .attempt = cell.attempt,
        .skip = cell.delivered,
        .value = cell.value,
    };
    return 0;
}

/* Take up the next simulation; false when there is none now. */
static bool begin(struct lane *l)
{
    int rc = l->run->solver->prepare ? l->run->solver->prepare(l->solver) : 0;
    if (rc) {
        end_early(l, rc);
        return true;
    }
    rc = weir_run_is_lockstep(l->run)
             ? take_assignment(l)
             : weir_table_claim(l->run->table, l->id, &l->claim);
    if (rc) {
        l->over = rc == -EPIPE;
        set_state(l, l->over ? WEIR_LANE_OVER : WEIR_LANE_IDLE);
        return false;
    }
    set_state(l, WEIR_LANE_SOLVING);
    l->running = true;
    l->pending = false;
    l->step = 0;
    l->next = l->claim.skip;
    /* A checkpoint may fall between the last sample and the word of the end. */
    if (is_whole(l))
        return true;
    WEIR_BEGIN(start, l->claim.id, l->claim.attempt);
    WEIR_HOP(claim, l->claim.id, l->claim.attempt, l->id);
    if (l->run->solver->announce)
        l->run->solver->announce(l->solver, l->claim.id, l->claim.attempt);
    rc = l->run->solver->start(l->solver, l->claim.value);
    rc = rc ? rc : take_state(l);
    WEIR_END(start, l->claim.id, l->claim.attempt);
    if (rc)
        end_early(l, rc);
    return true;
}

/* One piece of work; false when the lane has to wait. */
static bool advance(struct lane *l)
{
    if (l->unsaid)
        return say_unsaid(l);
    if (l->over)
        return false;
    if (!l->running)
        return begin(l);
    if (l->pending)
        return deliver(l);
    if (is_whole(l))
        end(l, WEIR_MESSAGE_DONE);
    else
        solve(l);
    return true;
}

static bool can_begin(const struct lane *l)
{
    if (weir_table_is_closed(l->run->table))
        return true;
    if (weir_run_is_lockstep(l->run))
        return atomic_load_explicit(&l->port->assigned, memory_order_acquire) !=
               0; /* S4 */
    return weir_table_has_open(l->run->table);
}

static bool can_go_on(const struct lane *l)
{
    if (l->unsaid)
        return weir_ring_reserve(l->ready) != NULL;
    return l->running ? weir_ring_peek(l->free) != NULL : can_begin(l);
}

/* ---- lanes that change threads ---- */

static void hold(struct thread *t, struct lane *l)
{
    l->waits = weir_telemetry_hist(t->run, WEIR_METRIC_SLOT_WAIT, t->id);
    l->steps = weir_telemetry_hist(t->run, WEIR_METRIC_SOLVER_STEP, t->id);
    t->mine[t->lanes++] = l;
    atomic_exchange_explicit(&l->port->thread, t->id,
                             memory_order_acq_rel); /* S6 */
}

static void hand_over(struct thread *t, struct lane *l)
{
    uint32_t to = l->id % t->threads;
    atomic_exchange_explicit(&l->port->thread, to | WEIR_PORT_COMING,
                             memory_order_acq_rel); /* S6 */
    weir_doorbell_ring(&t->run->port[to]->bell);
}

static void hand_over_others(struct thread *t)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < t->lanes; i++)
        if (t->mine[i]->id % t->threads == t->id)
            t->mine[kept++] = t->mine[i];
        else
            hand_over(t, t->mine[i]);
    t->lanes = kept;
}

static bool has_come(const struct thread *t, uint32_t lane)
{
    return weir_run_thread_of(t->run, lane) == (t->id | WEIR_PORT_COMING);
}

static bool any_has_come(const struct thread *t)
{
    for (uint32_t l = t->id; t->lanes < t->due && l < t->run->lanes;
         l += t->threads)
        if (has_come(t, l))
            return true;
    return false;
}

static void take_what_has_come(struct thread *t)
{
    for (uint32_t l = 0; l < t->run->lanes; l++)
        if (has_come(t, l))
            hold(t, &t->lane[l]);
}

static void share_anew(struct thread *t, uint32_t threads)
{
    t->threads = threads;
    t->due =
        t->id < threads ? (t->run->lanes - t->id + threads - 1) / threads : 0;
    hand_over_others(t);
}

/* The lanes that this thread is to have now. First take, then look how many
 * threads there are: whoever gave a lane to us looked before, so what we see is
 * no older than what brought it here. All lanes are where one number wants them
 * before there is another (moves.c). */
static void settle_lanes(struct thread *t)
{
    const struct weir_crew *crew = &t->run->solver_crew;
    if (t->lanes == t->due && weir_crew_active(crew) == t->threads)
        return;
    take_what_has_come(t);
    uint32_t threads = weir_crew_active(crew);
    if (threads != t->threads)
        share_anew(t, threads);
}

/* Whether some lane of the thread could go on; asked while it waits. */
static bool has_work(void *ctx)
{
    const struct thread *t = ctx;
    if (weir_stop_reason(&t->run->stop) || any_has_come(t) ||
        weir_crew_active(&t->run->solver_crew) != t->threads)
        return true;
    for (uint32_t i = 0; i < t->lanes; i++) {
        struct lane *l = t->mine[i];
        if (l->over && !l->unsaid)
            continue;
        if (can_go_on(l))
            return true;
    }
    return false;
}

/* One turn of every lane; 0: none could move, -1: all are over. */
static int turn(struct thread *t)
{
    int moved = 0;
    uint32_t over = 0;
    for (uint32_t i = 0; i < t->lanes; i++) {
        moved += advance(t->mine[i]);
        over += t->mine[i]->over;
    }
    /* Others may still come where lanes change threads. */
    return over == t->lanes && !weir_run_is_adaptive(t->run) ? -1 : moved;
}

static void wait_for_work(struct thread *t)
{
    struct weir_port *p = t->run->port[t->id];
    int64_t begin = weir_now_ns();
    atomic_store_explicit(&p->idle_since, begin, memory_order_relaxed); /* S5 */
    weir_doorbell_wait(&p->bell, has_work, t, IDLE_NS);
    atomic_store_explicit(&p->idle_since, 0, memory_order_relaxed); /* S5 */
    add_time(&p->idle_ns, weir_now_ns() - begin);
}

/* Lane memory is made here, by the bound thread, so that it lies near it. */
static int create_lanes(struct thread *t)
{
    struct weir_run *run = t->run;
    t->threads = (uint32_t)run->seats.solvers;
    for (uint32_t i = t->id; t->id < t->threads && i < run->lanes;
         i += t->threads) {
        struct lane *l = &t->lane[i];
        hold(t, l);
        t->due++;
        l->history = weir_array(run->window * run->frame_floats, sizeof(float));
        if (!l->history)
            return WEIR_FAIL(ENOMEM, "solver lane %u", i);
        int rc = run->solver->create(run->solver_config, &l->solver);
        if (rc)
            return WEIR_NOTE(rc, "solver lane %u", i);
    }
    return 0;
}

/* Here too: a process is killed when the thread that started it ends. */
static void destroy_lanes(struct thread *t)
{
    for (uint32_t i = 0; i < t->lanes; i++) {
        if (t->mine[i]->solver)
            t->run->solver->destroy(t->mine[i]->solver);
        t->mine[i]->solver = NULL;
    }
}

static void *solver_thread(void *arg)
{
    struct thread *t = arg;
    struct weir_run *run = t->run;
    char name[16];
    snprintf(name, sizeof(name), "weir-solver%u", t->id % 1000);
    weir_run_enter(run, weir_seats_solver(&run->seats, t->id), name);
    if (create_lanes(t)) {
        weir_stop_fail(&run->stop);
        weir_doorbell_ring(run->trainer_bell);
    }
    while (!weir_stop_reason(&run->stop)) {
        settle_lanes(t);
        int moved = turn(t);
        if (moved < 0)
            break;
        if (moved == 0)
            wait_for_work(t);
    }
    destroy_lanes(t);
    return NULL;
}

int weir_solver_stage_create(struct weir_run *run,
                             struct weir_solver_stage **out)
{
    struct weir_solver_stage *s = weir_array(1, sizeof(*s));
    if (!s)
        return WEIR_FAIL(ENOMEM, "solver stage");
    s->run = run;
    s->lane = weir_array(run->lanes, sizeof(*s->lane));
    s->thread = weir_array(run->solver_threads, sizeof(*s->thread));
    *out = s;
    if (!s->lane || !s->thread)
        return WEIR_FAIL(ENOMEM, "solver stage");
    for (uint32_t i = 0; i < run->lanes; i++)
        s->lane[i] = (struct lane){.run = run,
                                   .id = i,
                                   .port = run->port[i],
                                   .free = weir_port_free(run->port[i]),
                                   .ready = weir_port_ready(run->port[i])};
    for (uint32_t i = 0; i < run->solver_threads; i++) {
        struct thread *t = &s->thread[i];
        *t = (struct thread){.run = run, .lane = s->lane, .id = i};
        t->mine = weir_array(run->lanes, sizeof(*t->mine));
        if (!t->mine)
            return WEIR_FAIL(ENOMEM, "solver stage");
    }
    return 0;
}

int weir_solver_stage_start(struct weir_solver_stage *stage)
{
    for (uint32_t i = 0; i < stage->run->solver_threads; i++) {
        struct thread *t = &stage->thread[i];
        int rc = pthread_create(&t->handle, NULL, solver_thread, t);
        if (rc)
            return WEIR_FAIL(rc, "solver thread %u", i);
        t->started = true;
    }
    return 0;
}

void weir_solver_stage_join(struct weir_solver_stage *stage)
{
    weir_run_ring_lanes(stage->run);
    for (uint32_t i = 0; i < stage->run->solver_threads; i++)
        if (stage->thread[i].started)
            pthread_join(stage->thread[i].handle, NULL);
}

void weir_solver_stage_destroy(struct weir_solver_stage *stage)
{
    if (!stage)
        return;
    for (uint32_t i = 0; stage->lane && i < stage->run->lanes; i++) {
        if (stage->lane[i].solver)
            stage->run->solver->destroy(stage->lane[i].solver);
        free(stage->lane[i].history);
    }
    for (uint32_t i = 0; stage->thread && i < stage->run->solver_threads; i++)
        free(stage->thread[i].mine);
    free(stage->lane);
    free(stage->thread);
    free(stage);
}

void weir_solver_stage_times(const struct weir_solver_stage *stage,
                             int64_t *busy_ns, int64_t *blocked_ns)
{
    *busy_ns = *blocked_ns = 0;
    for (uint32_t i = 0; i < stage->run->lanes; i++) {
        const struct weir_port *p = stage->run->port[i];
        *busy_ns +=
            atomic_load_explicit(&p->busy_ns, memory_order_relaxed); /* S5 */
        *blocked_ns +=
            atomic_load_explicit(&p->wait_ns, memory_order_relaxed); /* S5 */
    }
}
