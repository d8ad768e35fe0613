/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/initial.h"

#include "base/err.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>

/* Parameters of one channel: cutoff, taper, then (amplitude, phase) pairs,
   n_y from 0 to cutoff_max outside, n_x from -cutoff_max to cutoff_max inside. */
static size_t per_channel(const struct weir_initial *f)
{
    size_t c = (size_t)f->cutoff_max;
    return 2 + 2 * (c + 1) * (2 * c + 1);
}

static const double *pair_at(const struct weir_initial *f, const double *p,
                             int nx, int ny)
{
    return p + 2 + 2 * (ny * (2 * f->cutoff_max + 1) + nx + f->cutoff_max);
}

static void declare_channel(struct weir_initial *f, int channel)
{
    size_t n = per_channel(f), i = n * (size_t)channel;
    int number = f->channels > 1 ? channel : -1;
    weir_initial_declare(f, i, "cutoff", number, 2, f->cutoff_max);
    weir_initial_declare(f, i + 1, "taper", number, 1, 10);
    for (size_t k = 2; k < n; k += 2) {
        int pair = (int)(k / 2 - 1 + (n / 2 - 1) * (size_t)channel);
        weir_initial_declare(f, i + k, "a", pair, -1, 1);
        weir_initial_declare_phase(f, i + k + 1, "phi", pair);
    }
}

static int read(struct weir_initial *f, const struct weir_options *opts)
{
    f->cutoff_max = (int)weir_option_int(opts, "cutoff_max");
    if (f->cutoff_max >= (int)f->cols / 2)
        return WEIR_FAIL(EINVAL, "cutoff_max: %d, expected at most %zu",
                         f->cutoff_max, f->cols / 2 - 1);
    int rc = weir_initial_reserve(f, per_channel(f) * (size_t)f->channels);
    for (int c = 0; rc == 0 && c < f->channels; c++)
        declare_channel(f, c);
    return rc;
}

static double complex amplitude(const struct weir_initial *f, const double *p,
                                int nx, int ny)
{
    const double *pair = pair_at(f, p, nx, ny);
    double taper = exp(-pow(hypot(nx, ny) / p[0], p[1]));
    return (ny ? 2 : 1) * taper * pair[0] * cexp(I * pair[1]);
}

/* out += Re(c e^(2 pi i ny y / L)) along one grid row */
static void add_wave(double *out, size_t n, int ny, double complex c)
{
    double complex turn = cexp(2 * M_PI * I * ny / (double)n);
    double re = creal(c), im = cimag(c), cr = creal(turn), ci = cimag(turn);
    for (size_t j = 0; j < n; j++) {
        out[j] += re;
        double next = re * cr - im * ci;
        im = re * ci + im * cr;
        re = next;
    }
}

static void field(const struct weir_initial *f, const double *p, int channel,
                  double *out)
{
    p += per_channel(f) * (size_t)channel;
    int cutoff = (int)floor(p[0]);
    for (size_t r = 0; r < f->rows; r++) {
        double *row = out + r * f->cols;
        for (size_t j = 0; j < f->cols; j++)
            row[j] = 0;
        for (int ny = 0; ny <= cutoff; ny++) {
            double complex sum = 0;
            for (int nx = -cutoff; nx <= cutoff; nx++)
                sum += amplitude(f, p, nx, ny) *
                       cexp(2 * M_PI * I * nx * (double)r / (double)f->rows);
            add_wave(row, f->cols, ny, sum);
        }
    }
}

const struct weir_family weir_family_fourier = {"fourier", read, field};
