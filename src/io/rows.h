/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_ROWS_H
#define WEIR_IO_ROWS_H

/**
 * @file
 * One numeric dataset of an HDF5 file that a user prepared, read row by row as
 * doubles: parameters [n, p], initial fields [n, channels, N(, N)].
 *
 * Threads: calls on one object from any thread, also while io/dataset.h writes.
 */
#include <stddef.h>
#include <stdint.h>

#define WEIR_ROWS_DIMS 8

struct weir_rows;

/** What it is. Texts live as long as the rows. */
struct weir_rows_info {
    int dims;
    uint64_t size[WEIR_ROWS_DIMS]; /* size[0] rows */
    size_t width;                  /* numbers per row */
    const char *names; /* attribute `names`, joined by spaces; NULL: none */
};

/**
 * Open @p dataset of the file at @p path.
 * @return 0
 * @return -ENOENT        the file is there, the dataset is not
 * @return -WEIR_ECONFIG  no such file, not HDF5, or the dataset is not one of
 *                        real or whole numbers with 1 to 8 axes
 * @return -ENOMEM
 */
int weir_rows_open(const char *path, const char *dataset,
                   struct weir_rows **out);
void weir_rows_close(struct weir_rows *rows);

const struct weir_rows_info *weir_rows_info(const struct weir_rows *rows);

/**
 * Rows first .. first + n - 1, n x width doubles.
 * @return 0, -WEIR_ECORRUPT when they cannot be read
 */
int weir_rows_read(struct weir_rows *rows, uint64_t first, uint64_t n,
                   double *out);

#endif
