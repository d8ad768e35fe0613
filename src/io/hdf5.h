/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_HDF5_H
#define WEIR_IO_HDF5_H

/**
 * @file
 * What the files of this room that use HDF5 share. Private to src/io.
 */
#include "io/types.h"

#include <hdf5.h>
#include <stdbool.h>

/** Type of one element in memory and, as memory is little-endian, in a file. */
hid_t weir_h5_type(enum weir_dtype dtype);
/** The dtype of an HDF5 type, or -ENOTSUP (no error record). */
int weir_h5_dtype(hid_t type);

/**
 * The errno behind the HDF5 call that has just failed: the drivers put it into
 * the text of the innermost error. EIO when there is none. Must come before any
 * other HDF5 call.
 */
int weir_h5_errno(void);
/** Text of the innermost HDF5 error. Same condition. */
void weir_h5_reason(char *out, size_t n);

/**
 * Properties for opening: the 1.10 format (which SWMR needs and every reader in
 * use knows), and no failure on file systems without file locks.
 * @return an id to close with H5Pclose(), or < 0
 */
hid_t weir_h5_access(void);

/** Add a fixed-length UTF-8 text attribute. @return 0 or < 0 (HDF5's stack) */
int weir_h5_write_text(hid_t object, const char *name, const char *value);
/** A text attribute, malloc'ed; NULL when there is none. */
char *weir_h5_read_text(hid_t object, const char *name);

/**
 * HDF5 as distributions build it is not thread-safe: this lock is around every
 * use of it, here by the macros below. A thread may take it more than once.
 */
void weir_h5_lock(void);
void weir_h5_unlock(void);

/** HDF5 prints its errors unless told not to; the caller's choice comes back.
 * In between the thread has the lock. */
#define WEIR_H5_QUIET_BEGIN                                                    \
    {                                                                          \
        H5E_auto2_t quiet_fn;                                                  \
        void *quiet_ctx;                                                       \
        weir_h5_lock();                                                        \
        H5Eget_auto2(H5E_DEFAULT, &quiet_fn, &quiet_ctx);                      \
        H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
#define WEIR_H5_QUIET_END                                                      \
    H5Eset_auto2(H5E_DEFAULT, quiet_fn, quiet_ctx);                            \
    weir_h5_unlock();                                                          \
    }

#endif
