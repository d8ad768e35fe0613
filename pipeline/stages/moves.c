/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/moves.h"

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/record/recorder.h"
#include "pipeline/stages/trainer.h"

#include <math.h>

#define WINDOW_NS    300000000
#define WINDOW_STEPS 10

struct weir_moves weir_moves_start(struct weir_run *run)
{
    const struct weir_allocation_bounds bounds = {
        .cores = run->seats.n,
        .shared = weir_plan_shared_cores(&run->plan),
        .work = (int)run->gradients * run->cfg->training.members,
        .most_groups = run->seats.most_groups,
        .most_solvers = run->seats.most_solvers,
    };
    return (struct weir_moves){
        .run = run,
        .rule = weir_allocation_start(&bounds, run->seats.groups),
        .next = weir_allocation_next,
        .window_ns = WINDOW_NS,
        .window_steps = WINDOW_STEPS,
    };
}

/* Time without work of the threads in force, the wait at hand included. */
static int64_t idle_ns(const struct weir_run *run, int64_t now)
{
    uint32_t n = weir_crew_active(&run->solver_crew);
    int64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct weir_port *p = run->port[i];
        int64_t since =
            atomic_load_explicit(&p->idle_since, memory_order_relaxed); /* S5 */
        sum += atomic_load_explicit(&p->idle_ns, memory_order_relaxed); /* S5 */
        sum += since ? now - since : 0;
    }
    return sum;
}

static void open_window(struct weir_moves *m, const struct weir_trainer *t,
                        int64_t now)
{
    m->began = now;
    m->steps = 0;
    m->train = t->times.train;
    m->idle = idle_ns(m->run, now);
}

void weir_moves_break(struct weir_moves *m)
{
    m->began = 0;
}

static double clamp(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static struct weir_allocation_window close_window(const struct weir_moves *m,
                                                  const struct weir_trainer *t,
                                                  int64_t now)
{
    double wall = (double)(now - m->began);
    double threads = weir_crew_active(&m->run->solver_crew);
    return (struct weir_allocation_window){
        .step = wall * 1e-9 / m->steps,
        .train = (double)(t->times.train - m->train) * 1e-9 / m->steps,
        .idle =
            clamp((double)(idle_ns(m->run, now) - m->idle) / (wall * threads)),
    };
}

/* There is no next change before each lane is in the hands of the thread that
 * the last one gave it to. */
static bool lanes_have_arrived(const struct weir_run *run)
{
    uint32_t n = weir_crew_active(&run->solver_crew);
    for (uint32_t l = 0; l < run->lanes; l++)
        if (weir_run_thread_of(run, l) != l % n)
            return false;
    return true;
}

static void record(const struct weir_moves *m, struct weir_trainer *t,
                   struct weir_allocation_row row)
{
    const struct weir_run_counters *c = &m->run->count;
    row.step = t->step;
    row.time = weir_run_seconds(m->run, weir_now_ns());
    row.groups = (uint32_t)m->rule.groups;
    row.solvers = (uint32_t)weir_crew_active(&m->run->solver_crew);
    weir_counter_set(c->groups, row.groups);
    weir_counter_set(c->solvers, row.solvers);
    weir_counter_set(c->moves, m->made);
    if (t->recorder)
        weir_recorder_push_allocation(t->recorder, &row);
}

/* A session that goes on from a checkpoint starts with the configured split. */
static void tell_start(const struct weir_moves *m, struct weir_trainer *t)
{
    record(m, t,
           (struct weir_allocation_row){
               .waited = NAN, .idle = NAN, .step_seconds = NAN});
}

static void tell(const struct weir_moves *m, struct weir_trainer *t,
                 const struct weir_allocation_window *w)
{
    double waited = 1 - w->train / w->step;
    weir_log_info("allocation",
                  "step %llu: %d groups and %u solver threads from now on: the "
                  "trainer waited %.0f %% of its time, solver threads %.0f %%",
                  (unsigned long long)t->step, m->rule.groups,
                  weir_crew_active(&m->run->solver_crew), 100 * waited,
                  100 * w->idle);
    record(m, t,
           (struct weir_allocation_row){
               .waited = waited, .idle = w->idle, .step_seconds = w->step});
}

static void move(struct weir_moves *m, struct weir_trainer *t,
                 const struct weir_allocation_window *w)
{
    int solvers = weir_allocation_solvers(&m->rule.bounds, m->rule.groups);
    m->made++;
    weir_trainer_employ(t, (uint32_t)m->rule.groups);
    weir_crew_set(&m->run->solver_crew, (uint32_t)solvers);
    weir_run_ring_lanes(m->run);
    tell(m, t, w);
}

void weir_moves_after_step(struct weir_moves *m, struct weir_trainer *t)
{
    if (!weir_run_is_adaptive(m->run))
        return;
    int64_t now = weir_now_ns();
    if (!m->told)
        tell_start(m, t);
    m->told = true;
    if (!m->began) {
        open_window(m, t, now);
        return;
    }
    if (++m->steps < m->window_steps || now - m->began < m->window_ns ||
        !lanes_have_arrived(m->run))
        return;
    struct weir_allocation_window w = close_window(m, t, now);
    int before = m->rule.groups;
    if (m->next(&m->rule, &w) != before)
        move(m, t, &w);
    open_window(m, t, now);
}
