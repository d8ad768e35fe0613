/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_ENSEMBLE_H
#define WEIR_NN_ENSEMBLE_H

/**
 * @file
 * Members: surrogates of one model with weights of their own, which start from
 * other seeds and train on the same samples. Each rolls out by itself; what the
 * ensemble predicts is their mean, and how far they are apart is its spread,
 *
 *     spread = sqrt(1/M * sum over members of (x - mean)^2)
 *
 * value by value (AL4PDE's measure of uncertainty). One member is an ensemble
 * too: its mean is its prediction, its spread 0. Evidential members know of an
 * uncertainty of their own: its variance, the mean over members, is added under
 * the root (the law of total variance).
 */
#include "nn/surrogate.h"

/** Most members: what a run can be configured to have. */
#define WEIR_MEMBERS_MAX 64

/** Weights of all members; everything is only read. */
struct weir_ensemble {
    int members;
    size_t stride;       /* floats from one member's weights to the next's */
    const float *packed; /* members * stride */
    const struct weir_normaliser *norm;
};

/** Floats of @p model between two members: whole pieces of nn/clip.h. */
size_t weir_ensemble_stride(const struct weir_model *model);

/** Seed of the initial weights of @p member; that of the first is @p seed. */
uint64_t weir_ensemble_seed(uint64_t seed, int member);

/** Initial weights of all members. @return as weir_model_init */
int weir_ensemble_init(const struct weir_model *model, uint64_t seed,
                       int members, float *packed);

/**
 * Name of a tensor of @p member among @p members in a file: PREFIX.TENSOR, or
 * PREFIX.MEMBER.TENSOR where there are several.
 */
void weir_ensemble_name(const char *prefix, int members, int member,
                        const char *tensor, char *out, size_t size);

/** Let every member begin from @p in: (n, frame) to (members, n, frame). */
void weir_ensemble_start(const struct weir_ensemble *e, const float *in,
                         size_t floats, float *states);

/**
 * Advance the states of every member by one step, in place.
 * @param states   (members, n, channels, points)
 * @param n        0 .. batch of @p s
 * @param variance (n, channels, points): the members' own, of this step (see
 *                 weir_surrogate_variance), 0 of others; NULL: not wanted
 * @return as weir_surrogate_predict
 */
int weir_ensemble_step(const struct weir_ensemble *e, struct weir_surrogate *s,
                       int n, float *states, float *variance);

/**
 * The same with inputs (nn/inputs.h), which all members read.
 * @param in     (n, numbers)
 * @param states (members, n, channels, points), what is made
 */
int weir_ensemble_make(const struct weir_ensemble *e, struct weir_surrogate *s,
                       const float *in, int n, float *states, float *variance);

/**
 * Mean and spread of @p floats values of every member.
 * @param states (members, floats); @p spread: NULL when not wanted
 * @param variance the members' own; NULL: none
 */
void weir_ensemble_gather(const struct weir_ensemble *e, const float *states,
                          size_t floats, const float *variance, float *mean,
                          float *spread);

#endif
