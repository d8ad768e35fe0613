/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SHM_STATS_H
#define WEIR_SHM_STATS_H

/**
 * @file
 * What a viewer may see of a running job, in a mapping of its own that is
 * handed over read-only (mapping.h, handover.h): the counters page, the threads
 * and where they run, what every lane does, and every latency histogram, one
 * per thread that records.
 *
 * The mapping outlives the job in whoever maps it, so a viewer can still say
 * how the job ended.
 *
 * Owners
 *   word                     stored by                        loaded by
 *   all that is not atomic   the run, before M1               anyone
 *   counters                 counters.h                       anyone
 *   thread[].tid             the thread, when it starts       anyone
 *   thread[].cpu_ns          the thread, now and then         anyone
 *   lane[]                   the sampler: one thread          anyone
 *   hist[]                   its thread (base/hist.h H1)      anyone
 *   ending, ended_ns         the run, once                    anyone
 *
 * Edges
 *   E1 release store of ending  ->  E2 acquire load: ended_ns is set and what
 *      the stages counted before they were joined is visible.
 * Relaxed accesses
 *   E3 tid, lanes, beat: statistics, stale by design; each stands for itself.
 *   A histogram read while its owner records may miss what is in flight.
 *
 * No two owners share a line. Progress: every store is wait-free; a run that is
 * killed leaves ending at 0, and the closed connection tells (handover.h).
 */
#include "base/hist.h"
#include "shm/counters.h"

#include <stdatomic.h>
#include <stdint.h>

/** What a thread is there for. */
enum weir_stats_role {
    WEIR_STATS_GROUP,
    WEIR_STATS_SOLVER,
    WEIR_STATS_SERVICE,
};

/** What the values of a histogram are. */
enum weir_stats_class {
    WEIR_STATS_WORK, /* ns this thread worked; the sum is a share of its time */
    WEIR_STATS_WAIT, /* ns this thread waited; likewise */
    WEIR_STATS_SPAN, /* ns between two events, of whatever threads */
    WEIR_STATS_COUNT, /* no time: gradient steps, ... */
};

struct weir_stats_thread {
    _Alignas(WEIR_ALIGN) char name[16]; /* as the system shows it */
    uint32_t role;
    uint32_t index;            /* group, solver thread, or service */
    int32_t package, node, l3; /* -1: none or several */
    int32_t cpu, cpus, pinned; /* first cpu it may use, how many, only it */
    _Alignas(WEIR_ALIGN) _Atomic int32_t tid; /* E3; 0: not started */
};

struct weir_stats_lane {
    _Alignas(WEIR_ALIGN) _Atomic uint32_t state; /* a letter (port.h); E3 */
    _Atomic uint32_t ready, free;                /* in its two rings; E3 */
    _Atomic uint64_t samples;                    /* committed; E3 */
    _Atomic int64_t busy_ns, wait_ns;            /* E3 */
};

struct weir_stats_hist {
    _Alignas(WEIR_ALIGN) char name[32];
    char title[40];
    uint32_t kind;  /* enum weir_stats_class */
    int32_t thread; /* index of its owner; -1: whoever leads */
    _Alignas(WEIR_ALIGN) struct weir_hist hist;
};

/** How many of each there are; fixed at creation. */
struct weir_stats_size {
    uint32_t counters, threads, lanes, hists;
};

/** At the start of the mapping, after its header. */
struct weir_stats {
    _Alignas(WEIR_ALIGN) struct weir_stats_size size;
    uint64_t bytes; /* of all of it, from here */
    uint64_t counters_at, thread_at, lane_at, hist_at; /* from here */
    int64_t start_ns; /* CLOCK_MONOTONIC: this session's */
    char program[64]; /* version and build */
    char title[128];  /* solver, model, strategy, clock */
    _Alignas(WEIR_ALIGN) _Atomic uint32_t ending; /* 0: not yet */
    _Atomic int64_t ended_ns;
    _Alignas(WEIR_ALIGN) _Atomic int64_t beat_ns; /* the sampler's last look */
};

/** Bytes of statistics of @p size. */
size_t weir_stats_bytes(const struct weir_stats_size *size);
/** Lay them out in zeroed memory; the counters page is empty. */
void weir_stats_init(struct weir_stats *s, const struct weir_stats_size *size);
/**
 * Check that what @p s says of itself fits into @p bytes bytes.
 * @return 0 or -WEIR_ECORRUPT
 */
int weir_stats_check(const struct weir_stats *s, size_t bytes);

struct weir_counters *weir_stats_counters(const struct weir_stats *s);
struct weir_stats_thread *weir_stats_thread(const struct weir_stats *s,
                                            uint32_t i);
struct weir_stats_lane *weir_stats_lane(const struct weir_stats *s, uint32_t i);
struct weir_stats_hist *weir_stats_hist(const struct weir_stats *s, uint32_t i);
/** The counter called @p label, or NULL. */
const struct weir_counter *weir_stats_counter(const struct weir_stats *s,
                                              const char *label);

/** The run has ended as @p ending > 0 says (E1). Once. */
void weir_stats_end(struct weir_stats *s, uint32_t ending, int64_t now_ns);
/** How it ended (E2); 0: it has not. */
uint32_t weir_stats_ending(const struct weir_stats *s);

#endif
