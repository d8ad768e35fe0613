/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_DDPM_H
#define WEIR_ACQUIRE_DDPM_H

/**
 * @file
 * A conditional denoising diffusion model of points x in [-1, 1]^dims, given a
 * number c in [-1, 1] (Ho, Jain, Abbeel, "Denoising diffusion probabilistic
 * models", 2020; guidance without a classifier: Ho, Salimans, 2022).
 *
 * With abar_t the cosine schedule of Nichol and Dhariwal (2021) and T steps,
 *   x_t = sqrt(abar_t) x + sqrt(1 - abar_t) e,  e normal;
 * the network sees (x_t, t, c) and predicts v = sqrt(abar_t) e - sqrt(1 -
 * abar_t) x (Salimans, Ho, 2022), which stays well scaled at both ends. With
 * probability `drop` training hides c. Sampling walks back from a normal x_T by
 * the posterior of DDPM with v = v_hidden + g (v_c - v_hidden); g = 1 is the
 * learned conditional density, larger g exaggerates c. The network's weights
 * are averaged over training (decay 0.995) for sampling.
 *
 * Estimates of x on the way are cut at +-1.25 so that no wrong one runs away;
 * the result may lie outside the box, and the caller decides what then.
 *
 * OGAS names the schedule's length, width, rate and guidance; depth, schedule
 * and embeddings are not in its release, so these are choices. One thread.
 */
#include "base/rng.h"
#include "weir/blob.h"

#include <stdint.h>

struct weir_ddpm;

struct weir_ddpm_config {
    int dims;
    int timesteps;   /* T, 2 or more */
    int model_dim;   /* width of the network */
    int blocks;      /* hidden layers behind the first */
    int batch;       /* most examples of a training step, most samples a call */
    double lr;       /* of Adam */
    double guidance; /* g */
    double drop;     /* probability that training hides c */
};

/** @param seed  of the initial weights. @return 0, -EINVAL, -ENOMEM */
int weir_ddpm_create(const struct weir_ddpm_config *config, uint64_t seed,
                     struct weir_ddpm **out);
void weir_ddpm_destroy(struct weir_ddpm *d);
size_t weir_ddpm_bytes(const struct weir_ddpm *d);

/** Training steps taken. */
uint64_t weir_ddpm_steps(const struct weir_ddpm *d);

/**
 * One training step on @p n examples: of the weighted mean of squared
 * differences in v.
 * @param x       n rows of dims
 * @param c       n conditions
 * @param weight  n weights of mean 1; NULL: all 1
 * @return 0, -WEIR_EENV of the engine
 */
int weir_ddpm_train(struct weir_ddpm *d, const float *x, const float *c,
                    const float *weight, int n, struct weir_rng *rng);

/**
 * Draw row i given c[i], with the random numbers of the stream rng[i].
 * @param[out] x  n rows of dims
 * @return 0, -WEIR_EENV of the engine
 */
int weir_ddpm_sample(struct weir_ddpm *d, const float *c, int n,
                     struct weir_rng *rng, float *x);

/** @return as weir_dense_save and weir_dense_restore */
int weir_ddpm_save(const struct weir_ddpm *d, struct weir_blob *out);
int weir_ddpm_restore(struct weir_ddpm *d, struct weir_blob *in);

#endif
