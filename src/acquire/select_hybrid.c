/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/select.h"

#include "base/err.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows of the first @p m places, and the choice among them, as places. */
static int choose_among(const uint32_t *place, size_t m,
                        weir_select_diverse_fn *diverse,
                        const struct weir_features *pool,
                        const struct weir_features *labelled, size_t k,
                        uint32_t *out)
{
    float *row = malloc(m * pool->dims * sizeof(*row) + 1);
    if (!row)
        return WEIR_FAIL(ENOMEM, "selection: %zu of the pool", m);
    for (size_t i = 0; i < m; i++)
        memcpy(row + i * pool->dims, weir_feature(pool, place[i]),
               pool->dims * sizeof(*row));
    struct weir_features part = {.row = row, .n = m, .dims = pool->dims};
    int rc = diverse(&part, labelled, k, out);
    for (size_t j = 0; !rc && j < k; j++)
        out[j] = place[out[j]];
    free(row);
    return rc;
}

int weir_select_hybrid(const double *score, double fraction,
                       weir_select_diverse_fn *diverse,
                       const struct weir_features *pool,
                       const struct weir_features *labelled, size_t k,
                       uint32_t *out)
{
    int rc = weir_select_check(k, pool->n);
    if (rc)
        return rc;
    if (!(fraction > 0 && fraction <= 1))
        return WEIR_FAIL(EINVAL, "selection: fraction %g, expected 0 to 1",
                         fraction);
    size_t m = (size_t)ceil(fraction * (double)pool->n);
    uint32_t *place = malloc(pool->n * sizeof(*place) + 1);
    if (!place)
        return WEIR_FAIL(ENOMEM, "selection: pool of %zu", pool->n);
    rc = weir_select_order(score, pool->n, place);
    if (!rc)
        rc =
            choose_among(place, m < k ? k : m, diverse, pool, labelled, k, out);
    free(place);
    return rc;
}
