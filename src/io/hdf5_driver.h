/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_HDF5_DRIVER_H
#define WEIR_IO_HDF5_DRIVER_H

/**
 * @file
 * An HDF5 file driver for a file that must survive a full disk and SIGKILL.
 * Private to src/io.
 *
 * HDF5 1.10.8 crashes when a write fails: objects that could not be flushed
 * cannot be closed, and the next call that visits them, or the end of the
 * process, reads freed memory (seen with RLIMIT_FSIZE in H5Dclose, H5Fclose and
 * at exit). So this driver never lets the library see a failed write. It keeps
 * the first errno for its owner, leaves the file as it was at that moment, and
 * from then on holds writes in memory, where reads find them, so that the
 * library can close in order. As SWMR writes in an order that readers can
 * follow, the file up to the failure stays readable.
 *
 * A writer that is killed must not leave half a block of metadata: see
 * io/redo.h. Notes are made from weir_h5_driver_guard() on.
 *
 * Otherwise it does what the default driver does, with pread and pwrite, but
 * takes no file lock: the run's directory has one owner (io/run_dir.h).
 */
#include "io/redo.h"

#include <hdf5.h>

/** What driver and owner share; it outlives the file. */
struct weir_h5_guard {
    int error; /* positive errno of the first failed write */
    struct weir_redo redo;
};

/**
 * Use the driver for files opened with @p access.
 * @return 0 or < 0 (HDF5's stack)
 */
int weir_h5_driver_use(hid_t access, struct weir_h5_guard *guard);
/**
 * From now on note in the file @p path what could be torn in @p file.
 * @return 0 or -errno (no record)
 */
int weir_h5_driver_guard(hid_t file, struct weir_h5_guard *guard,
                         const char *path);

#endif
