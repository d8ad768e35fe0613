/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_BASE_CLOCK_H
#define WEIR_BASE_CLOCK_H

/**
 * @file
 * Time, always in nanoseconds, always as int64_t.
 */
#include <stdint.h>

/** CLOCK_MONOTONIC: the same clock in every thread and process of a node. */
int64_t weir_now_ns(void);
/** Seconds since the epoch, for records people read. */
double weir_wall_seconds(void);
/** CPU time of the calling thread. */
int64_t weir_thread_cpu_ns(void);
/** CPU time of the whole process. */
int64_t weir_process_cpu_ns(void);

#endif
