/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_BASE_RNG_H
#define WEIR_BASE_RNG_H

/**
 * @file
 * The random streams of weir/random.h, and the bijection they are made of.
 */
#include "weir/random.h"

#include <stddef.h>

/** Ten rounds of Philox4x32 on @p ctr under @p key. */
void weir_philox4x32(const uint32_t ctr[4], const uint32_t key[2],
                     uint32_t out[4]);

#define WEIR_RNG_AHEAD 4

/**
 * Normals number @p first .. @p first + @p n - 1 of those that weir_rng_normal
 * would draw next, to the bit, while the stream stays where it is. Draws that
 * depend on one another only by what is made of them are faster so: their words
 * are made at once, and no branch waits for them.
 * @param n  at most WEIR_RNG_AHEAD
 */
void weir_rng_normals_ahead(const struct weir_rng *rng, size_t first, size_t n,
                            double *out);
/** Go on as if @p n normals had been drawn. */
void weir_rng_skip_normals(struct weir_rng *rng, size_t n);

/** @p n standard normals, both of each Box-Muller pair: for long arrays. */
void weir_rng_normals(struct weir_rng *rng, size_t n, float *out);

#endif
