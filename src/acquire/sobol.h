/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_SOBOL_H
#define WEIR_ACQUIRE_SOBOL_H

/**
 * @file
 * Sobol points (Sobol, "On the distribution of points in a cube and the
 * approximate evaluation of integrals", 1967), in the order of Antonov and
 * Saleev: coordinate i of point k is the exclusive or of the direction numbers
 * of dimension i that the bits of k ^ (k >> 1) select. Any 2^m successive
 * points from a multiple of 2^m on have one coordinate in each of the 2^m
 * intervals of every axis.
 *
 * Dimension 1 is the van der Corput sequence; dimension i > 1 belongs to the
 * (i-1)-th primitive polynomial over GF(2), by degree, then by value. Its first
 * direction numbers are free: those of dimensions 2 to 5 are the ones every
 * table has in common (Bratley and Fox 1988, Joe and Kuo 2008), so that the
 * first points are the published ones. The others are ours, from a search: one
 * dimension after the other takes, of 2,000 random choices, the one with the
 * least sum over all earlier dimensions and m = 4 .. 16 of 4^t / 2^(m/2), t
 * being the quality of the two axes' first 2^m points (0: every rectangle of
 * area 2^-m has one; m: none need have). tests/golden/sobol_table.c is the
 * search, and holds the table to it: over all pairs of 320 axes, t is 2.84 on
 * average and 9 at worst for 2^10 points, 3.14 and 9 for 2^12; the numbers of
 * Joe and Kuo (new-joe-kuo-6.21201) give 2.88 and 8, 3.19 and 9. In that many
 * dimensions a few pairs of axes are worse than random points would be, in any
 * such table: 2^m points have only 2^(m-1) ways to choose half of an axis.
 *
 * Scrambling: `owen` is Owen's nested uniform scrambling ("Randomly permuted
 * (t,m,s)-nets and (t,s)-sequences", 1995): whether digit b of a coordinate
 * flips depends on all digits before it. The flips are a hash of those digits
 * (not the approximate one of Laine and Karras, which mixes digits by
 * multiplication), so that nothing is stored; below the 32 digits of the
 * sequence follow 21 random ones. `shift` flips the digits of all points alike.
 * Both keep what is said of intervals and rectangles; `owen` also breaks what
 * regularity is left between axes.
 *
 * Nothing changes after creation: any thread, any order.
 */
#include <stddef.h>
#include <stdint.h>

/** Largest dimension: all primitive polynomials up to degree 11. */
#define WEIR_SOBOL_DIMS 337

enum weir_sobol_scramble {
    WEIR_SOBOL_PLAIN,
    WEIR_SOBOL_SHIFT,
    WEIR_SOBOL_OWEN,
};

struct weir_sobol;

/**
 * @param seed  of the scrambling
 * @return 0, -ENOMEM, or -EINVAL when @p dims exceeds WEIR_SOBOL_DIMS
 */
int weir_sobol_create(size_t dims, enum weir_sobol_scramble scramble,
                      uint64_t seed, struct weir_sobol **out);
/** NULL is fine. */
void weir_sobol_destroy(struct weir_sobol *s);

/**
 * Point @p index of the sequence. Point 0 is the origin before scrambling, and
 * belongs to the design: without it the others are not balanced.
 * @param[out] u  coordinates in [0, 1), multiples of 2^-32 if plain
 */
void weir_sobol_point(const struct weir_sobol *s, uint32_t index, double *u);

/**
 * Direction number @p column, counted from 0, of dimension @p dim: its bits,
 * from the highest one down, are the digits of the number.
 */
uint32_t weir_sobol_direction(const struct weir_sobol *s, size_t dim,
                              uint32_t column);

#endif
