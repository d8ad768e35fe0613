/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_STRESS_H
#define WEIR_TESTS_STRESS_H

/**
 * @file
 * What stress tests share. A run lasts WEIR_STRESS_SECONDS (default 2), starts
 * its threads together, prints its seed (WEIR_STRESS_SEED repeats one) and must
 * show that what it is about really overlapped. A failed check ends the program
 * with status 1 from whatever thread it is in; so does a hang, much later.
 */
#include "base/clock.h"
#include "base/rng.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static uint64_t stress_seed;
static int64_t stress_until;

/** The condition must hold; else say what happened and end with status 1. */
#define must(condition, ...)                                                   \
    do {                                                                       \
        if (!(condition)) {                                                    \
            printf("%s:%d: ", __FILE__, __LINE__);                             \
            printf(__VA_ARGS__);                                               \
            printf(" (seed %" PRIu64 ")\n", stress_seed);                      \
            fflush(stdout);                                                    \
            _exit(1);                                                          \
        }                                                                      \
    } while (0)

static inline void stress_hang(int signal_number)
{
    static const char text[] = "no end in sight: something hangs\n";
    (void)signal_number;
    if (write(1, text, sizeof(text) - 1) < 0)
        _exit(1);
    _exit(1);
}

/** Call first: read the environment, print the seed, arm the hang alarm. */
static inline void stress_begin(const char *name)
{
    const char *seconds = getenv("WEIR_STRESS_SECONDS");
    const char *seed = getenv("WEIR_STRESS_SEED");
    double s = seconds ? strtod(seconds, NULL) : 2;
    stress_seed =
        seed ? strtoull(seed, NULL, 10) : (uint64_t)weir_now_ns() % 1000000007;
    printf("%s: %g s, seed %" PRIu64 "\n", name, s, stress_seed);
    fflush(stdout);
    stress_until = weir_now_ns() + (int64_t)(s * 1e9);
    signal(SIGALRM, stress_hang);
    alarm((unsigned)s + 120);
}

static inline bool stress_goes_on(void)
{
    return weir_now_ns() < stress_until;
}

/**
 * Whether to go on: past the time too, up to a minute, while what the test must
 * meet has not been @p met. A busy machine gives little of a second.
 */
static inline bool stress_goes_on_until(bool met)
{
    return stress_goes_on() ||
           (!met && weir_now_ns() < stress_until + 60000000000);
}

/** The random stream of thread @p i. */
static inline struct weir_rng stress_rng(uint64_t i)
{
    return weir_rng_stream(stress_seed, WEIR_RNG_TEST, i);
}

/** Times the calling thread gave up its core of its own will: sleeps. */
static inline long stress_sleeps(void)
{
    struct rusage use;
    getrusage(RUSAGE_THREAD, &use);
    return use.ru_nvcsw;
}

/** Waste a little time without sleeping: up to @p most loops. */
static inline void stress_dawdle(struct weir_rng *rng, uint32_t most)
{
    uint32_t n = weir_rng_below(rng, most + 1);
    for (volatile uint32_t i = 0; i < n; i = i + 1)
        ;
}

#endif
