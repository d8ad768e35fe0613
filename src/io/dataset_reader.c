/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/dataset_reader.h"

#include "base/err.h"
#include "io/dataset_layout.h"
#include "io/hdf5.h"
#include "io/hdf5_attribute.h"
#include "weir/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct weir_dataset_reader {
    char *path, *name, *equation, *config, *names;
    hid_t file;
    hid_t *field;
    const char **field_name; /* into names */
    struct weir_dataset_info info;
};

static int not_well(const struct weir_dataset_reader *r, const char *what)
{
    WEIR_FAIL(WEIR_ECONFIG, "%s: no data set of trajectories: %s", r->path,
              what);
    return weir_err_hint("'weir generate' writes them, in the layout of The "
                         "Well");
}

static char *text_or_empty(hid_t object, const char *name)
{
    char *text = weir_h5_get_texts(object, name, ' ');
    return text ? text : strdup("");
}

static int open_file(struct weir_dataset_reader *r)
{
    if (access(r->path, R_OK))
        return WEIR_FAIL(WEIR_ECONFIG, "%s: %s", r->path, strerror(errno));
    hid_t properties = weir_h5_access();
#if H5_VERSION_GE(1, 10, 7)
    /* A partial file's writer holds its lock; what we read stays in place. */
    H5Pset_file_locking(properties, false, true);
#endif
    r->file = H5Fopen(r->path, H5F_ACC_RDONLY, properties);
    if (properties >= 0)
        H5Pclose(properties);
    return r->file < 0 ? not_well(r, "not an HDF5 file, or damaged") : 0;
}

static int read_texts(struct weir_dataset_reader *r)
{
    char *format = weir_h5_get_texts(r->file, "weir.dataset", ' ');
    int newer = format ? atoi(format) : 0;
    free(format);
    if (newer > WEIR_DATASET_FORMAT) {
        WEIR_FAIL(ENOTSUP, "data set '%s' has format %d, this is %d", r->path,
                  newer, WEIR_DATASET_FORMAT);
        return weir_err_hint("use the Weir that wrote it, or a newer one");
    }
    r->name = weir_h5_get_texts(r->file, "dataset_name", ' ');
    if (!r->name)
        return not_well(r, "no attribute dataset_name");
    r->equation = text_or_empty(r->file, "equation");
    r->config = text_or_empty(r->file, "config");
    if (!r->equation || !r->config)
        return WEIR_FAIL(ENOMEM, "%s", r->path);
    r->info.name = r->name;
    r->info.equation = r->equation;
    r->info.config = r->config;
    return 0;
}

static int split_names(struct weir_dataset_reader *r)
{
    int n = 1;
    for (const char *p = r->names; *p; p++)
        n += *p == '\n';
    r->field = calloc((size_t)n, sizeof(*r->field));
    r->field_name = calloc((size_t)n, sizeof(*r->field_name));
    if (!r->field || !r->field_name)
        return WEIR_FAIL(ENOMEM, "%s", r->path);
    char *at = r->names;
    for (int i = 0; i < n; i++) {
        char *end = strchr(at, '\n');
        r->field_name[i] = at;
        r->field[i] = -1;
        if (end) {
            *end = '\0';
            at = end + 1;
        }
    }
    r->info.field = r->field_name;
    r->info.shape.channels = n;
    return 0;
}

/* Every field has the sizes of the first. */
static int look_at_field(struct weir_dataset_reader *r, int i)
{
    hsize_t size[H5S_MAX_RANK];
    char what[300];
    snprintf(what, sizeof(what), "t0_fields/%s", r->field_name[i]);
    if (H5Lexists(r->file, what, H5P_DEFAULT) > 0)
        r->field[i] = H5Dopen2(r->file, what, H5P_DEFAULT);
    if (r->field[i] < 0)
        return not_well(r, what);
    hid_t space = H5Dget_space(r->field[i]), type = H5Dget_type(r->field[i]);
    int dims = H5Sget_simple_extent_dims(space, size, NULL);
    bool real = H5Tget_class(type) == H5T_FLOAT;
    int dtype = weir_h5_dtype(type);
    H5Sclose(space);
    H5Tclose(type);
    snprintf(what, sizeof(what),
             "t0_fields/%s is not real (trajectory, time, x[, y])",
             r->field_name[i]);
    if (!real || dims < 3 || dims > WEIR_DATASET_RANK)
        return not_well(r, what);
    struct weir_shape shape = {
        .channels = r->info.shape.channels,
        .dims = dims - 2,
        .n = {(int)size[2], dims > 3 ? (int)size[3] : 1}};
    if (i == 0) {
        r->info.trajectories = size[0];
        r->info.frames = (uint32_t)size[1];
        r->info.shape = shape;
        r->info.dtype = dtype == WEIR_F64 ? WEIR_F64 : WEIR_F32;
    }
    if (r->info.trajectories != size[0] || r->info.frames != size[1] ||
        memcmp(&r->info.shape, &shape, sizeof(shape)))
        return not_well(r, "its fields differ in shape");
    return 0;
}

static int open_fields(struct weir_dataset_reader *r)
{
    hid_t group = H5Lexists(r->file, "t0_fields", H5P_DEFAULT) > 0
                      ? H5Gopen2(r->file, "t0_fields", H5P_DEFAULT)
                      : -1;
    if (group < 0)
        return not_well(r, "no group t0_fields");
    r->names = weir_h5_get_texts(group, "field_names", '\n');
    H5Gclose(group);
    if (!r->names || !r->names[0])
        return not_well(r, "no field_names in t0_fields");
    int rc = split_names(r);
    for (int i = 0; rc == 0 && i < r->info.shape.channels; i++)
        rc = look_at_field(r, i);
    return rc;
}

static void read_dt(struct weir_dataset_reader *r)
{
    double time[2];
    hsize_t size[H5S_MAX_RANK], start[2] = {0, 0}, count[2] = {1, 2}, two = 2;
    if (H5Lexists(r->file, "dimensions", H5P_DEFAULT) <= 0 ||
        H5Lexists(r->file, "dimensions/time", H5P_DEFAULT) <= 0)
        return;
    hid_t set = H5Dopen2(r->file, "dimensions/time", H5P_DEFAULT);
    hid_t in_file = H5Dget_space(set);
    hid_t in_memory = H5Screate_simple(1, &two, NULL);
    int dims = H5Sget_simple_extent_dims(in_file, size, NULL);
    if ((dims == 1 || dims == 2) && size[dims - 1] > 1 &&
        H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start, NULL,
                            dims == 1 ? count + 1 : count, NULL) >= 0 &&
        H5Dread(set, H5T_NATIVE_DOUBLE, in_memory, in_file, H5P_DEFAULT,
                time) >= 0)
        r->info.dt = time[1] - time[0];
    H5Sclose(in_memory);
    H5Sclose(in_file);
    H5Dclose(set);
}

/* Only a file of Weir's own says which trajectories it has. */
static int count_missing(struct weir_dataset_reader *r)
{
    if (H5Lexists(r->file, "weir", H5P_DEFAULT) <= 0 ||
        H5Lexists(r->file, WEIR_DATASET_ATTEMPTS, H5P_DEFAULT) <= 0)
        return 0;
    uint32_t *attempts = calloc(r->info.trajectories + 1, sizeof(*attempts));
    hid_t set = H5Dopen2(r->file, WEIR_DATASET_ATTEMPTS, H5P_DEFAULT);
    hid_t space = H5Dget_space(set);
    int rc = -1;
    if (attempts &&
        H5Sget_simple_extent_npoints(space) == (hssize_t)r->info.trajectories)
        rc = H5Dread(set, H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                     attempts);
    for (uint64_t i = 0; rc >= 0 && i < r->info.trajectories; i++)
        r->info.missing += attempts[i] == 0;
    H5Sclose(space);
    H5Dclose(set);
    free(attempts);
    return rc < 0 ? not_well(r, WEIR_DATASET_ATTEMPTS) : 0;
}

static int load(struct weir_dataset_reader *r)
{
    int rc = open_file(r);
    rc = rc ? rc : read_texts(r);
    rc = rc ? rc : open_fields(r);
    rc = rc ? rc : count_missing(r);
    if (rc == 0)
        read_dt(r);
    return rc;
}

int weir_dataset_reader_open(const char *path, struct weir_dataset_reader **out)
{
    struct weir_dataset_reader *r = calloc(1, sizeof(*r));
    if (!r)
        return WEIR_FAIL(ENOMEM, "%s", path);
    r->file = -1;
    r->path = strdup(path);
    int rc;
    WEIR_H5_QUIET_BEGIN
    rc = r->path ? load(r) : WEIR_FAIL(ENOMEM, "%s", path);
    WEIR_H5_QUIET_END
    if (rc)
        weir_dataset_reader_close(r);
    else
        *out = r;
    return rc;
}

void weir_dataset_reader_close(struct weir_dataset_reader *r)
{
    if (!r)
        return;
    weir_h5_lock();
    for (int c = 0; r->field && c < r->info.shape.channels; c++)
        if (r->field[c] >= 0)
            H5Dclose(r->field[c]);
    if (r->file >= 0)
        H5Fclose(r->file);
    weir_h5_unlock();
    free(r->field);
    free(r->field_name);
    free(r->names);
    free(r->name);
    free(r->equation);
    free(r->config);
    free(r->path);
    free(r);
}

const struct weir_dataset_info *weir_dataset_reader_info(
    const struct weir_dataset_reader *r)
{
    return &r->info;
}

char *weir_dataset_reader_text(struct weir_dataset_reader *r, const char *key)
{
    char *text;
    WEIR_H5_QUIET_BEGIN
    text = weir_h5_get_texts(r->file, key, ' ');
    WEIR_H5_QUIET_END
    return text;
}

int weir_dataset_reader_parameters(struct weir_dataset_reader *r,
                                   struct weir_dataset_parameters *out)
{
    int rc;
    WEIR_H5_QUIET_BEGIN
    rc = weir_dataset_read_parameters(r->file, r->info.trajectories, out);
    WEIR_H5_QUIET_END
    if (rc)
        weir_dataset_parameters_free(out);
    return rc ? not_well(r, "its parameters cannot be read") : 0;
}

/* One channel into its place between the others. */
static herr_t read_channel(const struct weir_dataset_reader *r, int channel,
                           uint64_t trajectory, uint32_t first, uint32_t n,
                           hid_t type, void *out)
{
    const struct weir_shape *s = &r->info.shape;
    hsize_t points = (hsize_t)s->n[0] * (hsize_t)s->n[1];
    hsize_t start[4] = {trajectory, first};
    hsize_t count[4] = {1, n, (hsize_t)s->n[0], (hsize_t)s->n[1]};
    hsize_t frames[2] = {n, points * (hsize_t)s->channels};
    hsize_t at[2] = {0, points * (hsize_t)channel}, part[2] = {n, points};
    hid_t in_file = H5Dget_space(r->field[channel]);
    hid_t in_memory = H5Screate_simple(2, frames, NULL);
    herr_t rc = -1;
    if (H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start, NULL, count,
                            NULL) >= 0 &&
        H5Sselect_hyperslab(in_memory, H5S_SELECT_SET, at, NULL, part, NULL) >=
            0)
        rc = H5Dread(r->field[channel], type, in_memory, in_file, H5P_DEFAULT,
                     out);
    H5Sclose(in_memory);
    H5Sclose(in_file);
    return rc;
}

int weir_dataset_reader_frames(struct weir_dataset_reader *r,
                               uint64_t trajectory, uint32_t first, uint32_t n,
                               enum weir_dtype as, void *out)
{
    herr_t rc = 0;
    if (trajectory >= r->info.trajectories || n > r->info.frames ||
        first > r->info.frames - n)
        return WEIR_FAIL(
            ERANGE, "data set '%s': %llu trajectories of %u frames", r->path,
            (unsigned long long)r->info.trajectories, r->info.frames);
    WEIR_H5_QUIET_BEGIN
    for (int c = 0; n && rc >= 0 && c < r->info.shape.channels; c++)
        rc = read_channel(r, c, trajectory, first, n, weir_h5_type(as), out);
    WEIR_H5_QUIET_END
    return rc < 0 ? WEIR_FAIL(WEIR_ECORRUPT,
                              "data set '%s': trajectory %llu cannot be read",
                              r->path, (unsigned long long)trajectory)
                  : 0;
}
