/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_TRACE_H
#define WEIR_PIPELINE_TRACE_H

/**
 * @file
 * The built-in recorder: `weir run --trace F` writes what the probes (probe.h)
 * see as Chrome trace events, a JSON array that opens in Perfetto
 * (ui.perfetto.dev) and in chrome://tracing. One track per thread; spans nest;
 * arrows follow a batch's losses, a proposal and a sample from thread to thread.
 *
 * Every thread writes events of fixed size into a ring of its own (shm/ring.h);
 * one thread turns them into text. A thread whose ring is full drops events,
 * counted, and never waits; of a span both ends are kept or neither, so what is
 * in the file always nests.
 *
 * A file that cannot grow is said once; the run goes on without. What was
 * written until then is cut after a whole event and can still be opened.
 *
 * Owners
 *   word        stored by            loaded by
 *   rings       ring.h               ring.h
 *   tracks      any thread, locked   writer, locked
 *   over        program              writer
 * Relaxed accesses
 *   O1 over: a flag; the join orders what matters. dropped: a statistic of its
 *      thread, read when that thread has ended.
 */
#include "shm/ring.h"

#include <stdbool.h>
#include <stdint.h>

/** name, what its two numbers are ("": nothing) */
#define WEIR_SPANS(X)                                                          \
    X(start, "simulation", "attempt")                                          \
    X(solve, "simulation", "step")                                             \
    X(deliver, "simulation", "step")                                           \
    X(boundary, "step", "")                                                    \
    X(take_in, "step", "")                                                     \
    X(draw, "step", "")                                                        \
    X(passes, "step", "micro_batch")                                           \
    X(forward, "step", "micro_batch")                                          \
    X(backward, "step", "micro_batch")                                         \
    X(meet, "step", "")                                                        \
    X(reduce, "step", "group")                                                 \
    X(publish, "step", "group")                                                \
    X(evaluate, "step", "group")                                               \
    X(fold, "batch", "")                                                       \
    X(score, "batch", "piece")                                                 \
    X(propose, "batch", "open")                                                \
    X(cut, "step", "")                                                         \
    X(checkpoint, "step", "")                                                  \
    X(record, "rows", "")

/** name, its three numbers, the arrow it belongs to, its part of the arrow */
#define WEIR_HOPS(X)                                                           \
    X(loss_publish, "batch", "group", "", LOSS, OUT)                           \
    X(loss_fold, "batch", "", "", LOSS, IN)                                    \
    X(proposal, "simulation", "generation", "batch", PROPOSAL, OUT)            \
    X(claim, "simulation", "attempt", "lane", PROPOSAL, IN)                    \
    X(slot_lend, "lane", "slot", "", NONE, OUT)                                \
    X(slot_take, "lane", "slot", "", NONE, IN)                                 \
    X(sample_commit, "simulation", "step", "lane", SAMPLE, OUT)                \
    X(sample_accept, "simulation", "step", "lane", SAMPLE, THROUGH)            \
    X(sample_draw, "simulation", "step", "batch", SAMPLE, IN)                  \
    X(row_push, "step", "", "", NONE, OUT)                                     \
    X(row_append, "step", "", "", NONE, IN)                                    \
    X(checkpoint_post, "step", "", "", CHECKPOINT, OUT)                        \
    X(checkpoint_take, "step", "", "", CHECKPOINT, IN)

enum weir_span {
#define X(name, a, b) WEIR_SPAN_##name,
    WEIR_SPANS(X)
#undef X
        WEIR_SPAN_COUNT
};

enum weir_hop {
#define X(name, a, b, c, arrow, part) WEIR_HOP_##name,
    WEIR_HOPS(X)
#undef X
        WEIR_HOP_COUNT
};

struct weir_trace;
struct weir_trace_track;

/** This thread's track; NULL: it records nothing. */
extern _Thread_local struct weir_trace_track *weir_trace_here;

/**
 * Whether a trace could be made at @p path; what is there stays as it is.
 * @return 0 or -WEIR_EENV
 */
int weir_trace_check(const char *path);
/**
 * Begin a trace into @p path, its times counted from @p start_ns.
 * @return 0, -WEIR_EENV when the file cannot be made, or -ENOMEM
 */
int weir_trace_create(const char *path, int64_t start_ns,
                      struct weir_trace **out);
/**
 * Write what is left, and end the file. Every thread that entered has ended.
 * @return events that were dropped
 */
uint64_t weir_trace_destroy(struct weir_trace *t);
/** Give the calling thread a track called @p name; @p t may be NULL. */
void weir_trace_enter(struct weir_trace *t, const char *name);

/** What the probes call; @p at_ns 0: now. Only with a track. */
void weir_trace_begin(enum weir_span span, uint32_t a, uint32_t b,
                      int64_t at_ns);
void weir_trace_end(enum weir_span span, int64_t at_ns);
void weir_trace_hop(enum weir_hop hop, uint32_t a, uint32_t b, uint32_t c);

#ifdef WEIR_HAS_ITT
void weir_trace_itt_enter(const char *name);
void weir_trace_itt_begin(enum weir_span span);
void weir_trace_itt_end(void);
#endif

#endif
