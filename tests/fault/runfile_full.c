/* SPDX-License-Identifier: BSD-3-Clause */
/* No room for the next rows of a run file: one error, no crash, also at the end
 * of the process; what was flushed can be read and resumed. */
#include "tests/child.h"
#include "tests/scratch.h"

#include "io/runfile.h"
#include "io/runfile_reader.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

struct row {
    double a, b[4];
};

static const struct weir_column columns[] = {
    {"a", WEIR_F64, offsetof(struct row, a), 1, false, NULL, "one"},
    {"b", WEIR_F64, offsetof(struct row, b), 4, false, NULL, "four"},
    {0},
};

static const struct weir_runfile_table tables[] = {
    {"t", "rows", sizeof(struct row), columns, 128},
    {"u", "rows", sizeof(struct row), columns, 0},
};

static char dir[PATH_MAX], path[PATH_MAX];

/* Append until it fails. @return the error */
static int append_until_full(struct weir_runfile *rf, uint64_t *flushed,
                             unsigned every)
{
    for (unsigned i = 0; i < 1000000; i++) {
        struct row r = {i, {i, i, i, i}};
        int rc = weir_runfile_append(rf, i % 2, &r, 1);
        if (rc == 0 && i % every == 0) {
            rc = weir_runfile_flush(rf);
            if (rc == 0)
                *flushed = weir_runfile_rows(rf, 0);
        }
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void check_rows(uint64_t n)
{
    struct weir_runfile_reader *r;
    double *a = calloc(n + 1, sizeof(*a));
    REQUIRE(weir_runfile_reader_open(path, &r) == 0);
    REQUIRE(weir_runfile_reader_rows(r, "t") >= n);
    REQUIRE(weir_runfile_reader_read(r, "t/a", WEIR_F64, 0, n, a) == 0);
    for (uint64_t i = 0; i < n; i++)
        REQUIRE(a[i] == (double)(2 * i));
    weir_runfile_reader_close(r);
    free(a);
}

static void run_out_of_room(int expected, unsigned every, void (*full)(bool))
{
    struct weir_runfile *rf;
    struct row r = {0};
    uint64_t flushed = 0;
    REQUIRE(weir_runfile_create(path, tables, 2, NULL, 0, &rf) == 0);
    full(true);
    REQUIRE(append_until_full(rf, &flushed, every) == expected);
    REQUIRE(strstr(weir_err_message(), path) != NULL);
    REQUIRE(weir_runfile_has_failed(rf));
    REQUIRE(weir_runfile_rows(rf, 0) == flushed);
    uint64_t lost = weir_runfile_lost(rf);
    REQUIRE(lost > 0);
    /* Once: from now on the rows are dropped and counted. */
    REQUIRE(weir_runfile_append(rf, 0, &r, 1) == 0);
    REQUIRE(weir_runfile_put(rf, 1, 3, &r, 1) == 0);
    REQUIRE(weir_runfile_flush(rf) == 0);
    REQUIRE(weir_runfile_sync(rf) == 0);
    REQUIRE(weir_runfile_lost(rf) == lost + 2);
    check_rows(flushed);
    REQUIRE(weir_runfile_close(rf, 1) == 0);
    check_rows(flushed);
    full(false);
    uint64_t counts[2] = {flushed, 0};
    REQUIRE(weir_runfile_resume(path, tables, 2, NULL, 0, counts, &rf) == 0);
    REQUIRE(weir_runfile_append(rf, 0, &r, 1) == 0);
    REQUIRE(weir_runfile_close(rf, 1) == 0);
    check_rows(flushed);
    exit(0); /* with the exit handlers of HDF5 */
}

static void limit_file_size(bool full)
{
    struct rlimit r = {full ? 400000 : RLIM_INFINITY, RLIM_INFINITY};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &r) == 0);
}

static void fill_device(bool full)
{
    static char block[4096];
    char ballast[PATH_MAX + 16];
    snprintf(ballast, sizeof(ballast), "%s/ballast", dir);
    unlink(ballast);
    if (!full)
        return;
    FILE *f = fopen(ballast, "wb");
    off_t size = 0;
    setvbuf(f, NULL, _IONBF, 0);
    while (fwrite(block, 1, sizeof(block), f) == sizeof(block))
        size += (off_t)sizeof(block);
    REQUIRE(ftruncate(fileno(f), size - 300000) == 0);
    fclose(f);
}

static void mount_small(void)
{
    if (unshare(CLONE_NEWNS) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", dir, "tmpfs", 0, "size=4m") < 0)
        _exit(TEST_SKIPPED);
}

static int run(unsigned every, bool on_tmpfs)
{
    scratch_make(dir);
    snprintf(path, sizeof(path), "%.4000s/run.h5", dir);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        if (on_tmpfs)
            mount_small();
        run_out_of_room(on_tmpfs ? -ENOSPC : -EFBIG, every,
                        on_tmpfs ? fill_device : limit_file_size);
    }
    int status = child_status(child);
    scratch_remove(dir);
    if (status == 1)
        fail_msg("flush every %u rows, tmpfs %d", every, on_tmpfs);
    return status;
}

/* Few and many rows between flushes: the write that fails is one of the
 * library's metadata, of a chunk, or of many at once. */
static const unsigned every[] = {1, 7, 100, 999, 5000, 30000};

static void a_file_over_the_limit_is_one_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(every) / sizeof(*every); i++)
        run(every[i], false);
}

static void a_full_device_is_one_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(every) / sizeof(*every); i++)
        if (run(every[i], true) == TEST_SKIPPED) {
            printf("cannot mount a small tmpfs here (needs root)\n");
            skip();
        }
}

/* Not even the empty file fits. */
static void a_file_that_cannot_begin_is_an_error(void **state)
{
    (void)state;
    struct weir_runfile *rf;
    scratch_make(dir);
    snprintf(path, sizeof(path), "%.4000s/run.h5", dir);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        for (rlim_t limit = 0; limit < 6000; limit += 101) {
            struct rlimit r = {limit, RLIM_INFINITY};
            setrlimit(RLIMIT_FSIZE, &r);
            int rc = weir_runfile_create(path, tables, 2, NULL, 0, &rf);
            REQUIRE(rc == -EFBIG || (rc == 0 && limit > 1000));
            REQUIRE(rc < 0 || weir_runfile_close(rf, 1) <= 0);
            REQUIRE(rc == 0 || access(path, F_OK) < 0);
        }
        exit(0);
    }
    assert_int_equal(child_status(child), 0);
    scratch_remove(dir);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_file_over_the_limit_is_one_error),
        cmocka_unit_test(a_full_device_is_one_error),
        cmocka_unit_test(a_file_that_cannot_begin_is_an_error),
    };
    return RUN(cases);
}
