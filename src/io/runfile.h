/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_RUNFILE_H
#define WEIR_IO_RUNFILE_H

/**
 * @file
 * run.h5: the record of a run, as tables that grow and can be read meanwhile.
 *
 * A table is an HDF5 group and a column a dataset in it, so that
 * `h5py.File("run.h5", "r", swmr=True)["train/loss"][:]` is all a reader needs.
 * The first axis is the row. Columns of one table grow one after another: a
 * reader of a growing file takes the shortest. Each dataset has the attributes
 * `description` and, if it has one, `unit`; each group `description`; the root
 * has the texts given at creation and `weir.format`. The scalar dataset
 * `status` is 0 while the run is being written, then what close was told.
 *
 * Single writer, multiple readers (SWMR, HDF5 1.10 or newer): every object is
 * made before writing starts, types have a fixed length, and there are no
 * filters (a chunk rewritten under a reader would fail its checksum). The file
 * gets its name once it is readable.
 *
 * After SIGKILL HDF5 refuses to open such a file for writing, so resume copies
 * it: weir_runfile_resume(). While it is written, PATH.redo notes what a kill
 * could leave half written.
 *
 * Threads: one at a time uses a file. HDF5 as distributions build it is not
 * thread-safe: a lock of the whole room keeps its users apart.
 *
 * Failure: the first call that cannot write (full disk) returns the error and
 * closes the file as far as can be; later calls do nothing, return 0, and
 * weir_runfile_lost() counts their rows. What readers saw before stays. A limit
 * on file sizes (RLIMIT_FSIZE) raises SIGXFSZ: ignore it to get the error.
 */
#include "io/types.h"

#include <stdbool.h>
#include <stdint.h>

/** One column: where a value sits in the caller's row and what it means. */
struct weir_column {
    const char *name; /* NULL ends a list */
    enum weir_dtype dtype;
    size_t offset;    /* in the row */
    uint32_t width;   /* values per row; 0 and 1: dataset (rows), else
                         (rows, width) */
    bool text;        /* WEIR_U8 only: `width` bytes of text, zero-padded */
    const char *unit; /* NULL: none */
    const char *help; /* one line */
};

/** One table. Declarations outlive the run file. */
struct weir_runfile_table {
    const char *path; /* "train", "acquire/proposals" */
    const char *help;
    size_t row_bytes; /* sizeof the caller's row */
    const struct weir_column *column;
    uint32_t chunk_rows; /* rows per chunk; 0: about 16 KiB per column */
};

struct weir_runfile;

/**
 * Create the file, replacing one that is there.
 * @param[in] table, n_tables  addressed by their index from now on
 * @param[in] attribute, n     texts of the root: config, versions, host
 * @return 0
 * @return -EINVAL  a declaration that makes no sense (two columns of one name)
 * @return -ENOMEM, -ENOSPC, -EACCES and other errnos of the file system
 */
int weir_runfile_create(const char *path,
                        const struct weir_runfile_table *table, size_t n_tables,
                        const struct weir_text *attribute, size_t n,
                        struct weir_runfile **out);

/**
 * Finish the write that a killed writer may have left half done, from the note
 * in PATH.redo. Only for the owner of the run's directory; resume does it too.
 * @return 1 finished one, 0 there was none, or -errno of the write
 */
int weir_runfile_mend(const char *path);

/**
 * Continue the file of a run that was stopped or killed: read it, copy the
 * first @p rows[t] rows of each table t into a new file, put that in its place.
 * Rows that were rewritten (weir_runfile_put) after those counts were taken
 * have their later content.
 *
 * @param[in] rows  one count per table, as weir_runfile_rows() gave them at the
 *                  checkpoint; NULL: all there are
 * @return 0
 * @return -WEIR_ECORRUPT  cannot be read, or holds fewer rows, or has no such
 *                         table or column; the old file stays as it is
 * @return -ENOENT         no such file
 * @return as weir_runfile_create()
 */
int weir_runfile_resume(const char *path,
                        const struct weir_runfile_table *table, size_t n_tables,
                        const struct weir_text *attribute, size_t n,
                        const uint64_t *rows, struct weir_runfile **out);

/**
 * Add @p n rows at the end of table @p t. They reach readers with the next
 * flush, or earlier.
 * @return 0
 * @return -ENOSPC, -EFBIG, -EIO ... the file is closed, see Failure above
 */
int weir_runfile_append(struct weir_runfile *rf, size_t t, const void *rows,
                        size_t n);

/**
 * Write @p n rows from row @p at on, over what is there; rows between the end
 * and @p at become zero. Same outcomes as weir_runfile_append().
 */
int weir_runfile_put(struct weir_runfile *rf, size_t t, uint64_t at,
                     const void *rows, size_t n);

/** Rows of table @p t, those not flushed yet included. */
uint64_t weir_runfile_rows(const struct weir_runfile *rf, size_t t);

/** Make all rows visible to readers. Same outcomes as append. */
int weir_runfile_flush(struct weir_runfile *rf);
/**
 * Flush, then wait until the device has it: before a checkpoint that names the
 * row counts is declared. Same outcomes as append.
 */
int weir_runfile_sync(struct weir_runfile *rf);

/** Whether a call has failed and rows are being dropped. */
bool weir_runfile_has_failed(const struct weir_runfile *rf);
/** Rows dropped since the failure. */
uint64_t weir_runfile_lost(const struct weir_runfile *rf);

/**
 * Flush, store @p status (> 0: how the run ended), close, free @p rf (NULL is
 * allowed), also on failure.
 * @return 0, or as append when the last rows could not be written
 */
int weir_runfile_close(struct weir_runfile *rf, int status);

#endif
