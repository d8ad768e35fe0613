/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_REGIONS_H
#define WEIR_PIPELINE_REGIONS_H

/**
 * @file
 * Where a surrogate of a steady problem with one source and one solution is
 * wrong: its weighted absolute errors (nn/loss.h), over all of an image and over
 * parts of it, in the units of Table 1 of the smart surrogates study (arXiv
 * 2407.07674). With s the source and t the true solution, largest value 1, a
 * pixel belongs to
 *
 *     all
 *     source     s > 0
 *     field      s = 0
 *     ring 1     s = 0,  0.2  <= t
 *     ring 2     s = 0,  0.1  <= t < 0.2
 *     ring 3     s = 0,  0.05 <= t < 0.1
 *
 * A figure is the mean of the weighted |prediction - t| over the pixels of a
 * region in a batch of 50 images, and then the mean of the batches: a last one
 * that is short counts as much as a full one, and one without a pixel of the
 * region does not count.
 *
 * The regions, the batches and that the weight is wmae_tanh stand in an
 * evaluation script of one of the study's authors, which is not part of its
 * released code; the paper gives other words and equation 1, wmae_exp. That
 * Table 1 was made so is inferred from its arithmetic: the errors of all are one
 * mixture of those of source and field, and the field less its rings remains
 * positive. What becomes of a batch without a pixel is a choice made here.
 */
#include "nn/loss.h"
#include "pipeline/stages/evaluation.h"

enum weir_region {
    WEIR_REGION_ALL,
    WEIR_REGION_SOURCE,
    WEIR_REGION_FIELD,
    WEIR_REGION_RING_1,
    WEIR_REGION_RING_2,
    WEIR_REGION_RING_3,
    WEIR_REGIONS,
};

/** The weights, in the order of figures. */
#define WEIR_REGION_WEIGHTS 3
extern const enum weir_loss_type weir_region_weight[WEIR_REGION_WEIGHTS];

struct weir_region_figures {
    double share; /* of all pixels; 0: there is no error to tell */
    double error[WEIR_REGION_WEIGHTS];
};

struct weir_regions {
    bool known; /* the set has regions; else all is 0 */
    struct weir_region_figures of[WEIR_REGIONS];
};

/**
 * Before a set is measured: have its predictions kept, where one channel of two
 * is given. @return 0, also where there are no regions; -ENOMEM
 */
int weir_regions_expect(struct weir_evalset *set);

/**
 * The figures of a measured set, of its valid trajectories. There are none
 * where weir_regions_expect kept nothing, or where a solution's largest value is
 * not 1: then these limits mean nothing.
 */
void weir_regions_of(const struct weir_evalset *set, struct weir_regions *out);

#endif
