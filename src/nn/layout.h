/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_LAYOUT_H
#define WEIR_NN_LAYOUT_H

/**
 * @file
 * How a batch of 1D fields lies in memory, and the two operations periodic
 * boundaries need.
 *
 * A sample is cut into blocks of channels, a block into columns, a column into
 * `block` neighbouring channels:
 *
 *     [batch][padded / block][points + 2 halo][block]
 *
 * block = 1 is plain (batch, channels, points + 2 halo).
 *
 * The halo holds the columns from the other end, so that a zero-padded
 * convolution of all columns is a periodic one inside. Backward is the
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
};

/** Plain (batch, channels, points), with @p halo extra points on each side. */
struct weir_layout weir_layout_plain(int batch, int channels, int points,
                                     int halo);

/** Columns of a sample, halos included. */
static inline int weir_layout_columns(const struct weir_layout *l)
{
    return l->points + 2 * l->halo;
}

/** Floats of the array. */
static inline size_t weir_layout_floats(const struct weir_layout *l)
{
    return (size_t)l->batch * (size_t)l->padded *
           (size_t)weir_layout_columns(l);
}

/** Where channel @p first (a multiple of block) of @p sample has point 0. */
static inline size_t weir_layout_at(const struct weir_layout *l, int sample,
                                    int first)
{
    size_t columns = (size_t)weir_layout_columns(l);
    return ((size_t)sample * (size_t)l->padded + (size_t)first) * columns +
           (size_t)l->halo * (size_t)l->block;
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
