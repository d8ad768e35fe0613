/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/loss.h"

#include "nn/simd.h"

#include <math.h>

/* Sums of squares of the error and of the target, in lanes of a fixed number
 * so that vector widths agree; lanes are added in double. */
struct squares {
    double error, target;
};

enum { LANES = 16 };

WEIR_CLONES
static struct squares squares_of(const float *p, const float *t, size_t n)
{
    float error[LANES] = {0}, target[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t j = 0; j < LANES; j++) {
            float e = p[i + j] - t[i + j];
            error[j] += e * e;
            target[j] += t[i + j] * t[i + j];
        }
    }
    struct squares sum = {0};
    for (; i < n; i++) {
        double e = (double)p[i] - t[i];
        sum.error += e * e;
        sum.target += (double)t[i] * t[i];
    }
    for (size_t j = 0; j < LANES; j++) {
        sum.error += error[j];
        sum.target += target[j];
    }
    return sum;
}

float weir_loss(enum weir_loss_type type, const float *prediction,
                const float *target, size_t n)
{
    struct squares sum = squares_of(prediction, target, n);
    double mse = sum.error / (double)n;
    switch (type) {
    case WEIR_LOSS_NRMSE:
        return (float)(sqrt(mse) / fmax(sqrt(sum.target / (double)n), 1e-6));
    case WEIR_LOSS_RMSE:
        return (float)sqrt(mse);
    case WEIR_LOSS_MSE:
        break;
    }
    return (float)mse;
}
