/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/normal.h"

#include <math.h>

#define SQRT_2PI 2.50662827463100050242

double weir_normal_cdf(double z)
{
    return 0.5 * erfc(-z / sqrt(2));
}

/*
 * Newton's method on the logarithm of the probability, which is concave: from
 * below the root it rises to it and never passes it. It starts below because
 * cdf(z) < exp(-z^2 / 2) / 2 for z < 0.
 */
double weir_normal_quantile(double p)
{
    if (p <= 0)
        return -HUGE_VAL;
    if (p > 0.5)
        return p < 1 ? -weir_normal_quantile(1 - p) : HUGE_VAL;
    double z = -sqrt(-2 * log(2 * p)), step = 1;
    for (int i = 0; i < 60 && step > 1e-16 * fabs(z); i++) {
        double below = weir_normal_cdf(z);
        double slope = exp(-0.5 * z * z) / SQRT_2PI / below;
        step = log(p / below) / slope;
        z += step;
    }
    return z;
}
