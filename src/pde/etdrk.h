/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PDE_ETDRK_H
#define WEIR_PDE_ETDRK_H

/**
 * @file
 * Exponential time differencing Runge-Kutta, orders 1 to 4, for
 * du/dt = z u + N(u) with a diagonal linear part (one symbol z per mode).
 *
 * Schemes: S. M. Cox, P. C. Matthews, "Exponential time differencing for stiff
 * systems", J. Comput. Phys. 176 (2002): eq. 22 (order 2), 23-25 (order 3),
 * 26-29 (order 4). Weights: A.-K. Kassam, L. N. Trefethen, "Fourth-order
 * time-stepping for stiff PDEs", SIAM J. Sci. Comput. 26 (2005): averages over
 * a circle around each z dt, which avoid the cancellation near zero.
 *
 * Weights are complex. Keeping only their real parts, as some codes do, is
 * harmless while every z is real and lowers the scheme to first order when it
 * is not (odd derivatives); `real_weights` does so on purpose, to compare with
 * data made that way.
 */
#include "pde/cplx.h"
#include <stdbool.h>
#include <stddef.h>

/** Points on the circle of radius 1 around each z dt. */
#define WEIR_ETD_CIRCLE 16

/** The functions of z whose circle averages make the weights. */
enum weir_etd_weight {
    WEIR_ETD_EXP,      /* exp(z), no average */
    WEIR_ETD_EXP_HALF, /* exp(z/2), no average */
    WEIR_ETD_HALF,     /* (exp(z/2) - 1) / z */
    WEIR_ETD_PHI1,     /* (exp(z) - 1) / z */
    WEIR_ETD_PHI2,     /* (exp(z) - 1 - z) / z^2 */
    WEIR_ETD_FIRST,    /* (-4 - z + exp(z) (4 - 3z + z^2)) / z^3 */
    WEIR_ETD_MIDDLE,   /* (2 + z + exp(z) (z - 2)) / z^3 */
    WEIR_ETD_LAST,     /* (-4 - 3z - z^2 + exp(z) (4 - z)) / z^3 */
    WEIR_ETD_WEIGHTS,
};

/** One weight at one point, not multiplied by dt. */
double complex weir_etd_weight(enum weir_etd_weight which, double complex z);

/** The weights of a scheme for n modes and one dt. */
struct weir_etd {
    int order;
    size_t n;
    bool real; /* every weight is real: one double a mode, else two */
    /* Multiplied by dt where the scheme has dt; NULL where it has no use. */
    double *weight[WEIR_ETD_WEIGHTS];
};

/**
 * Allocate for @p n modes; @p real promises symbols without imaginary part.
 * @return 0, -ENOMEM, or -EINVAL for an order outside 1..4
 */
int weir_etd_create(int order, size_t n, bool real, struct weir_etd *etd);
void weir_etd_free(struct weir_etd *etd);

/**
 * Compute the weights for @p symbol (n values of z / dt) and @p dt.
 * @p real_weights drops the imaginary part of all averages (not of exp).
 */
void weir_etd_fill(struct weir_etd *etd, const double complex *symbol,
                   double dt, bool real_weights);

/** out = N(u), both n modes, (re, im) pairs; must not keep state. */
typedef void weir_etd_term(void *ctx, const double *u, double *out);

/** Doubles that weir_etd_step needs as scratch. */
size_t weir_etd_scratch(const struct weir_etd *etd);

/**
 * One step of dt in place on @p u, n (re, im) pairs. Calls @p term `order`
 * times. @p scratch is aligned to 64 bytes and belongs to the caller's lane.
 */
void weir_etd_step(const struct weir_etd *etd, double *u, double *scratch,
                   weir_etd_term *term, void *ctx);

#endif
