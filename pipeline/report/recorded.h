/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_RECORDED_H
#define WEIR_PIPELINE_RECORDED_H

/**
 * @file
 * One run as its run.h5 tells it, for reports: columns as doubles, what the
 * run was configured with, its latencies. The run may be finished, killed, or
 * still going on; then it is told up to where it is.
 */
#include "io/config.h"
#include "io/runfile_reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct weir_recorded {
    const char *dir;
    char name[64]; /* the directory's own, for titles */
    struct weir_runfile_reader *file;
    struct weir_config *config; /* NULL: of another Weir, or of solvers that
                                   are not there */
};

/** Values of one column, rows after each other. */
struct weir_series {
    size_t n;     /* rows */
    size_t width; /* values a row */
    double *value;
};

/**
 * Open DIR/run.h5.
 * @return 0
 * @return -WEIR_ECONFIG  no run in @p dir; the hint says what there is instead
 * @return as weir_runfile_reader_open
 */
int weir_recorded_open(const char *dir, struct weir_recorded *out);
void weir_recorded_close(struct weir_recorded *r);

/** The attribute called @p key; "" when there is none. */
const char *weir_recorded_text(const struct weir_recorded *r, const char *key);

/**
 * All rows that every column of the table has. A column that is not there, of
 * an older file, is empty. @return 0, -ENOMEM, -WEIR_ECORRUPT
 */
int weir_recorded_series(const struct weir_recorded *r, const char *path,
                         struct weir_series *out);
/** The last value of a column, NAN when it is empty. */
double weir_recorded_last(const struct weir_recorded *r, const char *path);

/** A distribution kept in `histograms`. */
struct weir_recorded_hist {
    size_t n;
    double *lower, *count; /* buckets that hold something, by value */
    double total;
};

/** The one called @p name; empty when the run recorded none. */
int weir_recorded_hist(const struct weir_recorded *r, const char *name,
                       struct weir_recorded_hist *out);
void weir_recorded_hist_free(struct weir_recorded_hist *h);
/** Lower end of the bucket of quantile @p q; NAN when empty. */
double weir_recorded_quantile(const struct weir_recorded_hist *h, double q);

#endif
