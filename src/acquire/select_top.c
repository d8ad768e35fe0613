/* SPDX-License-Identifier: BSD-3-Clause */
/* Top-K, and uniform draws: of the whole pool, or of what Top-K leaves. */
#include "acquire/select.h"

#include "base/err.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The first @p k of @p n places become a random choice of them all. */
static void shuffle_first(uint32_t *place, size_t n, size_t k,
                          struct weir_rng *rng)
{
    for (size_t i = 0; i < k; i++) {
        size_t j = i + weir_rng_below(rng, (uint32_t)(n - i));
        uint32_t held = place[i];
        place[i] = place[j];
        place[j] = held;
    }
}

static int choose(const double *score, size_t n, size_t top,
                  struct weir_rng *rng, size_t k, uint32_t *out)
{
    uint32_t *place = malloc((n ? n : 1) * sizeof(*place));
    if (!place)
        return WEIR_FAIL(ENOMEM, "selection: pool of %zu", n);
    for (size_t i = 0; i < n; i++)
        place[i] = (uint32_t)i;
    int rc = score ? weir_select_order(score, n, place) : 0;
    if (!rc) {
        shuffle_first(place + top, n - top, k - top, rng);
        memcpy(out, place, k * sizeof(*out));
    }
    free(place);
    return rc;
}

int weir_select_random(size_t n, struct weir_rng *rng, size_t k, uint32_t *out)
{
    int rc = weir_select_check(k, n);
    return rc ? rc : choose(NULL, n, 0, rng, k, out);
}

int weir_select_top(const double *score, size_t n, double share,
                    struct weir_rng *rng, size_t k, uint32_t *out)
{
    int rc = weir_select_check(k, n);
    if (!rc && !(share >= 0 && share <= 1))
        rc = WEIR_FAIL(EINVAL, "selection: share %g, expected 0 to 1", share);
    return rc ? rc
              : choose(score, n, (size_t)round(share * (double)k), rng, k, out);
}
