/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PERF_H
#define WEIR_PERF_H

/**
 * @file
 * What every measurement prints: first the conditions it ran under, as lines
 * that start with '#', then one JSON object per result, one a line. Values are
 * collected in a weir_hist (0.8 % wide buckets), in the unit the row names.
 */
#include "base/clock.h"
#include "base/heap.h"
#include "base/hist.h"
#include "weir_build.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/** The @p i-th core this process may run on, counting round; -1: unknown. */
static inline int perf_core(int i)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set))
        return -1;
    int left = i % CPU_COUNT(&set);
    for (int c = 0; c < CPU_SETSIZE; c++)
        if (CPU_ISSET(c, &set) && left-- == 0)
            return c;
    return -1;
}

/** Cores this process may run on. */
static inline int perf_cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
}

/** Keep the calling thread on @p core; ends the program when it cannot. */
static inline void perf_pin(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (core < 0 || sched_setaffinity(0, sizeof(set), &set)) {
        fprintf(stderr, "perf: cannot run on core %d\n", core);
        exit(3);
    }
}

/**
 * Start a thread that is on @p core from its first instruction: one that began
 * on the core of a spinning creator might not get to move.
 */
static inline pthread_t perf_start(int core, void *(*work)(void *), void *ctx)
{
    pthread_t thread;
    pthread_attr_t attr;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    pthread_attr_init(&attr);
    if (core < 0 || pthread_attr_setaffinity_np(&attr, sizeof(set), &set) ||
        pthread_create(&thread, &attr, work, ctx)) {
        fprintf(stderr, "perf: cannot start a thread on core %d\n", core);
        exit(3);
    }
    pthread_attr_destroy(&attr);
    return thread;
}

/** First line of @p path that starts with @p key, after its colon; "" none. */
static inline void perf_line(const char *path, const char *key, char *out,
                             size_t n)
{
    char line[512];
    FILE *f = fopen(path, "re");
    *out = '\0';
    while (f && fgets(line, sizeof(line), f)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, key, strlen(key)))
            continue;
        line[strcspn(line, "\n")] = '\0';
        const char *text = *key && colon ? colon + 2 : line;
        size_t length = strnlen(text, n - 1);
        memcpy(out, text, length);
        out[length] = '\0';
        break;
    }
    if (f)
        fclose(f);
}

/**
 * Print the conditions. @p fmt says in one line what is done, on which cores
 * and how often.
 */
__attribute__((format(printf, 2, 3))) static inline void perf_conditions(
    const char *name, const char *fmt, ...)
{
    char cpu[128], load[64];
    struct utsname u;
    va_list ap;
    perf_line("/proc/cpuinfo", "model name", cpu, sizeof(cpu));
    perf_line("/proc/loadavg", "", load, sizeof(load));
    uname(&u);
    printf("# %s: ", name);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n# cpu %s, %d cores allowed; %s %s %s; load %s\n", cpu,
           perf_cores(), u.sysname, u.release, u.machine, load);
    printf("# weir %s, %s, %s%s%s\n", WEIR_BUILD_ID, WEIR_BUILD_COMPILER,
           WEIR_BUILD_TYPE, *WEIR_BUILD_FLAGS ? ", " : "", WEIR_BUILD_FLAGS);
    fflush(stdout);
}

/**
 * Print one result. @p fmt gives further JSON members, each followed by a
 * comma: "\"bytes\": %zu, ".
 */
__attribute__((format(printf, 4, 5))) static inline void perf_row(
    const char *name, const char *unit, const struct weir_hist *h,
    const char *fmt, ...)
{
    va_list ap;
    printf("{\"name\": \"%s\", ", name);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\"unit\": \"%s\", \"n\": %" PRIu64 ", \"min\": %" PRIu64
           ", \"median\": %" PRIu64 ", \"p99\": %" PRIu64
           ", \"p99.9\": %" PRIu64 ", \"max\": %" PRIu64 "}\n",
           unit, weir_hist_count(h), weir_hist_quantile(h, 0),
           weir_hist_quantile(h, 0.5), weir_hist_quantile(h, 0.99),
           weir_hist_quantile(h, 0.999), weir_hist_max(h));
    fflush(stdout);
}

#endif
