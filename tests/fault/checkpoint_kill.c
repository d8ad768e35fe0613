/* SPDX-License-Identifier: BSD-3-Clause */
/* A writer is killed at random moments, many times. Whatever it had declared
 * written is there, whole and unmixed, and its leftovers do not pile up. */
#include "tests/checkpoints.h"
#include "tests/child.h"

#include "base/rng.h"

#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#define KILLS  200
#define FLOATS 400000

static char dir[PATH_MAX];

/* Shared with the child: the last step weir_checkpoint_write() returned for. */
static volatile uint64_t *declared;

static void write_until_killed(uint64_t from, unsigned how)
{
    struct weir_checkpoint_options o = {.dir = dir,
                                        .keep = 2,
                                        .piece_bytes = 65536,
                                        .pieces = 4,
                                        .no_uring = how % 2,
                                        .no_direct = how / 2 % 2};
    struct weir_checkpoint_writer *w;
    struct content c;
    content_make(&c, FLOATS);
    REQUIRE(weir_checkpoint_writer_create(&o, &w) == 0);
    for (uint64_t step = from;; step++) {
        REQUIRE(content_write(w, &c, step, NULL) == 0);
        *declared = step;
    }
}

/* Nanoseconds of one write, so that kills hit writes on any device. */
static uint32_t time_a_write(void)
{
    struct weir_checkpoint_options o = {.dir = dir, .keep = 2};
    struct weir_checkpoint_writer *w;
    struct weir_checkpoint_report report;
    struct content c;
    content_make(&c, FLOATS);
    ok(weir_checkpoint_writer_create(&o, &w));
    ok(content_write(w, &c, 1, &report));
    ok(content_write(w, &c, 1, &report));
    weir_checkpoint_writer_destroy(w);
    free(c.weights);
    *declared = 1;
    return report.total_ns < 200000000 ? (uint32_t)report.total_ns : 200000000;
}

static void kill_one_writer(struct weir_rng *rng, uint32_t write_ns,
                            unsigned how)
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        write_until_killed(*declared + 1, how);
    struct timespec wait = {0, (long)weir_rng_below(rng, 4 * write_ns)};
    nanosleep(&wait, NULL);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
}

/* A machine that became busy lets no write end in the time it once took. */
static uint32_t longer(uint32_t write_ns, uint64_t before, int *barren)
{
    *barren = *declared > before ? 0 : *barren + 1;
    if (*barren < KILLS / 20 || write_ns >= 100000000)
        return write_ns;
    *barren = 0;
    return 2 * write_ns;
}

static void killed_writers_leave_whole_checkpoints(void **state)
{
    (void)state;
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, 0);
    struct weir_safetensors *file;
    struct content c;
    uint64_t found;
    int torn = 0, barren = 0, hidden;
    uint32_t write_ns = time_a_write();
    content_make(&c, FLOATS);
    for (unsigned i = 0; i < KILLS; i++) {
        uint64_t before = *declared;
        kill_one_writer(&rng, write_ns, i);
        count_files(dir, &hidden);
        assert_true(hidden <= 1);
        torn += hidden;
        ok(weir_checkpoint_open_newest(dir, &file, &found));
        /* One more than declared: killed between rename and return. */
        assert_true(found >= *declared && found <= *declared + 1);
        assert_true(content_is(&c, file, found));
        weir_safetensors_close(file);
        *declared = found;
        write_ns = longer(write_ns, before, &barren);
    }
    assert_string_equal(logged, "");
    printf("%d kills, %d in the middle of a write, %llu checkpoints\n", KILLS,
           torn, (unsigned long long)*declared);
    assert_true(torn > KILLS / 20);
    assert_true(*declared > KILLS / 20);
    ok(weir_checkpoint_delete_old(dir, 1));
    ok(weir_checkpoint_delete_temporary(dir));
    assert_int_equal(count_files(dir, &hidden), 1);
    free(c.weights);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(killed_writers_leave_whole_checkpoints),
    };
    declared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    scratch_make(dir);
    ok(weir_run_dir_prepare(dir));
    weir_log_sink(keep_log, NULL);
    int failed = RUN(cases);
    scratch_remove(dir);
    return failed;
}
