/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/dataset_layout.h"

#include "base/heap.h"
#include "io/hdf5_attribute.h"
#include "weir/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const weir_dataset_axis[WEIR_MAX_DIMS] = {"x", "y"};

hid_t weir_dataset_type(const struct weir_dataset_plan *plan)
{
    return plan->keep_double ? H5T_IEEE_F64LE : H5T_IEEE_F32LE;
}

int weir_dataset_sizes(const struct weir_dataset_plan *plan,
                       hsize_t size[WEIR_DATASET_RANK])
{
    const struct weir_shape *shape = &plan->info->shape;
    size[0] = plan->trajectories;
    size[1] = plan->frames;
    for (int d = 0; d < shape->dims; d++)
        size[2 + d] = (hsize_t)shape->n[d];
    return 2 + shape->dims;
}

/* The place of every number is fixed now, so that a killed writer leaves a file
 * that can be opened; nothing is filled in, a reader goes by the attempts. */
static hid_t make(hid_t in, const char *name, hid_t type, int dims,
                  const hsize_t *size)
{
    hid_t how = H5Pcreate(H5P_DATASET_CREATE);
    hid_t space =
        dims ? H5Screate_simple(dims, size, NULL) : H5Screate(H5S_SCALAR);
    H5Pset_obj_track_times(how, false);
    H5Pset_layout(how, H5D_CONTIGUOUS);
    H5Pset_alloc_time(how, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(how, H5D_FILL_TIME_NEVER);
    hid_t d = H5Dcreate2(in, name, type, space, H5P_DEFAULT, how, H5P_DEFAULT);
    H5Sclose(space);
    H5Pclose(how);
    return d;
}

/* Make, fill and close; two attributes that most of them have. */
static int make_reals(hid_t in, const char *name,
                      const struct weir_dataset_plan *plan, int dims,
                      const hsize_t *size, const double *value, bool varies)
{
    hid_t d = make(in, name, weir_dataset_type(plan), dims, size);
    int rc = weir_h5_put_bool(d, "sample_varying", varies) |
             weir_h5_put_bool(d, "time_varying", false);
    if (d < 0 || H5Dwrite(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                          value) < 0)
        rc = -1;
    if (d >= 0)
        H5Dclose(d);
    return rc;
}

static hid_t make_group(hid_t file, const char *name)
{
    return H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
}

/* ---- what is sampled and what is not --------------------------------------- */

static bool is_sampled(const struct weir_dataset_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->space->n; i++)
        if (!strcmp(plan->space->parameter[i].name, name))
            return true;
    return false;
}

/* Names of the coefficients that are the same for all; then of the sampled. */
static const char **list_scalars(const struct weir_dataset_plan *plan,
                                 size_t *constants)
{
    size_t most = plan->info->constants + plan->space->n;
    const char **name = weir_array(most + 1, sizeof(*name));
    *constants = 0;
    for (size_t i = 0; name && i < plan->info->constants; i++)
        if (!is_sampled(plan, plan->info->constant[i].name))
            name[(*constants)++] = plan->info->constant[i].name;
    for (size_t i = 0; name && i < plan->space->n; i++)
        name[*constants + i] = plan->space->parameter[i].name;
    return name;
}

static double constant_of(const struct weir_dataset_plan *plan,
                          const char *name)
{
    const struct weir_constant *c = plan->info->constant;
    while (strcmp(c->name, name))
        c++;
    return c->value;
}

/* The sampled parameter that is the length of every axis; -1: none */
static int64_t length_parameter(const struct weir_dataset_plan *plan)
{
    for (size_t i = 0; i < plan->space->n; i++)
        if (plan->space->parameter[i].coefficient &&
            !strcmp(plan->space->parameter[i].name, "length"))
            return (int64_t)i;
    return -1;
}

/* ---- root ------------------------------------------------------------------ */

static int put_root(hid_t file, const struct weir_dataset_plan *plan,
                    const char *const *name, size_t constants)
{
    char format[16];
    snprintf(format, sizeof(format), "%d", WEIR_DATASET_FORMAT);
    int rc =
        weir_h5_put_text(file, "dataset_name", plan->name) |
        weir_h5_put_text(file, "grid_type", "cartesian") |
        weir_h5_put_int(file, "n_spatial_dims", plan->info->shape.dims) |
        weir_h5_put_int(file, "n_trajectories", (int64_t)plan->trajectories) |
        weir_h5_put_texts(file, "simulation_parameters", name, constants) |
        weir_h5_put_text(file, "weir.dataset", format) |
        weir_h5_put_text(file, "equation", plan->info->equation);
    for (size_t i = 0; i < constants; i++)
        rc |= weir_h5_put_real(file, name[i], constant_of(plan, name[i]));
    for (size_t i = 0; i < plan->texts; i++)
        rc |= weir_h5_put_text(file, plan->text[i].key, plan->text[i].value);
    return rc;
}

/* ---- dimensions ------------------------------------------------------------ */

/* Coordinates of one axis in a box @p stretch times as long as the config's. */
static void fill_axis(const struct weir_dataset_plan *plan, int axis,
                      double stretch, double *x)
{
    const struct weir_solver_info *info = plan->info;
    for (int i = 0; i < info->shape.n[axis]; i++)
        x[i] = stretch * (info->origin[axis] + i * info->spacing[axis]);
}

static double stretch_of(const struct weir_dataset_plan *plan,
                         const double *value)
{
    int64_t length = length_parameter(plan);
    return length < 0 ? 1 : value[length] / plan->info->extent[0];
}

static int make_axis(hid_t group, const struct weir_dataset_plan *plan,
                     int axis)
{
    bool varies = length_parameter(plan) >= 0;
    hsize_t rows = varies ? plan->trajectories : 1;
    hsize_t size[2] = {rows, (hsize_t)plan->info->shape.n[axis]};
    double *x = weir_array(rows * size[1], sizeof(*x));
    if (!x)
        return -1;
    for (hsize_t i = 0; i < rows; i++)
        fill_axis(plan, axis,
                  stretch_of(plan, plan->parameters + i * plan->space->n),
                  x + i * size[1]);
    int rc = make_reals(group, weir_dataset_axis[axis], plan, varies ? 2 : 1,
                        varies ? size : size + 1, x, varies);
    free(x);
    return rc;
}

static int make_dimensions(hid_t file, const struct weir_dataset_plan *plan)
{
    hsize_t frames = plan->frames;
    double *time = weir_array(frames, sizeof(*time));
    hid_t group = make_group(file, "dimensions");
    if (!time || group < 0) {
        free(time);
        return -1;
    }
    for (uint32_t t = 0; t < plan->frames; t++)
        time[t] = t * plan->info->dt;
    int rc = weir_h5_put_texts(group, "spatial_dims", weir_dataset_axis,
                               (size_t)plan->info->shape.dims) |
             make_reals(group, "time", plan, 1, &frames, time, false);
    for (int d = 0; d < plan->info->shape.dims; d++)
        rc |= make_axis(group, plan, d);
    H5Gclose(group);
    free(time);
    return rc;
}

/* ---- boundary conditions --------------------------------------------------- */

static int make_mask(hid_t group, int points)
{
    hsize_t size = (hsize_t)points;
    hid_t type = weir_h5_bool_type();
    hid_t d = make(group, "mask", type, 1, &size);
    int8_t *mask = weir_array(size, 1);
    int rc = -1;
    if (d >= 0 && mask) {
        mask[0] = mask[size - 1] = 1;
        rc = H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, mask);
    }
    if (d >= 0)
        H5Dclose(d);
    H5Tclose(type);
    free(mask);
    return rc < 0 ? -1 : 0;
}

static int make_boundary(hid_t boundaries, const struct weir_dataset_plan *plan,
                         int axis)
{
    bool periodic = plan->info->periodic;
    char name[32];
    snprintf(name, sizeof(name), "%s_%s", weir_dataset_axis[axis],
             periodic ? "periodic" : "wall");
    hid_t group = make_group(boundaries, name);
    if (group < 0)
        return -1;
    int rc =
        weir_h5_put_texts(group, "associated_dims", weir_dataset_axis + axis,
                          1) |
        weir_h5_put_texts(group, "associated_fields", NULL, 0) |
        weir_h5_put_text(group, "bc_type", periodic ? "PERIODIC" : "WALL") |
        weir_h5_put_bool(group, "sample_varying", false) |
        weir_h5_put_bool(group, "time_varying", false) |
        make_mask(group, plan->info->shape.n[axis]);
    H5Gclose(group);
    return rc;
}

/* What has no extent, an ordinary differential equation, has no boundary. */
static int make_boundaries(hid_t file, const struct weir_dataset_plan *plan)
{
    hid_t group = make_group(file, "boundary_conditions");
    int rc = group < 0 ? -1 : 0;
    for (int d = 0; rc == 0 && d < plan->info->shape.dims; d++)
        if (plan->info->extent[d] > 0)
            rc = make_boundary(group, plan, d);
    if (group >= 0)
        H5Gclose(group);
    return rc;
}

/* ---- scalars and fields ---------------------------------------------------- */

static int make_sampled(hid_t group, const struct weir_dataset_plan *plan,
                        size_t i)
{
    hsize_t n = plan->trajectories;
    double *value = weir_array(n, sizeof(*value));
    if (!value)
        return -1;
    for (hsize_t t = 0; t < n; t++)
        value[t] = plan->parameters[t * plan->space->n + i];
    int rc = make_reals(group, plan->space->parameter[i].name, plan, 1, &n,
                        value, true);
    free(value);
    return rc;
}

static int make_scalars(hid_t file, const struct weir_dataset_plan *plan,
                        const char *const *name, size_t constants)
{
    hid_t group = make_group(file, "scalars");
    if (group < 0)
        return -1;
    int rc = weir_h5_put_texts(group, "field_names", name,
                               constants + plan->space->n);
    for (size_t i = 0; rc == 0 && i < constants; i++) {
        double value = constant_of(plan, name[i]);
        rc = make_reals(group, name[i], plan, 0, NULL, &value, false);
    }
    for (size_t i = 0; rc == 0 && i < plan->space->n; i++)
        rc = make_sampled(group, plan, i);
    H5Gclose(group);
    return rc;
}

static int make_field(hid_t group, const struct weir_dataset_plan *plan,
                      const char *name)
{
    hsize_t size[WEIR_DATASET_RANK];
    int dims = weir_dataset_sizes(plan, size);
    hid_t d = make(group, name, weir_dataset_type(plan), dims, size);
    int rc = weir_h5_put_bools(d, "dim_varying", true, (size_t)dims - 2) |
             weir_h5_put_bool(d, "sample_varying", true) |
             weir_h5_put_bool(d, "time_varying", true);
    if (d >= 0)
        H5Dclose(d);
    return rc;
}

static int make_fields(hid_t file, const struct weir_dataset_plan *plan)
{
    static const char *const order[] = {"t0_fields", "t1_fields", "t2_fields"};
    int rc = 0;
    for (int i = 0; rc == 0 && i < 3; i++) {
        size_t n = i ? 0 : (size_t)plan->info->shape.channels;
        hid_t group = make_group(file, order[i]);
        rc = weir_h5_put_texts(group, "field_names", plan->info->field, n);
        for (size_t c = 0; rc == 0 && c < n; c++)
            rc = make_field(group, plan, plan->info->field[c]);
        if (group >= 0)
            H5Gclose(group);
    }
    return rc;
}

/* ---- what The Well has no place for ---------------------------------------- */

static int make_parameters(hid_t file, const struct weir_dataset_plan *plan,
                           const char *const *name)
{
    hsize_t size[2] = {plan->trajectories, plan->space->n};
    if (plan->space->n == 0)
        return 0;
    hid_t d = make(file, WEIR_DATASET_PARAMETERS, H5T_IEEE_F64LE, 2, size);
    int rc = weir_h5_put_texts(d, "names", name, plan->space->n);
    if (d < 0 || H5Dwrite(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                          plan->parameters) < 0)
        rc = -1;
    if (d >= 0)
        H5Dclose(d);
    return rc;
}

static int make_attempts(hid_t file, const struct weir_dataset_plan *plan)
{
    hsize_t n = plan->trajectories;
    uint32_t *none = weir_array(n, sizeof(*none));
    hid_t group = make_group(file, "weir");
    hid_t d = make(file, WEIR_DATASET_ATTEMPTS, H5T_STD_U32LE, 1, &n);
    int rc = -1;
    if (none && d >= 0)
        rc =
            H5Dwrite(d, H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, none);
    if (d >= 0)
        H5Dclose(d);
    if (group >= 0)
        H5Gclose(group);
    free(none);
    return rc < 0 ? -1 : 0;
}

int weir_dataset_lay_out(hid_t file, const struct weir_dataset_plan *plan)
{
    size_t constants;
    const char **name = list_scalars(plan, &constants);
    int rc = name ? put_root(file, plan, name, constants) : -1;
    rc = rc ? rc : make_dimensions(file, plan);
    rc = rc ? rc : make_boundaries(file, plan);
    rc = rc ? rc : make_scalars(file, plan, name, constants);
    rc = rc ? rc : make_parameters(file, plan, name + constants);
    rc = rc ? rc : make_attempts(file, plan);
    rc = rc ? rc : make_fields(file, plan);
    free(name);
    return rc;
}

/* ---- one trajectory -------------------------------------------------------- */

/* Write row @p row of a dataset whose rows are @p width numbers, or one. */
static int put_row(hid_t in, const char *name, uint64_t row, hsize_t width,
                   const double *value)
{
    hsize_t start[2] = {row, 0}, count[2] = {1, width ? width : 1};
    hid_t d = H5Dopen2(in, name, H5P_DEFAULT);
    if (d < 0)
        return -1;
    hid_t in_file = H5Dget_space(d);
    hid_t in_memory = H5Screate_simple(1, &count[1], NULL);
    herr_t rc =
        H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start, NULL, count, NULL);
    if (rc >= 0)
        rc = H5Dwrite(d, H5T_NATIVE_DOUBLE, in_memory, in_file, H5P_DEFAULT,
                      value);
    H5Sclose(in_memory);
    H5Sclose(in_file);
    H5Dclose(d);
    return rc < 0 ? -1 : 0;
}

static int put_axes(hid_t file, const struct weir_dataset_plan *plan,
                    uint64_t trajectory, const double *value)
{
    int rc = 0;
    for (int d = 0; rc == 0 && d < plan->info->shape.dims; d++) {
        size_t n = (size_t)plan->info->shape.n[d];
        double *x = weir_array(n, sizeof(*x));
        char name[32];
        if (!x)
            return -1;
        snprintf(name, sizeof(name), "dimensions/%s", weir_dataset_axis[d]);
        fill_axis(plan, d, stretch_of(plan, value), x);
        rc = put_row(file, name, trajectory, n, x);
        free(x);
    }
    return rc;
}

int weir_dataset_put_parameters(hid_t file,
                                const struct weir_dataset_plan *plan,
                                uint64_t trajectory, const double *value)
{
    size_t n = plan->space->n;
    if (n == 0)
        return 0;
    hid_t group = H5Gopen2(file, "scalars", H5P_DEFAULT);
    int rc =
        put_row(file, WEIR_DATASET_PARAMETERS, trajectory, n, value) |
        (length_parameter(plan) < 0 ? 0
                                    : put_axes(file, plan, trajectory, value));
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = put_row(group, plan->space->parameter[i].name, trajectory, 0,
                     value + i);
    if (group >= 0)
        H5Gclose(group);
    return rc;
}
