/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_DATASET_LAYOUT_H
#define WEIR_IO_DATASET_LAYOUT_H

/**
 * @file
 * The objects of a data set (io/dataset.h), made at once: afterwards only
 * numbers are written, into places that exist. Private to src/io.
 */
#include "io/dataset.h"
#include "io/dataset_reader.h"

#include <hdf5.h>

#define WEIR_DATASET_ATTEMPTS   "weir/attempts"
#define WEIR_DATASET_PARAMETERS "parameters"

/** Trajectory, time, two axes. */
#define WEIR_DATASET_RANK 4

/** "x", "y" */
extern const char *const weir_dataset_axis[WEIR_MAX_DIMS];

/**
 * Make and fill everything but the fields' values in an empty file.
 * @return 0, or -1 with HDF5's stack filled
 */
int weir_dataset_lay_out(hid_t file, const struct weir_dataset_plan *plan);

/**
 * Write what is known of one trajectory before it runs: its row of the
 * parameters, its scalars, its coordinates where they depend on `length`.
 * @return 0, or -1 with HDF5's stack filled
 */
int weir_dataset_put_parameters(hid_t file,
                                const struct weir_dataset_plan *plan,
                                uint64_t trajectory, const double *value);

/** What weir_dataset_reader_parameters says. @return 0, or -1 */
int weir_dataset_read_parameters(hid_t file, uint64_t trajectories,
                                 struct weir_dataset_parameters *out);

/** Type of a field's numbers, in memory and in the file. */
hid_t weir_dataset_type(const struct weir_dataset_plan *plan);

/** Sizes of a field's axes. @return how many axes there are */
int weir_dataset_sizes(const struct weir_dataset_plan *plan,
                       hsize_t size[WEIR_DATASET_RANK]);

#endif
