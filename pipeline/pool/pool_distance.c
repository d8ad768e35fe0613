/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/pool/pool_distance.h"

#include "base/err.h"

#include <math.h>
#include <string.h>

static const char *skip_commas(const char *text)
{
    return text + strspn(text, ", ");
}

/* The parameter named at @p text, @p n letters long. */
static int find(const struct weir_space *space, const char *text, size_t n,
                size_t *out)
{
    for (size_t i = 0; i < space->n; i++)
        if (strlen(space->parameter[i].name) == n &&
            !strncmp(space->parameter[i].name, text, n)) {
            *out = i;
            return 0;
        }
    WEIR_FAIL(WEIR_ECONFIG, "'%.*s' is no parameter of the solver", (int)n,
              text);
    return weir_err_hint("name the coordinates of one point, then those of the "
                         "other: row0,col0,row1,col1");
}

static int find_all(const struct weir_config *cfg, size_t *found, size_t *n)
{
    const char *text = skip_commas(cfg->pool.distance_of);
    int rc = 0;
    for (*n = 0; rc == 0 && *text && *n < 2 * WEIR_POOL_AXES; (*n)++) {
        size_t length = strcspn(text, ", ");
        rc = find(&cfg->space, text, length, &found[*n]);
        text = skip_commas(text + length);
    }
    if (rc || (*n % 2 == 0 && !*text))
        return rc;
    WEIR_FAIL(WEIR_ECONFIG, "expected two points of 1 to %d coordinates each",
              WEIR_POOL_AXES);
    return weir_err_hint("row0,col0,row1,col1 for instance");
}

int weir_pool_distance_read(const struct weir_config *cfg,
                            struct weir_pool_distance *out)
{
    size_t found[2 * WEIR_POOL_AXES], n;
    double squares = 0;
    int rc = find_all(cfg, found, &n);
    if (rc)
        return weir_config_blame(cfg, WEIR_KEYS("pool.distance_of"));
    *out = (struct weir_pool_distance){.n = n / 2};
    for (size_t i = 0; i < out->n; i++) {
        const struct weir_parameter *p = cfg->space.parameter;
        size_t a = found[i], b = found[out->n + i];
        squares +=
            pow(fmax(p[a].high, p[b].high) - fmin(p[a].low, p[b].low), 2);
        out->a[i] = a;
        out->b[i] = b;
    }
    out->most = sqrt(squares);
    return 0;
}

double weir_pool_distance(const struct weir_pool_distance *d,
                          const struct weir_config *cfg, const double *u,
                          double *value)
{
    double squares = 0;
    weir_space_to_box(&cfg->space, u, value);
    for (size_t i = 0; i < d->n; i++)
        squares += pow(value[d->a[i]] - value[d->b[i]], 2);
    return sqrt(squares) / d->most;
}
