/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_NET_H
#define WEIR_NN_NET_H

/**
 * @file
 * A net: a model compiled for one batch. All memory and every primitive is made
 * at creation; forward and backward allocate nothing.
 *
 * A *tape* is one set of activations: those that backward reads, kept until then,
 * and memory that the others share. An unrolled chain of k steps runs k forwards,
 * each on its own tape, then k backwards.
 *
 * Threads: one thread at a time. Every call sets the calling thread's number of
 * OpenMP threads to the net's, for oneDNN would start a team otherwise. Model
 * and packed weights are only read.
 */
#include "nn/model.h"

#include <stdbool.h>

struct weir_net;

struct weir_net_config {
    int batch;
    int tapes;   /* 0: forward only, nothing is kept */
    int threads; /* OpenMP threads per call */
};

/**
 * Compile @p model, which outlives the net.
 * @return 0
 * @return -EINVAL batch or threads below 1, tapes below 0
 * @return -ENOMEM, or -WEIR_EENV when the engine refuses a layer
 */
int weir_net_create(const struct weir_model *model,
                    const struct weir_net_config *config,
                    struct weir_net **out);
void weir_net_destroy(struct weir_net *net);
/** Bytes held, engine scratch included. */
size_t weir_net_bytes(const struct weir_net *net);

/** Of the model: as weir_model_packed and weir_model_trained. */
size_t weir_net_packed(const struct weir_net *net);
size_t weir_net_trained(const struct weir_net *net);

enum weir_net_mode {
    WEIR_NET_PREDICT, /* what a net is made in */
    WEIR_NET_TRAIN,   /* dropout active; batch norm measures the batch */
    WEIR_NET_SAMPLE,  /* prediction with dropout active (Monte Carlo) */
};

/**
 * What the calls to come are for. Dropout masks follow from @p key, tape and
 * layer: the same key gives the same masks. @p present, which must live on,
 * says which samples of a batch there are (NULL: all); what others hold changes
 * no statistic. A backward needs the mode of its forward.
 */
void weir_net_set_mode(struct weir_net *net, enum weir_net_mode mode,
                       uint64_t key, const bool *present);

/**
 * y = net(x) with weights @p packed; x and y are (batch, channels, points).
 * @p tape: 0 .. tapes - 1; 0 when forward only.
 * @return 0, or -WEIR_EENV the engine failed
 */
int weir_net_forward(struct weir_net *net, int tape, const float *packed,
                     const float *x, float *y);

/**
 * Features of the last forward on @p tape: what the last layer with parameters
 * read, the mean over points of each channel, (batch, channels). How many
 * channels is returned; @p feature NULL: only that.
 */
size_t weir_net_features(struct weir_net *net, int tape, float *feature);

/**
 * The adjoint of the forward on @p tape, which must have run with the same
 * weights: from dy = dL/dy the gradients @p dx = dL/dx (NULL: not wanted) and
 * @p grad = dL/dpacked, overwritten or, with @p accumulate, added to. The
 * tape's activations stay.
 * @return 0, -EINVAL when forward only, -WEIR_EENV the engine failed
 */
int weir_net_backward(struct weir_net *net, int tape, const float *packed,
                      const float *dy, float *dx, float *grad, bool accumulate);

#endif
