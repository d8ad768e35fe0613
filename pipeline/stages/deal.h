/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_DEAL_H
#define WEIR_PIPELINE_DEAL_H

/**
 * @file
 * Dealing a batch to groups so that a sample is read on the node it lies on.
 *
 * Seat i of a batch belongs to micro-batch i / micro, and that to group
 * (i / micro) % groups, which has the seat of that number. Dealing permutes the samples over the seats; which
 * samples are in the batch does not change, and the gradient changes by
 * rounding only. In lockstep nothing is dealt: there the order of the draw is
 * the order of the batch on any machine.
 */
#include "topo/seats.h"

#include <stdint.h>

/**
 * Permute @p slot[0 .. n) so that as many samples as possible lie on the node
 * of their group. Memory on no particular node (-1) is near to nobody.
 * @param seats, groups  where the groups are, and how many of them there are
 * @param micro  seats of a micro-batch
 * @return how many samples are near their group
 */
uint32_t weir_deal(const struct weir_plan *plan, const struct weir_seats *seats,
                   uint32_t groups, uint32_t micro, uint32_t *slot, uint32_t n);

#endif
