/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/select.h"

#include "base/err.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of a score of 0, a key behind all others, whose keys are above -1e9, and small
 * enough that its draw still counts. */
static double gumbel_key(double score, double beta, struct weir_rng *rng)
{
    double u = 1 - weir_rng_uniform(rng); /* in (0, 1] */
    double gumbel = -log(-log(fmin(u, 1 - 0x1p-53)));
    return (score > 0 ? beta * log(score) : -1e10) + gumbel;
}

int weir_select_power(const double *score, size_t n, double beta,
                      struct weir_rng *rng, size_t k, uint32_t *out)
{
    int rc = weir_select_check(k, n);
    if (rc)
        return rc;
    if (!(beta >= 0 && beta <= 1e6))
        return WEIR_FAIL(EINVAL, "selection: beta %g, expected 0 or more",
                         beta);
    double *key = malloc((n ? n : 1) * sizeof(*key));
    uint32_t *place = malloc((n ? n : 1) * sizeof(*place));
    if (!key || !place)
        rc = WEIR_FAIL(ENOMEM, "selection: pool of %zu", n);
    for (size_t i = 0; !rc && i < n; i++)
        key[i] = gumbel_key(score[i], beta, rng);
    if (!rc)
        rc = weir_select_order(key, n, place);
    if (!rc)
        memcpy(out, place, k * sizeof(*out));
    free(key);
    free(place);
    return rc;
}
