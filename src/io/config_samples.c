/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/config_samples.h"

#include "base/err.h"
#include "base/log.h"
#include "base/normal.h"
#include "io/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the file ---- */

/* Position of @p name among words parted by spaces; -1: none. */
static long word_at(const char *words, const char *name)
{
    size_t length = strlen(name);
    for (long i = 0; *words; i++) {
        size_t n = strcspn(words, " ");
        if (n == length && !strncmp(words, name, n))
            return i;
        words += n + (words[n] == ' ');
    }
    return -1;
}

static int find_columns(const char *path, const struct weir_rows_info *info,
                        const struct weir_parameter *p, size_t n,
                        size_t *column)
{
    if (info->dims != 2 || info->width != n || info->size[0] < 2)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "'%s': parameters is %llu x %zu, expected two or "
                         "more rows of %zu",
                         path, (unsigned long long)info->size[0], info->width,
                         n);
    for (size_t i = 0; i < n; i++) {
        long at = info->names ? word_at(info->names, p[i].name) : (long)i;
        if (at < 0)
            return WEIR_FAIL(WEIR_ECONFIG, "'%s': no column is named '%s'",
                             path, p[i].name);
        column[i] = (size_t)at;
    }
    return 0;
}

static int check_value(const char *path, const struct weir_parameter *p,
                       size_t row, double x)
{
    if (x >= p->low && x <= p->high)
        return 0;
    WEIR_FAIL(WEIR_ECONFIG, "'%s': %s is %g in row %zu, outside %g to %g", path,
              p->name, x, row, p->low, p->high);
    return weir_err_hint("widen parameters.%s.low and high", p->name);
}

/* Columns into the order of the parameters, row by row. */
static int reorder(const char *path, const struct weir_parameter *p, size_t n,
                   const size_t *column, size_t rows, double *value)
{
    double *row = malloc(n * sizeof(*row));
    int rc = row ? 0 : WEIR_FAIL(ENOMEM, "'%s'", path);
    for (size_t r = 0; !rc && r < rows; r++) {
        memcpy(row, value + r * n, n * sizeof(*row));
        for (size_t i = 0; !rc && i < n; i++) {
            value[r * n + i] = row[column[i]];
            rc = check_value(path, &p[i], r, row[column[i]]);
        }
    }
    free(row);
    return rc;
}

static int read_all(const char *path, struct weir_rows *file,
                    const struct weir_parameter *p, size_t n, size_t *rows,
                    double **value)
{
    const struct weir_rows_info *info = weir_rows_info(file);
    size_t *column = calloc(n, sizeof(*column));
    int rc = column ? find_columns(path, info, p, n, column)
                    : WEIR_FAIL(ENOMEM, "'%s'", path);
    *rows = (size_t)info->size[0];
    *value = rc ? NULL : calloc(*rows, n * sizeof(**value));
    if (!rc && !*value)
        rc = WEIR_FAIL(ENOMEM, "'%s': %zu rows", path, *rows);
    rc = rc ? rc : weir_rows_read(file, 0, *rows, *value);
    rc = rc ? rc : reorder(path, p, n, column, *rows, *value);
    free(column);
    return rc;
}

int weir_target_samples_read(const char *path, const struct weir_parameter *p,
                             size_t n, size_t *rows, double **value)
{
    struct weir_rows *file;
    *value = NULL;
    int rc = weir_rows_open(path, "parameters", &file);
    if (rc == -ENOENT)
        return WEIR_FAIL(WEIR_ECONFIG, "'%s' has no dataset 'parameters'",
                         path);
    if (rc)
        return rc;
    rc = read_all(path, file, p, n, rows, value);
    weir_rows_close(file);
    if (rc)
        free(*value);
    return rc;
}

/* ---- the density ---- */

bool weir_cholesky(double *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = a[i * n + j];
            for (size_t k = 0; k < j; k++)
                sum -= a[i * n + k] * a[j * n + k];
            if (i == j && !(sum > 1e-9))
                return false;
            a[i * n + j] = i == j ? sqrt(sum) : sum / a[j * n + j];
        }
        for (size_t j = i + 1; j < n; j++)
            a[j + i * n] = 0;
    }
    return true;
}

struct ranked {
    double value;
    size_t row;
};

static int by_value(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Sort one column; its normal scores are those of the middles of its ranks, so
 * that equal values have equal scores. They are scaled to a length of 1. */
static void rank_column(const double *value, size_t rows, size_t stride,
                        struct ranked *rank, double *sorted, double *score)
{
    double squares = 0;
    for (size_t r = 0; r < rows; r++)
        rank[r] = (struct ranked){value[r * stride], r};
    qsort(rank, rows, sizeof(*rank), by_value);
    for (size_t first = 0, last; first < rows; first = last) {
        for (last = first; last < rows; last++)
            if (rank[last].value != rank[first].value)
                break;
        double middle = 0.5 * (double)(first + last) / (double)rows;
        for (size_t r = first; r < last; r++) {
            sorted[r] = rank[r].value;
            score[rank[r].row] = weir_normal_quantile(middle);
            squares += score[rank[r].row] * score[rank[r].row];
        }
    }
    for (size_t r = 0; squares > 0 && r < rows; r++)
        score[r] /= sqrt(squares);
}

static void correlations(const double *score, size_t rows, size_t n,
                         double *out)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t r = 0; r < rows; r++)
                sum += score[i * rows + r] * score[j * rows + r];
            out[i * n + j] = i == j ? 1 : sum;
        }
}

/*
 * Fewer rows than columns, or columns that follow from others, leave no
 * distribution with exactly these correlations @p all: take a smaller part.
 */
static void factor_part(const double *all, size_t rows, size_t n, double *out)
{
    double part = 1;
    for (;;) {
        for (size_t i = 0; i < n * n; i++)
            out[i] = i % (n + 1) ? part * all[i] : 1;
        if (weir_cholesky(out, n))
            break;
        part = part == 1 ? 0.999 : fmax(0, 1 - 2 * (1 - part));
    }
    if (part < 1)
        weir_log_info("config",
                      "target.samples: correlations of %zu rows of %zu "
                      "parameters are taken %.1f %% smaller",
                      rows, n, 100 * (1 - part));
}

int weir_target_samples_fit(struct weir_config_store *store,
                            const double *value, size_t rows,
                            struct weir_parameter *p, size_t n,
                            double *correlation)
{
    struct ranked *rank = calloc(rows, sizeof(*rank));
    double *score = calloc(rows, n * sizeof(*score));
    double *all = calloc(n, n * sizeof(*all));
    double *sorted = weir_store_alloc(store, rows * n * sizeof(*sorted));
    int rc = rank && score && all && sorted
                 ? 0
                 : WEIR_FAIL(ENOMEM, "%zu samples of %zu parameters", rows, n);
    for (size_t i = 0; !rc && i < n; i++) {
        rank_column(value + i, rows, n, rank, sorted + i * rows,
                    score + i * rows);
        p[i].density = WEIR_DENSITY_SAMPLES;
        p[i].sample = sorted + i * rows;
        p[i].samples = rows;
    }
    if (!rc) {
        correlations(score, rows, n, all);
        factor_part(all, rows, n, correlation);
    }
    free(rank);
    free(score);
    free(all);
    return rc;
}
