/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_OPTIMISER_H
#define WEIR_NN_OPTIMISER_H

/**
 * @file
 * From micro-batch gradients to new weights. Everything here works element by
 * element: the value of an element depends on nothing but that element, so the
 * vector may be cut anywhere, given to any number of threads, and the bits stay
 * the same.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum weir_schedule {
    WEIR_SCHEDULE_COSINE, /* from lr to 0 at total_steps */
    WEIR_SCHEDULE_CONSTANT,
};

/** The words a config uses, in the order of the enum. */
#define WEIR_SCHEDULE_CHOICES "cosine|constant"

/** What weight decay acts on. */
enum weir_optimiser {
    WEIR_OPTIMISER_ADAMW, /* the weight: w -= rate * weight_decay * w */
    WEIR_OPTIMISER_ADAM,  /* the gradient: g += weight_decay * w */
};

/** The words a config uses, in the order of the enum. */
#define WEIR_OPTIMISER_CHOICES "adamw|adam"

/** Adam (Kingma and Ba 2015), decoupled weight decay (Loshchilov, Hutter). */
struct weir_adam_config {
    double lr; /* after warm-up */
    double beta1, beta2, eps;
    double weight_decay; /* before the step, see enum weir_optimiser */
    enum weir_optimiser optimiser;
    uint64_t warmup_steps; /* linear from 0; the last one has lr */
    uint64_t total_steps;  /* end of the cosine; > warmup_steps */
    enum weir_schedule schedule;
};

/** lr 1e-3, betas 0.9 and 0.999, eps 1e-8, no decay, constant, no warm-up. */
struct weir_adam_config weir_adam_defaults(void);

/**
 * Rate of gradient step @p step, counted from 0:
 *   step < warmup:  lr (step + 1) / warmup
 *   constant:       lr
 *   cosine:         lr/2 (1 + cos(pi (step - warmup) / (total - warmup))),
 *                   0 from total on
 */
double weir_learning_rate(const struct weir_adam_config *config, uint64_t step);

/** The numbers of one step, the same for every element. */
struct weir_adam {
    float keep1, take1; /* beta1, 1 - beta1 */
    float keep2, take2;
    float rate;    /* lr / (1 - beta1^t) */
    float unbias2; /* 1 / sqrt(1 - beta2^t) */
    float eps;
    float shrink; /* 1 - lr * weight_decay, decoupled */
    float couple; /* weight_decay, coupled */
    float scale;  /* of the gradient */
};

/**
 * Gradient step @p step, the update number @p update (both from 0; they differ
 * when steps were skipped): the rate follows the steps, t = update + 1.
 * @param scale the gradient is multiplied by it first (clipping); 1: as it is
 */
struct weir_adam weir_adam_at(const struct weir_adam_config *config,
                              uint64_t step, uint64_t update, double scale);

/**
 * One Adam step on @p n elements:
 *   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
 *   w = w - rate/(1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + eps)
 * Each output may be the same array as its input, or a separate one (weights
 * that must be kept are stepped into the other half); no other overlap.
 */
void weir_adam_apply(const struct weir_adam *adam, size_t n, const float *grad,
                     const float *w_in, const float *m_in, const float *v_in,
                     float *w_out, float *m_out, float *v_out);

/** Both, for a step that follows @p step others and is not clipped. */
void weir_adam_step(const struct weir_adam_config *config, uint64_t step,
                    size_t n, const float *grad, const float *w_in,
                    const float *m_in, const float *v_in, float *w_out,
                    float *m_out, float *v_out);

/**
 * Exponential moving average of weights: out = in + (1 - decay) (w - in), or
 * @p w itself when it is the @p first. @p out may be @p in.
 */
void weir_average_step(double decay, bool first, size_t n, const float *w,
                       const float *in, float *out);

/** How far a step moves a running statistic towards a batch's own. */
#define WEIR_STATISTICS_PART 0.1F

/**
 * Running statistics (nn/model.h): out = in + 0.1 (fresh - in), as PyTorch's
 * norms with their default momentum. @p out may be @p in.
 */
void weir_statistics_step(size_t n, const float *fresh, const float *in,
                          float *out);

/** to += from, element by element. */
void weir_gradient_add(size_t n, const float *from, float *to);

/**
 * Sum @p m arrays over the elements [from, to): out[i] = sum of grads[j][i],
 * added as a binary tree that depends on @p m only (left half, the larger power
 * of two; then the right). @p m is 1 or more; @p out is indexed as the inputs
 * are and may be grads[0].
 */
void weir_reduce_tree(const float *const *grads, int m, size_t from, size_t to,
                      float *out);

#endif
