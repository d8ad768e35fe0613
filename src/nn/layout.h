/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_LAYOUT_H
#define WEIR_NN_LAYOUT_H

/**
 * @file
 * How a batch of fields lies in memory, and the two operations periodic
 * boundaries need.
 *
 * A sample is cut into blocks of channels, a block into rows, a row into
 * columns, a column into `block` neighbouring channels:
 *
 *     [batch][padded / block][rows][points + 2 halo][block]
 *
 * block = 1 is plain (batch, channels, rows, points + 2 halo); block = padded
 * is channels last. A field in 1D is one row; only such fields have halos.
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
    int rows;
    int points; /* of a row */
    int halo;   /* columns on each side; <= points */
};

/** Plain (batch, channels, points), with @p halo extra points on each side. */
struct weir_layout weir_layout_plain(int batch, int channels, int points,
                                     int halo);

/** Columns of a row, halos included. */
static inline int weir_layout_columns(const struct weir_layout *l)
{
    return l->points + 2 * l->halo;
}

/** Columns of all rows of a sample, halos included. */
static inline size_t weir_layout_area(const struct weir_layout *l)
{
    return (size_t)l->rows * (size_t)weir_layout_columns(l);
}

/** Floats of the array. */
static inline size_t weir_layout_floats(const struct weir_layout *l)
{
    return (size_t)l->batch * (size_t)l->padded * weir_layout_area(l);
}

/** Where channel @p first (a multiple of block) of @p sample has point 0. */
static inline size_t weir_layout_at(const struct weir_layout *l, int sample,
                                    int first)
{
    return ((size_t)sample * (size_t)l->padded + (size_t)first) *
               weir_layout_area(l) +
           (size_t)l->halo * (size_t)l->block;
}

/** The same for any channel; its next point is `block` floats further. */
static inline size_t weir_layout_channel(const struct weir_layout *l,
                                         int sample, int channel)
{
    int within = channel % l->block;
    return weir_layout_at(l, sample, channel - within) + (size_t)within;
}

/** Set the channels that mean nothing to zero. */
void weir_layout_clear_padding(const struct weir_layout *l, float *x);

/** Copy (batch, channels, rows, points) in; padded channels become 0. */
void weir_layout_pack(const struct weir_layout *l, const float *user, float *x);
/** Copy (batch, channels, rows, points) out. */
void weir_layout_unpack(const struct weir_layout *l, const float *x,
                        float *user);

/** Copy the columns at either end into the halo at the other. */
void weir_halo_fill(const struct weir_layout *l, float *x);

/** Set the halo to zero. */
void weir_halo_clear(const struct weir_layout *l, float *x);

/**
 * The adjoint of filling, then of ReLU: add the halo's gradient to the columns
 * it copies, clear the halo, and multiply the gradient by @p slope where @p y,
 * the ReLU's result, is not positive. @p y NULL: no ReLU.
 */
void weir_halo_fold(const struct weir_layout *l, float *dx, const float *y,
                    float slope);

#endif
