/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/report/steering.h"

#include "base/err.h"
#include "base/heap.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DENSITY_BINS 24

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double weir_ks_distance(double *a, size_t n, double *b, size_t m)
{
    double most = 0;
    size_t i = 0, j = 0;
    if (n == 0 || m == 0)
        return 0;
    qsort(a, n, sizeof(*a), by_value);
    qsort(b, m, sizeof(*b), by_value);
    while (i < n && j < m) {
        double at = a[i] < b[j] ? a[i] : b[j];
        while (i < n && a[i] == at)
            i++;
        while (j < m && b[j] == at)
            j++;
        double apart = fabs((double)i / (double)n - (double)j / (double)m);
        most = fmax(most, apart);
    }
    return most;
}

/* Parameter @p d of the simulations that are, or are not, steered. */
static size_t gather(const struct weir_steering *s, size_t d, bool bred,
                     double *out)
{
    size_t n = 0, dims = s->parameter.width;
    for (size_t i = 0; i < s->parameter.n; i++)
        if ((s->bred.value[i] != 0) == bred)
            out[n++] = s->parameter.value[i * dims + d];
    return n;
}

static void rank(struct weir_steering *s, double *a, double *b)
{
    double first = -1, next = -1;
    for (size_t d = 0; d < s->parameter.width; d++) {
        size_t n = gather(s, d, true, a), m = gather(s, d, false, b);
        double apart = weir_ks_distance(a, n, b, m);
        if (apart > first) {
            s->second = s->most;
            next = first;
            s->most = d;
            first = apart;
        } else if (apart > next) {
            s->second = d;
            next = apart;
        }
    }
}

/* Word @p d of the list of names. */
static void name_of(const struct weir_recorded *r, size_t d, char name[64])
{
    const char *p = weir_recorded_text(r, "parameters");
    for (; d > 0 && *p; d--) {
        p += strcspn(p, " ");
        p += strspn(p, " ");
    }
    snprintf(name, 64, "%.*s", (int)strcspn(p, " "), p);
}

static size_t steered(const struct weir_steering *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->bred.n; i++)
        n += s->bred.value[i] != 0;
    return n;
}

int weir_steering_read(const struct weir_recorded *r, struct weir_steering *out)
{
    *out = (struct weir_steering){0};
    int rc = weir_recorded_series(r, "simulations/parameters", &out->parameter);
    rc = rc ? rc : weir_recorded_series(r, "simulations/bred", &out->bred);
    rc = rc ? rc
            : weir_recorded_series(r, "simulations/generation",
                                   &out->generation);
    size_t n = out->parameter.n;
    if (rc || out->parameter.width < 2 || steered(out) == 0)
        return rc;
    double *scratch = weir_array(2 * n, sizeof(*scratch));
    if (!scratch)
        return WEIR_FAIL(ENOMEM, "a picture of %zu simulations", n);
    rank(out, scratch, scratch + n);
    free(scratch);
    name_of(r, out->most, out->name[0]);
    name_of(r, out->second, out->name[1]);
    return 1;
}

void weir_steering_free(struct weir_steering *s)
{
    free(s->parameter.value);
    free(s->bred.value);
    free(s->generation.value);
}

static void add_dots(struct weir_plot *plot, const struct weir_steering *s,
                     double *x, bool bred)
{
    size_t n = s->parameter.n, shown = gather(s, s->most, bred, x);
    double *y = x + n, *z = y + n;
    gather(s, s->second, bred, y);
    for (size_t i = 0, k = 0; i < n; i++)
        if ((s->bred.value[i] != 0) == bred)
            z[k++] = s->generation.value[i];
    weir_plot_add(plot, &(struct weir_curve){.name = bred ? "steered" : "drawn",
                                             .mark = WEIR_MARK_DOTS,
                                             .n = shown,
                                             .x = x,
                                             .y = y,
                                             .z = bred ? z : NULL});
}

static void add_density(struct weir_plot *plot, const struct weir_steering *s,
                        double *value, bool bred)
{
    double low = INFINITY, high = -INFINITY;
    double x[DENSITY_BINS + 1], y[DENSITY_BINS + 1] = {0};
    for (size_t i = 0; i < s->parameter.n; i++) {
        double v = s->parameter.value[i * s->parameter.width + s->most];
        low = fmin(low, v);
        high = fmax(high, v);
    }
    size_t n = gather(s, s->most, bred, value);
    for (size_t i = 0; i < n; i++) {
        double at = (value[i] - low) / (high - low) * DENSITY_BINS;
        size_t b = at < DENSITY_BINS ? (size_t)at : DENSITY_BINS - 1;
        y[b] += DENSITY_BINS / (double)n;
    }
    for (int b = 0; b <= DENSITY_BINS; b++)
        x[b] = low + (high - low) * b / DENSITY_BINS;
    /* The last bin ends with a step of its own. */
    y[DENSITY_BINS] = y[DENSITY_BINS - 1];
    weir_plot_add(plot, &(struct weir_curve){.name = bred ? "steered" : "drawn",
                                             .mark = WEIR_MARK_BARS,
                                             .colour = bred,
                                             .n = DENSITY_BINS + 1,
                                             .x = x,
                                             .y = y});
}

int weir_steering_plot(const struct weir_steering *s,
                       const struct weir_recorded *r, bool density,
                       struct weir_plot **out)
{
    char title[128];
    snprintf(title, sizeof(title), "Where %s looked", r->name);
    struct weir_axes axes = {.title = title,
                             .x = s->name[0],
                             .y = density ? "density" : s->name[1],
                             .more = density ? "set yrange [0:*]" : NULL};
    double *scratch = weir_array(3 * s->parameter.n, sizeof(*scratch));
    if (!scratch)
        return WEIR_FAIL(ENOMEM, "a picture of %zu simulations",
                         s->parameter.n);
    int rc = weir_plot_open(&axes, out);
    for (int bred = 0; rc == 0 && bred < 2; bred++) {
        if (density)
            add_density(*out, s, scratch, bred);
        else
            add_dots(*out, s, scratch, bred);
    }
    free(scratch);
    return rc;
}
