/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static weir_log_fn *sink;
static void *sink_ctx;

void weir_log_sink(weir_log_fn *fn, void *ctx)
{
    sink = fn;
    sink_ctx = ctx;
}

void weir_log(enum weir_log_level level, const char *area, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    if (!sink)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    sink(sink_ctx, level, area, text);
}
