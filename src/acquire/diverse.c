/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/diverse.h"

#include "base/err.h"

#include <math.h>
#include <stdlib.h>

int weir_diverse_begin(struct weir_diverse *d,
                       size_t (*next)(struct weir_diverse *d),
                       const struct weir_features *pool,
                       const struct weir_features *labelled, size_t k)
{
    *d = (struct weir_diverse){
        .pool = *pool, .labelled = *labelled, .next = next, .k = k};
    int rc = weir_select_check(k, pool->n);
    if (rc || !k)
        return rc;
    d->nearest = malloc(pool->n * sizeof(*d->nearest));
    d->centre = calloc(pool->n, sizeof(*d->centre));
    d->weight = calloc(labelled->n + k, sizeof(*d->weight));
    if (!d->nearest || !d->centre || !d->weight) {
        weir_diverse_end(d);
        return WEIR_FAIL(ENOMEM, "selection: pool of %zu", pool->n);
    }
    for (size_t i = 0; i < pool->n; i++)
        d->nearest[i] = HUGE_VAL;
    return 0;
}

void weir_diverse_end(struct weir_diverse *d)
{
    free(d->nearest);
    free(d->centre);
    free(d->weight);
    *d = (struct weir_diverse){0};
}

/* A centre: candidates from @p from to @p to may be nearer to it. */
static void measure(struct weir_diverse *d, const float *at, size_t number,
                    size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        double far =
            weir_select_distance(weir_feature(&d->pool, i), at, d->pool.dims);
        if (far < d->nearest[i]) {
            d->nearest[i] = far;
            d->centre[i] = (uint32_t)number;
        }
    }
}

static size_t at_most(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Candidates against all that is labelled. @return distances */
static size_t settle(struct weir_diverse *d, size_t distances)
{
    size_t each = d->labelled.n, from = d->settled;
    size_t n = each ? distances / each : d->pool.n;
    d->settled += at_most(n ? n : 1, d->pool.n - from);
    for (size_t j = 0; j < each; j++)
        measure(d, weir_feature(&d->labelled, j), j, from, d->settled);
    d->measured = d->pool.n; /* nothing is chosen yet */
    return each * (d->settled - from);
}

/* Candidates against the last one chosen. @return distances */
static size_t compare(struct weir_diverse *d, size_t distances, uint32_t last)
{
    size_t from = d->measured;
    d->measured += at_most(distances, d->pool.n - from);
    measure(d, weir_feature(&d->pool, last), d->labelled.n + d->chosen - 1,
            from, d->measured);
    return d->measured - from;
}

static void choose(struct weir_diverse *d, uint32_t *out)
{
    size_t any = d->labelled.n + d->chosen;
    size_t i = any ? d->next(d) : weir_select_longest(&d->pool);
    out[d->chosen++] = (uint32_t)i;
    d->nearest[i] = -1; /* no distance is smaller */
    d->centre[i] = WEIR_DIVERSE_CHOSEN;
    d->measured = 0;
}

bool weir_diverse_go_on(struct weir_diverse *d, size_t distances, uint32_t *out)
{
    size_t done = 0;
    while (d->chosen < d->k && done < distances)
        if (d->settled < d->pool.n)
            done += settle(d, distances - done);
        else if (d->measured < d->pool.n)
            done += compare(d, distances - done, out[d->chosen - 1]);
        else
            choose(d, out);
    return d->chosen < d->k;
}

int weir_diverse_choose(size_t (*next)(struct weir_diverse *d),
                        const struct weir_features *pool,
                        const struct weir_features *labelled, size_t k,
                        uint32_t *out)
{
    struct weir_diverse d;
    int rc = weir_diverse_begin(&d, next, pool, labelled, k);
    while (rc == 0 && weir_diverse_go_on(&d, SIZE_MAX, out))
        ;
    if (rc == 0)
        weir_diverse_end(&d);
    return rc;
}
