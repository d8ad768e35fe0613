/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_COLLOCATION_H
#define WEIR_NN_COLLOCATION_H

/**
 * @file
 * A surrogate that learns from an equation: a compiled net of jets with a
 * residual (weir/residual.h) around it. What surrogate.h says of threads and of
 * determinism holds; a sample is the coordinates of one point.
 *
 * The loss of a point is the configured one of the residual r against 0: r^2
 * for mse, |r| for mae and rmse. Coordinates, features, constraints and r are
 * computed in double, the net in float.
 */
#include "nn/surrogate.h"

struct weir_collocation;

/**
 * @param config  `equation` set; unroll 0: no training
 * @return 0, -EINVAL a loss that divides by the target, or a model that is not
 *         made for the equation; else as weir_surrogate_create
 */
int weir_collocation_create(const struct weir_model *model,
                            const struct weir_surrogate_config *config,
                            struct weir_collocation **out);
void weir_collocation_destroy(struct weir_collocation *c);
size_t weir_collocation_bytes(const struct weir_collocation *c);

/** As weir_surrogate_train. */
int weir_collocation_train(struct weir_collocation *c, const float *packed,
                           const float *const *samples, float inv_count,
                           float *grad, float *loss);
/** Residuals of the last train(), `batch` of them. */
const float *weir_collocation_residuals(const struct weir_collocation *c);
int64_t weir_collocation_turned_ns(const struct weir_collocation *c);

/**
 * The function at @p n points.
 * @param at (n, coordinates)
 * @return 0 or -WEIR_EENV
 */
int weir_collocation_values(struct weir_collocation *c, const float *packed,
                            const double *at, size_t n, float *u);

#endif
