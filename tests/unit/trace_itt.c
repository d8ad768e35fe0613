/* SPDX-License-Identifier: BSD-3-Clause */
/* What a build with ITT tells VTune: here to functions that write it down. */
#include "tests/test.h"

#ifdef WEIR_HAS_ITT
int main(void)
{
    printf("skipped: this build tells the real ITT\n");
    return TEST_SKIPPED;
}
#else

#define WEIR_HAS_ITT
#include "pipeline/run/trace_itt.c"

#include "pipeline/run/probe.h"

static char told[4096];

static void tell(const char *what, const __itt_domain *d, const char *name)
{
    size_t n = strlen(told);
    if (d)
        assert_string_equal(d->name, "weir");
    snprintf(told + n, sizeof(told) - n, "%s%s%s\n", what, *name ? " " : "",
             name);
}

__itt_domain *__itt_domain_create(const char *name)
{
    static __itt_domain d;
    assert_null(d.name);
    d.name = name;
    return &d;
}

__itt_string_handle *__itt_string_handle_create(const char *name)
{
    static __itt_string_handle h[WEIR_SPAN_COUNT];
    static int made;
    assert_true(made < WEIR_SPAN_COUNT);
    h[made].name = name;
    return &h[made++];
}

void __itt_thread_set_name(const char *name)
{
    tell("thread", NULL, name);
}

void __itt_frame_begin_v3(const __itt_domain *d, __itt_id *id)
{
    assert_null(id);
    tell("frame begins", d, "");
}

void __itt_frame_end_v3(const __itt_domain *d, __itt_id *id)
{
    assert_null(id);
    tell("frame ends", d, "");
}

void __itt_task_begin(const __itt_domain *d, __itt_id task, __itt_id parent,
                      __itt_string_handle *name)
{
    assert_int_equal(task.d1 | parent.d1, 0);
    tell("begin", d, name->name);
}

void __itt_task_end(const __itt_domain *d)
{
    tell("end", d, "");
}

static void spans_are_tasks_and_steps_are_frames(void **state)
{
    (void)state;
    weir_trace_itt_enter("weir-group0");
    WEIR_BEGIN(boundary, 7, 0);
    WEIR_BEGIN(draw, 7, 0);
    WEIR_END(draw, 7, 0);
    WEIR_END(boundary, 7, 0);
    WEIR_BEGIN(record, 3, 0);
    WEIR_END(record, 3, 0);
    assert_string_equal(told, "thread weir-group0\n"
                              "frame ends\nframe begins\n"
                              "begin boundary\nbegin draw\nend\nend\n"
                              "begin record\nend\n");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(spans_are_tasks_and_steps_are_frames),
    };
    return RUN(cases);
}

#endif
