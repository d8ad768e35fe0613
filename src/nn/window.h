/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_WINDOW_H
#define WEIR_NN_WINDOW_H

/**
 * @file
 * How the windows of a convolution lie on its fields, and the copies that make
 * a plain dense convolution of any other one.
 *
 * A convolution leads from a *wide* field (its input) to a *narrow* one. oneDNN
 * knows zeros around a field and strides; it has fast versions of neither other
 * borders nor dilation. For those the wide field is copied into an array with
 * its border around it. A dilated convolution is also cut into its *phases*:
 * output points i, i + d, i + 2d, ... read input points of one phase only, so
 * that each phase is a dense convolution, and all are more samples of a batch.
 */
#include "nn/dnnl.h"
#include "nn/layers.h"
#include "nn/layout.h"

/** Which point of the outer array each point of the inner one copies, along one
 * axis: point m of phase r copies r + phases m - before. */
struct weir_reach {
    int phases, length; /* of a phase */
    int before;         /* points of border */
    int limit;          /* r + phases m from here on is nothing (0) */
    int points;         /* of the outer array */
    enum weir_padding padding;
};

/** A run of points copied alike. */
struct weir_run {
    int at, n, from; /* from < 0: zeros */
    bool negated;
};

/** A copy between two arrays and its adjoint. */
struct weir_patch {
    struct weir_layout outer, inner; /* phases are samples of inner */
    struct weir_reach reach[2];      /* rows, columns */
    int *row;                        /* outer row of each inner row */
    bool *row_negated;               /* corners of a mirror are negated once */
    struct weir_run *run;            /* of a row, phase after phase */
    int *first;                      /* run of each phase; phases + 1 entries */
};

/** @return 0 or -ENOMEM */
int weir_patch_create(const struct weir_layout *outer,
                      const struct weir_reach reach[2],
                      struct weir_patch *patch);
void weir_patch_free(struct weir_patch *patch);
/** inner = copy of outer. */
void weir_patch_gather(const struct weir_patch *patch, const float *outer,
                       float *inner);
/** outer = adjoint of the copy: every point the sum of its copies. */
void weir_patch_scatter(const struct weir_patch *patch, const float *inner,
                        float *outer);

/** A convolution between two layouts. */
struct weir_window {
    struct weir_dnnl_shape shape;         /* what oneDNN computes */
    bool copied, phased;                  /* its input, its output */
    struct weir_reach wide[2], narrow[2]; /* of those copies */
    struct weir_layout wide_field, narrow_field;
};

/** Points a convolution makes of @p points; below 1 if it does not fit. */
int weir_window_points(const struct weir_conv *conv, int points);

/** The window of @p conv (numbers that count as 1 already set) in @p dims
 * dimensions. Fields with halos are convolved as they are. */
struct weir_window weir_window_of(const struct weir_conv *conv, int dims,
                                  const struct weir_layout *wide,
                                  const struct weir_layout *narrow);

#endif
