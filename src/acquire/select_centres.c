/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/diverse.h"

size_t weir_diverse_farthest(struct weir_diverse *d)
{
    size_t best = 0;
    for (size_t i = 1; i < d->pool.n; i++)
        if (d->nearest[i] > d->nearest[best])
            best = i;
    return best;
}

int weir_select_centres(const struct weir_features *pool,
                        const struct weir_features *labelled, size_t k,
                        uint32_t *out)
{
    return weir_diverse_choose(weir_diverse_farthest, pool, labelled, k, out);
}
