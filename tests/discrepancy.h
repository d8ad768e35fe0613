/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_DISCREPANCY_H
#define WEIR_TESTS_DISCREPANCY_H

#include <math.h>

/** Warnock's closed form of the L2 star discrepancy, squared; p is [n][dims]. */
static inline double l2_discrepancy(const double *p, int n, int dims)
{
    double pairs = 0, single = 0;
    for (int i = 0; i < n; i++) {
        double s = 1;
        for (int k = 0; k < dims; k++)
            s *= (1 - p[i * dims + k] * p[i * dims + k]) / 2;
        single += s;
        for (int j = 0; j < n; j++) {
            double q = 1;
            for (int k = 0; k < dims; k++)
                q *= 1 - fmax(p[i * dims + k], p[j * dims + k]);
            pairs += q;
        }
    }
    return pow(3, -dims) - 2 * single / n + pairs / n / n;
}

#endif
