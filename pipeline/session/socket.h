/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_SOCKET_H
#define WEIR_PIPELINE_SOCKET_H

/**
 * @file
 * The run's socket (shm/handover.h): one thread that answers other programs.
 * What there is to ask for is registered before it starts, a handler for each
 * kind of request; a kind without one is refused in words.
 *
 * A caller that says nothing is dropped after a second. A caller that a handler
 * lets stay is watched until it hangs up: how a viewer is known to be there. A
 * handler may also take the connection over.
 *
 * Without callers the thread sleeps in poll(2), at no cost. A run that cannot
 * have a socket goes on without, with a warning.
 *
 * Owners
 *   word     stored by        loaded by
 *   over     program          thread
 * Relaxed accesses
 *   K1 over: a flag; the write to the eventfd that follows it wakes the thread,
 *      and the join orders everything else.
 */
#include "pipeline/run/run.h"
#include "shm/handover.h"

struct weir_socket;

/** What becomes of a connection after its request. */
enum weir_socket_fate {
    WEIR_SOCKET_CLOSE, /* answered: close it */
    WEIR_SOCKET_STAY,  /* answered: watch it until it hangs up */
    WEIR_SOCKET_TAKEN, /* the handler's now */
};

/** One request. */
struct weir_socket_call {
    int socket; /* answer here; does not block */
    pid_t pid;  /* who asks; 0: not visible from here */
    const struct weir_handover *request;
    const int *fd; /* that came with it; closed after the call */
    size_t n;
};

/** Answer one request; called by the socket's thread. */
typedef enum weir_socket_fate weir_socket_fn(
    void *ctx, const struct weir_socket_call *call);
/** Called about every 0.2 s by the socket's thread while somebody stays. */
typedef void weir_socket_tick_fn(void *ctx);

/** Listen in the run's directory. @return 0, -WEIR_EENV or -ENOMEM */
int weir_socket_create(struct weir_run *run, struct weir_socket **out);
/** Answer requests of @p kind with @p fn. Before start. */
void weir_socket_serve(struct weir_socket *s, enum weir_handover_kind kind,
                       weir_socket_fn *fn, void *ctx);
/** Call @p fn regularly while somebody stays. Before start. */
void weir_socket_tick(struct weir_socket *s, weir_socket_tick_fn *fn,
                      void *ctx);
int weir_socket_start(struct weir_socket *s);
/** End the thread, hang up on everybody, and remove the socket. */
void weir_socket_stop(struct weir_socket *s);
void weir_socket_destroy(struct weir_socket *s);

#endif
