/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_RESIDUAL_H
#define WEIR_RESIDUAL_H

/**
 * @file
 * A residual: how far a function u of some coordinates is from solving an
 * equation, at one point. A network learns u from nothing else (Raissi,
 * Perdikaris, Karniadakis, J. Comput. Phys. 378, 2019): points are its samples,
 * the residual is its loss.
 *
 * A solver whose info names a residual samples collocation points: its
 * parameters are the coordinates, in the order used here, and its frame is the
 * point. What boundaries and the initial time demand holds by construction:
 *
 *     u(x) = offset(x) + factor(x) * net(features(x))
 *
 * with features that have the domain's period, and a factor that vanishes where
 * u is known to be the offset.
 */
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_JET_COORDINATES 3
#define WEIR_JET_SECONDS     6
#define WEIR_JET_MAX         (1 + WEIR_JET_COORDINATES + WEIR_JET_SECONDS)

/**
 * A jet: a function's value and derivatives at a point, in this order: the
 * value, the first derivative by each coordinate, the second derivatives by the
 * pairs of `second`.
 */
struct weir_jet {
    int features;    /* functions that encode a point */
    int coordinates; /* 0: no jet at all */
    int seconds;
    int second[WEIR_JET_SECONDS][2]; /* coordinates derived by */
};

/** Numbers in a jet. */
static inline int weir_jet_size(const struct weir_jet *j)
{
    return 1 + j->coordinates + j->seconds;
}

/** Everything is for one point @p at and thread-safe. */
struct weir_residual {
    struct weir_jet jet;
    const void *config; /* handed to all of these */
    /** (features, jet size): the jets of what a network reads. */
    void (*encode)(const void *config, const double *at, double *features);
    /** Jets of offset and factor. */
    void (*constrain)(const void *config, const double *at, double *offset,
                      double *factor);
    /**
     * @param u       jet of the function
     * @param[out] du derivative of the residual by each number of @p u
     */
    double (*residual)(const void *config, const double *at, const double *u,
                       double *du);
    /** Points that the solution is known at, of each of up to `times`. */
    uint32_t points, times;
    /**
     * The solution at @p n times, evenly spread over those there are, the last
     * among them; 1 <= n <= times.
     * @param[out] at    (n, points, coordinates)
     * @param[out] start (points) at the initial time
     * @param[out] u     (n, points)
     * @return 0 or a solver's error
     */
    int (*solve)(const void *config, uint32_t n, double *at, float *start,
                 float *u);
};

#ifdef __cplusplus
}
#endif
#endif
