/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/dirichlet.h"

#include "base/err.h"
#include "base/heap.h"
#include "base/simd.h"

#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double *eigenvalues(size_t n)
{
    double *v = weir_array(n, sizeof(*v));
    for (size_t i = 0; v && i < n; i++) {
        double s = sin(M_PI * (double)(i + 1) / (2 * (double)(n + 1)));
        v[i] = 4 * s * s;
    }
    return v;
}

/* Above this, products cost more than even an awkward transform. */
#define TABLE_MOST 160
#define BLOCK_ROWS 4
#define BLOCK_COLS 8

static bool is_awkward(size_t n)
{
    size_t left = n + 1;
    for (size_t prime = 2; prime <= 13; prime++)
        while (left % prime == 0)
            left /= prime;
    return left > 1 && n <= TABLE_MOST;
}

/* 2 sin(pi (p+1) (i+1) / (n+1)) at [p][i] for the first half of the points; the
   second half has the same values, with the other sign where p is odd. */
static double *sines(size_t n)
{
    size_t half = (n + 1) / 2, period = 2 * (n + 1);
    double *v = weir_array(n * half, sizeof(*v));
    for (size_t p = 0; v && p < n; p++)
        for (size_t i = 0; i < half; i++)
            v[p * half + i] =
                2 * sin(2 * M_PI * (double)((p + 1) * (i + 1) % period) /
                        (double)period);
    return v;
}

/* Halves of a block of columns: sums of mirrored points, and differences. */
static void fold(const double *in, size_t n, size_t cols, size_t first,
                 double (*sum)[BLOCK_COLS], double (*difference)[BLOCK_COLS])
{
    for (size_t i = 0; i < (n + 1) / 2; i++)
        for (size_t c = 0; c < BLOCK_COLS; c++) {
            bool there = first + c < cols, middle = 2 * i + 1 == n;
            double a = there ? in[i * cols + first + c] : 0;
            double b =
                there && !middle ? in[(n - 1 - i) * cols + first + c] : 0;
            sum[i][c] = a + b;
            difference[i][c] = a - b;
        }
}

/* Eight columns at a time. */
typedef double block __attribute__((vector_size(64), may_alias));

/* Modes p, p + 2, .. of a block of columns, written as rows of columns. Modes
   beyond the last are computed from its table, and dropped. */
WEIR_INLINE void multiply(const double *sine, size_t n, size_t p,
                          double (*from)[BLOCK_COLS], double *out, size_t cols)
{
    size_t half = (n + 1) / 2, rows = 0;
    const block *x = (const block *)from;
    const double *t[BLOCK_ROWS];
    block total[BLOCK_ROWS] = {{0}}, a = {0}, b = {0}, c = {0}, d = {0};
    for (size_t r = 0; r < BLOCK_ROWS; r++) {
        rows += p + 2 * r < n;
        t[r] = sine + half * (p + 2 * r < n ? p + 2 * r : p);
    }
    for (size_t i = 0; i < half; i++) {
        a += t[0][i] * x[i];
        b += t[1][i] * x[i];
        c += t[2][i] * x[i];
        d += t[3][i] * x[i];
    }
    total[0] = a, total[1] = b, total[2] = c, total[3] = d;
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < cols; k++)
            out[k * n + p + 2 * r] = total[r][k];
}

/* The sine transform of every column of (n, cols), transposed: (cols, n). */
WEIR_CLONES
static void by_table(const double *sine, size_t n, size_t cols,
                     const double *in, double *out)
{
    double sum[(TABLE_MOST + 1) / 2][BLOCK_COLS] __attribute__((aligned(64)));
    double difference[(TABLE_MOST + 1) / 2][BLOCK_COLS]
        __attribute__((aligned(64)));
    for (size_t c = 0; c < cols; c += BLOCK_COLS) {
        size_t width = cols - c < BLOCK_COLS ? cols - c : BLOCK_COLS;
        fold(in, n, cols, c, sum, difference);
        for (size_t p = 0; p < n; p += 2 * BLOCK_ROWS) {
            multiply(sine, n, p, sum, out + c * n, width);
            if (p + 1 < n)
                multiply(sine, n, p + 1, difference, out + c * n, width);
        }
    }
}

static int build_tables(struct weir_dirichlet *d)
{
    d->row = eigenvalues(d->rows);
    d->col = eigenvalues(d->cols);
    d->scale = 1 / (4.0 * (double)(d->rows + 1) * (double)(d->cols + 1));
    d->row_sine = sines(d->rows);
    d->col_sine = sines(d->cols);
    if (!d->row || !d->col || !d->row_sine || !d->col_sine)
        return WEIR_FAIL(ENOMEM, "lattice: %zu x %zu points", d->rows, d->cols);
    return 0;
}

static int build(struct weir_dirichlet *d, bool measure)
{
    if ((is_awkward(d->rows) || is_awkward(d->cols)) && d->rows <= TABLE_MOST &&
        d->cols <= TABLE_MOST)
        return build_tables(d);
    double *a = weir_array(d->rows * d->cols, sizeof(*a));
    double *b = weir_array(d->rows * d->cols, sizeof(*b));
    d->row = eigenvalues(d->rows);
    d->col = eigenvalues(d->cols);
    d->scale = 1 / (4.0 * (double)(d->rows + 1) * (double)(d->cols + 1));
    if (a && b)
        d->plan = fftw_plan_r2r_2d(
            (int)d->rows, (int)d->cols, a, b, FFTW_RODFT00, FFTW_RODFT00,
            FFTW_DESTROY_INPUT | (measure ? FFTW_MEASURE : FFTW_ESTIMATE));
    free(a);
    free(b);
    if (!d->row || !d->col || !d->plan)
        return WEIR_FAIL(ENOMEM, "lattice: %zu x %zu points", d->rows, d->cols);
    return 0;
}

int weir_dirichlet_create(size_t rows, size_t cols, bool measure,
                          struct weir_dirichlet **out)
{
    if (rows < 2 || cols < 2)
        return WEIR_FAIL(EINVAL, "lattice: %zu x %zu, expected 2 x 2 or more",
                         rows, cols);
    struct weir_dirichlet *d = calloc(1, sizeof(*d));
    if (!d)
        return WEIR_FAIL(ENOMEM, "lattice");
    d->rows = rows;
    d->cols = cols;
    int rc = build(d, measure);
    if (rc < 0) {
        weir_dirichlet_free(d);
        return rc;
    }
    *out = d;
    return 0;
}

void weir_dirichlet_free(struct weir_dirichlet *d)
{
    if (!d)
        return;
    fftw_destroy_plan(d->plan);
    free(d->row_sine);
    free(d->col_sine);
    free(d->row);
    free(d->col);
    free(d);
}

void weir_dirichlet_transform(const struct weir_dirichlet *d, double *in,
                              double *out)
{
    if (d->plan) {
        fftw_execute_r2r(d->plan, in, out);
        return;
    }
    /* Transposed twice: (rows, cols), (cols, rows), (rows, cols). */
    by_table(d->row_sine, d->rows, d->cols, in, out);
    memcpy(in, out, d->rows * d->cols * sizeof(*in));
    by_table(d->col_sine, d->cols, d->rows, in, out);
}
