/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_NORMALISER_H
#define WEIR_NN_NORMALISER_H

/**
 * @file
 * The scales of the data: per channel, mean and standard deviation of a state,
 * and root mean square of the change from one state to the next. They are
 * measured on the first data of a run and then frozen: a surrogate whose
 * scales moved would be a different function of the same weights.
 *
 * Sums are double and taken in the order of the calls (per frame two passes,
 * frames merged as Chan, Golub and LeVeque 1979), so that the same frames in
 * the same order give the same bits.
 *
 * Threads: one thread adds and freezes; a frozen normaliser is read-only.
 */
#include "weir/blob.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEIR_MAX_CHANNELS 16

struct weir_normaliser {
    int channels;
    bool frozen;
    /* once frozen, in the data's units */
    float mean[WEIR_MAX_CHANNELS];
    float deviation[WEIR_MAX_CHANNELS]; /* > 0 */
    float residual[WEIR_MAX_CHANNELS];  /* > 0: rms(u[t+1] - u[t]) */
    /* while measuring */
    uint64_t values, changes;             /* per channel */
    double sum_mean[WEIR_MAX_CHANNELS];   /* running mean */
    double sum_square[WEIR_MAX_CHANNELS]; /* of deviations from it */
    double sum_change[WEIR_MAX_CHANNELS]; /* of squared changes */
};

/** Start measuring. @return 0, or -EINVAL unless 1 <= channels <= 16 */
int weir_normaliser_init(struct weir_normaliser *n, int channels);

/**
 * Add @p count consecutive states of one trajectory, each (channels, points).
 * @return 0
 * @return -EINVAL already frozen
 * @return -WEIR_EDIVERGED a value is not finite (nothing is added)
 */
int weir_normaliser_add(struct weir_normaliser *n, const float *states,
                        int count, size_t points);

/**
 * Fix the scales. A channel that never varied gets deviation 1; one that never
 * changed in time, or was only seen in single states, gets its deviation as
 * residual.
 * @return 0, or -EINVAL when nothing was added
 */
int weir_normaliser_freeze(struct weir_normaliser *n);

/** Append the whole state, frozen or not. @return 0 or -ENOMEM */
int weir_normaliser_save(const struct weir_normaliser *n,
                         struct weir_blob *out);
/** @return 0, or -WEIR_ECORRUPT when @p in does not hold a normaliser */
int weir_normaliser_restore(struct weir_normaliser *n, struct weir_blob *in);

#endif
