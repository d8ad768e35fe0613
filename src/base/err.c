/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/err.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static _Thread_local struct weir_err_record record;

static void add_frame(const char *file, int line, const char *func,
                      const char *text)
{
    size_t used = strlen(record.trace);
    const char *slash = strrchr(file, '/');
    snprintf(record.trace + used, sizeof(record.trace) - used, "%s:%d %s: %s\n",
             slash ? slash + 1 : file, line, func, text);
}

int weir_err_set(int code, const char *file, int line, const char *func,
                 const char *fmt, ...)
{
    va_list ap;
    weir_err_clear();
    record.code = code;
    va_start(ap, fmt);
    vsnprintf(record.message, sizeof(record.message), fmt, ap);
    va_end(ap);
    add_frame(file, line, func, record.message);
    bool is_ours = code == EINVAL || code == ENOTSUP;
    if (code > 0 && code < WEIR_ECONFIG && !is_ours) {
        size_t used = strlen(record.message);
        snprintf(record.message + used, sizeof(record.message) - used, ": %s",
                 strerror(code));
    }
    return -code;
}

int weir_err_note(int rc, const char *file, int line, const char *func,
                  const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    add_frame(file, line, func, text);
    return rc;
}

int weir_err_hint(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(record.hint, sizeof(record.hint), fmt, ap);
    va_end(ap);
    return -record.code;
}

const char *weir_err_past(const char *text, const char *start)
{
    size_t n = strlen(start);
    return !strncmp(text, start, n) && !strncmp(text + n, ": ", 2)
               ? text + n + 2
               : text;
}

const char *weir_err_message(void)
{
    return record.message;
}

const char *weir_err_hint_text(void)
{
    return record.hint;
}

const char *weir_err_trace(void)
{
    return record.trace;
}

int weir_err_code(void)
{
    return record.code;
}

void weir_err_clear(void)
{
    record.code = 0;
    record.message[0] = record.hint[0] = record.trace[0] = '\0';
}

void weir_err_export(struct weir_err_record *out)
{
    *out = record;
}

int weir_err_import(const struct weir_err_record *rec)
{
    record = *rec;
    return -rec->code;
}

int weir_err_exit_status(int rc)
{
    if (rc >= 0)
        return 0;
    switch (-rc) {
#define X(name, code, status, text)                                            \
    case name:                                                                 \
        return status;
        WEIR_ERROR_CODES(X)
#undef X
    default:
        return 1;
    }
}
