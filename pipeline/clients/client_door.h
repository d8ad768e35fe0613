/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_CLIENT_DOOR_H
#define WEIR_PIPELINE_CLIENT_DOOR_H

/**
 * @file
 * The door that clients come in by: a socket (shm/handover.h) in a directory
 * and a thread that hears who knocks. It refuses other users and other versions
 * by itself and asks its owner about the rest.
 *
 * Whoever knocks and says nothing is put out after a while, and the oldest when
 * there are too many, of the same process if it has any: nobody can keep others
 * out.
 */
#include "client/wire.h"

#include <sys/types.h>

struct weir_door;

/** Who knocks. */
struct weir_caller {
    int socket;
    pid_t pid;
    const struct weir_wire_hello *hello; /* token terminated */
};

/**
 * Let a caller in or not; called by the door's thread.
 * @return 0 it is in: answered by weir_door_answer, its socket the owner's
 * @return a negative errno with a message, which the caller is told
 */
typedef int weir_door_admit_fn(void *ctx, const struct weir_caller *caller);

/**
 * Open it in directory @p dir, which outlives it. A socket that is there already
 * is replaced: the directory is locked by this run.
 * @return 0 or -WEIR_EENV
 */
int weir_door_open(const char *dir, weir_door_admit_fn *admit, void *ctx,
                   struct weir_door **out);
/** Close it and remove the socket. NULL is fine. */
void weir_door_close(struct weir_door *door);

/** Tell a caller that it is in. @return 0, or -EPIPE when it has left */
int weir_door_answer(int socket, int memory, uint64_t bytes);

#endif
