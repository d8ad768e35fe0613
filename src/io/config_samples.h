/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_CONFIG_SAMPLES_H
#define WEIR_IO_CONFIG_SAMPLES_H

/**
 * @file
 * A target density from a file of samples; config_target.h says which.
 */
#include "io/config_store.h"

/**
 * Read the dataset `parameters` of the file at @p path.
 * @param[out] rows, value  [rows][n] in the order of @p p; freed with free()
 * @return 0
 * @return -WEIR_ECONFIG not such a file, fewer than two rows, a value outside
 *         the range of its parameter; the message says which
 * @return -WEIR_ECORRUPT, -ENOMEM
 */
int weir_target_samples_read(const char *path, const struct weir_parameter *p,
                             size_t n, size_t *rows, double **value);

/**
 * Give each of the @p n parameters @p p the values of its column as density,
 * kept in @p store.
 * @param[out] correlation  [n][n], the factor for weir/space.h
 * @return 0 or -ENOMEM
 */
int weir_target_samples_fit(struct weir_config_store *store,
                            const double *value, size_t rows,
                            struct weir_parameter *p, size_t n,
                            double *correlation);

/**
 * Factor the symmetric matrix @p a [n][n] into its lower triangle, in place,
 * zeros above.
 * @return whether it is positive definite; if not, @p a is spoilt
 */
bool weir_cholesky(double *a, size_t n);

#endif
