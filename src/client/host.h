/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_CLIENT_HOST_H
#define WEIR_CLIENT_HOST_H

/**
 * @file
 * The run's side of one client's mapping (wire.h): make it, offer a simulation,
 * take frames. All that decides anything is kept here, outside the mapping.
 *
 * A frame is copied once, a piece at a time, and each piece is checked where it
 * was copied to while it is in the cache: what the client writes meanwhile is
 * seen whole or not at all, and never after the check.
 *
 * Threads: one at a time.
 */
#include "client/wire.h"
#include "weir/solver.h"

#include <stdbool.h>

/** What is agreed with every client of a run. */
struct weir_host_terms {
    struct weir_shape shape;
    uint32_t frames, parameters, process;
    uint32_t
        slots; /* frames a client may be ahead; a power of two, 2 or more */
};

struct weir_host {
    struct weir_host_terms terms;
    struct weir_wire *wire;
    unsigned char *slots;
    double *parameter;
    size_t bytes, stride, frame_floats;
    int fd;
    uint64_t head, offered;
    uint32_t simulation, attempt, frame; /* of the offer; next frame */
};

/**
 * Make a mapping and seal it.
 * @return 0, or -WEIR_EENV: no memory, or the kernel has no sealed memory;
 *         then @p out is closed
 */
int weir_host_create(const struct weir_host_terms *terms,
                     struct weir_host *out);
/** Unmap it; a client that still has it keeps its own copy. */
void weir_host_close(struct weir_host *h);

/** Offer a simulation; the one before has ended. */
void weir_host_offer(struct weir_host *h, uint32_t simulation, uint32_t attempt,
                     const double *parameters);
/** There will be no more. */
void weir_host_end(struct weir_host *h);
/** Whether the client has taken up what was last offered. */
bool weir_host_is_taken(const struct weir_host *h);

/** Whether the client has said something; callable while waiting. */
bool weir_host_has_slot(void *host);
/** Wait for that. @return 0 or -EAGAIN, as weir_doorbell_wait */
int weir_host_wait(struct weir_host *h, int64_t timeout_ns);

enum weir_host_result {
    WEIR_HOST_FRAME = 1,
    WEIR_HOST_DONE,
    WEIR_HOST_FAILED, /* the client gives up: weir_err_message() says why */
};

/**
 * Take the oldest slot.
 * @param out  where a frame goes, frame_floats floats
 * @return enum weir_host_result
 * @return -EAGAIN nothing is there
 * @return -WEIR_ECORRUPT the client broke a rule; the message names it. It can no
 *         longer be understood: end it.
 * @return -WEIR_EDIVERGED a value of the frame is not finite; it counts as taken
 */
int weir_host_take(struct weir_host *h, float *out);

#endif
