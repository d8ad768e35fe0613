/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/session/session.h"

#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "nn/registry.h"
#include "pipeline/record/restore.h"
#include "pipeline/run/telemetry.h"
#include "pipeline/stages/intake.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* ---- wiring ---- */

static void generation_is_out(void *ctx, const struct weir_generation *g)
{
    struct weir_session *s = ctx;
    if (s->recorder)
        weir_recorder_push_generation(s->recorder, g);
}

static void cut_is_ready(void *ctx, struct weir_cut *cut)
{
    struct weir_session *s = ctx;
    weir_recorder_count_generations(s->recorder, cut->rows);
    weir_checkpointer_post(s->checkpointer, cut);
}

/* ---- creation ---- */

static void warn_of_pairing(const struct weir_run *run)
{
    const struct weir_model_ops *model = weir_model_find(run->cfg->model.name);
    if (model && model->is_local && run->info.global_term)
        weir_log_warn("run", "model %s is local and cannot learn solver %s: %s",
                      model->name, run->solver->name, run->info.global_term);
}

/* What does not depend on where the session takes up. */
static int create_stages(struct weir_session *s, const struct weir_config *cfg,
                         const char *dir, struct weir_topology *topology)
{
    struct weir_acquisition_hooks hooks = {
        .ctx = s,
        .generation = generation_is_out,
        .cut = cut_is_ready,
    };
    int rc = weir_run_create(cfg, dir, topology, &s->run);
    if (rc == 0)
        warn_of_pairing(s->run);
    rc = rc ? rc : weir_acquisition_create(s->run, &hooks, &s->acquisition);
    rc = rc ? rc : weir_trainer_create(s->run, s->acquisition, &s->trainer);
    return rc ? rc : weir_solver_stage_create(s->run, &s->solvers);
}

static int create_files(struct weir_session *s, const uint64_t *rows)
{
    int rc = weir_recorder_create(s->run, rows, &s->recorder);
    rc = rc ? rc
            : weir_checkpointer_create(s->run, s->trainer, s->recorder,
                                       &s->checkpointer);
    s->trainer->recorder = s->recorder;
    s->trainer->checkpointer = s->checkpointer;
    return rc;
}

/* A viewer gets the statistics, and no way to change them. */
static enum weir_socket_fate show(void *ctx,
                                  const struct weir_socket_call *call)
{
    const struct weir_run *run = ctx;
    struct weir_handover m = weir_handover_make(WEIR_HANDOVER_VIEW);
    if (weir_handover_send(call->socket, &m, &run->stats_memory.fd, 1)) {
        weir_err_clear();
        return WEIR_SOCKET_CLOSE;
    }
    weir_telemetry_sample(ctx);
    return WEIR_SOCKET_STAY;
}

/* A run without a socket is a run all the same. */
static void open_socket(struct weir_session *s)
{
    int rc = weir_mapping_seal(&s->run->stats_memory, true);
    rc = rc ? rc : weir_socket_create(s->run, &s->socket);
    if (rc == 0) {
        weir_mapping_publish(&s->run->stats_memory);
        weir_socket_serve(s->socket, WEIR_HANDOVER_VIEW, show, s->run);
        weir_socket_tick(s->socket, weir_telemetry_sample, s->run);
        return;
    }
    weir_log_warn("socket", "%s; other programs cannot reach this run",
                  weir_err_message());
    weir_err_clear();
    weir_socket_destroy(s->socket);
    s->socket = NULL;
}

static int take_up(struct weir_session *s,
                   const struct weir_session_start *start, uint64_t *rows)
{
    int rc = 0;
    s->run->lineage = start->lineage;
    if (start->checkpoint)
        rc = weir_restore(start->checkpoint, s->run, s->trainer, s->acquisition,
                          &start->scope, rows);
    s->first_step = s->trainer->step;
    /* Anew, the whole budget; continued, what a larger budget adds. */
    return rc ? rc : weir_acquisition_design(s->acquisition);
}

int weir_session_create(const struct weir_config *cfg, const char *dir,
                        struct weir_topology *topology,
                        const struct weir_session_start *start,
                        struct weir_session **out)
{
    uint64_t rows[WEIR_CUT_TABLES] = {0};
    struct weir_session *s = weir_array(1, sizeof(*s));
    if (!s)
        return WEIR_FAIL(ENOMEM, "session");
    *out = s;
    int rc = create_stages(s, cfg, dir, topology);
    rc = rc ? rc : take_up(s, start, rows);
    if (rc == 0 && dir)
        rc =
            create_files(s, start->checkpoint && start->same_run ? rows : NULL);
    if (rc == 0 && dir)
        open_socket(s);
    return rc;
}

void weir_session_destroy(struct weir_session *s)
{
    if (!s)
        return;
    weir_socket_destroy(s->socket);
    weir_checkpointer_destroy(s->checkpointer);
    weir_recorder_destroy(s->recorder);
    weir_solver_stage_destroy(s->solvers);
    weir_trainer_destroy(s->trainer);
    weir_acquisition_destroy(s->acquisition);
    weir_run_destroy(s->run);
    free(s);
}

/* ---- running ---- */

static int start_stages(struct weir_session *s)
{
    int rc = s->recorder ? weir_recorder_start(s->recorder) : 0;
    if (rc == 0 && s->socket)
        rc = weir_socket_start(s->socket);
    if (rc == 0 && s->checkpointer)
        rc = weir_checkpointer_start(s->checkpointer);
    if (rc == 0 && !weir_run_is_lockstep(s->run))
        rc = weir_acquisition_start(s->acquisition);
    rc = rc ? rc : weir_solver_stage_start(s->solvers);
    return rc ? rc : weir_trainer_start(s->trainer);
}

/* Watch until the trainer's threads are gone. */
static void watch_over(struct weir_session *s, weir_session_watch_fn *watch,
                       void *ctx, double seconds)
{
    int64_t period = (int64_t)(seconds * 1e9);
    int64_t next = weir_now_ns() + period;
    while (!weir_trainer_try_join(s->trainer, 100000000)) {
        if (weir_now_ns() < next)
            continue;
        watch(ctx, s);
        next += period;
    }
}

/* In the order of the water: nobody is left waiting for one that has ended. */
static void join_stages(struct weir_session *s)
{
    weir_stop_request(&s->run->stop, WEIR_STOP_DONE);
    weir_solver_stage_join(s->solvers);
    weir_acquisition_join(s->acquisition);
    if (s->checkpointer)
        weir_checkpointer_join(s->checkpointer);
}

/* Every latency of all its threads together, and one that only the reservoir
 * knows. @p merged has room for all. */
static size_t list_histograms(struct weir_session *s, struct weir_hist *merged,
                              struct weir_named_hist *out)
{
    struct weir_intake *in = weir_boundary_intake(s->trainer->boundary);
    size_t n = 0;
    for (enum weir_metric m = 0; m < WEIR_METRIC_COUNT; m++, n++) {
        weir_telemetry_merge(s->run, m, &merged[n]);
        out[n] = (struct weir_named_hist){weir_metric_name(m), &merged[n]};
    }
    weir_reservoir_view_histogram(in->reservoir, true, &merged[n]);
    out[n] = (struct weir_named_hist){"views_per_sample", &merged[n]};
    return n + 1;
}

static void finish_record(struct weir_session *s)
{
    struct weir_trainer *t = s->trainer;
    struct weir_named_hist list[WEIR_METRIC_COUNT + 1];
    struct weir_hist *merged =
        weir_array(WEIR_METRIC_COUNT + 1, sizeof(*merged));
    struct weir_evaluation_row test = {
        .step = t->validated ? t->best_step : t->step,
        .time = weir_run_seconds(s->run, weir_now_ns()),
        .seconds = (double)t->times.test * 1e-9,
        .e = t->test_result,
    };
    size_t n = merged ? list_histograms(s, merged, list) : 0;
    weir_recorder_finish(s->recorder, t->tested ? &test : NULL, list, n,
                         (int)weir_session_ending(s));
    free(merged);
}

static int outcome(struct weir_session *s)
{
    if (!weir_stop_has_error(&s->run->stop))
        return 0;
    return weir_err_import(&s->run->stop.error);
}

int weir_session_run(struct weir_session *s, weir_session_watch_fn *watch,
                     void *ctx, double seconds)
{
    s->began_ns = weir_now_ns();
    s->run->cpu_from_ns += weir_process_cpu_ns();
    int rc = start_stages(s);
    if (rc) {
        weir_stop_fail(&s->run->stop);
        weir_run_ring_lanes(s->run);
        weir_doorbell_ring(s->run->trainer_bell);
    }
    watch_over(s, watch, ctx, seconds);
    join_stages(s);
    s->cpu_ns = weir_run_cpu_ns(s->run);
    if (s->recorder)
        finish_record(s);
    weir_telemetry_sample(s->run);
    weir_stats_end(s->run->stats, (uint32_t)weir_session_ending(s),
                   weir_now_ns());
    weir_socket_stop(s->socket);
    return outcome(s);
}

enum weir_ending weir_session_ending(const struct weir_session *s)
{
    return weir_boundary_ending(s->trainer->boundary);
}
