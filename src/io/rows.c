/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/rows.h"

#include "base/err.h"
#include "io/hdf5.h"
#include "io/hdf5_attribute.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct weir_rows {
    char *path, *dataset, *names;
    hid_t file, set;
    struct weir_rows_info info;
};

static int open_file(struct weir_rows *r)
{
    if (access(r->path, R_OK))
        return WEIR_FAIL(WEIR_ECONFIG, "%s: %s", r->path, strerror(errno));
    hid_t properties = weir_h5_access();
    r->file = H5Fopen(r->path, H5F_ACC_RDONLY, properties);
    if (r->file < 0) /* a file that grows, as a run's does, wants to be asked */
        r->file =
            H5Fopen(r->path, H5F_ACC_RDONLY | H5F_ACC_SWMR_READ, properties);
    if (properties >= 0)
        H5Pclose(properties);
    return r->file < 0 ? WEIR_FAIL(WEIR_ECONFIG,
                                   "%s: not an HDF5 file, or "
                                   "damaged",
                                   r->path)
                       : 0;
}

static bool exists(hid_t file, const char *dataset)
{
    char group[256];
    const char *slash = strchr(dataset, '/');
    snprintf(group, sizeof(group), "%.*s", slash ? (int)(slash - dataset) : 0,
             dataset);
    return (!slash || H5Lexists(file, group, H5P_DEFAULT) > 0) &&
           H5Lexists(file, dataset, H5P_DEFAULT) > 0;
}

static int measure(struct weir_rows *r)
{
    hsize_t size[H5S_MAX_RANK];
    hid_t type = H5Dget_type(r->set), space = H5Dget_space(r->set);
    H5T_class_t class = H5Tget_class(type);
    int dims = H5Sget_simple_extent_dims(space, size, NULL);
    H5Tclose(type);
    H5Sclose(space);
    if ((class != H5T_FLOAT && class != H5T_INTEGER) || dims < 1 ||
        dims > WEIR_ROWS_DIMS)
        return WEIR_FAIL(WEIR_ECONFIG, "%s: '%s' is no array of numbers",
                         r->path, r->dataset);
    r->info.dims = dims;
    r->info.width = 1;
    for (int d = 0; d < dims; d++) {
        r->info.size[d] = size[d];
        r->info.width *= d ? size[d] : 1;
    }
    r->info.names = r->names = weir_h5_get_texts(r->set, "names", ' ');
    return 0;
}

static int load(struct weir_rows *r)
{
    int rc = open_file(r);
    if (rc)
        return rc;
    if (!exists(r->file, r->dataset))
        return WEIR_FAIL(ENOENT, "%s: no dataset '%s'", r->path, r->dataset);
    r->set = H5Dopen2(r->file, r->dataset, H5P_DEFAULT);
    return r->set < 0 ? WEIR_FAIL(WEIR_ECONFIG, "%s: '%s' is no dataset",
                                  r->path, r->dataset)
                      : measure(r);
}

int weir_rows_open(const char *path, const char *dataset,
                   struct weir_rows **out)
{
    struct weir_rows *r = calloc(1, sizeof(*r));
    if (!r)
        return WEIR_FAIL(ENOMEM, "%s", path);
    r->file = r->set = -1;
    r->path = strdup(path);
    r->dataset = strdup(dataset);
    int rc;
    WEIR_H5_QUIET_BEGIN
    rc = r->path && r->dataset ? load(r) : WEIR_FAIL(ENOMEM, "%s", path);
    WEIR_H5_QUIET_END
    if (rc)
        weir_rows_close(r);
    else
        *out = r;
    return rc;
}

void weir_rows_close(struct weir_rows *r)
{
    if (!r)
        return;
    weir_h5_lock();
    if (r->set >= 0)
        H5Dclose(r->set);
    if (r->file >= 0)
        H5Fclose(r->file);
    weir_h5_unlock();
    free(r->path);
    free(r->dataset);
    free(r->names);
    free(r);
}

const struct weir_rows_info *weir_rows_info(const struct weir_rows *r)
{
    return &r->info;
}

static herr_t read_slab(const struct weir_rows *r, uint64_t first, uint64_t n,
                        double *out)
{
    hsize_t start[WEIR_ROWS_DIMS] = {first}, count[WEIR_ROWS_DIMS];
    hsize_t numbers = n * r->info.width;
    for (int d = 0; d < r->info.dims; d++)
        count[d] = d ? r->info.size[d] : n;
    hid_t in_file = H5Dget_space(r->set);
    hid_t in_memory = H5Screate_simple(1, &numbers, NULL);
    herr_t rc =
        H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start, NULL, count, NULL);
    if (rc >= 0)
        rc = H5Dread(r->set, H5T_NATIVE_DOUBLE, in_memory, in_file, H5P_DEFAULT,
                     out);
    H5Sclose(in_memory);
    H5Sclose(in_file);
    return rc;
}

int weir_rows_read(struct weir_rows *r, uint64_t first, uint64_t n, double *out)
{
    herr_t rc = 0;
    WEIR_H5_QUIET_BEGIN
    if (n * r->info.width > 0)
        rc = read_slab(r, first, n, out);
    WEIR_H5_QUIET_END
    return rc < 0 ? WEIR_FAIL(WEIR_ECORRUPT,
                              "%s: '%s' cannot be read from row %llu on",
                              r->path, r->dataset, (unsigned long long)first)
                  : 0;
}
