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

/** @p n standard normals, both of each Box-Muller pair: for long arrays. */
void weir_rng_normals(struct weir_rng *rng, size_t n, float *out);

#endif
