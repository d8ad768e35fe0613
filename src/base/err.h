/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_BASE_ERR_H
#define WEIR_BASE_ERR_H

/**
 * @file
 * How every function of Weir reports failure.
 *
 * A function returns 0 or a positive result on success and a negative code on
 * failure: a negated errno value, or one of the codes below (which start above
 * every errno). The failing site also fills a record that belongs to the
 * calling thread: one sentence for the user, optionally one hint, and one line
 * per frame as the error rises. The library never prints and never exits; the
 * program reads the record and speaks.
 *
 * -EAGAIN ("would block") is not an error: it never touches the record, for it
 * is on hot paths.
 *
 * Unless a function says otherwise, a failed call leaves its objects unchanged.
 */
#include <errno.h>

/* code, exit status of the program, meaning */
#define WEIR_ERROR_CODES(X)                                                    \
    X(WEIR_ECONFIG, 4097, 2, "usage or configuration")                         \
    X(WEIR_EENV, 4098, 3, "environment: limits, kernel, topology")             \
    X(WEIR_ECORRUPT, 4099, 1, "damaged file")                                  \
    X(WEIR_EDIVERGED, 4100, 1, "non-finite values")                            \
    X(WEIR_EINTERRUPTED, 4101, 130, "interrupted")

enum weir_error {
#define X(name, code, status, text) name = (code),
    WEIR_ERROR_CODES(X)
#undef X
};

/**
 * Start a record for this thread and return -code, so that a failing site reads
 * `return WEIR_FAIL(EINVAL, "batch is %d, expected 1 or more", n);`.
 * The sentence starts with the object (a file, a key, a stage) and needs no
 * errno text: it is appended when @p code is an errno, but for EINVAL
 * and ENOTSUP, whose text says less than the sentence.
 */
#define WEIR_FAIL(code, ...)                                                   \
    weir_err_set((code), __FILE__, __LINE__, __func__, __VA_ARGS__)

/**
 * Add one frame to the record as the error rises and return @p rc unchanged:
 * `return WEIR_NOTE(rc, "while reading %s", path);`
 */
#define WEIR_NOTE(rc, ...)                                                     \
    weir_err_note((rc), __FILE__, __LINE__, __func__, __VA_ARGS__)

int weir_err_set(int code, const char *file, int line, const char *func,
                 const char *fmt, ...) __attribute__((format(printf, 5, 6)));
int weir_err_note(int rc, const char *file, int line, const char *func,
                  const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/** Attach the one action that would help; returns -code of the record. */
int weir_err_hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** What stands behind "@p start: " where @p text begins so; else @p text. */
const char *weir_err_past(const char *text, const char *start);

/** The sentence for the user; "" when this thread has no record. */
const char *weir_err_message(void);
/** The hint; "" when there is none. */
const char *weir_err_hint_text(void);
/** The frames, oldest first, one "file:line func: text" per line. */
const char *weir_err_trace(void);
/** Positive code of the record, 0 when there is none. */
int weir_err_code(void);
/** Forget this thread's record. */
void weir_err_clear(void);

/** One complete record, so that an error can change threads with its text. */
struct weir_err_record {
    int code;
    char message[1024];
    char hint[512];
    char trace[2048];
};

/** Copy this thread's record out; all zero when there is none. */
void weir_err_export(struct weir_err_record *out);
/** Make @p rec this thread's record and return -code. */
int weir_err_import(const struct weir_err_record *rec);

/** Exit status of the program for a result @p rc: 0, 1, 2, 3 or 130. */
int weir_err_exit_status(int rc);

#endif
