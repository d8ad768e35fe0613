/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/clients/client_door.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/log.h"
#include "shm/handover.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALLERS     16
#define PATIENCE_NS 10000000000 /* for a caller that says nothing */
#define LOOK_MS     200

struct knock {
    int socket;
    pid_t pid;
    int64_t since;
};

struct weir_door {
    const char *dir;
    int socket, stop[2];
    weir_door_admit_fn *admit;
    void *ctx;
    pthread_t thread;
    bool started;
    struct knock knock[CALLERS];
    int n;
};

/* ---- answers ---- */

int weir_door_answer(int socket, int memory, uint64_t bytes)
{
    struct weir_handover m = weir_handover_make(WEIR_HANDOVER_PORT);
    struct weir_wire_answer answer = {bytes};
    memcpy(m.body, &answer, sizeof(answer));
    m.bytes = sizeof(answer);
    return weir_handover_send(socket, &m, &memory, 1);
}

/* Tell the caller what this thread's record says, and the user. */
static void turn_away(int socket, int rc)
{
    char why[1024];
    snprintf(why, sizeof(why), "%s", weir_err_message());
    struct weir_handover m = weir_handover_refusal(WEIR_HANDOVER_PORT, rc, why);
    weir_handover_send(socket, &m, NULL, 0);
    close(socket);
    weir_log(rc == -ECANCELED ? WEIR_LOG_DEBUG : WEIR_LOG_WARN, "solver", "%s",
             why);
    weir_err_clear();
}

/* ---- callers ---- */

static int read_hello(const struct knock *k, const struct weir_handover *m,
                      struct weir_wire_hello *hello)
{
    if (m->kind != WEIR_HANDOVER_PORT || m->bytes != sizeof(*hello)) {
        WEIR_FAIL(WEIR_ECORRUPT, "pid %d asks for something that is not a port",
                  (int)k->pid);
        return -EPROTO;
    }
    memcpy(hello, m->body, sizeof(*hello));
    hello->token[sizeof(hello->token) - 1] = '\0';
    if (hello->version == WEIR_WIRE_VERSION)
        return 0;
    WEIR_FAIL(
        WEIR_ECORRUPT,
        "process %d (pid %d): its library speaks version %u of the client "
        "protocol, the run version %d",
        hello->process, (int)k->pid, hello->version, WEIR_WIRE_VERSION);
    return -EPROTO;
}

/* A library of another time. */
static int refuse_message(const struct knock *k)
{
    char why[512];
    snprintf(why, sizeof(why), "%s", weir_err_message());
    WEIR_FAIL(WEIR_ECORRUPT, "pid %d: %s", (int)k->pid, why);
    return -EPROTO;
}

/* @return whether the caller is dealt with */
static bool hear(struct weir_door *d, const struct knock *k)
{
    struct weir_handover m;
    struct weir_wire_hello hello;
    size_t none = 0;
    int rc = weir_handover_receive(k->socket, &m, NULL, &none);
    if (rc == -EAGAIN && weir_now_ns() - k->since < PATIENCE_NS)
        return false;
    if (rc == -EAGAIN || rc == -EPIPE) {
        weir_log_debug("solver", "pid %d left or said nothing", (int)k->pid);
        weir_err_clear();
        close(k->socket);
        return true;
    }
    struct weir_caller caller = {k->socket, k->pid, &hello};
    rc = rc ? refuse_message(k) : read_hello(k, &m, &hello);
    rc = rc ? rc : d->admit(d->ctx, &caller);
    if (rc)
        turn_away(k->socket, rc);
    return true;
}

static void forget(struct weir_door *d, int i)
{
    memmove(d->knock + i, d->knock + i + 1,
            (size_t)(d->n - i - 1) * sizeof(*d->knock));
    d->n--;
}

static void hear_all(struct weir_door *d)
{
    for (int i = 0; i < d->n;)
        if (hear(d, &d->knock[i]))
            forget(d, i);
        else
            i++;
}

/* Of many by one process one of those goes: it cannot put others out. */
static int oldest_of(const struct weir_door *d, pid_t pid)
{
    for (int i = 0; i < d->n; i++)
        if (d->knock[i].pid == pid)
            return i;
    return 0;
}

static void take_caller(struct weir_door *d)
{
    pid_t pid = 0;
    int fd = weir_handover_accept(d->socket, &pid);
    if (fd == -EPERM)
        weir_log_warn("solver", "another user's process, pid %d, called",
                      (int)pid);
    if (fd < 0)
        return;
    if (d->n == CALLERS) {
        int i = oldest_of(d, pid);
        close(d->knock[i].socket);
        forget(d, i);
    }
    d->knock[d->n++] = (struct knock){fd, pid, weir_now_ns()};
}

static void *door_thread(void *arg)
{
    struct weir_door *d = arg;
    pthread_setname_np(pthread_self(), "weir-door");
    for (;;) {
        struct pollfd on[CALLERS + 2] = {{d->stop[0], POLLIN, 0},
                                         {d->socket, POLLIN, 0}};
        for (int i = 0; i < d->n; i++)
            on[i + 2] = (struct pollfd){d->knock[i].socket, POLLIN, 0};
        poll(on, (nfds_t)d->n + 2, d->n ? LOOK_MS : -1);
        if (on[0].revents)
            return NULL;
        hear_all(d);
        if (on[1].revents)
            take_caller(d);
    }
}

/* ---- opening ---- */

static int start(struct weir_door *d)
{
    d->socket = weir_handover_listen(d->dir);
    if (d->socket < 0)
        return d->socket;
    if (pipe2(d->stop, O_CLOEXEC))
        return WEIR_FAIL(WEIR_EENV, "door: %s", strerror(errno));
    int rc = pthread_create(&d->thread, NULL, door_thread, d);
    d->started = rc == 0;
    return rc ? WEIR_FAIL(rc, "door: a thread") : 0;
}

int weir_door_open(const char *dir, weir_door_admit_fn *admit, void *ctx,
                   struct weir_door **out)
{
    struct weir_door *d = weir_array(1, sizeof(*d));
    if (!d)
        return WEIR_FAIL(ENOMEM, "door");
    *d = (struct weir_door){
        .dir = dir, .socket = -1, .stop = {-1, -1}, .admit = admit, .ctx = ctx};
    int rc = start(d);
    if (rc)
        weir_door_close(d);
    else
        *out = d;
    return rc;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

void weir_door_close(struct weir_door *d)
{
    if (!d)
        return;
    close_if_open(d->stop[1]);
    if (d->started)
        pthread_join(d->thread, NULL);
    for (int i = 0; i < d->n; i++)
        close(d->knock[i].socket);
    weir_handover_close(d->dir, d->socket);
    close_if_open(d->stop[0]);
    free(d);
}
