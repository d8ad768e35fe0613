/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_CLIENT_H
#define WEIR_CLIENT_H

/**
 * @file
 * A solver in a process of its own: attach, next, send, finish.
 *
 * `weir run` starts as many copies of the solver's command as its plan allows.
 * Each attaches, asks for parameters, sends the frames of that simulation in
 * order, the initial state first, and asks again:
 *
 *     struct weir_client *c;
 *     double p[2];
 *     if (weir_client_attach(&c))
 *         return fprintf(stderr, "%s\n", weir_client_message()), 1;
 *     while (weir_client_next(c, p, 2) == 1) {
 *         initialise(u, p);
 *         for (int t = 0; t < weir_client_expects(c)->frames; t++) {
 *             if (t > 0)
 *                 step(u);
 *             if (weir_client_send(c, u, 64))
 *                 break;
 *         }
 *         weir_client_finish(c);
 *     }
 *     weir_client_detach(c);
 *
 * A program that runs one simulation and ends works as well: it calls next once
 * and is started again for the next one. An MPI program gathers its frame on
 * rank 0, which alone calls these functions.
 *
 * A frame is float32, (channels, n[0][, n[1]]), last axis fastest. reserve and
 * commit write it where the run reads it; send copies it there. Both wait while
 * the run has no room: a solver cannot run ahead of training.
 *
 * While the run is stopped (SIGSTOP) whoever needs it waits; within 0.2 s of its
 * death a wait ends with -EPIPE.
 *
 * Nothing a client does hurts the run: a frame of the wrong number, a value that
 * is not finite, too few frames or a crash cost the simulation that it happened
 * in, which runs again or is drawn anew. When the run ends, dies, or gives this
 * client up, next returns 0 or -EPIPE and everything else -EPIPE.
 *
 * Threads: calls on one client must not overlap. The library starts no thread,
 * installs no signal handler and needs the C library alone.
 *
 * Functions return 0 or more on success, a negative errno on failure, with a
 * sentence in weir_client_message().
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_client;

/** What the run expects, fixed while attached. */
struct weir_client_shape {
    int32_t channels;
    int32_t dims;       /* 1 or 2 */
    int32_t n[2];       /* grid points per axis; an unused axis is 1 */
    int32_t frames;     /* per simulation, with the initial state */
    int32_t parameters; /* per simulation */
    int32_t process;    /* number of this process in the run, from 0 */
};

/**
 * Attach to the run that started this process: WEIR_RUN names its directory,
 * WEIR_PROCESS and WEIR_TOKEN this process.
 * @return 0
 * @return -ENOENT   WEIR_RUN is not set, or there is no run there
 * @return -EPROTO   library and run speak different versions
 * @return -EBUSY    this process has a client already, or no place is free
 * @return -EACCES   the run belongs to another user
 * @return -ECONNREFUSED  the run is gone
 * @return -ECANCELED     the run is ending
 * @return -ENOMEM
 */
int weir_client_attach(struct weir_client **out);
/**
 * Attach to the run in directory @p dir, whoever started this process. The run
 * gives it a free place; there is one when its `command` is empty.
 */
int weir_client_attach_dir(const char *dir, struct weir_client **out);
/** Let go. What was not finished counts as failed. NULL is fine. */
void weir_client_detach(struct weir_client *c);

const struct weir_client_shape *weir_client_expects(
    const struct weir_client *c);

/**
 * Wait for the next simulation.
 * @param parameters  gets the first @p n parameters, in the order of the
 *                    configuration
 * @return 1 there is one
 * @return 0 there will be no more: detach and end
 * @return -EINVAL @p n is not the number of parameters
 * @return -EPIPE  the run is gone
 */
int weir_client_next(struct weir_client *c, double *parameters, int n);
/**
 * The run's number for the simulation, and the attempt at it, from 1; attempt 0:
 * a trajectory that is held out to validate or test, with numbers of its own.
 */
int64_t weir_client_simulation(const struct weir_client *c);
int weir_client_attempt(const struct weir_client *c);

/**
 * Where the next frame goes, aligned to 64 bytes; waits for room. The same place
 * until it is committed.
 * @return NULL when the run is gone (-EPIPE), no simulation runs or all its
 *         frames were sent (-ERANGE); weir_client_error says which
 */
float *weir_client_reserve(struct weir_client *c);
/** Hand over the reserved frame. @return 0, -EINVAL nothing is reserved */
int weir_client_commit(struct weir_client *c);
/**
 * reserve, copy, commit.
 * @param n  values in @p frame: channels x n[0] x n[1]. Any other number fails
 *           the simulation: program and configuration mean different grids.
 * @return 0, -EPIPE, -ERANGE, -EINVAL
 */
int weir_client_send(struct weir_client *c, const float *frame, size_t n);
/** The same from double precision, rounded. */
int weir_client_send_double(struct weir_client *c, const double *frame,
                            size_t n);

/** The simulation is complete. @return 0, -EPIPE, -EINVAL frames are missing */
int weir_client_finish(struct weir_client *c);
/** Give the simulation up: it diverged, say. @return 0, -EPIPE, -EINVAL */
int weir_client_fail(struct weir_client *c, const char *reason);

/** Of the last failed call in this thread: its code, and a sentence. */
int weir_client_error(void);
const char *weir_client_message(void);

#ifdef __cplusplus
}
#endif
#endif
