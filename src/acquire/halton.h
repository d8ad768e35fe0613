/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_HALTON_H
#define WEIR_ACQUIRE_HALTON_H

/**
 * @file
 * Halton points (Halton, "On the efficiency of certain quasi-random sequences
 * of points in evaluating multi-dimensional integrals", 1960): coordinate i of
 * point k is the radical inverse of k in the i-th prime, its digits mirrored at
 * the point: 6 = 110 in base 2 becomes 0.011 = 3/8.
 *
 * Scrambling: digits in bases 2 and 3 stay as they are; in every base of 5 and
 * more, the digits at each place go through a permutation of their own that
 * keeps 0. Without it the coordinates of large bases rise together: among 320
 * dimensions and 750 points, 60 % of the pairs have a correlation above 0.2;
 * with it none does, as among random points. The fixed permutations of Faure
 * and of reversed digits were tried and leave pairs with correlation 1.
 * Zero stays zero so that a point needs no more digits than its index has.
 *
 * The permutations are computed, not stored (shuffle.h, 16 rounds), from
 * constants that never change: point k is the same in every run, on every
 * machine, for ever. Randomise a design by shifting it.
 *
 * No state: any thread, any order. Validation and test sets take ranges of
 * indices that do not meet.
 */
#include <stddef.h>
#include <stdint.h>

/** Largest dimension; its base is 2741. */
#define WEIR_HALTON_DIMS 400

/**
 * Point @p index of the sequence. Point 0 is the origin: designs start at 1.
 * @param[out] u  @p dims coordinates in [0, 1)
 * @return 0, or -EINVAL when @p dims exceeds WEIR_HALTON_DIMS
 */
int weir_halton(uint64_t index, size_t dims, double *u);

/** Base of dimension @p dim < WEIR_HALTON_DIMS: 2, 3, 5, 7, ... */
uint32_t weir_halton_base(size_t dim);

#endif
