/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_BASE_HIST_H
#define WEIR_BASE_HIST_H

/**
 * @file
 * Log-linear histogram of non-negative integers (nanoseconds, counts).
 *
 * Cost, up front: 128 buckets per power of two above 256, so a value is known
 * within 1/128 (0.8 %, half that from a bucket's middle); values below 256 are
 * exact; range 0 .. 2^40-1 (18 minutes in ns), larger values count in the last
 * bucket; 4352 buckets of 8 bytes = 34 KiB; recording is one index computation
 * and three relaxed stores.
 *
 * Owners: one thread records into a histogram; any thread may read or merge it
 * at any time. A reader may miss records in flight (H1, relaxed: statistics are
 * stale by design, and no other memory is published through them).
 */
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define WEIR_HIST_BUCKETS 4352

struct weir_hist {
    _Atomic uint64_t count;
    _Atomic uint64_t sum;
    _Atomic uint64_t min; /* valid when count > 0 */
    _Atomic uint64_t max;
    _Atomic uint64_t bucket[WEIR_HIST_BUCKETS];
};

/** Empty @p h. Not while another thread records. */
void weir_hist_reset(struct weir_hist *h);
/** Count @p value; a negative one counts as 0. Owner thread only. */
void weir_hist_record(struct weir_hist *h, int64_t value);
/** Add everything in @p from to @p into, which the caller owns. */
void weir_hist_merge(struct weir_hist *into, const struct weir_hist *from);

/**
 * Value at quantile @p q in [0, 1]: the middle of the bucket that holds the
 * ceil(q * count)-th smallest value, clipped to [min, max]. 0 when empty.
 */
uint64_t weir_hist_quantile(const struct weir_hist *h, double q);
/** Mean of the recorded values, exact. 0 when empty. */
double weir_hist_mean(const struct weir_hist *h);
uint64_t weir_hist_count(const struct weir_hist *h);
uint64_t weir_hist_max(const struct weir_hist *h);

/** Values counted in bucket @p i. */
uint64_t weir_hist_bucket(const struct weir_hist *h, size_t i);
/** Smallest value that falls into bucket @p i. */
uint64_t weir_hist_lower(size_t i);
/** Bucket of @p value. */
size_t weir_hist_index(uint64_t value);

#endif
