/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/view/viewer.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/heap.h"
#include "pipeline/stages/boundary.h"
#include "pipeline/view/summary.h"
#include "shm/handover.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- attaching ---- */

/* What the user can do depends on what is there. */
static int no_job(const char *dir, int rc)
{
    char record[PATH_MAX + 16], why[1024];
    snprintf(record, sizeof(record), "%s/run.h5", dir);
    bool ran = access(record, F_OK) == 0;
    snprintf(why, sizeof(why), "%s", weir_err_message());
    why[strcspn(why, ";")] = '\0';
    if (rc == -ENOENT)
        WEIR_FAIL(WEIR_EENV, "%s: no job runs there%s", dir,
                  ran ? " any more: it has ended" : "");
    else if (rc == -ECONNREFUSED)
        WEIR_FAIL(WEIR_EENV, "%s: the job is dead, only its socket is left",
                  dir);
    else if (rc == -EACCES)
        WEIR_FAIL(WEIR_EENV, "%s: the job is another user's", dir);
    else
        return rc;
    if (rc == -EACCES)
        return weir_err_hint("only its owner and root may look at it");
    if (rc == -ECONNREFUSED || ran)
        return weir_err_hint("weir inspect %s shows what it left; weir run "
                             "--resume --out %s goes on with it",
                             dir, dir);
    return weir_err_hint("weir top takes the directory of a running job, the "
                         "one with 'socket' in it");
}

static int refused(const struct weir_viewer *v, const struct weir_handover *m)
{
    char why[WEIR_HANDOVER_BODY + 1];
    snprintf(why, sizeof(why), "%.*s", (int)m->bytes, m->body);
    return WEIR_FAIL(WEIR_EENV, "%s: the job refuses: %s", v->dir, why);
}

static int ask(const struct weir_viewer *v, int *fd)
{
    struct weir_handover m = weir_handover_make(WEIR_HANDOVER_VIEW);
    size_t n = 1;
    weir_handover_send(v->socket, &m, NULL, 0);
    int rc = weir_handover_receive(v->socket, &m, fd, &n);
    if (rc == -EAGAIN) {
        WEIR_FAIL(WEIR_EENV, "%s: the job does not answer", v->dir);
        return weir_err_hint("is it stopped? kill -CONT lets it go on");
    }
    if (rc == -WEIR_ECORRUPT)
        return weir_err_hint("look at it with the weir that runs it");
    if (rc)
        return WEIR_FAIL(WEIR_EENV, "%s: the job hung up", v->dir);
    if (m.status == 0 && n == 1)
        return 0;
    if (n == 1)
        close(*fd);
    return refused(v, &m);
}

static int map(struct weir_viewer *v, int fd)
{
    struct weir_mapping *m = &v->mapping;
    size_t at = sizeof(struct weir_mapping_header);
    off_t bytes = lseek(fd, 0, SEEK_END);
    *m = (struct weir_mapping){.fd = fd};
    if (bytes > (off_t)at)
        m->base = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (!m->base || m->base == MAP_FAILED) {
        m->base = NULL;
        close(fd);
        return WEIR_FAIL(WEIR_EENV, "%s: cannot map its statistics", v->dir);
    }
    m->bytes = (size_t)bytes;
    int rc = weir_mapping_check(m);
    if (rc == -EAGAIN)
        rc = WEIR_FAIL(WEIR_ECORRUPT, "%s: unpublished statistics", v->dir);
    v->stats = (const void *)(m->base + at);
    rc = rc ? rc : weir_stats_check(v->stats, m->bytes - at);
    if (rc)
        weir_err_hint("the job may be of another version: look at it with the "
                      "weir that runs it");
    return rc;
}

/* Thread numbers mean something here only if the process number does. */
static void identify(struct weir_viewer *v)
{
    struct ucred who = {0};
    socklen_t n = sizeof(who);
    getsockopt(v->socket, SOL_SOCKET, SO_PEERCRED, &who, &n);
    const struct weir_mapping_header *h = (const void *)v->mapping.base;
    v->pid = who.pid;
    v->shares_proc = who.pid > 0 && who.pid == h->pid;
}

int weir_viewer_open(const char *dir, struct weir_viewer *out)
{
    int fd;
    *out = (struct weir_viewer){.socket = -1, .mapping = {.fd = -1}};
    if ((size_t)snprintf(out->dir, sizeof(out->dir), "%s", dir) >=
        sizeof(out->dir))
        return WEIR_FAIL(WEIR_EENV, "directory name too long");
    int rc = weir_handover_connect(dir);
    if (rc < 0)
        return no_job(dir, rc);
    out->socket = rc;
    rc = ask(out, &fd);
    rc = rc ? rc : map(out, fd);
    if (rc)
        weir_viewer_close(out);
    else
        identify(out);
    return rc;
}

void weir_viewer_close(struct weir_viewer *v)
{
    weir_mapping_close(&v->mapping);
    if (v->socket >= 0)
        close(v->socket);
    v->socket = -1;
}

/* ---- looking ---- */

int weir_sight_create(const struct weir_viewer *v, struct weir_sight *out)
{
    *out = (struct weir_sight){0};
    out->threads = v->stats->size.threads;
    out->lanes = v->stats->size.lanes;
    out->thread = weir_array(out->threads, sizeof(*out->thread));
    out->lane = weir_array(out->lanes, sizeof(*out->lane));
    out->merged = weir_array(1, sizeof(*out->merged));
    if (!out->thread || !out->lane || !out->merged) {
        weir_sight_free(out);
        return WEIR_FAIL(ENOMEM, "view of %u lanes", v->stats->size.lanes);
    }
    return 0;
}

void weir_sight_free(struct weir_sight *s)
{
    free(s->thread);
    free(s->lane);
    free(s->merged);
    *s = (struct weir_sight){0};
}

/* Time on a core and time waiting for one, as the scheduler counts them. */
static void read_books(const struct weir_viewer *v, struct weir_sight_thread *t)
{
    char path[64];
    long long on, waiting;
    int tid =
        atomic_load_explicit(&t->thread->tid, memory_order_relaxed); /* E3 */
    t->cpu_ns = t->queued_ns = -1;
    if (!v->shares_proc || tid == 0)
        return;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", v->pid, tid);
    FILE *f = fopen(path, "re");
    if (f && fscanf(f, "%lld %lld", &on, &waiting) == 2) {
        t->cpu_ns = on;
        t->queued_ns = waiting;
    }
    if (f)
        fclose(f);
}

static int64_t sum_of(const struct weir_hist *h)
{
    return (int64_t)(weir_hist_mean(h) * (double)weir_hist_count(h));
}

/* A solver thread's lanes wait side by side: its share is their mean. */
static void share_lanes(struct weir_sight *s)
{
    uint32_t solvers = 0;
    for (uint32_t i = 0; i < s->threads; i++)
        solvers += s->thread[i].thread->role == WEIR_STATS_SOLVER;
    for (uint32_t i = 0; i < s->threads; i++) {
        const struct weir_stats_thread *t = s->thread[i].thread;
        if (t->role != WEIR_STATS_SOLVER || t->index >= s->lanes)
            continue;
        uint32_t lanes = (s->lanes - t->index + solvers - 1) / solvers;
        s->thread[i].wait_ns /= lanes ? lanes : 1;
    }
}

static void look_at_threads(const struct weir_viewer *v, struct weir_sight *s)
{
    for (uint32_t i = 0; i < s->threads; i++) {
        s->thread[i] = (struct weir_sight_thread){
            weir_stats_thread(v->stats, i), 0, 0, -1, -1};
        read_books(v, &s->thread[i]);
    }
    for (uint32_t i = 0; i < v->stats->size.hists; i++) {
        const struct weir_stats_hist *h = weir_stats_hist(v->stats, i);
        if (h->thread < 0 || (uint32_t)h->thread >= s->threads)
            continue;
        if (h->kind == WEIR_STATS_WORK)
            s->thread[h->thread].work_ns += sum_of(&h->hist);
        if (h->kind == WEIR_STATS_WAIT)
            s->thread[h->thread].wait_ns += sum_of(&h->hist);
    }
    share_lanes(s);
}

static void look_at_lanes(const struct weir_viewer *v, struct weir_sight *s)
{
    for (uint32_t i = 0; i < s->lanes; i++) {
        const struct weir_stats_lane *l = weir_stats_lane(v->stats, i);
        uint32_t state =
            atomic_load_explicit(&l->state, memory_order_relaxed); /* E3 */
        s->lane[i] = (struct weir_sight_lane){
            .state = state > ' ' && state < 127 ? (char)state : 'I',
            .ready =
                atomic_load_explicit(&l->ready, memory_order_relaxed), /* E3 */
            .free =
                atomic_load_explicit(&l->free, memory_order_relaxed), /* E3 */
            .samples = atomic_load_explicit(&l->samples,
                                            memory_order_relaxed), /* E3 */
            .busy_ns = atomic_load_explicit(&l->busy_ns,
                                            memory_order_relaxed), /* E3 */
            .wait_ns = atomic_load_explicit(&l->wait_ns,
                                            memory_order_relaxed), /* E3 */
        };
    }
}

static void fill_latency(const struct weir_stats_hist *named,
                         const struct weir_hist *h,
                         struct weir_sight_latency *l)
{
    snprintf(l->name, sizeof(l->name), "%s", named->name);
    snprintf(l->title, sizeof(l->title), "%s", named->title);
    l->kind = (enum weir_stats_class)named->kind;
    l->count = weir_hist_count(h);
    l->p50 = weir_hist_quantile(h, 0.5);
    l->p90 = weir_hist_quantile(h, 0.9);
    l->p99 = weir_hist_quantile(h, 0.99);
    l->p999 = weir_hist_quantile(h, 0.999);
    l->max = weir_hist_max(h);
    l->mean = weir_hist_mean(h);
    l->sum = l->mean * (double)l->count;
}

/* Histograms of one name lie next to each other, one per thread. */
static void look_at_latencies(const struct weir_viewer *v, struct weir_sight *s)
{
    const struct weir_stats *t = v->stats;
    uint32_t all = t->size.hists;
    s->latencies = 0;
    for (uint32_t i = 0; i < all;) {
        const struct weir_stats_hist *first = weir_stats_hist(t, i);
        weir_hist_reset(s->merged);
        while (i < all && !strncmp(weir_stats_hist(t, i)->name, first->name,
                                   sizeof(first->name)))
            weir_hist_merge(s->merged, &weir_stats_hist(t, i++)->hist);
        if (s->latencies < sizeof(s->latency) / sizeof(*s->latency))
            fill_latency(first, s->merged, &s->latency[s->latencies++]);
    }
}

static bool is_connected(const struct weir_viewer *v)
{
    struct pollfd p = {.fd = v->socket, .events = POLLIN};
    return poll(&p, 1, 0) <= 0 || !(p.revents & (POLLHUP | POLLERR));
}

void weir_viewer_look(const struct weir_viewer *v, struct weir_sight *s)
{
    s->is_connected = is_connected(v);
    s->ending = weir_stats_ending(v->stats);
    s->now_ns = weir_now_ns();
    int64_t ended = atomic_load_explicit(&v->stats->ended_ns,
                                         memory_order_relaxed); /* E1 */
    int64_t beat =
        atomic_load_explicit(&v->stats->beat_ns, memory_order_relaxed); /* E3 */
    int64_t until = s->ending ? ended : s->is_connected ? s->now_ns : beat;
    s->up_ns = until > v->stats->start_ns ? until - v->stats->start_ns : 0;
    look_at_threads(v, s);
    look_at_lanes(v, s);
    look_at_latencies(v, s);
}

int64_t weir_viewer_counter(const struct weir_viewer *v, const char *label)
{
    const struct weir_counter *c = weir_stats_counter(v->stats, label);
    return c ? weir_counter_get(c) : 0;
}

/* ---- between two looks ---- */

void weir_viewer_mark(const struct weir_viewer *v, const struct weir_sight *s,
                      struct weir_mark *out)
{
    *out = (struct weir_mark){
        .now_ns = s->now_ns,
        .step = weir_viewer_counter(v, "train.step"),
        .drawn = weir_viewer_counter(v, "train.samples"),
        .finished = weir_viewer_counter(v, "solver.finished"),
        .accepted = weir_viewer_counter(v, "reservoir.accepted"),
        .waited_ns = weir_viewer_counter(v, "train.wait_ns"),
    };
    for (uint32_t i = 0; i < s->lanes; i++) {
        out->held_ns += s->lane[i].wait_ns;
        out->busy_ns += s->lane[i].busy_ns;
    }
}

static double share(int64_t part, int64_t all)
{
    return all > 0 && part > 0 ? fmin((double)part / (double)all, 1) : 0;
}

struct weir_pace weir_viewer_pace(const struct weir_mark *then,
                                  const struct weir_mark *now)
{
    int64_t ns = now->now_ns - then->now_ns;
    double seconds = fmax((double)ns * 1e-9, 1e-9);
    int64_t held = now->held_ns - then->held_ns;
    int64_t busy = now->busy_ns - then->busy_ns;
    return (struct weir_pace){
        .seconds = seconds,
        .steps = (double)(now->step - then->step) / seconds,
        .trained = (double)(now->drawn - then->drawn) / seconds,
        .solved = (double)(now->accepted - then->accepted) / seconds,
        .simulations = (double)(now->finished - then->finished) / seconds,
        .trainer_waits = share(now->waited_ns - then->waited_ns, ns),
        .lanes_wait = share(held, held + busy),
    };
}

const char *weir_sight_state(const struct weir_sight *s)
{
    if (s->ending)
        return "ended";
    return s->is_connected ? "running" : "gone";
}

const char *weir_sight_ending(const struct weir_sight *s)
{
    if (s->ending)
        return weir_ending_text((enum weir_ending)s->ending);
    return s->is_connected
               ? ""
               : "the job went away without a word (killed?); weir run "
                 "--resume goes on from its newest checkpoint";
}
