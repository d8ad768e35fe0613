/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_STARTS_H
#define WEIR_PIPELINE_STARTS_H

/**
 * @file
 * What the trajectories of `weir generate` start from, known before the first
 * one runs:
 *
 *   sampler     the initial design of an acquisition strategy, for one that
 *               diverges its next points: attempt a of trajectory i takes point
 *               i + (a - 1) n, whatever happened to the others
 *   parameters  rows of a file: the dataset `parameters` of one that was
 *               prepared or generated, or the simulations a run has finished
 *   fields      rows of a file: the dataset `initial`, fields on the grid
 *
 * Threads: weir_starts_draw() and weir_starts_field() from any thread; the rest
 * from one, while none of these runs.
 */
#include "io/config.h"
#include "weir/solver.h"

struct weir_starts;

/**
 * @p n points of the design of the strategy called @p sampler. Its options are
 * those of the configuration when that names the same strategy, else defaults.
 * @param cfg outlives the starts
 * @return 0, -WEIR_ECONFIG no such strategy or options it refuses, -ENOMEM
 */
int weir_starts_sample(const struct weir_config *cfg, const char *sampler,
                       uint64_t n, struct weir_starts **out);

/**
 * The first @p n rows of parameters in @p path; 0: all of them.
 * @return 0
 * @return -WEIR_ECONFIG unreadable; other parameters than the solver's, or in
 *         another order; fewer rows; a row with a value outside its range
 * @return -ENOMEM
 */
int weir_starts_read_parameters(const struct weir_config *cfg, const char *path,
                                uint64_t n, struct weir_starts **out);

/**
 * The first @p n rows of initial fields in @p path; 0: all of them.
 * @return 0
 * @return -WEIR_ECONFIG unreadable, another shape than @p info's, fewer rows, a
 *         value that is not finite
 * @return -ENOMEM
 */
int weir_starts_read_fields(const struct weir_solver_info *info,
                            const char *path, uint64_t n,
                            struct weir_starts **out);
void weir_starts_destroy(struct weir_starts *s);

uint64_t weir_starts_count(const struct weir_starts *s);
/** What is sampled; no parameters when they are fields. */
const struct weir_space *weir_starts_space(const struct weir_starts *s);
/** Parameters of every first attempt, [count][space->n]. */
const double *weir_starts_parameters(const struct weir_starts *s);
/** Whether they are fields. */
bool weir_starts_are_fields(const struct weir_starts *s);
/** Whether one that diverges has successors. */
bool weir_starts_can_redraw(const struct weir_starts *s);
/** Where they come from, with a fingerprint of what a file held. */
const char *weir_starts_text(const struct weir_starts *s);

/** Parameters of @p attempt (from 1) of trajectory @p i. */
void weir_starts_draw(struct weir_starts *s, uint64_t i, uint32_t attempt,
                      double *value);
/** Initial field @p i. @return 0, -WEIR_ECORRUPT */
int weir_starts_field(struct weir_starts *s, uint64_t i, double *field);

/** "halton point 17", "row 17 of P.h5" */
void weir_starts_name(const struct weir_starts *s, uint64_t i, char *out,
                      size_t n);

#endif
