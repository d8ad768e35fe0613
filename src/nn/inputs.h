/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_INPUTS_H
#define WEIR_NN_INPUTS_H

/**
 * @file
 * What a direct surrogate reads in the place of a state: the parameters of a
 * simulation and a time, space->n + 1 numbers in the solver's units. The net
 * gets *features* of them, each between -1 and 1,
 *
 *     a parameter   2 s - 1, s its place between low and high along its axis
 *     that wraps    cos(2 pi s) and sin(2 pi s): both ends are one point
 *     the time      2 t / end - 1, end that of a simulation; -1 without time
 *
 * in this order. Beyond the ranges features go on beyond -1 and 1. The target
 * density changes none of it, so a surrogate can be asked anywhere.
 */
#include "weir/space.h"

#include <stdint.h>

struct weir_inputs {
    const struct weir_space *space; /* outlives it */
    double step; /* time from a frame to the next; 0: there is no time */
    double end;  /* of the last frame */
};

/** Numbers that are read: parameters and time. */
size_t weir_inputs_numbers(const struct weir_inputs *in);
/** What the net gets. */
size_t weir_inputs_features(const struct weir_inputs *in);
/** @p number to @p feature. */
void weir_inputs_scale(const struct weir_inputs *in, const float *number,
                       float *feature);
/** The numbers of frame @p t of a simulation with parameters @p value. */
void weir_inputs_put(const struct weir_inputs *in, const double *value,
                     uint32_t t, float *number);

#endif
