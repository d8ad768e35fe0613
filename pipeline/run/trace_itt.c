/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/run/trace.h"

#ifdef WEIR_HAS_ITT

#include <ittnotify.h>
#include <pthread.h>
#include <string.h>

static __itt_domain *domain;
static __itt_string_handle *handle[WEIR_SPAN_COUNT];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_handles(void)
{
    static const char *const name[] = {
#define X(name, a, b) #name,
        WEIR_SPANS(X)
#undef X
    };
    domain = __itt_domain_create("weir");
    for (int i = 0; i < WEIR_SPAN_COUNT; i++)
        handle[i] = __itt_string_handle_create(name[i]);
}

void weir_trace_itt_enter(const char *name)
{
    pthread_once(&once, make_handles);
    __itt_thread_set_name(name);
}

/* A gradient step is a frame: from one boundary to the next. */
void weir_trace_itt_begin(enum weir_span span)
{
    if (span == WEIR_SPAN_boundary) {
        __itt_frame_end_v3(domain, NULL);
        __itt_frame_begin_v3(domain, NULL);
    }
    __itt_task_begin(domain, __itt_null, __itt_null, handle[span]);
}

void weir_trace_itt_end(void)
{
    __itt_task_end(domain);
}

#endif

/* A translation unit without ITT still needs something in it. */
typedef int weir_trace_itt_unit;
