/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SHM_HANDOVER_H
#define WEIR_SHM_HANDOVER_H

/**
 * @file
 * How another program comes by a run's memory: a Unix socket in the run's
 * directory over which file descriptors are handed out.
 *
 *     caller                               run
 *     connect DIR/socket      ───────▶
 *     message {kind, body}    ───────▶
 *                             ◀───────     the same kind, a status, a body, and
 *                                          descriptors
 *
 * The socket is SOCK_SEQPACKET: a message arrives whole or not at all, and the
 * end of either side closes the connection, also when that side is killed. So
 * a connection kept open tells both who is still there.
 *
 * Who may: the file has mode 0600 and the listener asks the kernel who calls
 * (SO_PEERCRED), for permissions on a socket are not honoured everywhere.
 *
 * The first 16 bytes of a message (magic, version, kind) never change, so that
 * two versions can at least name each other.
 *
 * Threads: no state; a socket belongs to one thread at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WEIR_HANDOVER_MAGIC   0x7269657700000002ull
#define WEIR_HANDOVER_VERSION 1
/** Most descriptors, and bytes of body, of one message. */
#define WEIR_HANDOVER_FDS  8
#define WEIR_HANDOVER_BODY 480
/** The socket's name in a run's directory. */
#define WEIR_HANDOVER_NAME "socket"

/** What is asked for. */
enum weir_handover_kind {
    WEIR_HANDOVER_VIEW = 1, /* the statistics, read-only (shm/stats.h) */
    WEIR_HANDOVER_PORT = 2, /* a port of one's own */
};

struct weir_handover {
    uint64_t magic;
    uint32_t version, kind;
    int32_t status; /* answer: 0, or a negative code with its reason as body */
    uint32_t bytes; /* of body */
    char body[WEIR_HANDOVER_BODY];
};

_Static_assert(sizeof(struct weir_handover) == 24 + WEIR_HANDOVER_BODY,
               "no padding: it is sent as it is");

/** A message of @p kind without a body. */
struct weir_handover weir_handover_make(enum weir_handover_kind kind);
/** An answer to @p kind that refuses, with the reason as its body. */
struct weir_handover weir_handover_refusal(uint32_t kind, int status,
                                           const char *reason);

/**
 * Listen on @p dir/socket, replacing one that was left there: the caller owns
 * the directory (io/run_dir.h). The descriptor does not block.
 * @return >= 0        the listening socket
 * @return -WEIR_EENV  @p dir cannot hold one
 */
int weir_handover_listen(const char *dir);
/** Close @p listener and remove @p dir/socket. */
void weir_handover_close(const char *dir, int listener);
/**
 * Take the next caller. The descriptor does not block.
 * @param[out] pid  of the caller; 0 when it is not visible from here
 * @return >= 0     connected
 * @return -EAGAIN  nobody calls
 * @return -EPERM   another user's program called and was turned away
 * @return -errno   the system refuses
 */
int weir_handover_accept(int listener, pid_t *pid);

/**
 * Call the run in @p dir. The descriptor blocks, an answer for 5 s at most.
 * @return >= 0        connected
 * @return -ENOENT     no run answers there: no such directory, or no socket
 * @return -ECONNREFUSED  a socket was left by a job that is gone
 * @return -EACCES     another user's
 * @return -WEIR_EENV  the system refuses
 */
int weir_handover_connect(const char *dir);

/**
 * Send @p message with copies of @p n descriptors.
 * @return 0, -EPIPE when the other side is gone, -EAGAIN, or another -errno
 */
int weir_handover_send(int socket, const struct weir_handover *message,
                       const int *fd, size_t n);
/**
 * Receive one message. Descriptors beyond @p *n are closed.
 * @param[in,out] n  room in @p fd; how many came (close-on-exec)
 * @return 0
 * @return -EAGAIN         nothing there yet, or no answer in time
 * @return -EPIPE          the other side is gone
 * @return -WEIR_ECORRUPT  not a message of this protocol, or another version
 *                         of it; what came with it is closed
 */
int weir_handover_receive(int socket, struct weir_handover *message, int *fd,
                          size_t *n);

#endif
