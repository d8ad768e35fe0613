/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_ITTNOTIFY_H
#define WEIR_TESTS_ITTNOTIFY_H

/**
 * @file
 * What pipeline/run/trace_itt.c uses of the ITT API, declared as its reference
 * has it, for a test that looks at the calls. Builds for VTune take the real one.
 */
typedef struct {
    const char *name;
} __itt_domain;
typedef struct {
    const char *name;
} __itt_string_handle;
typedef struct {
    unsigned long long d1, d2, d3;
} __itt_id;

static const __itt_id __itt_null = {0, 0, 0};

__itt_domain *__itt_domain_create(const char *name);
__itt_string_handle *__itt_string_handle_create(const char *name);
void __itt_thread_set_name(const char *name);
void __itt_frame_begin_v3(const __itt_domain *domain, __itt_id *id);
void __itt_frame_end_v3(const __itt_domain *domain, __itt_id *id);
void __itt_task_begin(const __itt_domain *domain, __itt_id task,
                      __itt_id parent, __itt_string_handle *name);
void __itt_task_end(const __itt_domain *domain);

#endif
