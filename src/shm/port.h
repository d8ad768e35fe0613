/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SHM_PORT_H
#define WEIR_SHM_PORT_H

/**
 * @file
 * A port is one lane's whole connection: a `free` ring of slots lent to it, a
 * `ready` ring of what it has to say, a mailbox for the simulation to run, a
 * doorbell, a heartbeat and counters.
 *
 * What a lane says, in the order it happened: SAMPLE (a slot it filled), DONE
 * (the simulation's last sample was before this), FAILED (give it up). A
 * message is kind << 56 | slot, or kind << 56 | simulation. `ready` holds the
 * messages of simulations that bring at least one sample each. Many that end
 * without one (failing at once, or rerun with nothing left to deliver) can fill
 * it; the lane then waits on its bell, so whoever drains `ready` rings it.
 *
 * Owners
 *   word                    stored by       loaded by
 *   free ring               leader: tail    lane: head      (ring.h)
 *   ready ring              lane: tail      leader: head    (ring.h)
 *   assigned                leader, lane    lane, leader
 *   thread                  its old value   whoever rings the lane
 *   heartbeat, state, waits lane            anyone
 *   idle_ns, idle_since     the thread that waits on this bell   leader
 *
 * Edges, beside those of the two rings
 *   S1 the ring edge P1/C1 of `ready`: the slot's header and frames are visible
 *      to the leader, and through the trainer's barrier (B2/B3) to the groups.
 *   S2 the ring edge P1/C1 of `free`: every group has finished reading the slot
 *      (B1 before the leader lends it); the lane may overwrite it.
 *   S3 release store of `assigned`  ->  S4 acquire load: in lockstep, where the
 *      leader claims for the lane, the claim is visible to it. The lane stores
 *      0 (S3) when it has taken it.
 *   S6 thread, the number of the thread that runs the lane, is changed by that
 *      thread alone, when it hands the lane over: acquire-release exchange, with
 *      WEIR_PORT_COMING  ->  S7 acquire load by the new one, which takes that
 *      mark away (S6 again): the lane's own memory is visible. Whoever
 *      leaves something for the lane and rings reads it by S6 too, adding 0: an
 *      addition before the exchange is seen by the old thread and so by the new
 *      one, and one after it rings the new one. So nothing is slept through.
 *
 * Relaxed accesses
 *   S5 heartbeat, state letter, wait and idle counters: statistics, stale by
 *      design.
 *
 * Exclusion: one lane, one leader at a time (the trainer's barrier orders
 * successive leaders).
 */
#include "shm/doorbell.h"
#include "shm/ring.h"

#include <stdint.h>

enum weir_message {
    WEIR_MESSAGE_SAMPLE = 1, /* value: slot */
    WEIR_MESSAGE_DONE,       /* value: simulation */
    WEIR_MESSAGE_FAILED,     /* value: simulation */
};

/** State letters of a lane, for the live line. */
enum weir_lane_state {
    WEIR_LANE_IDLE = 'I',    /* no simulation to run */
    WEIR_LANE_SOLVING = 'S', /* inside the solver */
    WEIR_LANE_FULL = 'F',    /* waiting for a lent slot */
    WEIR_LANE_OVER = '.',    /* the run has no more work for it */
};

/** Of the word `thread`: the lane was handed to it, and it has not looked. */
#define WEIR_PORT_COMING 0x80000000u

struct weir_port {
    struct weir_doorbell bell; /* rung when slots or work arrive */
    _Alignas(WEIR_ALIGN) _Atomic uint32_t thread;   /* that runs the lane */
    _Alignas(WEIR_ALIGN) _Atomic uint64_t assigned; /* simulation + 1, or 0 */
    _Alignas(WEIR_ALIGN) _Atomic int64_t heartbeat_ns;
    _Atomic int64_t wait_ns;             /* total time without a lent slot */
    _Atomic int64_t busy_ns;             /* total time inside the solver */
    _Atomic uint64_t samples;            /* committed */
    _Atomic uint32_t state;              /* enum weir_lane_state */
    _Atomic int64_t idle_ns, idle_since; /* of a thread; since: 0 not idle */
    uint32_t ready_offset;               /* from the port to its ready ring */
    _Alignas(WEIR_ALIGN) unsigned char rings[];
};

/** Bytes of a port whose lane may hold up to @p slots slots. */
size_t weir_port_bytes(uint32_t slots);
/** Lay out a port in zeroed memory. */
int weir_port_init(struct weir_port *port, uint32_t slots);

struct weir_ring *weir_port_free(struct weir_port *port);
struct weir_ring *weir_port_ready(struct weir_port *port);

static inline uint64_t weir_message_make(enum weir_message kind, uint32_t value)
{
    return (uint64_t)kind << 56 | value;
}

static inline enum weir_message weir_message_kind(uint64_t m)
{
    return (enum weir_message)(m >> 56);
}

static inline uint32_t weir_message_value(uint64_t m)
{
    return (uint32_t)m;
}

#endif
