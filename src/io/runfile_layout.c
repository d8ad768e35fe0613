/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/runfile_parts.h"

#include "base/err.h"
#include "weir/version.h"

#include <stdio.h>
#include <string.h>

#define STATUS      "status"
#define CHUNK_BYTES 16384u

uint32_t weir_runfile_width(const struct weir_column *c)
{
    return c->width ? c->width : 1;
}

size_t weir_runfile_bytes(const struct weir_column *c)
{
    return weir_runfile_width(c) * weir_dtype_bytes(c->dtype);
}

static int check_column(const struct weir_runfile_table *t, size_t i)
{
    const struct weir_column *c = t->column + i;
    if (!c->name[0] || strchr(c->name, '/') || !c->help)
        return WEIR_FAIL(EINVAL,
                         "table '%s': column '%s' has no plain name "
                         "or no description",
                         t->path, c->name);
    if (c->text && c->dtype != WEIR_U8)
        return WEIR_FAIL(EINVAL, "column '%s/%s': text of %s", t->path, c->name,
                         weir_dtype_name(c->dtype));
    if (c->offset + weir_runfile_bytes(c) > t->row_bytes)
        return WEIR_FAIL(EINVAL,
                         "column '%s/%s' ends at byte %zu of a row of "
                         "%zu",
                         t->path, c->name, c->offset + weir_runfile_bytes(c),
                         t->row_bytes);
    for (size_t k = 0; k < i; k++)
        if (strcmp(t->column[k].name, c->name) == 0)
            return WEIR_FAIL(EINVAL, "column '%s/%s' is declared twice",
                             t->path, c->name);
    return 0;
}

int weir_runfile_check(const struct weir_runfile_table *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!table[i].path[0] || strcmp(table[i].path, STATUS) == 0)
            return WEIR_FAIL(EINVAL, "table '%s' needs another name",
                             table[i].path);
        for (size_t k = 0; k < i; k++)
            if (strcmp(table[k].path, table[i].path) == 0)
                return WEIR_FAIL(EINVAL, "table '%s' is declared twice",
                                 table[i].path);
        for (size_t c = 0; table[i].column[c].name; c++) {
            int rc = check_column(table + i, c);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

static hid_t make_type(const struct weir_column *c)
{
    if (!c->text)
        return H5Tcopy(weir_h5_type(c->dtype));
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0) {
        H5Tset_size(type, weir_runfile_width(c));
        H5Tset_strpad(type, H5T_STR_NULLPAD);
        H5Tset_cset(type, H5T_CSET_UTF8);
    }
    return type;
}

static hid_t make_layout(const struct table *t, const struct column *col,
                         int dims)
{
    static const unsigned char zeros[8];
    hsize_t rows = t->decl->chunk_rows, width = weir_runfile_width(col->decl);
    hid_t p = H5Pcreate(H5P_DATASET_CREATE);
    if (rows == 0)
        rows = CHUNK_BYTES / col->bytes ? CHUNK_BYTES / col->bytes : 1;
    hsize_t chunk[2] = {rows, width};
    if (p < 0 || H5Pset_chunk(p, dims, chunk) < 0 ||
        H5Pset_fill_time(p, H5D_FILL_TIME_ALLOC) < 0 ||
        H5Pset_obj_track_times(p, false) < 0)
        return -1;
    if (!col->decl->text && H5Pset_fill_value(p, col->type, zeros) < 0)
        return -1;
    return p;
}

static herr_t describe(hid_t object, const char *help, const char *unit)
{
    if (weir_h5_write_text(object, "description", help) < 0)
        return -1;
    return unit ? weir_h5_write_text(object, "unit", unit) : 0;
}

static herr_t make_column(hid_t group, const struct table *t,
                          struct column *col)
{
    const struct weir_column *c = col->decl;
    hsize_t now[2] = {0, weir_runfile_width(c)};
    hsize_t limit[2] = {H5S_UNLIMITED, weir_runfile_width(c)};
    int dims = c->text || weir_runfile_width(c) == 1 ? 1 : 2;
    col->type = make_type(c);
    hid_t layout = make_layout(t, col, dims);
    hid_t space = H5Screate_simple(dims, now, limit);
    if (col->type < 0 || layout < 0 || space < 0)
        return -1;
    col->dataset = H5Dcreate2(group, c->name, col->type, space, H5P_DEFAULT,
                              layout, H5P_DEFAULT);
    if (col->dataset < 0)
        return -1;
    H5Sclose(space);
    H5Pclose(layout);
    return describe(col->dataset, c->help, c->unit);
}

static herr_t make_table(hid_t file, struct table *t)
{
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    hid_t group =
        H5Gcreate2(file, t->decl->path, links, H5P_DEFAULT, H5P_DEFAULT);
    if (group < 0 || describe(group, t->decl->help, NULL) < 0)
        return -1;
    for (size_t c = 0; c < t->n; c++)
        if (make_column(group, t, t->column + c) < 0)
            return -1;
    H5Gclose(group);
    H5Pclose(links);
    return 0;
}

herr_t weir_runfile_write_status(struct weir_runfile *rf, int32_t value)
{
    return H5Dwrite(rf->status, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                    &value);
}

static herr_t make_status(struct weir_runfile *rf)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    /* Space now: none can be given out once readers follow. */
    if (H5Pset_alloc_time(layout, H5D_ALLOC_TIME_EARLY) < 0 ||
        H5Pset_obj_track_times(layout, false) < 0)
        return -1;
    rf->status = H5Dcreate2(rf->file, STATUS, H5T_STD_I32LE, space, H5P_DEFAULT,
                            layout, H5P_DEFAULT);
    if (rf->status < 0)
        return -1;
    H5Sclose(space);
    H5Pclose(layout);
    if (describe(rf->status, "0: being written, else how it ended", NULL) < 0)
        return -1;
    return weir_runfile_write_status(rf, 0);
}

herr_t weir_runfile_make_objects(struct weir_runfile *rf,
                                 const struct weir_text *attribute, size_t n)
{
    char format[16];
    snprintf(format, sizeof(format), "%d", WEIR_RUNFILE_FORMAT);
    if (weir_h5_write_text(rf->file, "weir.format", format) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (weir_h5_write_text(rf->file, attribute[i].key, attribute[i].value) <
            0)
            return -1;
    for (size_t t = 0; t < rf->n; t++)
        if (make_table(rf->file, rf->table + t) < 0)
            return -1;
    return make_status(rf);
}

herr_t weir_runfile_open_columns(struct weir_runfile *rf)
{
    for (size_t t = 0; t < rf->n; t++) {
        struct table *table = rf->table + t;
        hid_t group = H5Gopen2(rf->file, table->decl->path, H5P_DEFAULT);
        for (size_t c = 0; c < table->n; c++) {
            struct column *col = table->column + c;
            col->dataset = H5Dopen2(group, col->decl->name, H5P_DEFAULT);
            if (col->dataset < 0)
                return -1;
        }
        H5Gclose(group);
    }
    rf->status = H5Dopen2(rf->file, STATUS, H5P_DEFAULT);
    return rf->status < 0 ? -1 : 0;
}

void weir_runfile_close_columns(struct weir_runfile *rf)
{
    for (size_t t = 0; t < rf->n; t++)
        for (size_t c = 0; c < rf->table[t].n; c++) {
            struct column *col = rf->table[t].column + c;
            if (col->dataset >= 0)
                H5Dclose(col->dataset);
            col->dataset = -1;
        }
    if (rf->status >= 0)
        H5Dclose(rf->status);
    rf->status = -1;
}
