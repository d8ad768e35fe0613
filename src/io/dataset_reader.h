/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_DATASET_READER_H
#define WEIR_IO_DATASET_READER_H

/**
 * @file
 * Reads a data set in The Well's layout: one that io/dataset.h wrote, or any
 * other whose scalar fields (t0_fields) vary with trajectory, time and every
 * axis of one or two; vector and tensor fields are left out.
 *
 * Threads: any for frames; one for everything else.
 */
#include "io/types.h"
#include "weir/solver.h"

#include <stdint.h>

struct weir_dataset_reader;

/** What the file holds. Texts live as long as the reader. */
struct weir_dataset_info {
    const char *name;     /* dataset_name */
    const char *equation; /* "" if it does not say */
    const char *config;   /* what made it, as YAML; "" if it does not say */
    uint64_t trajectories;
    uint32_t frames; /* of each */
    struct weir_shape shape;
    const char *const *field; /* [channels], in the order of field_names */
    enum weir_dtype dtype;    /* of the first field, WEIR_F32 or WEIR_F64 */
    double dt;                /* between the first two frames; 0: one frame */
    uint64_t missing; /* trajectories not simulated: the file is partial */
};

/**
 * @return 0
 * @return -WEIR_ECONFIG   no such file, not HDF5, or not of this layout; the
 *                         message says what is missing
 * @return -ENOTSUP        written by a newer Weir
 * @return -ENOMEM
 */
int weir_dataset_reader_open(const char *path,
                             struct weir_dataset_reader **out);
void weir_dataset_reader_close(struct weir_dataset_reader *r);

const struct weir_dataset_info *weir_dataset_reader_info(
    const struct weir_dataset_reader *r);

/** Attribute @p key of the root; malloc'ed, NULL when it is no text. */
char *weir_dataset_reader_text(struct weir_dataset_reader *r, const char *key);

/** What tells trajectories apart. */
struct weir_dataset_parameters {
    size_t n;
    char *names;   /* a line each; NULL: none */
    double *value; /* (trajectories, n) */
};

/**
 * The parameters of all trajectories: the table that Weir writes or, in another
 * file, the scalars that are one number for each trajectory.
 * @param[out] out  freed by weir_dataset_parameters_free; n may be 0
 * @return 0, -WEIR_ECONFIG unreadable
 */
int weir_dataset_reader_parameters(struct weir_dataset_reader *r,
                                   struct weir_dataset_parameters *out);
void weir_dataset_parameters_free(struct weir_dataset_parameters *p);

/**
 * Frames first .. first + n - 1 of one trajectory, converted to @p as (WEIR_F32
 * or WEIR_F64): (n, channels, points), as solvers write them.
 * @return 0
 * @return -ERANGE         beyond the end
 * @return -WEIR_ECORRUPT  cannot be read
 */
int weir_dataset_reader_frames(struct weir_dataset_reader *r,
                               uint64_t trajectory, uint32_t first, uint32_t n,
                               enum weir_dtype as, void *out);

#endif
