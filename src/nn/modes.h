/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_MODES_H
#define WEIR_NN_MODES_H

/**
 * @file
 * The products of a Fourier layer: each mode has a complex matrix of its own.
 * Too small for calls to a library, so three loops, with o in lanes:
 *
 *     mix        Y[b][o] = share sum over i of X[b][i] R[i][o]
 *     unmix      dX[b][i] = sum over o of dY[b][o] conj R[i][o]
 *     correlate  dR[i][o] = sum over b of conj X[b][i] dY[b][o]
 *
 * all for one mode. R is [in][real, imaginary][width], width a multiple of
 * WEIR_LANES, zero beyond the channels made; X and dX are [batch][in], Y and dY
 * [batch][width], real and imaginary parts apart.
 */
struct weir_mode {
    int batch, in, width;
};

void weir_mode_mix(const struct weir_mode *m, float share, const float *x_re,
                   const float *x_im, const float *r, float *y_re, float *y_im);
void weir_mode_unmix(const struct weir_mode *m, const float *dy_re,
                     const float *dy_im, const float *r, float *dx_re,
                     float *dx_im);
void weir_mode_correlate(const struct weir_mode *m, const float *x_re,
                         const float *x_im, const float *dy_re,
                         const float *dy_im, float *dr);

#endif
