/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/ranks.h"

#include "base/err.h"
#include "base/heap.h"

#include <math.h>
#include <stdlib.h>

struct place {
    double x;
    size_t at; /* where it stands in the input */
};

static int ascending(const void *a, const void *b)
{
    double x = ((const struct place *)a)->x, y = ((const struct place *)b)->x;
    if (isnan(x) || isnan(y))
        return !!isnan(x) - !!isnan(y);
    return (x > y) - (x < y);
}

/* Ranks from 0, less their mean (n - 1) / 2; @p place is scratch. */
static void rank(const double *x, size_t n, struct place *place, double *out)
{
    for (size_t i = 0; i < n; i++)
        place[i] = (struct place){x[i], i};
    qsort(place, n, sizeof(*place), ascending);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && !ascending(&place[i], &place[end]);)
            end++;
        for (size_t k = i; k < end; k++)
            out[place[k].at] = ((double)(i + end) - (double)n) / 2;
    }
}

static double product(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

int weir_spearman(const double *x, const double *y, size_t n, double *out)
{
    struct place *place = weir_array(n, sizeof(*place));
    double *a = weir_array(2 * n, sizeof(*a)), *b = a ? a + n : NULL;
    int rc = place && a ? 0 : WEIR_FAIL(ENOMEM, "ranks of %zu values", n);
    if (rc == 0) {
        rank(x, n, place, a);
        rank(y, n, place, b);
        double size = sqrt(product(a, a, n)) * sqrt(product(b, b, n));
        *out = size > 0 ? product(a, b, n) / size : (double)NAN;
    }
    free(place);
    free(a);
    return rc;
}
