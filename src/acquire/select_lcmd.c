/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/select.h"

#include "base/err.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define NONE UINT32_MAX

/* Candidates and the centre each belongs to; a chosen one belongs to none. */
struct clusters {
    const struct weir_features *pool;
    uint32_t *centre; /* [pool] */
    double *distance; /* [pool] squared, to that centre */
    double *weight;   /* [centres] sums of the distances */
    uint32_t n;       /* centres */
};

static void recruit(struct clusters *c, const float *at, const uint32_t *chosen,
                    size_t done)
{
    uint32_t number = c->n++;
    for (size_t i = 0; i < c->pool->n; i++) {
        double d =
            weir_select_distance(weir_feature(c->pool, i), at, c->pool->dims);
        if (d < c->distance[i]) {
            c->distance[i] = d;
            c->centre[i] = number;
        }
    }
    for (size_t j = 0; j < done; j++)
        c->centre[chosen[j]] = NONE;
}

static uint32_t heaviest(struct clusters *c)
{
    uint32_t best = 0;
    for (uint32_t j = 0; j < c->n; j++)
        c->weight[j] = 0;
    for (size_t i = 0; i < c->pool->n; i++)
        if (c->centre[i] != NONE)
            c->weight[c->centre[i]] += c->distance[i];
    for (uint32_t j = 1; j < c->n; j++)
        if (c->weight[j] > c->weight[best])
            best = j;
    return best;
}

/* Where every remaining candidate lies on its centre, no cluster weighs: any
 * candidate is as good, and the first is taken. */
static size_t next(struct clusters *c)
{
    uint32_t cluster = heaviest(c);
    bool any = c->weight[cluster] == 0;
    size_t best = c->pool->n;
    for (size_t i = 0; i < c->pool->n; i++) {
        if (c->centre[i] == NONE || !(any || c->centre[i] == cluster))
            continue;
        if (best == c->pool->n || c->distance[i] > c->distance[best])
            best = i;
    }
    return best;
}

static void choose(struct clusters *c, const struct weir_features *labelled,
                   size_t k, uint32_t *out)
{
    for (size_t i = 0; i < c->pool->n; i++)
        c->distance[i] = HUGE_VAL;
    for (size_t i = 0; i < labelled->n; i++)
        recruit(c, weir_feature(labelled, i), out, 0);
    for (size_t j = 0; j < k; j++) {
        out[j] = (uint32_t)(c->n ? next(c) : weir_select_longest(c->pool));
        recruit(c, weir_feature(c->pool, out[j]), out, j + 1);
    }
}

int weir_select_lcmd(const struct weir_features *pool,
                     const struct weir_features *labelled, size_t k,
                     uint32_t *out)
{
    struct clusters c = {.pool = pool};
    int rc = weir_select_check(k, pool->n);
    if (rc || !k)
        return rc;
    c.centre = calloc(pool->n, sizeof(*c.centre));
    c.distance = calloc(pool->n, sizeof(*c.distance));
    c.weight = calloc(labelled->n + k, sizeof(*c.weight));
    if (c.centre && c.distance && c.weight)
        choose(&c, labelled, k, out);
    else
        rc = WEIR_FAIL(ENOMEM, "selection: pool of %zu", pool->n);
    free(c.centre);
    free(c.distance);
    free(c.weight);
    return rc;
}
