/* SPDX-License-Identifier: BSD-3-Clause */
/* The rounds of a pool run, each `weir run` on a configuration of its own. */
#include "pipeline/pool/pool.h"

#include "base/err.h"
#include "base/log.h"
#include "io/run_dir.h"
#include "io/runfile_reader.h"
#include "pipeline/pool/pool_rounds.h"
#include "pipeline/run/registries.h"
#include "pipeline/run/run_check.h"
#include "pipeline/session/supervisor.h"
#include "pipeline/stages/boundary.h"
#include "pipeline/view/say.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENDED 1 /* in order, before the last round */

/* Lanes' slots, when their number is not known yet. */
#define LENT 1024

static void list_path(const char *dir, int round_number, char *path)
{
    snprintf(path, PATH_MAX, "%s/round-%02d.txt", dir, round_number);
}

static void round_path(const char *dir, int round_number, char *path)
{
    snprintf(path, PATH_MAX, "%s/round-%02d", dir, round_number);
}

/* The newest list there is; -1: none. */
static int newest(const struct weir_config *cfg, const char *dir)
{
    char path[PATH_MAX];
    for (int k = cfg->pool.rounds - 1; k >= 0; k--) {
        list_path(dir, k, path);
        if (access(path, F_OK) == 0)
            return k;
    }
    return -1;
}

/* Arguments of a round's `weir run`; texts of our own behind the user's. */
struct line {
    const char *word[2 * WEIR_MAX_SETS + 32];
    int n;
    char text[16][PATH_MAX + 64];
    int texts;
};

static void say(struct line *l, const char *word)
{
    l->word[l->n++] = word;
}

static void set_to(struct line *l, const char *key, const char *value)
{
    char *text = l->text[l->texts++];
    snprintf(text, sizeof(l->text[0]), "%s=%s", key, value);
    say(l, "--set");
    say(l, text);
}

static void set_number(struct line *l, const char *key, size_t value)
{
    char text[32];
    snprintf(text, sizeof(text), "%zu", value);
    set_to(l, key, text);
}

/* Everything in the reservoir before training, and nothing leaves it. */
static void set_round(const struct weir_config *cfg, int round_number,
                      struct line *l)
{
    size_t n = weir_pool_labelled(cfg, round_number);
    size_t samples = n * (size_t)weir_config_samples_per_simulation(cfg);
    size_t batch = (size_t)cfg->training.batch;
    set_to(l, "run.mode", "online");
    set_number(l, "run.seed", weir_pool_seed(cfg, round_number));
    set_to(l, "acquisition.strategy", "listed");
    set_number(l, "simulations.budget", n);
    set_number(l, "reservoir.capacity", samples + LENT);
    set_number(l, "reservoir.watermark", samples > batch ? samples - batch : 1);
    set_to(l, "reservoir.samples_per_batch", "1");
    set_number(l, "training.steps", (size_t)weir_pool_steps(cfg, round_number));
    if (weir_pool_needs_pair(cfg)) {
        size_t apart = (size_t)cfg->pool.tod_steps;
        size_t keep = (size_t)cfg->checkpoint.keep;
        set_number(l, "checkpoint.before_end", apart);
        set_number(l, "checkpoint.keep", keep > apart + 1 ? keep : apart + 1);
    }
}

static void say_settings(const struct weir_config *cfg,
                         const struct weir_arguments *args, int round_number,
                         struct line *l)
{
    for (size_t i = 0; i < args->n_set; i++) {
        say(l, "--set");
        say(l, args->set[i]);
    }
    set_round(cfg, round_number, l);
}

int weir_pool_round(const struct weir_config *cfg,
                    const struct weir_arguments *args, int round_number,
                    struct weir_config **out)
{
    const char *set[WEIR_MAX_SETS + 16];
    size_t n = 0;
    struct line *l = calloc(1, sizeof(*l));
    if (!l)
        return WEIR_FAIL(ENOMEM, "pool: arguments");
    say_settings(cfg, args, round_number, l);
    for (int i = 1; i < l->n; i += 2)
        set[n++] = l->word[i];
    int rc = weir_config_load(args->config, &weir_registries, set, n, out);
    free(l);
    return rc;
}

int weir_pool_check(const struct weir_config *cfg,
                    const struct weir_arguments *args)
{
    struct weir_pool pool;
    struct weir_config *first;
    int rc = weir_pool_open(cfg, &pool);
    if (rc)
        return rc;
    weir_pool_close(&pool);
    rc = weir_pool_round(cfg, args, 0, &first);
    if (rc)
        return rc;
    rc = weir_config_check(first);
    rc = rc ? rc : weir_run_check(first);
    weir_config_free(first);
    return rc;
}

static int run_round(const struct weir_config *cfg,
                     const struct weir_arguments *args, const char *dir,
                     int round_number, bool resume)
{
    char list[PATH_MAX], out[PATH_MAX], before[PATH_MAX];
    struct line *l = calloc(1, sizeof(*l));
    if (!l)
        return WEIR_FAIL(ENOMEM, "pool: arguments");
    list_path(dir, round_number, list);
    round_path(dir, round_number, out);
    say(l, "run");
    say(l, args->config);
    say_settings(cfg, args, round_number, l);
    set_to(l, "acquisition.file", list);
    say(l, "--out");
    say(l, out);
    if (resume)
        say(l, "--resume");
    else if (cfg->pool.warm && round_number > 0) {
        round_path(dir, round_number - 1, before);
        say(l, "--from");
        say(l, before);
    }
    if (args->quiet)
        say(l, "--quiet");
    if (args->requeue)
        say(l, "--requeue");
    int rc = weir_command_run.run(l->n, (char **)l->word);
    free(l);
    return rc;
}

/* How the round's run ended; -1: nobody knows. */
static int ending_of(const char *dir, int round_number)
{
    char path[PATH_MAX], file[PATH_MAX + 16];
    struct weir_runfile_reader *r;
    round_path(dir, round_number, path);
    snprintf(file, sizeof(file), "%s/run.h5", path);
    if (weir_runfile_reader_open(file, &r))
        return -1;
    int status = weir_runfile_reader_status(r);
    weir_runfile_reader_close(r);
    return status;
}

/* Between two runs nobody else prints. */
static void print_log(void *ctx, enum weir_log_level level, const char *area,
                      const char *text)
{
    const struct weir_arguments *args = ctx;
    if (level <= (args->quiet ? WEIR_LOG_WARN : WEIR_LOG_INFO))
        weir_say_log(level, area, text);
}

/* The list that round @p round_number ended with, and the next one. */
static int choose_next(const struct weir_pool *pool, const char *dir,
                       int round_number)
{
    char path[PATH_MAX], run[PATH_MAX], before[PATH_MAX];
    struct weir_pool_list list = {0};
    list_path(dir, round_number, path);
    round_path(dir, round_number, run);
    round_path(dir, round_number - 1, before);
    int rc = weir_pool_list_read(pool->cfg, path, &list);
    rc = rc ? rc
            : weir_pool_choose(pool, run, round_number ? before : NULL,
                               round_number, &list);
    list_path(dir, round_number + 1, path);
    rc = rc ? rc : weir_pool_list_write(&list, path);
    weir_pool_list_free(&list);
    return rc;
}

static int begin(const struct weir_pool *pool, const char *dir)
{
    char path[PATH_MAX];
    struct weir_pool_list list;
    int rc = weir_pool_begin(pool, &list);
    list_path(dir, 0, path);
    rc = rc ? rc : weir_pool_list_write(&list, path);
    weir_pool_list_free(&list);
    return rc;
}

/* --resume begins with it when no configuration is named. */
static int write_resolved(const struct weir_config *cfg, const char *dir)
{
    char *text;
    int rc = weir_config_resolved(cfg, &text);
    if (rc)
        return rc;
    rc = weir_run_dir_write(dir, "resolved.yaml", text);
    free(text);
    return rc;
}

/* Choosing is not saved half-way: it takes little beside the round it follows. */
static int choose(const struct weir_pool *pool,
                  const struct weir_arguments *args, const char *dir,
                  int round_number)
{
    weir_log_sink(print_log, (void *)args);
    int rc = choose_next(pool, dir, round_number);
    int asked = weir_supervisor_pending();
    if (rc == -WEIR_EINTERRUPTED)
        weir_log_info("pool", "%s: ending; --resume chooses anew",
                      strsignal(asked));
    weir_log_sink(NULL, NULL);
    return rc == -WEIR_EINTERRUPTED && args->requeue && asked != SIGINT ? ENDED
                                                                        : rc;
}

/* @return 0, ENDED: no further round, or a negative code */
static int one_round(const struct weir_pool *pool,
                     const struct weir_arguments *args, const char *dir, int k,
                     bool resume)
{
    const struct weir_config *cfg = pool->cfg;
    if (!args->quiet)
        printf("round    %d of %d: %zu simulations\n", k + 1, cfg->pool.rounds,
               weir_pool_labelled(cfg, k));
    fflush(stdout);
    int rc = run_round(cfg, args, dir, k, resume);
    int ending = rc ? rc : ending_of(dir, k);
    if (rc || k + 1 == cfg->pool.rounds)
        return rc;
    /* With --requeue an interrupted round is no failure. */
    if (ending == WEIR_ENDING_REACHED || ending == WEIR_ENDING_INTERRUPTED)
        return ENDED;
    return choose(pool, args, dir, k);
}

static int all_rounds(const struct weir_pool *pool,
                      const struct weir_arguments *args, const char *dir)
{
    const struct weir_config *cfg = pool->cfg;
    int first = newest(cfg, dir);
    bool resume = first >= 0;
    if (resume && !args->resume) {
        WEIR_FAIL(WEIR_ECONFIG, "%s: there is a pool run here already", dir);
        return weir_err_hint("--resume goes on with it; --out takes another "
                             "directory");
    }
    int rc = resume ? 0 : write_resolved(cfg, dir);
    if (!resume)
        rc = rc ? rc : begin(pool, dir);
    for (int k = resume ? first : 0; rc == 0 && k < cfg->pool.rounds; k++)
        rc = one_round(pool, args, dir, k, resume && k == first);
    return rc == ENDED ? 0 : rc;
}

int weir_pool_run(const struct weir_config *cfg,
                  const struct weir_arguments *args, const char *dir)
{
    struct weir_pool pool;
    int rc = weir_pool_open(cfg, &pool);
    if (rc)
        return rc;
    rc = weir_run_dir_prepare(dir);
    int lock = rc ? rc : weir_run_dir_lock(dir);
    if (lock >= 0) {
        rc = all_rounds(&pool, args, dir);
        if (rc == 0)
            weir_pool_print_rounds(cfg, dir);
        weir_run_dir_unlock(lock);
    }
    weir_pool_close(&pool);
    return lock < 0 ? lock : rc;
}
