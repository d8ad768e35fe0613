/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_REFERENCE_H
#define WEIR_TESTS_REFERENCE_H

/**
 * @file
 * What golden solver tests share: reference solutions (data/README.md), a
 * solver configured by name=value pairs, and relative L2 errors.
 */
#include "tests/test.h"

#include "pde/registry.h"

#include <hdf5.h>
#include <math.h>

struct reference {
    hid_t file, group;
};

static inline struct reference reference_open(const char *file, int set)
{
    char path[512], name[16];
    snprintf(path, sizeof(path), "%s/golden/data/%s", WEIR_TEST_DATA, file);
    snprintf(name, sizeof(name), "set_%d", set);
    struct reference r;
    r.file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(r.file >= 0);
    r.group = H5Gopen2(r.file, name, H5P_DEFAULT);
    assert_true(r.group >= 0);
    return r;
}

static inline void reference_close(struct reference *r)
{
    H5Gclose(r->group);
    H5Fclose(r->file);
}

static inline double reference_number(const struct reference *r,
                                      const char *name)
{
    double value = NAN;
    hid_t a = H5Aopen(r->group, name, H5P_DEFAULT);
    assert_true(a >= 0);
    assert_true(H5Aread(a, H5T_NATIVE_DOUBLE, &value) >= 0);
    H5Aclose(a);
    return value;
}

/** A whole dataset as doubles; free() it. @p n gets its length, if given. */
static inline double *reference_read(const struct reference *r,
                                     const char *name, size_t *n)
{
    hid_t d = H5Dopen2(r->group, name, H5P_DEFAULT);
    assert_true(d >= 0);
    hid_t space = H5Dget_space(d);
    size_t count = (size_t)H5Sget_simple_extent_npoints(space);
    double *data = malloc(count * sizeof(*data));
    assert_non_null(data);
    assert_true(H5Dread(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                        data) >= 0);
    H5Sclose(space);
    H5Dclose(d);
    if (n)
        *n = count;
    return data;
}

/** A solver, its config and one lane. */
struct rig {
    const struct weir_solver_ops *ops;
    struct weir_options opts;
    struct weir_solver_info info;
    void *config, *lane;
    size_t floats; /* numbers in a frame */
};

static inline void rig_set(struct rig *r, const char *name, double value)
{
    char text[40];
    snprintf(text, sizeof(text), "%.17g", value);
    ok(weir_options_set(&r->opts, name, text));
}

static inline struct rig rig_named(const char *solver)
{
    struct rig r = {0};
    ok(weir_solver_find(solver, &r.ops));
    ok(weir_options_init(r.ops->options, &r.opts));
    return r;
}

static inline void rig_build(struct rig *r)
{
    ok(r->ops->configure(&r->opts, &r->config));
    r->ops->describe(r->config, &r->info);
    r->floats = weir_shape_floats(&r->info.shape);
    ok(r->ops->create(r->config, &r->lane));
}

static inline void rig_free(struct rig *r)
{
    r->ops->destroy(r->lane);
    r->ops->release(r->config);
    weir_options_free(&r->opts);
}

/** Set the named coefficients, box, grid and time step from a reference. */
static inline void rig_follow(struct rig *rig, const struct reference *r,
                              const char *const *coefficient)
{
    for (; *coefficient; coefficient++)
        rig_set(rig, *coefficient, reference_number(r, *coefficient));
    rig_set(rig, "length", reference_number(r, "L"));
    rig_set(rig, "points", reference_number(r, "N"));
    rig_set(rig, "dealias", reference_number(r, "dealias_fraction"));
}

static inline double relative_l2(const double *x, const double *ref, size_t n)
{
    double diff = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        diff += (x[i] - ref[i]) * (x[i] - ref[i]);
        norm += ref[i] * ref[i];
    }
    return sqrt(diff / norm);
}

/** Advance by @p steps and copy the double frame out; free() it. */
static inline double *rig_advance(struct rig *r, int steps)
{
    for (int i = 0; i < steps; i++)
        ok(r->ops->step(r->lane));
    double *out = malloc(r->floats * sizeof(*out));
    assert_non_null(out);
    r->ops->frame_double(r->lane, out);
    return out;
}

/** The error must stay below the bound; both are printed. */
static inline void within(const char *what, double error, double bound)
{
    printf("    %-44s %.3e (bound %.1e)\n", what, error, bound);
    if (!(error <= bound))
        fail_msg("%s: error %.3e, expected at most %.1e", what, error, bound);
}

/** Ten steps of dt = coarse_dt by ETDRK of @p order against a dataset. */
static inline void ten_steps_match(const char *solver, const char *file,
                                   int set, const char *const *coefficient,
                                   int order, const char *dataset,
                                   bool real_weights, double bound)
{
    struct reference ref = reference_open(file, set);
    double *u = reference_read(&ref, "u", NULL);
    double *want = reference_read(&ref, dataset, NULL);
    struct rig r = rig_named(solver);
    rig_follow(&r, &ref, coefficient);
    rig_set(&r, "dt", reference_number(&ref, "coarse_dt"));
    rig_set(&r, "substeps", 1);
    rig_set(&r, "order", order);
    ok(weir_options_set(&r.opts, "real_weights",
                        real_weights ? "true" : "false"));
    rig_build(&r);
    ok(r.ops->start_field(r.lane, u));
    double *got = rig_advance(&r, 10);
    char what[80];
    snprintf(what, sizeof(what), "%s set_%d %s", solver, set, dataset);
    within(what, relative_l2(got, want, r.floats), bound);
    free(got);
    rig_free(&r);
    free(want);
    free(u);
    reference_close(&ref);
}

/**
 * The whole trajectory within suggested_rtol_float64, the worst snapshot
 * counting. ETDRK2 steps by etdrk2_dt; ETDRK4 by @p coarsen times that.
 */
static inline void trajectory_matches(const char *solver, const char *file,
                                      int set, const char *const *coefficient,
                                      int order, int coarsen)
{
    struct reference ref = reference_open(file, set);
    size_t total;
    double *u = reference_read(&ref, "u", &total);
    struct rig r = rig_named(solver);
    rig_follow(&r, &ref, coefficient);
    rig_set(&r, "dt", reference_number(&ref, "dt_snap"));
    rig_set(&r, "substeps",
            reference_number(&ref, "etdrk2_substeps_per_snap") / coarsen);
    rig_set(&r, "order", order);
    rig_build(&r);
    ok(r.ops->start_field(r.lane, u));
    double worst = 0;
    for (size_t s = 1; s < total / r.floats; s++) {
        double *got = rig_advance(&r, 1);
        worst = fmax(worst, relative_l2(got, u + s * r.floats, r.floats));
        free(got);
    }
    char what[80];
    snprintf(what, sizeof(what), "%s set_%d trajectory, ETDRK%d", solver, set,
             order);
    within(what, worst, reference_number(&ref, "suggested_rtol_float64"));
    rig_free(&r);
    free(u);
    reference_close(&ref);
}

#endif
