/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/commands.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/log.h"
#include "io/checkpoint_dir.h"
#include "io/run_dir.h"
#include "nn/isa.h"
#include "nn/registry.h"
#include "pipeline/clients/external.h"
#include "pipeline/commands/external_check.h"
#include "pipeline/pool/pool.h"
#include "pipeline/run/registries.h"
#include "pipeline/run/run_check.h"
#include "pipeline/run/trace.h"
#include "pipeline/run/wisdom_file.h"
#include "pipeline/session/session.h"
#include "pipeline/session/supervisor.h"
#include "pipeline/view/say.h"
#include "pipeline/view/summary.h"
#include "pipeline/view/view.h"
#include "topo/plan_text.h"
#include "weir/version.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Everything one `weir run` holds, released in one place. */
struct command {
    struct weir_arguments args;
    struct weir_config *cfg;
    char dir[PATH_MAX];
    char resolved[PATH_MAX + 16];
    char lineage[PATH_MAX + 64];
    int lock;
    FILE *log;
    struct weir_topology topology;
    struct weir_safetensors *checkpoint;
    struct weir_session *session;
    struct weir_supervisor *supervisor;
    struct weir_view view;
    pthread_mutex_t print;
    bool tries; /* what is only made to see whether it can be */
    bool begun; /* dir is a run's from now on */
    enum weir_run_dir_before before;
};

/* ---- log ---- */

/* One line of DIR/log. */
static void note(struct command *c, const char *area, const char *word,
                 const char *text)
{
    if (!c->log)
        return;
    fprintf(c->log, "%.3f %s: %s%s%s\n", weir_wall_seconds(), area, word,
            word[0] ? ": " : "", text);
    fflush(c->log);
}

static void write_log(void *ctx, enum weir_log_level level, const char *area,
                      const char *text)
{
    static const char *const word[] = {"error", "warning", "", ""};
    struct command *c = ctx;
    /* It is said when it is made to be used. */
    if (c->tries)
        return;
    if (level == WEIR_LOG_DEBUG && !(c->cfg && weir_config_shows(c->cfg, area)))
        return;
    pthread_mutex_lock(&c->print);
    note(c, area, word[level], text);
    weir_view_clear(&c->view);
    if (!c->args.quiet || level <= WEIR_LOG_WARN)
        weir_say_log(level, area, text);
    pthread_mutex_unlock(&c->print);
}

/* ---- the directory ---- */

/* runs/<config>-<date>-<time>: a new name needs no decision. */
static void default_dir(struct command *c)
{
    const char *slash = strrchr(c->args.config, '/');
    const char *stem = slash ? slash + 1 : c->args.config;
    char when[32];
    time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &local);
    snprintf(c->dir, sizeof(c->dir), "runs/%.*s-%s", (int)strcspn(stem, "."),
             stem, when);
}

static bool holds_a_run(const char *dir)
{
    char path[PATH_MAX + 16];
    uint64_t *steps = NULL;
    snprintf(path, sizeof(path), "%s/run.h5", dir);
    bool any = access(path, F_OK) == 0 || weir_checkpoint_list(dir, &steps) > 0;
    free(steps);
    return any;
}

static int open_dir(struct command *c)
{
    c->before = weir_run_dir_look(c->dir);
    int rc = weir_run_dir_prepare(c->dir);
    if (rc)
        return rc;
    c->lock = weir_run_dir_lock(c->dir);
    if (c->lock < 0)
        return c->lock;
    if (!c->args.resume && holds_a_run(c->dir)) {
        WEIR_FAIL(WEIR_ECONFIG, "%s: there is a run here already", c->dir);
        return weir_err_hint("--resume goes on with it; --out takes another "
                             "directory");
    }
    char path[PATH_MAX + 16];
    snprintf(path, sizeof(path), "%s/log", c->dir);
    c->log = fopen(path, "ae");
    return c->log ? 0 : WEIR_FAIL(WEIR_EENV, "%s: %s", path, strerror(errno));
}

static int write_resolved(const struct command *c)
{
    char *text;
    int rc = weir_config_resolved(c->cfg, &text);
    if (rc)
        return rc;
    rc = weir_run_dir_write(c->dir, "resolved.yaml", text);
    free(text);
    return rc;
}

/* ---- what a run continues ---- */

static bool same_samples(const struct weir_config *a,
                         const struct weir_config *b)
{
    return a->simulations.steps == b->simulations.steps &&
           a->training.unroll == b->training.unroll;
}

/* What of the old run fits the new one, as far as --from may change it. */
static struct weir_restore_scope scope_of(const struct weir_config *was,
                                          const struct weir_config *now)
{
    return (struct weir_restore_scope){
        .strategy =
            !strcmp(was->acquisition.strategy, now->acquisition.strategy) &&
            same_samples(was, now) &&
            weir_space_equal(&was->space, &now->space),
        .reservoir = same_samples(was, now) &&
                     was->run.lanes == now->run.lanes &&
                     was->reservoir.rule == now->reservoir.rule &&
                     was->reservoir.capacity <= now->reservoir.capacity,
        .validation =
            was->simulations.steps == now->simulations.steps &&
            was->validation.seed == now->validation.seed &&
            was->validation.trajectories == now->validation.trajectories &&
            weir_space_equal(&was->space, &now->space),
    };
}

/* What a direct model reads is scaled by these. */
static int check_scales(const struct weir_config *was,
                        const struct weir_config *now)
{
    const struct weir_model_ops *model = weir_model_find(now->model.name);
    if (!model || !model->is_direct ||
        (was->simulations.steps == now->simulations.steps &&
         weir_space_equal(&was->space, &now->space)))
        return 0;
    return WEIR_FAIL(WEIR_ECONFIG,
                     "simulations.steps and the parameters' ranges are the "
                     "scales of what model %s reads: they cannot change",
                     now->model.name);
}

/* A density has other outputs than a prediction. */
static int check_outputs(const struct weir_config *was,
                         const struct weir_config *now)
{
    bool before = was->training.loss == WEIR_LOSS_EVIDENTIAL;
    if (before == (now->training.loss == WEIR_LOSS_EVIDENTIAL))
        return 0;
    WEIR_FAIL(WEIR_ECONFIG,
              "a model trained %s training.loss evidential cannot go on %s it: "
              "densities have outputs of their own",
              before ? "with" : "without", before ? "without" : "with");
    weir_err_hint("keep training.loss as it was, or start anew");
    return weir_config_blame(now, WEIR_KEYS("training.loss"));
}

static int check_continuation(struct command *c, enum weir_config_change allow,
                              struct weir_session_start *start)
{
    const char *text = weir_safetensors_meta(c->checkpoint, "weir.config");
    struct weir_config *was;
    if (!text)
        return WEIR_FAIL(WEIR_ECORRUPT,
                         "checkpoint: it holds no configuration");
    int rc = weir_config_parse(text, strlen(text), "the checkpoint's config",
                               &weir_registries, NULL, 0, &was);
    if (rc)
        return rc;
    rc = weir_config_may_continue(was, c->cfg, allow);
    rc = rc ? rc : check_scales(was, c->cfg);
    rc = rc ? rc : check_outputs(was, c->cfg);
    if (rc == 0)
        start->scope = scope_of(was, c->cfg);
    weir_config_free(was);
    return rc;
}

static int nothing_to_continue(const char *dir)
{
    WEIR_FAIL(WEIR_ECONFIG, "--from %s: there is no checkpoint", dir);
    return weir_err_hint("--from takes the directory of a run, the one with "
                         "run.h5 in it");
}

static int none_is_whole(const char *dir)
{
    return weir_err_hint("move %s/checkpoints away, and --resume starts anew",
                         dir);
}

/* Find what --resume or --from continues; c->checkpoint stays NULL when the
 * run starts anew. */
static int find_start(struct command *c, struct weir_session_start *start,
                      uint64_t *step)
{
    const char *from = c->args.from, *dir = from ? from : c->dir;
    *start = (struct weir_session_start){.lineage = ""};
    if (!c->args.resume && !from)
        return 0;
    int rc = weir_checkpoint_open_newest(dir, &c->checkpoint, step);
    if (rc == -ENOENT && from)
        return nothing_to_continue(dir);
    if (rc == -ENOENT) {
        weir_err_clear();
        return 0;
    }
    if (rc == -WEIR_ECORRUPT && !from)
        return none_is_whole(dir);
    rc = rc ? rc
            : check_continuation(
                  c, from ? WEIR_CHANGE_FROM : WEIR_CHANGE_ANYTIME, start);
    if (rc)
        return rc;
    start->checkpoint = c->checkpoint;
    start->same_run = !from;
    if (from)
        snprintf(c->lineage, sizeof(c->lineage), "%s step %llu", dir,
                 (unsigned long long)*step);
    start->lineage = c->lineage;
    return 0;
}

static void announce_start(const struct command *c,
                           const struct weir_session_start *start,
                           uint64_t step)
{
    if (c->checkpoint)
        weir_log_info("run", "continuing %s at step %llu",
                      c->args.from ? c->args.from : c->dir,
                      (unsigned long long)step);
    if (c->checkpoint && !start->scope.reservoir)
        weir_log_info("run", "the changes leave no use for the old reservoir: "
                             "it is filled anew");
    if (!c->checkpoint && c->args.resume)
        weir_log_info("run", "%s: no checkpoint yet, starting anew", c->dir);
}

/* A directory is made, or taken, only for a run that can start. */
static int take_up(struct command *c, struct weir_session_start *start)
{
    uint64_t step = 0;
    int rc = c->args.from ? find_start(c, start, &step) : 0;
    rc = rc ? rc : open_dir(c);
    if (rc == 0 && !c->args.from)
        rc = find_start(c, start, &step);
    if (rc)
        return rc;
    announce_start(c, start, step);
    if (!start->same_run)
        return 0;
    /* Damaged checkpoints newer than this one must not be found again. */
    int moved = weir_checkpoint_set_aside(c->dir, step);
    return moved < 0 ? moved : 0;
}

/* ---- the run ---- */

static int load(struct command *c)
{
    if (c->args.resume)
        weir_wisdom_recall(c->dir);
    int rc = weir_config_load(c->args.config, &weir_registries, c->args.set,
                              c->args.n_set, &c->cfg);
    if (rc)
        return rc;
    bool pool = c->cfg->run.mode == WEIR_MODE_POOL;
    rc = pool ? 0 : weir_config_check(c->cfg);
    if (rc)
        return rc;
    c->tries = true;
    rc = pool ? weir_pool_check(c->cfg, &c->args) : weir_run_check(c->cfg);
    c->tries = false;
    return rc;
}

static void print_version(const struct command *c)
{
    if (!c->args.quiet)
        printf("weir %s  %s, %s, %s\n", WEIR_VERSION, weir_engine_version(),
               weir_isa_name(), weir_heap_name());
    fflush(stdout);
}

static void print_banner(const struct command *c)
{
    const struct weir_run *run = c->session->run;
    const struct weir_mapping_header *h = (const void *)run->memory.base;
    char *plan = NULL;
    if (c->args.quiet)
        return;
    printf("solver   %s: %s\n", run->solver->name, run->info.equation);
    printf("model    %s, %zu parameters; strategy %s, %s clock, seed %llu\n",
           run->cfg->model.name,
           weir_model_parameters(c->session->trainer->model),
           run->cfg->acquisition.strategy,
           weir_run_is_lockstep(run) ? "lockstep" : "live",
           (unsigned long long)run->cfg->run.seed);
    printf("memory   %.1f MiB shared, %u KiB pages\n",
           (double)run->memory.bytes / 0x1p20, h->page_bytes / 1024);
    if (weir_plan_text(&run->plan, &plan) == 0)
        fputs(plan, stdout);
    free(plan);
    if (run->dir)
        printf("output   %s\n", run->dir);
    printf("\n");
    fflush(stdout);
}

static void watch(void *ctx, const struct weir_session *s)
{
    struct command *c = ctx;
    pthread_mutex_lock(&c->print);
    if (!c->args.quiet)
        weir_view_show(&c->view, s);
    pthread_mutex_unlock(&c->print);
}

static int ending_code(const struct command *c)
{
    if (weir_session_ending(c->session) != WEIR_ENDING_INTERRUPTED)
        return 0;
    if (c->args.requeue && weir_supervisor_signal(c->supervisor) != SIGINT)
        return 0;
    return -WEIR_EINTERRUPTED;
}

static void end_trace(struct command *c)
{
    struct weir_run *run = c->session->run;
    uint64_t dropped = run ? weir_trace_destroy(run->trace) : 0;
    if (run)
        run->trace = NULL;
    if (dropped)
        weir_log_warn("trace",
                      "%llu events came faster than they could be "
                      "written and are not in %s",
                      (unsigned long long)dropped, c->args.trace);
}

static int conduct(struct command *c)
{
    c->begun = true;
    print_banner(c);
    struct weir_run *run = c->session->run;
    int rc = c->args.trace
                 ? weir_trace_create(c->args.trace, run->start_ns, &run->trace)
                 : 0;
    if (rc)
        return rc;
    rc = weir_supervisor_start(c->session->run, &c->supervisor);
    if (rc)
        return rc;
    weir_view_start(&c->view, c->session);
    rc = weir_session_run(c->session, watch, c,
                          weir_view_period(&c->view, c->cfg));
    weir_view_clear(&c->view);
    note(c, "run", "ended", weir_ending_text(weir_session_ending(c->session)));
    weir_summary_print(c->session);
    fflush(stdout);
    return rc ? rc : ending_code(c);
}

/* Before anything has run, what the system refuses is its environment's. */
static int before_start(int rc)
{
    return rc < 0 && -rc < WEIR_ECONFIG ? -WEIR_EENV : rc;
}

static void print_trial(const struct weir_run *run,
                        const struct weir_external_trial *t)
{
    const struct weir_shape *s = &run->info.shape;
    double rest =
        (double)t->rest_ns * 1e-9 / (t->frames > 1 ? t->frames - 1 : 1);
    double bytes = (double)run->frame_floats * sizeof(float);
    printf("\nsolver   saw %u frames of %d x %d", t->frames, s->channels,
           s->n[0]);
    if (s->dims == 2)
        printf(" x %d", s->n[1]);
    printf(
        " float32, %.1f KiB each\n"
        "         first after %.3f s, then one every %.3g ms: %.1f frames/s, "
        "%.1f MiB/s a process\n",
        bytes / 1024, (double)t->first_ns * 1e-9, rest * 1e3, 1 / rest,
        bytes / rest / 0x1p20);
    for (int c = 0; c < s->channels; c++)
        printf("         %-12s from %g to %g\n", run->info.field[c],
               (double)t->low[c], (double)t->high[c]);
    printf("         with");
    for (size_t i = 0; i < run->cfg->space.n; i++)
        printf(" %s %g", run->cfg->space.parameter[i].name, t->value[i]);
    printf("\n\n");
}

/* A solver that is a program is tried: only then is it known to work. */
static int try_solver(struct command *c)
{
    struct weir_run *run = c->session->run;
    struct weir_external_trial trial;
    if (!weir_is_external(run->solver))
        return 0;
    fflush(stdout);
    int rc = weir_supervisor_start(run, &c->supervisor);
    if (rc)
        return rc;
    rc = weir_external_try(run, &trial);
    if (rc == 0)
        print_trial(run, &trial);
    weir_external_trial_free(&trial);
    return rc;
}

/* --check: make everything, run nothing, write nothing. */
static int check(struct command *c)
{
    struct weir_session_start start;
    uint64_t step = 0;
    int rc = find_start(c, &start, &step);
    rc = rc ? rc
            : weir_session_create(c->cfg, NULL, &c->topology, &start,
                                  &c->session);
    if (rc)
        return before_start(rc);
    announce_start(c, &start, step);
    print_banner(c);
    rc = try_solver(c);
    if (rc)
        return rc;
    printf("%s: ok. %d simulations of %u samples, %lld gradient steps of %d; "
           "%.2f new samples a step\n",
           c->args.config, c->cfg->simulations.budget, c->session->run->samples,
           (long long)weir_config_planned_steps(c->cfg), c->cfg->training.batch,
           c->session->run->samples_per_batch);
    return 0;
}

/* Whatever is refused leaves a directory as it was. */
static int prepare(struct command *c)
{
    struct weir_session_start start;
    int rc = take_up(c, &start);
    rc = rc ? rc
            : weir_session_create(c->cfg, c->dir, &c->topology, &start,
                                  &c->session);
    weir_safetensors_close(c->checkpoint);
    c->checkpoint = NULL;
    rc = rc ? rc : write_resolved(c); /* not of what was refused */
    if (rc == 0 && weir_fftw_measures(&c->cfg->solver.options))
        rc = weir_wisdom_keep(c->dir);
    return rc;
}

static int run_in_dir(struct command *c)
{
    int rc = before_start(prepare(c));
    return rc ? rc : conduct(c);
}

/* What CONFIG is when --resume comes without one. */
static int use_resolved(struct command *c)
{
    snprintf(c->resolved, sizeof(c->resolved), "%s/resolved.yaml", c->args.out);
    c->args.config = c->resolved;
    if (access(c->resolved, F_OK) == 0)
        return 0;
    WEIR_FAIL(WEIR_ECONFIG, "--resume: %s is not the directory of a run",
              c->args.out);
    return weir_err_hint("name its configuration to start one there: weir run "
                         "CONFIG --out %s",
                         c->args.out);
}

static int choose(struct command *c)
{
    const struct weir_command *me = &weir_command_run;
    if (c->args.resume && c->args.from)
        return weir_usage(me, "--resume and --from exclude each other");
    if (c->args.resume && !c->args.out)
        return weir_usage(me, "--resume needs --out, the run's directory");
    if (!c->args.config && !c->args.resume)
        return weir_usage(me, "which configuration?");
    if (c->args.out && strlen(c->args.out) >= sizeof(c->dir))
        return weir_usage(me, "--out: name too long");
    if (!c->args.config && use_resolved(c))
        return -WEIR_ECONFIG;
    if (c->args.out)
        snprintf(c->dir, sizeof(c->dir), "%s", c->args.out);
    else
        default_dir(c);
    return 0;
}

static void release(struct command *c)
{
    weir_supervisor_stop(c->supervisor);
    if (c->session)
        end_trace(c);
    weir_session_destroy(c->session);
    weir_safetensors_close(c->checkpoint);
    weir_topology_free(&c->topology);
    weir_log_sink(NULL, NULL);
    if (c->log)
        fclose(c->log);
    if (c->lock >= 0 && !c->begun) /* while nobody else can take it */
        weir_run_dir_discard(c->dir, c->before);
    weir_run_dir_unlock(c->lock);
    weir_config_free(c->cfg);
}

/* Each round has a log, a lock and a summary of its own. */
static int run_pool(struct command *c)
{
    struct weir_config *cfg = c->cfg;
    int rc = 0;
    c->cfg = NULL;
    release(c);
    if (c->args.from)
        rc = weir_usage(&weir_command_run, "--from has no use in pool mode");
    else if (c->args.trace)
        rc = weir_usage(&weir_command_run, "--trace has no use in pool mode");
    if (rc == 0 && !c->args.check)
        rc = weir_pool_run(cfg, &c->args, c->dir);
    else if (rc == 0)
        printf("%s: ok. %d rounds, up to %zu simulations\n", c->args.config,
               cfg->pool.rounds, weir_pool_labelled(cfg, cfg->pool.rounds - 1));
    weir_config_free(cfg);
    return rc;
}

static int run(int argc, char **argv)
{
    struct command c = {.lock = -1};
    pthread_mutex_init(&c.print, NULL);
    int rc = weir_arguments_parse(
        &weir_command_run,
        "CONFIG set out from resume check requeue quiet trace", argc, argv,
        &c.args);
    if (rc < 0)
        return rc;
    rc = choose(&c);
    if (rc)
        return rc;
    weir_log_sink(write_log, &c);
    weir_supervisor_block_signals();
    rc = load(&c);
    if (rc == 0 && c.cfg->run.mode == WEIR_MODE_POOL)
        return run_pool(&c);
    if (rc == 0)
        print_version(&c);
    rc = rc ? rc : before_start(weir_topology_discover(&c.topology));
    if (rc == 0 && c.args.trace)
        rc = weir_trace_check(c.args.trace);
    if (rc == 0)
        rc = c.args.check ? check(&c) : run_in_dir(&c);
    if (rc < 0 && rc != -WEIR_EINTERRUPTED)
        note(&c, "run", "error", weir_err_message());
    release(&c);
    return rc;
}

const struct weir_command weir_command_run = {
    .name = "run",
    .arguments = "CONFIG [options]",
    .summary = "train a surrogate while the simulation runs",
    .help =
        "  --out DIR         where results go (default: "
        "runs/CONFIG-DATE-TIME)\n"
        "  --set KEY=VALUE   override a key of the configuration; repeatable\n"
        "  --resume          go on with the run in --out DIR from its newest "
        "whole\n"
        "                    checkpoint; CONFIG may be left out\n"
        "  --from DIR        a new run that continues the one in DIR, with "
        "changes\n"
        "  --check           check configuration, machine and continuation; "
        "run and\n"
        "                    write nothing\n"
        "  --trace FILE      write what every thread did, for ui.perfetto.dev\n"
        "  --requeue         after SIGTERM or SIGUSR1, exit 0 (for "
        "schedulers)\n"
        "  --quiet           no progress; warnings and the summary remain\n"
        "\n"
        "DIR gets run.h5 (readable while it grows), checkpoints, log and\n"
        "resolved.yaml. Ctrl-C, SIGTERM, SIGUSR1 and SIGHUP write a "
        "checkpoint\n"
        "and end the run; a second Ctrl-C leaves at once.\n"
        "\n"
        "Exit status: 0 ok, 1 the run failed, 2 usage or configuration,\n"
        "3 environment, 130 interrupted after a checkpoint.\n",
    .run = run,
};
