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
#include <stdbool.h>

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

/** One system of the reference file and how a solver is set up for it. */
struct case_of {
    const char *solver; /* its name, and that of the file */
    const char *coefficient[6];
    const char *option, *value; /* one more option; NULL: none */
    int set;
    bool developed; /* the start is more than a few waves */
};

/** Coefficients, box, grid, mask from a reference; then @p dt and scheme. */
static inline void rig_follow(struct rig *rig, const struct case_of *c,
                              const struct reference *r, double dt,
                              double substeps, int order)
{
    for (int i = 0; c->coefficient[i]; i++)
        rig_set(rig, c->coefficient[i], reference_number(r, c->coefficient[i]));
    if (c->option)
        ok(weir_options_set(&rig->opts, c->option, c->value));
    rig_set(rig, "length", reference_number(r, "L"));
    rig_set(rig, "points", reference_number(r, "N"));
    rig_set(rig, "dealias", reference_number(r, "dealias_fraction"));
    rig_set(rig, "dt", dt);
    rig_set(rig, "substeps", substeps);
    rig_set(rig, "order", order);
}

static inline struct reference reference_of(const struct case_of *c)
{
    char file[32];
    snprintf(file, sizeof(file), "%s.h5", c->solver);
    return reference_open(file, c->set);
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

#endif
