/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_CLIENT_WIRE_H
#define WEIR_CLIENT_WIRE_H

/**
 * @file
 * What the run and a solver in another process share: a request and its answer
 * (shm/handover.h, kind PORT), and one mapping that the run makes for this
 * client alone, sealed against resizing, so that no access to it can fault.
 *
 * The request's body is a hello, the answer's the mapping's size, with its
 * descriptor. After that the socket carries nothing: that it is open is how each
 * side knows that the other lives.
 *
 * The run offers one simulation at a time. The client writes its frames into a
 * ring of slots, in order, and ends it with a slot that says DONE or FAILED.
 * Nothing the client writes is believed: the run keeps its own positions,
 * computes every address from its own numbers, copies a slot before it looks at
 * it, and checks the copy.
 *
 * Owners
 *   word                 stored by              loaded by
 *   line 0, 1            run, before it answers client
 *   version              run, last of these     client
 *   offered              run                    client
 *   simulation, attempt, run, before offered    client, until DONE or FAILED
 *     parameters
 *   head                 run                    client
 *   taken                client                 run
 *   tail                 client                 run
 *   slots                client, tail..head     run, head..tail
 *   reason               client, before FAILED  run
 *   client_bell          run rings              client waits
 *   run_bell             client rings           run waits
 *
 * Edges
 *   W1 store-release of version  ->  W2 load-acquire of version: the layout.
 *   W3 store-release of offered  ->  W4 load-acquire of offered: simulation,
 *      attempt, parameters. OVER: there will be no more.
 *   W5 store-release of tail     ->  W6 load-acquire of tail: the slot, and what
 *      the client wrote before it (reason).
 *   W7 store-release of head     ->  W8 load-acquire of head: the run has copied
 *      the slot; it may be overwritten.
 *   W9 store-release of taken    ->  W10 load-acquire of taken: nothing more
 *      than the number; the run learns that its offer is worked on.
 *
 * Waking
 *   The run rings client_bell with every offer and, of heads, with each multiple
 *   of slots / 2. A client that found the ring full sleeps until half of it is
 *   free: it committed all that is in it, so that the run, which takes all, comes
 *   by a multiple with at most slots / 2 - 1 left. The client rings run_bell with
 *   every tail.
 *
 * Relaxed accesses
 *   W11 a side's own position: nobody else stores it.
 *
 * Progress and failure
 *   A client that dies leaves what it committed, which is taken, and a slot half
 *   written, which nobody looks at. Its successor gets a mapping of its own. A
 *   run that dies leaves an open mapping and a closed socket: the client sees
 *   that in its next wait, of 0.2 s at most. Memory is released with the last
 *   descriptor, by the kernel.
 *
 * Exclusion: one client (its calls serialised), one thread of the run.
 */
#include "shm/doorbell.h"

#include <stddef.h>
#include <stdint.h>

#define WEIR_WIRE_MAGIC   0x7269657763000001ull
#define WEIR_WIRE_VERSION 1
#define WEIR_WIRE_TOKEN   32 /* characters, with the final zero */
#define WEIR_WIRE_TEXT    256
#define WEIR_WIRE_OVER    UINT64_MAX
/** Where the socket is, in the run's directory. */
#define WEIR_WIRE_DIR "solvers"

/** The body of a request. */
struct weir_wire_hello {
    uint32_t version;            /* WEIR_WIRE_VERSION */
    int32_t process;             /* the run's number for it; -1: any */
    char token[WEIR_WIRE_TOKEN]; /* what the run gave it; "": nothing */
};

/** The body of an answer; a descriptor comes beside. */
struct weir_wire_answer {
    uint64_t bytes; /* of the mapping */
};

enum weir_wire_kind {
    WEIR_WIRE_FRAME = 1,
    WEIR_WIRE_DONE,
    WEIR_WIRE_FAILED,
};

struct weir_wire_slot {
    _Alignas(WEIR_ALIGN) uint32_t kind;
    uint32_t simulation, attempt;
    uint32_t frame; /* its index; of DONE and FAILED: frames before it */
    _Alignas(WEIR_ALIGN) float value[];
};

struct weir_wire {
    /* lines 0, 1: fixed */
    _Alignas(WEIR_ALIGN) uint64_t magic;
    uint64_t bytes;
    uint64_t frame_floats;
    uint64_t parameter_offset, slot_offset, slot_stride;
    uint32_t slots; /* a power of two */
    uint32_t channels, dims, n[2];
    uint32_t frames;     /* of a simulation */
    uint32_t parameters; /* of a simulation */
    uint32_t process;
    _Atomic uint32_t version;
    /* the run's */
    _Alignas(WEIR_ALIGN) _Atomic uint64_t offered;
    uint32_t simulation, attempt;
    _Alignas(WEIR_ALIGN) _Atomic uint64_t head;
    struct weir_doorbell client_bell;
    /* the client's */
    _Alignas(WEIR_ALIGN) _Atomic uint64_t tail;
    _Alignas(WEIR_ALIGN) _Atomic uint64_t taken;
    char reason[WEIR_WIRE_TEXT];
    struct weir_doorbell run_bell;
};

_Static_assert(sizeof(struct weir_wire_hello) == 40, "wire version 1");
_Static_assert(sizeof(struct weir_wire_answer) == 8, "wire version 1");
_Static_assert(sizeof(struct weir_wire_slot) == 64, "wire version 1");
_Static_assert(offsetof(struct weir_wire, offered) == 128, "wire version 1");
_Static_assert(offsetof(struct weir_wire, tail) == 320, "wire version 1");
_Static_assert(sizeof(struct weir_wire) == 768, "wire version 1");

static inline struct weir_wire_slot *weir_wire_slot_at(void *slots,
                                                       uint64_t stride,
                                                       uint64_t at)
{
    return (struct weir_wire_slot *)((unsigned char *)slots + at * stride);
}

#endif
