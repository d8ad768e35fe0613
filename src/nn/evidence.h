/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_EVIDENCE_H
#define WEIR_NN_EVIDENCE_H

/**
 * @file
 * Evidential regression (Amini, Schwarting, Soleimany, Rus, "Deep evidential
 * regression", NeurIPS 2020, arXiv 1910.02600): of each value a net makes not
 * one number but the four of a normal-inverse-gamma density,
 *
 *     gamma,  nu = softplus(r1),  alpha = 1 + softplus(r2),  beta = softplus(r3)
 *
 * the distribution of the mean and variance that the value is drawn with. The
 * prediction is gamma. With e = y - gamma and omega = 2 beta (1 + nu) a value's
 * loss is the negative log of the marginal likelihood (a Student t) and, times
 * a weight, evidence that is held against errors,
 *
 *     1/2 log(pi / nu) - alpha log omega + (alpha + 1/2) log(nu e^2 + omega)
 *         + log(Gamma(alpha) / Gamma(alpha + 1/2))  +  weight |e| (2 nu + alpha)
 *
 * and its uncertainties are
 *
 *     aleatoric   E[sigma^2] = beta / (alpha - 1)
 *     epistemic   Var[mu]    = beta / (nu (alpha - 1))
 *
 * e is measured in the unit of its channel (nn/loss.h), so nu, alpha and beta
 * speak of that; variances come back in physical units.
 */
#include "nn/loss.h"

/** Numbers a net makes of each value. */
#define WEIR_EVIDENCE_HEADS 4
/** Added to every softplus: what float leaves of one that is as good as 0. */
#define WEIR_EVIDENCE_LEAST 1e-6

/**
 * A state's loss, the mean over its values, and its gradient: as
 * weir_loss_gradient for gamma; @p raw, (3, channels, points) of r1, r2, r3,
 * becomes @p factor times d loss / d raw.
 * @param weight of the evidence held against errors; the paper's lambda
 */
double weir_evidence_gradient(const struct weir_loss_frame *frame,
                              double weight, const float *prediction,
                              const float *target, double factor,
                              float *gradient, float *raw);

/**
 * The epistemic variance of each value, (channels, points), in physical units.
 * @param raw as above
 */
void weir_evidence_epistemic(const struct weir_loss_frame *frame,
                             const float *raw, float *variance);

/** The aleatoric variance. */
void weir_evidence_aleatoric(const struct weir_loss_frame *frame,
                             const float *raw, float *variance);

#endif
