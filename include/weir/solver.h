/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SOLVER_H
#define WEIR_SOLVER_H

/**
 * @file
 * A solver that runs inside the program: create, start, step, frame.
 *
 * One `weir_solver_ops` table describes one system. `configure` is called once
 * per run and makes everything that lanes share and never change (coefficients,
 * FFT plans, integration weights). `create` makes the state of one lane; a lane
 * runs one simulation after another, and one thread may run many lanes. A
 * solver keeps no state outside these two objects, so that the same parameters
 * give the same bits in any lane, on any thread, in any order.
 *
 * To add a system: a file src/pde/NAME.c with such a table, its declaration in
 * src/pde/registry.h, its line in src/pde/registry.c. `weir list` then shows it
 * with its options, a config can name it, every command can run it, and
 * tests/unit/solver_contract.c holds it to what is said here. A periodic system
 * with a diagonal linear part needs no more than its symbol and its non-linear
 * term: src/pde/burgers.c is an example to copy. Anything else fills the table
 * itself, as this one does for u' = -k u:
 *
 *     struct config { double k, dt; struct weir_parameter u0; };
 *     struct lane { const struct config *config; double u; };
 *
 *     static const struct weir_option options[] = {
 *         {"k", WEIR_OPTION_REAL, "1", 0, 1e3, NULL, "1/s", "rate of decay"},
 *         {0},
 *     };
 *     static int configure(const struct weir_options *o, void **config) {
 *         struct config *c = calloc(1, sizeof(*c));
 *         if (!c)
 *             return -ENOMEM;
 *         c->k = weir_option_real(o, "k");
 *         c->dt = 0.1;
 *         c->u0 = (struct weir_parameter){.name = "u0", .low = 0, .high = 1};
 *         *config = c;
 *         return 0;
 *     }
 *     static void describe(const void *config, struct weir_solver_info *info) {
 *         static const char *const field[] = {"u"};
 *         const struct config *c = config;
 *         *info = (struct weir_solver_info){
 *             .shape = {.channels = 1, .dims = 1, .n = {1, 1}},
 *             .dt = c->dt, .lane_bytes = sizeof(struct lane),
 *             .equation = "u' = -k u", .field = field,
 *             .space = {.n = 1, .parameter = &c->u0}};
 *     }
 *     static int create(const void *config, void **lane) {
 *         struct lane *l = calloc(1, sizeof(*l));
 *         if (!l)
 *             return -ENOMEM;
 *         l->config = config;
 *         *lane = l;
 *         return 0;
 *     }
 *     static int start(void *lane, const double *p) {
 *         ((struct lane *)lane)->u = p[0];
 *         return 0;
 *     }
 *     static int step(void *lane) {
 *         struct lane *l = lane;
 *         l->u *= exp(-l->config->k * l->config->dt);
 *         return 0;
 *     }
 *     static void frame(const void *lane, float *out) {
 *         out[0] = (float)((const struct lane *)lane)->u;
 *     }
 *     const struct weir_solver_ops weir_solver_decay = {
 *         .name = "decay", .summary = "exponential decay",
 *         .source = "Rutherford (1900)", .options = options,
 *         .configure = configure, .describe = describe, .release = free,
 *         .create = create, .start = start, .step = step, .frame = frame,
 *         .destroy = free,
 *     };
 *
 * All functions return 0 or a negative code with a message (see base/err.h).
 */
#include "weir/option.h"
#include "weir/residual.h"
#include "weir/space.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_MAX_DIMS 2

/** Shape of one frame: float32, (channels, n[0][, n[1]]), last axis fastest. */
struct weir_shape {
    int channels;
    int dims;             /* 1 or 2 */
    int n[WEIR_MAX_DIMS]; /* grid points per axis; unused axes are 1 */
};

/** Floats in one frame. */
static inline size_t weir_shape_floats(const struct weir_shape *s)
{
    return (size_t)s->channels * (size_t)s->n[0] * (size_t)s->n[1];
}

/** A number of the equation that the config sets. */
struct weir_constant {
    const char *name; /* as the equation writes it */
    double value;
};

/** What a configured solver produces. Pointers live as long as the config. */
struct weir_solver_info {
    struct weir_shape shape;
    /**
     * Of a steady problem: the first so many channels state it, and a network
     * is given them; the others are its answer. 0: every channel is a state.
     */
    int given;
    double extent[WEIR_MAX_DIMS];  /* length of the domain per axis */
    double origin[WEIR_MAX_DIMS];  /* coordinate of the first grid point */
    double spacing[WEIR_MAX_DIMS]; /* between grid points */
    double dt; /* time between two frames; 0: steady, there is one frame */
    size_t lane_bytes; /* memory of one lane */
    bool periodic;
    /**
     * What of a step depends on the whole domain at once, in a few words: a
     * network that sees a neighbourhood cannot learn it. NULL: nothing to
     * warn of.
     */
    const char *global_term;
    /**
     * Frames are collocation points of a network that learns from this alone;
     * lives as long as the config. NULL: frames are states.
     */
    const struct weir_residual *residual;
    const char *equation;     /* one line, as a paper would write it */
    const char *const *field; /* `channels` names */
    /**
     * Coefficients in the equation's own units, whatever form the options had;
     * NULL: none to tell. One that is sampled too stands here with the value
     * that start_field uses.
     */
    const struct weir_constant *constant;
    size_t constants;
    /**
     * What is sampled, default ranges. A coefficient called `length` is the
     * extent of every axis, instead of `extent`.
     */
    struct weir_space space;
};

/** Floats of a frame that are given. */
static inline size_t weir_given_floats(const struct weir_solver_info *i)
{
    return (size_t)i->given * (size_t)i->shape.n[0] * (size_t)i->shape.n[1];
}

struct weir_solver_ops {
    const char *name;
    const char *summary; /* one line for `weir list` */
    const char *source;  /* where it comes from, one line; NULL: nowhere */
    const struct weir_option *options; /* ends with a NULL name */

    /** Check options and build what lanes share. */
    int (*configure)(const struct weir_options *opts, void **config);
    void (*describe)(const void *config, struct weir_solver_info *info);
    void (*release)(void *config);

    /** One lane's state. Not thread-safe against itself on one lane. */
    int (*create)(const void *config, void **lane);
    /**
     * Set the state to t = 0 of the simulation with @p parameters.
     * @return 0, or -WEIR_EDIVERGED when a warm-up before t = 0 blew up
     */
    int (*start)(void *lane, const double *parameters);
    /**
     * Set the state to t = 0 of a given field, doubles in the shape of a frame.
     * NULL: this solver starts from parameters only.
     */
    int (*start_field)(void *lane, const double *field);
    /**
     * Advance by dt; a steady problem stays as it is.
     * @return 0, or -WEIR_EDIVERGED when the state is no longer finite
     */
    int (*step)(void *lane);
    /** Write the current frame, weir_shape_floats() floats. */
    void (*frame)(const void *lane, float *out);
    /** The same frame before it was rounded to float32. NULL: not kept. */
    void (*frame_double)(const void *lane, double *out);
    void (*destroy)(void *lane);

    /* ---- of solvers whose frames come from elsewhere; NULL otherwise ---- */

    /**
     * Wait until a simulation can be started, before one is chosen.
     * @return 0, -ECANCELED told to stop, or another code: it never can
     */
    int (*prepare)(void *lane);
    /** What the next start is for; @p attempt 0: a held-out trajectory. */
    void (*announce)(void *lane, uint32_t simulation, uint32_t attempt);
    /**
     * Wait for the frame that start or step came to and write it, instead of
     * `frame`.
     * @return 0
     * @return -WEIR_EDIVERGED the simulation failed
     * @return -ECONNRESET     its solver was lost; running it again may do
     * @return -ECANCELED      told to stop
     */
    int (*fetch)(void *lane, float *out);
};

/** The current frame of @p lane, however it comes. Like `fetch`. */
static inline int weir_solver_take_frame(const struct weir_solver_ops *solver,
                                         void *lane, float *out)
{
    if (solver->fetch)
        return solver->fetch(lane, out);
    solver->frame(lane, out);
    return 0;
}

#ifdef __cplusplus
}
#endif
#endif
