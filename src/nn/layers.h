/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_LAYERS_H
#define WEIR_NN_LAYERS_H

/**
 * @file
 * The words architectures are written in: each call adds one layer to a graph
 * and returns the value it makes, or -1 after an error. Fields are (channels,
 * rows, points); in 1D there is one row, and kernels, strides and padding apply
 * to points only. One file in layers/ for each.
 *
 * Parameters have PyTorch's names (NAME.weight, NAME.bias), shapes and default
 * initial values.
 */
#include "nn/graph.h"

/** What surrounds a field. */
enum weir_padding {
    WEIR_PAD_ZERO,
    WEIR_PAD_CIRCULAR,
    /** Minus what a mirror on the last point shows; needs pad < points. */
    WEIR_PAD_MIRROR_NEGATED,
};

/** The words a model's option uses, in the order of the enum. */
#define WEIR_PADDING_CHOICES "zero|circular|mirror"

struct weir_conv {
    int channels; /* made */
    int kernel;
    int pad;              /* points on each side */
    int stride, dilation; /* 0 counts as 1 */
    enum weir_padding padding;
    bool no_bias;
    bool from_zero; /* weights and bias start at 0 */
};

/**
 * y[o][i] = b[o] + sum over c, k of w[o][c][k] x[c][stride i + dilation k - pad]
 * w: (channels, in, kernel[, kernel]). As torch.nn.Conv1d and Conv2d.
 */
int weir_graph_conv(struct weir_graph *g, int in, const char *name,
                    const struct weir_conv *conv);

/**
 * The adjoint of a convolution from @p more.channels channels, plus a bias:
 * as torch.nn.ConvTranspose1d and 2d. w: (in, channels, kernel[, kernel]). The
 * result has (n - 1) stride - 2 pad + kernel + @p extra points; dilation is 1.
 * Circular: the adjoint of a circular convolution.
 */
int weir_graph_deconv(struct weir_graph *g, int in, const char *name,
                      const struct weir_conv *more, int extra);

struct weir_activate {
    enum weir_activation f;
    float slope;
};

/**
 * y = f(x). ReLU becomes part of what made x where it can: then x itself is
 * gone, and reading it later reads y.
 */
int weir_graph_activate(struct weir_graph *g, int in, enum weir_activation f);
/** Leaky ReLU: x where positive, else @p slope x. */
int weir_graph_leaky(struct weir_graph *g, int in, float slope);

/** y = a + b. */
int weir_graph_add(struct weir_graph *g, int a, int b);

/** The channels of a, then those of b. */
int weir_graph_concat(struct weir_graph *g, int a, int b);

/**
 * As torch.nn.GroupNorm: zero mean and unit variance (biased, eps 1e-5) over
 * the points and channels of each of @p groups, then weight and bias.
 */
int weir_graph_group_norm(struct weir_graph *g, int in, const char *name,
                          int groups);

enum weir_pooling {
    WEIR_POOL_MAX,
    WEIR_POOL_AVERAGE,
};

struct weir_pool {
    enum weir_pooling kind;
    int size;
};

/** Over squares of @p size points, next to each other; a remainder is left. */
int weir_graph_pool(struct weir_graph *g, int in, enum weir_pooling kind,
                    int size);

enum weir_resampling {
    WEIR_RESAMPLE_NEAREST,
    WEIR_RESAMPLE_LINEAR, /* corners not aligned */
};

/** To @p rows x @p points, as torch.nn.functional.interpolate. */
int weir_graph_resample(struct weir_graph *g, int in, enum weir_resampling kind,
                        int rows, int points);

/**
 * As torch.nn.BatchNorm1d and 2d: zero mean and unit variance over samples and
 * points of each channel (biased, eps 1e-5), then weight and bias. Training uses
 * the batch's own figures, prediction NAME.running_mean and .running_var.
 */
int weir_graph_batch_norm(struct weir_graph *g, int in, const char *name);

struct weir_dropout {
    double rate;   /* of values set to 0; the others grow by 1 / (1 - rate) */
    bool channels; /* whole channels, as torch.nn.Dropout2d */
};

/** Active in training, and in prediction on request: see weir_net_set_mode. */
int weir_graph_dropout(struct weir_graph *g, int in, double rate,
                       bool channels);

/** The same numbers, (channel, row, point) in order, with other sizes. */
int weir_graph_reshape(struct weir_graph *g, int in, int channels, int rows,
                       int points);

/**
 * y = W x + b at every point, weights (channels, in) as torch.nn.Linear, or with
 * @p ones trailing dimensions of 1, as a convolution of kernel 1. Where points
 * are the numbers of a jet, b is added to the value alone.
 */
int weir_graph_linear(struct weir_graph *g, int in, const char *name,
                      int channels, int ones);

struct weir_linear {
    int channels; /* made */
    int ones;     /* trailing dimensions of the weights, as above */
    bool no_bias;
    double deviation; /* above 0: weights start normal, of it, the bias at: */
    double start;
};
int weir_graph_linear_of(struct weir_graph *g, int in, const char *name,
                         const struct weir_linear *linear);

/**
 * tanh of functions whose points are the numbers of the graph's jet: by the
 * chain rule, with s = tanh(z) and c = 1 - s^2,
 *
 *     s,  s_a = c z_a,  s_ab = c z_ab - 2 s c z_a z_b
 */
int weir_graph_jet_tanh(struct weir_graph *g, int in);

struct weir_fourier {
    int channels; /* made */
    int modes;    /* kept along each axis, up to and without this wavenumber */
    bool positive_start; /* spectral weights uniform in 0 .. 1/(in out), as Li
                          * et al. publish; else normal of that deviation */
};

/**
 * Fourier layer (Li et al. 2021): y = F^-1(R F(x)) + W x + b, the transform
 * being truncated to the lowest modes: 0 .. modes - 1 along the last axis and, in
 * 2D, -modes .. modes - 1 along the first. NAME.linear.weight and .bias as a
 * convolution of kernel 1; NAME.spectral.weight1 (in, channels, modes, 2) or
 * (in, channels, modes, modes, 2) and .weight2 for the negative wavenumbers of
 * the first axis; last come real and imaginary part.
 */
int weir_graph_fourier(struct weir_graph *g, int in, const char *name,
                       const struct weir_fourier *fourier);

/** x with its coordinates from 0 to 1 as more channels, the first axis first. */
int weir_graph_coordinates(struct weir_graph *g, int in);

/**
 * As torch.nn.LayerNorm over the channels of each point: zero mean and unit
 * variance (biased, eps 1e-5), then weight and bias.
 */
int weir_graph_layer_norm(struct weir_graph *g, int in, const char *name);
/** The same, then times @p scale plus @p shift: vectors made for each sample, as
 * from its time, with as many channels. */
int weir_graph_layer_norm_by(struct weir_graph *g, int in, int scale,
                             int shift);

/** y = scale x + shift per channel, by vectors made for each sample (FiLM). */
int weir_graph_film(struct weir_graph *g, int in, int scale, int shift);
/** y = w x per channel; NAME.weight starts at @p start. */
int weir_graph_scale(struct weir_graph *g, int in, const char *name,
                     double start);
/** Whether @p by is a vector with a number for each channel of @p in; else the
 * graph's error. For builders of what is modulated. */
bool weir_graph_modulates(struct weir_graph *g, int in, int by,
                          const char *name);

/** A vector of one number, the same for every sample. */
int weir_graph_constant(struct weir_graph *g, double number);

/**
 * For each number x of a vector cos f_j x, then sin f_j x, f_j = 10^(-4 j /
 * waves) for j below @p waves.
 */
int weir_graph_embedding(struct weir_graph *g, int in, int waves);

struct weir_shuffle {
    int size;
    bool spread;  /* channels to squares, not squares to channels */
    bool grouped; /* all channels of a point side by side */
};

/** As torch.nn.PixelShuffle: channels c, row, column of squares of @p size. */
int weir_graph_shuffle(struct weir_graph *g, int in, int size);
/** Squares of @p size points to channels, in the order column, row, c: Swin's
 * patch merging, which puts the point below before that to the right. */
int weir_graph_merge(struct weir_graph *g, int in, int size);

struct weir_depthwise {
    int kernel; /* odd */
    enum weir_padding padding;
};

/**
 * As torch.nn.Conv1d and 2d with as many groups as channels and padding kernel
 * / 2, zero or circular. w: (channels, 1, kernel[, kernel]).
 */
int weir_graph_depthwise(struct weir_graph *g, int in, const char *name,
                         int kernel, enum weir_padding padding);

struct weir_attention {
    int heads;                    /* divides the channels */
    int rows, points;             /* of a window; divide the field's */
    int shift_rows, shift_points; /* windows begin there; below their size */
};

/**
 * Swin V2's attention of queries @p q to keys @p k with values @p v, window by
 * window and head by head: softmax(t q k^T + bias) v with q and k of unit length.
 * NAME.logit_scale (heads, 1, 1) is ln t, at most ln 100; NAME.position.0.weight
 * (512, 2), .0.bias and .2.weight (heads, 512) make the bias (nn/position.h).
 * Windows that are shifted over the field's edge do not look across it.
 */
int weir_graph_attention(struct weir_graph *g, int q, int k, int v,
                         const char *name, const struct weir_attention *a);

#endif
