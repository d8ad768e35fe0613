/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_DATASET_SOLVER_H
#define WEIR_PIPELINE_DATASET_SOLVER_H

/**
 * @file
 * A data set in the place of a solver: `solver: {name: dataset, file: F.h5}`. A
 * simulation is one of its trajectories, and its frames are read, not solved.
 * So whatever runs lanes can learn from what was simulated before, and a pool
 * can be what is in a file (pipeline/pool/pool.h).
 *
 * Parameters: `trajectory`, whose floor says which one; then, for who looks at
 * distances, those the file tells of it (io/dataset_reader.h), in the range they
 * have there. These have no effect of their own.
 *
 * `held_out` trajectories at the end of the file are never drawn: validation
 * and test read them, the i-th held-out trajectory (from 1) being the i-th from
 * the end.
 *
 * `labels: solve` solves what would be read: the solver that the file's own
 * configuration names, from the parameters the file has. The frames are the
 * same; a file of float64 frames is rounded either way.
 *
 * Any file of io/dataset_reader.h will do for reading. One that `weir generate`
 * did not write does not say how many channels are `given` in a steady problem.
 */
#include "weir/solver.h"

extern const struct weir_solver_ops weir_dataset_solver;

static inline bool weir_is_dataset(const struct weir_solver_ops *solver)
{
    return solver == &weir_dataset_solver;
}

/** Trajectories that can be drawn, of what its configure has made. */
size_t weir_dataset_solver_count(const void *config);
/** The parameters of one of them, space.n numbers. */
void weir_dataset_solver_row(const void *config, size_t trajectory,
                             double *value);

#endif
