/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_AMIS_H
#define WEIR_ACQUIRE_AMIS_H

/**
 * @file
 * Deterministic-mixture weights of adaptive multiple importance sampling
 * (Cornuet, Marin, Mira, Robert, "Adaptive multiple importance sampling",
 * 2012): a member j of a population weighs
 *   w_j = Q_j / D(u_j),  D(u) = sum over g of n_g / n q_g(u),
 * with Q_j its fitness, n_g of the n members proposed by generation g, and q_g
 * the density that generation drew from,
 *   q_g(u) = 1 - R_g + R_g sum over its parents k of a_k K(u; u_k),
 * where R_g is its bred share, a_k its parents' weights (of sum 1) and K the
 * kernel. Drawn so, parents stand for a density proportional to Q in the space
 * itself; without D they stand for Q times the density of what was simulated,
 * and who was bred often is bred even more often.
 *
 * Members of the first design, and of generations older than the last `cap`
 * ones, count as drawn uniformly. Where a simulation was claimed while a
 * generation was being written, it belongs to the one before: the first
 * coordinate tells.
 *
 * In many dimensions a child's density is so much larger than 1 that bred
 * members weigh nothing beside uniform ones, whatever their fitness.
 *
 * Cost: members x parents of `cap` generations x axes (x redraws) kernel
 * factors a generation. Memory: 12 bytes x window x cap, 16 a simulation.
 */
#include "acquire/kernel.h"
#include "acquire/population.h"
#include "weir/blob.h"

#include <stdint.h>

struct weir_amis;

/**
 * @param cap       generations remembered, >= 1
 * @param window    largest population
 * @param expected  simulations to make room for; more may come
 * @return 0 or -ENOMEM
 */
int weir_amis_create(uint32_t cap, uint32_t window, uint32_t expected,
                     struct weir_amis **out);
/** NULL is fine. */
void weir_amis_destroy(struct weir_amis *a);

/**
 * @p generation proposes parameters whose first coordinate is @p first for
 * @p simulation.
 * @return 0 or -ENOMEM
 */
int weir_amis_proposed(struct weir_amis *a, uint32_t simulation,
                       uint32_t generation, double first);
/** @p simulation runs with parameters whose first coordinate is @p first. */
void weir_amis_met(struct weir_amis *a, uint32_t simulation, double first);
/** The generation that proposed what @p simulation ran with; 0: none did. */
uint32_t weir_amis_generation(const struct weir_amis *a, uint32_t simulation);

/**
 * Remember what the generation of @p p drew from: its members as parents with
 * @p weight (of any sum; not looked at when @p share is 0).
 */
void weir_amis_remember(struct weir_amis *a, const struct weir_population *p,
                        const double *weight, double share);

/**
 * Weights of the members of @p p before they breed.
 * @param[out] weight  [p->n], the largest 1; all 0 when no member has fitness
 * @return effective number of members, (sum w)^2 / sum w^2
 */
double weir_amis_weights(struct weir_amis *a, const struct weir_population *p,
                         const struct weir_kernel *kernel, double *weight);

/** @return 0 or -ENOMEM */
int weir_amis_save(const struct weir_amis *a, struct weir_blob *out);
/** @return 0, -EINVAL saved with another cap or window, -WEIR_ECORRUPT,
 *          -ENOMEM */
int weir_amis_restore(struct weir_amis *a, struct weir_blob *in);

#endif
