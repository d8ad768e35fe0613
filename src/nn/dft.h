/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_DFT_H
#define WEIR_NN_DFT_H

/**
 * @file
 * The discrete Fourier transform truncated to its lowest modes, as products with
 * constant matrices: for a few modes faster than a fast transform, channels last
 * needs no transposition, and the adjoint is the transposed matrix.
 *
 * Fields are channels last (batch, rows, points, channels), spectra
 *
 *     [real, imaginary][mode][batch][width], width >= channels
 *
 * with mode = k1 * modes + k2, k2 = 0 .. modes - 1 along points and, in 2D, k1 =
 * 0 .. 2 modes - 1 along rows, standing for 0 .. modes - 1, -modes .. -1.
 * Analysis is unscaled, X_k = sum over n of x_n exp(-i theta); synthesis is its
 * adjoint: x_n = sum over k of Re X_k cos theta - Im X_k sin theta.
 */
#include "nn/layout.h"

struct weir_dft {
    int batch, rows, points, modes, high; /* high: modes along rows; 1 in 1D */
    float *along, *across; /* (2 modes, points); (2 high, rows), NULL in 1D */
};

/** For fields of @p l. @return 0 or -ENOMEM */
int weir_dft_create(const struct weir_layout *l, int modes,
                    struct weir_dft *dft);
void weir_dft_free(struct weir_dft *dft);

/** Modes of a spectrum. */
static inline int weir_dft_modes(const struct weir_dft *dft)
{
    return dft->high * dft->modes;
}

/** The share of mode @p mode in an inverse real transform: 1 or 2 over the
 * number of points, for negative wavenumbers along points are left out. */
float weir_dft_share(const struct weir_dft *dft, int mode);

/** Floats of a spectrum. */
size_t weir_dft_floats(const struct weir_dft *dft, int width);
/** Floats of working memory for either direction. */
size_t weir_dft_work(const struct weir_dft *dft, int channels);

/** Spectrum of @p x, fields of @p channels. @return 0 or -WEIR_EENV */
int weir_dft_analyse(const struct weir_dft *dft, int channels, int width,
                     const float *x, float *spectrum, float *work);
/** x += synthesis of @p spectrum. @return 0 or -WEIR_EENV */
int weir_dft_synthesise(const struct weir_dft *dft, int channels, int width,
                        const float *spectrum, float *x, float *work);

#endif
