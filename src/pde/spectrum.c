/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/spectrum.h"

#include "base/err.h"
#include "base/heap.h"

#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows and arrays start on cache lines: FFTW then picks the same code. */
static size_t padded(size_t doubles)
{
    return (doubles + 7) / 8 * 8;
}

static size_t real_row(const struct weir_spectrum *s)
{
    return padded(s->cols);
}

static size_t complex_row(const struct weir_spectrum *s)
{
    return padded(2 * s->half);
}

/* Largest wave number with |n| <= f (N/2) - 1; f = 2/3 is not exact. */
static size_t kept_limit(size_t n, double dealias)
{
    double limit = floor(dealias * (double)(n / 2) - 1 + 1e-9);
    return limit > 0 ? (size_t)limit : 0;
}

static void set_sizes(struct weir_spectrum *s, int dims, const int *n,
                      double dealias)
{
    s->dims = dims;
    s->rows = dims == 2 ? (size_t)n[0] : 1;
    s->cols = (size_t)n[dims - 1];
    s->half = s->cols / 2 + 1;
    s->limit_row = dims == 2 ? kept_limit(s->rows, dealias) : 0;
    s->limit_col = kept_limit(s->cols, dealias);
    s->keep_rows = 2 * s->limit_row + 1;
    s->width = s->limit_col + 1;
    s->kept = s->keep_rows * s->width;
    s->full = s->rows * s->half;
    s->points = s->rows * s->cols;
}

void weir_spectrum_wave(const struct weir_spectrum *s, size_t i, int wave[2])
{
    size_t row = i / s->width, col = i % s->width;
    int r = row <= s->limit_row ? (int)row : (int)row - (int)s->keep_rows;
    wave[0] = s->dims == 2 ? r : (int)col;
    wave[1] = s->dims == 2 ? (int)col : 0;
}

void weir_spectrum_full_wave(const struct weir_spectrum *s, size_t i,
                             int wave[2])
{
    size_t row = i / s->half, col = i % s->half;
    int r = 2 * row <= s->rows ? (int)row : (int)row - (int)s->rows;
    wave[0] = s->dims == 2 ? r : (int)col;
    wave[1] = s->dims == 2 ? (int)col : 0;
}

bool weir_spectrum_keeps(const struct weir_spectrum *s, size_t i)
{
    int wave[2];
    weir_spectrum_full_wave(s, i, wave);
    size_t row = s->dims == 2 ? (size_t)abs(wave[0]) : 0;
    return row <= s->limit_row && i % s->half <= s->limit_col;
}

static int make_tables(struct weir_spectrum *s)
{
    s->table[WEIR_DX] = weir_array(s->kept, sizeof(double));
    if (!s->table[WEIR_DX])
        return WEIR_FAIL(ENOMEM, "spectrum: table of %zu modes", s->kept);
    for (size_t i = 0; i < s->kept; i++) {
        int wave[2];
        weir_spectrum_wave(s, i, wave);
        s->table[WEIR_DX][i] = wave[0];
    }
    return 0;
}

static int make_plans(struct weir_spectrum *s, bool measure)
{
    unsigned how = measure ? FFTW_MEASURE : FFTW_ESTIMATE;
    double *real = weir_array(s->points, sizeof(double));
    fftw_complex *modes = weir_array(s->full, sizeof(fftw_complex));
    int n = (int)s->cols;
    if (real && modes) {
        s->forward_row = fftw_plan_dft_r2c_1d(n, real, modes, how);
        s->backward_row = fftw_plan_dft_c2r_1d(n, modes, real, how);
        s->forward = s->forward_row;
        s->backward = s->backward_row;
    }
    free(real);
    free(modes);
    if (!s->forward || !s->backward || !s->forward_row || !s->backward_row)
        return WEIR_FAIL(ENOMEM, "spectrum: plans for %zu x %zu points",
                         s->rows, s->cols);
    return 0;
}

static int check_grid(int dims, const int *n)
{
    for (int d = 0; d < dims; d++)
        if (n[d] < 8 || n[d] % 2)
            return WEIR_FAIL(
                EINVAL, "points: %d, expected an even number, 8 or more", n[d]);
    return 0;
}

int weir_spectrum_create(int dims, const int *n, double dealias, bool measure,
                         struct weir_spectrum **out)
{
    int rc = check_grid(dims, n);
    if (rc < 0)
        return rc;
    struct weir_spectrum *s = calloc(1, sizeof(*s));
    if (!s)
        return WEIR_FAIL(ENOMEM, "spectrum");
    set_sizes(s, dims, n, dealias);
    rc = make_tables(s);
    if (rc == 0)
        rc = make_plans(s, measure);
    if (rc < 0) {
        weir_spectrum_free(s);
        return rc;
    }
    *out = s;
    return 0;
}

void weir_spectrum_free(struct weir_spectrum *s)
{
    if (!s)
        return;
    if (s->forward != s->forward_row) {
        fftw_destroy_plan(s->forward);
        fftw_destroy_plan(s->backward);
    }
    fftw_destroy_plan(s->forward_row);
    fftw_destroy_plan(s->backward_row);
    for (int t = 0; t < WEIR_OPERATORS; t++)
        free(s->table[t]);
    free(s);
}

size_t weir_spectrum_work(const struct weir_spectrum *s,
                          const struct weir_product *product)
{
    size_t fields = (size_t)(product->operands + product->results);
    size_t rows = complex_row(s) + fields * real_row(s);
    size_t whole = padded(2 * s->full);
    return rows > whole ? rows : whole;
}

/* Row of the full half-spectrum that holds kept row r. */
static size_t full_row(const struct weir_spectrum *s, size_t r)
{
    return r <= s->limit_row ? r : s->rows - s->keep_rows + r;
}

void weir_spectrum_forward(const struct weir_spectrum *s, double *field,
                           double *kept, double *tail, double *work)
{
    fftw_execute_dft_r2c(s->forward, field, (fftw_complex *)work);
    double scale = 1.0 / (double)s->points;
    for (size_t i = 0; i < 2 * s->full; i++)
        tail[i] = work[i] * scale;
    size_t bytes = 2 * s->width * sizeof(double);
    for (size_t r = 0; r < s->keep_rows; r++) {
        double *from = tail + 2 * s->half * full_row(s, r);
        memcpy(kept + 2 * s->width * r, from, bytes);
        memset(from, 0, bytes);
    }
}

void weir_spectrum_backward(const struct weir_spectrum *s, const double *kept,
                            const double *tail, double *field, double *work)
{
    if (tail)
        memcpy(work, tail, 2 * s->full * sizeof(double));
    else
        memset(work, 0, 2 * s->full * sizeof(double));
    for (size_t r = 0; r < s->keep_rows; r++)
        memcpy(work + 2 * s->half * full_row(s, r), kept + 2 * s->width * r,
               2 * s->width * sizeof(double));
    fftw_execute_dft_c2r(s->backward, (fftw_complex *)work, field);
}

/* to = operator(from) for n modes; table NULL: the value itself. */
static void apply(const double *table, double k0, const double *from,
                  double *to, size_t n)
{
    if (!table) {
        memcpy(to, from, 2 * n * sizeof(double));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double k = k0 * table[i];
        to[2 * i] = -k * from[2 * i + 1];
        to[2 * i + 1] = k * from[2 * i];
    }
}

/* to += scale x operator(from) for n modes. */
static void accumulate(const double *table, double k0, double scale,
                       const double *from, double *to, size_t n)
{
    if (!table) {
        for (size_t i = 0; i < 2 * n; i++)
            to[i] += scale * from[i];
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double k = scale * k0 * table[i];
        to[2 * i] -= k * from[2 * i + 1];
        to[2 * i + 1] += k * from[2 * i];
    }
}

static void product_1d(const struct weir_spectrum *s,
                       const struct weir_product *p, const double *coefficient,
                       double k0, const double *u, double *out, double *work)
{
    double *modes = work, *grid[2 * WEIR_MAX_OPERANDS];
    for (int f = 0; f < p->operands + p->results; f++)
        grid[f] = work + complex_row(s) + (size_t)f * real_row(s);
    double **result = grid + p->operands;
    for (int f = 0; f < p->operands; f++) {
        const double *from = u + 2 * s->kept * (size_t)p->in[f].channel;
        apply(s->table[p->in[f].apply], k0, from, modes, s->width);
        memset(modes + 2 * s->width, 0,
               2 * (s->half - s->width) * sizeof(double));
        fftw_execute_dft_c2r(s->backward_row, (fftw_complex *)modes, grid[f]);
    }
    p->point(coefficient, (const double *const *)grid, result, s->cols);
    for (int f = 0; f < p->results; f++) {
        fftw_execute_dft_r2c(s->forward_row, result[f], (fftw_complex *)modes);
        accumulate(s->table[p->out[f].apply], k0, 1.0 / (double)s->points,
                   modes, out + 2 * s->kept * (size_t)p->out[f].channel,
                   s->width);
    }
}

void weir_spectrum_product(const struct weir_spectrum *s,
                           const struct weir_product *product,
                           const double *coefficient, double k0, int channels,
                           const double *u, double *out, double *work)
{
    memset(out, 0, 2 * s->kept * (size_t)channels * sizeof(double));
    product_1d(s, product, coefficient, k0, u, out, work);
}
