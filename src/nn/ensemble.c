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

int weir_ensemble_step(const struct weir_ensemble *e, struct weir_surrogate *s,
                       int n, float *states)
{
    size_t floats = (size_t)n * weir_surrogate_frame(s);
    int rc = 0;
    for (size_t m = 0; m < (size_t)e->members && rc == 0; m++)
        rc =
            weir_surrogate_predict(s, e->packed + m * e->stride, e->norm,
                                   states + m * floats, n, states + m * floats);
    return rc;
}

void weir_ensemble_gather(const struct weir_ensemble *e, const float *states,
                          size_t floats, float *mean, float *spread)
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
            spread[i] = (float)sqrt(square / (double)members);
    }
}
