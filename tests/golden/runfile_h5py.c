/* SPDX-License-Identifier: BSD-3-Clause */
/* h5py follows a run file while it grows, and reads it when it is done. */
#include "tests/child.h"
#include "tests/scratch.h"

#include "io/runfile.h"

struct row {
    uint64_t number;
    double square[3];
    char name[16];
    int32_t label;
};

static const struct weir_column columns[] = {
    {"number", WEIR_U64, offsetof(struct row, number), 1, false, NULL, "row"},
    {"square", WEIR_F64, offsetof(struct row, square), 3, false, "m2", "of it"},
    {"name", WEIR_U8, offsetof(struct row, name), 16, true, NULL, "of it"},
    {"label", WEIR_I32, offsetof(struct row, label), 1, false, NULL, "mod 7"},
    {0},
};

static const struct weir_runfile_table tables[] = {
    {"train", "many rows", sizeof(struct row), columns, 64},
};

static char dir[PATH_MAX], path[PATH_MAX];
static const char *python;

static void append(struct weir_runfile *rf, uint64_t n)
{
    for (uint64_t k = 0; k < n; k++) {
        uint64_t i = weir_runfile_rows(rf, 0);
        double d = (double)i;
        struct row r = {i, {d * d, d * d + 1, d * d + 2}, "", (int32_t)(i % 7)};
        snprintf(r.name, sizeof(r.name), "row %llu", (unsigned long long)i);
        ok(weir_runfile_append(rf, 0, &r, 1));
    }
    ok(weir_runfile_flush(rf));
}

static pid_t start_script(const char *mode)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execlp(python, python, WEIR_TEST_DATA "/golden/runfile_check.py", path,
               mode, NULL);
        _exit(1);
    }
    return child;
}

static void h5py_follows_a_growing_file(void **state)
{
    (void)state;
    struct weir_runfile *rf;
    struct weir_text text = {"config", "a: 1\nname: \xc3\xa9\n"};
    int status = -1;
    ok(weir_runfile_create(path, tables, 1, &text, 1, &rf));
    pid_t child = start_script("grows");
    /* Grow for as long as the reader follows. */
    while (waitpid(child, &status, WNOHANG) == 0) {
        append(rf, 1 + weir_runfile_rows(rf, 0) % 91);
        usleep(2000);
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    append(rf, 100);
    ok(weir_runfile_close(rf, 5));
    assert_int_equal(child_status(start_script("done")), 0);
}

static bool has_h5py(const char *name)
{
    char command[256];
    python = name;
    snprintf(command, sizeof(command), "%s -c 'import h5py' >/dev/null 2>&1",
             name);
    return system(command) == 0;
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(h5py_follows_a_growing_file),
    };
    if (!has_h5py("python3") && !has_h5py("/usr/bin/python3")) {
        printf("skipped: no python3 with h5py\n");
        return TEST_SKIPPED;
    }
    scratch_make(dir);
    snprintf(path, sizeof(path), "%.4000s/run.h5", dir);
    int failed = RUN(cases);
    scratch_remove(dir);
    return failed;
}
