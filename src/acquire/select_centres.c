/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/select.h"

#include "base/err.h"

#include <math.h>
#include <stdlib.h>

/* A new centre: candidates come nearer to the set. */
static void approach(const struct weir_features *pool, const float *centre,
                     double *nearest)
{
    for (size_t i = 0; i < pool->n; i++) {
        double d =
            weir_select_distance(weir_feature(pool, i), centre, pool->dims);
        nearest[i] = fmin(nearest[i], d);
    }
}

static size_t farthest(const double *nearest, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (nearest[i] > nearest[best])
            best = i;
    return best;
}

int weir_select_centres(const struct weir_features *pool,
                        const struct weir_features *labelled, size_t k,
                        uint32_t *out)
{
    int rc = weir_select_check(k, pool->n);
    if (rc || !k)
        return rc;
    double *nearest = malloc(pool->n * sizeof(*nearest));
    if (!nearest)
        return WEIR_FAIL(ENOMEM, "selection: pool of %zu", pool->n);
    for (size_t i = 0; i < pool->n; i++)
        nearest[i] = HUGE_VAL;
    for (size_t i = 0; i < labelled->n; i++)
        approach(pool, weir_feature(labelled, i), nearest);
    for (size_t j = 0; j < k; j++) {
        size_t i = labelled->n + j ? farthest(nearest, pool->n)
                                   : weir_select_longest(pool);
        out[j] = (uint32_t)i;
        approach(pool, weir_feature(pool, i), nearest);
        nearest[i] = -1; /* chosen: no later distance is smaller */
    }
    free(nearest);
    return 0;
}
