/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PDE_INITIAL_H
#define WEIR_PDE_INITIAL_H

/**
 * @file
 * Families of initial conditions: a few sampled parameters to a field.
 */
#include "weir/option.h"
#include "weir/space.h"

/** A sum of more sines than this has other problems. */
#define WEIR_MAX_SINES 16

/** Options that a one-dimensional solver adds to its table for this family. */
/* clang-format off */
#define WEIR_SINES_OPTIONS \
    {"waves", WEIR_OPTION_TEXT, "1,2", 0, 0, NULL, NULL, \
     "wave numbers of the initial sines"}, \
    {"normalise", WEIR_OPTION_BOOL, "false", 0, 0, NULL, NULL, \
     "scale the initial field to max|u| = 1"}
/* clang-format on */

/**
 * u0(x) = sum_j A_j sin(2 pi w_j x / L + phi_j). Parameters in order A_0..,
 * phi_0..; A in [-1, 1], phi in [0, 2 pi), which wraps.
 */
struct weir_sines {
    int terms;
    int wave[WEIR_MAX_SINES];
    bool normalise;
    char name[2 * WEIR_MAX_SINES][16];
    struct weir_parameter parameter[2 * WEIR_MAX_SINES];
};

/**
 * Read the options above for a grid of @p points.
 * @return 0, or -EINVAL for a list that is not "1,2,..." or a wave number the
 *         grid cannot carry
 */
int weir_sines_read(const struct weir_options *opts, int points,
                    struct weir_sines *sines);
/** The field on x_i = i L / points. */
void weir_sines_field(const struct weir_sines *sines, const double *parameters,
                      int points, double *field);

#endif
