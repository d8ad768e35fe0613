/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ball rolling down a surface to one of two minima: gradient descent. The
 * Breed paper has such a toy; its surface is not published, this one is ours:
 *
 *   f = (s^2 - 1)^2 / 4 + valley / 2 (t - bend s^2)^2,
 *   (s, t) = (x, y) turned by `angle`
 *
 * Minima at (s, t) = (1, bend) and (-1, bend), both f = 0. f is even in s, so
 * a ball that starts on the line s = 0 stays on it: that line, through the
 * origin at `angle` from the y axis, is the boundary of the two basins, and
 * the sign of s at the start says where the ball ends. Balls that start close
 * to it are slow to leave. One step of the descent is
 * (x, y) -= rate grad f; a frame takes `substeps` of them.
 *
 * Parameters: the start (x0, y0). Frames: two channels of one point.
 */
#include "pde/registry.h"

#include "base/err.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct weir_parameter space[2] = {
    {.name = "x0", .low = -2, .high = 2},
    {.name = "y0", .low = -2, .high = 2},
};

static const struct weir_option options[] = {
    {"rate", WEIR_OPTION_REAL, "0.01", 1e-9, 1, NULL, NULL,
     "step of the descent"},
    {"substeps", WEIR_OPTION_INT, "10", 1, 1000000, NULL, NULL,
     "steps of the descent between frames"},
    {"valley", WEIR_OPTION_REAL, "1", 0, 1e3, NULL, NULL,
     "steepness of the valley's sides"},
    {"bend", WEIR_OPTION_REAL, "0.5", -10, 10, NULL, NULL,
     "how much the valley bends"},
    {"angle", WEIR_OPTION_REAL, "0.5235987755982988", -7, 7, NULL, "rad",
     "turn of the surface"},
    {0},
};

static const char *const names[4] = {"rate", "valley", "bend", "angle"};

struct config {
    double rate, valley, bend, cosine, sine;
    int substeps;
    struct weir_constant constant[4];
};

struct lane {
    const struct config *config;
    double x[2];
    long steps;
};

static int configure(const struct weir_options *opts, void **config)
{
    struct config *c = calloc(1, sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "ball: config");
    c->rate = weir_option_real(opts, "rate");
    c->substeps = (int)weir_option_int(opts, "substeps");
    c->valley = weir_option_real(opts, "valley");
    c->bend = weir_option_real(opts, "bend");
    c->cosine = cos(weir_option_real(opts, "angle"));
    c->sine = sin(weir_option_real(opts, "angle"));
    for (int i = 0; i < 4; i++)
        c->constant[i] =
            (struct weir_constant){names[i], weir_option_real(opts, names[i])};
    *config = c;
    return 0;
}

static void describe(const void *config, struct weir_solver_info *info)
{
    static const char *const field[] = {"x", "y"};
    const struct config *c = config;
    *info = (struct weir_solver_info){
        .shape = {.channels = 2, .dims = 1, .n = {1, 1}},
        .dt = c->rate * c->substeps,
        .lane_bytes = sizeof(struct lane),
        .equation = "(x, y)' = -grad ((s^2 - 1)^2 / 4 + "
                    "valley / 2 (t - bend s^2)^2), (s, t) = turned (x, y)",
        .field = field,
        .constant = c->constant,
        .constants = 4,
        .space = {.n = 2, .parameter = space},
    };
}

static int create(const void *config, void **lane)
{
    struct lane *l = calloc(1, sizeof(*l));
    if (!l)
        return WEIR_FAIL(ENOMEM, "ball: lane");
    l->config = config;
    *lane = l;
    return 0;
}

static int start(void *lane, const double *parameters)
{
    struct lane *l = lane;
    memcpy(l->x, parameters, sizeof(l->x));
    l->steps = 0;
    return 0;
}

static void descend(const struct config *c, double *x)
{
    double s = c->cosine * x[0] + c->sine * x[1];
    double t = -c->sine * x[0] + c->cosine * x[1];
    double side = c->valley * (t - c->bend * s * s);
    double fs = s * (s * s - 1) - 2 * c->bend * s * side;
    x[0] -= c->rate * (c->cosine * fs - c->sine * side);
    x[1] -= c->rate * (c->sine * fs + c->cosine * side);
}

static int step(void *lane)
{
    struct lane *l = lane;
    for (int i = 0; i < l->config->substeps; i++)
        descend(l->config, l->x);
    l->steps++;
    if (fabs(l->x[0]) + fabs(l->x[1]) <= 1e6)
        return 0;
    return WEIR_FAIL(WEIR_EDIVERGED,
                     "ball: it flew off at step %ld: rate is too large",
                     l->steps);
}

static void frame(const void *lane, float *out)
{
    const struct lane *l = lane;
    out[0] = (float)l->x[0];
    out[1] = (float)l->x[1];
}

static void frame_double(const void *lane, double *out)
{
    memcpy(out, ((const struct lane *)lane)->x, 2 * sizeof(*out));
}

const struct weir_solver_ops weir_solver_ball = {
    .name = "ball",
    .summary = "a ball rolls to one of two minima",
    .source = "the surface is ours, after a toy problem of the Breed paper",
    .options = options,
    .configure = configure,
    .describe = describe,
    .release = free,
    .create = create,
    .start = start,
    .start_field = start,
    .step = step,
    .frame = frame,
    .frame_double = frame_double,
    .destroy = free,
};
