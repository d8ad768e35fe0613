/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/record/recorder.h"

#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "pipeline/record/record_tables.h"
#include "pipeline/run/probe.h"
#include "pipeline/run/telemetry.h"
#include "pipeline/stages/boundary.h"
#include "pipeline/stages/cut.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RING_ROWS 4096
#define FLUSH_NS  1000000000
#define LOOK_NS   100000000

_Static_assert(WEIR_RECORD_TABLES <= WEIR_CUT_TABLES,
               "a cut counts the rows of every table");

struct weir_recorder {
    struct weir_run *run;
    struct weir_runfile *file;
    struct weir_record_tables *tables;
    pthread_t thread;
    bool started, said;
    struct weir_ring *train, *validation, *generation, *allocation;
    /* pushed, by their producers */
    uint64_t trained, validated, generations, allocated;
    unsigned char *seen; /* last row written of each simulation */
    unsigned char *row;  /* scratch for one simulation */
    uint64_t rows[WEIR_CUT_TABLES];
    _Atomic uint32_t wanted, flushed, over; /* Z1 .. Z6 */
};

/* ---- creation ---- */

static struct weir_ring *make_ring(size_t row_bytes)
{
    struct weir_ring *ring =
        weir_array(1, weir_ring_bytes(RING_ROWS, row_bytes));
    if (ring)
        weir_ring_init(ring, RING_ROWS, row_bytes);
    return ring;
}

static int allocate(struct weir_recorder *r)
{
    size_t bytes = weir_record_simulation_bytes(r->run);
    r->train = make_ring(sizeof(struct weir_train_row));
    r->validation = make_ring(sizeof(struct weir_evaluation_row));
    r->generation = make_ring(sizeof(struct weir_generation_row));
    r->allocation = make_ring(sizeof(struct weir_allocation_row));
    r->seen = weir_array(r->run->table->capacity, bytes);
    r->row = weir_array(1, bytes);
    if (!r->train || !r->validation || !r->generation || !r->allocation ||
        !r->seen || !r->row)
        return WEIR_FAIL(ENOMEM, "recorder");
    return 0;
}

/* A record that cannot be continued is kept aside; training is worth more. */
static int start_anew(struct weir_recorder *r, const char *path,
                      const struct weir_text *text, size_t n)
{
    char aside[PATH_MAX + 16];
    snprintf(aside, sizeof(aside), "%s.damaged", path);
    bool kept = rename(path, aside) == 0;
    weir_log_warn("recorder", "%s%s%s; a new record begins", weir_err_message(),
                  kept ? "; kept as " : "", kept ? aside : "");
    weir_err_clear();
    memset(r->rows, 0, sizeof(r->rows));
    return weir_runfile_create(path, weir_record_declarations(r->tables),
                               WEIR_RECORD_TABLES, text, n, &r->file);
}

static int open_file(struct weir_recorder *r, const uint64_t *rows)
{
    char path[PATH_MAX];
    struct weir_text text[WEIR_RECORD_TEXTS];
    size_t n = weir_record_texts(r->tables, text);
    snprintf(path, sizeof(path), "%s/run.h5", r->run->dir);
    const struct weir_runfile_table *t = weir_record_declarations(r->tables);
    if (!rows)
        return weir_runfile_create(path, t, WEIR_RECORD_TABLES, text, n,
                                   &r->file);
    memcpy(r->rows, rows, sizeof(r->rows));
    int rc = weir_runfile_resume(path, t, WEIR_RECORD_TABLES, text, n, r->rows,
                                 &r->file);
    if (rc == -ENOENT || rc == -WEIR_ECORRUPT)
        rc = start_anew(r, path, text, n);
    r->trained = r->rows[WEIR_RECORD_TRAIN];
    r->validated = r->rows[WEIR_RECORD_VALIDATION];
    r->generations = r->rows[WEIR_RECORD_GENERATIONS];
    r->allocated = r->rows[WEIR_RECORD_ALLOCATION];
    return rc;
}

int weir_recorder_create(struct weir_run *run, const uint64_t *rows,
                         struct weir_recorder **out)
{
    struct weir_recorder *r = weir_array(1, sizeof(*r));
    if (!r)
        return WEIR_FAIL(ENOMEM, "recorder");
    *out = r;
    r->run = run;
    int rc = weir_record_tables_create(run, &r->tables);
    rc = rc ? rc : allocate(r);
    return rc ? rc : open_file(r, rows);
}

void weir_recorder_destroy(struct weir_recorder *r)
{
    if (!r)
        return;
    weir_runfile_close(r->file, WEIR_ENDING_FAILED);
    weir_record_tables_destroy(r->tables);
    free(r->train);
    free(r->validation);
    free(r->generation);
    free(r->allocation);
    free(r->seen);
    free(r->row);
    free(r);
}

/* ---- producers ---- */

/* The rings hold thousands of rows: a full one means a stuck disk, and the
 * record is worth a wait. */
static void push(struct weir_recorder *r, struct weir_ring *ring,
                 const void *row, size_t bytes)
{
    void *at;
    while (!(at = weir_ring_reserve(ring))) {
        weir_doorbell_ring(r->run->record_bell);
        if (weir_stop_reason(&r->run->stop) == WEIR_STOP_FAILED)
            return;
        struct timespec nap = {0, 1000000};
        nanosleep(&nap, NULL);
    }
    memcpy(at, row, bytes);
    weir_ring_commit(ring);
    /* Half full: wake it; otherwise it comes by itself once a second. */
    if (weir_ring_count(ring) == RING_ROWS / 2)
        weir_doorbell_ring(r->run->record_bell);
}

void weir_recorder_push_train(struct weir_recorder *r,
                              const struct weir_train_row *row)
{
    WEIR_HOP(row_push, row->step, 0, 0);
    push(r, r->train, row, sizeof(*row));
    r->trained++;
}

void weir_recorder_push_validation(struct weir_recorder *r,
                                   const struct weir_evaluation_row *row)
{
    push(r, r->validation, row, sizeof(*row));
    r->validated++;
}

void weir_recorder_push_allocation(struct weir_recorder *r,
                                   const struct weir_allocation_row *row)
{
    push(r, r->allocation, row, sizeof(*row));
    r->allocated++;
}

void weir_recorder_push_generation(struct weir_recorder *r,
                                   const struct weir_generation *g)
{
    struct weir_generation_row row = {
        .generation = g->number,
        .batch = g->batch,
        .time = weir_run_seconds(r->run, g->done_ns),
        .latency = (double)(g->done_ns - g->cause_ns) * 1e-9,
        .proposals = g->proposals,
        .bred = g->bred,
        .missed = g->missed,
        .effective = g->effective,
        .cpu = (double)g->cpu_ns * 1e-9,
    };
    push(r, r->generation, &row, sizeof(row));
    r->generations++;
}

void weir_recorder_counts(const struct weir_recorder *r, uint64_t *rows)
{
    rows[WEIR_RECORD_TRAIN] = r->trained;
    rows[WEIR_RECORD_VALIDATION] = r->validated;
    rows[WEIR_RECORD_ALLOCATION] = r->allocated;
    /* The rest is written again from the ledger, or only at the end. */
}

void weir_recorder_count_generations(const struct weir_recorder *r,
                                     uint64_t *rows)
{
    rows[WEIR_RECORD_GENERATIONS] = r->generations;
}

/* ---- the thread ---- */

static void say_failure(struct weir_recorder *r, int rc)
{
    if (rc == 0 || r->said)
        return;
    weir_log(WEIR_LOG_ERROR, "recorder",
             "%s; run.h5 ends here, training goes on", weir_err_message());
    weir_err_clear();
    r->said = true;
}

static void drain(struct weir_recorder *r, struct weir_ring *ring, size_t table)
{
    const void *row;
    while ((row = weir_ring_peek(ring))) {
        say_failure(r, weir_runfile_append(r->file, table, row, 1));
        weir_ring_release(ring);
    }
}

/* Rewrite the rows of the simulations that have changed since the last look. */
static void sweep(struct weir_recorder *r)
{
    size_t bytes = weir_record_simulation_bytes(r->run);
    uint32_t n = weir_table_count(r->run->table);
    for (uint32_t id = 0; id < n; id++) {
        struct weir_cell_view cell;
        weir_table_read(r->run->table, id, &cell);
        /* Parameters of an open cell may change under us. */
        if (cell.state == WEIR_CELL_OPEN)
            continue;
        weir_record_simulation(r->run, id, &cell, r->row);
        if (!memcmp(r->row, r->seen + id * bytes, bytes))
            continue;
        memcpy(r->seen + id * bytes, r->row, bytes);
        say_failure(r, weir_runfile_put(r->file, WEIR_RECORD_SIMULATIONS, id,
                                        r->row, 1));
    }
}

/* How old the oldest step is that run.h5 does not hold yet. */
static void note_lag(const struct weir_recorder *r)
{
    const struct weir_train_row *row = weir_ring_peek(r->train);
    if (!row)
        return;
    WEIR_HOP(row_append, row->step, 0, 0);
    double now = weir_run_seconds(r->run, weir_now_ns());
    weir_hist_record(weir_telemetry_hist(r->run, WEIR_METRIC_RECORDER_LAG, 0),
                     (int64_t)((now - row->time) * 1e9));
}

static void drain_all(struct weir_recorder *r)
{
    uint64_t rows = weir_ring_count(r->train);
    WEIR_BEGIN(record, rows, 0);
    note_lag(r);
    drain(r, r->train, WEIR_RECORD_TRAIN);
    drain(r, r->validation, WEIR_RECORD_VALIDATION);
    drain(r, r->generation, WEIR_RECORD_GENERATIONS);
    drain(r, r->allocation, WEIR_RECORD_ALLOCATION);
    sweep(r);
    WEIR_END(record, rows, 0);
}

/* Serve a checkpoint that names row counts: they must be on disk first. */
static void serve_sync(struct weir_recorder *r)
{
    uint32_t wanted =
        atomic_load_explicit(&r->wanted, memory_order_acquire); /* Z2 */
    uint32_t flushed =
        atomic_load_explicit(&r->flushed, memory_order_relaxed); /* Z3 */
    if (wanted == flushed)
        return;
    drain_all(r);
    say_failure(r, weir_runfile_sync(r->file));
    atomic_store_explicit(&r->flushed, wanted, memory_order_release); /* Z3 */
    weir_doorbell_ring(r->run->checkpoint_bell);
}

static bool has_work(void *ctx)
{
    struct weir_recorder *r = ctx;
    return atomic_load_explicit(&r->wanted, memory_order_acquire) != /* Z2 */
               atomic_load_explicit(&r->flushed,
                                    memory_order_relaxed) ||       /* Z3 */
           atomic_load_explicit(&r->over, memory_order_acquire) || /* Z6 */
           weir_ring_count(r->train) >= RING_ROWS / 2;
}

static void *recorder_thread(void *arg)
{
    struct weir_recorder *r = arg;
    weir_run_enter(r->run, &r->run->plan.service[WEIR_SERVICE_RECORDER],
                   "weir-recorder");
    for (;;) {
        bool over =
            atomic_load_explicit(&r->over, memory_order_acquire); /* Z6 */
        drain_all(r);
        serve_sync(r);
        say_failure(r, weir_runfile_flush(r->file));
        if (over)
            return NULL;
        weir_doorbell_wait(r->run->record_bell, has_work, r, FLUSH_NS);
    }
}

int weir_recorder_start(struct weir_recorder *r)
{
    int rc = pthread_create(&r->thread, NULL, recorder_thread, r);
    if (rc)
        return WEIR_FAIL(rc, "recorder thread");
    r->started = true;
    return 0;
}

static bool is_flushed(void *ctx)
{
    struct weir_recorder *r = ctx;
    return atomic_load_explicit(&r->flushed, memory_order_acquire) == /* Z4 */
           atomic_load_explicit(&r->wanted, memory_order_relaxed);    /* Z1 */
}

int weir_recorder_sync(struct weir_recorder *r)
{

    uint32_t wanted =
        atomic_load_explicit(&r->wanted, memory_order_relaxed) + 1;  /* Z1 */
    atomic_store_explicit(&r->wanted, wanted, memory_order_release); /* Z1 */
    weir_doorbell_ring(r->run->record_bell);
    while (weir_doorbell_wait(r->run->checkpoint_bell, is_flushed, r, LOOK_NS))
        if (weir_stop_reason(&r->run->stop) == WEIR_STOP_FAILED)
            return WEIR_FAIL(ECANCELED, "run.h5");
    return 0;
}

/* ---- the end ---- */

static int write_histograms(struct weir_recorder *r,
                            const struct weir_named_hist *hist, size_t n)
{
    int rc = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; rc == 0 && k < WEIR_HIST_BUCKETS; k++) {
            struct weir_histogram_row row = {
                .lower = weir_hist_lower(k),
                .count = weir_hist_bucket(hist[i].hist, k),
            };
            if (row.count == 0)
                continue;
            snprintf(row.name, sizeof(row.name), "%s", hist[i].name);
            rc = weir_runfile_append(r->file, WEIR_RECORD_HISTOGRAMS, &row, 1);
        }
    return rc;
}

int weir_recorder_finish(struct weir_recorder *r,
                         const struct weir_evaluation_row *test,
                         const struct weir_named_hist *hist, size_t n,
                         int status)
{
    atomic_store_explicit(&r->over, 1, memory_order_release); /* Z5 */
    weir_doorbell_ring(r->run->record_bell);
    if (r->started)
        pthread_join(r->thread, NULL);
    r->started = false;
    int rc = test ? weir_runfile_append(r->file, WEIR_RECORD_TEST, test, 1) : 0;
    rc = rc ? rc : write_histograms(r, hist, n);
    int closed = weir_runfile_close(r->file, status);
    r->file = NULL;
    say_failure(r, rc ? rc : closed);
    return rc ? rc : closed;
}
