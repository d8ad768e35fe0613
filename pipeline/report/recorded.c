/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/report/recorded.h"

#include "base/err.h"
#include "base/heap.h"
#include "io/run_dir.h"
#include "pipeline/run/registries.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "runs/a/" is called "a"; "." by its full path's last part. */
static void name_of(const char *dir, char name[64])
{
    char full[PATH_MAX];
    if (!realpath(dir, full))
        snprintf(full, sizeof(full), "%s", dir);
    const char *slash = strrchr(full, '/');
    snprintf(name, 64, "%.63s", slash && slash[1] ? slash + 1 : full);
}

static int no_run(const char *dir)
{
    WEIR_FAIL(WEIR_ECONFIG, "there is no run in '%s'", dir);
    if (!weir_run_dir_hint_rounds(dir))
        weir_err_hint("name directories that weir run wrote (--out)");
    return -WEIR_ECONFIG;
}

/* What cannot be read back is a report with one table less, no failure. */
static void read_config(struct weir_recorded *r)
{
    const char *text = weir_recorded_text(r, "config");
    if (weir_config_parse(text, strlen(text), r->dir, &weir_registries, NULL, 0,
                          &r->config))
        weir_err_clear();
}

int weir_recorded_open(const char *dir, struct weir_recorded *out)
{
    char path[PATH_MAX];
    *out = (struct weir_recorded){.dir = dir};
    snprintf(path, sizeof(path), "%s/run.h5", dir);
    int rc = weir_runfile_reader_open(path, &out->file);
    if (rc == -ENOENT || rc == -ENOTDIR)
        return no_run(dir);
    if (rc)
        return rc;
    name_of(dir, out->name);
    read_config(out);
    return 0;
}

void weir_recorded_close(struct weir_recorded *r)
{
    weir_config_free(r->config);
    if (r->file)
        weir_runfile_reader_close(r->file);
    *r = (struct weir_recorded){0};
}

const char *weir_recorded_text(const struct weir_recorded *r, const char *key)
{
    const struct weir_text *a;
    for (size_t i = 0; (a = weir_runfile_reader_attribute(r->file, i)); i++)
        if (!strcmp(a->key, key))
            return a->value;
    return "";
}

/* Rows of the table that "table/column" is in. */
static uint64_t rows_of(const struct weir_recorded *r, const char *path)
{
    char table[64];
    snprintf(table, sizeof(table), "%.*s", (int)strcspn(path, "/"), path);
    return weir_runfile_reader_rows(r->file, table);
}

int weir_recorded_series(const struct weir_recorded *r, const char *path,
                         struct weir_series *out)
{
    const struct weir_runfile_column *c =
        weir_runfile_reader_find(r->file, path);
    *out = (struct weir_series){.width = c ? c->width : 1};
    uint64_t n = c && !c->text ? rows_of(r, path) : 0;
    out->value = weir_array(n ? n * out->width : 1, sizeof(double));
    if (!out->value)
        return WEIR_FAIL(ENOMEM, "%s: %s", r->dir, path);
    out->n = n;
    if (n == 0)
        return 0;
    return weir_runfile_reader_read(r->file, path, WEIR_F64, 0, n, out->value);
}

double weir_recorded_last(const struct weir_recorded *r, const char *path)
{
    double value = NAN;
    uint64_t n = rows_of(r, path);
    if (n == 0 || !weir_runfile_reader_find(r->file, path) ||
        weir_runfile_reader_read(r->file, path, WEIR_F64, n - 1, 1, &value))
        return NAN;
    return value;
}

static int read_buckets(const struct weir_recorded *r, uint64_t n, char *name,
                        uint32_t width, const char *wanted,
                        struct weir_recorded_hist *out)
{
    int rc = weir_runfile_reader_read(r->file, "histograms/name", WEIR_U8, 0, n,
                                      name);
    rc = rc ? rc
            : weir_runfile_reader_read(r->file, "histograms/lower", WEIR_F64, 0,
                                       n, out->lower);
    rc = rc ? rc
            : weir_runfile_reader_read(r->file, "histograms/count", WEIR_F64, 0,
                                       n, out->count);
    for (uint64_t i = 0; rc == 0 && i < n; i++) {
        if (strncmp(name + i * width, wanted, width))
            continue;
        out->lower[out->n] = out->lower[i];
        out->count[out->n++] = out->count[i];
        out->total += out->count[i];
    }
    return rc;
}

int weir_recorded_hist(const struct weir_recorded *r, const char *name,
                       struct weir_recorded_hist *out)
{
    const struct weir_runfile_column *c =
        weir_runfile_reader_find(r->file, "histograms/name");
    *out = (struct weir_recorded_hist){0};
    uint64_t n = weir_runfile_reader_rows(r->file, "histograms");
    if (!c || n == 0)
        return 0;
    char *names = weir_array(n, c->width);
    out->lower = weir_array(n, sizeof(double));
    out->count = weir_array(n, sizeof(double));
    int rc = names && out->lower && out->count
                 ? read_buckets(r, n, names, c->width, name, out)
                 : WEIR_FAIL(ENOMEM, "%s: histograms", r->dir);
    free(names);
    return rc;
}

void weir_recorded_hist_free(struct weir_recorded_hist *h)
{
    free(h->lower);
    free(h->count);
    *h = (struct weir_recorded_hist){0};
}

double weir_recorded_quantile(const struct weir_recorded_hist *h, double q)
{
    double want = ceil(q * h->total), seen = 0;
    for (size_t i = 0; i < h->n; i++) {
        seen += h->count[i];
        if (seen >= want)
            return h->lower[i];
    }
    return NAN;
}
