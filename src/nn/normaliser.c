/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/normaliser.h"

#include "base/err.h"

#include <math.h>
#include <string.h>

int weir_normaliser_init(struct weir_normaliser *n, int channels)
{
    if (channels < 1 || channels > WEIR_MAX_CHANNELS)
        return WEIR_FAIL(EINVAL, "normaliser: %d channels, expected 1 to %d",
                         channels, WEIR_MAX_CHANNELS);
    *n = (struct weir_normaliser){.channels = channels};
    return 0;
}

/* Merge one channel of one frame into the running mean and squares. */
static void merge(struct weir_normaliser *n, int c, const float *x,
                  size_t points)
{
    double mean = 0, square = 0;
    double before = (double)n->values, now = (double)points;
    for (size_t i = 0; i < points; i++)
        mean += x[i];
    mean /= now;
    for (size_t i = 0; i < points; i++)
        square += (x[i] - mean) * (x[i] - mean);
    double apart = mean - n->sum_mean[c];
    n->sum_mean[c] += apart * now / (before + now);
    n->sum_square[c] += square + apart * apart * before * now / (before + now);
}

static void merge_change(struct weir_normaliser *n, int c, const float *from,
                         const float *to, size_t points)
{
    double square = 0;
    for (size_t i = 0; i < points; i++) {
        double d = (double)to[i] - from[i];
        square += d * d;
    }
    n->sum_change[c] += square;
}

int weir_normaliser_add(struct weir_normaliser *n, const float *states,
                        int count, size_t points)
{
    size_t frame = (size_t)n->channels * points;
    if (n->frozen)
        return WEIR_FAIL(EINVAL, "normaliser: frozen, takes no more data");
    for (size_t i = 0; i < frame * (size_t)count; i++)
        if (!isfinite(states[i]))
            return WEIR_FAIL(WEIR_EDIVERGED,
                             "normaliser: value %zu of a sample is not finite",
                             i);
    for (int t = 0; t < count; t++) {
        const float *x = states + (size_t)t * frame;
        for (int c = 0; c < n->channels; c++)
            merge(n, c, x + (size_t)c * points, points);
        n->values += points;
        if (t == 0)
            continue;
        for (int c = 0; c < n->channels; c++)
            merge_change(n, c, x - frame + (size_t)c * points,
                         x + (size_t)c * points, points);
        n->changes += points;
    }
    return 0;
}

/* A scale that divides: of a channel as good as constant it is 1, for what is
 * left of its deviation is rounding. */
static float scale(double rms, double size, double otherwise)
{
    return (float)(rms > 1e-6 * size ? rms : otherwise);
}

int weir_normaliser_freeze(struct weir_normaliser *n)
{
    if (n->values == 0)
        return WEIR_FAIL(EINVAL, "normaliser: frozen before any data");
    for (int c = 0; c < n->channels; c++) {
        double deviation = sqrt(n->sum_square[c] / (double)n->values);
        double change =
            n->changes ? sqrt(n->sum_change[c] / (double)n->changes) : 0;
        n->mean[c] = (float)n->sum_mean[c];
        n->deviation[c] = scale(deviation, fabs(n->sum_mean[c]), 1);
        n->residual[c] = scale(change, 0, n->deviation[c]);
    }
    n->frozen = true;
    return 0;
}

int weir_normaliser_save(const struct weir_normaliser *n, struct weir_blob *out)
{
    return weir_blob_put(out, n, sizeof(*n));
}

int weir_normaliser_restore(struct weir_normaliser *n, struct weir_blob *in)
{
    struct weir_normaliser read;
    int rc = weir_blob_get(in, &read, sizeof(read));
    if (rc)
        return WEIR_NOTE(rc, "normaliser");
    if (read.channels < 1 || read.channels > WEIR_MAX_CHANNELS)
        return WEIR_FAIL(WEIR_ECORRUPT, "normaliser: saved with %d channels",
                         read.channels);
    *n = read;
    return 0;
}
