/* SPDX-License-Identifier: BSD-3-Clause */
/* ZeroMQ over ipc, a PUSH and a PULL socket each way; messages are filled and
 * read in the library's own memory. At most 16 MiB are in flight. */
#include "perf/peers/transport.h"

#include "base/heap.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>
#include <zmq.h>

struct transport {
    size_t bytes;
    char address[2][64]; /* of what flows to each side */
    struct end {
        void *context, *push, *pull;
        zmq_msg_t sending, receiving;
        unsigned char pad[64];
    } end[2];
};

static struct transport *open_addresses(size_t bytes)
{
    static int count;
    struct transport *t = weir_array(1, sizeof(*t));
    t->bytes = bytes;
    count++;
    for (int to = 0; to < 2; to++)
        snprintf(t->address[to], sizeof(t->address[to]),
                 "ipc://@weir-perf-%d-%d-%d", (int)getpid(), count, to);
    return t;
}

/* Each side receives on the address it binds. */
static void join(struct transport *t, int side)
{
    struct end *e = &t->end[side];
    int high = t->bytes > 16384 ? (int)(((size_t)16 << 20) / t->bytes) : 1000;
    e->context = zmq_ctx_new();
    e->pull = zmq_socket(e->context, ZMQ_PULL);
    e->push = zmq_socket(e->context, ZMQ_PUSH);
    zmq_setsockopt(e->pull, ZMQ_RCVHWM, &high, sizeof(high));
    zmq_setsockopt(e->push, ZMQ_SNDHWM, &high, sizeof(high));
    transport_must(!zmq_bind(e->pull, t->address[side]) &&
                       !zmq_connect(e->push, t->address[!side]),
                   "zeromq");
}

static void *begin(struct transport *t, int to)
{
    struct end *e = &t->end[!to];
    transport_must(!zmq_msg_init_size(&e->sending, t->bytes), "zeromq");
    return zmq_msg_data(&e->sending);
}

static void send_message(struct transport *t, int to)
{
    struct end *e = &t->end[!to];
    transport_must(zmq_msg_send(&e->sending, e->push, 0) >= 0, "zeromq send");
}

static const void *receive(struct transport *t, int me)
{
    struct end *e = &t->end[me];
    zmq_msg_init(&e->receiving);
    int rc;
    while ((rc = zmq_msg_recv(&e->receiving, e->pull, 0)) < 0 && errno == EINTR)
        ;
    transport_must(rc >= 0, "zeromq receive");
    return zmq_msg_data(&e->receiving);
}

static void done(struct transport *t, int me)
{
    zmq_msg_close(&t->end[me].receiving);
}

static void leave(struct transport *t, int side)
{
    struct end *e = &t->end[side];
    zmq_close(e->push);
    zmq_close(e->pull);
    zmq_ctx_term(e->context);
}

static void close_addresses(struct transport *t)
{
    free(t);
}

const struct transport_ops transport_zeromq = {
    .name = "zeromq",
    .one_by_one = true,
    .open = open_addresses,
    .join = join,
    .begin = begin,
    .send = send_message,
    .receive = receive,
    .done = done,
    .leave = leave,
    .close = close_addresses,
};
