/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_SESSION_H
#define WEIR_TESTS_SESSION_H

/**
 * @file
 * Whole sessions of a tiny run: KdV on 32 points, a net of 81 weights, a batch
 * that neither micro-batches nor groups divide. With the range of `b` that is
 * sampled some simulations diverge, and successors must be drawn.
 *
 * The machine is a described one of eight cores, so that the number of groups
 * and threads is what a case asks for; nothing is bound.
 */
#include "tests/scratch.h"

#include "base/log.h"
#include "io/checkpoint_dir.h"
#include "io/run_dir.h"
#include "pipeline/run/registries.h"
#include "pipeline/session/session.h"
#include "pipeline/stages/intake.h"

#include <pthread.h>
#include <unistd.h>

static const char session_text[] =
    "run: {seed: 3, clock: live, lanes: 3}\n"
    "solver: {name: kdv, points: 32, substeps: 1, dt: 0.5, sample: b}\n"
    "parameters: {b: {low: 1, high: 30}}\n"
    "simulations: {budget: 24, steps: 10, max_redraws: 200}\n"
    "reservoir: {capacity: 70, watermark: 30, slots_per_port: 4}\n"
    "model: {name: convnet, width: 4, depth: 2}\n"
    "training: {steps: 60, batch: 16, micro_batch: 5}\n"
    "validation: {trajectories: 3, every: 25}\n"
    "test: {trajectories: 4, rollout_steps: 4}\n"
    "acquisition: {strategy: breed, nn_updates: 5,\n"
    "  min_nb_finished_simulations: 2, sliding_window_size: 6}\n"
    "checkpoint: {every: 0}\n"
    "placement: {groups: 2, solver_threads: 2, bind: false}\n"
    "log: \"\"\n";

/** Of the machine described. */
static const char *session_machine = "core:8 pu:1";

/** Replaces the solver of a session, if not NULL. */
static const struct weir_solver_ops *session_solver;

/** Decides over cores instead of the rule, after every step, if not NULL. */
static weir_moves_rule *session_moves;

/** What a session left. */
struct outcome {
    int rc;
    enum weir_ending ending;
    uint64_t steps, skipped;
    float *weights; /* [n] packed */
    size_t n;
    uint32_t cells, dims;
    double *value; /* (cells, dims) as simulated */
    uint8_t *state;
    uint32_t *delivered;
    uint32_t samples; /* of a whole simulation */
    uint32_t budget, finished, failed;
    struct weir_reservoir_totals totals;
    uint32_t resident;
    uint64_t lost; /* loss records */
    uint32_t generation;
    int team;       /* cores of a group */
    uint32_t moves; /* cores that changed sides */
};

static inline void outcome_free(struct outcome *o)
{
    free(o->weights);
    free(o->value);
    free(o->state);
    free(o->delivered);
    *o = (struct outcome){0};
}

/** When a session is told to stop, if at all. */
struct interruption {
    uint64_t step;  /* after so many gradient steps; 0: never */
    uint32_t delay; /* us later */
};

struct stopper {
    struct weir_session *session;
    struct interruption when;
    _Atomic bool over;
};

static inline void *stopper_thread(void *ctx)
{
    struct stopper *s = ctx;
    struct weir_run *run = s->session->run;
    while (!atomic_load(&s->over) &&
           weir_counter_get(run->count.step) < (int64_t)s->when.step)
        usleep(20);
    usleep(s->when.delay);
    weir_stop_request(&run->stop, WEIR_STOP_CHECKPOINT);
    weir_doorbell_ring(run->trainer_bell);
    weir_run_ring_lanes(run);
    return NULL;
}

static inline void session_watch(void *ctx, const struct weir_session *s)
{
    (void)ctx, (void)s;
}

/** The tiny configuration with "key=value" texts, ended by NULL, over it. */
static inline struct weir_config *session_config(const char *const *set)
{
    struct weir_config *cfg = NULL;
    size_t n = 0;
    while (set && set[n])
        n++;
    ok(weir_config_parse(session_text, strlen(session_text), "tiny",
                         &weir_registries, set, n, &cfg));
    ok(weir_config_check(cfg));
    return cfg;
}

static inline void session_read_table(const struct weir_table *t,
                                      struct outcome *o)
{
    o->cells = weir_table_count(t);
    o->dims = t->dims;
    o->value = calloc((size_t)o->cells * o->dims, sizeof(double));
    o->state = calloc(o->cells, 1);
    o->delivered = calloc(o->cells, sizeof(uint32_t));
    for (uint32_t id = 0; id < o->cells; id++) {
        struct weir_cell_view c;
        weir_table_read(t, id, &c);
        o->state[id] = (uint8_t)c.state;
        o->delivered[id] = c.delivered;
        if (c.value)
            memcpy(o->value + (size_t)id * o->dims, c.value,
                   o->dims * sizeof(double));
    }
}

static inline void session_read(const struct weir_session *s, struct outcome *o)
{
    const struct weir_trainer *t = s->trainer;
    const struct weir_intake *in = weir_boundary_intake(t->boundary);
    o->ending = weir_session_ending(s);
    o->steps = t->step;
    o->skipped = t->skipped;
    o->n = t->weights.n;
    o->weights = calloc(o->n, sizeof(float));
    memcpy(o->weights, t->weights.w[t->weights.now], o->n * sizeof(float));
    o->samples = s->run->samples;
    o->team = s->run->plan.cores_per_group;
    o->budget = (uint32_t)s->run->cfg->simulations.budget;
    o->moves = t->moves.made;
    o->finished = in->finished;
    o->failed = in->failed;
    o->totals = *weir_reservoir_totals(in->reservoir);
    o->resident = weir_reservoir_size(in->reservoir);
    o->lost = weir_acquisition_lost(s->acquisition);
    o->generation = weir_acquisition_generation(s->acquisition);
    session_read_table(s->run->table, o);
}

/**
 * One session in @p dir (NULL: no files), anew or from its newest checkpoint.
 * A hang ends the program.
 */
static inline void session_play(const char *const *set, const char *dir,
                                bool resume, struct interruption when,
                                struct outcome *o)
{
    struct weir_config *cfg = session_config(set);
    struct weir_topology topology;
    struct weir_safetensors *file = NULL;
    struct weir_session_start start = {
        .same_run = resume,
        .scope = {.strategy = true, .reservoir = true, .validation = true},
        .lineage = "",
    };
    struct stopper stopper = {.when = when};
    pthread_t thread;
    uint64_t step;
    alarm(200);
    *o = (struct outcome){0};
    ok(weir_topology_from_synthetic(session_machine, &topology));
    if (resume && weir_checkpoint_open_newest(dir, &file, &step) < 0) {
        assert_int_equal(weir_err_code(), ENOENT);
        start.same_run = false;
    }
    start.checkpoint = file;
    ok(weir_session_create(cfg, dir, &topology, &start, &stopper.session));
    if (session_solver)
        stopper.session->run->solver = session_solver;
    if (session_moves) {
        struct weir_moves *m = &stopper.session->trainer->moves;
        m->next = session_moves;
        m->window_ns = m->window_steps = 0;
    }
    if (when.step)
        pthread_create(&thread, NULL, stopper_thread, &stopper);
    o->rc = weir_session_run(stopper.session, session_watch, NULL, 1000);
    atomic_store(&stopper.over, true);
    if (when.step)
        pthread_join(thread, NULL);
    session_read(stopper.session, o);
    weir_session_destroy(stopper.session);
    if (file)
        weir_safetensors_close(file);
    weir_topology_free(&topology);
    weir_config_free(cfg);
    alarm(0);
}

/** From beginning to end without files. */
static inline void session_whole(const char *const *set, struct outcome *o)
{
    session_play(set, NULL, false, (struct interruption){0}, o);
    if (o->rc)
        fail_msg("the run failed: %s", weir_err_message());
}

/**
 * Each simulation is there once, and every sample came exactly once. One whose
 * samples are all in may still be claimed or, after a resume, open again.
 */
static inline void ledger_is_exact(const struct outcome *o, bool to_the_end)
{
    uint32_t done = 0, failed = 0;
    uint64_t delivered = 0;
    for (uint32_t id = 0; id < o->cells; id++) {
        done += o->state[id] == WEIR_CELL_DONE;
        failed += o->state[id] == WEIR_CELL_FAILED;
        delivered += o->delivered[id];
        assert_true(o->delivered[id] <= o->samples);
        if (o->state[id] == WEIR_CELL_DONE)
            assert_int_equal(o->delivered[id], o->samples);
        if (o->delivered[id] == o->samples)
            assert_true(o->state[id] != WEIR_CELL_FAILED);
    }
    assert_int_equal(done, o->finished);
    assert_int_equal(failed, o->failed);
    assert_int_equal(o->totals.refused, 0);
    if (!to_the_end)
        return;
    assert_int_equal(done, o->budget);
    assert_int_equal(o->cells, o->budget + failed);
    assert_int_equal(delivered, o->totals.accepted);
}

static inline void same_weights(const struct outcome *a,
                                const struct outcome *b)
{
    assert_int_equal(a->steps, b->steps);
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->weights, b->weights, a->n * sizeof(float));
}

/** The same parameters were simulated, with the same result. */
static inline void same_simulations(const struct outcome *a,
                                    const struct outcome *b)
{
    assert_int_equal(a->cells, b->cells);
    assert_memory_equal(a->state, b->state, a->cells);
    assert_memory_equal(a->delivered, b->delivered,
                        a->cells * sizeof(*a->delivered));
    assert_memory_equal(a->value, b->value,
                        (size_t)a->cells * a->dims * sizeof(double));
}

#endif
