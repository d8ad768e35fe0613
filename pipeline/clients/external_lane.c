/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/clients/external.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SLICE_NS 50000000   /* a wait looks at process and stop flag */
#define FIRST_NS 1000000    /* the first look of a wait */
#define GRACE_NS 1000000000 /* for a process to end by itself */
#define DELAYS   100        /* the longest delay, in shortest ones */
#define WARNINGS 20         /* of lost processes; the rest is counted */
#define TOKEN    (WEIR_WIRE_TOKEN / 2 - 1)

struct weir_external_lane {
    struct weir_external *x;
    struct weir_external_lane *next;
    uint32_t number;
    char log[PATH_MAX];
    struct weir_process process;
    unsigned starts;
    /* behind the lock */
    bool waiting; /* for a caller; then its host is there */
    char token[WEIR_WIRE_TOKEN];
    int socket; /* -1: no client */
    pid_t client;

    struct weir_host_terms terms;
    struct weir_host host; /* while there is a client, or one is awaited */
    bool preparing;        /* no simulation is claimed yet */
    bool owes_end;         /* the client is still at the simulation before */
    bool offered;          /* it was told of this one */
    unsigned finished;     /* by this process */
    unsigned failures;     /* in a row */
    int64_t not_before_ns; /* next start */
    int64_t waited_ns;     /* for this simulation */
    double *parameters;
    uint32_t simulation, attempt;
};

/* ---- at the door: the door's thread ---- */

static struct weir_external_lane *find_lane(struct weir_external *x,
                                            const struct weir_wire_hello *hello)
{
    struct weir_external_lane *l = x->lanes;
    for (; l; l = l->next)
        if (hello->process < 0 ? l->waiting && !x->argv[0]
                               : l->number == (uint32_t)hello->process)
            break;
    return l;
}

/* One that has just started when the run ends has done nothing wrong. */
static int refuse_caller(const struct weir_external *x,
                         const struct weir_caller *caller,
                         const struct weir_external_lane *l)
{
    int pid = (int)caller->pid, process = caller->hello->process;
    if (weir_stop_reason(x->stop) != WEIR_STOP_NONE)
        return WEIR_FAIL(ECANCELED, "pid %d: the run is ending", pid);
    if (!l && process < 0)
        WEIR_FAIL(WEIR_EENV, "pid %d: no place is free for a client", pid);
    else if (!l)
        WEIR_FAIL(WEIR_EENV, "pid %d: there is no process %d", pid, process);
    else if (l->socket >= 0)
        WEIR_FAIL(WEIR_EENV,
                  "process %u (pid %d): it has a client already, pid %d",
                  l->number, pid, (int)l->client);
    else
        WEIR_FAIL(WEIR_EENV,
                  "process %u (pid %d): not the one that was started",
                  l->number, pid);
    return -EBUSY;
}

int weir_external_admit(void *config, const struct weir_caller *caller)
{
    struct weir_external *x = config;
    pthread_mutex_lock(&x->lock);
    struct weir_external_lane *l = find_lane(x, caller->hello);
    int rc = 0;
    if (!l || !l->waiting || strcmp(l->token, caller->hello->token))
        rc = refuse_caller(x, caller, l);
    else
        rc = weir_door_answer(caller->socket, l->host.fd, l->host.bytes);
    if (rc == -EPIPE)
        WEIR_FAIL(WEIR_EENV, "process %u (pid %d): it left while it attached",
                  l->number, (int)caller->pid);
    if (rc == 0) {
        l->waiting = false;
        l->socket = caller->socket;
        l->client = caller->pid;
        pthread_cond_broadcast(&x->attached);
    }
    pthread_mutex_unlock(&x->lock);
    return rc;
}

/* ---- losing a client ---- */

/* Held-out trajectories are simulated for the trainer, which is done with the
 * others before it is with them. */
static bool told_to_stop(const struct weir_external_lane *l)
{
    enum weir_stop_reason reason = weir_stop_reason(l->x->stop);
    return l->attempt || l->preparing ? reason != WEIR_STOP_NONE
                                      : reason >= WEIR_STOP_CHECKPOINT;
}

static void close_client(struct weir_external_lane *l)
{
    pthread_mutex_lock(&l->x->lock);
    l->waiting = false;
    if (l->socket >= 0)
        close(l->socket);
    l->socket = -1;
    l->token[0] = '\0';
    pthread_mutex_unlock(&l->x->lock);
    if (l->host.wire)
        weir_host_close(&l->host);
    l->owes_end = l->offered = false;
}

static const char *name_of(const struct weir_external_lane *l, char *out,
                           size_t size)
{
    int pid = (int)(l->process.pid ? l->process.pid : l->client);
    if (l->preparing) {
        snprintf(out, size, "process %u (pid %d)", l->number, pid);
        return out;
    }
    snprintf(out, size,
             l->attempt ? "process %u (pid %d), simulation %u, attempt %u"
                        : "process %u (pid %d), held-out trajectory %u",
             l->number, pid, l->simulation, l->attempt);
    return out;
}

static void warn(struct weir_external *x, const char *text)
{
    pthread_mutex_lock(&x->lock);
    uint64_t lost = ++x->lost;
    pthread_mutex_unlock(&x->lock);
    weir_log(lost <= WARNINGS ? WEIR_LOG_WARN : WEIR_LOG_DEBUG, "solver",
             "%s%s", text,
             lost == WARNINGS ? " (more will only be counted)" : "");
}

static int too_many(const struct weir_external_lane *l, const char *text)
{
    if (l->failures == 1)
        return WEIR_FAIL(WEIR_EENV, "solver: %s", text);
    WEIR_FAIL(WEIR_EENV,
              "solver: %u processes in a row were lost in place %u; the last: "
              "%s",
              l->failures, l->number, text);
    return weir_err_hint("%s has what they said; solver.restarts is the limit",
                         l->log);
}

static void delay_next(struct weir_external_lane *l)
{
    int64_t delay = l->x->delay_ns;
    for (unsigned i = 1; i < l->failures && delay < DELAYS * l->x->delay_ns;
         i++)
        delay *= 2;
    l->not_before_ns = weir_now_ns() + delay;
}

/*
 * The client is lost because of @p why; what this simulation sent is too.
 * @return -ECONNRESET, or -WEIR_EENV when it was one too many
 */
static int lose(struct weir_external_lane *l, const char *why)
{
    char text[900], name[96], words[420];
    bool said = weir_process_last_words(&l->process, l->log, words,
                                        sizeof(words))[0] != '\0';
    snprintf(text, sizeof(text), "%s: %.300s%s%s",
             name_of(l, name, sizeof(name)), why, said ? "; it said: " : "",
             words);
    close_client(l);
    weir_process_kill(&l->process, WEIR_PROCESS_DEATH_NS);
    l->failures++;
    l->finished = 0;
    delay_next(l);
    if (l->failures > (unsigned)l->x->restarts)
        return too_many(l, text);
    warn(l->x, text);
    return WEIR_FAIL(ECONNRESET, "%s", text);
}

/* How a process ended, and how far it was. */
static int lose_ended(struct weir_external_lane *l, const char *when)
{
    char why[256], how[96];
    /* A closed socket is seen before the end of the process. */
    weir_process_wait(&l->process, GRACE_NS);
    if (l->process.pid && l->process.ended)
        weir_process_ending(&l->process, how, sizeof(how));
    else
        snprintf(how, sizeof(how), "closed its connection");
    snprintf(why, sizeof(why), "it %s %s", how, when);
    return lose(l, why);
}

static int lose_midway(struct weir_external_lane *l)
{
    char when[64];
    snprintf(when, sizeof(when), "after %u of %u frames", l->host.frame,
             l->terms.frames);
    return lose_ended(l, when);
}

/* ---- getting one ---- */

static void make_token(char *token)
{
    unsigned char raw[TOKEN];
    if (getrandom(raw, sizeof(raw), 0) != sizeof(raw))
        memset(raw, 0, sizeof(raw));
    for (int i = 0; i < TOKEN; i++)
        sprintf(token + 2 * i, "%02x", raw[i]);
}

static int launch(struct weir_external_lane *l)
{
    char run[PATH_MAX + 16], process[32], token[64], start[32];
    const char *const extra[] = {run, process, token, start, NULL};
    snprintf(run, sizeof(run), "WEIR_RUN=%s", l->x->dir);
    snprintf(process, sizeof(process), "WEIR_PROCESS=%u", l->number);
    snprintf(token, sizeof(token), "WEIR_TOKEN=%s", l->token);
    snprintf(start, sizeof(start), "WEIR_START=%u", ++l->starts);
    return weir_process_start(l->x->argv, extra, l->log, &l->process);
}

/* Wait for a caller, SLICE_NS at most. @return whether it came */
static bool wait_for_caller(struct weir_external_lane *l)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += SLICE_NS;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&l->x->lock);
    int rc = 0;
    while (l->socket < 0 && rc == 0)
        rc = pthread_cond_timedwait(&l->x->attached, &l->x->lock, &until);
    bool came = l->socket >= 0;
    pthread_mutex_unlock(&l->x->lock);
    return came;
}

/* It ended before it attached. */
static int end_start(struct weir_external_lane *l)
{
    int rc = weir_process_check_start(&l->process, l->x->argv[0]);
    return rc ? rc : lose_ended(l, "before it attached");
}

static int await_attach(struct weir_external_lane *l)
{
    char why[96];
    int64_t begin = weir_now_ns();
    bool own = l->x->argv[0] != NULL;
    if (!own)
        weir_log_info("solver", "place %u waits for a client: WEIR_RUN=%s",
                      l->number, l->x->dir);
    while (!wait_for_caller(l)) {
        if (told_to_stop(l))
            return -ECANCELED;
        if (own && weir_process_has_ended(&l->process))
            return end_start(l);
        if (!own || weir_now_ns() - begin < l->x->start_timeout_ns)
            continue;
        snprintf(why, sizeof(why),
                 "it did not attach within start_timeout, %g s",
                 (double)l->x->start_timeout_ns * 1e-9);
        return lose(l, why);
    }
    return 0;
}

static int sleep_out_delay(const struct weir_external_lane *l)
{
    while (!told_to_stop(l)) {
        int64_t left = l->not_before_ns - weir_now_ns();
        if (left <= 0)
            return 0;
        struct timespec t = {0, left < SLICE_NS ? left : SLICE_NS};
        nanosleep(&t, NULL);
    }
    return -ECANCELED;
}

/* A client that waits for work. */
static int get_client(struct weir_external_lane *l)
{
    int rc = sleep_out_delay(l);
    rc = rc ? rc : weir_host_create(&l->terms, &l->host);
    if (rc)
        return rc;
    pthread_mutex_lock(&l->x->lock);
    if (l->x->argv[0])
        make_token(l->token);
    l->waiting = true;
    pthread_mutex_unlock(&l->x->lock);
    l->process = (struct weir_process){0};
    rc = l->x->argv[0] ? launch(l) : 0;
    rc = rc ? rc : await_attach(l);
    if (rc)
        close_client(l);
    return rc;
}

/* ---- listening to it ---- */

static bool client_is_gone(struct weir_external_lane *l)
{
    char byte;
    ssize_t n = recv(l->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ||
           (l->process.pid && weir_process_has_ended(&l->process));
}

static bool is_overdue(const struct weir_external_lane *l)
{
    return l->x->simulation_timeout_ns &&
           l->waited_ns > l->x->simulation_timeout_ns;
}

/*
 * Wait until the client has said something.
 * @return 0, -ECANCELED, or -EPIPE: it is gone and has said all it will,
 *         -ETIMEDOUT
 */
static int hear(struct weir_external_lane *l)
{
    int64_t slice = FIRST_NS;
    for (;;) {
        int64_t begin = weir_now_ns();
        int rc = weir_host_wait(&l->host, slice);
        l->waited_ns += weir_now_ns() - begin;
        if (rc == 0)
            return 0;
        if (told_to_stop(l))
            return -ECANCELED;
        /* In this order: what it said before it went is not lost. */
        if (client_is_gone(l))
            return weir_host_has_slot(&l->host) ? 0 : -EPIPE;
        if (is_overdue(l))
            return -ETIMEDOUT;
        slice = slice * 2 < SLICE_NS ? slice * 2 : SLICE_NS;
    }
}

static int lose_overdue(struct weir_external_lane *l)
{
    char why[128];
    snprintf(why, sizeof(why),
             "frame %u did not come within simulation_timeout, %g s",
             l->host.frame, (double)l->x->simulation_timeout_ns * 1e-9);
    return lose(l, why);
}

/* The process left between two simulations: nothing was lost. */
static void let_go(struct weir_external_lane *l)
{
    close_client(l);
    weir_process_end(&l->process, GRACE_NS);
    l->finished = 0;
}

/* Nothing but the word that the simulation ended; still a crash is one. */
static int leave(struct weir_external_lane *l)
{
    weir_process_wait(&l->process, GRACE_NS);
    if (l->process.ended && !weir_process_ended_well(&l->process))
        return lose_ended(l, "after its last frame");
    let_go(l);
    return 0;
}

/*
 * Let the client end the simulation before, and take no more of it.
 * @return 0, also when the client is gone; a negative code
 */
static int await_end(struct weir_external_lane *l, float *scratch)
{
    while (l->owes_end) {
        int rc = hear(l);
        if (rc == -EPIPE)
            return leave(l);
        if (rc == -ETIMEDOUT)
            rc = lose_overdue(l);
        if (rc)
            return rc;
        rc = weir_host_take(&l->host, scratch);
        if (rc == -WEIR_ECORRUPT)
            return lose(l, weir_err_message());
        l->owes_end = rc != WEIR_HOST_DONE && rc != WEIR_HOST_FAILED;
        l->finished += rc == WEIR_HOST_DONE;
    }
    weir_err_clear();
    return 0;
}

/* Everything before the first frame. A client lost here has cost nothing. */
static int offer(struct weir_external_lane *l, float *scratch)
{
    int rc = l->socket >= 0 ? await_end(l, scratch) : 0;
    l->waited_ns = 0;
    if (rc == 0 && l->socket < 0)
        rc = get_client(l);
    if (rc == -ECONNRESET) {
        weir_err_clear();
        return -EAGAIN;
    }
    if (rc)
        return rc;
    weir_host_offer(&l->host, l->simulation, l->attempt, l->parameters);
    l->offered = true;
    return 0;
}

/* Gone before it took the offer up. */
static int lose_untaken(struct weir_external_lane *l)
{
    weir_process_wait(&l->process, GRACE_NS);
    bool in_order = !l->process.pid || weir_process_ended_well(&l->process);
    if (in_order && l->finished)
        return let_go(l), -EAGAIN;
    int rc = lose_ended(l, "before it took up a simulation");
    if (rc == -ECONNRESET)
        weir_err_clear();
    return rc == -ECONNRESET ? -EAGAIN : rc;
}

/* What the client says of this simulation, with its name in front. */
static int name_failure(struct weir_external_lane *l, int rc)
{
    char name[96], text[600];
    snprintf(text, sizeof(text), "%s: %.400s", name_of(l, name, sizeof(name)),
             weir_err_message());
    warn(l->x, text);
    WEIR_FAIL(WEIR_EDIVERGED, "%s", text);
    /* It goes on with what it does not know to be given up. */
    l->owes_end = rc != WEIR_HOST_FAILED;
    l->offered = false;
    return -WEIR_EDIVERGED;
}

static int take(struct weir_external_lane *l, float *out)
{
    int rc = weir_host_take(&l->host, out);
    if (rc == WEIR_HOST_FAILED || rc == -WEIR_EDIVERGED)
        return name_failure(l, rc);
    if (rc != WEIR_HOST_FRAME)
        return rc == -EAGAIN ? rc : lose(l, weir_err_message());
    if (l->host.frame == l->terms.frames) {
        l->owes_end = true;
        l->offered = false;
        l->failures = 0;
    }
    return 0;
}

/* @return 0, -EAGAIN: try again, or what ends the simulation */
static int try_fetch(struct weir_external_lane *l, float *out)
{
    int rc = l->offered ? 0 : offer(l, out);
    rc = rc ? rc : hear(l);
    if (rc == -EPIPE)
        return weir_host_is_taken(&l->host) ? lose_midway(l) : lose_untaken(l);
    if (rc == -ETIMEDOUT)
        return lose_overdue(l);
    return rc ? rc : take(l, out);
}

/* ---- what a solver does ---- */

int weir_external_lane_fetch(void *lane, float *out)
{
    int rc;
    do
        rc = try_fetch(lane, out);
    while (rc == -EAGAIN);
    return rc;
}

static uint32_t lowest_free(const struct weir_external *x)
{
    for (uint32_t number = 0;; number++) {
        const struct weir_external_lane *l = x->lanes;
        while (l && l->number != number)
            l = l->next;
        if (!l)
            return number;
    }
}

int weir_external_lane_create(const void *config, void **lane)
{
    struct weir_external *x = (struct weir_external *)config;
    struct weir_external_lane *l = weir_array(1, sizeof(*l));
    if (!l)
        return WEIR_FAIL(ENOMEM, "solver external");
    *lane = l;
    l->x = x;
    l->socket = -1;
    l->terms = x->terms;
    l->host.fd = -1;
    l->parameters = weir_array(x->terms.parameters + 1, sizeof(double));
    if (!l->parameters) {
        free(l);
        return WEIR_FAIL(ENOMEM, "solver external");
    }
    pthread_mutex_lock(&x->lock);
    l->terms.process = l->number = lowest_free(x);
    l->next = x->lanes;
    x->lanes = l;
    pthread_mutex_unlock(&x->lock);
    snprintf(l->log, sizeof(l->log), "%.4000s/process-%u.log", x->door_dir,
             l->number);
    return 0;
}

void weir_external_lane_announce(void *lane, uint32_t simulation,
                                 uint32_t attempt)
{
    struct weir_external_lane *l = lane;
    l->simulation = simulation;
    l->attempt = attempt;
}

/* A simulation does not wait for a client that may never come. */
int weir_external_lane_prepare(void *lane)
{
    struct weir_external_lane *l = lane;
    int rc = 0;
    l->preparing = true;
    while (l->socket < 0 && (rc = get_client(l)) == -ECONNRESET)
        weir_err_clear();
    l->preparing = false;
    return rc;
}

int weir_external_lane_start(void *lane, const double *parameters)
{
    struct weir_external_lane *l = lane;
    /* One that was given up half-way is still being sent. */
    l->owes_end |= l->offered;
    l->offered = false;
    memcpy(l->parameters, parameters,
           l->x->terms.parameters * sizeof(*parameters));
    return 0;
}

/* The client steps by itself. */
int weir_external_lane_step(void *lane)
{
    (void)lane;
    return 0;
}

static void leave_list(struct weir_external_lane *l)
{
    pthread_mutex_lock(&l->x->lock);
    struct weir_external_lane **at = &l->x->lanes;
    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    pthread_mutex_unlock(&l->x->lock);
}

void weir_external_lane_destroy(void *lane)
{
    struct weir_external_lane *l = lane;
    if (l->host.wire)
        weir_host_end(&l->host);
    weir_process_end(&l->process, GRACE_NS);
    close_client(l);
    leave_list(l);
    free(l->parameters);
    free(l);
}
