/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_LOSS_WINDOW_H
#define WEIR_ACQUIRE_LOSS_WINDOW_H

/**
 * @file
 * How hard each simulation has been, and which were trained on last.
 *
 * A simulation's fitness Q is the mean of its delta losses over all iterations
 * and time steps at which it was trained on. The population is the M most
 * recently trained-on simulations of which enough time steps have been seen.
 * Names and roles are Melissa's (sliding_window_size,
 * delta_loss_min_nb_time_steps); the formula of delta is the one recalled from
 * "MelissaDL x Breed" (arXiv 2410.05860), not checked against its text.
 *
 * Cost: adding a sample is O(1) (an accumulator, a bit, a move to the front of
 * a list). A population is one walk over the simulations trained on, newest
 * first, until M are found. Memory per simulation: 32 bytes, one bit per time
 * step, 8 bytes per parameter; simulation ids are dense from 0.
 */
#include "weir/blob.h"

#include <stddef.h>
#include <stdint.h>

struct weir_loss_window;

/** One member of a population. */
struct weir_fitness {
    uint32_t simulation;
    double q; /* mean delta loss, 0 or more */
};

/**
 * max(0, (loss - mean) / (deviation + eps)), mean and deviation over the whole
 * batch, so that a batch split over groups gives what one group would.
 * eps is a millionth of |mean|: the rounding of a float mean of equal losses
 * stays below a tenth of a deviation instead of being blown up.
 * @return a number >= 0, or NaN when an argument is not finite
 */
double weir_delta_loss(float loss, float mean, float deviation);

/**
 * @param dims      parameters of a simulation
 * @param steps     samples of a simulation: steps are 0 .. steps-1
 * @param expected  simulations to make room for; more may come
 * @return 0, or -ENOMEM
 */
int weir_loss_window_create(size_t dims, uint32_t steps, uint32_t expected,
                            struct weir_loss_window **out);
void weir_loss_window_destroy(struct weir_loss_window *w);

/**
 * Remember the parameters of @p simulation; a second call replaces them.
 * @return 0, or -ENOMEM
 */
int weir_loss_window_meet(struct weir_loss_window *w, uint32_t simulation,
                          const double *u);

/**
 * @p simulation was trained on at @p step with delta loss @p delta; it is now
 * the most recent one.
 * @return 0
 * @return -EINVAL never met, or no such step
 */
int weir_loss_window_add(struct weir_loss_window *w, uint32_t simulation,
                         uint32_t step, double delta);

/**
 * The population, most recently trained on first.
 * @param max        its largest size M
 * @param min_steps  distinct time steps a member must have been seen at
 * @param[out] out   room for @p max members
 * @return members written
 */
size_t weir_loss_window_population(const struct weir_loss_window *w, size_t max,
                                   uint32_t min_steps,
                                   struct weir_fitness *out);

/**
 * Begin anew with every loss: a population holds those trained on from here on.
 * Parameters stay.
 */
void weir_loss_window_forget_losses(struct weir_loss_window *w);

/** Parameters of a simulation that was met; valid until the next meet. */
const double *weir_loss_window_parameters(const struct weir_loss_window *w,
                                          uint32_t simulation);

/** @return 0 or -ENOMEM */
int weir_loss_window_save(const struct weir_loss_window *w,
                          struct weir_blob *out);
/**
 * Replace the content by a saved one.
 * @return 0
 * @return -EINVAL saved with other dimensions or steps
 * @return -WEIR_ECORRUPT ends early or contradicts itself
 * @return -ENOMEM
 */
int weir_loss_window_restore(struct weir_loss_window *w, struct weir_blob *in);

#endif
