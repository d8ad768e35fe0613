/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/ensemble.h"

#include "base/rng.h"
#include "nn/clip.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

size_t weir_ensemble_stride(const struct weir_model *model)
{
    return weir_norm_pieces(weir_model_packed(model)) * WEIR_NORM_PIECE;
}

/* Streams of tensors have small numbers; those of members end the range. */
uint64_t weir_ensemble_seed(uint64_t seed, int member)
{
    if (member == 0)
        return seed;
    struct weir_rng rng =
        weir_rng_stream(seed, WEIR_RNG_WEIGHTS, UINT64_MAX - (uint64_t)member);
    uint64_t high = weir_rng_u32(&rng);
    return high << 32 | weir_rng_u32(&rng);
}

int weir_ensemble_init(const struct weir_model *model, uint64_t seed,
                       int members, float *packed)
{
    size_t stride = weir_ensemble_stride(model);
    int rc = 0;
    for (int m = 0; m < members && rc == 0; m++)
        rc = weir_model_init(model, weir_ensemble_seed(seed, m),
                             packed + (size_t)m * stride);
    return rc;
}

void weir_ensemble_name(const char *prefix, int members, int member,
                        const char *tensor, char *out, size_t size)
{
    if (members == 1)
        snprintf(out, size, "%s.%s", prefix, tensor);
    else
        snprintf(out, size, "%s.%d.%s", prefix, member, tensor);
}

void weir_ensemble_start(const struct weir_ensemble *e, const float *in,
                         size_t floats, float *states)
{
    for (size_t m = 0; m < (size_t)e->members; m++)
        memcpy(states + m * floats, in, floats * sizeof(float));
}

static void add_variance(const struct weir_surrogate *s, int members,
                         size_t floats, float *variance)
{
    const float *own = weir_surrogate_variance(s);
    for (size_t i = 0; own && i < floats; i++)
        variance[i] += own[i] / (float)members;
}

/* Each member's prediction, from @p in or, if that is NULL, its own state. */
static int predict(const struct weir_ensemble *e, struct weir_surrogate *s,
                   const float *in, int n, float *states, float *variance)
{
    size_t floats = (size_t)n * weir_surrogate_frame(s);
    int rc = 0;
    if (variance)
        memset(variance, 0, floats * sizeof(float));
    for (size_t m = 0; m < (size_t)e->members && rc == 0; m++) {
        float *x = states + m * floats;
        rc = weir_surrogate_predict(s, e->packed + m * e->stride, e->norm,
                                    in ? in : x, n, x);
        if (variance && rc == 0)
            add_variance(s, e->members, floats, variance);
    }
    return rc;
}

int weir_ensemble_step(const struct weir_ensemble *e, struct weir_surrogate *s,
                       int n, float *states, float *variance)
{
    return predict(e, s, NULL, n, states, variance);
}

int weir_ensemble_make(const struct weir_ensemble *e, struct weir_surrogate *s,
                       const float *in, int n, float *states, float *variance)
{
    return predict(e, s, in, n, states, variance);
}

void weir_ensemble_gather(const struct weir_ensemble *e, const float *states,
                          size_t floats, const float *variance, float *mean,
                          float *spread)
{
    size_t members = (size_t)e->members;
    for (size_t i = 0; i < floats; i++) {
        double sum = 0, square = 0;
        for (size_t m = 0; m < members; m++)
            sum += states[m * floats + i];
        double centre = sum / (double)members;
        for (size_t m = 0; m < members; m++) {
            double apart = states[m * floats + i] - centre;
            square += apart * apart;
        }
        mean[i] = (float)centre;
        if (spread)
            spread[i] = (float)sqrt(square / (double)members +
                                    (variance ? (double)variance[i] : 0));
    }
}
