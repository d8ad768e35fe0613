/* SPDX-License-Identifier: BSD-3-Clause */
/* The writer of a run file is killed at random moments. Every row it had
 * declared flushed is there, in both tables, and the file goes on growing from
 * any earlier counts. */
#include "tests/child.h"
#include "tests/scratch.h"

#include "base/rng.h"
#include "io/runfile.h"
#include "io/runfile_reader.h"

#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#ifndef KILLS
#define KILLS 60
#endif

struct row {
    uint64_t number;
    double square[3];
};

static const struct weir_column columns[] = {
    {"number", WEIR_U64, offsetof(struct row, number), 1, false, NULL, "row"},
    {"square", WEIR_F64, offsetof(struct row, square), 3, false, NULL, "of it"},
    {0},
};

static const struct weir_runfile_table tables[] = {
    {"train", "many rows", sizeof(struct row), columns, 64},
    {"validate", "few rows", sizeof(struct row), columns, 0},
};

static char dir[PATH_MAX], path[PATH_MAX];

/* Shared with the child: counts at the last flush it has seen return. */
static volatile uint64_t *declared;

static struct row make_row(uint64_t i)
{
    double d = (double)i;
    return (struct row){i, {d * d, d * d + 1, d * d + 2}};
}

static void append(struct weir_runfile *rf, size_t table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct row r = make_row(weir_runfile_rows(rf, table));
        REQUIRE(weir_runfile_append(rf, table, &r, 1) == 0);
    }
}

static void record_until_killed(bool resume)
{
    struct weir_runfile *rf;
    uint64_t counts[2] = {declared[0], declared[1]};
    int rc = resume ? weir_runfile_resume(path, tables, 2, NULL, 0, counts, &rf)
                    : weir_runfile_create(path, tables, 2, NULL, 0, &rf);
    REQUIRE(rc == 0);
    REQUIRE(weir_runfile_rows(rf, 0) == counts[0]);
    for (unsigned i = 0;; i++) {
        append(rf, 0, 1 + i % 37);
        append(rf, 1, i % 3 == 0);
        if (i % 5)
            continue;
        REQUIRE(weir_runfile_flush(rf) == 0);
        counts[0] = weir_runfile_rows(rf, 0);
        counts[1] = weir_runfile_rows(rf, 1);
        declared[0] = counts[0];
        declared[1] = counts[1];
    }
}

static void table_is(const struct weir_runfile_reader *r, const char *table,
                     uint64_t n)
{
    char name[64];
    uint64_t *number = calloc(n + 1, sizeof(*number));
    double(*square)[3] = calloc(n + 1, sizeof(*square));
    snprintf(name, sizeof(name), "%s/number", table);
    ok(weir_runfile_reader_read(r, name, WEIR_U64, 0, n, number));
    snprintf(name, sizeof(name), "%s/square", table);
    ok(weir_runfile_reader_read(r, name, WEIR_F64, 0, n, square));
    for (uint64_t i = 0; i < n; i++) {
        struct row want = make_row(i);
        assert_int_equal(number[i], want.number);
        assert_memory_equal(square[i], want.square, sizeof(want.square));
    }
    free(number);
    free(square);
}

/* Kills after which there was a note of a write to make again. */
static int noted;

static void check_file(void)
{
    struct weir_runfile_reader *r;
    int mended = weir_runfile_mend(path);
    ok(mended);
    noted += mended;
    ok(weir_runfile_reader_open(path, &r));
    assert_int_equal(weir_runfile_reader_status(r), 0);
    assert_true(weir_runfile_reader_rows(r, "train") >= declared[0]);
    assert_true(weir_runfile_reader_rows(r, "validate") >= declared[1]);
    table_is(r, "train", declared[0]);
    table_is(r, "validate", declared[1]);
    weir_runfile_reader_close(r);
}

static void flushed_rows_outlive_the_writer(void **state)
{
    (void)state;
    struct weir_rng rng = weir_rng_stream(3, WEIR_RNG_TEST, 0);
    int grew = 0;
    for (int i = 0; i < KILLS; i++) {
        uint64_t before = declared[0];
        int status;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0)
            record_until_killed(i > 0);
        /* Half of them, and the first, get as far as new rows; the others may
         * be killed while they copy the old ones. */
        while (i % 2 == 0 && declared[0] == before) {
            if (waitpid(child, &status, WNOHANG) == child)
                fail_msg("the writer ended by itself");
            usleep(1000);
        }
        usleep(weir_rng_below(&rng, 30000));
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        assert_true(WIFSIGNALED(status));
        grew += declared[0] > before;
        check_file();
        /* A checkpoint may be older than the last flush. */
        declared[0] -= declared[0] / 16;
    }
    printf("%d kills, %d after new rows, %d with a note, %llu rows\n", KILLS,
           grew, noted, (unsigned long long)declared[0]);
    assert_true(grew >= KILLS / 2);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(flushed_rows_outlive_the_writer),
    };
    declared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    scratch_make(dir);
    snprintf(path, sizeof(path), "%.4000s/run.h5", dir);
    int failed = RUN(cases);
    scratch_remove(dir);
    return failed;
}
