/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_LOSS_H
#define WEIR_NN_LOSS_H

/**
 * @file
 * How wrong one predicted state is, in one number, and how that number changes
 * with the prediction. With e = p - t and means over all values of a state:
 *
 *     mse        mean(e^2)
 *     nrmse      sqrt(mean(e^2)) / max(sqrt(mean(t^2)), 1e-6)
 *     rmse       sqrt(mean(e^2))
 *     mae        mean(|e|)
 *     wmae_exp   mean(exp(-(1 - t) / w) |e|), w = 1
 *     wmae_tanh  mean((1 + 2000 tanh(t)) |e|)
 *
 * The last two are the weighted errors of the steady diffusion study
 * (arXiv 2407.07674) for targets between 0 and 1: equation 1 of the paper,
 * which leaves w open, and what its released code and Table 1 use. Both weigh
 * by the target, never by the prediction.
 *
 * evidential is the loss of a net that makes a density of each value: see
 * nn/evidence.h. Of a prediction alone, which is all these functions see, it is
 * the mse.
 */
#include <stddef.h>

enum weir_loss_type {
    WEIR_LOSS_MSE,
    WEIR_LOSS_NRMSE,
    WEIR_LOSS_RMSE,
    WEIR_LOSS_MAE,
    WEIR_LOSS_WMAE_EXP,
    WEIR_LOSS_WMAE_TANH,
    WEIR_LOSS_EVIDENTIAL,
    WEIR_LOSS_TYPES,
};

/** The words a config uses, in the order of the enum. */
#define WEIR_LOSS_CHOICES "mse|nrmse|rmse|mae|wmae_exp|wmae_tanh|evidential"

/**
 * Loss of @p prediction against @p target over all @p n values (channels and
 * points alike), in the data's units. Non-finite values give a non-finite loss.
 */
float weir_loss(enum weir_loss_type type, const float *prediction,
                const float *target, size_t n);

/** A state and the units its errors are measured in. */
struct weir_loss_frame {
    int channels;
    size_t points;     /* of each channel */
    const float *unit; /* [channels] > 0; mse, rmse and mae take e / unit */
};

/**
 * The loss as training sees it, and its gradient: adds @p factor times
 * d loss / d prediction to @p gradient. nrmse is relative already, and the
 * weighted errors expect a target between 0 and 1: these take e as it is.
 * Where a root or a modulus has no derivative (e = 0) it counts as 0.
 * @return the loss; the same inputs give the same bits on one processor
 */
double weir_loss_gradient(enum weir_loss_type type,
                          const struct weir_loss_frame *frame,
                          const float *prediction, const float *target,
                          double factor, float *gradient);

#endif
