/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/record/checkpointer.h"

#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "io/checkpoint_writer.h"
#include "pipeline/record/checkpoint_state.h"
#include "pipeline/record/recorder.h"
#include "pipeline/run/probe.h"
#include "pipeline/run/telemetry.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_NS 100000000
#define LOOK_NS 20000000

struct weir_checkpointer {
    struct weir_run *run;
    struct weir_trainer *trainer;
    struct weir_recorder *recorder;
    struct weir_checkpoint_writer *writer;
    struct weir_checkpoint_state *state; /* plain copies, kept between writes */
    pthread_t thread;
    bool started;
    _Atomic(struct weir_cut *) posted; /* Y1 .. Y4 */
    _Atomic uint32_t busy, copied;     /* Y3, Y4 */
    _Atomic uint32_t over;             /* Y1, Y2 */
    _Atomic int last_error;            /* Y3, Y4 */
};

int weir_checkpointer_create(struct weir_run *run, struct weir_trainer *t,
                             struct weir_recorder *recorder,
                             struct weir_checkpointer **out)
{
    struct weir_checkpointer *c = weir_array(1, sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "checkpointer");
    *out = c;
    c->run = run;
    c->trainer = t;
    c->recorder = recorder;
    atomic_init(&c->copied, 1);
    struct weir_checkpoint_options o = {
        .dir = run->dir,
        .keep = run->cfg->checkpoint.keep,
    };
    int rc = weir_checkpoint_writer_create(&o, &c->writer);
    return rc ? rc : weir_checkpoint_state_create(run, t, &c->state);
}

void weir_checkpointer_destroy(struct weir_checkpointer *c)
{
    if (!c)
        return;
    weir_cut_destroy(c->posted);
    weir_checkpoint_writer_destroy(c->writer);
    weir_checkpoint_state_destroy(c->state);
    free(c);
}

bool weir_checkpointer_is_busy(const struct weir_checkpointer *c)
{
    return atomic_load_explicit(&c->busy, memory_order_acquire); /* Y4 */
}

bool weir_checkpointer_has_copied(const struct weir_checkpointer *c)
{
    return atomic_load_explicit(&c->copied, memory_order_acquire); /* Y4 */
}

int weir_checkpointer_last_error(const struct weir_checkpointer *c)
{
    return atomic_load_explicit(&c->last_error, memory_order_acquire); /* Y4 */
}

void weir_checkpointer_begin(struct weir_checkpointer *c)
{
    atomic_store_explicit(&c->copied, 0, memory_order_release); /* Y3 */
    atomic_store_explicit(&c->busy, 1, memory_order_release);   /* Y3 */
}

void weir_checkpointer_post(struct weir_checkpointer *c, struct weir_cut *cut)
{
    atomic_store_explicit(&c->posted, cut, memory_order_release); /* Y1 */
    weir_doorbell_ring(c->run->checkpoint_bell);
}

static bool has_work(void *ctx)
{
    struct weir_checkpointer *c = ctx;
    return atomic_load_explicit(&c->posted, memory_order_acquire) || /* Y2 */
           atomic_load_explicit(&c->over, memory_order_acquire);     /* Y2 */
}

static bool copied_or_failed(void *ctx)
{
    struct weir_checkpointer *c = ctx;
    return weir_checkpointer_has_copied(c) ||
           weir_stop_reason(&c->run->stop) == WEIR_STOP_FAILED;
}

static bool idle_or_failed(void *ctx)
{
    struct weir_checkpointer *c = ctx;
    return !weir_checkpointer_is_busy(c) ||
           weir_stop_reason(&c->run->stop) == WEIR_STOP_FAILED;
}

void weir_checkpointer_wait(struct weir_checkpointer *c, bool whole)
{
    weir_ready_fn *done = whole ? idle_or_failed : copied_or_failed;
    while (!done(c))
        weir_doorbell_wait(c->run->trainer_bell, done, c, LOOK_NS);
}

/* The trainer may change its memory again. */
static void let_go(struct weir_checkpointer *c)
{
    weir_weights_release(&c->trainer->weights);
    atomic_store_explicit(&c->copied, 1, memory_order_release); /* Y3 */
    weir_doorbell_ring(c->run->trainer_bell);
}

static void note_success(struct weir_checkpointer *c,
                         const struct weir_cut *cut,
                         const struct weir_checkpoint_report *report)
{
    weir_hist_record(weir_telemetry_hist(c->run, WEIR_METRIC_WRITE, 0),
                     report->total_ns);
    weir_counter_set(c->run->count.checkpoint_step, (int64_t)cut->step);
    weir_counter_set(c->run->count.checkpoint_ns, weir_now_ns());
    weir_log_debug("checkpoint", "step %llu: %.1f MiB in %.1f ms (%s)",
                   (unsigned long long)cut->step,
                   (double)report->bytes / 0x1p20,
                   (double)report->total_ns * 1e-6, report->method);
}

static int take_cut(struct weir_checkpointer *c, const struct weir_cut *cut)
{
    int rc = weir_checkpoint_state_take(c->state, cut);
    let_go(c);
    return rc;
}

/* run.h5 must hold the rows the checkpoint names before it is declared. */
static int write_cut(struct weir_checkpointer *c, const struct weir_cut *cut)
{
    struct weir_checkpoint file;
    struct weir_checkpoint_report report;
    if (weir_recorder_sync(c->recorder))
        weir_err_clear(); /* said by the recorder; training goes on */
    weir_checkpoint_state_file(c->state, false, &file);
    int rc = weir_checkpoint_write(c->writer, &file, &report);
    if (rc)
        return rc;
    note_success(c, cut, &report);
    return 0;
}

static int write_best(struct weir_checkpointer *c)
{
    struct weir_checkpoint file;
    struct weir_checkpoint_report report;
    if (!weir_checkpoint_state_best_is_new(c->state))
        return 0;
    weir_checkpoint_state_file(c->state, true, &file);
    int rc = weir_checkpoint_write(c->writer, &file, &report);
    if (rc == 0)
        weir_checkpoint_state_note_best(c->state);
    return rc;
}

static void say_failure(const char *what, uint64_t step)
{
    weir_log(WEIR_LOG_ERROR, "checkpoint",
             "%s %llu was not saved: %s; what was saved before stays", what,
             (unsigned long long)step, weir_err_message());
    weir_err_clear();
}

/* The best weights are small: there may be room for them when there is none
 * for the rest. */
static void save_best(struct weir_checkpointer *c, const struct weir_cut *cut,
                      bool alone)
{
    bool is_new = weir_checkpoint_state_best_is_new(c->state);
    int rc = write_best(c);
    if (rc && !alone)
        say_failure("best.safetensors of step", cut->best_step);
    if (rc)
        weir_err_clear();
    else if (alone && is_new)
        weir_log_info("checkpoint", "the best weights, of step %llu, are saved",
                      (unsigned long long)cut->best_step);
}

/* A checkpoint that cannot be written does not end a run that is well. */
static void serve(struct weir_checkpointer *c, struct weir_cut *cut)
{
    uint64_t step = cut->step;
    WEIR_BEGIN(checkpoint, step, 0);
    WEIR_HOP(checkpoint_take, step, 0, 0);
    int taken = take_cut(c, cut), rc = taken ? taken : write_cut(c, cut);
    if (rc)
        say_failure("step", cut->step);
    if (taken == 0)
        save_best(c, cut, rc != 0);
    WEIR_END(checkpoint, step, 0);
    weir_cut_destroy(cut);
    atomic_store_explicit(&c->last_error, rc, memory_order_release); /* Y3 */
    atomic_store_explicit(&c->posted, NULL, memory_order_release);   /* Y3 */
    atomic_store_explicit(&c->busy, 0, memory_order_release);        /* Y3 */
    weir_doorbell_ring(c->run->trainer_bell);
}

static void *checkpointer_thread(void *arg)
{
    struct weir_checkpointer *c = arg;
    weir_run_enter(c->run, &c->run->plan.service[WEIR_SERVICE_CHECKPOINTER],
                   "weir-checkpoint");
    for (;;) {
        bool over =
            atomic_load_explicit(&c->over, memory_order_acquire); /* Y2 */
        struct weir_cut *cut =
            atomic_load_explicit(&c->posted, memory_order_acquire); /* Y2 */
        if (cut)
            serve(c, cut);
        else if (over)
            return NULL;
        else
            weir_doorbell_wait(c->run->checkpoint_bell, has_work, c, IDLE_NS);
    }
}

int weir_checkpointer_start(struct weir_checkpointer *c)
{
    int rc = pthread_create(&c->thread, NULL, checkpointer_thread, c);
    if (rc)
        return WEIR_FAIL(rc, "checkpointer thread");
    c->started = true;
    return 0;
}

void weir_checkpointer_join(struct weir_checkpointer *c)
{
    atomic_store_explicit(&c->over, 1, memory_order_release); /* Y1 */
    weir_doorbell_ring(c->run->checkpoint_bell);
    if (c->started)
        pthread_join(c->thread, NULL);
    c->started = false;
}
