/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/kernel.h"

#include <math.h>
#include <string.h>

#define LOG_SQRT_2PI 0.91893853320467274178

/* A part of a density that is left out: below rounding of what is kept. */
#define NOTHING 1e-17

static bool wraps(const struct weir_kernel *k, size_t axis)
{
    return k->boundary != WEIR_BOUNDARY_SHRINK &&
           k->space.parameter[axis].wraps;
}

static double wrap_around(double v)
{
    v -= floor(v);
    return v < 1 ? v : 0; /* v was a hair below 0 */
}

/* Back and forth between the walls at 0 and 1. */
static double mirror(double v)
{
    return fabs(v - 2 * round(v / 2));
}

/* Gives up at the first axis outside: in hundreds of dimensions few steps fit,
 * and the first failure comes early. */
static bool step(const struct weir_kernel *k, struct weir_rng *rng,
                 const double *parent, double sigma, double *u)
{
    for (size_t i = 0; i < k->space.n; i++) {
        u[i] = parent[i] + sigma * weir_rng_normal(rng);
        if (wraps(k, i))
            u[i] = wrap_around(u[i]);
        else if (k->boundary == WEIR_BOUNDARY_REFLECT)
            u[i] = mirror(u[i]);
        else if (u[i] < 0 || u[i] > 1)
            return false;
    }
    return true;
}

void weir_kernel_draw(const struct weir_kernel *kernel, struct weir_rng *rng,
                      const double *parent, double *u)
{
    double sigma = kernel->sigma;
    for (uint32_t i = 0; i <= kernel->max_oob; i++) {
        if (step(kernel, rng, parent, sigma, u))
            return;
        sigma *= kernel->oob_factor;
    }
    memcpy(u, parent, kernel->space.n * sizeof(*u));
}

static double normal(double x, double sigma)
{
    return exp(-0.5 * x * x / (sigma * sigma)) / sigma;
}

/* Copies of a step that are as near as makes a difference. */
static int copies(double sigma)
{
    return (int)ceil(9 * sigma) + 1;
}

static double wrapped(double from, double to, double sigma)
{
    double sum = 0;
    for (int j = -copies(sigma); j <= copies(sigma); j++)
        sum += normal(to - from + j, sigma);
    return sum;
}

static double mirrored(double from, double to, double sigma)
{
    double sum = 0;
    for (int j = -copies(sigma); j <= copies(sigma); j++)
        sum += normal(to - from + 2 * j, sigma) +
               normal(-to - from + 2 * j, sigma);
    return sum;
}

/* Of one draw with @p sigma that is not redrawn. */
static double log_density_at(const struct weir_kernel *k, const double *parent,
                             const double *u, double sigma)
{
    double sum = 0;
    for (size_t i = 0; i < k->space.n; i++) {
        double x = (u[i] - parent[i]) / sigma;
        if (wraps(k, i))
            sum += log(wrapped(parent[i], u[i], sigma));
        else if (k->boundary == WEIR_BOUNDARY_REFLECT)
            sum += log(mirrored(parent[i], u[i], sigma));
        else
            sum -= 0.5 * x * x + log(sigma);
        sum -= LOG_SQRT_2PI;
    }
    return sum;
}

/* Probability that a draw with @p sigma is in the cube. */
static double inside(const struct weir_kernel *k, const double *parent,
                     double sigma)
{
    double p = 1, scale = 1 / (sigma * sqrt(2));
    if (k->boundary == WEIR_BOUNDARY_REFLECT)
        return 1;
    for (size_t i = 0; i < k->space.n; i++)
        if (!wraps(k, i))
            p *= 0.5 * (erf((1 - parent[i]) * scale) + erf(parent[i] * scale));
    return p;
}

double weir_log_sum(double a, double b)
{
    double high = fmax(a, b);
    return isinf(high) ? high : high + log(exp(a - high) + exp(b - high));
}

double weir_kernel_log_density(const struct weir_kernel *kernel,
                               const double *parent, const double *u)
{
    double sigma = kernel->sigma, reached = 1, sum = -HUGE_VAL;
    for (uint32_t i = 0; i <= kernel->max_oob && reached > NOTHING; i++) {
        double here = log_density_at(kernel, parent, u, sigma);
        sum = weir_log_sum(sum, log(reached) + here);
        reached *= 1 - inside(kernel, parent, sigma);
        sigma *= kernel->oob_factor;
    }
    return sum;
}
