/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_GENERATOR_H
#define WEIR_PIPELINE_GENERATOR_H

/**
 * @file
 * Runs trajectories on every core and writes them into a data set.
 *
 * Each thread has a lane and takes the lowest trajectory that is neither done
 * nor taken. Frames gather in blocks of about 1 MiB and are written as blocks
 * fill, so memory does not grow with a trajectory's length. A trajectory is a
 * function of its start alone: which thread ran it does not show in the file.
 *
 * One that turns non-finite is drawn anew when its start has successors, and
 * else ends the work, named with step and time.
 *
 * Owners
 *   all of the generator's state  its threads and the caller, under `lock`
 *   stop                          pipeline/clients/stop.h
 */
#include "io/dataset.h"
#include "pipeline/commands/starts.h"
#include "topo/topology.h"

/** What is shared with the caller; outlives the generator. */
struct weir_generator_setup {
    const struct weir_solver_ops *solver;
    const void *solver_config;
    const struct weir_solver_info *info;
    struct weir_starts *starts;
    struct weir_dataset *dataset;
    const struct weir_topology *topology;
    uint32_t frames;  /* of each trajectory, the first included */
    bool keep_double; /* as in the data set's plan */
    int threads;
    uint64_t max_redraws;
    int crashes; /* attempts at one start of a solver that gets lost */
};

struct weir_generator_progress {
    uint64_t done, of;  /* trajectories in the file; all there are to be */
    uint64_t simulated; /* of the done, by this generator */
    uint64_t redrawn;   /* starts that diverged, by this generator */
    uint64_t steps;     /* frames made */
};

struct weir_generator;

/** Threads worth having: @p wanted, or one a core, and no more than work. */
int weir_generator_threads(const struct weir_topology *topology, int wanted,
                           uint64_t trajectories);

/** Start the threads. @return 0, -ENOMEM, -EAGAIN, a solver's error */
int weir_generator_start(const struct weir_generator_setup *setup,
                         struct weir_generator **out);

/** Wait up to @p seconds. @return whether all threads have ended */
bool weir_generator_wait(struct weir_generator *g, double seconds);

void weir_generator_look(struct weir_generator *g,
                         struct weir_generator_progress *out);

/** Ask the threads to end; what they are at is not finished. */
void weir_generator_interrupt(struct weir_generator *g);

/**
 * Wait for the threads and free @p g (NULL is allowed).
 * @return 0 all trajectories are in the data set
 * @return -WEIR_EINTERRUPTED asked to end before that
 * @return -WEIR_EDIVERGED a start without successors diverged, or too many did
 * @return the first other error of a thread
 */
int weir_generator_finish(struct weir_generator *g);

#endif
