/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_SHUFFLE_H
#define WEIR_ACQUIRE_SHUFFLE_H

/**
 * @file
 * Permutations of 0 .. n-1 that are computed at a point, not stored: any n, no
 * memory, the same on every machine. Swap-or-not (Hoang, Morris, Rogaway,
 * CRYPTO 2012): in each round x and its mirror image about a point that the
 * round's key chooses trade places, or not, as a bit that belongs to the pair
 * says. For spread, not for secrecy: rounds are few and the bit is a cheap hash.
 */
#include <stdint.h>

/** One round on 0 .. n-1, n >= 1; for a fixed @p key a bijection of @p x. */
uint32_t weir_swap_or_not(uint32_t x, uint32_t n, uint32_t key);

/**
 * The place of @p x < @p n in the permutation named by (seed, id): 32 rounds,
 * keys from the stream (seed, WEIR_RNG_DESIGN, id).
 */
uint32_t weir_shuffled(uint32_t x, uint32_t n, uint64_t seed, uint64_t id);

#endif
