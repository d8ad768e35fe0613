/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_SOBOL_DIRECTIONS_H
#define WEIR_ACQUIRE_SOBOL_DIRECTIONS_H

/**
 * @file
 * Direction numbers of Sobol points: v_1, v_2, ... of one dimension, as 32-bit
 * binary fractions. The first s, with s the degree of the dimension's primitive
 * polynomial x^s + a_1 x^(s-1) + ... + a_(s-1) x + 1, are m_k / 2^k with m_k
 * odd and below 2^k; the others follow by
 *   v_k = a_1 v_(k-1) ^ ... ^ a_(s-1) v_(k-s+1) ^ v_(k-s) ^ (v_(k-s) >> s).
 * The choice of m is packed into one integer: m_k = 2 r_k + 1, r_k of k-1 bits,
 * r_2 lowest.
 */
#include <stdint.h>

#define WEIR_SOBOL_BITS 32

/**
 * The primitive polynomial after @p p, by degree, then by value; its bits are
 * the coefficients. After 0 comes x + 1 = 3.
 */
uint32_t weir_next_primitive(uint32_t p);

/** Its degree; p >= 1. */
int weir_polynomial_degree(uint32_t p);

/**
 * Direction numbers of polynomial @p p with the initial ones packed in
 * @p choice; p = 0 means the van der Corput sequence.
 */
void weir_sobol_directions(uint32_t p, uint64_t choice,
                           uint32_t v[WEIR_SOBOL_BITS]);

/** The choice for dimension @p dim < WEIR_SOBOL_DIMS that Weir uses. */
uint64_t weir_sobol_choice(int dim);

#endif
