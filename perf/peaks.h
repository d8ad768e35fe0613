/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PERF_PEAKS_H
#define WEIR_PERF_PEAKS_H

/**
 * @file
 * What one core of this machine can do at most, measured in the same run as
 * what is compared with it: fused multiply-adds on double precision registers,
 * and a triad a = b + s c over a given working set (24 bytes an element; what a
 * cache reads before it overwrites is not counted).
 */
#include "base/clock.h"
#include "base/heap.h"
#include "base/simd.h"

#include <stdio.h>
#include <stdlib.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define PERF_WIDEST __attribute__((target_clones("avx512f", "fma", "default")))
#else
#define PERF_WIDEST
#endif

#define PERF_CHAINS 96 /* independent sums: enough to fill any pipeline */

/* Kept out of line: each clone is a whole loop. */
PERF_WIDEST __attribute__((noinline, unused)) static void perf_multiply_add(
    double *x, long rounds)
{
    double a[PERF_CHAINS];
    for (int i = 0; i < PERF_CHAINS; i++)
        a[i] = x[i];
    for (long r = 0; r < rounds; r++)
#pragma GCC unroll 96
        for (int i = 0; i < PERF_CHAINS; i++)
            a[i] = __builtin_fma(a[i], 0.999999, 1e-6);
    for (int i = 0; i < PERF_CHAINS; i++)
        x[i] = a[i];
}

/** Double precision GFLOP/s of one core, the best of several tries. */
__attribute__((unused)) static double perf_peak_gflops(void)
{
    enum { ROUNDS = 200000, TRIES = 20 };
    double x[PERF_CHAINS] = {0}, best = 0;
    for (int t = 0; t < TRIES; t++) {
        int64_t start = weir_thread_cpu_ns();
        perf_multiply_add(x, ROUNDS);
        double rate =
            2.0 * PERF_CHAINS * ROUNDS / (double)(weir_thread_cpu_ns() - start);
        best = rate > best ? rate : best;
    }
    return best;
}

WEIR_CLONES __attribute__((noinline, unused)) static void perf_triad(
    double *restrict a, const double *restrict b, const double *restrict c,
    double s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        a[i] = b[i] + s * c[i];
}

/** GB/s of one core on three arrays of @p bytes together, best of several. */
__attribute__((unused)) static double perf_peak_gbytes(size_t bytes)
{
    enum { TRIES = 20 };
    size_t n = bytes / (3 * sizeof(double));
    n = n > 64 ? n : 64;
    long rounds = 1 + (long)((8u << 20) / (24 * n));
    double *x = weir_array(3 * n, sizeof(*x)), best = 0;
    if (!x) {
        fprintf(stderr, "perf: no memory\n");
        exit(3);
    }
    for (int t = 0; t < TRIES; t++) {
        int64_t start = weir_thread_cpu_ns();
        for (long r = 0; r < rounds; r++)
            perf_triad(x, x + n, x + 2 * n, 1e-9 * (double)r, n);
        double rate = 24.0 * (double)n * (double)rounds /
                      (double)(weir_thread_cpu_ns() - start);
        best = rate > best ? rate : best;
    }
    free(x);
    return best;
}

#endif
