/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/commands.h"

#include "base/err.h"
#include "base/heap.h"
#include "pipeline/view/top_export.h"
#include "pipeline/view/top_screen.h"

#include <dirent.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define FIRST_LOOK_S 0.25 /* the first rates come this soon */

/* Everything one `weir top` holds. */
struct command {
    struct weir_arguments args;
    double interval;
    struct weir_viewer viewer;
    struct weir_sight sight;
    struct weir_sight_thread *before; /* [threads] at the earlier look */
    struct weir_mark mark;
    struct weir_pace pace;
    struct weir_top_screen screen;
    bool on_terminal, has_frame;
    struct termios kept;
};

static volatile sig_atomic_t told_to_end;

static void take_signal(int number)
{
    (void)number;
    told_to_end = 1;
}

/* ---- which job ---- */

/* The youngest socket below runs/. */
static bool youngest_run(char dir[PATH_MAX])
{
    struct dirent *e;
    time_t youngest = 0;
    DIR *runs = opendir("runs");
    while (runs && (e = readdir(runs))) {
        char path[PATH_MAX];
        struct stat st;
        snprintf(path, sizeof(path), "runs/%s/socket", e->d_name);
        if (e->d_name[0] == '.' || stat(path, &st) || st.st_mtime < youngest)
            continue;
        youngest = st.st_mtime;
        snprintf(dir, PATH_MAX, "runs/%s", e->d_name);
    }
    if (runs)
        closedir(runs);
    return youngest > 0;
}

static int choose_dir(const char *given, char dir[PATH_MAX])
{
    if (given) {
        snprintf(dir, PATH_MAX, "%s", given);
        return 0;
    }
    if (access("socket", F_OK) == 0 || youngest_run(dir)) {
        if (access("socket", F_OK) == 0)
            snprintf(dir, PATH_MAX, ".");
        return 0;
    }
    WEIR_FAIL(WEIR_EENV, "no job runs here or in runs/");
    return weir_err_hint("weir top DIR takes the directory of a running job");
}

/* ---- looking ---- */

static int open_view(struct command *c, const char *given)
{
    char dir[PATH_MAX];
    int rc = choose_dir(given, dir);
    rc = rc ? rc : weir_viewer_open(dir, &c->viewer);
    rc = rc ? rc : weir_sight_create(&c->viewer, &c->sight);
    if (rc)
        return rc;
    c->before = weir_array(c->sight.threads, sizeof(*c->before));
    if (!c->before)
        return WEIR_FAIL(ENOMEM, "view");
    weir_viewer_look(&c->viewer, &c->sight);
    weir_viewer_mark(&c->viewer, &c->sight, &c->mark);
    return 0;
}

static void look(struct command *c)
{
    struct weir_mark then = c->mark;
    memcpy(c->before, c->sight.thread, c->sight.threads * sizeof(*c->before));
    c->screen.before = c->before;
    weir_viewer_look(&c->viewer, &c->sight);
    weir_viewer_mark(&c->viewer, &c->sight, &c->mark);
    c->pace = weir_viewer_pace(&then, &c->mark);
}

static bool is_over(const struct command *c)
{
    return c->sight.ending || !c->sight.is_connected;
}

/* ---- files for exporters ---- */

/* Under another name first: a collector never sees half of it. */
static int write_openmetrics(const struct command *c)
{
    const char *path = c->args.openmetrics;
    char fresh[PATH_MAX + 8];
    if (!strcmp(path, "-")) {
        weir_top_openmetrics(stdout, &c->viewer, &c->sight, &c->pace);
        fflush(stdout);
        return 0;
    }
    snprintf(fresh, sizeof(fresh), "%s.tmp", path);
    FILE *f = fopen(fresh, "we");
    if (f)
        weir_top_openmetrics(f, &c->viewer, &c->sight, &c->pace);
    bool written = f && !ferror(f);
    written = f && fclose(f) == 0 && written && rename(fresh, path) == 0;
    if (written)
        return 0;
    int error = errno;
    unlink(fresh);
    return WEIR_FAIL(WEIR_EENV, "%s: %s", path, strerror(error));
}

/* ---- the terminal ---- */

static void enter_terminal(struct command *c)
{
    struct sigaction end = {.sa_handler = take_signal};
    tcgetattr(STDIN_FILENO, &c->kept);
    struct termios raw = c->kept;
    raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO | ISIG);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGHUP, &end, NULL);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    fputs("\033[?1049h\033[?25l", stdout);
}

static void leave_terminal(const struct command *c)
{
    fputs("\033[?25h\033[?1049l", stdout);
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSANOW, &c->kept);
}

static void draw(struct command *c)
{
    struct winsize w;
    if (c->on_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0) {
        c->screen.columns = w.ws_col;
        c->screen.rows = w.ws_row;
    }
    if (c->on_terminal)
        fputs("\033[H", stdout);
    weir_top_draw(stdout, &c->viewer, &c->sight, &c->pace, &c->screen);
    fflush(stdout);
}

/* @return whether to go on */
static bool take_key(struct command *c, char key)
{
    switch (key) {
    case 'q':
    case 3: /* Ctrl-C */
        return false;
    case 'p':
    case ' ':
        c->screen.is_paused = !c->screen.is_paused;
        break;
    case 's':
        c->screen.sort = (c->screen.sort + 1) % WEIR_TOP_SORTS;
        break;
    case 't':
        c->screen.tables = (c->screen.tables + 1) % WEIR_TOP_TABLES;
        break;
    }
    draw(c);
    return true;
}

/* Wait for a key, the job's end, or the time of the next look. */
static bool attend(struct command *c, double seconds)
{
    struct pollfd p[2] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = is_over(c) ? -1 : c->viewer.socket, .events = POLLIN},
    };
    char key;
    int ready = poll(p, 2, (int)(seconds * 1e3));
    if (told_to_end)
        return false;
    if (ready > 0 && p[0].revents & (POLLIN | POLLHUP | POLLERR)) {
        if (read(STDIN_FILENO, &key, 1) != 1)
            return false;
        return take_key(c, key);
    }
    if (!c->screen.is_paused || p[1].revents) {
        look(c);
        draw(c);
    }
    return true;
}

static int watch(struct command *c)
{
    enter_terminal(c);
    draw(c);
    double wait = FIRST_LOOK_S;
    while (attend(c, wait))
        wait = c->interval;
    leave_terminal(c);
    printf("%s: %s%s%s\n", c->viewer.dir, weir_sight_state(&c->sight),
           is_over(c) ? ": " : "", weir_sight_ending(&c->sight));
    return 0;
}

/* ---- without a terminal ---- */

static void nap(double seconds)
{
    struct timespec t = {(time_t)seconds,
                         (long)((seconds - floor(seconds)) * 1e9)};
    nanosleep(&t, NULL);
}

static int show(struct command *c)
{
    if (c->args.openmetrics)
        return write_openmetrics(c);
    if (c->args.json)
        weir_top_json(stdout, &c->viewer, &c->sight, &c->pace);
    else
        draw(c);
    fflush(stdout);
    return 0;
}

/* One look, or one per interval until the job has ended. */
static int report(struct command *c)
{
    bool once = c->args.once || (!c->args.json && !c->args.openmetrics);
    double wait = FIRST_LOOK_S;
    for (;;) {
        struct pollfd p = {.fd = c->viewer.socket, .events = POLLIN};
        poll(&p, 1, (int)(wait * 1e3));
        look(c);
        int rc = show(c);
        if (rc || once || is_over(c) || ferror(stdout))
            return rc;
        wait = c->interval;
        if (p.revents)
            nap(wait); /* hung up but not ended: never busy */
    }
}

static int read_interval(struct command *c)
{
    char *end;
    c->interval = 1;
    if (!c->args.interval)
        return 0;
    c->interval = strtod(c->args.interval, &end);
    if (*end || !(c->interval >= 0.05 && c->interval <= 3600))
        return weir_usage(&weir_command_top,
                          "--interval '%s': expected seconds, 0.05 to 3600",
                          c->args.interval);
    return 0;
}

static int top(int argc, char **argv)
{
    struct command c = {.viewer = {.socket = -1, .mapping = {.fd = -1}}};
    int at = weir_arguments_parse(&weir_command_top,
                                  "OPERANDS json once openmetrics interval",
                                  argc, argv, &c.args);
    int rc = at < 0 ? at : read_interval(&c);
    if (rc == 0 && argc - at > 1)
        rc = weir_usage(&weir_command_top, "unexpected argument '%s'",
                        argv[at + 1]);
    rc = rc ? rc : open_view(&c, at < argc ? argv[at] : NULL);
    if (rc == 0) {
        c.on_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
                        !c.args.once && !c.args.json && !c.args.openmetrics;
        c.screen.has_keys = c.on_terminal;
        rc = c.on_terminal ? watch(&c) : report(&c);
    }
    weir_sight_free(&c.sight);
    weir_viewer_close(&c.viewer);
    free(c.before);
    return rc;
}

const struct weir_command weir_command_top = {
    .name = "top",
    .arguments = "[DIR] [options]",
    .summary = "watch a running job from another terminal",
    .help =
        "DIR is the directory of the run (default: here, or the youngest in "
        "runs/).\n\n"
        "  --once              one look, as text\n"
        "  --json              one object a line, until the job ends\n"
        "  --openmetrics FILE  write FILE anew at every look, for the "
        "textfile\n"
        "                      collector of a node exporter; - is standard "
        "output\n"
        "  --interval SECONDS  between looks (default: 1)\n\n"
        "Keys: q quit, p pause, s sort threads by place, core, work or wait,\n"
        "t show only threads, only latencies, or both.\n"
        "core is time on a core, queued time waiting for one, as the system "
        "counts;\n"
        "work and wait are what the thread measured itself. Looking never "
        "stops the job.\n",
    .run = top,
};
