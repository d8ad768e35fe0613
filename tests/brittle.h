/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_BRITTLE_H
#define WEIR_TESTS_BRITTLE_H

/**
 * @file
 * KdV that breaks where a test wants it to: a share of all simulations, told by
 * their first parameter, diverges at one step, or bursts: goes on, but with one
 * frame of finite numbers so large that their squares are not.
 */
#include "tests/test.h"

#include "base/clock.h"
#include "pde/registry.h"

#include <math.h>
#include <time.h>

/** Set before a session starts. */
static struct {
    double share;    /* of the simulations that break */
    uint32_t at;     /* the step at which they do; 0: at the start */
    int64_t step_ns; /* what a step costs at least */
    bool bursts;     /* instead of breaking */
} brittle;

struct brittle_lane {
    void *kdv;
    uint32_t step;
    bool breaks;
};

static inline int brittle_create(const void *config, void **out)
{
    struct brittle_lane *l = calloc(1, sizeof(*l));
    *out = l;
    return weir_solver_kdv.create(config, &l->kdv);
}

static inline void brittle_destroy(void *lane)
{
    struct brittle_lane *l = lane;
    weir_solver_kdv.destroy(l->kdv);
    free(l);
}

static inline int brittle_break(void)
{
    return WEIR_FAIL(WEIR_EDIVERGED, "brittle: broken on purpose");
}

/* Low digits of the parameter: as good as random, and always the same. */
static inline int brittle_start(void *lane, const double *value)
{
    struct brittle_lane *l = lane;
    double digits = fabs(value[0]) * 1e4;
    l->step = 0;
    l->breaks = digits - floor(digits) < brittle.share;
    if (l->breaks && brittle.at == 0 && !brittle.bursts)
        return brittle_break();
    return weir_solver_kdv.start(l->kdv, value);
}

static inline int brittle_step(void *lane)
{
    struct brittle_lane *l = lane;
    if (brittle.step_ns) {
        struct timespec nap = {0, (long)brittle.step_ns};
        nanosleep(&nap, NULL);
    }
    if (++l->step == brittle.at && l->breaks && !brittle.bursts)
        return brittle_break();
    return weir_solver_kdv.step(l->kdv);
}

static inline void brittle_frame(const void *lane, float *out)
{
    const struct brittle_lane *l = lane;
    weir_solver_kdv.frame(l->kdv, out);
    if (brittle.bursts && l->breaks && l->step == brittle.at)
        out[0] = 1e35F;
}

/* As a solver of its own; configured and released by KdV. */
static inline const struct weir_solver_ops *brittle_solver(void)
{
    static struct weir_solver_ops ops;
    ops = weir_solver_kdv;
    ops.name = "brittle";
    ops.create = brittle_create;
    ops.destroy = brittle_destroy;
    ops.start = brittle_start;
    ops.step = brittle_step;
    ops.frame = brittle_frame;
    return &ops;
}

#endif
