/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_SURROGATE_H
#define WEIR_NN_SURROGATE_H

/**
 * @file
 * A surrogate: a compiled net with its scales around it, in physical units. It
 * advances states by one step and gives the gradient of the training loss.
 *
 * With s = (x - mean) / deviation per channel, one step is
 *
 *     residual:  x' = x + residual * net(s)
 *     direct:    x' = mean + deviation * net(s)
 *
 * Where some channels of a state are given (nn/model.h) the net reads those
 * and makes the others, and the prediction is direct:
 *
 *     x'[given] = x[given],  x'[others] = deviation * net(x[given] / deviation)
 *
 * without a mean, so that 0 (an absorbing edge) is 0 to the net. Losses then
 * are of the others only.
 *
 * A model that reads parameters and a time (nn/inputs.h) makes the frame of
 * that time at once: direct, from the net of their features. It reads those
 * numbers wherever others read a state.
 *
 * The training loss of a sample of `unroll` + 1 states u[0..unroll] is
 *
 *     L = 1/unroll * sum over k of loss(x[k], u[k])
 *
 * with x[0] = u[0], x[k+1] = step(x[k]): the chain is differentiated as a
 * whole (no cut). The loss is one of nn/loss.h, the errors of each channel in
 * units of its residual. With the evidential one the net makes a density of
 * each value (nn/evidence.h): net(s) above is gamma, in its place.
 *
 * With an equation all of this is otherwise: see nn/collocation.h.
 *
 * Threads: a surrogate is used by one thread at a time, and each trainer group
 * has its own. Model, packed weights and normaliser are only read and may be
 * shared. Calls allocate nothing. They set the calling thread's number of
 * OpenMP threads to `threads`, since the engine would otherwise start a team.
 *
 * Training runs the net in its training mode, prediction in the other.
 *
 * Determinism: the same weights, scales and samples give the same bits, in
 * whatever thread, on whatever core, in whatever other company. A sample's
 * share of the gradient depends on its place in the micro-batch by rounding.
 */
#include "nn/inputs.h"
#include "nn/loss.h"
#include "nn/model.h"
#include "nn/normaliser.h"

struct weir_surrogate;

struct weir_surrogate_config {
    int batch;                /* samples per call: a micro-batch */
    int unroll;               /* steps per sample; 0: prediction only */
    int threads;              /* OpenMP threads per call; 0 counts as 1 */
    bool residual;            /* predict the change, not the state */
    enum weir_loss_type loss; /* what training makes small */
    double evidence;          /* weight of weir_evidence_gradient */
    /** What is read in the place of states; outlives it. NULL: states are. */
    const struct weir_inputs *inputs;
    /** Samples are points that this is to hold at; NULL: states. Outlives it. */
    const struct weir_residual *equation;
};

/**
 * Compile @p model, which outlives the surrogate.
 * @return 0
 * @return -EINVAL a number of @p config is out of range; several steps of a
 *         steady problem or of a direct model; inputs that are not what the
 *         model reads; one to be trained with the evidential loss that makes no
 *         density, or the reverse
 * @return -ENOMEM, -WEIR_EENV as weir_net_create
 */
int weir_surrogate_create(const struct weir_model *model,
                          const struct weir_surrogate_config *config,
                          struct weir_surrogate **out);
void weir_surrogate_destroy(struct weir_surrogate *s);

/**
 * The function learned from an equation, at @p n points (n, coordinates).
 * @return 0, -EINVAL there is no equation, -WEIR_EENV the engine failed
 */
int weir_surrogate_values(struct weir_surrogate *s, const float *packed,
                          const double *at, size_t n, float *u);

/** Floats of one state, of a point its coordinates. */
size_t weir_surrogate_frame(const struct weir_surrogate *s);
/** Floats of what is read to make one: a state, or the numbers of inputs. */
size_t weir_surrogate_reads(const struct weir_surrogate *s);

/** Bytes held: activations, gradients of activations, scratch. */
size_t weir_surrogate_bytes(const struct weir_surrogate *s);

/**
 * Loss and gradient of one micro-batch.
 *
 * @param packed      weights
 * @param norm        frozen
 * @param samples     `batch` pointers, each to unroll + 1 consecutive states
 *                    (channels, points), or to inputs and the state they lead
 *                    to; NULL: no sample in this place
 * @param inv_count   1 / samples in the *global* batch
 * @param[out] grad   packed form, overwritten: the sum over these samples of
 *                    d L / d weights times inv_count. Adding the grads of all
 *                    micro-batches gives the gradient of the mean loss.
 * @param[out] loss   `batch` values L, 0 where there is no sample
 * @return 0; non-finite losses are reported as they are
 * @return -EINVAL created with unroll 0
 * @return -WEIR_EENV the engine failed
 */
int weir_surrogate_train(struct weir_surrogate *s, const float *packed,
                         const struct weir_normaliser *norm,
                         const float *const *samples, float inv_count,
                         float *grad, float *loss);

/**
 * What the last train() predicted: the last states of its chains, `batch`
 * frames, until the next call. Places without a sample hold anything. With an
 * equation, the residuals: one number a sample.
 */
const float *weir_surrogate_predicted(const struct weir_surrogate *s);

/**
 * How unsure an evidential model is of what it predicted last, in train() or
 * predict(): the epistemic variance of each value, `batch` frames in squared
 * units, 0 where a channel is given; NULL: another model. Of a chain it is that
 * of the last step, from the state the step began at. Until the next call.
 */
const float *weir_surrogate_variance(const struct weir_surrogate *s);

/**
 * Masks of dropout in the train() to come: they follow from these numbers, the
 * state's place in the batch and the step of the chain alone, whatever group
 * computes them.
 */
void weir_surrogate_set_draw(struct weir_surrogate *s, uint64_t seed,
                             uint64_t step, uint32_t micro_batch);

/** When the last train() turned from forward to backward; CLOCK_MONOTONIC. */
int64_t weir_surrogate_turned_ns(const struct weir_surrogate *s);

/**
 * Advance @p n states by one step: @p in and @p out are (n, channels, points),
 * physical units, and may be the same array. With inputs @p in is those,
 * (n, numbers), and another array.
 * @return 0, -EINVAL unless 0 <= n <= batch, -WEIR_EENV the engine failed
 */
int weir_surrogate_predict(struct weir_surrogate *s, const float *packed,
                           const struct weir_normaliser *norm, const float *in,
                           int n, float *out);

/**
 * The same with dropout active: a draw from what nets with other units dropped
 * predict (Gal and Ghahramani 2016). @p draw numbers the draws of @p seed.
 */
int weir_surrogate_sample(struct weir_surrogate *s, uint64_t seed,
                          uint64_t draw, const float *packed,
                          const struct weir_normaliser *norm, const float *in,
                          int n, float *out);

/**
 * Features of the states of the last prediction: weir_net_features, a row for
 * each state. @return numbers of a row; @p feature NULL: only that
 */
size_t weir_surrogate_features(struct weir_surrogate *s, float *feature);

#endif
