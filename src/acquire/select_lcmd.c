/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/diverse.h"

#include <stdbool.h>
#include <string.h>

static size_t heaviest(struct weir_diverse *d)
{
    size_t centres = d->labelled.n + d->chosen, best = 0;
    memset(d->weight, 0, centres * sizeof(*d->weight));
    for (size_t i = 0; i < d->pool.n; i++)
        if (d->centre[i] != WEIR_DIVERSE_CHOSEN)
            d->weight[d->centre[i]] += d->nearest[i];
    for (size_t j = 1; j < centres; j++)
        if (d->weight[j] > d->weight[best])
            best = j;
    return best;
}

/* Where every remaining candidate lies on its centre, no cluster weighs: any
 * candidate is as good, and the first is taken. */
size_t weir_diverse_of_largest_cluster(struct weir_diverse *d)
{
    size_t cluster = heaviest(d), best = d->pool.n;
    bool any = d->weight[cluster] == 0;
    for (size_t i = 0; i < d->pool.n; i++) {
        if (d->centre[i] == WEIR_DIVERSE_CHOSEN ||
            !(any || d->centre[i] == cluster))
            continue;
        if (best == d->pool.n || d->nearest[i] > d->nearest[best])
            best = i;
    }
    return best;
}

int weir_select_lcmd(const struct weir_features *pool,
                     const struct weir_features *labelled, size_t k,
                     uint32_t *out)
{
    return weir_diverse_choose(weir_diverse_of_largest_cluster, pool, labelled,
                               k, out);
}
