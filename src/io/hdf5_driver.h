/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_HDF5_DRIVER_H
#define WEIR_IO_HDF5_DRIVER_H

/**
 * @file
 * An HDF5 file driver that survives a full disk. Private to src/io.
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
 * Otherwise it does what the default driver does, with pread and pwrite, but
 * takes no file lock: the run's directory has one owner (io/run_dir.h).
 */
#include <hdf5.h>

/**
 * Use the driver for files opened with @p access. @p error is set to the
 * positive errno of the first failed write and must outlive the file.
 * @return 0 or < 0 (HDF5's stack)
 */
int weir_h5_driver_use(hid_t access, int *error);

#endif
