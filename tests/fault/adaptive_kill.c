/* SPDX-License-Identifier: BSD-3-Clause */
/* A run whose cores change sides after every step, at random, is killed at
 * random moments and resumed. Every simulation is used once, every step is
 * recorded once, and so is every change up to where the run went on. */
#include "tests/session.h"

#include "base/rng.h"
#include "io/runfile_reader.h"

#include <signal.h>
#include <sys/wait.h>

#define KILLS 8

static const char *const set[] = {
    "placement.allocation=adaptive",
    "placement.groups=2",
    "placement.solver_threads=3",
    "run.lanes=5",
    "training.steps=0",
    "simulations.budget=300",
    "simulations.max_redraws=3000",
    "checkpoint.every=7",
    "checkpoint.reservoir=always",
    "validation.trajectories=0",
    "test.trajectories=0",
    "reservoir.capacity=100",
    NULL,
};

/* Any other number of groups. The leaders that ask take turns. */
static int another(struct weir_allocation *a,
                   const struct weir_allocation_window *w)
{
    static uint64_t asked;
    (void)w;
    struct weir_rng rng = weir_rng_stream(4, WEIR_RNG_TEST, asked++);
    int more = (int)weir_rng_below(&rng, (uint32_t)a->bounds.most_groups - 1);
    a->groups = 1 + (a->groups + more) % a->bounds.most_groups;
    return a->groups;
}

/* This program anew, for one session: ThreadSanitizer does not follow threads
 * into a fork. */
static void play_elsewhere(const char *dir, bool resume)
{
    execl("/proc/self/exe", "adaptive_kill", dir, resume ? "resume" : "", NULL);
    _exit(126);
}

static int play_here(char **argv)
{
    struct outcome o;
    session_moves = another;
    session_play(set, argv[1], argv[2][0], (struct interruption){0}, &o);
    return o.rc ? 1 : 0;
}

static uint64_t newest(const char *dir)
{
    uint64_t *steps = NULL, step = 0;
    if (weir_checkpoint_list(dir, &steps) > 0)
        step = steps[0];
    weir_err_clear();
    free(steps);
    return step;
}

/* A while after its first checkpoint. @return whether it was before its end */
static bool kill_one(const char *dir, bool resume, struct weir_rng *rng)
{
    int status;
    siginfo_t over = {0};
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        play_elsewhere(dir, resume);
    uint64_t before = newest(dir);
    while (newest(dir) == before &&
           waitid(P_PID, (id_t)child, &over, WEXITED | WNOHANG | WNOWAIT) ==
               0 &&
           over.si_pid == 0)
        usleep(500);
    usleep(weir_rng_below(rng, 20000));
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    if (!WIFSIGNALED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status);
}

static uint64_t *column(const struct weir_runfile_reader *r, const char *table,
                        const char *path, uint64_t *n)
{
    *n = weir_runfile_reader_rows(r, table);
    uint64_t *step = calloc(*n + 1, sizeof(*step));
    ok(weir_runfile_reader_read(r, path, WEIR_U64, 0, *n, step));
    return step;
}

static void check_record(const char *dir, const struct outcome *o, int sessions)
{
    char path[PATH_MAX + 8];
    struct weir_runfile_reader *r;
    uint64_t steps, changes;
    snprintf(path, sizeof(path), "%s/run.h5", dir);
    ok(weir_runfile_reader_open(path, &r));
    uint64_t *step = column(r, "train", "train/step", &steps);
    assert_int_equal(steps, o->steps);
    for (uint64_t i = 0; i < steps; i++)
        assert_int_equal(step[i], i);
    free(step);
    step = column(r, "allocation", "allocation/step", &changes);
    for (uint64_t i = 1; i < changes; i++)
        assert_true(step[i] >= step[i - 1] && step[i] <= steps);
    assert_true(changes > o->moves + 1); /* of more than the last session */
    printf("%d sessions, %llu steps, %llu rows of changes, %u in the last "
           "session\n",
           sessions, (unsigned long long)steps, (unsigned long long)changes,
           o->moves);
    free(step);
    weir_runfile_reader_close(r);
}

static void killed_runs_go_on_and_lose_nothing(void **state)
{
    (void)state;
    char dir[PATH_MAX];
    struct outcome o;
    struct weir_rng rng = weir_rng_stream(5, WEIR_RNG_TEST, 0);
    int sessions = 0;
    scratch_make(dir);
    ok(weir_run_dir_prepare(dir));
    session_moves = another;
    while (sessions < KILLS && kill_one(dir, sessions > 0, &rng))
        sessions++;
    assert_true(sessions > 0);
    session_play(set, dir, true, (struct interruption){0}, &o);
    if (o.rc)
        fail_msg("the last session failed: %s", weir_err_message());
    assert_int_equal(o.ending, WEIR_ENDING_DRAINED);
    ledger_is_exact(&o, false);
    assert_int_equal(o.finished, o.budget);
    check_record(dir, &o, sessions + 1);
    outcome_free(&o);
    scratch_remove(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(killed_runs_go_on_and_lose_nothing),
    };
    return argc == 3 ? play_here(argv) : RUN(cases);
}
