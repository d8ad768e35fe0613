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
    s->stride = (s->width + WEIR_PANEL - 1) / WEIR_PANEL * WEIR_PANEL;
    s->kept = s->keep_rows * s->stride;
    s->full = s->rows * s->half;
    s->points = s->rows * s->cols;
}

bool weir_spectrum_wave(const struct weir_spectrum *s, size_t i, int wave[2])
{
    size_t row = i / s->stride, col = i % s->stride;
    int r = row <= s->limit_row ? (int)row : (int)row - (int)s->keep_rows;
    wave[0] = s->dims == 2 ? r : (int)col;
    wave[1] = s->dims == 2 ? (int)col : 0;
    return col < s->width;
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

/* What each operator multiplies by, over i, at integer wave numbers. */
static double factor(enum weir_operator op, double x, double y)
{
    double k2 = x * x + y * y;
    switch (op) {
    case WEIR_DX:
        return x;
    case WEIR_DY:
        return y;
    case WEIR_VELOCITY_X:
        return k2 > 0 ? y / k2 : 0;
    default:
        return k2 > 0 ? -x / k2 : 0;
    }
}

static int make_tables(struct weir_spectrum *s)
{
    int last = s->dims == 2 ? WEIR_VELOCITY_Y : WEIR_DX;
    for (int op = WEIR_DX; op <= last; op++) {
        s->table[op] = weir_array(s->kept, sizeof(double));
        if (!s->table[op])
            return WEIR_FAIL(ENOMEM, "spectrum: table of %zu modes", s->kept);
        for (size_t i = 0; i < s->kept; i++) {
            int wave[2];
            weir_spectrum_wave(s, i, wave);
            s->table[op][i] = factor(op, wave[0], wave[1]);
        }
    }
    return 0;
}

/* Panels go between a buffer of their own and columns of a wide array. */
static void plan_panels(struct weir_spectrum *s, fftw_complex *panel,
                        fftw_complex *wide, unsigned how)
{
    int n = (int)s->rows, stride = (int)s->stride;
    s->panel_backward =
        fftw_plan_many_dft(1, &n, WEIR_PANEL, panel, NULL, WEIR_PANEL, 1, wide,
                           NULL, stride, 1, FFTW_BACKWARD, how);
    s->panel_forward =
        fftw_plan_many_dft(1, &n, WEIR_PANEL, wide, NULL, stride, 1, panel,
                           NULL, WEIR_PANEL, 1, FFTW_FORWARD, how);
}

static void plan_all(struct weir_spectrum *s, double *real, fftw_complex *modes,
                     fftw_complex *panel, unsigned how)
{
    int n = (int)s->cols, m = (int)s->rows;
    if (s->dims == 1) {
        s->forward = fftw_plan_dft_r2c_1d(n, real, modes, how);
        s->backward = fftw_plan_dft_c2r_1d(n, modes, real, how);
        return;
    }
    s->forward = fftw_plan_dft_r2c_2d(m, n, real, modes, how);
    s->backward = fftw_plan_dft_c2r_2d(m, n, modes, real, how);
    fftw_complex *pair = (fftw_complex *)real;
    s->pair_forward = fftw_plan_dft_1d(n, pair, modes, FFTW_FORWARD, how);
    s->pair_backward = fftw_plan_dft_1d(n, modes, pair, FFTW_BACKWARD, how);
    plan_panels(s, panel, modes, how);
}

static int make_plans(struct weir_spectrum *s, bool measure)
{
    size_t wide = s->rows * (s->half + WEIR_PANEL);
    double *real = weir_array(s->points, sizeof(double));
    fftw_complex *modes = weir_array(wide, sizeof(fftw_complex));
    fftw_complex *panel =
        weir_array(s->rows * WEIR_PANEL, sizeof(fftw_complex));
    if (real && modes && panel)
        plan_all(s, real, modes, panel, measure ? FFTW_MEASURE : FFTW_ESTIMATE);
    free(real);
    free(modes);
    free(panel);
    bool plane = s->pair_forward && s->pair_backward && s->panel_forward &&
                 s->panel_backward;
    if (!s->forward || !s->backward || (s->dims == 2 && !plane))
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
    fftw_destroy_plan(s->pair_forward);
    fftw_destroy_plan(s->pair_backward);
    fftw_destroy_plan(s->panel_forward);
    fftw_destroy_plan(s->panel_backward);
    fftw_destroy_plan(s->forward);
    fftw_destroy_plan(s->backward);
    for (int t = 0; t < WEIR_OPERATORS; t++)
        free(s->table[t]);
    free(s);
}

size_t weir_spectrum_work(const struct weir_spectrum *s)
{
    return padded(2 * s->full);
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
        double *from = tail + 2 * s->half * weir_spectrum_full_row(s, r);
        double *to = kept + 2 * s->stride * r;
        memcpy(to, from, bytes);
        memset(to + 2 * s->width, 0,
               2 * (s->stride - s->width) * sizeof(double));
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
        memcpy(work + 2 * s->half * weir_spectrum_full_row(s, r),
               kept + 2 * s->stride * r, 2 * s->width * sizeof(double));
    fftw_execute_dft_c2r(s->backward, (fftw_complex *)work, field);
}
