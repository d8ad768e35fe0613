/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/select.h"

#include "base/err.h"
#include "nn/simd.h"

#include <math.h>
#include <stdlib.h>

size_t weir_scores_cap(double *score, size_t n)
{
    double high = -1;
    size_t capped = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(score[i]))
            high = fmax(high, fmax(score[i], 0));
    for (size_t i = 0; i < n; i++) {
        capped += !isfinite(score[i]);
        if (high < 0)
            score[i] = 1;
        else
            score[i] = isfinite(score[i]) ? fmax(score[i], 0) : high;
    }
    return capped;
}

int weir_select_check(size_t k, size_t n)
{
    if (k <= n && n < UINT32_MAX)
        return 0;
    return WEIR_FAIL(EINVAL, "selection: %zu of a pool of %zu candidates", k,
                     n);
}

struct keyed {
    double key;
    uint32_t place;
};

static int falling(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? 1 : -1;
    return x->place < y->place ? -1 : x->place > y->place;
}

int weir_select_order(const double *key, size_t n, uint32_t *place)
{
    struct keyed *k = malloc((n ? n : 1) * sizeof(*k));
    if (!k)
        return WEIR_FAIL(ENOMEM, "selection: keys of %zu candidates", n);
    for (size_t i = 0; i < n; i++)
        k[i] = (struct keyed){key[i], (uint32_t)i};
    qsort(k, n, sizeof(*k), falling);
    for (size_t i = 0; i < n; i++)
        place[i] = k[i].place;
    free(k);
    return 0;
}

/* Eight sums side by side, in double: the order of additions is the same for
 * every vector width. */
WEIR_CLONES double weir_select_distance(const float *a, const float *b,
                                        size_t dims)
{
    double sum[WEIR_LANES] = {0}, total = 0;
    size_t whole = dims / WEIR_LANES * WEIR_LANES;
    for (size_t i = 0; i < whole; i += WEIR_LANES)
        for (size_t l = 0; l < WEIR_LANES; l++) {
            double d = (double)a[i + l] - (double)b[i + l];
            sum[l] += d * d;
        }
    for (size_t i = whole; i < dims; i++) {
        double d = (double)a[i] - (double)b[i];
        sum[i - whole] += d * d;
    }
    for (size_t l = 0; l < WEIR_LANES; l++)
        total += sum[l];
    return total;
}

size_t weir_select_longest(const struct weir_features *f)
{
    size_t best = 0;
    double longest = -1;
    for (size_t i = 0; i < f->n; i++) {
        double norm = 0;
        for (size_t d = 0; d < f->dims; d++)
            norm += (double)weir_feature(f, i)[d] * weir_feature(f, i)[d];
        if (norm > longest) {
            longest = norm;
            best = i;
        }
    }
    return best;
}
