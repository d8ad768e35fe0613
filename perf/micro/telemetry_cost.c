/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What seeing costs those who are seen: recording one value into a histogram,
 * merging one while another thread records into it, counting, a probe that
 * nobody listens to, and one that the built-in trace does.
 *
 *   telemetry_cost [repetitions]
 */
#include "perf/perf.h"

#include "base/err.h"
#include "pipeline/run/probe.h"
#include "shm/counters.h"

enum { CALLS = 10000 };

static struct weir_hist *target;
static _Atomic int over;

/* Values as a run has them: spread over six powers of ten. */
static int64_t value(int i)
{
    return (int64_t)(1u << (i % 20)) + i;
}

static void record(struct weir_hist *h, struct weir_hist *out)
{
    int64_t begin = weir_now_ns();
    for (int i = 0; i < CALLS; i++)
        weir_hist_record(h, value(i));
    weir_hist_record(out, (weir_now_ns() - begin) * 10 / CALLS);
}

static void merge(struct weir_hist *from, struct weir_hist *out)
{
    struct weir_hist *into = weir_array(1, sizeof(*into));
    int64_t begin = weir_now_ns();
    weir_hist_merge(into, from);
    weir_hist_record(out, weir_now_ns() - begin);
    free(into);
}

static void count(struct weir_hist *out)
{
    struct weir_counters *page = weir_array(1, weir_counters_bytes(1));
    weir_counters_init(page, 1);
    struct weir_counter *c = weir_counter_add(page, WEIR_COUNTER_TOTAL, "x");
    int64_t begin = weir_now_ns();
    for (int i = 0; i < CALLS; i++)
        weir_counter_count(c, 1);
    weir_hist_record(out, (weir_now_ns() - begin) * 10 / CALLS);
    free(page);
}

static void probe(struct weir_hist *out)
{
    int64_t begin = weir_now_ns();
    for (int i = 0; i < CALLS; i++) {
        WEIR_BEGIN(solve, i, 1);
        WEIR_END(solve, i, 1);
    }
    weir_hist_record(out, (weir_now_ns() - begin) * 10 / CALLS);
}

static void *record_on(void *arg)
{
    (void)arg;
    for (int i = 0; !atomic_load(&over); i++)
        weir_hist_record(target, value(i));
    return NULL;
}

int main(int argc, char **argv)
{
    int repetitions = argc > 1 ? atoi(argv[1]) : 200;
    struct weir_trace *trace = NULL;
    struct weir_hist *h = weir_array(6, sizeof(*h));
    perf_conditions("telemetry_cost", "core %d, %d repetitions of %d calls",
                    perf_core(0), repetitions, CALLS);
    target = weir_array(1, sizeof(*target));
    for (int i = 0; i < repetitions; i++) {
        record(target, &h[0]);
        merge(target, &h[1]);
        count(&h[2]);
        probe(&h[3]);
    }
    pthread_t other = perf_start(perf_core(1), record_on, NULL);
    for (int i = 0; i < repetitions; i++)
        merge(target, &h[4]);
    atomic_store(&over, 1);
    pthread_join(other, NULL);
    if (weir_trace_create("/dev/null", weir_now_ns(), &trace) == 0) {
        weir_trace_enter(trace, "bench");
        for (int i = 0; i < repetitions; i++) {
            struct timespec nap = {0, 20000000}; /* the writer keeps up */
            probe(&h[5]);
            nanosleep(&nap, NULL);
        }
    }
    perf_row("hist.record", "0.1 ns", &h[0], "%s", "");
    perf_row("hist.merge", "ns", &h[1], "\"buckets\": %d, ", WEIR_HIST_BUCKETS);
    perf_row("hist.merge_while_recorded", "ns", &h[4], "%s", "");
    perf_row("counter.count", "0.1 ns", &h[2], "%s", "");
    perf_row("probe.span_off", "0.1 ns", &h[3], "%s", "");
    perf_row("probe.span_traced", "0.1 ns", &h[5], "\"dropped\": %" PRIu64 ", ",
             weir_trace_destroy(trace));
    free(target);
    free(h);
    return 0;
}
