/* SPDX-License-Identifier: BSD-3-Clause */
/* A solver's process, from a start that nothing may hold up to every end. */
#include "pipeline/clients/client_process.h"
#include "tests/test.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND 1000000000

static const char *const none[] = {NULL};
static char log_path[] = "/tmp/weir-process-XXXXXX";
static struct weir_process process;

/* What a user, a scheduler or a debugger may do to a process before its time. */
static int before_program;

static void meet_fate(void)
{
    if (before_program)
        raise(before_program);
}

static void start(const char *a, const char *b, const char *c)
{
    char *const argv[] = {(char *)a, (char *)b, (char *)c, NULL};
    ok(weir_process_start(argv, none, log_path, &process));
}

static int make(void **state)
{
    (void)state;
    before_program = 0;
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    weir_process_kill(&process, WEIR_PROCESS_DEATH_NS);
    weir_err_clear();
    return 0;
}

static void test_one_stopped_before_it_is_the_program_holds_nobody_up(void **s)
{
    (void)s;
    before_program = SIGSTOP;
    start("true", NULL, NULL);
    assert_false(weir_process_wait(&process, SECOND / 20));
    ok(weir_process_check_start(&process, "true"));
    weir_process_kill(&process, WEIR_PROCESS_DEATH_NS);
    assert_int_equal(process.pid, 0);
}

static void test_one_killed_before_it_is_the_program_has_ended(void **s)
{
    (void)s;
    before_program = SIGKILL;
    start("true", NULL, NULL);
    assert_true(weir_process_wait(&process, 60LL * SECOND));
    ok(weir_process_check_start(&process, "true"));
    assert_true(process.by_signal);
    assert_int_equal(process.status, SIGKILL);
}

static void test_a_program_that_is_not_there_is_named(void **s)
{
    (void)s;
    start("/no/such/program", NULL, NULL);
    assert_true(weir_process_wait(&process, 60LL * SECOND));
    assert_int_equal(weir_process_check_start(&process, "/no/such/program"),
                     -WEIR_EENV);
    assert_string_equal(weir_err_message(),
                        "solver.command: '/no/such/program' cannot be started: "
                        "No such file or directory");
}

static void test_status_words_and_environment_are_the_program_s(void **s)
{
    char text[200];
    const char *const extra[] = {"WEIR_PROCESS=7", NULL};
    char *const argv[] = {"sh", "-c", "echo place $WEIR_PROCESS; exit 3", NULL};
    (void)s;
    ok(weir_process_start(argv, extra, log_path, &process));
    assert_true(weir_process_wait(&process, 60LL * SECOND));
    ok(weir_process_check_start(&process, "sh"));
    assert_false(weir_process_ended_well(&process));
    assert_string_equal(weir_process_ending(&process, text, sizeof(text)),
                        "exited with status 3");
    assert_string_equal(
        weir_process_last_words(&process, log_path, text, sizeof(text)),
        "place 7");
}

static void test_what_it_started_ends_with_it(void **s)
{
    char text[200];
    int status = 0;
    (void)s;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    start("sh", "-c", "sleep 600 & echo $!; exit 0");
    assert_true(weir_process_wait(&process, 60LL * SECOND));
    assert_true(weir_process_ended_well(&process));
    weir_process_last_words(&process, log_path, text, sizeof(text));
    pid_t child = (pid_t)atoi(text);
    assert_true(child > 1 && kill(child, 0) == 0);
    weir_process_kill(&process, WEIR_PROCESS_DEATH_NS);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* It holds the process as a debugger does that waits for a command. @return its
 * pid, 0 when this system lets nobody do that */
static pid_t attach_debugger(pid_t to)
{
    int said[2], status;
    char ready = 0;
    assert_int_equal(pipe(said), 0);
    pid_t debugger = fork();
    if (debugger == 0) {
        before_program = 0;
        if (ptrace(PTRACE_SEIZE, to, NULL, NULL))
            _exit(1);
        if (write(said[1], "y", 1) == 1)
            pause();
        _exit(0);
    }
    close(said[1]);
    ssize_t n = read(said[0], &ready, 1);
    close(said[0]);
    if (n != 1)
        waitpid(debugger, &status, 0);
    return n == 1 ? debugger : 0;
}

static void test_one_that_a_debugger_holds_is_left_alone(void **s)
{
    (void)s;
    start("sleep", "600", NULL);
    pid_t pid = process.pid, debugger = attach_debugger(pid);
    if (!debugger)
        skip();
    weir_process_kill(&process, SECOND / 20);
    assert_int_equal(process.pid, 0);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
    kill(debugger, SIGKILL);
    assert_int_equal(waitpid(debugger, NULL, 0), debugger);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A solver knows where its output goes. */
static void test_a_fifo_in_the_place_of_its_log_holds_nobody_up(void **s)
{
    char text[200] = "something";
    (void)s;
    unlink(log_path);
    assert_int_equal(mkfifo(log_path, 0600), 0);
    process = (struct weir_process){0};
    assert_string_equal(
        weir_process_last_words(&process, log_path, text, sizeof(text)), "");
    start("echo", "here", NULL);
    assert_true(weir_process_wait(&process, 60LL * SECOND));
    assert_string_equal(
        weir_process_last_words(&process, log_path, text, sizeof(text)),
        "here");
}

static int descriptors(void)
{
    int n = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void test_no_descriptor_is_left(void **s)
{
    static const int fate[] = {0, SIGKILL, SIGSTOP};
    (void)s;
    int before = descriptors();
    for (int i = 0; i < 30; i++) {
        before_program = fate[i % 3];
        start(i & 1 ? "/no/such/program" : "true", NULL, NULL);
        weir_process_end(&process, SECOND / 1000);
    }
    assert_int_equal(descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_one_stopped_before_it_is_the_program_holds_nobody_up, make,
            unmake),
        cmocka_unit_test_setup_teardown(
            test_one_killed_before_it_is_the_program_has_ended, make, unmake),
        cmocka_unit_test_setup_teardown(
            test_a_program_that_is_not_there_is_named, make, unmake),
        cmocka_unit_test_setup_teardown(
            test_status_words_and_environment_are_the_program_s, make, unmake),
        cmocka_unit_test_setup_teardown(test_what_it_started_ends_with_it, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(
            test_one_that_a_debugger_holds_is_left_alone, make, unmake),
        cmocka_unit_test_setup_teardown(
            test_a_fifo_in_the_place_of_its_log_holds_nobody_up, make, unmake),
        cmocka_unit_test_setup_teardown(test_no_descriptor_is_left, make,
                                        unmake),
    };
    pthread_atfork(NULL, NULL, meet_fate);
    close(mkstemp(log_path));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(log_path);
    return failed;
}
