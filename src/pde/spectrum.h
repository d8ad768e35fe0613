/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PDE_SPECTRUM_H
#define WEIR_PDE_SPECTRUM_H

/**
 * @file
 * Real fields on a periodic grid and their Fourier coefficients, by FFTW.
 *
 * Grid: x_i = i L / N per axis, N even, last axis fastest. A coefficient is
 * the forward transform divided by the number of points, so coefficient 0 is
 * the mean.
 *
 * Modes are split by the de-aliasing rule: those with |n| <= f (N/2) - 1 along
 * every axis are *kept*, the others are the *tail*. A non-linear term is
 * computed from kept modes and gives kept modes (mask on input and output), so
 * the tail only ever meets the linear term. f = 2/3 suits quadratic terms, 1/2
 * cubic ones: aliases then fall on tail modes only.
 *
 * Layout: kept modes are (re, im) pairs, [row][column]; the column is the last
 * axis (0..limit, the other half being conjugate), a row is the first axis of
 * two (0..limit, then -limit..-1) and there is one row in one dimension. Rows
 * are filled up to whole cache lines with dead modes, which are always zero.
 * The tail is a full half-spectrum with zeros where modes are kept.
 *
 * A spectrum never changes after it is made, so that any number of threads may
 * use it, each with its own work area. Making and freeing one calls FFTW's
 * planner: one thread at a time.
 */
#include <stdbool.h>
#include <stddef.h>

/**
 * Linear operators on a coefficient with wave vector k = 2 pi n / L. The
 * velocity of a vorticity w = v_x - u_y has stream function w / |k|^2.
 */
enum weir_operator {
    WEIR_VALUE,      /* 1 */
    WEIR_DX,         /* i k of the first axis */
    WEIR_DY,         /* i k of the second axis */
    WEIR_VELOCITY_X, /* u = psi_y: i k_y / |k|^2, 0 for the mean */
    WEIR_VELOCITY_Y, /* v = -psi_x: -i k_x / |k|^2 */
    WEIR_OPERATORS,
};

/** Columns that go through FFTW together: one cache line of coefficients. */
#define WEIR_PANEL 4

struct weir_spectrum {
    int dims;
    size_t rows, cols, half; /* grid; half = cols / 2 + 1 */
    size_t limit_row, limit_col;
    size_t keep_rows, width; /* kept modes: keep_rows x width */
    size_t stride;           /* width in whole panels, with dead modes */
    size_t kept, full;       /* modes of a channel: keep_rows x stride, all */
    size_t points;           /* rows x cols */
    double *table[WEIR_OPERATORS]; /* over i, for L = 2 pi; NULL: not used */
    void *forward, *backward;      /* fftw_plan: a whole field */
    void *pair_forward, *pair_backward;   /* two rows as one complex, 2D */
    void *panel_forward, *panel_backward; /* one panel of columns, 2D */
};

/**
 * Tables and plans for an @p n[0] (x @p n[1]) grid. @p measure lets FFTW time
 * its choices, which is faster and gives other last bits from start to start.
 * @return 0, -ENOMEM, or -EINVAL for an odd or tiny grid
 */
int weir_spectrum_create(int dims, const int *n, double dealias, bool measure,
                         struct weir_spectrum **out);
void weir_spectrum_free(struct weir_spectrum *s);

/**
 * Integer wave numbers of kept mode @p i; unused axes get 0.
 * @return whether it is a live mode
 */
bool weir_spectrum_wave(const struct weir_spectrum *s, size_t i, int wave[2]);
/** The same for mode @p i of the full half-spectrum. */
void weir_spectrum_full_wave(const struct weir_spectrum *s, size_t i,
                             int wave[2]);
/** Whether mode @p i of the full half-spectrum is kept. */
bool weir_spectrum_keeps(const struct weir_spectrum *s, size_t i);

/** Row of the full half-spectrum that holds kept row @p r. */
static inline size_t weir_spectrum_full_row(const struct weir_spectrum *s,
                                            size_t r)
{
    return r <= s->limit_row ? r : s->rows - s->keep_rows + r;
}

/** Doubles of work area that the two functions below need. */
size_t weir_spectrum_work(const struct weir_spectrum *s);

/**
 * Coefficients of one channel's @p field (destroyed). All arrays are aligned to
 * 64 bytes and do not overlap.
 */
void weir_spectrum_forward(const struct weir_spectrum *s, double *field,
                           double *kept, double *tail, double *work);
/** The field of one channel's coefficients. @p tail NULL: kept modes only. */
void weir_spectrum_backward(const struct weir_spectrum *s, const double *kept,
                            const double *tail, double *field, double *work);

#endif
