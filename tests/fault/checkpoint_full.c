/* SPDX-License-Identifier: BSD-3-Clause */
/* No room for the next checkpoint: a clean error, nothing left behind, the
 * older ones untouched, and the writer good for the next try. */
#include "tests/checkpoints.h"
#include "tests/child.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#define FLOATS 600000 /* 2.4 MB */

static char dir[PATH_MAX];

/* Step 1 fits; step 2 does not while @p full is in force. */
static void write_without_room(const struct weir_checkpoint_options *how,
                               int expected, void (*full)(bool))
{
    struct weir_checkpoint_writer *w;
    struct weir_safetensors *file;
    struct content c;
    uint64_t found = 0;
    int hidden;
    content_make(&c, FLOATS);
    REQUIRE(weir_checkpoint_writer_create(how, &w) == 0);
    REQUIRE(content_write(w, &c, 1, NULL) == 0);
    full(true);
    for (int attempt = 0; attempt < 3; attempt++) {
        REQUIRE(content_write(w, &c, 2, NULL) == expected);
        REQUIRE(strstr(weir_err_message(), "checkpoints/") != NULL);
        REQUIRE(count_files(dir, &hidden) == 1 && hidden == 0);
    }
    REQUIRE(weir_checkpoint_open_newest(dir, &file, &found) == 0);
    REQUIRE(found == 1 && content_is(&c, file, 1));
    weir_safetensors_close(file);
    full(false);
    REQUIRE(content_write(w, &c, 3, NULL) == 0);
    weir_checkpoint_writer_destroy(w);
    _exit(0);
}

static void limit_file_size(bool full)
{
    struct rlimit r = {full ? 1000003 : RLIM_INFINITY, RLIM_INFINITY};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &r) == 0);
}

static void fill_device(bool full)
{
    static char block[4096];
    char path[PATH_MAX + 16];
    snprintf(path, sizeof(path), "%s/ballast", dir);
    unlink(path);
    if (!full)
        return;
    FILE *f = fopen(path, "wb");
    off_t size = 0;
    setvbuf(f, NULL, _IONBF, 0);
    while (fwrite(block, 1, sizeof(block), f) == sizeof(block))
        size += (off_t)sizeof(block);
    /* Some room is left, so that a write begins well. */
    REQUIRE(ftruncate(fileno(f), size - 1000000) == 0);
    fclose(f);
}

static void mount_small(void)
{
    if (unshare(CLONE_NEWNS) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", dir, "tmpfs", 0, "size=8m") < 0)
        _exit(TEST_SKIPPED);
    REQUIRE(weir_run_dir_prepare(dir) == 0);
}

/* bits of `how` */
enum { NO_URING = 1, NO_DIRECT = 2, NO_FALLOCATE = 4, TMPFS = 8 };

static void in_child(unsigned how)
{
    struct weir_checkpoint_options o = {.dir = dir,
                                        .keep = 3,
                                        .piece_bytes = 65536,
                                        .no_uring = how & NO_URING,
                                        .no_direct = how & NO_DIRECT};
    signal(SIGXFSZ, SIG_IGN);
    if (how & TMPFS)
        mount_small();
    /* Without a reservation the room ends in the middle of the data. */
    if (how & NO_FALLOCATE && !deny_syscall(SYS_fallocate, EOPNOTSUPP))
        _exit(TEST_SKIPPED);
    if (how & TMPFS)
        write_without_room(&o, -ENOSPC, fill_device);
    write_without_room(&o, -EFBIG, limit_file_size);
}

static int run(unsigned how)
{
    scratch_make(dir);
    ok(weir_run_dir_prepare(dir));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        in_child(how);
    int status = child_status(child);
    scratch_remove(dir);
    if (status == 1)
        fail_msg("how %u", how);
    return status;
}

static void a_file_over_the_limit_is_a_clean_error(void **state)
{
    (void)state;
    for (unsigned how = 0; how < TMPFS; how++)
        if (run(how) == TEST_SKIPPED)
            printf("variant %u skipped: no seccomp filters here\n", how);
}

static void a_full_device_is_a_clean_error(void **state)
{
    (void)state;
    for (unsigned how = TMPFS; how < 2 * TMPFS; how++)
        if (run(how) == TEST_SKIPPED) {
            printf("cannot mount a small tmpfs here (needs root)\n");
            skip();
        }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_file_over_the_limit_is_a_clean_error),
        cmocka_unit_test(a_full_device_is_a_clean_error),
    };
    weir_log_sink(keep_log, NULL);
    return RUN(cases);
}
