/* SPDX-License-Identifier: BSD-3-Clause */
/* Data sets of trajectories: whole or partial, continued, full disks, read
 * back; and rows of numbers that a user prepared. */
#include "tests/child.h"
#include "tests/scratch.h"

#include "io/dataset.h"
#include "io/dataset_reader.h"
#include "io/rows.h"

#include <fcntl.h>
#include <hdf5.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

enum { N = 5, FRAMES = 3, NX = 6, NY = 4, POINTS = NX * NY };

static const char *const fields[] = {"u", "v"};
static const struct weir_constant constants[] = {{"nu", 0.25}, {"b", 6}};
static const struct weir_parameter parameters_of[] = {
    {.name = "A0", .low = -1, .high = 1},
    {.name = "b", .low = 1, .high = 9, .coefficient = true},
    {.name = "length", .low = 1, .high = 3, .coefficient = true},
};
static const struct weir_solver_info info = {
    .shape = {.channels = 2, .dims = 2, .n = {NX, NY}},
    .extent = {2, 2},
    .spacing = {2. / NX, 2. / NY},
    .dt = 0.5,
    .periodic = true,
    .equation = "u_t = nu u_xx - b u u_x",
    .field = fields,
    .constant = constants,
    .constants = 2,
};
static const struct weir_space space = {.n = 3, .parameter = parameters_of};
static const struct weir_text text[] = {{"config", "a: 1\nb: \xc3\xa9\n"}};

static double parameters[N][3];
static char dir[PATH_MAX], path[PATH_MAX], part[PATH_MAX];

static struct weir_dataset_plan plan_of(bool keep_double)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < 3; j++)
            parameters[i][j] = 1 + 0.1 * i + 0.01 * j;
    return (struct weir_dataset_plan){.name = "toy",
                                      .info = &info,
                                      .space = &space,
                                      .parameters = parameters[0],
                                      .trajectories = N,
                                      .frames = FRAMES,
                                      .keep_double = keep_double,
                                      .text = text,
                                      .texts = 1};
}

/* A number that names its place, exact in float32. */
static double value_at(int channel, uint64_t i, uint32_t t, int point)
{
    return channel * 100000 + (double)i * 1000 + t * 100 + point;
}

static int write_trajectory(struct weir_dataset *d, uint64_t i,
                            bool keep_double)
{
    double wide[FRAMES * POINTS];
    float narrow[FRAMES * POINTS];
    int rc = 0;
    for (int c = 0; rc == 0 && c < 2; c++) {
        for (int k = 0; k < FRAMES * POINTS; k++) {
            wide[k] = value_at(c, i, (uint32_t)(k / POINTS), k % POINTS);
            narrow[k] = (float)wide[k];
        }
        /* In two pieces, as long trajectories are. */
        const char *at = keep_double ? (void *)wide : (void *)narrow;
        size_t frame = POINTS * (keep_double ? 8 : 4);
        rc = weir_dataset_write(d, c, i, 0, 2, at);
        rc = rc ? rc : weir_dataset_write(d, c, i, 2, 1, at + 2 * frame);
    }
    if (rc == 0)
        weir_dataset_mark(d, i, 1 + (uint32_t)i);
    return rc;
}

static bool exists(const char *name)
{
    return access(name, F_OK) == 0;
}

static int start_clean(void **state)
{
    (void)state;
    unlink(path);
    unlink(part);
    return 0;
}

static void check_values(bool keep_double)
{
    struct weir_dataset_reader *r;
    double got[2 * 2 * POINTS];
    ok(weir_dataset_reader_open(path, &r));
    const struct weir_dataset_info *about = weir_dataset_reader_info(r);
    assert_string_equal(about->name, "toy");
    assert_string_equal(about->equation, info.equation);
    assert_string_equal(about->config, text[0].value);
    assert_int_equal(about->trajectories, N);
    assert_int_equal(about->frames, FRAMES);
    assert_memory_equal(&about->shape, &info.shape, sizeof(info.shape));
    assert_string_equal(about->field[1], "v");
    assert_int_equal(about->dtype, keep_double ? WEIR_F64 : WEIR_F32);
    assert_true(about->dt == 0.5 && about->missing == 0);
    for (uint64_t i = 0; i < N; i++) {
        ok(weir_dataset_reader_frames(r, i, 1, 2, WEIR_F64, got));
        for (int k = 0; k < 2 * 2 * POINTS; k++)
            assert_true(got[k] == value_at(k / POINTS % 2, i,
                                           1 + (uint32_t)(k / (2 * POINTS)),
                                           k % POINTS));
    }
    fails(weir_dataset_reader_frames(r, N, 0, 1, WEIR_F32, got), -ERANGE);
    fails(weir_dataset_reader_frames(r, 0, 2, 2, WEIR_F32, got), -ERANGE);
    weir_dataset_reader_close(r);
}

static void a_file_gets_its_name_when_it_is_whole(void **state)
{
    (void)state;
    for (int keep_double = 0; keep_double < 2; keep_double++) {
        struct weir_dataset_plan plan = plan_of(keep_double);
        struct weir_dataset *d;
        unlink(path);
        ok(weir_dataset_create(path, &plan, &d));
        for (uint64_t i = 0; i < N; i++) {
            assert_true(exists(part) && !exists(path));
            ok(write_trajectory(d, i, keep_double));
        }
        assert_int_equal(weir_dataset_finish(d), 1);
        assert_true(!exists(part) && exists(path));
        check_values(keep_double);
    }
}

static void a_partial_file_is_continued(void **state)
{
    (void)state;
    struct weir_dataset_plan plan = plan_of(false);
    struct weir_dataset *d;
    for (uint64_t done = 0; done < N; done++) {
        int rc = done ? weir_dataset_resume(path, &plan, &d)
                      : weir_dataset_create(path, &plan, &d);
        ok(rc);
        for (uint64_t i = 0; i < N; i++)
            assert_int_equal(weir_dataset_attempts(d, i), i < done ? i + 1 : 0);
        ok(write_trajectory(d, done, false));
        assert_int_equal(weir_dataset_finish(d), done == N - 1);
    }
    check_values(false);
}

/* SIGKILL in the middle: what was synced is there, the rest is not marked. */
static void a_killed_writer_leaves_what_was_synced(void **state)
{
    (void)state;
    struct weir_dataset_plan plan = plan_of(false);
    struct weir_dataset *d;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        REQUIRE(weir_dataset_create(path, &plan, &d) == 0);
        REQUIRE(write_trajectory(d, 0, false) == 0);
        REQUIRE(write_trajectory(d, 3, false) == 0);
        REQUIRE(weir_dataset_sync(d) == 0);
        REQUIRE(write_trajectory(d, 4, false) == 0);
        raise(SIGKILL);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    assert_true(exists(part) && !exists(path));
    ok(weir_dataset_resume(path, &plan, &d));
    char *config = weir_dataset_text(d, "config");
    assert_string_equal(config, text[0].value);
    free(config);
    for (uint64_t i = 0; i < N; i++) {
        assert_int_equal(weir_dataset_attempts(d, i),
                         i == 0 || i == 3 ? i + 1 : 0);
        if (i != 0 && i != 3)
            ok(write_trajectory(d, i, false));
    }
    assert_int_equal(weir_dataset_finish(d), 1);
    check_values(false);
}

/* Nothing in a file depends on when it was written, or in which order. */
static void the_same_work_gives_the_same_bytes(void **state)
{
    (void)state;
    struct weir_dataset_plan plan = plan_of(false);
    struct weir_dataset *d;
    unsigned char *bytes[2];
    size_t size[2];
    for (int k = 0; k < 2; k++) {
        ok(weir_dataset_create(path, &plan, &d));
        for (uint64_t i = 0; i < N; i++)
            ok(write_trajectory(d, k ? N - 1 - i : i, false));
        assert_int_equal(weir_dataset_finish(d), 1);
        bytes[k] = scratch_read(path, &size[k]);
        unlink(path);
        usleep(1100000); /* HDF5 keeps times in seconds */
    }
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(bytes[0], bytes[1], size[0]);
    free(bytes[0]);
    free(bytes[1]);
}

static void another_plan_does_not_continue(void **state)
{
    (void)state;
    struct weir_dataset_plan plan = plan_of(false), other;
    struct weir_dataset *d;
    ok(weir_dataset_create(path, &plan, &d));
    assert_int_equal(weir_dataset_finish(d), 0);
    other = plan;
    other.trajectories = N - 1;
    fails(weir_dataset_resume(path, &other, &d), -WEIR_ECONFIG);
    says("number of trajectories");
    other = plan;
    other.frames = FRAMES + 1;
    fails(weir_dataset_resume(path, &other, &d), -WEIR_ECONFIG);
    says("frames");
    other = plan;
    other.keep_double = true;
    fails(weir_dataset_resume(path, &other, &d), -WEIR_ECONFIG);
    says("--double");
    struct weir_space fewer = {.n = 2, .parameter = parameters_of};
    other = plan;
    other.space = &fewer;
    fails(weir_dataset_resume(path, &other, &d), -WEIR_ECONFIG);
    says("parameters");
    scratch_write(part, "something else", 14);
    fails(weir_dataset_resume(path, &plan, &d), -WEIR_ECORRUPT);
    says(part);
}

static void one_process_writes_at_a_time(void **state)
{
    (void)state;
    struct weir_dataset_plan plan = plan_of(false);
    struct weir_dataset *d, *second;
    ok(weir_dataset_create(path, &plan, &d));
    fails(weir_dataset_create(path, &plan, &second), -EEXIST);
    /* A lock is of the open file: another descriptor stands for a process. */
    fails(weir_dataset_resume(path, &plan, &second), -WEIR_EENV);
    says("another process");
    weir_dataset_discard(d);
    assert_false(exists(part));
    fails(weir_dataset_resume(path, &plan, &second), -WEIR_EENV);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void no_room_shows_before_the_work(void **state)
{
    (void)state;
    struct weir_dataset_plan plan = plan_of(false);
    struct weir_dataset *d;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        limit_files(20000);
        REQUIRE(weir_dataset_create(path, &plan, &d) == -WEIR_EENV);
        REQUIRE(strstr(weir_err_message(), "File too large"));
        REQUIRE(strstr(weir_err_hint_text(), "ulimit -f"));
        _exit(0);
    }
    assert_int_equal(child_status(child), 0);
    assert_false(exists(part) || exists(path));
    strcat(part, "~");
    assert_false(exists(part));
    part[strlen(part) - 1] = '\0';
}

/* Where the last number of the last field is. */
static rlim_t end_of_fields(void)
{
    hid_t f = H5Fopen(part, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t d = H5Dopen2(f, "t0_fields/v", H5P_DEFAULT);
    rlim_t end = H5Dget_offset(d) + H5Dget_storage_size(d);
    H5Dclose(d);
    H5Fclose(f);
    return end;
}

/* Where room cannot be reserved a disk may fill up later. */
static void a_full_disk_keeps_what_was_synced(void **state)
{
    (void)state;
    struct weir_dataset_plan plan = plan_of(true);
    struct weir_dataset *d;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        REQUIRE(weir_dataset_create(path, &plan, &d) == 0);
        REQUIRE(write_trajectory(d, 0, true) == 0);
        REQUIRE(weir_dataset_finish(d) == 0);
        rlim_t end = end_of_fields();
        REQUIRE(weir_dataset_resume(path, &plan, &d) == 0);
        limit_files(end - 100);
        REQUIRE(write_trajectory(d, 1, true) == 0);
        int rc = write_trajectory(d, N - 1, true);
        REQUIRE(rc == -EFBIG && strstr(weir_err_message(), part));
        REQUIRE(write_trajectory(d, 2, true) == -EFBIG);
        REQUIRE(weir_dataset_sync(d) == -EFBIG);
        REQUIRE(weir_dataset_finish(d) == -EFBIG);
        _exit(0);
    }
    assert_int_equal(child_status(child), 0);
    assert_true(exists(part) && !exists(path));
    ok(weir_dataset_resume(path, &plan, &d));
    assert_int_equal(weir_dataset_attempts(d, 0), 1);
    assert_int_equal(weir_dataset_attempts(d, N - 1), 0);
    for (uint64_t i = 1; i < N; i++)
        ok(write_trajectory(d, i, true));
    assert_int_equal(weir_dataset_finish(d), 1);
    check_values(true);
}

struct writer {
    pthread_t thread;
    struct weir_dataset *d;
    uint64_t first;
};

static void *write_some(void *arg)
{
    struct writer *w = arg;
    for (uint64_t i = w->first; i < N; i += 2)
        if (write_trajectory(w->d, i, false))
            return arg;
    return NULL;
}

static void threads_write_while_another_syncs(void **state)
{
    (void)state;
    struct weir_dataset_plan plan = plan_of(false);
    struct writer w[2] = {{.first = 0}, {.first = 1}};
    struct weir_dataset *d;
    ok(weir_dataset_create(path, &plan, &d));
    for (int i = 0; i < 2; i++) {
        w[i].d = d;
        pthread_create(&w[i].thread, NULL, write_some, &w[i]);
    }
    for (int i = 0; i < 5; i++)
        ok(weir_dataset_sync(d));
    for (int i = 0; i < 2; i++) {
        void *failed;
        pthread_join(w[i].thread, &failed);
        assert_null(failed);
    }
    assert_int_equal(weir_dataset_finish(d), 1);
    check_values(false);
}

static void new_parameters_reach_every_place(void **state)
{
    (void)state;
    struct weir_dataset_plan plan = plan_of(true);
    struct weir_dataset *d;
    double redrawn[3] = {-0.5, 7.25, 2.5}, got[N][3], b[N], x[N][NX];
    ok(weir_dataset_create(path, &plan, &d));
    for (uint64_t i = 0; i < N; i++)
        ok(write_trajectory(d, i, true));
    ok(weir_dataset_parameters(d, 2, redrawn));
    assert_int_equal(weir_dataset_finish(d), 1);
    memcpy(parameters[2], redrawn, sizeof(redrawn));
    struct weir_rows *rows;
    ok(weir_rows_open(path, "parameters", &rows));
    assert_string_equal(weir_rows_info(rows)->names, "A0 b length");
    ok(weir_rows_read(rows, 0, N, got[0]));
    weir_rows_close(rows);
    assert_memory_equal(got, parameters, sizeof(got));
    ok(weir_rows_open(path, "scalars/b", &rows));
    ok(weir_rows_read(rows, 0, N, b));
    weir_rows_close(rows);
    ok(weir_rows_open(path, "dimensions/x", &rows));
    assert_int_equal(weir_rows_info(rows)->width, NX);
    ok(weir_rows_read(rows, 0, N, x[0]));
    weir_rows_close(rows);
    for (int i = 0; i < N; i++) {
        assert_true(b[i] == parameters[i][1]);
        for (int k = 0; k < NX; k++) {
            double error = x[i][k] - parameters[i][2] * k / NX;
            assert_true(error * error < 1e-28);
        }
    }
}

static void rows_of_any_number_type_are_doubles(void **state)
{
    (void)state;
    hsize_t size[3] = {2, 3, 2};
    int16_t value[12];
    for (int i = 0; i < 12; i++)
        value[i] = (int16_t)(i * i);
    hid_t f = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t s = H5Screate_simple(3, size, NULL);
    hid_t d = H5Dcreate2(f, "initial", H5T_STD_I16BE, s, H5P_DEFAULT,
                         H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(d, H5T_NATIVE_INT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, value);
    H5Gclose(H5Gcreate2(f, "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Dclose(d);
    H5Sclose(s);
    H5Fclose(f);
    struct weir_rows *rows;
    double got[6];
    ok(weir_rows_open(path, "initial", &rows));
    const struct weir_rows_info *about = weir_rows_info(rows);
    assert_true(about->dims == 3 && about->size[0] == 2 && about->width == 6);
    assert_null(about->names);
    ok(weir_rows_read(rows, 1, 1, got));
    for (int i = 0; i < 6; i++)
        assert_true(got[i] == (6 + i) * (6 + i));
    weir_rows_close(rows);
    fails(weir_rows_open(path, "nothing", &rows), -ENOENT);
    fails(weir_rows_open(path, "no/thing", &rows), -ENOENT);
    fails(weir_rows_open(path, "group", &rows), -WEIR_ECONFIG);
    fails(weir_rows_open("/nowhere.h5", "a", &rows), -WEIR_ECONFIG);
    says("No such file");
    scratch_write(part, "no HDF5", 7);
    fails(weir_rows_open(part, "a", &rows), -WEIR_ECONFIG);
    struct weir_dataset_reader *r;
    fails(weir_dataset_reader_open(path, &r), -WEIR_ECONFIG);
    says("dataset_name");
    fails(weir_dataset_reader_open(part, &r), -WEIR_ECONFIG);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_file_gets_its_name_when_it_is_whole),
        cmocka_unit_test(a_partial_file_is_continued),
        cmocka_unit_test(a_killed_writer_leaves_what_was_synced),
        cmocka_unit_test(the_same_work_gives_the_same_bytes),
        cmocka_unit_test(another_plan_does_not_continue),
        cmocka_unit_test(one_process_writes_at_a_time),
        cmocka_unit_test(no_room_shows_before_the_work),
        cmocka_unit_test(a_full_disk_keeps_what_was_synced),
        cmocka_unit_test(threads_write_while_another_syncs),
        cmocka_unit_test(new_parameters_reach_every_place),
        cmocka_unit_test(rows_of_any_number_type_are_doubles),
    };
    struct CMUnitTest clean[sizeof(cases) / sizeof(*cases)];
    memcpy(clean, cases, sizeof(cases));
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        clean[i].setup_func = start_clean;
    scratch_make(dir);
    snprintf(path, sizeof(path), "%.4000s/f.h5", dir);
    snprintf(part, sizeof(part), "%.4000s/f.h5.part", dir);
    int failed = RUN(clean);
    scratch_remove(dir);
    return failed;
}
