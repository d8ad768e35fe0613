/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/commands.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "io/dataset_reader.h"
#include "pde/wisdom.h"
#include "pipeline/clients/external.h"
#include "pipeline/commands/generator.h"
#include "pipeline/run/registries.h"
#include "pipeline/run/wisdom_file.h"
#include "pipeline/session/supervisor.h"
#include "pipeline/view/say.h"
#include "weir/version.h"
#include "weir_build.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#define LOOK_SECONDS 0.1
#define SYNC_SECONDS 1.0
#define TEXTS        7

/* Everything one `weir generate` holds, released in one place. */
struct command {
    struct weir_arguments args;
    char set_n[64], set_steps[64], set_seed[64];
    struct weir_config *cfg;
    char *resolved, *wisdom, host[256];
    const struct weir_solver_ops *solver;
    void *solver_config;
    struct weir_solver_info info;
    struct weir_topology topology;
    struct weir_starts *starts;
    struct weir_text text[TEXTS];
    struct weir_dataset_plan plan;
    struct weir_dataset *dataset;
    struct weir_generator *generator;
    int threads, signal;
    int64_t began_ns, shown_ns, synced_ns;
    bool is_terminal, drawn;
    pthread_mutex_t print;
};

/* ---- messages ---------------------------------------------------------------- */

static void clear_bar(struct command *c)
{
    if (c->drawn)
        weir_say(stdout, "\r\033[K");
    c->drawn = false;
}

static void write_log(void *ctx, enum weir_log_level level, const char *area,
                      const char *text)
{
    struct command *c = ctx;
    if (level == WEIR_LOG_DEBUG && !(c->cfg && weir_config_shows(c->cfg, area)))
        return;
    pthread_mutex_lock(&c->print);
    clear_bar(c);
    if (!c->args.quiet || level <= WEIR_LOG_WARN)
        weir_say_log(level, area, text);
    pthread_mutex_unlock(&c->print);
}

static double seconds_since(int64_t ns)
{
    return (double)(weir_now_ns() - ns) * 1e-9;
}

static void draw_bar(struct command *c, const struct weir_generator_progress *p,
                     double rate)
{
    static const char full[] = "##############################";
    enum { WIDTH = sizeof(full) - 1 };
    char line[256], text[300];
    struct winsize w;
    int filled = (int)(WIDTH * p->done / p->of);
    double left = rate > 0 ? (double)(p->of - p->done) / rate : 0;
    int at = snprintf(
        line, sizeof(line), "[%.*s%*s] %llu/%llu | %.1f/s | eta %d:%02d",
        filled, full, WIDTH - filled, "", (unsigned long long)p->done,
        (unsigned long long)p->of, rate, (int)left / 60, (int)left % 60);
    if (p->redrawn)
        snprintf(line + at, sizeof(line) - (size_t)at, " | %llu drawn anew",
                 (unsigned long long)p->redrawn);
    int width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 1
                    ? w.ws_col - 1
                    : 79;
    snprintf(text, sizeof(text), "\r\033[K%.*s", width, line);
    weir_say(stdout, text);
    c->drawn = true;
}

static void print_progress(const struct weir_generator_progress *p, double time,
                           double rate)
{
    char text[256];
    snprintf(text, sizeof(text),
             "progress time=%.1f done=%llu of=%llu per_s=%.2f redrawn=%llu\n",
             time, (unsigned long long)p->done, (unsigned long long)p->of, rate,
             (unsigned long long)p->redrawn);
    weir_say(stdout, text);
}

static void show(struct command *c)
{
    struct weir_generator_progress p;
    double time = seconds_since(c->began_ns);
    double period = c->is_terminal ? 0.5 : c->cfg->progress_interval;
    if (c->args.quiet || seconds_since(c->shown_ns) < period)
        return;
    weir_generator_look(c->generator, &p);
    double rate = time > 0 ? (double)p.simulated / time : 0;
    c->shown_ns = weir_now_ns();
    pthread_mutex_lock(&c->print);
    if (c->is_terminal)
        draw_bar(c, &p, rate);
    else
        print_progress(&p, time, rate);
    pthread_mutex_unlock(&c->print);
}

static void print_plan(const struct command *c, uint64_t there)
{
    if (c->args.quiet)
        return;
    printf("weir %s\nsolver   %s: %s\nstarts   %s\n", WEIR_VERSION,
           c->solver->name, c->info.equation, weir_starts_text(c->starts));
    printf("output   %s: %llu x %u frames of %s, %.1f MiB\n", c->args.out,
           (unsigned long long)c->plan.trajectories, c->plan.frames,
           c->plan.keep_double ? "float64" : "float32",
           (double)weir_dataset_bytes(c->dataset) / 0x1p20);
    if (there)
        printf("going on %llu trajectories are there already\n",
               (unsigned long long)there);
    printf("threads  %d\n", c->threads);
    fflush(stdout);
}

static void print_end(struct command *c,
                      const struct weir_generator_progress *p)
{
    double time = seconds_since(c->began_ns);
    pthread_mutex_lock(&c->print);
    clear_bar(c);
    printf("%s: %llu of %llu trajectories, %llu of them made now in %.1f s, "
           "%llu starts drawn anew\n",
           c->args.out, (unsigned long long)p->done, (unsigned long long)p->of,
           (unsigned long long)p->simulated, time,
           (unsigned long long)p->redrawn);
    if (p->done < p->of)
        printf("interrupted: they are in %s.part, the same command goes on\n",
               c->args.out);
    fflush(stdout);
    pthread_mutex_unlock(&c->print);
}

/* ---- arguments --------------------------------------------------------------- */

static int check_usage(const struct weir_arguments *a)
{
    const struct weir_command *me = &weir_command_generate;
    if (!a->config)
        return weir_usage(me, "which configuration?");
    if (!a->out)
        return weir_usage(me, "where to? --out F.h5");
    if (!!a->params + !!a->initial + !!a->sampler > 1)
        return weir_usage(me, "--sampler, --params and --initial exclude each "
                              "other");
    return 0;
}

/* An option that stands for a key: the file then says what was done. */
static int stand_for(struct command *c, const char *option, const char *value,
                     const char *key, double min, double max, char set[64])
{
    const struct weir_option whole = {
        .name = option, .type = WEIR_OPTION_INT, .min = min, .max = max};
    struct weir_option_value v;
    if (!value)
        return 0;
    if (weir_option_parse(&whole, value, &v)) {
        char why[256];
        snprintf(why, sizeof(why), "%s", weir_err_message());
        return weir_usage(&weir_command_generate, "--%s: %s", option, why);
    }
    if (c->args.n_set == WEIR_MAX_SETS)
        return weir_usage(&weir_command_generate, "more than %d --set",
                          WEIR_MAX_SETS);
    snprintf(set, 64, "%s=%lld", key, (long long)v.integer);
    c->args.set[c->args.n_set++] = set;
    return 0;
}

/* What was begun goes on as it was planned. */
static void recall_wisdom(const struct command *c)
{
    char file[4096 + 8];
    struct weir_dataset_reader *r;
    snprintf(file, sizeof(file), "%s.part", c->args.out);
    if (access(file, F_OK))
        return;
    if (weir_dataset_reader_open(file, &r)) {
        weir_err_clear(); /* whoever goes on with it says what is wrong */
        return;
    }
    char *text = weir_dataset_reader_text(r, "weir.wisdom");
    weir_wisdom_recall_text(text, file);
    free(text);
    weir_dataset_reader_close(r);
}

static int load(struct command *c)
{
    int rc = check_usage(&c->args);
    rc = rc ? rc
            : stand_for(c, "n", c->args.n, "simulations.budget", 1, 1e7,
                        c->set_n);
    rc = rc ? rc
            : stand_for(c, "steps", c->args.steps, "simulations.steps", 1, 1e6,
                        c->set_steps);
    rc = rc ? rc
            : stand_for(c, "seed", c->args.seed, "run.seed", 0, 0x1p53 - 1,
                        c->set_seed);
    if (rc == 0)
        recall_wisdom(c);
    rc = rc ? rc
            : weir_config_load(c->args.config, &weir_registries, c->args.set,
                               c->args.n_set, &c->cfg);
    return rc ? rc : weir_config_resolved(c->cfg, &c->resolved);
}

/* ---- what is to be done ------------------------------------------------------ */

static int configure(struct command *c)
{
    const struct weir_config *cfg = c->cfg;
    int rc = weir_solver_choose(cfg->solver.name, &c->solver);
    rc =
        rc ? rc : c->solver->configure(&cfg->solver.options, &c->solver_config);
    if (rc)
        return weir_config_refusal(rc, WEIR_KIND_SOLVER, cfg);
    c->solver->describe(c->solver_config, &c->info);
    if (weir_fftw_measures(&cfg->solver.options) &&
        weir_wisdom_export(&c->wisdom))
        return -ENOMEM;
    if (c->args.keep_double && !c->solver->frame_double)
        return weir_usage(&weir_command_generate,
                          "--double: solver %s makes float32 frames only",
                          c->solver->name);
    if (c->args.initial && !c->solver->start_field)
        return weir_usage(&weir_command_generate,
                          "--initial: solver %s starts from parameters only",
                          c->solver->name);
    if (c->args.steps && c->info.dt == 0)
        return weir_usage(&weir_command_generate,
                          "--steps: solver %s is steady, it has one frame",
                          c->solver->name);
    return 0;
}

static int find_starts(struct command *c)
{
    uint64_t budget = (uint64_t)c->cfg->simulations.budget;
    uint64_t n = c->args.n ? budget : 0;
    const char *sampler = c->args.sampler ? c->args.sampler : "uniform";
    const char *option, *value;
    int rc;
    if (c->args.initial) {
        option = "initial", value = c->args.initial;
        rc = weir_starts_read_fields(&c->info, value, n, &c->starts);
    } else if (c->args.params) {
        option = "params", value = c->args.params;
        rc = weir_starts_read_parameters(c->cfg, value, n, &c->starts);
    } else {
        option = "sampler", value = sampler;
        rc = weir_starts_sample(c->cfg, value, budget, &c->starts);
    }
    return rc ? weir_argument_refused(rc, option, value) : 0;
}

static void make_plan(struct command *c)
{
    struct utsname u;
    if (uname(&u) == 0)
        snprintf(c->host, sizeof(c->host), "%.64s %.64s %.64s", u.nodename,
                 u.sysname, u.release);
    const struct weir_text text[TEXTS] = {
        {"config", c->resolved},
        {"weir.version", WEIR_VERSION},
        {"weir.build",
         WEIR_BUILD_ID " " WEIR_BUILD_COMPILER " " WEIR_BUILD_TYPE},
        {"weir.starts", weir_starts_text(c->starts)},
        {"weir.seed", c->set_seed},
        {"host", c->host},
        {"weir.wisdom", c->wisdom},
    };
    snprintf(c->set_seed, sizeof(c->set_seed), "%llu",
             (unsigned long long)c->cfg->run.seed);
    memcpy(c->text, text, sizeof(text));
    c->plan = (struct weir_dataset_plan){
        .name = c->solver->name,
        .info = &c->info,
        .space = weir_starts_space(c->starts),
        .parameters = weir_starts_parameters(c->starts),
        .trajectories = weir_starts_count(c->starts),
        .frames = c->info.dt > 0 ? (uint32_t)c->cfg->simulations.steps + 1 : 1,
        .keep_double = c->args.keep_double,
        .text = c->text,
        .texts = c->wisdom ? TEXTS : TEXTS - 1,
    };
}

/* ---- what is there already --------------------------------------------------- */

/* Sections that say how a run learns; trajectories do not depend on them. */
static bool is_beside(const char *key)
{
    static const char *const section[] = {"reservoir.",
                                          "model.",
                                          "training.",
                                          "validation.",
                                          "test.",
                                          "checkpoint.",
                                          "placement.",
                                          "log",
                                          "progress_interval",
                                          "run.clock",
                                          "run.lanes",
                                          "simulations.crashes_before_redraw",
                                          "simulations.max_redraws"};
    for (size_t i = 0; i < sizeof(section) / sizeof(*section); i++)
        if (!strncmp(key, section[i], strlen(section[i])))
            return true;
    return false;
}

struct difference {
    const struct command *c;
    const char *file;
};

static int refuse_difference(void *ctx, const struct weir_config_difference *d)
{
    const struct difference *look = ctx;
    bool sampled = !look->c->args.params && !look->c->args.initial;
    if (is_beside(d->key) ||
        (!sampled && !strncmp(d->key, "acquisition.", strlen("acquisition."))))
        return 0;
    WEIR_FAIL(WEIR_ECONFIG, "'%s' was made with %s %s, not %s", look->file,
              d->key, d->was ? d->was : "unset", d->now ? d->now : "unset");
    return weir_err_hint("take another --out, or delete '%s'", look->file);
}

static int refuse_text(const char *file, const char *what, const char *was,
                       const char *now)
{
    WEIR_FAIL(WEIR_ECONFIG, "'%s' was made by %s '%.300s', not '%.300s'", file,
              what, was, now);
    return weir_err_hint("take another --out, or delete '%s'", file);
}

/* Whether @p file, with these texts, is of the same work. */
static int is_same_work(const struct command *c, const char *file,
                        const char *config, const char *starts)
{
    struct weir_config *was;
    struct difference look = {c, file};
    if (strcmp(starts, weir_starts_text(c->starts)))
        return refuse_text(file, "the starts", starts,
                           weir_starts_text(c->starts));
    int rc = weir_config_parse(config, strlen(config), file, &weir_registries,
                               NULL, 0, &was);
    if (rc)
        return rc;
    rc = weir_config_compare(was, c->cfg, refuse_difference, &look);
    weir_config_free(was);
    return rc;
}

/* @return 1 the whole file is there, 0 there is none, < 0 it is another's */
static int look_at_whole(const struct command *c)
{
    struct weir_dataset_reader *r;
    if (access(c->args.out, F_OK))
        return 0;
    int rc = weir_dataset_reader_open(c->args.out, &r);
    if (rc) {
        WEIR_FAIL(WEIR_ECONFIG, "'%s' is there already", c->args.out);
        return weir_err_hint("take another --out, or delete it");
    }
    const struct weir_dataset_info *d = weir_dataset_reader_info(r);
    char *starts = weir_dataset_reader_text(r, "weir.starts");
    rc = is_same_work(c, c->args.out, d->config, starts ? starts : "");
    if (rc == 0 && (d->trajectories != c->plan.trajectories ||
                    d->frames != c->plan.frames ||
                    d->dtype != (c->plan.keep_double ? WEIR_F64 : WEIR_F32)))
        rc = WEIR_FAIL(WEIR_ECONFIG,
                       "'%s' is there already, with %llu x %u "
                       "frames of %s",
                       c->args.out, (unsigned long long)d->trajectories,
                       d->frames, d->dtype == WEIR_F64 ? "float64" : "float32");
    free(starts);
    weir_dataset_reader_close(r);
    return rc ? rc : 1;
}

static int check_partial(const struct command *c)
{
    char file[4096 + 8];
    char *config = weir_dataset_text(c->dataset, "config");
    char *starts = weir_dataset_text(c->dataset, "weir.starts");
    char *build = weir_dataset_text(c->dataset, "weir.build");
    snprintf(file, sizeof(file), "%s.part", c->args.out);
    int rc =
        config && starts && build
            ? is_same_work(c, file, config, starts)
            : WEIR_FAIL(WEIR_ECORRUPT, "'%s' does not say what made it", file);
    const char *mine =
        WEIR_BUILD_ID " " WEIR_BUILD_COMPILER " " WEIR_BUILD_TYPE;
    if (rc == 0 && strcmp(build, mine))
        rc = refuse_text(file, "build", build, mine);
    free(config);
    free(starts);
    free(build);
    return rc;
}

static int open_dataset(struct command *c, uint64_t *there)
{
    int rc = weir_dataset_create(c->args.out, &c->plan, &c->dataset);
    if (rc != -EEXIST)
        return rc;
    rc = weir_dataset_resume(c->args.out, &c->plan, &c->dataset);
    rc = rc ? rc : check_partial(c);
    for (uint64_t i = 0; rc == 0 && i < c->plan.trajectories; i++)
        *there += weir_dataset_attempts(c->dataset, i) > 0;
    return rc;
}

/* ---- the work ---------------------------------------------------------------- */

/* Signals stay blocked in every thread; this one asks for them. */
static void take_signals(struct command *c)
{
    static const struct timespec now = {0};
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    int number = sigtimedwait(&blocked, NULL, &now);
    if (number <= 0 || number == SIGWINCH)
        return;
    if (c->signal == SIGINT && number == SIGINT)
        _exit(130); /* twice: the user means it */
    c->signal = number;
    weir_generator_interrupt(c->generator);
}

static int watch(struct command *c)
{
    while (!weir_generator_wait(c->generator, LOOK_SECONDS)) {
        take_signals(c);
        show(c);
        if (seconds_since(c->synced_ns) < SYNC_SECONDS)
            continue;
        int rc = weir_dataset_sync(c->dataset);
        c->synced_ns = weir_now_ns();
        if (rc)
            return rc;
    }
    return 0;
}

static int start(struct command *c)
{
    const struct weir_generator_setup setup = {
        .solver = c->solver,
        .solver_config = c->solver_config,
        .info = &c->info,
        .starts = c->starts,
        .dataset = c->dataset,
        .topology = &c->topology,
        .frames = c->plan.frames,
        .keep_double = c->plan.keep_double,
        .threads = c->threads,
        .max_redraws = (uint64_t)weir_config_max_redraws(c->cfg),
        .crashes = c->cfg->simulations.crashes_before_redraw,
    };
    c->began_ns = c->shown_ns = c->synced_ns = weir_now_ns();
    c->is_terminal = isatty(STDOUT_FILENO);
    return weir_generator_start(&setup, &c->generator);
}

/* Keep what is worth keeping, and the first error. */
static int finish(struct command *c, int rc)
{
    struct weir_generator_progress p;
    struct weir_err_record said;
    if (rc)
        weir_generator_interrupt(c->generator);
    weir_err_export(&said);
    weir_generator_wait(c->generator, 1e6);
    weir_generator_look(c->generator, &p);
    int ended = weir_generator_finish(c->generator);
    c->generator = NULL;
    if (rc)
        ended = weir_err_import(&said);
    if ((ended == -WEIR_EDIVERGED || ended == -EINVAL) &&
        !weir_starts_can_redraw(c->starts)) {
        weir_dataset_discard(c->dataset); /* it would diverge again */
        c->dataset = NULL;
        return ended;
    }
    weir_err_export(&said);
    int closed = weir_dataset_finish(c->dataset);
    c->dataset = NULL;
    if (ended == 0 || ended == -WEIR_EINTERRUPTED)
        ended = closed < 0 ? closed : ended;
    else
        weir_err_import(&said);
    if (ended == 0 || ended == -WEIR_EINTERRUPTED)
        print_end(c, &p);
    return ended;
}

/* A process is waited for by a thread. */
static int threads_wanted(const struct command *c)
{
    const struct weir_config *cfg = c->cfg;
    bool counted = weir_is_external(c->solver) &&
                   weir_option_int(&cfg->solver.options, "processes") > 0;
    return counted ? cfg->run.lanes : cfg->placement.solver_threads;
}

static int conduct(struct command *c)
{
    uint64_t there = 0;
    int rc = look_at_whole(c);
    if (rc == 1 && !c->args.quiet)
        printf("%s: all of it is there already\n", c->args.out);
    if (rc)
        return rc < 0 ? rc : 0;
    rc = open_dataset(c, &there);
    if (rc)
        return rc;
    c->threads = weir_generator_threads(&c->topology, threads_wanted(c),
                                        c->plan.trajectories - there);
    print_plan(c, there);
    rc = start(c);
    return rc ? rc : finish(c, watch(c));
}

static void release(struct command *c)
{
    struct weir_err_record said;
    weir_err_export(&said);
    weir_dataset_close(c->dataset);
    weir_starts_destroy(c->starts);
    if (c->solver_config)
        c->solver->release(c->solver_config);
    weir_topology_free(&c->topology);
    weir_log_sink(NULL, NULL);
    weir_config_free(c->cfg);
    free(c->resolved);
    free(c->wisdom);
    pthread_mutex_destroy(&c->print);
    weir_err_import(&said);
}

static int generate(int argc, char **argv)
{
    struct command c = {0};
    int rc = weir_arguments_parse(
        &weir_command_generate,
        "CONFIG set out n steps seed sampler params initial double quiet", argc,
        argv, &c.args);
    if (rc < 0)
        return rc;
    pthread_mutex_init(&c.print, NULL);
    weir_log_sink(write_log, &c);
    weir_supervisor_block_signals();
    rc = load(&c);
    rc = rc ? rc : configure(&c);
    rc = rc ? rc : find_starts(&c);
    if (rc == 0)
        make_plan(&c);
    rc = rc ? rc : weir_topology_discover(&c.topology);
    rc = rc ? rc : conduct(&c);
    release(&c);
    return rc;
}

const struct weir_command weir_command_generate = {
    .name = "generate",
    .arguments = "CONFIG --out F.h5 [options]",
    .summary = "simulate trajectories into a file, and train nothing",
    .help =
        "  --out F.h5        where trajectories go, in the layout of The Well\n"
        "  --set KEY=VALUE   override a key of the configuration; repeatable\n"
        "  --n N             trajectories (default: simulations.budget, or all "
        "rows)\n"
        "  --steps T         frames after the first (default: "
        "simulations.steps)\n"
        "  --seed S          of the sampler (default: run.seed)\n"
        "  --sampler NAME    design of parameters: uniform (default), halton "
        "or any\n"
        "                    other of 'weir list strategies'\n"
        "  --params P.h5     parameters from a dataset 'parameters' [n, p] in "
        "the\n"
        "                    solver's order, from another F.h5, or from the "
        "run.h5 of\n"
        "                    a run: those it simulated\n"
        "  --initial I.h5    initial fields from a dataset 'initial'\n"
        "                    [n, channels, points(, points)]; coefficients of "
        "the\n"
        "                    configuration\n"
        "  --double          keep float64 (default: float32)\n"
        "  --quiet           no progress; warnings and the last line remain\n"
        "\n"
        "All cores work. Until it is whole the file is F.h5.part; after "
        "Ctrl-C, a\n"
        "crash or a full disk the same command goes on with it. A start that\n"
        "diverges is drawn anew and counted; a row of a file that diverges "
        "ends\n"
        "the work.\n"
        "\n"
        "Exit status: 0 ok, 1 a simulation or a write failed, 2 usage or\n"
        "configuration, 3 environment, 130 interrupted.\n",
    .run = generate,
};
