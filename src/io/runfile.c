/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/runfile.h"

#include "base/err.h"
#include "io/hdf5.h"
#include "io/hdf5_driver.h"
#include "io/runfile_reader.h"
#include "weir/version.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PENDING_BYTES 65536u /* rows held per table before they are written */
#define CHUNK_BYTES   16384u
#define STATUS        "status"

/* One dataset. */
struct column {
    const struct weir_column *decl;
    hid_t dataset;
    hid_t type;   /* of an element, or of a whole text */
    size_t bytes; /* per row */
    uint64_t rows;
};

struct table {
    const struct weir_runfile_table *decl;
    struct column *column;
    size_t n;
    unsigned char *pending; /* rows not given to HDF5 yet */
    size_t n_pending, max_pending;
    uint64_t rows;    /* given to HDF5 */
    uint64_t flushed; /* of them, flushed */
};

struct weir_runfile {
    char path[PATH_MAX];
    char fresh[PATH_MAX]; /* its name until readers can open it */
    hid_t file, status;
    struct table *table;
    size_t n;
    unsigned char *gathered; /* one column of a block of rows */
    size_t gathered_bytes;
    int write_error; /* set by the driver */
    bool failed;
    uint64_t lost;
};

/* ---- declarations ---- */

static uint32_t width_of(const struct weir_column *c)
{
    return c->width ? c->width : 1;
}

static size_t bytes_of(const struct weir_column *c)
{
    return width_of(c) * weir_dtype_bytes(c->dtype);
}

static size_t count_columns(const struct weir_runfile_table *t)
{
    size_t n = 0;
    while (t->column[n].name)
        n++;
    return n;
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
    if (c->offset + bytes_of(c) > t->row_bytes)
        return WEIR_FAIL(EINVAL,
                         "column '%s/%s' ends at byte %zu of a row of "
                         "%zu",
                         t->path, c->name, c->offset + bytes_of(c),
                         t->row_bytes);
    for (size_t k = 0; k < i; k++)
        if (strcmp(t->column[k].name, c->name) == 0)
            return WEIR_FAIL(EINVAL, "column '%s/%s' is declared twice",
                             t->path, c->name);
    return 0;
}

static int check_tables(const struct weir_runfile_table *table, size_t n)
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

/* ---- failure ---- */

static void close_columns(struct weir_runfile *rf)
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

static void close_file(struct weir_runfile *rf)
{
    close_columns(rf);
    if (rf->file >= 0)
        H5Fclose(rf->file);
    rf->file = -1;
}

/* Turn what HDF5 or the driver met into an error, and stop using the file. */
static int fail(struct weir_runfile *rf)
{
    char reason[256];
    weir_h5_reason(reason, sizeof(reason));
    int error = rf->write_error ? rf->write_error : weir_h5_errno();
    for (size_t t = 0; t < rf->n; t++) {
        struct table *table = rf->table + t;
        rf->lost += table->rows - table->flushed + table->n_pending;
        table->rows = table->flushed;
        table->n_pending = 0;
    }
    rf->failed = true;
    close_file(rf);
    if (rf->write_error)
        return WEIR_FAIL(error, "run file '%s'", rf->path);
    return WEIR_FAIL(error, "run file '%s': %s", rf->path, reason);
}

/* ---- writing ---- */

static herr_t extend(struct column *col, uint64_t rows)
{
    hsize_t size[2] = {rows, width_of(col->decl)};
    herr_t rc = rows > col->rows ? H5Dset_extent(col->dataset, size) : 0;
    if (rc >= 0 && rows > col->rows)
        col->rows = rows;
    return rc;
}

/* Write rows at .. at + n - 1 of one column from contiguous values. */
static herr_t write_column(struct column *col, uint64_t at, uint64_t n,
                           const void *values)
{
    hsize_t start[2] = {at, 0}, count[2] = {n, width_of(col->decl)};
    int dims = col->decl->text || count[1] == 1 ? 1 : 2;
    if (extend(col, at + n) < 0)
        return -1;
    hid_t in_file = H5Dget_space(col->dataset);
    hid_t in_memory = H5Screate_simple(dims, count, NULL);
    herr_t rc =
        H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start, NULL, count, NULL);
    if (rc >= 0)
        rc = H5Dwrite(col->dataset, col->type, in_memory, in_file, H5P_DEFAULT,
                      values);
    /* Closing a space clears the error stack: nothing else may fail here. */
    if (rc >= 0) {
        H5Sclose(in_file);
        H5Sclose(in_memory);
    }
    return rc;
}

static void gather(const struct column *col, const unsigned char *rows,
                   size_t row_bytes, size_t n, unsigned char *to)
{
    const unsigned char *from = rows + col->decl->offset;
    for (size_t i = 0; i < n; i++)
        memcpy(to + i * col->bytes, from + i * row_bytes, col->bytes);
}

/* Write a block of rows: n * col->bytes fits the gathering buffer. */
static int write_block(struct weir_runfile *rf, struct table *t, uint64_t at,
                       const unsigned char *rows, size_t n)
{
    for (size_t c = 0; c < t->n; c++) {
        gather(t->column + c, rows, t->decl->row_bytes, n, rf->gathered);
        if (write_column(t->column + c, at, n, rf->gathered) < 0 ||
            rf->write_error)
            return fail(rf);
    }
    if (at + n > t->rows)
        t->rows = at + n;
    return 0;
}

static int write_pending(struct weir_runfile *rf, struct table *t)
{
    size_t n = t->n_pending;
    if (n == 0)
        return 0;
    t->n_pending = 0;
    return write_block(rf, t, t->rows, t->pending, n);
}

/* Rows that come when the file is closed count as lost. */
static bool is_dropped(struct weir_runfile *rf, uint64_t n)
{
    if (rf->failed)
        rf->lost += n;
    return rf->failed;
}

int weir_runfile_append(struct weir_runfile *rf, size_t t, const void *rows,
                        size_t n)
{
    struct table *table = rf->table + t;
    const unsigned char *from = rows;
    size_t row_bytes = table->decl->row_bytes;
    int rc = 0;
    if (is_dropped(rf, n))
        return 0;
    WEIR_H5_QUIET_BEGIN
    while (n > 0 && rc == 0) {
        size_t part = table->max_pending - table->n_pending;
        if (part > n)
            part = n;
        memcpy(table->pending + table->n_pending * row_bytes, from,
               part * row_bytes);
        table->n_pending += part;
        from += part * row_bytes;
        n -= part;
        if (table->n_pending == table->max_pending)
            rc = write_pending(rf, table);
    }
    WEIR_H5_QUIET_END
    rf->lost += n;
    return rc;
}

int weir_runfile_put(struct weir_runfile *rf, size_t t, uint64_t at,
                     const void *rows, size_t n)
{
    struct table *table = rf->table + t;
    const unsigned char *from = rows;
    if (is_dropped(rf, n))
        return 0;
    int rc;
    WEIR_H5_QUIET_BEGIN
    rc = write_pending(rf, table);
    while (n > 0 && rc == 0) {
        size_t part = n < table->max_pending ? n : table->max_pending;
        rc = write_block(rf, table, at, from, part);
        from += part * table->decl->row_bytes;
        at += part;
        n -= part;
    }
    WEIR_H5_QUIET_END
    rf->lost += n;
    return rc;
}

uint64_t weir_runfile_rows(const struct weir_runfile *rf, size_t t)
{
    return rf->table[t].rows + rf->table[t].n_pending;
}

static int flush(struct weir_runfile *rf)
{
    for (size_t t = 0; t < rf->n; t++) {
        int rc = write_pending(rf, rf->table + t);
        if (rc < 0)
            return rc;
    }
    if (H5Fflush(rf->file, H5F_SCOPE_LOCAL) < 0 || rf->write_error)
        return fail(rf);
    for (size_t t = 0; t < rf->n; t++)
        rf->table[t].flushed = rf->table[t].rows;
    return 0;
}

int weir_runfile_flush(struct weir_runfile *rf)
{
    int rc;
    if (rf->failed)
        return 0;
    WEIR_H5_QUIET_BEGIN
    rc = flush(rf);
    WEIR_H5_QUIET_END
    return rc;
}

int weir_runfile_sync(struct weir_runfile *rf)
{
    void *fd;
    int rc = weir_runfile_flush(rf);
    if (rc < 0 || rf->failed)
        return rc;
    WEIR_H5_QUIET_BEGIN
    if (H5Fget_vfd_handle(rf->file, H5P_DEFAULT, &fd) < 0)
        rc = fail(rf);
    else if (fdatasync(*(int *)fd) < 0) {
        rf->write_error = errno;
        rc = fail(rf);
    }
    WEIR_H5_QUIET_END
    return rc;
}

bool weir_runfile_has_failed(const struct weir_runfile *rf)
{
    return rf->failed;
}

uint64_t weir_runfile_lost(const struct weir_runfile *rf)
{
    return rf->lost;
}

/* ---- creating ---- */

static hid_t make_type(const struct weir_column *c)
{
    if (!c->text)
        return H5Tcopy(weir_h5_type(c->dtype));
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0) {
        H5Tset_size(type, width_of(c));
        H5Tset_strpad(type, H5T_STR_NULLPAD);
        H5Tset_cset(type, H5T_CSET_UTF8);
    }
    return type;
}

static hid_t make_layout(const struct table *t, const struct column *col,
                         int dims)
{
    static const unsigned char zeros[8];
    hsize_t rows = t->decl->chunk_rows, width = width_of(col->decl);
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
    hsize_t now[2] = {0, width_of(c)};
    hsize_t limit[2] = {H5S_UNLIMITED, width_of(c)};
    int dims = c->text || width_of(c) == 1 ? 1 : 2;
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

static herr_t write_status(struct weir_runfile *rf, int32_t value)
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
    if (describe(rf->status,
                 "0 while the run is being written, else how it "
                 "ended",
                 NULL) < 0)
        return -1;
    return write_status(rf, 0);
}

static herr_t make_objects(struct weir_runfile *rf,
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

static herr_t open_fresh(struct weir_runfile *rf)
{
    hid_t access = weir_h5_access();
    if (access < 0 || weir_h5_driver_use(access, &rf->write_error) < 0)
        return -1;
    rf->file = H5Fcreate(rf->fresh, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    if (rf->file < 0)
        return -1;
    H5Pclose(access);
    return 0;
}

static herr_t reopen_columns(struct weir_runfile *rf)
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

/* Let readers in, under the final name. */
static int publish(struct weir_runfile *rf)
{
    close_columns(rf); /* SWMR starts on a file without open objects */
    if (H5Fstart_swmr_write(rf->file) < 0 || reopen_columns(rf) < 0 ||
        rf->write_error)
        return fail(rf);
    if (rename(rf->fresh, rf->path) < 0) {
        rf->write_error = errno;
        return fail(rf);
    }
    return 0;
}

/* ---- resuming ---- */

/* Where resume copies from: NULL for a new file. */
struct source {
    const struct weir_runfile_reader *reader;
    const uint64_t *rows;
};

static int check_source(const struct weir_runfile *rf, const struct table *t,
                        const struct column *col, const struct source *from,
                        uint64_t rows, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", t->decl->path, col->decl->name);
    const struct weir_runfile_column *old =
        weir_runfile_reader_find(from->reader, path);
    if (!old || old->dtype != col->decl->dtype ||
        old->text != col->decl->text || old->width != width_of(col->decl))
        return WEIR_FAIL(WEIR_ECORRUPT,
                         "run file '%s': column '%s' is missing or of another "
                         "type",
                         rf->path, path);
    if (old->rows < rows)
        return WEIR_FAIL(WEIR_ECORRUPT,
                         "run file '%s': column '%s' has %llu rows, the "
                         "checkpoint needs %llu",
                         rf->path, path, (unsigned long long)old->rows,
                         (unsigned long long)rows);
    return 0;
}

static int copy_column(struct weir_runfile *rf, const struct table *t,
                       struct column *col, const struct source *from,
                       uint64_t rows)
{
    char path[PATH_MAX];
    size_t block = rf->gathered_bytes / col->bytes;
    int rc = check_source(rf, t, col, from, rows, path);
    for (uint64_t at = 0; at < rows && rc == 0; at += block) {
        uint64_t n = rows - at < block ? rows - at : block;
        rc = weir_runfile_reader_read(from->reader, path, col->decl->dtype, at,
                                      n, rf->gathered);
        if (rc == 0 &&
            (write_column(col, at, n, rf->gathered) < 0 || rf->write_error))
            rc = fail(rf);
    }
    return rc;
}

static int copy_tables(struct weir_runfile *rf, const struct source *from)
{
    for (size_t i = 0; i < rf->n; i++) {
        struct table *t = rf->table + i;
        uint64_t rows =
            from->rows ? from->rows[i]
                       : weir_runfile_reader_rows(from->reader, t->decl->path);
        for (size_t c = 0; c < t->n; c++) {
            int rc = copy_column(rf, t, t->column + c, from, rows);
            if (rc < 0)
                return rc;
        }
        t->rows = t->flushed = rows;
    }
    return 0;
}

/* ---- life ---- */

static void set_rooms(struct weir_runfile *rf, struct table *t)
{
    size_t rows = PENDING_BYTES / t->decl->row_bytes;
    t->max_pending = rows < 16 ? 16 : rows;
    for (size_t c = 0; c < t->n; c++) {
        size_t bytes = t->max_pending * t->column[c].bytes;
        if (bytes > rf->gathered_bytes)
            rf->gathered_bytes = bytes;
    }
}

static int allocate_table(struct weir_runfile *rf, struct table *t,
                          const struct weir_runfile_table *decl)
{
    t->decl = decl;
    t->n = count_columns(decl);
    t->column = calloc(t->n + 1, sizeof(*t->column));
    if (!t->column)
        return -ENOMEM;
    for (size_t c = 0; c < t->n; c++)
        t->column[c] = (struct column){.decl = decl->column + c,
                                       .dataset = -1,
                                       .type = -1,
                                       .bytes = bytes_of(decl->column + c)};
    set_rooms(rf, t);
    t->pending = malloc(t->max_pending * decl->row_bytes);
    return t->pending ? 0 : -ENOMEM;
}

static int allocate(const char *path, const struct weir_runfile_table *table,
                    size_t n, struct weir_runfile **out)
{
    struct weir_runfile *rf = *out = calloc(1, sizeof(*rf));
    if (!rf)
        return WEIR_FAIL(ENOMEM, "run file '%s'", path);
    rf->file = rf->status = -1;
    if (snprintf(rf->path, PATH_MAX, "%s", path) >= PATH_MAX ||
        snprintf(rf->fresh, PATH_MAX, "%s.new", path) >= PATH_MAX)
        return WEIR_FAIL(ENAMETOOLONG, "run file '%s'", path);
    rf->table = calloc(n + 1, sizeof(*rf->table));
    int rc = rf->table ? 0 : -ENOMEM;
    for (; rf->n < n && rc == 0; rf->n++)
        rc = allocate_table(rf, rf->table + rf->n, table + rf->n);
    rf->gathered = malloc(rf->gathered_bytes + 1);
    if (rc < 0 || !rf->gathered)
        return WEIR_FAIL(ENOMEM, "run file '%s'", path);
    return 0;
}

static void release(struct weir_runfile *rf)
{
    if (!rf)
        return;
    close_file(rf);
    for (size_t t = 0; t < rf->n; t++) {
        for (size_t c = 0; c < rf->table[t].n && rf->table[t].column; c++)
            if (rf->table[t].column[c].type >= 0)
                H5Tclose(rf->table[t].column[c].type);
        free(rf->table[t].column);
        free(rf->table[t].pending);
    }
    free(rf->table);
    free(rf->gathered);
    free(rf);
}

static int build(const char *path, const struct weir_runfile_table *table,
                 size_t n_tables, const struct weir_text *attribute, size_t n,
                 const struct source *from, struct weir_runfile **out)
{
    struct weir_runfile *rf = NULL;
    int rc = check_tables(table, n_tables);
    if (rc == 0)
        rc = allocate(path, table, n_tables, &rf);
    if (rc == 0 && (open_fresh(rf) < 0 || make_objects(rf, attribute, n) < 0 ||
                    rf->write_error))
        rc = fail(rf);
    if (rc == 0 && from)
        rc = copy_tables(rf, from);
    if (rc == 0)
        rc = publish(rf);
    if (rc < 0) {
        if (rf)
            unlink(rf->fresh);
        release(rf);
        return rc;
    }
    *out = rf;
    return 0;
}

int weir_runfile_create(const char *path,
                        const struct weir_runfile_table *table, size_t n_tables,
                        const struct weir_text *attribute, size_t n,
                        struct weir_runfile **out)
{
    int rc;
    WEIR_H5_QUIET_BEGIN
    rc = build(path, table, n_tables, attribute, n, NULL, out);
    WEIR_H5_QUIET_END
    return rc;
}

int weir_runfile_resume(const char *path,
                        const struct weir_runfile_table *table, size_t n_tables,
                        const struct weir_text *attribute, size_t n,
                        const uint64_t *rows, struct weir_runfile **out)
{
    struct weir_runfile_reader *reader;
    int rc = weir_runfile_reader_open(path, &reader);
    if (rc < 0)
        return rc;
    struct source from = {reader, rows};
    WEIR_H5_QUIET_BEGIN
    rc = build(path, table, n_tables, attribute, n, &from, out);
    WEIR_H5_QUIET_END
    weir_runfile_reader_close(reader);
    return rc;
}

static int finish(struct weir_runfile *rf, int status)
{
    int rc = flush(rf);
    if (rc < 0)
        return rc;
    if (write_status(rf, status) < 0 || rf->write_error)
        return fail(rf);
    close_columns(rf);
    /* The driver reports what the library cannot. */
    if (H5Fclose(rf->file) < 0 || rf->write_error) {
        rf->file = -1;
        return fail(rf);
    }
    rf->file = -1;
    return 0;
}

int weir_runfile_close(struct weir_runfile *rf, int status)
{
    int rc = 0;
    if (!rf)
        return 0;
    WEIR_H5_QUIET_BEGIN
    if (!rf->failed)
        rc = finish(rf, status);
    release(rf);
    WEIR_H5_QUIET_END
    return rc;
}
