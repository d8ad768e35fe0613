/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/clients/external.h"

#include "base/err.h"
#include "base/heap.h"
#include "pipeline/clients/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of frames a process may be ahead, where nobody says how many. */
#define MOST_AHEAD  64
#define AHEAD_BYTES ((size_t)512 << 10)

const struct weir_option weir_external_options[] = {
    {"command", WEIR_OPTION_WORDS, "", 0, 0, NULL, NULL,
     "program and arguments; empty: clients attach by themselves"},
    {"processes", WEIR_OPTION_INT, "0", 0, 4096, NULL, "processes",
     "copies of it at a time; 0: run.lanes"},
    {"fields", WEIR_OPTION_WORDS, "u", 0, 0, NULL, NULL,
     "names of the channels of a frame"},
    {"grid", WEIR_OPTION_WORDS, "64", 0, 0, NULL, "points",
     "grid points per axis, one or two"},
    {"extent", WEIR_OPTION_WORDS, "1", 0, 0, NULL, NULL,
     "length of the domain, of each axis or of all"},
    {"periodic", WEIR_OPTION_BOOL, "true", 0, 0, NULL, NULL,
     "whether the domain closes on itself"},
    {"dt", WEIR_OPTION_REAL, "1", 0, 1e9, NULL, NULL,
     "time between two frames; 0: steady, one frame"},
    {"ahead", WEIR_OPTION_INT, "0", 0, 1024, NULL, "frames",
     "a process may be ahead of the run; rounded to a power of two; 0: 4 of "
     "any size, more of small ones"},
    {"start_timeout", WEIR_OPTION_REAL, "60", 0.1, 1e6, NULL, "s",
     "for a process to attach"},
    {"simulation_timeout", WEIR_OPTION_REAL, "3600", 0, 1e9, NULL, "s",
     "the run may wait for one simulation's frames; 0: for ever"},
    {"restarts", WEIR_OPTION_INT, "8", 0, 1e6, NULL, "processes",
     "that may be lost in a row, in one place, without a finished simulation"},
    {"restart_delay", WEIR_OPTION_REAL, "0.1", 0, 1e4, NULL, "s",
     "before a lost process is started again; doubles, up to 100 times"},
    {0},
};

/* ---- configuring ---- */

static int take_command(struct weir_external *x, char *text)
{
    int n = weir_words_split(text, x->argv, WEIR_EXTERNAL_WORDS);
    if (n < 0)
        return WEIR_FAIL(EINVAL,
                         n == -E2BIG ? "command: more than %d words"
                                     : "command: a quote is left open",
                         WEIR_EXTERNAL_WORDS);
    x->argv[n] = NULL;
    return 0;
}

static int take_fields(struct weir_external *x, char *text)
{
    char *word[WEIR_EXTERNAL_FIELDS];
    int n = weir_words_split(text, word, WEIR_EXTERNAL_FIELDS);
    if (n < 1)
        return WEIR_FAIL(EINVAL, "fields: expected 1 to %d names",
                         WEIR_EXTERNAL_FIELDS);
    for (int i = 0; i < n; i++)
        x->field[i] = word[i];
    x->terms.shape.channels = n;
    return 0;
}

static int take_number(const char *key, const char *text, double min,
                       double max, double *out)
{
    char *end;
    *out = strtod(text, &end);
    if (end != text && !*end && *out >= min && *out <= max)
        return 0;
    return WEIR_FAIL(EINVAL, "%s: '%.40s' is not a number from %g to %g", key,
                     text, min, max);
}

static int take_grid(struct weir_external *x, char *text)
{
    char *word[WEIR_MAX_DIMS];
    double points;
    int n = weir_words_split(text, word, WEIR_MAX_DIMS), rc = 0;
    if (n < 1)
        return WEIR_FAIL(EINVAL, "grid: expected the points of 1 or %d axes",
                         WEIR_MAX_DIMS);
    x->terms.shape.dims = n;
    for (int i = 0; i < WEIR_MAX_DIMS; i++)
        x->terms.shape.n[i] = 1;
    for (int i = 0; rc == 0 && i < n; i++) {
        rc = take_number("grid", word[i], 1, 1 << 24, &points);
        if (rc == 0 && points != (int)points)
            rc = WEIR_FAIL(EINVAL, "grid: '%s' is not a whole number", word[i]);
        x->terms.shape.n[i] = rc ? 1 : (int)points;
    }
    return rc;
}

static int take_extent(struct weir_external *x, char *text)
{
    char *word[WEIR_MAX_DIMS];
    int n = weir_words_split(text, word, WEIR_MAX_DIMS), rc = 0;
    if (n != 1 && n != x->terms.shape.dims)
        return WEIR_FAIL(EINVAL, "extent: expected 1 or %d numbers",
                         x->terms.shape.dims);
    for (int i = 0; rc == 0 && i < x->terms.shape.dims; i++)
        rc = take_number("extent", word[n == 1 ? 0 : i], 1e-30, 1e30,
                         &x->extent[i]);
    return rc;
}

static int64_t seconds(const struct weir_options *opts, const char *name)
{
    return (int64_t)(weir_option_real(opts, name) * 1e9);
}

static void take_rest(struct weir_external *x, const struct weir_options *opts)
{
    x->periodic = weir_option_bool(opts, "periodic");
    x->dt = weir_option_real(opts, "dt");
    x->restarts = (int)weir_option_int(opts, "restarts");
    x->start_timeout_ns = seconds(opts, "start_timeout");
    x->simulation_timeout_ns = seconds(opts, "simulation_timeout");
    x->delay_ns = seconds(opts, "restart_delay");
}

/* Where that costs little, ahead enough for two processes that take turns on one
 * core to do so rarely. */
static uint32_t slots_of(const struct weir_shape *shape, int64_t ahead)
{
    size_t bytes = weir_shape_floats(shape) * sizeof(float);
    uint32_t slots = ahead ? 2 : 4;
    while (ahead ? slots < ahead
                 : slots < MOST_AHEAD && 2 * slots * bytes <= AHEAD_BYTES)
        slots *= 2;
    return slots;
}

/* The texts of the word lists, cut into words in place. */
static int take_texts(struct weir_external *x, const struct weir_options *opts)
{
    static const char *const name[] = {"command", "fields", "grid", "extent"};
    static int (*const take[])(struct weir_external *, char *) = {
        take_command, take_fields, take_grid, take_extent};
    int rc = 0;
    x->text = weir_array(4, WEIR_OPTION_TEXT_MAX);
    if (!x->text)
        return WEIR_FAIL(ENOMEM, "solver external");
    for (int i = 0; rc == 0 && i < 4; i++) {
        char *text = x->text + i * WEIR_OPTION_TEXT_MAX;
        snprintf(text, WEIR_OPTION_TEXT_MAX, "%s",
                 weir_option_text(opts, name[i]));
        rc = take[i](x, text);
    }
    return rc;
}

int weir_external_configure(const struct weir_options *opts, void **config)
{
    struct weir_external *x = weir_array(1, sizeof(*x));
    if (!x)
        return WEIR_FAIL(ENOMEM, "solver external");
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->attached, NULL);
    take_rest(x, opts);
    int rc = take_texts(x, opts);
    if (rc) {
        weir_external_release(x);
        return rc;
    }
    x->terms.slots = slots_of(&x->terms.shape, weir_option_int(opts, "ahead"));
    *config = x;
    return 0;
}

void weir_external_describe(const void *config, struct weir_solver_info *info)
{
    const struct weir_external *x = config;
    *info = (struct weir_solver_info){
        .shape = x->terms.shape,
        .dt = x->dt,
        .lane_bytes =
            weir_shape_floats(&x->terms.shape) * sizeof(float) * x->terms.slots,
        .periodic = x->periodic,
        .equation = x->argv[0] ? x->argv[0] : "clients that attach",
        .field = x->field,
    };
    for (int i = 0; i < x->terms.shape.dims; i++) {
        info->extent[i] = x->extent[i];
        info->spacing[i] =
            x->extent[i] / (x->terms.shape.n[i] - (x->periodic ? 0 : 1.0));
    }
}

/* ---- opening ---- */

static int choose_dir(struct weir_external *x, const char *dir)
{
    x->is_temporary = dir == NULL;
    if (dir && !realpath(dir, x->dir))
        return WEIR_FAIL(WEIR_EENV, "%s: %s", dir, strerror(errno));
    if (!dir) {
        const char *tmp = getenv("TMPDIR");
        snprintf(x->dir, sizeof(x->dir), "%.4000s/weir-XXXXXX",
                 tmp && *tmp ? tmp : "/tmp");
        if (!mkdtemp(x->dir))
            return WEIR_FAIL(WEIR_EENV, "%s: %s", x->dir, strerror(errno));
    }
    snprintf(x->door_dir, sizeof(x->door_dir), "%.4000s/%s", x->dir,
             WEIR_WIRE_DIR);
    if (mkdir(x->door_dir, 0755) && errno != EEXIST)
        return WEIR_FAIL(WEIR_EENV, "%s: %s", x->door_dir, strerror(errno));
    return 0;
}

int weir_external_open(void *config, const struct weir_external_host *host)
{
    struct weir_external *x = config;
    x->stop = host->stop;
    x->terms.frames = host->frames;
    x->terms.parameters = host->parameters;
    x->is_open = true;
    int rc = choose_dir(x, host->dir);
    return rc ? rc
              : weir_door_open(x->door_dir, weir_external_admit, x, &x->door);
}

/* The logs of a temporary directory, and the directory. */
static void remove_dir(const struct weir_external *x)
{
    char path[PATH_MAX];
    for (unsigned i = 0; i < 64; i++) {
        snprintf(path, sizeof(path), "%.4000s/process-%u.log", x->door_dir, i);
        unlink(path);
    }
    rmdir(x->door_dir);
    rmdir(x->dir);
}

void weir_external_release(void *config)
{
    struct weir_external *x = config;
    weir_door_close(x->door);
    if (x->is_open && x->is_temporary)
        remove_dir(x);
    pthread_cond_destroy(&x->attached);
    pthread_mutex_destroy(&x->lock);
    free(x->text);
    free(x);
}

const struct weir_solver_ops weir_external_ops = {
    .name = "external",
    .summary = "a program of your own (weir/client.h), in any language",
    .options = weir_external_options,
    .configure = weir_external_configure,
    .describe = weir_external_describe,
    .release = weir_external_release,
    .create = weir_external_lane_create,
    .start = weir_external_lane_start,
    .step = weir_external_lane_step,
    .destroy = weir_external_lane_destroy,
    .prepare = weir_external_lane_prepare,
    .announce = weir_external_lane_announce,
    .fetch = weir_external_lane_fetch,
};
