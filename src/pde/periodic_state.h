/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PDE_PERIODIC_STATE_H
#define WEIR_PDE_PERIODIC_STATE_H

/**
 * @file
 * The inside of a periodic solver: what its two sources share.
 */
#include "pde/etdrk.h"
#include "pde/periodic.h"
#include "pde/sample.h"

/** One equation with all its numbers: a config's, or a lane's own. */
struct weir_numbers {
    double value[WEIR_MAX_COEFFICIENTS + 1]; /* coefficients, then length */
    double k0;                               /* 2 pi / length */
    double complex *symbol; /* kept modes, channel after channel */
    struct weir_etd etd;
    double *tail_gain; /* exp(L dt) of every full mode, (re, im) */
};

struct weir_periodic {
    struct weir_system system;
    struct weir_spectrum *spectrum;
    struct weir_numbers numbers;
    double dt;
    int substeps, warmup, order;
    bool real_weights;
    struct weir_initial initial;
    size_t coefficients;
    const char *name[WEIR_MAX_COEFFICIENTS + 1]; /* of `value` */
    struct weir_constant constant[WEIR_MAX_COEFFICIENTS];
    struct weir_samples samples;
    struct weir_parameter *parameter; /* initial's, then the samples */
};

/** Doubles of one lane's arrays. */
size_t weir_periodic_lane_doubles(const struct weir_periodic *c);

/** Room for symbol and weights. @return 0 or -ENOMEM */
int weir_numbers_create(const struct weir_periodic *c, struct weir_numbers *n);
void weir_numbers_free(struct weir_numbers *n);
/** Compute symbol and weights from coefficients and length. */
void weir_numbers_fill(const struct weir_periodic *c, struct weir_numbers *n);

/** Linear symbol of any mode, as the real field sees it. */
double complex weir_numbers_symbol(const struct weir_periodic *c,
                                   const struct weir_numbers *n,
                                   const int wave[2], int channel);

#endif
