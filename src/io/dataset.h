/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_DATASET_H
#define WEIR_IO_DATASET_H

/**
 * @file
 * Writes a data set of trajectories in the HDF5 layout of The Well (Ohana et
 * al. 2024, docs/data_format.md of PolymathicAI/the_well):
 *
 *     /                      dataset_name, grid_type, n_spatial_dims,
 *                            n_trajectories, simulation_parameters and one
 *                            attribute for each; then what made the file
 *     /dimensions            spatial_dims; time, x[, y]
 *     /boundary_conditions   x_periodic or x_wall, ...: bc_type, mask
 *     /scalars               one per coefficient, and per sampled parameter
 *     /t0_fields/<field>     (trajectory, time, x[, y])
 *     /t1_fields, /t2_fields empty: every channel is a scalar field
 *
 * and two more that The Well has no place for:
 *
 *     /parameters            (trajectory, parameter) float64, attribute names:
 *                            what `--params` takes, exact whatever the fields'
 *                            type
 *     /weir/attempts         (trajectory) which attempt succeeded; 0: none yet
 *
 * Fields and scalars are float32, or float64 on request. Axis 0 of a frame is
 * x. A sampled parameter called `length` makes the coordinates differ from
 * trajectory to trajectory (sample_varying). Nothing carries a time of day: the
 * same work gives the same bytes.
 *
 * Whole or partial
 *   While it is being written the file is PATH.part; it becomes PATH when every
 *   trajectory is there. Everything is created, and its room on the disk
 *   reserved, before the first trajectory; after that only numbers are written,
 *   at fixed places (the fields are contiguous). So whatever kills the writer,
 *   PATH.part can be opened and continued, and the attempts say what is in it:
 *   a trajectory is marked only once its frames are on the disk. A full disk
 *   shows before the first simulation where the file system can reserve.
 *
 *   One process writes a PATH.part: it holds a flock(2) on it, which keeps
 *   HDF5's own readers out unless HDF5_USE_FILE_LOCKING is FALSE;
 *   io/dataset_reader.h reads it all the same.
 *
 * Threads: weir_dataset_write(), _parameters(), _mark() and _attempts() from any
 * thread, no two for the same trajectory; sync from one of them at a time.
 * Between create and finish nothing else of the process uses HDF5 but
 * io/rows.h.
 *
 * Failure: the first call that cannot write returns the error, later ones the
 * same. Finish then leaves PATH.part with all that was marked and synced.
 */
#include "io/types.h"
#include "weir/solver.h"

#include <stdbool.h>
#include <stdint.h>

/** What is going to be written. Everything it points to outlives finish: the
 * writer reads it until then. */
struct weir_dataset_plan {
    const char *name;                    /* dataset_name */
    const struct weir_solver_info *info; /* shape, grid, fields, constants */
    const struct weir_space *space;      /* what is sampled; n may be 0 */
    const double *parameters;            /* [trajectories][space->n] */
    uint64_t trajectories;
    uint32_t frames;              /* of each, the first included */
    bool keep_double;             /* fields in float64 */
    const struct weir_text *text; /* what made it: attributes of the root */
    size_t texts;
};

struct weir_dataset;

/**
 * Begin PATH.part. PATH itself is not looked at.
 * @return 0
 * @return -EEXIST     there is a PATH.part: see weir_dataset_resume()
 * @return -WEIR_EENV  another process is writing it, it cannot be created, or
 *                     there is no room for the whole file; nothing is left
 * @return -ENOMEM
 */
int weir_dataset_create(const char *path, const struct weir_dataset_plan *plan,
                        struct weir_dataset **out);

/**
 * Go on with the PATH.part of the same plan. Its texts may differ from the
 * plan's: whether they may is the caller's to decide (weir_dataset_text()).
 * @return 0
 * @return -WEIR_EENV      there is none, or another process is writing it
 * @return -WEIR_ECONFIG   it has another shape, type or number of trajectories
 * @return -WEIR_ECORRUPT  not such a file
 */
int weir_dataset_resume(const char *path, const struct weir_dataset_plan *plan,
                        struct weir_dataset **out);

/** A text of the file being written; malloc'ed, NULL when there is none. */
char *weir_dataset_text(struct weir_dataset *d, const char *key);

/**
 * Write @p n frames of one trajectory and channel from @p first on: n x points
 * numbers of the fields' type.
 * @return 0, -ENOSPC, -EFBIG, -EIO ...
 */
int weir_dataset_write(struct weir_dataset *d, int channel, uint64_t trajectory,
                       uint32_t first, uint32_t n, const void *values);

/** Replace the parameters of @p trajectory, wherever they stand. As write. */
int weir_dataset_parameters(struct weir_dataset *d, uint64_t trajectory,
                            const double *value);

/** All of @p trajectory is written; @p attempt >= 1 succeeded. */
void weir_dataset_mark(struct weir_dataset *d, uint64_t trajectory,
                       uint32_t attempt);
/** As marked, or as found by resume; 0: not there. */
uint32_t weir_dataset_attempts(struct weir_dataset *d, uint64_t trajectory);

/**
 * Wait until the device has all that is marked, then write the marks. Frames
 * may be written meanwhile. As write.
 */
int weir_dataset_sync(struct weir_dataset *d);

/** Bytes of the file. */
uint64_t weir_dataset_bytes(const struct weir_dataset *d);

/**
 * Sync, close, and when every trajectory is marked rename PATH.part to PATH.
 * Frees @p d (NULL is allowed), also on failure.
 * @return 1 it is whole
 * @return 0 it is not: PATH.part stays
 * @return as write
 */
int weir_dataset_finish(struct weir_dataset *d);

/** Close and leave PATH.part as it is; what is not synced is not marked. */
void weir_dataset_close(struct weir_dataset *d);

/** Close and remove PATH.part: nothing in it is wanted. */
void weir_dataset_discard(struct weir_dataset *d);

#endif
