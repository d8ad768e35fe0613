/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PDE_DIRICHLET_H
#define WEIR_PDE_DIRICHLET_H

/**
 * @file
 * A lattice of rows x cols points, spacing 1, inside a ring of ghost points
 * that hold zero. There the five-point Laplacian is diagonal in the sine
 * transform of type I: mode (p, q), both from 0, has the eigenvalue
 *   -4 sin^2(pi (p+1) / (2 (rows+1))) - 4 sin^2(pi (q+1) / (2 (cols+1))),
 * so that linear problems are solved exactly, to rounding, in two transforms.
 *
 * FFTW is slow where n + 1 has a large prime factor (100 points: 101). Small
 * lattices of that kind are transformed by products with tables of sines, whose
 * symmetry halves the work.
 *
 * Never changes after it is made; any number of threads may use it. Making and
 * freeing one calls FFTW's planner: one thread at a time.
 */
#include <stdbool.h>
#include <stddef.h>

struct weir_dirichlet {
    size_t rows, cols;
    double *row, *col; /* the two parts of minus the eigenvalue */
    double scale;      /* transforming twice multiplies by 1 / scale */
    void *plan;        /* fftw_plan; NULL: by tables */
    double *row_sine, *col_sine; /* tables, half of each being enough */
};

/** @return 0, -ENOMEM, or -EINVAL for a lattice under 2 x 2 */
int weir_dirichlet_create(size_t rows, size_t cols, bool measure,
                          struct weir_dirichlet **out);
void weir_dirichlet_free(struct weir_dirichlet *d);

/**
 * Sine transform of @p in, which is destroyed; its own inverse up to scale.
 * Arrays are aligned to 64 bytes and do not overlap.
 */
void weir_dirichlet_transform(const struct weir_dirichlet *d, double *in,
                              double *out);

#endif
