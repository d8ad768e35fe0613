/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/runfile_parts.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PENDING_BYTES 65536u /* rows held per table before they are written */

static void close_file(struct weir_runfile *rf)
{
    weir_runfile_close_columns(rf);
    if (rf->file >= 0)
        H5Fclose(rf->file);
    rf->file = -1;
    weir_redo_end(&rf->guard.redo, false);
}

int weir_runfile_fail(struct weir_runfile *rf)
{
    char reason[256];
    weir_h5_reason(reason, sizeof(reason));
    int error = rf->guard.error ? rf->guard.error : weir_h5_errno();
    for (size_t t = 0; t < rf->n; t++) {
        struct table *table = rf->table + t;
        rf->lost += table->rows - table->flushed + table->n_pending;
        table->rows = table->flushed;
        table->n_pending = 0;
    }
    rf->failed = true;
    close_file(rf);
    if (rf->guard.error)
        return WEIR_FAIL(error, "run file '%s'", rf->path);
    return WEIR_FAIL(error, "run file '%s': %s", rf->path, reason);
}

static herr_t extend(struct column *col, uint64_t rows)
{
    hsize_t size[2] = {rows, weir_runfile_width(col->decl)};
    herr_t rc = rows > col->rows ? H5Dset_extent(col->dataset, size) : 0;
    if (rc >= 0 && rows > col->rows)
        col->rows = rows;
    return rc;
}

herr_t weir_runfile_write_column(struct column *col, uint64_t at, uint64_t n,
                                 const void *values)
{
    hsize_t start[2] = {at, 0}, count[2] = {n, weir_runfile_width(col->decl)};
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
        if (weir_runfile_write_column(t->column + c, at, n, rf->gathered) < 0 ||
            rf->guard.error)
            return weir_runfile_fail(rf);
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
    if (H5Fflush(rf->file, H5F_SCOPE_LOCAL) < 0 || rf->guard.error)
        return weir_runfile_fail(rf);
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
        rc = weir_runfile_fail(rf);
    else if (fdatasync(*(int *)fd) < 0) {
        rf->guard.error = errno;
        rc = weir_runfile_fail(rf);
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

static size_t count_columns(const struct weir_runfile_table *t)
{
    size_t n = 0;
    while (t->column[n].name)
        n++;
    return n;
}

static herr_t open_fresh(struct weir_runfile *rf)
{
    hid_t access = weir_h5_access();
    /* Strong: closing the file closes what an error may have left open. */
    if (access < 0 || weir_h5_driver_use(access, &rf->guard) < 0 ||
        H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) < 0)
        return -1;
    rf->file = H5Fcreate(rf->fresh, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    if (rf->file < 0)
        return -1;
    H5Pclose(access);
    return 0;
}

/* Let readers in, under the final name. */
static int publish(struct weir_runfile *rf)
{
    /* SWMR starts on a file without open objects. */
    weir_runfile_close_columns(rf);
    if (H5Fstart_swmr_write(rf->file) < 0 ||
        weir_runfile_open_columns(rf) < 0 || rf->guard.error)
        return weir_runfile_fail(rf);
    if (rename(rf->fresh, rf->path) < 0)
        rf->guard.error = errno;
    else
        rf->guard.error = -weir_h5_driver_guard(rf->file, &rf->guard, rf->redo);
    return rf->guard.error ? weir_runfile_fail(rf) : 0;
}

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
        t->column[c] =
            (struct column){.decl = decl->column + c,
                            .dataset = -1,
                            .type = -1,
                            .bytes = weir_runfile_bytes(decl->column + c)};
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
    rf->file = rf->status = rf->guard.redo.fd = -1;
    if (snprintf(rf->path, PATH_MAX, "%s", path) >= PATH_MAX ||
        snprintf(rf->fresh, PATH_MAX, "%s.new", path) >= PATH_MAX ||
        snprintf(rf->redo, PATH_MAX, "%s.redo", path) >= PATH_MAX)
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

int weir_runfile_build(const char *path, const struct weir_runfile_table *table,
                       size_t n_tables, const struct weir_text *attribute,
                       size_t n, const struct weir_runfile_source *from,
                       struct weir_runfile **out)
{
    struct weir_runfile *rf = NULL;
    int rc = weir_runfile_check(table, n_tables);
    if (rc == 0)
        rc = allocate(path, table, n_tables, &rf);
    if (rc == 0 &&
        (open_fresh(rf) < 0 ||
         weir_runfile_make_objects(rf, attribute, n) < 0 || rf->guard.error))
        rc = weir_runfile_fail(rf);
    if (rc == 0 && from)
        rc = weir_runfile_copy(rf, from);
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
    rc = weir_runfile_build(path, table, n_tables, attribute, n, NULL, out);
    WEIR_H5_QUIET_END
    return rc;
}

static int finish(struct weir_runfile *rf, int status)
{
    int rc = flush(rf);
    if (rc < 0)
        return rc;
    if (weir_runfile_write_status(rf, status) < 0 || rf->guard.error)
        return weir_runfile_fail(rf);
    weir_runfile_close_columns(rf);
    /* The driver reports what the library cannot. */
    if (H5Fclose(rf->file) < 0 || rf->guard.error) {
        rf->file = -1;
        return weir_runfile_fail(rf);
    }
    rf->file = -1;
    weir_redo_end(&rf->guard.redo, true);
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
