/* SPDX-License-Identifier: BSD-3-Clause */
/* The parameters of a data set's trajectories. */
#include "io/dataset_layout.h"

#include "base/heap.h"
#include "io/hdf5.h"
#include "io/hdf5_attribute.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static size_t count_names(const char *names)
{
    size_t n = names && *names ? 1 : 0;
    for (const char *p = n ? names : ""; *p; p++)
        n += *p == '\n';
    return n;
}

/* The whole of @p set, which has @p dims axes: @p rows, then @p columns. */
static bool read_reals(hid_t set, int dims, hsize_t rows, hsize_t columns,
                       double *out)
{
    hsize_t size[H5S_MAX_RANK] = {0};
    hid_t space = H5Dget_space(set), type = H5Dget_type(set);
    bool fits =
        H5Sget_simple_extent_ndims(space) == dims &&
        H5Sget_simple_extent_dims(space, size, NULL) == dims &&
        size[0] == rows && (dims == 1 || size[1] == columns) &&
        (H5Tget_class(type) == H5T_FLOAT || H5Tget_class(type) == H5T_INTEGER);
    H5Tclose(type);
    H5Sclose(space);
    return fits && H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL,
                           H5P_DEFAULT, out) >= 0;
}

/* The table that Weir writes. */
static int read_table(hid_t file, uint64_t rows,
                      struct weir_dataset_parameters *out)
{
    hid_t set = H5Dopen2(file, WEIR_DATASET_PARAMETERS, H5P_DEFAULT);
    out->names = weir_h5_get_texts(set, "names", '\n');
    out->n = count_names(out->names);
    out->value = weir_array(rows * out->n + 1, sizeof(*out->value));
    bool good =
        out->value && (!out->n || read_reals(set, 2, rows, out->n, out->value));
    H5Dclose(set);
    return good ? 0 : -1;
}

/* One column, if scalar @p name is one number a trajectory. */
static bool read_scalar(hid_t group, const char *name, uint64_t rows,
                        double *column)
{
    if (H5Lexists(group, name, H5P_DEFAULT) <= 0)
        return false;
    hid_t set = H5Dopen2(group, name, H5P_DEFAULT);
    bool is = set >= 0 && read_reals(set, 1, rows, 1, column);
    if (set >= 0)
        H5Dclose(set);
    return is;
}

/* Of any other file: the scalars that vary with the trajectory alone. Names of
 * those that do move to the front. */
static void keep_scalars(hid_t group, uint64_t rows, size_t most,
                         double *column, struct weir_dataset_parameters *out)
{
    char *from = out->names, *to = out->names;
    for (size_t i = 0; i < most; i++) {
        size_t length = strcspn(from, "\n");
        bool last = from[length] == '\0';
        from[length] = '\0';
        if (read_scalar(group, from, rows, column)) {
            for (uint64_t t = 0; t < rows; t++)
                out->value[t * most + out->n] = column[t];
            memmove(to, from, length);
            to += length;
            *to++ = '\n';
            out->n++;
        }
        from += length + !last;
    }
    if (to > out->names)
        to--;
    *to = '\0';
    for (uint64_t t = 0; t < rows; t++)
        memmove(out->value + t * out->n, out->value + t * most,
                out->n * sizeof(*out->value));
}

static int read_scalars(hid_t file, uint64_t rows,
                        struct weir_dataset_parameters *out)
{
    hid_t group = H5Gopen2(file, "scalars", H5P_DEFAULT);
    out->names = weir_h5_get_texts(group, "field_names", '\n');
    size_t most = count_names(out->names);
    double *column = weir_array(rows + 1, sizeof(*column));
    out->value = weir_array(rows * most + 1, sizeof(*out->value));
    bool ready = column && out->value;
    if (ready && most)
        keep_scalars(group, rows, most, column, out);
    free(column);
    H5Gclose(group);
    return ready ? 0 : -1;
}

int weir_dataset_read_parameters(hid_t file, uint64_t trajectories,
                                 struct weir_dataset_parameters *out)
{
    *out = (struct weir_dataset_parameters){0};
    if (H5Lexists(file, WEIR_DATASET_PARAMETERS, H5P_DEFAULT) > 0)
        return read_table(file, trajectories, out);
    if (H5Lexists(file, "scalars", H5P_DEFAULT) > 0)
        return read_scalars(file, trajectories, out);
    return 0;
}

void weir_dataset_parameters_free(struct weir_dataset_parameters *p)
{
    free(p->names);
    free(p->value);
    *p = (struct weir_dataset_parameters){0};
}
