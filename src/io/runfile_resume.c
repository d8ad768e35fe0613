/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/runfile_parts.h"

#include "base/err.h"
#include "io/runfile_reader.h"

#include <stdio.h>

static int check_source(const struct weir_runfile *rf, const struct table *t,
                        const struct column *col,
                        const struct weir_runfile_source *from, uint64_t rows,
                        char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", t->decl->path, col->decl->name);
    const struct weir_runfile_column *old =
        weir_runfile_reader_find(from->reader, path);
    if (!old || old->dtype != col->decl->dtype ||
        old->text != col->decl->text ||
        old->width != weir_runfile_width(col->decl))
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
                       struct column *col,
                       const struct weir_runfile_source *from, uint64_t rows)
{
    char path[PATH_MAX];
    size_t block = rf->gathered_bytes / col->bytes;
    int rc = check_source(rf, t, col, from, rows, path);
    for (uint64_t at = 0; at < rows && rc == 0; at += block) {
        uint64_t n = rows - at < block ? rows - at : block;
        rc = weir_runfile_reader_read(from->reader, path, col->decl->dtype, at,
                                      n, rf->gathered);
        if (rc == 0 &&
            (weir_runfile_write_column(col, at, n, rf->gathered) < 0 ||
             rf->guard.error))
            rc = weir_runfile_fail(rf);
    }
    return rc;
}

int weir_runfile_copy(struct weir_runfile *rf,
                      const struct weir_runfile_source *from)
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

int weir_runfile_mend(const char *path)
{
    char redo[PATH_MAX];
    if (snprintf(redo, sizeof(redo), "%s.redo", path) >= PATH_MAX)
        return WEIR_FAIL(ENAMETOOLONG, "run file '%s'", path);
    int rc = weir_redo_apply(redo, path);
    return rc < 0 ? WEIR_FAIL(-rc, "run file '%s'", path) : rc;
}

int weir_runfile_resume(const char *path,
                        const struct weir_runfile_table *table, size_t n_tables,
                        const struct weir_text *attribute, size_t n,
                        const uint64_t *rows, struct weir_runfile **out)
{
    struct weir_runfile_reader *reader;
    int rc = weir_runfile_mend(path);
    if (rc >= 0)
        rc = weir_runfile_reader_open(path, &reader);
    if (rc < 0)
        return rc;
    struct weir_runfile_source from = {reader, rows};
    WEIR_H5_QUIET_BEGIN
    rc = weir_runfile_build(path, table, n_tables, attribute, n, &from, out);
    WEIR_H5_QUIET_END
    weir_runfile_reader_close(reader);
    return rc;
}
