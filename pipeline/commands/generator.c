/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/generator.h"

#include "base/err.h"
#include "base/heap.h"
#include "base/log.h"
#include "pipeline/clients/external.h"
#include "pipeline/clients/stop.h"
#include "topo/apply.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BLOCK_BYTES  ((size_t)1 << 20)
#define REDRAWS_TOLD 5 /* one by one; the rest are counted */

struct worker {
    pthread_t thread;
    struct weir_generator *g;
    void *lane;
    double *value; /* parameters, or the initial field */
    void *frame;   /* (channels, points) */
    char *block;   /* (channels, block_frames, points) */
    bool started;
};

struct weir_generator {
    struct weir_generator_setup s;
    struct weir_stop stop;
    size_t number_bytes, points; /* of a frame's number; per channel */
    uint32_t block_frames;
    struct worker *worker;

    pthread_mutex_t lock;
    pthread_cond_t ended;
    int running;
    uint64_t next;
    struct weir_generator_progress progress;
};

/* ---- frames ------------------------------------------------------------------ */

static bool is_finite(const struct weir_generator *g, const void *frame)
{
    size_t n = g->points * (size_t)g->s.info->shape.channels;
    const double *wide = frame;
    const float *narrow = frame;
    double sum = 0; /* 0 x finite is 0, 0 x anything else is not */
    for (size_t i = 0; i < n; i++)
        sum += 0 * (g->s.keep_double ? wide[i] : (double)narrow[i]);
    return sum == 0;
}

static int write_block(struct worker *w, uint64_t i, uint32_t first, uint32_t n)
{
    struct weir_generator *g = w->g;
    size_t stride = g->block_frames * g->points * g->number_bytes;
    int rc = 0;
    for (int c = 0; rc == 0 && c < g->s.info->shape.channels; c++)
        rc = weir_dataset_write(g->s.dataset, c, i, first, n,
                                w->block + (size_t)c * stride);
    return rc;
}

/* Take frame @p t into the block; write the block when it is full. */
static int take_frame(struct worker *w, uint64_t i, uint32_t t)
{
    struct weir_generator *g = w->g;
    size_t bytes = g->points * g->number_bytes;
    uint32_t at = t % g->block_frames;
    int rc = 0;
    if (g->s.keep_double)
        g->s.solver->frame_double(w->lane, w->frame);
    else
        rc = weir_solver_take_frame(g->s.solver, w->lane, w->frame);
    if (rc)
        return rc;
    if (!is_finite(g, w->frame))
        return WEIR_FAIL(WEIR_EDIVERGED,
                         "the frame at step %u (t = %g) is not finite", t,
                         t * g->s.info->dt);
    for (int c = 0; c < g->s.info->shape.channels; c++)
        memcpy(w->block + ((size_t)c * g->block_frames + at) * bytes,
               (char *)w->frame + (size_t)c * bytes, bytes);
    if (at + 1 < g->block_frames && t + 1 < g->s.frames)
        return 0;
    return write_block(w, i, t - at, at + 1);
}

/* ---- trajectories ------------------------------------------------------------ */

static int start(struct worker *w, uint64_t i, uint32_t attempt)
{
    const struct weir_generator_setup *s = &w->g->s;
    if (s->solver->announce)
        s->solver->announce(w->lane, (uint32_t)i, attempt);
    if (!weir_starts_are_fields(s->starts)) {
        weir_starts_draw(s->starts, i, attempt, w->value);
        return s->solver->start(w->lane, w->value);
    }
    int rc = weir_starts_field(s->starts, i, w->value);
    return rc ? rc : s->solver->start_field(w->lane, w->value);
}

/* @return 0 written, 1 told to end, < 0 */
static int simulate(struct worker *w, uint64_t i, uint32_t attempt)
{
    struct weir_generator *g = w->g;
    int rc = start(w, i, attempt);
    for (uint32_t t = 0; rc == 0 && t < g->s.frames; t++) {
        if (weir_stop_reason(&g->stop) != WEIR_STOP_NONE)
            return 1;
        if (t > 0)
            rc = g->s.solver->step(w->lane);
        rc = rc ? rc : take_frame(w, i, t);
    }
    return rc;
}

/* A solver that was lost may do it when it is started again. */
static int simulate_through(struct worker *w, uint64_t i, uint32_t attempt)
{
    int lost = 0, rc;
    do
        rc = simulate(w, i, attempt);
    while (rc == -ECONNRESET && ++lost < w->g->s.crashes);
    return rc == -ECONNRESET ? -WEIR_EDIVERGED : rc == -ECANCELED ? 1 : rc;
}

/* What the solver said, with the trajectory in front. */
static int name_it(const struct worker *w, uint64_t i, int rc)
{
    char name[4096];
    struct weir_err_record said;
    weir_err_export(&said);
    weir_starts_name(w->g->s.starts, i, name, sizeof(name));
    WEIR_FAIL(-rc, "%.600s: %.400s", name, said.message);
    return rc;
}

/* @return 0 draw again, or < 0: that was the last time */
static int count_redraw(struct worker *w, uint64_t i)
{
    struct weir_generator *g = w->g;
    char name[64];
    pthread_mutex_lock(&g->lock);
    uint64_t redrawn = ++g->progress.redrawn;
    pthread_mutex_unlock(&g->lock);
    if (redrawn > g->s.max_redraws) {
        name_it(w, i, -WEIR_EDIVERGED);
        return weir_err_hint("%llu diverged before it: is the time step too "
                             "large, or a range too wide? "
                             "(simulations.max_redraws)",
                             (unsigned long long)(redrawn - 1));
    }
    weir_starts_name(g->s.starts, i, name, sizeof(name));
    if (redrawn <= REDRAWS_TOLD)
        weir_log_warn("generate", "%s: %s: drawn anew%s", name,
                      weir_err_message(),
                      redrawn == REDRAWS_TOLD ? " (others are counted)" : "");
    weir_err_clear();
    return 0;
}

static int run_trajectory(struct worker *w, uint64_t i)
{
    struct weir_generator *g = w->g;
    uint32_t attempt = 1;
    int rc;
    while ((rc = simulate_through(w, i, attempt)) == -WEIR_EDIVERGED &&
           weir_starts_can_redraw(g->s.starts)) {
        rc = count_redraw(w, i);
        if (rc)
            return rc;
        attempt++;
    }
    if (rc == -WEIR_EDIVERGED || rc == -EINVAL)
        return name_it(w, i, rc);
    if (rc == 0 && attempt > 1)
        rc = weir_dataset_parameters(g->s.dataset, i, w->value);
    if (rc == 0)
        weir_dataset_mark(g->s.dataset, i, attempt);
    return rc;
}

/* ---- threads ----------------------------------------------------------------- */

/* @return whether there is a trajectory to run */
static bool take_next(struct weir_generator *g, uint64_t *i)
{
    pthread_mutex_lock(&g->lock);
    while (g->next < g->progress.of &&
           weir_dataset_attempts(g->s.dataset, g->next))
        g->next++;
    *i = g->next++;
    pthread_mutex_unlock(&g->lock);
    return *i < g->progress.of && weir_stop_reason(&g->stop) == WEIR_STOP_NONE;
}

static void count_done(struct weir_generator *g)
{
    pthread_mutex_lock(&g->lock);
    g->progress.done++;
    g->progress.simulated++;
    g->progress.steps += g->s.frames - 1;
    pthread_mutex_unlock(&g->lock);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct weir_generator *g = w->g;
    struct weir_place anywhere = {.cpus = g->s.topology->allowed, .node = -1};
    uint64_t i;
    pthread_setname_np(pthread_self(), "weir-generate");
    weir_apply_thread(g->s.topology, &anywhere, "generate");
    int begun = g->s.solver->create(g->s.solver_config, &w->lane);
    if (begun)
        weir_stop_fail(&g->stop);
    while (begun == 0 && take_next(g, &i)) {
        int rc = run_trajectory(w, i);
        if (rc < 0)
            weir_stop_fail(&g->stop);
        if (rc)
            break;
        count_done(g);
    }
    if (w->lane)
        g->s.solver->destroy(w->lane);
    pthread_mutex_lock(&g->lock);
    g->running--;
    pthread_cond_signal(&g->ended);
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

static int prepare(struct weir_generator *g, struct worker *w)
{
    const struct weir_generator_setup *s = &g->s;
    size_t frame = weir_shape_floats(&s->info->shape);
    size_t value = weir_starts_are_fields(s->starts)
                       ? frame
                       : weir_starts_space(s->starts)->n;
    w->g = g;
    w->value = weir_array(value, sizeof(double));
    w->frame = weir_array(frame, g->number_bytes);
    w->block = weir_array(frame * g->block_frames, g->number_bytes);
    if (!w->value || !w->frame || !w->block)
        return WEIR_FAIL(ENOMEM, "generate: a thread's frames");
    return 0;
}

static int begin(struct weir_generator *g, struct worker *w)
{
    int rc = prepare(g, w);
    if (rc)
        return rc;
    g->running++; /* nobody else changes it before this thread lets go */
    rc = pthread_create(&w->thread, NULL, work, w);
    if (rc) {
        g->running--;
        return WEIR_FAIL(rc, "generate: a thread");
    }
    w->started = true;
    return 0;
}

static uint32_t frames_in_block(const struct weir_generator *g)
{
    size_t fit = BLOCK_BYTES / (g->points * g->number_bytes);
    fit = fit ? fit : 1;
    return fit < g->s.frames ? (uint32_t)fit : g->s.frames;
}

int weir_generator_threads(const struct weir_topology *topology, int wanted,
                           uint64_t trajectories)
{
    struct weir_inventory inventory = {0};
    int threads = wanted;
    if (threads == 0 && weir_inventory_take(topology, &inventory) == 0) {
        threads = inventory.cores;
        if (topology->quota > 0 && topology->quota < threads)
            threads = (int)topology->quota;
        weir_inventory_free(&inventory);
    }
    threads = threads > 1 ? threads : 1;
    return (uint64_t)threads > trajectories ? (int)trajectories : threads;
}

static int open_door(struct weir_generator *g)
{
    struct weir_external_host host = {
        .stop = &g->stop,
        .frames = g->s.frames,
        .parameters = (uint32_t)weir_starts_space(g->s.starts)->n,
    };
    return weir_is_external(g->s.solver)
               ? weir_external_open((void *)g->s.solver_config, &host)
               : 0;
}

int weir_generator_start(const struct weir_generator_setup *setup,
                         struct weir_generator **out)
{
    struct weir_generator *g = weir_array(1, sizeof(*g));
    if (!g)
        return WEIR_FAIL(ENOMEM, "generate");
    g->s = *setup;
    g->points = weir_shape_floats(&setup->info->shape) /
                (size_t)setup->info->shape.channels;
    g->number_bytes = setup->keep_double ? sizeof(double) : sizeof(float);
    g->block_frames = frames_in_block(g);
    g->progress.of = weir_starts_count(setup->starts);
    for (uint64_t i = 0; i < g->progress.of; i++)
        g->progress.done += weir_dataset_attempts(setup->dataset, i) > 0;
    weir_stop_init(&g->stop);
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->ended, NULL);
    g->worker = weir_array((size_t)setup->threads, sizeof(*g->worker));
    int rc = g->worker ? 0 : WEIR_FAIL(ENOMEM, "generate");
    rc = rc ? rc : open_door(g);
    pthread_mutex_lock(&g->lock);
    for (int i = 0; rc == 0 && i < setup->threads; i++)
        rc = begin(g, &g->worker[i]);
    pthread_mutex_unlock(&g->lock);
    if (rc) {
        weir_stop_fail(&g->stop);
        return weir_generator_finish(g);
    }
    *out = g;
    return 0;
}

bool weir_generator_wait(struct weir_generator *g, double seconds)
{
    struct timespec until;
    int rc = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    int64_t ns = until.tv_nsec + (int64_t)(seconds * 1e9);
    until.tv_sec += ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_mutex_lock(&g->lock);
    while (rc == 0 && g->running > 0)
        rc = pthread_cond_timedwait(&g->ended, &g->lock, &until);
    bool ended = g->running == 0;
    pthread_mutex_unlock(&g->lock);
    return ended;
}

void weir_generator_look(struct weir_generator *g,
                         struct weir_generator_progress *out)
{
    pthread_mutex_lock(&g->lock);
    *out = g->progress;
    pthread_mutex_unlock(&g->lock);
}

void weir_generator_interrupt(struct weir_generator *g)
{
    weir_stop_request(&g->stop, WEIR_STOP_CHECKPOINT);
}

static void release(struct weir_generator *g)
{
    for (int i = 0; g->worker && i < g->s.threads; i++) {
        free(g->worker[i].value);
        free(g->worker[i].frame);
        free(g->worker[i].block);
    }
    free(g->worker);
    pthread_cond_destroy(&g->ended);
    pthread_mutex_destroy(&g->lock);
    weir_stop_destroy(&g->stop);
    free(g);
}

int weir_generator_finish(struct weir_generator *g)
{
    int rc = 0;
    if (!g)
        return 0;
    for (int i = 0; g->worker && i < g->s.threads; i++)
        if (g->worker[i].started)
            pthread_join(g->worker[i].thread, NULL);
    enum weir_stop_reason reason = weir_stop_reason(&g->stop);
    if (reason == WEIR_STOP_FAILED)
        rc = weir_err_import(&g->stop.error);
    else if (g->progress.done < g->progress.of)
        rc = WEIR_FAIL(WEIR_EINTERRUPTED, "%llu of %llu trajectories",
                       (unsigned long long)g->progress.done,
                       (unsigned long long)g->progress.of);
    release(g);
    return rc;
}
