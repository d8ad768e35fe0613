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
    double normal[WEIR_RNG_AHEAD];
    bool inside = true;
    size_t i = 0, n = k->space.n;
    for (; i < n && inside; i++) {
        size_t j = i % WEIR_RNG_AHEAD, left = n - i;
        if (j == 0)
            weir_rng_normals_ahead(
                rng, i, left < WEIR_RNG_AHEAD ? left : WEIR_RNG_AHEAD, normal);
        u[i] = parent[i] + sigma * normal[j];
        if (wraps(k, i))
            u[i] = wrap_around(u[i]);
        else if (k->boundary == WEIR_BOUNDARY_REFLECT)
            u[i] = mirror(u[i]);
        else
            inside = u[i] >= 0 && u[i] <= 1;
    }
    weir_rng_skip_normals(rng, i);
    return inside;
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

/* Copies of a step that are as near as makes a difference. */
static int copies(double sigma)
{
    return (int)ceil(9 * sigma) + 1;
}

/* Exponent of the nearest image of a step, and the sum of all of them relative
 * to it: no distance underflows. */
struct images {
    double least, sum;
};

static void add_image(struct images *m, double x, double sigma)
{
    double exponent = 0.5 * x * x / (sigma * sigma);
    if (exponent < m->least) {
        m->sum = 1 + (m->sum > 0 ? m->sum * exp(exponent - m->least) : 0);
        m->least = exponent;
    } else if (exponent - m->least < 40) {
        m->sum += exp(m->least - exponent);
    }
}

static double log_images(const struct images *m, double sigma)
{
    return (m->sum > 1 ? log(m->sum) : 0) - m->least - log(sigma);
}

static double log_wrapped(double from, double to, double sigma)
{
    struct images m = {HUGE_VAL, 0};
    add_image(&m, to - from, sigma);
    for (int j = 1; j <= copies(sigma); j++) {
        add_image(&m, to - from + j, sigma);
        add_image(&m, to - from - j, sigma);
    }
    return log_images(&m, sigma);
}

static double log_mirrored(double from, double to, double sigma)
{
    struct images m = {HUGE_VAL, 0};
    add_image(&m, to - from, sigma);
    add_image(&m, -to - from, sigma);
    for (int j = 2; j <= 2 * copies(sigma); j += 2) {
        add_image(&m, to - from + j, sigma);
        add_image(&m, to - from - j, sigma);
        add_image(&m, -to - from + j, sigma);
        add_image(&m, -to - from - j, sigma);
    }
    return log_images(&m, sigma);
}

/* Of one draw with @p sigma that is not redrawn. */
static double log_density_at(const struct weir_kernel *k, const double *parent,
                             const double *u, double sigma)
{
    double sum = 0;
    for (size_t i = 0; i < k->space.n; i++) {
        double x = (u[i] - parent[i]) / sigma;
        if (wraps(k, i))
            sum += log_wrapped(parent[i], u[i], sigma);
        else if (k->boundary == WEIR_BOUNDARY_REFLECT)
            sum += log_mirrored(parent[i], u[i], sigma);
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
