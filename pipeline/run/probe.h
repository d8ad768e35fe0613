/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_PROBE_H
#define WEIR_PIPELINE_PROBE_H

/**
 * @file
 * Where a run can be looked into: spans (something a stage does, from begin to
 * end) and hops (something passes from one stage to another through a queue).
 * Each is three things at once:
 *
 *   USDT   probes weir:NAME_begin, weir:NAME_end and weir:NAME for perf, bpftrace
 *          and SystemTap, where <sys/sdt.h> was there at build time: a nop and a
 *          note in the file, nothing else, as long as nobody attaches
 *   ITT    a task of domain "weir" for VTune, where ittnotify was there
 *   trace  an event of the built-in recorder (trace.h), when this thread has a
 *          track: one thread-local load and a branch otherwise
 *
 * A hop says which samples, simulation or batch, so that one thing can be
 * followed: loss_publish -> loss_fold -> proposal -> claim -> sample_commit ->
 * sample_accept -> sample_draw. Hops stand inside spans: what draws the arrows
 * needs an end to tie them to.
 */
#include "pipeline/run/trace.h"

#if defined(__has_include)
#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define WEIR_HAS_USDT 1
#endif
#endif

#ifdef WEIR_HAS_USDT
#define WEIR_USDT2(name, a, b)    STAP_PROBE2(weir, name, a, b)
#define WEIR_USDT3(name, a, b, c) STAP_PROBE3(weir, name, a, b, c)
#else
#define WEIR_USDT2(name, a, b)    ((void)0)
#define WEIR_USDT3(name, a, b, c) ((void)0)
#endif

#ifdef WEIR_HAS_ITT
#define WEIR_ITT_BEGIN(span) weir_trace_itt_begin(WEIR_SPAN_##span)
#define WEIR_ITT_END()       weir_trace_itt_end()
#else
#define WEIR_ITT_BEGIN(span) ((void)0)
#define WEIR_ITT_END()       ((void)0)
#endif

/** @p span begins; its numbers are named in WEIR_SPANS. */
#define WEIR_BEGIN(span, a, b)                                                 \
    do {                                                                       \
        WEIR_USDT2(span##_begin, (uint32_t)(a), (uint32_t)(b));                \
        WEIR_ITT_BEGIN(span);                                                  \
        if (weir_trace_here)                                                   \
            weir_trace_begin(WEIR_SPAN_##span, (uint32_t)(a), (uint32_t)(b),   \
                             0);                                               \
    } while (0)

/** The span that began last on this thread, which is @p span, ends. */
#define WEIR_END(span, a, b)                                                   \
    do {                                                                       \
        WEIR_USDT2(span##_end, (uint32_t)(a), (uint32_t)(b));                  \
        WEIR_ITT_END();                                                        \
        if (weir_trace_here)                                                   \
            weir_trace_end(WEIR_SPAN_##span, 0);                               \
    } while (0)

/** @p hop happens; its numbers are named in WEIR_HOPS. */
#define WEIR_HOP(hop, a, b, c)                                                 \
    do {                                                                       \
        WEIR_USDT3(hop, (uint32_t)(a), (uint32_t)(b), (uint32_t)(c));          \
        if (weir_trace_here)                                                   \
            weir_trace_hop(WEIR_HOP_##hop, (uint32_t)(a), (uint32_t)(b),       \
                           (uint32_t)(c));                                     \
    } while (0)

#endif
