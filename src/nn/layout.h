/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_LAYOUT_H
#define WEIR_NN_LAYOUT_H

/**
 * @file
 * How a batch of 1D fields lies in memory, and the two operations periodic
 * boundaries need.
 *
 * An array is cut into rows, a row into blocks of channels, a block into
 * columns, a column into `block` neighbouring channels:
 *
 *     [rows][padded / block][columns][block]
 *
 * A row holds `batch / rows` samples side by side, each `points` columns with
 * `halo` more on either side. Rows of several samples are one long field to a
 * convolution; what it computes across the seam lands in halo columns only.
 * block = 1, one sample per row: plain (batch, channels, points + 2 halo).
 *
 * The halo holds the columns from the other end, so that a zero-padded
 * convolution of the whole row is a periodic one inside. Backward is the
 * adjoint: gradients of halo columns belong to the columns they copy.
 */
#include <stddef.h>

struct weir_layout {
    int batch;
    int channels; /* that mean something */
    int padded;   /* channels stored; the others are always 0 */
    int block;    /* channels per column; divides padded */
    int points;
    int halo; /* columns on each side; <= points */
    int rows; /* divides batch */
};

/** Plain (batch, channels, points), with @p halo extra points on each side. */
struct weir_layout weir_layout_plain(int batch, int channels, int points,
                                     int halo);

/** Columns of a whole row, halos included. */
static inline int weir_layout_columns(const struct weir_layout *l)
{
    return l->batch / l->rows * (l->points + 2 * l->halo);
}

/** Floats of the array. */
static inline size_t weir_layout_floats(const struct weir_layout *l)
{
    return (size_t)l->rows * (size_t)l->padded * (size_t)weir_layout_columns(l);
}

/** Where channel @p first (a multiple of block) of @p sample starts, point 0. */
static inline size_t weir_layout_at(const struct weir_layout *l, int sample,
                                    int first)
{
    size_t columns = (size_t)weir_layout_columns(l);
    size_t per_row = (size_t)(l->batch / l->rows);
    size_t row = (size_t)sample / per_row, place = (size_t)sample % per_row;
    size_t blocks = (size_t)(l->padded / l->block);
    size_t column = place * (size_t)(l->points + 2 * l->halo) + (size_t)l->halo;
    return ((row * blocks + (size_t)(first / l->block)) * columns + column) *
           (size_t)l->block;
}

/** Copy the columns at either end into the halo at the other. */
void weir_halo_fill(const struct weir_layout *l, float *x);

/** Set the halo to zero. */
void weir_halo_clear(const struct weir_layout *l, float *x);

/**
 * The adjoint of filling, then of ReLU: add the halo's gradient to the columns
 * it copies, clear the halo, and clear the gradient where @p y, the ReLU's
 * result, is not positive. @p y NULL: no ReLU.
 */
void weir_halo_fold(const struct weir_layout *l, float *dx, const float *y);

#endif
