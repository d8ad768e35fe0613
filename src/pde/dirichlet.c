/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/dirichlet.h"

#include "base/err.h"
#include "base/heap.h"

#include <fftw3.h>
#include <math.h>
#include <stdlib.h>

static double *eigenvalues(size_t n)
{
    double *v = weir_array(n, sizeof(*v));
    for (size_t i = 0; v && i < n; i++) {
        double s = sin(M_PI * (double)(i + 1) / (2 * (double)(n + 1)));
        v[i] = 4 * s * s;
    }
    return v;
}

static int build(struct weir_dirichlet *d, bool measure)
{
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
    free(d->row);
    free(d->col);
    free(d);
}

void weir_dirichlet_transform(const struct weir_dirichlet *d, double *in,
                              double *out)
{
    fftw_execute_r2r(d->plan, in, out);
}
