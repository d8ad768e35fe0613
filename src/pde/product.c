/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/product.h"

#include "base/simd.h"

#include <fftw3.h>
#include <string.h>

/* One evaluation: what every helper below needs. */
struct job {
    const struct weir_product *p;
    const struct weir_spectrum *s;
    const double *coefficient;
    double k0;
    double *modes;                       /* coefficients of a row, or of two */
    double *grid[2 * WEIR_MAX_OPERANDS]; /* their points: operands, results */
    double *columns[WEIR_MAX_OPERANDS];  /* 2D: rows x stride */
    double *panel;                       /* 2D: rows x WEIR_PANEL */
};

static size_t wide_doubles(const struct weir_spectrum *s)
{
    return 2 * s->rows * s->stride;
}

/* A row of coefficients or of points, of two rows in 2D, on cache lines. */
static size_t row_doubles(const struct weir_spectrum *s)
{
    return (2 * s->cols + 2 + 7) / 8 * 8;
}

size_t weir_product_work(const struct weir_product *p,
                         const struct weir_spectrum *s)
{
    size_t rows = 1 + (size_t)(p->operands + p->results);
    size_t n = rows * row_doubles(s);
    if (s->dims == 2)
        n += (size_t)p->operands * wide_doubles(s) + 2 * WEIR_PANEL * s->rows;
    return n;
}

static void lay_out(struct job *j, double *work)
{
    j->modes = work;
    for (int f = 0; f < j->p->operands + j->p->results; f++)
        j->grid[f] = work += row_doubles(j->s);
    work += row_doubles(j->s);
    if (j->s->dims == 1)
        return;
    for (int f = 0; f < j->p->operands; f++) {
        j->columns[f] = work;
        work += wide_doubles(j->s);
    }
    j->panel = work;
}

/* k0 to the power of L that the operator has. */
static double unit_of(const struct job *j, enum weir_operator op)
{
    bool velocity = op == WEIR_VELOCITY_X || op == WEIR_VELOCITY_Y;
    return velocity ? 1 / j->k0 : j->k0;
}

/* to = unit x operator(from) for n modes; no table: the value itself. */
WEIR_INLINE void apply(const double *restrict table, double unit,
                       const double *restrict from, double *restrict to,
                       size_t n)
{
    if (!table) {
        memcpy(to, from, 2 * n * sizeof(double));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double k = unit * table[i];
        double re = from[2 * i], im = from[2 * i + 1];
        to[2 * i] = -k * im;
        to[2 * i + 1] = k * re;
    }
}

/* to += scale x unit x operator(from) for n modes. */
WEIR_INLINE void accumulate(const double *restrict table, double unit,
                            double scale, const double *restrict from,
                            double *restrict to, size_t n)
{
    if (!table) {
        for (size_t i = 0; i < 2 * n; i++)
            to[i] += scale * from[i];
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double k = scale * unit * table[i];
        double re = from[2 * i], im = from[2 * i + 1];
        to[2 * i] -= k * im;
        to[2 * i + 1] += k * re;
    }
}

static void combine(struct job *j, size_t points)
{
    j->p->point(j->coefficient, (const double *const *)j->grid,
                j->grid + j->p->operands, points);
}

/* ---- one dimension ----------------------------------------------------------- */

/* FFTW destroys what lies beyond the kept modes each time. */
static void line_to_grid(struct job *j, int f)
{
    const struct weir_spectrum *s = j->s;
    memset(j->modes + 2 * s->width, 0,
           2 * (s->half - s->width) * sizeof(double));
    fftw_execute_dft_c2r(s->backward, (fftw_complex *)j->modes, j->grid[f]);
}

static void evaluate_line(struct job *j, const double *u, double *out)
{
    const struct weir_spectrum *s = j->s;
    const struct weir_operand *in = j->p->in, *to = j->p->out;
    for (int f = 0; f < j->p->operands; f++) {
        apply(s->table[in[f].apply], j->k0,
              u + 2 * s->kept * (size_t)in[f].channel, j->modes, s->width);
        line_to_grid(j, f);
    }
    combine(j, s->cols);
    for (int f = 0; f < j->p->results; f++) {
        fftw_execute_dft_r2c(s->forward, j->grid[j->p->operands + f],
                             (fftw_complex *)j->modes);
        accumulate(s->table[to[f].apply], j->k0, 1.0 / (double)s->points,
                   j->modes, out + 2 * s->kept * (size_t)to[f].channel,
                   s->width);
    }
}

/* ---- two dimensions ---------------------------------------------------------- */

WEIR_INLINE void fill_rows(struct job *j, const double *table, double unit,
                           const double *from)
{
    const struct weir_spectrum *s = j->s;
    for (size_t r = 0; r < s->keep_rows; r++)
        apply(table ? table + s->stride * r : NULL, unit,
              from + 2 * s->stride * r,
              j->panel + 2 * WEIR_PANEL * weir_spectrum_full_row(s, r),
              WEIR_PANEL);
}

/* Kept rows of four columns, operated on; the rows between them are zero. */
WEIR_CLONES
static void fill_panel(struct job *j, const struct weir_operand *in,
                       const double *u, size_t col)
{
    const struct weir_spectrum *s = j->s;
    const double *from = u + 2 * (s->kept * (size_t)in->channel + col);
    const double *table = s->table[in->apply];
    memset(j->panel + 2 * WEIR_PANEL * (s->limit_row + 1), 0,
           2 * WEIR_PANEL * (s->rows - s->keep_rows) * sizeof(double));
    if (table)
        fill_rows(j, table + col, unit_of(j, in->apply), from);
    else
        fill_rows(j, NULL, 1, from);
}

WEIR_INLINE void empty_rows(struct job *j, const double *table, double unit,
                            double *into)
{
    const struct weir_spectrum *s = j->s;
    double scale = 1.0 / (double)s->points;
    for (size_t r = 0; r < s->keep_rows; r++)
        accumulate(table ? table + s->stride * r : NULL, unit, scale,
                   j->panel + 2 * WEIR_PANEL * weir_spectrum_full_row(s, r),
                   into + 2 * s->stride * r, WEIR_PANEL);
}

WEIR_CLONES
static void empty_panel(struct job *j, const struct weir_operand *to,
                        double *out, size_t col)
{
    const struct weir_spectrum *s = j->s;
    double *into = out + 2 * (s->kept * (size_t)to->channel + col);
    const double *table = s->table[to->apply];
    if (table)
        empty_rows(j, table + col, unit_of(j, to->apply), into);
    else
        empty_rows(j, NULL, 1, into);
}

static void columns_to_rows(struct job *j, const double *u)
{
    for (int f = 0; f < j->p->operands; f++) {
        for (size_t c = 0; c < j->s->width; c += WEIR_PANEL) {
            fill_panel(j, &j->p->in[f], u, c);
            fftw_execute_dft(j->s->panel_backward, (fftw_complex *)j->panel,
                             (fftw_complex *)(j->columns[f] + 2 * c));
        }
    }
}

/*
 * The coefficients a of one real row and b of the next to those of a + i b:
 * mode k is a + i b, mode -k is conj(a) + i conj(b). What lies between stays
 * zero: this transform keeps its input.
 */
WEIR_CLONES
static void join_rows(const struct job *j, const double *restrict a,
                      const double *restrict b)
{
    double *restrict z = j->modes;
    double *w = z + 2 * j->s->cols;
    z[0] = a[0];
    z[1] = b[0];
    for (size_t k = 1; k < j->s->width; k++) {
        double ar = a[2 * k], ai = a[2 * k + 1];
        double br = b[2 * k], bi = b[2 * k + 1];
        z[2 * k] = ar - bi;
        z[2 * k + 1] = ai + br;
        w -= 2;
        w[0] = ar + bi;
        w[1] = br - ai;
    }
}

/* The inverse: a = (z + conj(w)) / 2, b = (z - conj(w)) / 2i, w at -k. */
WEIR_CLONES
static void part_rows(const struct job *j, double *restrict a,
                      double *restrict b)
{
    const double *z = j->modes, *w = z + 2 * j->s->cols;
    a[0] = z[0];
    b[0] = z[1];
    a[1] = b[1] = 0;
    for (size_t k = 1; k < j->s->width; k++) {
        double zr = 0.5 * z[2 * k], zi = 0.5 * z[2 * k + 1];
        w -= 2;
        double wr = 0.5 * w[0], wi = 0.5 * w[1];
        a[2 * k] = zr + wr;
        a[2 * k + 1] = zi - wi;
        b[2 * k] = zi + wi;
        b[2 * k + 1] = wr - zr;
    }
}

/* Results take the place of operands, whose rows are used up by then. Dead
   columns keep the zeros that came with the operands. */
static void combine_rows(struct job *j)
{
    const struct weir_spectrum *s = j->s;
    for (size_t r = 0; r < s->rows; r += 2) {
        size_t a = 2 * s->stride * r, b = a + 2 * s->stride;
        memset(j->modes + 2 * s->width, 0,
               2 * (s->cols + 1 - 2 * s->width) * sizeof(double));
        for (int f = 0; f < j->p->operands; f++) {
            join_rows(j, j->columns[f] + a, j->columns[f] + b);
            fftw_execute_dft(s->pair_backward, (fftw_complex *)j->modes,
                             (fftw_complex *)j->grid[f]);
        }
        combine(j, 2 * s->cols);
        for (int f = 0; f < j->p->results; f++) {
            fftw_execute_dft(s->pair_forward,
                             (fftw_complex *)j->grid[j->p->operands + f],
                             (fftw_complex *)j->modes);
            part_rows(j, j->columns[f] + a, j->columns[f] + b);
        }
    }
}

static void rows_to_columns(struct job *j, double *out)
{
    for (int f = 0; f < j->p->results; f++) {
        for (size_t c = 0; c < j->s->width; c += WEIR_PANEL) {
            fftw_execute_dft(j->s->panel_forward,
                             (fftw_complex *)(j->columns[f] + 2 * c),
                             (fftw_complex *)j->panel);
            empty_panel(j, &j->p->out[f], out, c);
        }
    }
}

void weir_product_evaluate(const struct weir_product *p,
                           const struct weir_spectrum *s,
                           const double *coefficient, double k0, int channels,
                           const double *u, double *out, double *work)
{
    memset(out, 0, 2 * s->kept * (size_t)channels * sizeof(double));
    if (p->operands == 0)
        return;
    struct job j = {.p = p, .s = s, .coefficient = coefficient, .k0 = k0};
    lay_out(&j, work);
    if (s->dims == 1) {
        evaluate_line(&j, u, out);
        return;
    }
    columns_to_rows(&j, u);
    combine_rows(&j);
    rows_to_columns(&j, out);
}
