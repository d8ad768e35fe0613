/* SPDX-License-Identifier: BSD-3-Clause */
/* What a viewer of a whole run sees, through the socket alone. */
#include "tests/session.h"

#include "pipeline/run/telemetry.h"
#include "pipeline/view/limits.h"

#include <sys/mman.h>

#define SET(...)                                                               \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

struct watched {
    struct outcome o;
    struct weir_limits limits;
    uint32_t groups, micro_batches, solver_threads, lanes;
    uint32_t updates; /* of one step that are timed */
    uint64_t generations;
    struct weir_mapping view;
    const struct weir_stats *stats;
    int connection;
};

static void map(struct watched *w, int fd)
{
    w->view = (struct weir_mapping){.fd = fd};
    w->view.bytes = (size_t)lseek(fd, 0, SEEK_END);
    w->view.base = mmap(NULL, w->view.bytes, PROT_READ, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(w->view.base, MAP_FAILED);
    ok(weir_mapping_check(&w->view));
    size_t at = sizeof(struct weir_mapping_header);
    w->stats = (const void *)(w->view.base + at);
    ok(weir_stats_check(w->stats, w->view.bytes - at));
}

/* A viewer that asked before the run began, and looks after it has ended. */
static void play(const char *const *set, struct watched *w)
{
    char dir[PATH_MAX];
    struct weir_config *cfg = session_config(set);
    struct weir_topology topology;
    struct weir_session *s;
    struct weir_session_start start = {.lineage = ""};
    struct weir_handover m = weir_handover_make(WEIR_HANDOVER_VIEW);
    size_t n = 1;
    int fd;
    scratch_make(dir);
    ok(weir_run_dir_prepare(dir));
    ok(weir_topology_from_synthetic("core:8 pu:1", &topology));
    ok(weir_session_create(cfg, dir, &topology, &start, &s));
    ok(w->connection = weir_handover_connect(dir));
    ok(weir_handover_send(w->connection, &m, NULL, 0));
    ok(weir_session_run(s, session_watch, NULL, 1000));
    session_read(s, &w->o);
    weir_limits_of(s, &w->limits);
    w->groups = s->run->groups;
    w->micro_batches = s->run->micro_batches;
    w->updates = s->trainer->is_led ? 1 : s->run->groups;
    w->solver_threads = s->run->solver_threads;
    w->lanes = s->run->lanes;
    weir_session_destroy(s);
    weir_topology_free(&topology);
    weir_config_free(cfg);
    scratch_remove(dir);
    ok(weir_handover_receive(w->connection, &m, &fd, &n));
    assert_int_equal(n, 1);
    map(w, fd);
}

static void put_away(struct watched *w)
{
    weir_mapping_close(&w->view);
    close(w->connection);
    outcome_free(&w->o);
}

static int64_t counter(const struct watched *w, const char *label)
{
    const struct weir_counter *c = weir_stats_counter(w->stats, label);
    assert_non_null(c);
    return weir_counter_get(c);
}

/* Values recorded under @p name by all threads, and how many threads. */
static uint64_t count(const struct watched *w, const char *name, uint32_t *n)
{
    uint64_t sum = 0;
    *n = 0;
    for (uint32_t i = 0; i < w->stats->size.hists; i++) {
        const struct weir_stats_hist *h = weir_stats_hist(w->stats, i);
        if (strcmp(h->name, name))
            continue;
        sum += weir_hist_count(&h->hist);
        ++*n;
    }
    return sum;
}

static void every_latency_was_recorded_as_often_as_it_happened(void **state)
{
    (void)state;
    struct watched w = {0};
    uint32_t n;
    play(SET("run.clock=live", "checkpoint.every=20"), &w);
    assert_int_equal(count(&w, "forward_ns", &n), w.o.steps * w.micro_batches);
    assert_int_equal(n, w.groups);
    assert_int_equal(count(&w, "backward_ns", &n), w.o.steps * w.micro_batches);
    assert_int_equal(count(&w, "reduce_ns", &n), w.o.steps * w.updates);
    assert_int_equal(count(&w, "step_ns", &n), w.o.steps);
    assert_int_equal(count(&w, "batch_assembly_ns", &n), w.o.steps);
    assert_int_equal(count(&w, "trainer_wait_ns", &n), w.o.steps);
    assert_int_equal(count(&w, "ready_ring_ns", &n), w.o.totals.accepted);
    assert_true(count(&w, "solver_slot_wait_ns", &n) >= w.o.totals.accepted);
    assert_int_equal(n, w.solver_threads);
    assert_true(count(&w, "solver_step_ns", &n) >= w.o.totals.accepted);
    assert_int_equal(count(&w, "loss_to_acquisition_ns", &n), w.o.steps);
    assert_true(count(&w, "checkpoint_stall_ns", &n) >= 1);
    assert_true(count(&w, "checkpoint_write_ns", &n) >= 1);
    assert_true(count(&w, "recorder_lag_ns", &n) >= 1);
    assert_true(count(&w, "age_at_first_use_ns", &n) > 0);
    assert_int_equal(count(&w, "loss_to_first_use_ns", &n),
                     count(&w, "loss_to_first_use_steps", &n));
    assert_int_equal(counter(&w, "acquire.generation") > 0,
                     count(&w, "loss_to_claimable_ns", &n) > 0);
    put_away(&w);
}

static void a_viewer_sees_how_the_job_ended(void **state)
{
    (void)state;
    struct watched w = {0};
    struct weir_handover m;
    size_t n = 0;
    play(SET("run.clock=lockstep"), &w);
    assert_int_equal(weir_stats_ending(w.stats), WEIR_ENDING_STEPS);
    assert_true(w.stats->ended_ns > w.stats->start_ns);
    assert_int_equal(counter(&w, "train.step"), 60);
    assert_int_equal(counter(&w, "train.samples"), 60 * 16);
    assert_int_equal(counter(&w, "reservoir.accepted"), w.o.totals.accepted);
    assert_int_equal(counter(&w, "solver.finished"), w.o.finished);
    assert_string_equal(w.stats->title, "kdv, convnet, breed, lockstep");
    fails(weir_handover_receive(w.connection, &m, NULL, &n), -EPIPE);
    put_away(&w);
}

static void threads_and_lanes_are_listed_with_their_places(void **state)
{
    (void)state;
    struct watched w = {0};
    uint32_t role[3] = {0};
    uint64_t samples = 0;
    play(SET("run.clock=live"), &w);
    for (uint32_t i = 0; i < w.stats->size.threads; i++) {
        const struct weir_stats_thread *t = weir_stats_thread(w.stats, i);
        role[t->role]++;
        assert_int_equal(strncmp(t->name, "weir-", 5), 0);
        assert_true(t->cpu >= 0 && t->cpu < 8 && t->cpus >= 1);
        /* Signals are the program's; this session has no supervisor. */
        if (strcmp(t->name, "weir-signals"))
            assert_true(atomic_load(&t->tid) > 0);
    }
    assert_int_equal(role[WEIR_STATS_GROUP], w.groups);
    assert_int_equal(role[WEIR_STATS_SOLVER], w.solver_threads);
    for (uint32_t i = 0; i < w.lanes; i++)
        samples += atomic_load(&weir_stats_lane(w.stats, i)->samples);
    assert_true(samples >= w.o.totals.accepted);
    put_away(&w);
}

/* One side with nothing to do but wait for the other. */
static void the_limit_follows_the_load(void **state)
{
    (void)state;
    struct watched slow = {0}, fast = {0};
    /* 4000 substeps a state against 81 weights. */
    play(SET("run.clock=live", "solver.substeps=4000", "solver.dt=0.05",
             "parameters.b.high=1.5"),
         &slow);
    assert_int_equal(slow.limits.limit, WEIR_LIMIT_SOLVERS);
    assert_true(slow.limits.wait > 0.5);
    put_away(&slow);
    /* One substep against three wide layers; every sample is used often. */
    play(SET("run.clock=live", "model.width=64", "model.depth=3",
             "training.steps=40"),
         &fast);
    assert_int_equal(fast.limits.limit, WEIR_LIMIT_TRAINER);
    double all = fast.limits.forward + fast.limits.backward +
                 fast.limits.reduce + fast.limits.others;
    assert_true(all > 0.999 && all < 1.001);
    put_away(&fast);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(every_latency_was_recorded_as_often_as_it_happened),
        cmocka_unit_test(a_viewer_sees_how_the_job_ended),
        cmocka_unit_test(threads_and_lanes_are_listed_with_their_places),
        cmocka_unit_test(the_limit_follows_the_load),
    };
    return RUN(cases);
}
