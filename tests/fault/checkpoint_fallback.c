/* SPDX-License-Identifier: BSD-3-Clause */
/* A machine that refuses io_uring, in each way it can, still gets its
 * checkpoint, and is told how it was written. */
#include "tests/checkpoints.h"
#include "tests/child.h"

static char dir[PATH_MAX];

static const struct {
    const char *what;
    long call;
    int error;
    const char *method; /* what the report must begin with */
} refusals[] = {
    {"no io_uring", SYS_io_uring_setup, ENOSYS, "pwrite"},
    {"forbidden", SYS_io_uring_setup, EPERM, "pwrite"},
    {"unknown flags", SYS_io_uring_setup, EINVAL, "pwrite"},
    {"no memory", SYS_io_uring_setup, ENOMEM, "pwrite"},
    {"no locked memory", SYS_io_uring_register, ENOMEM, "io_uring"},
    {"submission refused", SYS_io_uring_enter, EPERM, "pwrite"},
    {"no fallocate", SYS_fallocate, EOPNOTSUPP, "io_uring"},
};

/* In a child, for the filter stays for the rest of a process. */
static void write_two(size_t which)
{
    struct weir_checkpoint_options o = {
        .dir = dir, .keep = 9, .piece_bytes = 65536, .pieces = 3};
    struct weir_checkpoint_writer *w;
    struct weir_checkpoint_report report;
    struct content c;
    content_make(&c, 300000);
    if (!deny_syscall(refusals[which].call, refusals[which].error))
        _exit(TEST_SKIPPED);
    REQUIRE(weir_checkpoint_writer_create(&o, &w) == 0);
    for (uint64_t step = 1; step <= 2; step++) {
        REQUIRE(content_write(w, &c, 10 * which + step, &report) == 0);
        REQUIRE(strncmp(report.method, refusals[which].method,
                        strlen(refusals[which].method)) == 0);
    }
    bool told = strstr(logged, "io_uring: ") != NULL;
    REQUIRE(told == (refusals[which].call != SYS_fallocate));
    if (refusals[which].call == SYS_io_uring_register)
        REQUIRE(strstr(report.method, "registered") == NULL);
    weir_checkpoint_writer_destroy(w);
    _exit(0);
}

static void refused_calls_are_replaced(void **state)
{
    (void)state;
    struct content c;
    content_make(&c, 300000);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0)
            write_two(i);
        int status = child_status(child);
        if (status == TEST_SKIPPED) {
            printf("no seccomp filters here\n");
            skip();
        }
        if (status != 0)
            fail_msg("%s: status %d", refusals[i].what, status);
        newest_is(dir, &c, 10 * i + 2);
    }
    free(c.weights);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(refused_calls_are_replaced),
    };
    long ring = syscall(SYS_io_uring_setup, 1, NULL);
    if (ring < 0 && errno != EFAULT) {
        printf("skipped: io_uring is refused here already\n");
        return TEST_SKIPPED;
    }
    scratch_make(dir);
    ok(weir_run_dir_prepare(dir));
    weir_log_sink(keep_log, NULL);
    int failed = RUN(cases);
    scratch_remove(dir);
    return failed;
}
