/* SPDX-License-Identifier: BSD-3-Clause */
/* A pipe, and a Unix stream socket, each with buffers of 1 MiB: the payload is
 * copied into the kernel and out again. */
#include "perf/peers/transport.h"

#include "base/heap.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER (1 << 20)

struct transport {
    size_t bytes;
    struct way {
        int in, out; /* descriptors to write to and to read from */
        unsigned char *sending, *receiving;
    } to[2];
};

static struct transport *open_streams(size_t bytes, bool sockets)
{
    struct transport *t = weir_array(1, sizeof(*t));
    int fd[2], buffer = BUFFER;
    t->bytes = bytes;
    for (int i = 0; i < 2; i++) {
        if (sockets)
            transport_must(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd), "socket");
        else
            transport_must(!pipe(fd), "pipe");
        if (sockets)
            setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
        else
            fcntl(fd[1], F_SETPIPE_SZ, BUFFER);
        t->to[i] = (struct way){.in = fd[1], .out = fd[0]};
        t->to[i].sending = weir_array(1, bytes);
        t->to[i].receiving = weir_array(1, bytes);
    }
    return t;
}

static struct transport *open_pipes(size_t bytes)
{
    return open_streams(bytes, false);
}

static struct transport *open_sockets(size_t bytes)
{
    return open_streams(bytes, true);
}

static void *begin(struct transport *t, int to)
{
    return t->to[to].sending;
}

static void send_all(struct transport *t, int to)
{
    for (size_t n = 0; n < t->bytes;) {
        ssize_t got = write(t->to[to].in, t->to[to].sending + n, t->bytes - n);
        transport_must(got > 0, "write");
        n += (size_t)got;
    }
}

static const void *receive_all(struct transport *t, int me)
{
    for (size_t n = 0; n < t->bytes;) {
        ssize_t got =
            read(t->to[me].out, t->to[me].receiving + n, t->bytes - n);
        transport_must(got > 0, "read");
        n += (size_t)got;
    }
    return t->to[me].receiving;
}

static void done(struct transport *t, int me)
{
    (void)t;
    (void)me;
}

static void close_streams(struct transport *t)
{
    for (int i = 0; i < 2; i++) {
        close(t->to[i].in);
        close(t->to[i].out);
        free(t->to[i].sending);
        free(t->to[i].receiving);
    }
    free(t);
}

const struct transport_ops transport_pipe = {
    .name = "pipe",
    .one_by_one = true,
    .open = open_pipes,
    .begin = begin,
    .send = send_all,
    .receive = receive_all,
    .done = done,
    .close = close_streams,
};

const struct transport_ops transport_unix = {
    .name = "unix_socket",
    .one_by_one = true,
    .open = open_sockets,
    .begin = begin,
    .send = send_all,
    .receive = receive_all,
    .done = done,
    .close = close_streams,
};
