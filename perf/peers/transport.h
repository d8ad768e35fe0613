/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PERF_TRANSPORT_H
#define WEIR_PERF_TRANSPORT_H

/**
 * @file
 * One way to move payloads between two sides, 0 and 1, which are threads of one
 * process or two processes. Payloads flow both ways. A sender fills memory that
 * `begin` gives; a receiver reads memory that `receive` gives, until `done`.
 * Failures end the program.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

struct transport;

struct transport_ops {
    const char *name;
    bool one_by_one; /* each payload can be answered before the next */
    /** Before the sides part. @p bytes is the size of every payload. */
    struct transport *(*open)(size_t bytes);
    /** In each side, before it sends or receives; NULL: nothing to do. */
    void (*join)(struct transport *t, int side);
    void *(*begin)(struct transport *t, int to);
    void (*send)(struct transport *t, int to);
    const void *(*receive)(struct transport *t, int me);
    void (*done)(struct transport *t, int me);
    /** In each side, when it has ended; NULL: nothing to do. */
    void (*leave)(struct transport *t, int side);
    /** After both sides have left. */
    void (*close)(struct transport *t);
};

extern const struct transport_ops transport_ring;     /* Weir's */
extern const struct transport_ops transport_in_place; /* the bound on it */
extern const struct transport_ops transport_pipe;
extern const struct transport_ops transport_unix;
#ifdef WEIR_PERF_ZEROMQ
extern const struct transport_ops transport_zeromq;
#endif

/** Slots of @p bytes in a region of about 8 MiB: a power of two, 8 or more. */
static inline size_t transport_slots(size_t bytes)
{
    size_t n = 8;
    while (2 * n * bytes <= (size_t)8 << 20)
        n *= 2;
    return n;
}

#define transport_must(condition, what)                                        \
    do {                                                                       \
        if (!(condition)) {                                                    \
            perror(what);                                                      \
            exit(3);                                                           \
        }                                                                      \
    } while (0)

#endif
