/* SPDX-License-Identifier: BSD-3-Clause */
/* A checkpoint is read by a Python script that knows the published format and
 * nothing of Weir, and by the reference loader where that is installed. */
#include "tests/checkpoints.h"

static char dir[PATH_MAX];

static int run_script(const char *path, int floats, const char *to)
{
    char command[3 * PATH_MAX];
    fflush(stdout);
    snprintf(command, sizeof(command),
             "python3 '%s/golden/safetensors_check.py' '%s' 42 %d %s",
             WEIR_TEST_DATA, path, floats, to);
    return system(command);
}

static void python_reads_a_checkpoint(void **state)
{
    (void)state;
    struct weir_checkpoint_options o = {.dir = dir, .keep = 5};
    struct weir_checkpoint_writer *w;
    struct content c;
    char path[PATH_MAX];
    ok(weir_checkpoint_writer_create(&o, &w));
    content_make(&c, 70001);
    ok(content_write(w, &c, 42, NULL));
    ok(weir_checkpoint_path(dir, 42, path));
    assert_int_equal(run_script(path, 70001, ""), 0);
    /* The script can fail. */
    if (truncate(path, 8192) == 0)
        assert_int_not_equal(run_script(path, 70001, "2>/dev/null"), 0);
    weir_checkpoint_writer_destroy(w);
    free(c.weights);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(python_reads_a_checkpoint),
    };
    if (system("python3 -c pass >/dev/null 2>&1") != 0) {
        printf("skipped: no python3\n");
        return TEST_SKIPPED;
    }
    scratch_make(dir);
    ok(weir_run_dir_prepare(dir));
    int failed = RUN(cases);
    scratch_remove(dir);
    return failed;
}
