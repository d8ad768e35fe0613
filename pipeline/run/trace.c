/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/run/trace.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RING_EVENTS (1u << 15)
#define DEPTH       64 /* spans inside spans; also kept free for their ends */
#define LOOK_NS     10000000
#define TEXT_BYTES  ((size_t)1 << 16)
#define EVENT_BYTES 640 /* the longest event as text, and its arrow */

enum kind { BEGIN, END, HOP };
enum arrow { NONE, LOSS, PROPOSAL, SAMPLE, CHECKPOINT };
enum part { OUT, THROUGH, IN };

struct event {
    int64_t ns;
    uint32_t a, b, c;
    uint16_t id;
    uint16_t kind;
};

struct weir_trace_track {
    struct weir_trace_track *next;
    uint32_t id;
    char name[16];
    uint64_t kept; /* bit i: the begin of the span at depth i was recorded */
    uint32_t depth;
    _Atomic uint64_t dropped; /* O1 */
    struct weir_ring *ring;
};

struct weir_trace {
    char path[4096];
    int fd;
    int64_t start_ns;
    pthread_t thread;
    pthread_mutex_t lock; /* tracks */
    struct weir_trace_track *tracks;
    uint32_t n;
    char *text; /* [TEXT_BYTES] */
    size_t used;
    off_t written;
    bool failed;
    _Atomic uint32_t over; /* O1 */
};

static const struct {
    const char *name, *a, *b;
} spans[] = {
#define X(name, a, b) {#name, a, b},
    WEIR_SPANS(X)
#undef X
};

static const struct {
    const char *name, *a, *b, *c;
    enum arrow arrow;
    enum part part;
} hops[] = {
#define X(name, a, b, c, arrow, part) {#name, a, b, c, arrow, part},
    WEIR_HOPS(X)
#undef X
};

_Thread_local struct weir_trace_track *weir_trace_here;

/* ---- the recording threads ---- */

/* Room is kept for the ends of all spans that may be open. */
static bool put(struct weir_trace_track *t, const struct event *e)
{
    bool may_be_refused = e->kind != END;
    if (may_be_refused && weir_ring_count(t->ring) + DEPTH + 1 >= RING_EVENTS) {
        uint64_t n =
            atomic_load_explicit(&t->dropped, memory_order_relaxed); /* O1 */
        atomic_store_explicit(&t->dropped, n + 1,
                              memory_order_relaxed); /* O1 */
        return false;
    }
    struct event *at = weir_ring_reserve(t->ring);
    if (!at)
        return false;
    *at = *e;
    weir_ring_commit(t->ring);
    return true;
}

static int64_t time_of(int64_t at_ns)
{
    return at_ns ? at_ns : weir_now_ns();
}

void weir_trace_begin(enum weir_span span, uint32_t a, uint32_t b,
                      int64_t at_ns)
{
    struct weir_trace_track *t = weir_trace_here;
    struct event e = {time_of(at_ns), a, b, 0, (uint16_t)span, BEGIN};
    bool kept = t->depth < DEPTH && put(t, &e);
    t->kept = t->kept << 1 | kept;
    t->depth++;
}

void weir_trace_end(enum weir_span span, int64_t at_ns)
{
    struct weir_trace_track *t = weir_trace_here;
    struct event e = {time_of(at_ns), 0, 0, 0, (uint16_t)span, END};
    if (t->depth == 0)
        return;
    if (t->kept & 1)
        put(t, &e);
    t->kept >>= 1;
    t->depth--;
}

void weir_trace_hop(enum weir_hop hop, uint32_t a, uint32_t b, uint32_t c)
{
    struct event e = {weir_now_ns(), a, b, c, (uint16_t)hop, HOP};
    put(weir_trace_here, &e);
}

void weir_trace_enter(struct weir_trace *t, const char *name)
{
#ifdef WEIR_HAS_ITT
    weir_trace_itt_enter(name);
#endif
    if (!t)
        return;
    struct weir_trace_track *track = weir_array(1, sizeof(*track));
    struct weir_ring *ring =
        weir_array(1, weir_ring_bytes(RING_EVENTS, sizeof(struct event)));
    if (!track || !ring) {
        free(track);
        free(ring);
        return; /* this thread is not in the trace */
    }
    weir_ring_init(ring, RING_EVENTS, sizeof(struct event));
    track->ring = ring;
    snprintf(track->name, sizeof(track->name), "%s", name);
    pthread_mutex_lock(&t->lock);
    track->id = ++t->n;
    track->next = t->tracks;
    t->tracks = track;
    pthread_mutex_unlock(&t->lock);
    weir_trace_here = track;
}

/* ---- the file ---- */

static void fail(struct weir_trace *t)
{
    weir_log(WEIR_LOG_ERROR, "trace",
             "%s: %s; the trace ends here, the run goes on", t->path,
             strerror(errno));
    /* Cut after the last whole event: the rest can still be opened. */
    if (ftruncate(t->fd, t->written))
        weir_log_debug("trace", "%s stays as it is", t->path);
    t->failed = true;
}

/* The text buffer always ends after a whole event. */
static void flush(struct weir_trace *t)
{
    size_t done = 0;
    while (!t->failed && done < t->used) {
        ssize_t n = write(t->fd, t->text + done, t->used - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            fail(t);
        else
            done += (size_t)n;
    }
    if (!t->failed)
        t->written += (off_t)t->used;
    t->used = 0;
}

static void say(struct weir_trace *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct weir_trace *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    t->used += (size_t)vsnprintf(t->text + t->used, EVENT_BYTES, fmt, ap);
    va_end(ap);
}

static void say_args(struct weir_trace *t, const char *const name[3],
                     const uint32_t value[3])
{
    const char *comma = "";
    say(t, ",\"args\":{");
    for (int i = 0; i < 3; i++) {
        if (!name[i] || !name[i][0])
            continue;
        say(t, "%s\"%s\":%" PRIu32, comma, name[i], value[i]);
        comma = ",";
    }
    say(t, "}}");
}

/* What all events have. Times in us, to the ns. */
static void say_head(struct weir_trace *t, const struct weir_trace_track *track,
                     const struct event *e, const char *name, const char *phase)
{
    int64_t ns = e->ns - t->start_ns;
    say(t,
        ",\n{\"name\":\"%s\",\"ph\":\"%s\",\"pid\":1,\"tid\":%u,\"ts\":%" PRId64
        ".%03d",
        name, phase, track->id, ns / 1000, (int)(ns % 1000));
}

/* Arrows of one kind are told apart by what they carry. */
static void say_arrow(struct weir_trace *t,
                      const struct weir_trace_track *track,
                      const struct event *e)
{
    static const char *const names[] = {"", "losses", "proposal", "sample",
                                        "checkpoint"};
    static const char *const phase[] = {"s", "t", "f"};
    enum arrow arrow = hops[e->id].arrow;
    if (arrow == NONE)
        return;
    uint64_t second = arrow == SAMPLE ? e->b : 0;
    say_head(t, track, e, names[arrow], phase[hops[e->id].part]);
    say(t,
        ",\"cat\":\"%s\",\"bp\":\"e\",\"id\":\"%d.%" PRIu32 ".%" PRIu64 "\"}",
        names[arrow], (int)arrow, e->a, second);
}

static void say_event(struct weir_trace *t,
                      const struct weir_trace_track *track,
                      const struct event *e)
{
    if (t->used + 2 * EVENT_BYTES > TEXT_BYTES)
        flush(t);
    if (e->kind == HOP) {
        say_head(t, track, e, hops[e->id].name, "i");
        say(t, ",\"s\":\"t\"");
        say_args(
            t,
            (const char *const[]){hops[e->id].a, hops[e->id].b, hops[e->id].c},
            (const uint32_t[]){e->a, e->b, e->c});
        say_arrow(t, track, e);
        return;
    }
    say_head(t, track, e, spans[e->id].name, e->kind == BEGIN ? "B" : "E");
    if (e->kind == BEGIN)
        say_args(t, (const char *const[]){spans[e->id].a, spans[e->id].b, NULL},
                 (const uint32_t[]){e->a, e->b, 0});
    else
        say(t, "}");
}

/* ---- the writer ---- */

static void drain(struct weir_trace *t, const struct weir_trace_track *track)
{
    const struct event *e;
    while ((e = weir_ring_peek(track->ring))) {
        if (!t->failed)
            say_event(t, track, e);
        weir_ring_release(track->ring);
    }
}

/* Tracks are only ever added at the front: what follows one stays. */
static void drain_all(struct weir_trace *t)
{
    pthread_mutex_lock(&t->lock);
    const struct weir_trace_track *first = t->tracks;
    pthread_mutex_unlock(&t->lock);
    for (const struct weir_trace_track *track = first; track;
         track = track->next)
        drain(t, track);
    flush(t);
}

static void *writer_thread(void *arg)
{
    struct weir_trace *t = arg;
    pthread_setname_np(pthread_self(), "weir-trace");
    while (!atomic_load_explicit(&t->over, memory_order_relaxed)) { /* O1 */
        struct timespec nap = {0, LOOK_NS};
        drain_all(t);
        nanosleep(&nap, NULL);
    }
    return NULL;
}

static int open_at(const char *path, int flags, int *fd)
{
    *fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);
    if (*fd < 0)
        return WEIR_FAIL(WEIR_EENV, "--trace %s: %s", path, strerror(errno));
    return 0;
}

int weir_trace_check(const char *path)
{
    int fd;
    bool is_new = access(path, F_OK) != 0;
    int rc = open_at(path, is_new ? O_CREAT | O_EXCL : 0, &fd);
    if (rc)
        return rc;
    close(fd);
    if (is_new)
        unlink(path);
    return 0;
}

static int open_file(struct weir_trace *t)
{
    int rc = open_at(t->path, O_CREAT | O_TRUNC, &t->fd);
    if (rc)
        return rc;
    say(t, "[\n{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"args\":"
           "{\"name\":\"weir\"}}");
    return 0;
}

int weir_trace_create(const char *path, int64_t start_ns,
                      struct weir_trace **out)
{
    struct weir_trace *t = weir_array(1, sizeof(*t));
    if (t)
        t->text = weir_array(1, TEXT_BYTES);
    if (!t || !t->text) {
        free(t);
        return WEIR_FAIL(ENOMEM, "trace");
    }
    snprintf(t->path, sizeof(t->path), "%s", path);
    t->start_ns = start_ns;
    pthread_mutex_init(&t->lock, NULL);
    int rc = open_file(t);
    if (rc == 0 && pthread_create(&t->thread, NULL, writer_thread, t)) {
        close(t->fd);
        rc = WEIR_FAIL(EAGAIN, "trace thread");
    }
    if (rc == 0) {
        *out = t;
        return 0;
    }
    free(t->text);
    free(t);
    return rc;
}

static void name_track(struct weir_trace *t,
                       const struct weir_trace_track *track)
{
    say(t,
        ",\n{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":%u,"
        "\"args\":{\"name\":\"%s\"}}",
        track->id, track->name);
    if (t->used + EVENT_BYTES > TEXT_BYTES)
        flush(t);
}

uint64_t weir_trace_destroy(struct weir_trace *t)
{
    uint64_t dropped = 0;
    if (!t)
        return 0;
    atomic_store_explicit(&t->over, 1, memory_order_relaxed); /* O1 */
    pthread_join(t->thread, NULL);
    drain_all(t);
    while (t->tracks) {
        struct weir_trace_track *track = t->tracks;
        name_track(t, track);
        dropped += atomic_load_explicit(&track->dropped,
                                        memory_order_relaxed); /* O1 */
        t->tracks = track->next;
        free(track->ring);
        free(track);
    }
    say(t, "\n]\n");
    flush(t);
    if (close(t->fd) && !t->failed)
        fail(t);
    pthread_mutex_destroy(&t->lock);
    free(t->text);
    free(t);
    return dropped;
}
