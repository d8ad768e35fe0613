/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/session/socket.h"

#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PEERS      64
#define KINDS      8
#define PATIENCE   1000000000 /* for a caller that says nothing */
#define TICK_MS    200
#define FIRST_PEER 2 /* of the polled: the listener and the bell come before */

struct peer {
    int fd;
    pid_t pid;
    bool stays;
    int64_t since_ns;
};

struct service {
    weir_socket_fn *fn;
    void *ctx;
};

struct weir_socket {
    struct weir_run *run;
    int listener, bell;
    pthread_t thread;
    bool started;
    struct peer peer[PEERS];
    size_t peers, staying;
    struct service service[KINDS];
    weir_socket_tick_fn *tick;
    void *tick_ctx;
    _Atomic uint32_t over; /* K1 */
};

int weir_socket_create(struct weir_run *run, struct weir_socket **out)
{
    struct weir_socket *s = weir_array(1, sizeof(*s));
    *out = s;
    if (!s)
        return WEIR_FAIL(ENOMEM, "socket");
    s->run = run;
    s->listener = s->bell = -1;
    s->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->bell < 0)
        return WEIR_FAIL(WEIR_EENV, "socket: no eventfd");
    int rc = weir_handover_listen(run->dir);
    if (rc < 0)
        return rc;
    s->listener = rc;
    return 0;
}

void weir_socket_serve(struct weir_socket *s, enum weir_handover_kind kind,
                       weir_socket_fn *fn, void *ctx)
{
    if ((size_t)kind < KINDS)
        s->service[kind] = (struct service){fn, ctx};
}

void weir_socket_tick(struct weir_socket *s, weir_socket_tick_fn *fn, void *ctx)
{
    s->tick = fn;
    s->tick_ctx = ctx;
}

/* ---- callers ---- */

static void drop(struct weir_socket *s, size_t i)
{
    s->staying -= s->peer[i].stays;
    s->peer[i] = s->peer[--s->peers];
}

static void hang_up(struct weir_socket *s, size_t i)
{
    close(s->peer[i].fd);
    drop(s, i);
}

static void turn_away(int fd)
{
    struct weir_handover m = weir_handover_refusal(
        0, -EBUSY, "too many programs are connected to this run");
    weir_handover_send(fd, &m, NULL, 0);
    weir_err_clear();
    close(fd);
}

static void accept_callers(struct weir_socket *s)
{
    pid_t pid = 0;
    int fd = 0;
    /* So many at a time: callers without end must not keep the thread here. */
    for (int i = 0; i < PEERS && (fd >= 0 || fd == -EPERM); i++) {
        fd = weir_handover_accept(s->listener, &pid);
        if (fd == -EPERM)
            weir_log_warn("socket", "another user's process called");
        else if (fd >= 0 && s->peers == PEERS)
            turn_away(fd);
        else if (fd >= 0)
            s->peer[s->peers++] =
                (struct peer){.fd = fd, .pid = pid, .since_ns = weir_now_ns()};
    }
}

/* Say why not, in words that an older or newer program can show too. */
static enum weir_socket_fate refuse(int fd, uint32_t kind, const char *why)
{
    struct weir_handover m = weir_handover_refusal(kind, -EPROTO, why);
    weir_handover_send(fd, &m, NULL, 0);
    weir_err_clear();
    return WEIR_SOCKET_CLOSE;
}

static enum weir_socket_fate dispatch(struct weir_socket *s,
                                      const struct weir_socket_call *call)
{
    uint32_t kind = call->request->kind;
    if (kind >= KINDS || !s->service[kind].fn)
        return refuse(call->socket, kind,
                      "this run does not hand out what was asked for");
    return s->service[kind].fn(s->service[kind].ctx, call);
}

static enum weir_socket_fate answer(struct weir_socket *s,
                                    const struct peer *peer)
{
    struct weir_handover request;
    int fd[WEIR_HANDOVER_FDS];
    size_t n = WEIR_HANDOVER_FDS;
    int rc = weir_handover_receive(peer->fd, &request, fd, &n);
    if (rc == -EAGAIN)
        return peer->stays ? WEIR_SOCKET_STAY : WEIR_SOCKET_CLOSE;
    if (rc == -WEIR_ECORRUPT)
        refuse(peer->fd, 0, weir_err_message());
    weir_err_clear();
    if (rc)
        return WEIR_SOCKET_CLOSE;
    struct weir_socket_call call = {peer->fd, peer->pid, &request, fd, n};
    enum weir_socket_fate fate = dispatch(s, &call);
    for (size_t i = 0; i < n; i++)
        close(fd[i]);
    return fate;
}

static void serve_peer(struct weir_socket *s, size_t i)
{
    switch (answer(s, &s->peer[i])) {
    case WEIR_SOCKET_CLOSE:
        hang_up(s, i);
        break;
    case WEIR_SOCKET_STAY:
        s->staying += !s->peer[i].stays;
        s->peer[i].stays = true;
        break;
    case WEIR_SOCKET_TAKEN:
        drop(s, i);
        break;
    }
}

static void drop_silent(struct weir_socket *s)
{
    int64_t now = weir_now_ns();
    for (size_t i = s->peers; i-- > 0;)
        if (!s->peer[i].stays && now - s->peer[i].since_ns > PATIENCE)
            hang_up(s, i);
}

/* ---- the thread ---- */

static bool is_over(const struct weir_socket *s)
{
    return atomic_load_explicit(&s->over, memory_order_relaxed); /* K1 */
}

static void attend(struct weir_socket *s)
{
    struct pollfd p[FIRST_PEER + PEERS] = {
        {.fd = s->listener, .events = POLLIN},
        {.fd = s->bell, .events = POLLIN},
    };
    size_t peers = s->peers;
    for (size_t i = 0; i < peers; i++)
        p[FIRST_PEER + i] =
            (struct pollfd){.fd = s->peer[i].fd, .events = POLLIN};
    poll(p, FIRST_PEER + peers, peers ? TICK_MS : -1);
    /* Downwards: a peer that goes is replaced by the last. */
    for (size_t i = peers; i-- > 0;)
        if (p[FIRST_PEER + i].revents)
            serve_peer(s, i);
    drop_silent(s);
    if (p[0].revents)
        accept_callers(s);
    if (s->staying && s->tick)
        s->tick(s->tick_ctx);
}

static void *socket_thread(void *arg)
{
    struct weir_socket *s = arg;
    weir_run_enter(s->run, &s->run->plan.service[WEIR_SERVICE_SUPERVISOR],
                   "weir-socket");
    while (!is_over(s))
        attend(s);
    return NULL;
}

int weir_socket_start(struct weir_socket *s)
{
    int rc = pthread_create(&s->thread, NULL, socket_thread, s);
    if (rc)
        return WEIR_FAIL(rc, "socket thread");
    s->started = true;
    return 0;
}

void weir_socket_stop(struct weir_socket *s)
{
    uint64_t one = 1;
    if (!s)
        return;
    atomic_store_explicit(&s->over, 1, memory_order_relaxed); /* K1 */
    if (s->started && write(s->bell, &one, sizeof(one)) == sizeof(one))
        pthread_join(s->thread, NULL);
    s->started = false;
    while (s->peers)
        hang_up(s, s->peers - 1);
    weir_handover_close(s->run->dir, s->listener);
    s->listener = -1;
}

void weir_socket_destroy(struct weir_socket *s)
{
    if (!s)
        return;
    weir_socket_stop(s);
    if (s->bell >= 0)
        close(s->bell);
    free(s);
}
