/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/checkpoints.h"

#include <signal.h>
#include <sys/wait.h>

static char dir[PATH_MAX];

static void fresh(const char *name)
{
    static char base[PATH_MAX];
    if (!base[0])
        memcpy(base, dir, sizeof(base));
    snprintf(dir, sizeof(dir), "%.200s/%s", base, name);
    ok(weir_run_dir_prepare(dir));
    logged[0] = '\0';
}

static void every_way_of_writing_gives_the_same_file(void **state)
{
    (void)state;
    static const struct weir_checkpoint_options ways[] = {
        {0},
        {.no_direct = true},
        {.no_uring = true},
        {.no_uring = true, .no_direct = true},
        {.piece_bytes = 4096, .pieces = 1},
        {.piece_bytes = 8192, .pieces = 7},
        {.piece_bytes = 4096, .pieces = 2, .no_uring = true},
    };
    /* Around multiples of a piece and of a block, and none at all. */
    static const size_t sizes[] = {0, 1, 512, 1023, 1024, 1025, 100003, 600000};
    char path[PATH_MAX];
    fresh("ways");
    for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
        struct content c;
        unsigned char *first = NULL;
        size_t first_n = 0;
        content_make(&c, sizes[s]);
        ok(weir_checkpoint_path(dir, s, path));
        for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
            struct weir_checkpoint_writer *w;
            struct weir_checkpoint_options o = ways[i];
            struct weir_checkpoint_report report;
            size_t n;
            o.dir = dir;
            o.keep = 100;
            ok(weir_checkpoint_writer_create(&o, &w));
            ok(content_write(w, &c, s, &report));
            assert_int_equal(strncmp(report.method, "pwrite", 6) == 0,
                             o.no_uring || strstr(logged, "pwrite") != NULL);
            assert_true(report.copied_ns >= 0 &&
                        report.copied_ns <= report.total_ns);
            weir_checkpoint_writer_destroy(w);
            unsigned char *bytes = scratch_read(path, &n);
            assert_int_equal(report.bytes, n);
            newest_is(dir, &c, s);
            if (first) {
                assert_int_equal(n, first_n);
                assert_memory_equal(bytes, first, n);
                free(bytes);
            } else {
                first = bytes;
                first_n = n;
            }
        }
        free(first);
        free(c.weights);
    }
}

static int released;

static void scribble(void *ctx)
{
    struct content *c = ctx;
    content_fill(c, 999);
    released++;
}

static void arrays_may_change_once_they_are_released(void **state)
{
    (void)state;
    struct content c;
    struct weir_checkpoint_writer *w;
    struct weir_checkpoint_options o = {.dir = dir, .keep = 1};
    fresh("release");
    content_make(&c, 1000000);
    content_fill(&c, 3);
    ok(weir_checkpoint_writer_create(&o, &w));
    struct weir_checkpoint what = {
        .step = 3, .tensor = c.tensor, .n = 3, .release = scribble, .ctx = &c};
    ok(weir_checkpoint_write(w, &what, NULL));
    assert_int_equal(released, 1);
    newest_is(dir, &c, 3);
    /* Also on failure, and only once. */
    c.tensor[0].bytes = 5;
    fails(weir_checkpoint_write(w, &what, NULL), -EINVAL);
    assert_int_equal(released, 2);
    weir_checkpoint_writer_destroy(w);
    free(c.weights);
}

static void the_newest_few_are_kept_and_named_ones_stay(void **state)
{
    (void)state;
    struct content c;
    struct weir_checkpoint_writer *w;
    char path[PATH_MAX + 64];
    uint64_t *steps;
    int hidden;
    fresh("keep");
    struct weir_checkpoint_options o = {.dir = dir, .keep = 2};
    content_make(&c, 1000);
    /* What a killed writer leaves, and what is not ours. */
    snprintf(path, sizeof(path),
             "%s/checkpoints/.step-00000001.safetensors.tmp", dir);
    scratch_write(path, "x", 1);
    snprintf(path, sizeof(path), "%s/checkpoints/step-7.safetensors", dir);
    scratch_write(path, "x", 1);
    snprintf(path, sizeof(path), "%s/checkpoints/step-x.safetensors", dir);
    scratch_write(path, "x", 1);
    ok(weir_checkpoint_writer_create(&o, &w));
    struct weir_checkpoint best = {
        .step = 5, .name = "best", .tensor = c.tensor, .n = 3};
    content_fill(&c, 5);
    ok(weir_checkpoint_write(w, &best, NULL));
    for (uint64_t step = 8; step <= 123456789012; step *= 17)
        ok(content_write(w, &c, step, NULL));
    assert_int_equal(weir_checkpoint_list(dir, &steps), 2);
    assert_int_equal(steps[0], 8ull * 24137569 * 289); /* 8 * 17^8 */
    assert_int_equal(steps[1], steps[0] / 17);
    assert_int_equal(count_files(dir, &hidden), 5);
    assert_int_equal(hidden, 0);
    struct weir_safetensors *file;
    ok(weir_checkpoint_named_path(dir, "best", path));
    ok(weir_checkpoint_open(path, &file));
    assert_true(content_is(&c, file, 5));
    assert_string_equal(weir_safetensors_meta(file, "weir.format"), "3");
    weir_safetensors_close(file);
    free(steps);
    weir_checkpoint_writer_destroy(w);
    free(c.weights);
}

static void damage(uint64_t step)
{
    char path[PATH_MAX];
    size_t n;
    ok(weir_checkpoint_path(dir, step, path));
    unsigned char *bytes = scratch_read(path, &n);
    scratch_write(path, bytes, n - 1);
    free(bytes);
}

static void a_damaged_checkpoint_is_passed_over_aloud(void **state)
{
    (void)state;
    struct content c;
    struct weir_checkpoint_writer *w;
    struct weir_safetensors *file;
    uint64_t step, *steps;
    fresh("damaged");
    struct weir_checkpoint_options o = {.dir = dir, .keep = 3};
    content_make(&c, 1000);
    fails(weir_checkpoint_open_newest(dir, &file, &step), -ENOENT);
    ok(weir_checkpoint_writer_create(&o, &w));
    for (uint64_t s = 100; s <= 300; s += 100)
        ok(content_write(w, &c, s, NULL));
    logged[0] = '\0';
    newest_is(dir, &c, 300);
    assert_string_equal(logged, "");
    damage(300);
    newest_is(dir, &c, 200);
    assert_non_null(strstr(logged, "step-00000300.safetensors"));
    assert_non_null(strstr(logged, "using step 200"));
    /* The run that goes on at 200 must not count 300 among the kept. */
    assert_int_equal(weir_checkpoint_set_aside(dir, 200), 1);
    logged[0] = '\0';
    newest_is(dir, &c, 200);
    assert_string_equal(logged, "");
    damage(200);
    damage(100);
    fails(weir_checkpoint_open_newest(dir, &file, &step), -WEIR_ECORRUPT);
    says("none of 2 checkpoints");
    ok(content_write(w, &c, 250, NULL));
    newest_is(dir, &c, 250);
    assert_int_equal(weir_checkpoint_list(dir, &steps), 3);
    free(steps);
    weir_checkpoint_writer_destroy(w);
    free(c.weights);
}

/* A whole safetensors file, with metadata of the caller's choice. */
static void write_foreign(const char *metadata)
{
    char path[PATH_MAX], json[256];
    unsigned char bytes[300];
    ok(weir_checkpoint_path(dir, 1, path));
    uint64_t n = (uint64_t)snprintf(json, sizeof(json),
                                    "{\"__metadata__\":{%s}}", metadata);
    memcpy(bytes, &n, 8);
    memcpy(bytes + 8, json, n);
    scratch_write(path, bytes, 8 + n);
}

static void files_that_are_no_checkpoints_of_ours_are_refused(void **state)
{
    (void)state;
    struct weir_safetensors *file;
    uint64_t step;
    fresh("foreign");
    write_foreign("\"weir.format\":\"1\"");
    fails(weir_checkpoint_open_newest(dir, &file, &step), -WEIR_ECORRUPT);
    says("no checksums");
    struct weir_safetensors_head h;
    struct weir_text meta = {"weir.format", "4"};
    char path[PATH_MAX];
    ok(weir_safetensors_head_build(NULL, 0, &meta, 1, &h));
    weir_safetensors_head_seal(&h, NULL);
    ok(weir_checkpoint_path(dir, 1, path));
    scratch_write(path, h.bytes, h.size);
    weir_safetensors_head_free(&h);
    fails(weir_checkpoint_open_newest(dir, &file, &step), -ENOTSUP);
    says("format 4");
}

static void writer_options_are_checked(void **state)
{
    (void)state;
    struct weir_checkpoint_writer *w;
    fresh("options");
    static const struct weir_checkpoint_options bad[] = {
        {.keep = 0},
        {.keep = 1, .piece_bytes = 5000},
        {.keep = 1, .pieces = 65},
        {.keep = 1, .pieces = -1},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct weir_checkpoint_options o = bad[i];
        o.dir = dir;
        fails(weir_checkpoint_writer_create(&o, &w), -EINVAL);
    }
}

static void a_write_into_a_missing_directory_fails_cleanly(void **state)
{
    (void)state;
    struct content c;
    struct weir_checkpoint_writer *w;
    struct weir_checkpoint_options o = {.dir = "/nonexistent/run", .keep = 1};
    content_make(&c, 10);
    ok(weir_checkpoint_writer_create(&o, &w));
    fails(content_write(w, &c, 1, NULL), -ENOENT);
    says("/nonexistent/run");
    weir_checkpoint_writer_destroy(w);
    free(c.weights);
}

static void a_directory_is_made_with_its_parents(void **state)
{
    (void)state;
    char path[PATH_MAX];
    struct stat st;
    fresh("prepare");
    snprintf(path, sizeof(path), "%.200s/a/b//c/", dir);
    ok(weir_run_dir_prepare(path));
    ok(weir_run_dir_prepare(path));
    snprintf(path, sizeof(path), "%.200s/a/b/c/checkpoints", dir);
    assert_int_equal(stat(path, &st), 0);
    snprintf(path, sizeof(path), "%.200s/file", dir);
    scratch_write(path, "", 0);
    fails(weir_run_dir_prepare(path), -WEIR_EENV);
    says("file' cannot be created");
    snprintf(path, sizeof(path), "%.200s/file/below", dir);
    fails(weir_run_dir_prepare(path), -WEIR_EENV);
    fails(weir_run_dir_prepare("/proc/weir"), -WEIR_EENV);
    fails(weir_run_dir_prepare(""), -WEIR_EENV);
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    fails(weir_run_dir_prepare(path), -WEIR_EENV);
    fails(weir_run_dir_prepare("/proc/self"), -WEIR_EENV);
    says("cannot be written");
}

static void a_directory_has_one_owner(void **state)
{
    (void)state;
    char pid[64];
    fresh("lock");
    int lock = weir_run_dir_lock(dir);
    ok(lock);
    fails(weir_run_dir_lock(dir), -WEIR_EENV);
    snprintf(pid, sizeof(pid), "in use by process %d", (int)getpid());
    says(pid);
    weir_run_dir_unlock(lock);
    lock = weir_run_dir_lock(dir);
    ok(lock);
    weir_run_dir_unlock(lock);
}

/* Also when it was just starting a process, which ends a little later. */
static void a_killed_owner_gives_the_directory_back(void **state)
{
    (void)state;
    int fd[2];
    char word[64], pid[64];
    fresh("killed");
    assert_int_equal(pipe(fd), 0);
    pid_t child = fork();
    if (child == 0) {
        int lock = weir_run_dir_lock(dir);
        pid_t owner = getpid();
        if (fork() == 0) {
            while (getppid() == owner)
                usleep(1000);
            usleep(100000);
            _exit(0);
        }
        if (write(fd[1], lock < 0 ? "n" : "y", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(fd[0], word, 1), 1);
    assert_int_equal(word[0], 'y');
    fails(weir_run_dir_lock(dir), -WEIR_EENV);
    snprintf(pid, sizeof(pid), "process %d", (int)child);
    says(pid);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    int lock = weir_run_dir_lock(dir);
    ok(lock);
    weir_run_dir_unlock(lock);
    close(fd[0]);
    close(fd[1]);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(every_way_of_writing_gives_the_same_file),
        cmocka_unit_test(arrays_may_change_once_they_are_released),
        cmocka_unit_test(the_newest_few_are_kept_and_named_ones_stay),
        cmocka_unit_test(a_damaged_checkpoint_is_passed_over_aloud),
        cmocka_unit_test(files_that_are_no_checkpoints_of_ours_are_refused),
        cmocka_unit_test(writer_options_are_checked),
        cmocka_unit_test(a_write_into_a_missing_directory_fails_cleanly),
        cmocka_unit_test(a_directory_is_made_with_its_parents),
        cmocka_unit_test(a_directory_has_one_owner),
        cmocka_unit_test(a_killed_owner_gives_the_directory_back),
    };
    char base[PATH_MAX];
    scratch_make(dir);
    memcpy(base, dir, sizeof(base));
    weir_log_sink(keep_log, NULL);
    int failed = RUN(cases);
    scratch_remove(base);
    return failed;
}
