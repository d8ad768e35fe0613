/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SPACE_H
#define WEIR_SPACE_H

/**
 * @file
 * The space of parameters a run samples: a box of named axes. Strategies work
 * in the unit cube and never see units; weir_space_to_box and _to_unit convert.
 */
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum weir_axis {
    WEIR_AXIS_LINEAR,
    WEIR_AXIS_LOG, /* uniform in the logarithm; needs 0 < low */
};

/** One sampled parameter. */
struct weir_parameter {
    const char *name;
    const char *unit; /* NULL: dimensionless */
    double low, high; /* low < high */
    enum weir_axis axis;
    bool wraps;       /* low and high are the same point (a phase) */
    bool coefficient; /* of the equation: frames do not show it */
};

/** An ordered list of parameters. The array outlives the space. */
struct weir_space {
    size_t n;
    const struct weir_parameter *parameter;
};

/** Unit-cube coordinates to parameters: x[i] = axis_i(u[i]). In place allowed. */
void weir_space_to_box(const struct weir_space *space, const double *u,
                       double *x);
/** The inverse. A parameter on a boundary maps to exactly 0 or 1. */
void weir_space_to_unit(const struct weir_space *space, const double *x,
                        double *u);

#ifdef __cplusplus
}
#endif
#endif
