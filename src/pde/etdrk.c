/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/etdrk.h"

#include "base/err.h"
#include "base/heap.h"
#include "base/simd.h"

#include <math.h>
#include <stdlib.h>

/* Bit w of uses[order]: the scheme needs weight w. */
#define USE(w) (1u << WEIR_ETD_##w)
static const unsigned uses[5] = {
    [1] = USE(EXP) | USE(PHI1),
    [2] = USE(EXP) | USE(PHI1) | USE(PHI2),
    [3] = USE(EXP) | USE(EXP_HALF) | USE(HALF) | USE(PHI1) | USE(FIRST) |
          USE(MIDDLE) | USE(LAST),
    [4] = USE(EXP) | USE(EXP_HALF) | USE(HALF) | USE(FIRST) | USE(MIDDLE) |
          USE(LAST),
};

static double complex quotient(enum weir_etd_weight which, double complex z)
{
    double complex e = cexp(z), z2 = z * z, z3 = z2 * z;
    switch (which) {
    case WEIR_ETD_HALF:
        return (cexp(z / 2) - 1) / z;
    case WEIR_ETD_PHI1:
        return (e - 1) / z;
    case WEIR_ETD_PHI2:
        return (e - 1 - z) / z2;
    case WEIR_ETD_FIRST:
        return (-4 - z + e * (4 - 3 * z + z2)) / z3;
    case WEIR_ETD_MIDDLE:
        return (2 + z + e * (z - 2)) / z3;
    default:
        return (-4 - 3 * z - z2 + e * (4 - z)) / z3;
    }
}

double complex weir_etd_weight(enum weir_etd_weight which, double complex z)
{
    if (which == WEIR_ETD_EXP)
        return cexp(z);
    if (which == WEIR_ETD_EXP_HALF)
        return cexp(z / 2);
    /* Real z: the two halves of the circle are conjugate. */
    int points = cimag(z) == 0 ? WEIR_ETD_CIRCLE / 2 : WEIR_ETD_CIRCLE;
    double complex sum = 0;
    for (int j = 0; j < points; j++) {
        double angle = 2 * M_PI * (j + 0.5) / WEIR_ETD_CIRCLE;
        sum += quotient(which, z + CMPLX(cos(angle), sin(angle)));
    }
    return cimag(z) == 0 ? creal(sum) / points : sum / points;
}

int weir_etd_create(int order, size_t n, bool real, struct weir_etd *etd)
{
    *etd = (struct weir_etd){.order = order, .n = n, .real = real};
    if (order < 1 || order > 4)
        return WEIR_FAIL(EINVAL, "etdrk: order is %d, expected 1 to 4", order);
    for (int w = 0; w < WEIR_ETD_WEIGHTS; w++) {
        if (!(uses[order] >> w & 1))
            continue;
        etd->weight[w] = weir_array(n, (real ? 1 : 2) * sizeof(double));
        if (!etd->weight[w]) {
            weir_etd_free(etd);
            return WEIR_FAIL(ENOMEM, "etdrk: weights of %zu modes", n);
        }
    }
    return 0;
}

void weir_etd_free(struct weir_etd *etd)
{
    for (int w = 0; w < WEIR_ETD_WEIGHTS; w++)
        free(etd->weight[w]);
    *etd = (struct weir_etd){0};
}

static bool is_average(int w)
{
    return w != WEIR_ETD_EXP && w != WEIR_ETD_EXP_HALF;
}

void weir_etd_fill(struct weir_etd *etd, const double complex *symbol,
                   double dt, bool real_weights)
{
    for (int w = 0; w < WEIR_ETD_WEIGHTS; w++) {
        double *out = etd->weight[w];
        for (size_t i = 0; out && i < etd->n; i++) {
            double complex v = weir_etd_weight(w, symbol[i] * dt);
            if (is_average(w))
                v *= dt;
            if (etd->real) {
                out[i] = creal(v);
                continue;
            }
            out[2 * i] = creal(v);
            out[2 * i + 1] = is_average(w) && real_weights ? 0 : cimag(v);
        }
    }
}

size_t weir_etd_scratch(const struct weir_etd *etd)
{
    static const size_t arrays[5] = {0, 1, 3, 4, 5};
    return arrays[etd->order] * 2 * etd->n;
}

/*
 * The stages, each one pass over the modes. `real` is a constant where they
 * are called, so each exists twice without a test in its loop.
 */
struct pair {
    double re, im;
};

static inline struct pair at(const double *x, size_t i)
{
    return (struct pair){x[2 * i], x[2 * i + 1]};
}

static inline void put(double *x, size_t i, struct pair v)
{
    x[2 * i] = v.re;
    x[2 * i + 1] = v.im;
}

static inline struct pair add(struct pair a, struct pair b)
{
    return (struct pair){a.re + b.re, a.im + b.im};
}

/* scale * a - b */
static inline struct pair less(double scale, struct pair a, struct pair b)
{
    return (struct pair){scale * a.re - b.re, scale * a.im - b.im};
}

/* weight i times x */
static inline struct pair times(const double *w, size_t i, struct pair x,
                                bool real)
{
    if (real)
        return (struct pair){w[i] * x.re, w[i] * x.im};
    double re = w[2 * i], im = w[2 * i + 1];
    return (struct pair){re * x.re - im * x.im, re * x.im + im * x.re};
}

#define STAGE WEIR_INLINE void

/* out = e u + h n; out may be u */
STAGE advance(const double *restrict e, const double *restrict h,
              const double *u, const double *n, double *out, size_t count,
              bool real)
{
    for (size_t i = 0; i < count; i++)
        put(out, i,
            add(times(e, i, at(u, i), real), times(h, i, at(n, i), real)));
}

/* out = e u + h (2 n - m); out may be u */
STAGE advance_past(const double *restrict e, const double *restrict h,
                   const double *u, const double *n, const double *m,
                   double *out, size_t count, bool real)
{
    for (size_t i = 0; i < count; i++)
        put(out, i,
            add(times(e, i, at(u, i), real),
                times(h, i, less(2, at(n, i), at(m, i)), real)));
}

/* out = a + w (n - m) */
STAGE correct(const double *restrict w, const double *a, const double *n,
              const double *m, double *out, size_t count, bool real)
{
    for (size_t i = 0; i < count; i++)
        put(out, i,
            add(at(a, i), times(w, i, less(1, at(n, i), at(m, i)), real)));
}

/* u = e u + first n + middle (scale a + scale b) + last c */
STAGE finish(const struct weir_etd *t, double *u, const double *n,
             const double *a, const double *b, const double *c, double scale,
             bool real)
{
    const double *restrict e = t->weight[WEIR_ETD_EXP];
    const double *restrict first = t->weight[WEIR_ETD_FIRST];
    const double *restrict middle = t->weight[WEIR_ETD_MIDDLE];
    const double *restrict last = t->weight[WEIR_ETD_LAST];
    for (size_t i = 0; i < t->n; i++) {
        struct pair mid = add(at(a, i), at(b, i));
        mid = (struct pair){scale * mid.re, scale * mid.im};
        struct pair sum =
            add(times(e, i, at(u, i), real), times(first, i, at(n, i), real));
        sum = add(sum, times(middle, i, mid, real));
        put(u, i, add(sum, times(last, i, at(c, i), real)));
    }
}

STAGE step1(const struct weir_etd *t, double *u, double *s, weir_etd_term *term,
            void *ctx, bool real)
{
    double *const *w = t->weight;
    term(ctx, u, s);
    advance(w[WEIR_ETD_EXP], w[WEIR_ETD_PHI1], u, s, u, t->n, real);
}

STAGE step2(const struct weir_etd *t, double *u, double *s, weir_etd_term *term,
            void *ctx, bool real)
{
    double *const *w = t->weight;
    double *nu = s, *a = s + 2 * t->n, *na = s + 4 * t->n;
    term(ctx, u, nu);
    advance(w[WEIR_ETD_EXP], w[WEIR_ETD_PHI1], u, nu, a, t->n, real);
    term(ctx, a, na);
    correct(w[WEIR_ETD_PHI2], a, na, nu, u, t->n, real);
}

STAGE step3(const struct weir_etd *t, double *u, double *s, weir_etd_term *term,
            void *ctx, bool real)
{
    double *const *w = t->weight;
    size_t m = 2 * t->n;
    double *nu = s, *a = s + m, *na = s + 2 * m, *nb = s + 3 * m;
    term(ctx, u, nu);
    advance(w[WEIR_ETD_EXP_HALF], w[WEIR_ETD_HALF], u, nu, a, t->n, real);
    term(ctx, a, na);
    advance_past(w[WEIR_ETD_EXP], w[WEIR_ETD_PHI1], u, na, nu, a, t->n, real);
    term(ctx, a, nb);
    finish(t, u, nu, na, na, nb, 2, real);
}

STAGE step4(const struct weir_etd *t, double *u, double *s, weir_etd_term *term,
            void *ctx, bool real)
{
    double *const *w = t->weight;
    const double *e = w[WEIR_ETD_EXP_HALF], *h = w[WEIR_ETD_HALF];
    size_t m = 2 * t->n;
    double *nu = s, *na = s + m, *nb = s + 2 * m, *a = s + 3 * m;
    double *b = s + 4 * m;
    term(ctx, u, nu);
    advance(e, h, u, nu, a, t->n, real);
    term(ctx, a, na);
    advance(e, h, u, na, b, t->n, real);
    term(ctx, b, nb);
    advance_past(e, h, a, nb, nu, a, t->n, real);
    term(ctx, a, b);
    finish(t, u, nu, na, nb, b, 2, real);
}

STAGE step(const struct weir_etd *t, double *u, double *s, weir_etd_term *term,
           void *ctx, bool real)
{
    switch (t->order) {
    case 1:
        step1(t, u, s, term, ctx, real);
        break;
    case 2:
        step2(t, u, s, term, ctx, real);
        break;
    case 3:
        step3(t, u, s, term, ctx, real);
        break;
    default:
        step4(t, u, s, term, ctx, real);
    }
}

WEIR_CLONES
void weir_etd_step(const struct weir_etd *etd, double *u, double *scratch,
                   weir_etd_term *term, void *ctx)
{
    if (etd->real)
        step(etd, u, scratch, term, ctx, true);
    else
        step(etd, u, scratch, term, ctx, false);
}
