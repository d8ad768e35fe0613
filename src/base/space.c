/* SPDX-License-Identifier: BSD-3-Clause */
#include "weir/space.h"

#include "base/normal.h"

#include <math.h>
#include <string.h>

/* Normal scores end here, 8 deviations out: cube faces have none. */
#define EDGE 0x1p-53

static double place(const struct weir_parameter *p, double x)
{
    return p->axis == WEIR_AXIS_LOG ? log(x) : x;
}

/* Deviations between the mean and @p x along the axis. */
static double score(const struct weir_parameter *p, double x)
{
    return (place(p, x) - place(p, p->mean)) / p->deviation;
}

double weir_parameter_mass(const struct weir_parameter *p)
{
    if (p->density != WEIR_DENSITY_NORMAL)
        return 1;
    return weir_normal_cdf(score(p, p->high)) -
           weir_normal_cdf(score(p, p->low));
}

static double within(const struct weir_parameter *p, double x)
{
    return fmin(fmax(x, p->low), p->high);
}

static double normal_value(const struct weir_parameter *p, double u)
{
    if (u <= 0 || u >= 1) /* not what rounding makes of them */
        return u <= 0 ? p->low : p->high;
    double below = weir_normal_cdf(score(p, p->low));
    double z = weir_normal_quantile(below + u * weir_parameter_mass(p));
    if (p->axis == WEIR_AXIS_LOG)
        return within(p, p->mean * exp(p->deviation * z));
    return within(p, p->mean + p->deviation * z);
}

static double normal_share(const struct weir_parameter *p, double x)
{
    double below = weir_normal_cdf(score(p, p->low));
    return (weir_normal_cdf(score(p, x)) - below) / weir_parameter_mass(p);
}

static double sample_value(const struct weir_parameter *p, double u)
{
    double at = u * (double)(p->samples - 1);
    size_t i = (size_t)fmin(at, (double)(p->samples - 2));
    double low = p->sample[i], high = p->sample[i + 1];
    return fmin(low + (at - (double)i) * (high - low), high);
}

static double sample_share(const struct weir_parameter *p, double x)
{
    size_t low = 0, high = p->samples - 1;
    if (x <= p->sample[low])
        return 0;
    while (high - low > 1) { /* sample[low] < x <= sample[high] */
        size_t middle = low + (high - low) / 2;
        if (p->sample[middle] < x)
            low = middle;
        else
            high = middle;
    }
    double part = (x - p->sample[low]) / (p->sample[high] - p->sample[low]);
    return fmin(1, ((double)low + part) / (double)(p->samples - 1));
}

static double value_at(const struct weir_parameter *p, double u)
{
    if (p->density == WEIR_DENSITY_NORMAL)
        return normal_value(p, u);
    if (p->density == WEIR_DENSITY_SAMPLES)
        return sample_value(p, u);
    if (p->axis == WEIR_AXIS_LOG)
        return p->low * pow(p->high / p->low, u);
    return p->low + (p->high - p->low) * u;
}

static double share_below(const struct weir_parameter *p, double x)
{
    if (p->density == WEIR_DENSITY_NORMAL)
        return normal_share(p, x);
    if (p->density == WEIR_DENSITY_SAMPLES)
        return sample_share(p, x);
    if (p->axis == WEIR_AXIS_LOG)
        return log(x / p->low) / log(p->high / p->low);
    return (x - p->low) / (p->high - p->low);
}

static double inner(double u)
{
    return fmin(fmax(u, EDGE), 1 - EDGE);
}

/* Scores z to correlated ones L z; from the last on, so that they may stay
 * where they are. */
static void correlate(const struct weir_space *space, const double *u,
                      double *v)
{
    size_t n = space->n;
    for (size_t i = 0; i < n; i++)
        v[i] = weir_normal_quantile(inner(u[i]));
    for (size_t i = n; i-- > 0;) {
        const double *row = space->correlation + i * n;
        double sum = 0;
        for (size_t j = 0; j <= i; j++)
            sum += row[j] * v[j];
        v[i] = sum;
    }
    for (size_t i = 0; i < n; i++)
        v[i] = weir_normal_cdf(v[i]);
}

static void decorrelate(const struct weir_space *space, double *u)
{
    size_t n = space->n;
    for (size_t i = 0; i < n; i++) {
        const double *row = space->correlation + i * n;
        double rest = weir_normal_quantile(inner(u[i]));
        for (size_t j = 0; j < i; j++)
            rest -= row[j] * u[j];
        u[i] = rest / row[i];
    }
    for (size_t i = 0; i < n; i++)
        u[i] = weir_normal_cdf(u[i]);
}

void weir_space_to_box(const struct weir_space *space, const double *u,
                       double *x)
{
    if (space->correlation) {
        correlate(space, u, x);
        u = x;
    }
    for (size_t i = 0; i < space->n; i++)
        x[i] = value_at(&space->parameter[i], u[i]);
}

void weir_space_to_unit(const struct weir_space *space, const double *x,
                        double *u)
{
    for (size_t i = 0; i < space->n; i++)
        u[i] = share_below(&space->parameter[i], x[i]);
    if (space->correlation)
        decorrelate(space, u);
}

static bool equal_samples(const struct weir_parameter *a,
                          const struct weir_parameter *b)
{
    return a->samples == b->samples &&
           memcmp(a->sample, b->sample, a->samples * sizeof(double)) == 0;
}

static bool equal_axes(const struct weir_parameter *a,
                       const struct weir_parameter *b)
{
    if (a->low != b->low || a->high != b->high || a->axis != b->axis ||
        a->density != b->density)
        return false;
    if (a->density == WEIR_DENSITY_NORMAL)
        return a->mean == b->mean && a->deviation == b->deviation;
    return a->density != WEIR_DENSITY_SAMPLES || equal_samples(a, b);
}

bool weir_space_equal(const struct weir_space *a, const struct weir_space *b)
{
    if (a->n != b->n || !a->correlation != !b->correlation)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (!equal_axes(&a->parameter[i], &b->parameter[i]))
            return false;
    return !a->correlation || memcmp(a->correlation, b->correlation,
                                     a->n * a->n * sizeof(double)) == 0;
}
