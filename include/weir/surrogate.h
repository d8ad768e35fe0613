/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SURROGATE_H
#define WEIR_SURROGATE_H

/**
 * @file
 * Use a trained surrogate: load it from what a run left, ask what it takes, and
 * predict, one step or a whole rollout.
 *
 *     struct weir_predictor *p;
 *     if (weir_predictor_open("DIR", NULL, &p))
 *         return puts(weir_predictor_message()), 1;
 *     const struct weir_predictor_info *about = weir_predictor_about(p);
 *     size_t frame = weir_shape_floats(&about->shape);
 *     float *states = malloc(50 * frame * sizeof(*states));
 *     ...                              (now is one frame of the simulation)
 *     weir_predictor_rollout(p, now, 1, 50, states, NULL);
 *     weir_predictor_close(p);
 *
 * States are float32 (channels, points), last axis fastest, in the units the
 * solver wrote them in; the scales the surrogate works with are inside. One
 * step is one frame of the solver, `dt` of its time.
 *
 * A *direct* surrogate has no steps: it makes the frame of any time from the
 * parameters of a simulation, see weir_predictor_frames.
 *
 * A surrogate may be an ensemble: members that were trained on the same samples
 * from other initial weights. Each rolls out by itself; the prediction is their
 * mean, and the spread their standard deviation, sqrt(1/M sum (x - mean)^2),
 * value by value and in the same units. An evidential surrogate knows of an
 * uncertainty of its own, the epistemic variance of its last step, which is
 * added under the root; so it has a spread with one member too.
 *
 * Threads: one thread at a time uses a predictor; have one for each. Only open
 * allocates. The same file and the same states give the same bits on one
 * processor, alone or among others.
 *
 * Functions return 0 or a negative code; weir_predictor_message() then has one
 * sentence about it.
 */
#include "weir/solver.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_predictor;

/** Which weights of a run. */
enum weir_predictor_weights {
    WEIR_PREDICTOR_BEST,   /* those of the best validation */
    WEIR_PREDICTOR_NEWEST, /* those of the last checkpoint; its average of
                              weights where one was kept */
};

/** How to load. All zero is a good choice. */
struct weir_predictor_options {
    enum weir_predictor_weights weights;
    int batch;   /* states computed together; 0: 16 */
    int threads; /* OpenMP threads of a call; 0: 1 */
};

/** What a surrogate is. Texts live as long as the predictor. */
struct weir_predictor_info {
    const char *file;         /* that was loaded */
    struct weir_shape shape;  /* of a state, in and out */
    const char *const *field; /* names of its channels */
    double dt;                /* solver's time of one step; 0: steady */
    const char *solver;       /* what it was trained on */
    const char *model;        /* its architecture */
    size_t parameters;        /* trained numbers of one member */
    int members;
    bool residual;   /* its net predicts the change of a state */
    bool evidential; /* it tells an uncertainty of its own */
    /** What a direct surrogate reads: parameters of a simulation by name, the
     *  last of them "time"; 0: it reads states. */
    int inputs;
    const char *const *input;
    uint64_t step; /* gradient step the weights are of */
};

/**
 * Load a surrogate.
 * @param path    a run's directory, or one checkpoint file of it
 * @param options NULL: defaults
 * @return 0
 * @return -ENOENT         no checkpoint there
 * @return -WEIR_ECORRUPT  (-4099) damaged
 * @return -WEIR_ECONFIG   (-4097) not a surrogate of this version: no
 *                         description, an architecture it does not know, or
 *                         weights of another architecture
 * @return -EINVAL         options out of range
 * @return -ENOMEM, -WEIR_EENV (-4098) the engine cannot run it here
 */
int weir_predictor_open(const char *path,
                        const struct weir_predictor_options *options,
                        struct weir_predictor **out);
/** NULL is fine. */
void weir_predictor_close(struct weir_predictor *p);

const struct weir_predictor_info *weir_predictor_about(
    const struct weir_predictor *p);

/**
 * Advance @p n states by one step.
 * @param in     (n, channels, points)
 * @param out    as @p in, and may be the same array
 * @param spread as @p in, of the members; NULL: not wanted
 * @return 0, -EINVAL for n < 0, -WEIR_EENV the engine failed
 */
int weir_predictor_step(struct weir_predictor *p, const float *in, int n,
                        float *out, float *spread);

/**
 * Roll @p n states out over @p steps steps.
 * @param in     (n, channels, points), the states to begin with
 * @param out    (n, steps, channels, points), without those
 * @param spread as @p out; NULL: not wanted
 * @return as weir_predictor_step
 */
int weir_predictor_rollout(struct weir_predictor *p, const float *in, int n,
                           int steps, float *out, float *spread);

/**
 * Ask a direct surrogate for @p n frames, each at once.
 * @param in     (n, inputs): parameters and time, in the solver's units
 * @param out    (n, channels, points)
 * @param spread as @p out; NULL: not wanted
 * @return as weir_predictor_step, -EINVAL too if it reads states; the two above
 *         return that if it does not
 */
int weir_predictor_frames(struct weir_predictor *p, const float *in, int n,
                          float *out, float *spread);

/** About the last failure of the calling thread; "" when there is none. */
const char *weir_predictor_message(void);

#ifdef __cplusplus
}
#endif
#endif
