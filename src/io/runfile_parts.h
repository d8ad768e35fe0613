/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_RUNFILE_PARTS_H
#define WEIR_IO_RUNFILE_PARTS_H

/**
 * @file
 * The inside of a run file that is being written, shared by the three sources
 * that make it: runfile_layout.c (what is in the file), runfile.c (rows, failure
 * and life), runfile_resume.c (rows of an older file). Private to src/io.
 */
#include "io/hdf5.h"
#include "io/hdf5_driver.h"
#include "io/runfile.h"

#include <limits.h>

/* One dataset. */
struct column {
    const struct weir_column *decl;
    hid_t dataset;
    hid_t type;   /* of an element, or of a whole text */
    size_t bytes; /* per row */
    uint64_t rows;
};

struct table {
    const struct weir_runfile_table *decl;
    struct column *column;
    size_t n;
    unsigned char *pending; /* rows not given to HDF5 yet */
    size_t n_pending, max_pending;
    uint64_t rows;    /* given to HDF5 */
    uint64_t flushed; /* of them, flushed */
};

struct weir_runfile {
    char path[PATH_MAX];
    char fresh[PATH_MAX]; /* its name until readers can open it */
    hid_t file, status;
    struct table *table;
    size_t n;
    unsigned char *gathered; /* one column of a block of rows */
    size_t gathered_bytes;
    char redo[PATH_MAX]; /* name of the notes of io/redo.h */
    struct weir_h5_guard guard;
    bool failed;
    uint64_t lost;
};

/** Values per row. */
uint32_t weir_runfile_width(const struct weir_column *c);
/** Bytes per row. */
size_t weir_runfile_bytes(const struct weir_column *c);

/** @return 0, or -EINVAL: the declarations make no sense */
int weir_runfile_check(const struct weir_runfile_table *table, size_t n);
/** Make attributes, groups and datasets. @return 0 or < 0 (HDF5's stack) */
herr_t weir_runfile_make_objects(struct weir_runfile *rf,
                                 const struct weir_text *attribute, size_t n);
/** Open the datasets made before. @return 0 or < 0 (HDF5's stack) */
herr_t weir_runfile_open_columns(struct weir_runfile *rf);
/** Close them. */
void weir_runfile_close_columns(struct weir_runfile *rf);
herr_t weir_runfile_write_status(struct weir_runfile *rf, int32_t value);

/**
 * Write rows at .. at + n - 1 of one column from contiguous values.
 * @return 0 or < 0 (HDF5's stack); the driver's error is for the caller to see
 */
herr_t weir_runfile_write_column(struct column *col, uint64_t at, uint64_t n,
                                 const void *values);
/** Turn what HDF5 or the driver met into an error, and close the file. */
int weir_runfile_fail(struct weir_runfile *rf);

/** Where rows come from when a file is continued. */
struct weir_runfile_source {
    const struct weir_runfile_reader *reader;
    const uint64_t *rows; /* per table; NULL: all */
};
/** Copy them. @return as weir_runfile_resume() */
int weir_runfile_copy(struct weir_runfile *rf,
                      const struct weir_runfile_source *from);
/** What create and resume have in common; @p from is NULL for create. */
int weir_runfile_build(const char *path, const struct weir_runfile_table *table,
                       size_t n_tables, const struct weir_text *attribute,
                       size_t n, const struct weir_runfile_source *from,
                       struct weir_runfile **out);

#endif
