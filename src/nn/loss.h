/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_LOSS_H
#define WEIR_NN_LOSS_H

/**
 * @file
 * How wrong one predicted state is, in one number.
 */
#include <stddef.h>

enum weir_loss_type {
    WEIR_LOSS_NRMSE, /* rms(p - t) / max(rms(t), 1e-6) */
    WEIR_LOSS_RMSE,  /* rms(p - t) */
    WEIR_LOSS_MSE,   /* mean((p - t)^2) */
};

/** The words a config uses, in the order of the enum: "nrmse|rmse|mse". */
#define WEIR_LOSS_CHOICES "nrmse|rmse|mse"

/**
 * Loss of @p prediction against @p target over all @p n values (channels and
 * points alike), in the data's units. Non-finite values give a non-finite loss.
 */
float weir_loss(enum weir_loss_type type, const float *prediction,
                const float *target, size_t n);

#endif
