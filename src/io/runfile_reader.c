/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/runfile_reader.h"

#include "base/err.h"
#include "io/hdf5.h"
#include "weir/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct open_column {
    struct weir_runfile_column seen; /* what the caller gets */
    hid_t dataset;
};

struct weir_runfile_reader {
    char *path;
    hid_t file;
    struct open_column *column;
    size_t n, room;
    struct weir_text *attribute;
    size_t n_attributes;
    int status;
};

static int damaged(const struct weir_runfile_reader *r, const char *what)
{
    char reason[256];
    weir_h5_reason(reason, sizeof(reason));
    return WEIR_FAIL(WEIR_ECORRUPT, "run file '%s' is damaged: %s%s%s", r->path,
                     what, reason[0] ? ": " : "", reason);
}

static char *text_or_empty(hid_t object, const char *name)
{
    char *text = weir_h5_read_text(object, name);
    return text ? text : strdup("");
}

static int read_rows(struct open_column *c)
{
    hsize_t size[H5S_MAX_RANK] = {0};
    hid_t space = H5Dget_space(c->dataset);
    if (space < 0 || H5Sget_simple_extent_dims(space, size, NULL) < 0)
        return -1;
    H5Sclose(space);
    c->seen.rows = size[0];
    return 0;
}

/* Shape and type of a column. @return 1 yes, 0 not one of ours, < 0 damaged */
static int read_kind(struct open_column *c)
{
    hsize_t size[H5S_MAX_RANK] = {0};
    hid_t type = H5Dget_type(c->dataset), space = H5Dget_space(c->dataset);
    if (type < 0 || space < 0)
        return -1;
    int dims = H5Sget_simple_extent_dims(space, size, NULL);
    int dtype = weir_h5_dtype(type);
    c->seen.text = H5Tget_class(type) == H5T_STRING;
    c->seen.width = dims == 2 ? (uint32_t)size[1] : 1;
    if (c->seen.text) {
        dtype = H5Tis_variable_str(type) ? -ENOTSUP : (int)WEIR_U8;
        c->seen.width = (uint32_t)H5Tget_size(type);
    }
    H5Tclose(type);
    H5Sclose(space);
    if (dims < 1 || dims > 2 || dtype < 0)
        return 0;
    c->seen.dtype = (enum weir_dtype)dtype;
    c->seen.rows = size[0];
    return 1;
}

static struct open_column *add_column(struct weir_runfile_reader *r)
{
    if (r->n == r->room) {
        size_t room = 2 * r->room + 32;
        struct open_column *more = realloc(r->column, room * sizeof(*more));
        if (!more)
            return NULL;
        r->column = more;
        r->room = room;
    }
    r->column[r->n] = (struct open_column){.dataset = -1};
    return r->column + r->n;
}

static herr_t visit(hid_t file, const char *name, const H5L_info_t *info,
                    void *ctx)
{
    struct weir_runfile_reader *r = ctx;
    if (info->type != H5L_TYPE_HARD)
        return 0;
    hid_t object = H5Oopen(file, name, H5P_DEFAULT);
    if (object < 0)
        return -1;
    if (H5Iget_type(object) != H5I_DATASET) {
        H5Oclose(object);
        return 0;
    }
    struct open_column *c = add_column(r);
    if (!c) {
        H5Oclose(object);
        return -1;
    }
    c->dataset = object;
    int ours = read_kind(c);
    if (ours <= 0) {
        H5Oclose(object);
        return ours;
    }
    c->seen.path = strdup(name);
    c->seen.unit = text_or_empty(object, "unit");
    c->seen.help = text_or_empty(object, "description");
    r->n++;
    return 0;
}

static int read_attributes(struct weir_runfile_reader *r)
{
    H5O_info_t info;
    char name[256];
    if (H5Oget_info(r->file, &info) < 0)
        return -1;
    r->attribute = calloc((size_t)info.num_attrs + 1, sizeof(*r->attribute));
    if (!r->attribute)
        return -1;
    for (hsize_t i = 0; i < info.num_attrs; i++) {
        if (H5Aget_name_by_idx(r->file, ".", H5_INDEX_NAME, H5_ITER_INC, i,
                               name, sizeof(name), H5P_DEFAULT) < 0)
            return -1;
        char *value = weir_h5_read_text(r->file, name);
        if (!value)
            continue;
        r->attribute[r->n_attributes++] =
            (struct weir_text){strdup(name), value};
    }
    return 0;
}

static int check_format(const struct weir_runfile_reader *r)
{
    const char *format = NULL;
    for (size_t i = 0; i < r->n_attributes; i++)
        if (strcmp(r->attribute[i].key, "weir.format") == 0)
            format = r->attribute[i].value;
    if (!format)
        return damaged(r, "no attribute weir.format");
    if (atoi(format) > WEIR_RUNFILE_FORMAT) {
        WEIR_FAIL(ENOTSUP, "run file '%s' has format %s, this is %d", r->path,
                  format, WEIR_RUNFILE_FORMAT);
        return weir_err_hint("use the Weir that wrote it, or a newer one");
    }
    return 0;
}

static int read_status(struct weir_runfile_reader *r)
{
    int32_t value = 0;
    hid_t d = H5Dopen2(r->file, "status", H5P_DEFAULT);
    if (d < 0 || H5Drefresh(d) < 0 ||
        H5Dread(d, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value) < 0)
        return -1;
    H5Dclose(d);
    r->status = value;
    return 0;
}

static int load(struct weir_runfile_reader *r)
{
    if (access(r->path, R_OK) < 0)
        return WEIR_FAIL(errno, "run file '%s'", r->path);
    hid_t properties = weir_h5_access();
    r->file = H5Fopen(r->path, H5F_ACC_RDONLY | H5F_ACC_SWMR_READ, properties);
    if (r->file < 0)
        return damaged(r, "cannot be opened");
    H5Pclose(properties);
    if (read_attributes(r) < 0)
        return damaged(r, "attributes");
    int rc = check_format(r);
    if (rc < 0)
        return rc;
    if (H5Lvisit(r->file, H5_INDEX_NAME, H5_ITER_INC, visit, r) < 0)
        return damaged(r, "datasets");
    return read_status(r) < 0 ? damaged(r, "status") : 0;
}

int weir_runfile_reader_open(const char *path, struct weir_runfile_reader **out)
{
    struct weir_runfile_reader *r = calloc(1, sizeof(*r));
    int rc = -ENOMEM;
    if (r) {
        r->file = -1;
        r->path = strdup(path);
    }
    if (!r || !r->path)
        WEIR_FAIL(ENOMEM, "run file '%s'", path);
    else {
        WEIR_H5_QUIET_BEGIN
        rc = load(r);
        WEIR_H5_QUIET_END
    }
    if (rc < 0) {
        weir_runfile_reader_close(r);
        return rc;
    }
    *out = r;
    return 0;
}

void weir_runfile_reader_close(struct weir_runfile_reader *r)
{
    if (!r)
        return;
    WEIR_H5_QUIET_BEGIN
    for (size_t i = 0; i < r->n; i++) {
        H5Dclose(r->column[i].dataset);
        free((char *)r->column[i].seen.path);
        free((char *)r->column[i].seen.unit);
        free((char *)r->column[i].seen.help);
    }
    for (size_t i = 0; i < r->n_attributes; i++) {
        free((char *)r->attribute[i].key);
        free((char *)r->attribute[i].value);
    }
    if (r->file >= 0)
        H5Fclose(r->file);
    WEIR_H5_QUIET_END
    free(r->column);
    free(r->attribute);
    free(r->path);
    free(r);
}

const struct weir_runfile_column *weir_runfile_reader_column(
    const struct weir_runfile_reader *r, size_t i)
{
    return i < r->n ? &r->column[i].seen : NULL;
}

static const struct open_column *find(const struct weir_runfile_reader *r,
                                      const char *path)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->column[i].seen.path, path) == 0)
            return r->column + i;
    return NULL;
}

const struct weir_runfile_column *weir_runfile_reader_find(
    const struct weir_runfile_reader *r, const char *path)
{
    const struct open_column *c = find(r, path);
    return c ? &c->seen : NULL;
}

uint64_t weir_runfile_reader_rows(const struct weir_runfile_reader *r,
                                  const char *path)
{
    size_t length = strlen(path);
    uint64_t rows = UINT64_MAX;
    for (size_t i = 0; i < r->n; i++) {
        const struct weir_runfile_column *c = &r->column[i].seen;
        if (strncmp(c->path, path, length) == 0 && c->path[length] == '/' &&
            !strchr(c->path + length + 1, '/') && c->rows < rows)
            rows = c->rows;
    }
    return rows == UINT64_MAX ? 0 : rows;
}

const struct weir_text *weir_runfile_reader_attribute(
    const struct weir_runfile_reader *r, size_t i)
{
    return i < r->n_attributes ? r->attribute + i : NULL;
}

int weir_runfile_reader_status(const struct weir_runfile_reader *r)
{
    return r->status;
}

int weir_runfile_reader_refresh(struct weir_runfile_reader *r)
{
    int rc = 0;
    WEIR_H5_QUIET_BEGIN
    for (size_t i = 0; i < r->n && rc == 0; i++)
        if (H5Drefresh(r->column[i].dataset) < 0 || read_rows(r->column + i))
            rc = damaged(r, r->column[i].seen.path);
    if (rc == 0 && read_status(r) < 0)
        rc = damaged(r, "status");
    WEIR_H5_QUIET_END
    return rc;
}

static herr_t read_slab(const struct open_column *c, enum weir_dtype as,
                        uint64_t first, uint64_t n, void *out)
{
    hsize_t start[2] = {first, 0}, count[2] = {n, c->seen.width};
    int dims = c->seen.text || c->seen.width == 1 ? 1 : 2;
    hid_t in_file = H5Dget_space(c->dataset);
    hid_t in_memory = H5Screate_simple(dims, count, NULL);
    hid_t type = c->seen.text ? H5Dget_type(c->dataset) : weir_h5_type(as);
    herr_t rc =
        H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start, NULL, count, NULL);
    if (rc >= 0)
        rc = H5Dread(c->dataset, type, in_memory, in_file, H5P_DEFAULT, out);
    if (rc < 0)
        return rc; /* the stack keeps the reason */
    if (c->seen.text)
        H5Tclose(type);
    H5Sclose(in_file);
    H5Sclose(in_memory);
    return 0;
}

int weir_runfile_reader_read(const struct weir_runfile_reader *r,
                             const char *path, enum weir_dtype as,
                             uint64_t first, uint64_t n, void *out)
{
    const struct open_column *c = find(r, path);
    int rc = 0;
    if (!c || (c->seen.text && as != WEIR_U8))
        return WEIR_FAIL(ENOENT, "run file '%s': column '%s'", r->path, path);
    if (n > c->seen.rows || first > c->seen.rows - n)
        return WEIR_FAIL(ERANGE, "run file '%s': column '%s' has %llu rows",
                         r->path, path, (unsigned long long)c->seen.rows);
    if (n == 0)
        return 0;
    WEIR_H5_QUIET_BEGIN
    if (read_slab(c, as, first, n, out) < 0)
        rc = damaged(r, path);
    WEIR_H5_QUIET_END
    return rc;
}
