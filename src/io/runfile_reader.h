/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_RUNFILE_READER_H
#define WEIR_IO_RUNFILE_READER_H

/**
 * @file
 * Reads a run.h5: one that grows, one that is finished, one whose writer was
 * killed. Threads: as io/runfile.h.
 */
#include "io/types.h"

#include <stdbool.h>
#include <stdint.h>

struct weir_runfile_reader;

/** A dataset of the file. Texts live as long as the reader. */
struct weir_runfile_column {
    const char *path; /* "train/loss" */
    enum weir_dtype dtype;
    bool text;
    uint32_t width;          /* values (text: bytes) per row */
    uint64_t rows;           /* when the reader last looked */
    const char *unit, *help; /* "" if none */
};

/**
 * @return 0
 * @return -ENOENT         no such file
 * @return -WEIR_ECORRUPT  not an HDF5 file, or damaged
 * @return -ENOTSUP        written by a newer Weir
 */
int weir_runfile_reader_open(const char *path,
                             struct weir_runfile_reader **out);
void weir_runfile_reader_close(struct weir_runfile_reader *r);

/** Column @p i in alphabetical order of paths, or NULL after the last. */
const struct weir_runfile_column *weir_runfile_reader_column(
    const struct weir_runfile_reader *r, size_t i);
/** The column called @p path, or NULL. */
const struct weir_runfile_column *weir_runfile_reader_find(
    const struct weir_runfile_reader *r, const char *path);
/** Rows every column of table @p path has; 0 if there is no such table. */
uint64_t weir_runfile_reader_rows(const struct weir_runfile_reader *r,
                                  const char *path);
/** Root attribute @p i, or NULL after the last. */
const struct weir_text *weir_runfile_reader_attribute(
    const struct weir_runfile_reader *r, size_t i);
/** What close was told; 0: still being written, or killed. */
int weir_runfile_reader_status(const struct weir_runfile_reader *r);

/** Look again at how many rows there are. @return 0 or -WEIR_ECORRUPT */
int weir_runfile_reader_refresh(struct weir_runfile_reader *r);

/**
 * Read rows first .. first + n - 1 of a column, converted to @p as (texts:
 * WEIR_U8), `width` values per row.
 * @return 0
 * @return -ENOENT         no such column
 * @return -ERANGE         rows beyond the end
 * @return -WEIR_ECORRUPT  damaged
 */
int weir_runfile_reader_read(const struct weir_runfile_reader *r,
                             const char *path, enum weir_dtype as,
                             uint64_t first, uint64_t n, void *out);

#endif
