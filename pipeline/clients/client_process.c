/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/clients/client_process.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS   2000000
#define WORDS_MAX 400 /* bytes of output that a message quotes */

extern char **environ;

struct launch {
    char *const *argv;
    char **environment;
    int log, failure; /* descriptors */
    pid_t parent;
};

/* ---- in the child: only what is safe after a fork of many threads ---- */

static void reset_signals(void)
{
    struct sigaction fallback = {.sa_handler = SIG_DFL};
    sigset_t none;
    for (int s = 1; s < NSIG; s++)
        sigaction(s, &fallback, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Libraries open files that would stay open in the program. */
static void close_others(void)
{
#ifdef SYS_close_range
    syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */);
#endif
}

static _Noreturn void become(const struct launch *l)
{
    int null = open("/dev/null", O_RDONLY);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == l->parent && null >= 0 && dup2(null, 0) == 0 &&
        dup2(l->log, 1) == 1 && dup2(l->log, 2) == 2) {
        close_others();
        reset_signals();
        environ = l->environment;
        execvp(l->argv[0], l->argv);
    }
    int error = errno;
    ssize_t told = write(l->failure, &error, sizeof(error));
    _exit(told > 0 ? 127 : 126);
}

/* ---- in the run ---- */

static bool is_set_by(const char *entry, const char *const *extra)
{
    size_t n = strcspn(entry, "=") + 1;
    for (; *extra; extra++)
        if (!strncmp(entry, *extra, n))
            return true;
    return false;
}

/* The run's environment, less what @p extra sets, and @p extra. */
static char **join_environment(const char *const *extra)
{
    size_t n = 0, at = 0;
    for (char **e = environ; *e; e++)
        n++;
    for (const char *const *e = extra; *e; e++)
        n++;
    char **all = calloc(n + 1, sizeof(*all));
    for (char **e = environ; all && *e; e++)
        if (!is_set_by(*e, extra))
            all[at++] = *e;
    for (const char *const *e = extra; all && *e; e++)
        all[at++] = (char *)*e;
    return all;
}

/* @return 0 or an errno; afterwards a pid of 0 means that there is none */
static int launch(struct launch *l, struct weir_process *p)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return errno;
    l->failure = ends[1];
    l->parent = getpid();
    p->pid = fork();
    if (p->pid == 0)
        become(l);
    int error = p->pid < 0 ? errno : 0;
    close(ends[1]);
    p->failure = ends[0];
    if (error) {
        close(ends[0]);
        p->pid = 0;
    }
    return error;
}

static int refuse(const char *program, int error)
{
    return WEIR_FAIL(WEIR_EENV, "solver.command: '%s' cannot be started: %s",
                     program, strerror(error));
}

static int open_plain(const char *path, int how, struct stat *st)
{
    int fd = open(path, how | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0644);
    if (fd >= 0 && (fstat(fd, st) || !S_ISREG(st->st_mode))) {
        close(fd);
        errno = EINVAL;
        return -1;
    }
    return fd;
}

/* What a solver has put in its log's place (a FIFO would hold up whoever opens
 * it) is removed. */
static int open_log(const char *path, off_t *end)
{
    const int how = O_WRONLY | O_CREAT | O_APPEND;
    struct stat st = {0};
    int fd = open_plain(path, how, &st);
    if (fd < 0 && unlink(path) == 0)
        fd = open_plain(path, how, &st);
    *end = st.st_size;
    return fd;
}

int weir_process_start(char *const *argv, const char *const *extra,
                       const char *log, struct weir_process *out)
{
    struct launch l = {.argv = argv, .environment = join_environment(extra)};
    *out = (struct weir_process){0};
    if (!l.environment)
        return WEIR_FAIL(ENOMEM, "solver.command");
    l.log = open_log(log, &out->log_from);
    if (l.log < 0) {
        free(l.environment);
        return WEIR_FAIL(WEIR_EENV, "%s: %s", log, strerror(errno));
    }
    int error = launch(&l, out);
    close(l.log);
    free(l.environment);
    return error ? refuse(argv[0], error) : 0;
}

int weir_process_check_start(const struct weir_process *p, const char *program)
{
    int error = 0;
    ssize_t n = p->pid ? read(p->failure, &error, sizeof(error)) : 0;
    return n == sizeof(error) ? refuse(program, error) : 0;
}

bool weir_process_has_ended(struct weir_process *p)
{
    siginfo_t info = {0};
    /* Not reaped yet: so its number, and its group's, stay its own. */
    if (p->pid && !p->ended &&
        waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == p->pid) {
        p->ended = true;
        p->by_signal = info.si_code != CLD_EXITED;
        p->status = info.si_status;
    }
    return !p->pid || p->ended;
}

bool weir_process_ended_well(const struct weir_process *p)
{
    return p->ended && !p->by_signal && p->status == 0;
}

bool weir_process_wait(struct weir_process *p, int64_t timeout_ns)
{
    int64_t until = weir_now_ns() + timeout_ns;
    struct timespec look = {0, LOOK_NS};
    while (!weir_process_has_ended(p) && weir_now_ns() < until)
        nanosleep(&look, NULL);
    return weir_process_has_ended(p);
}

/* Also what a process that has ended left behind in its group. */
void weir_process_kill(struct weir_process *p, int64_t patience_ns)
{
    if (!p->pid)
        return;
    kill(-p->pid, SIGKILL);
    kill(p->pid, SIGKILL);
    if (weir_process_wait(p, patience_ns))
        waitpid(p->pid, NULL, WNOHANG);
    else
        weir_log_warn(
            "solver",
            "pid %d does not end, though it was killed: a debugger or "
            "a file system holds it; it is left alone",
            (int)p->pid);
    close(p->failure);
    p->pid = 0;
}

void weir_process_end(struct weir_process *p, int64_t grace_ns)
{
    if (!weir_process_wait(p, grace_ns)) {
        kill(-p->pid, SIGTERM);
        weir_process_wait(p, grace_ns);
    }
    weir_process_kill(p, WEIR_PROCESS_DEATH_NS);
}

const char *weir_process_ending(const struct weir_process *p, char *out,
                                size_t size)
{
    if (!p->ended)
        snprintf(out, size, "still runs");
    else if (p->by_signal)
        snprintf(out, size, "was killed by signal %d (%s)", p->status,
                 strsignal(p->status));
    else
        snprintf(out, size, "exited with status %d", p->status);
    return out;
}

/* One line, no control characters: lines are parted by " | ". */
static void flatten(char *text, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (char *line; (line = strsep(&text, "\n"));) {
        for (char *c = line; *c; c++)
            *c = (unsigned char)*c < ' ' || *c == 127 ? ' ' : *c;
        if (line[strspn(line, " ")] && at < size)
            at += (size_t)snprintf(out + at, size - at, "%s%s", at ? " | " : "",
                                   line);
    }
}

const char *weir_process_last_words(const struct weir_process *p,
                                    const char *log, char *out, size_t size)
{
    char text[WORDS_MAX + 1];
    struct stat st;
    int fd = open_plain(log, O_RDONLY, &st);
    ssize_t n = 0;
    if (fd >= 0 && st.st_size > p->log_from) {
        off_t from = st.st_size - WORDS_MAX;
        n = pread(fd, text, WORDS_MAX, from > p->log_from ? from : p->log_from);
    }
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    flatten(text, out, size);
    return out;
}
