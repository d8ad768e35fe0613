/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/starts.h"

#include "acquire/registry.h"
#include "base/err.h"
#include "base/heap.h"
#include "io/rows.h"
#include "io/runfile_reader.h"
#include "pipeline/run/registries.h"
#include "shm/table.h"

#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct weir_starts {
    uint64_t n;
    struct weir_space space;
    double *value; /* [n][space.n] */
    char path[PATH_MAX];
    char text[PATH_MAX + 64];

    const struct weir_strategy_ops *ops; /* NULL: rows of a file */
    struct weir_strategy_env env;
    struct weir_options defaults;
    void *strategy;
    pthread_mutex_t lock; /* of the strategy */

    struct weir_rows *fields; /* NULL: parameters */
};

static struct weir_starts *new_starts(const struct weir_space *space)
{
    struct weir_starts *s = weir_array(1, sizeof(*s));
    if (!s)
        return NULL;
    s->space = *space;
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void weir_starts_destroy(struct weir_starts *s)
{
    if (!s)
        return;
    if (s->strategy)
        s->ops->destroy(s->strategy);
    weir_options_free(&s->defaults);
    weir_rows_close(s->fields);
    pthread_mutex_destroy(&s->lock);
    free(s->value);
    free(s);
}

/* ---- a sampler --------------------------------------------------------------- */

static int make_strategy(struct weir_starts *s, const struct weir_config *cfg)
{
    const struct weir_options *options = &cfg->acquisition.options;
    s->env = (struct weir_strategy_env){
        .seed = cfg->run.seed,
        .space = s->space,
        .budget = (uint32_t)s->n,
        .samples_per_simulation =
            (uint32_t)weir_config_samples_per_simulation(cfg),
        .batch = (uint32_t)cfg->training.batch,
        .gradient_steps = (uint64_t)cfg->training.steps,
        .samples_per_batch = weir_config_samples_per_batch(cfg),
    };
    if (strcmp(cfg->acquisition.strategy, s->ops->name)) {
        int rc = weir_options_init(s->ops->options, &s->defaults);
        if (rc)
            return rc;
        options = &s->defaults;
    }
    weir_err_clear();
    return weir_refusal(s->ops->create(&s->env, options, &s->strategy),
                        WEIR_KIND_STRATEGY, s->ops->name);
}

static int sample(struct weir_starts *s, const struct weir_config *cfg,
                  const char *sampler)
{
    s->ops = weir_strategy_find(sampler);
    if (!s->ops)
        return -weir_err_code();
    s->value = weir_array(s->n * s->space.n, sizeof(double));
    if (!s->value)
        return WEIR_FAIL(ENOMEM, "%llu sets of %zu parameters",
                         (unsigned long long)s->n, s->space.n);
    int rc = make_strategy(s, cfg);
    for (uint64_t i = 0; rc == 0 && i < s->n; i++)
        weir_starts_draw(s, i, 1, s->value + i * s->space.n);
    snprintf(s->text, sizeof(s->text), "sampler %s", sampler);
    return rc;
}

int weir_starts_sample(const struct weir_config *cfg, const char *sampler,
                       uint64_t n, struct weir_starts **out)
{
    struct weir_starts *s = new_starts(&cfg->space);
    if (!s)
        return WEIR_FAIL(ENOMEM, "sampler");
    s->n = n;
    int rc = sample(s, cfg, sampler);
    if (rc)
        weir_starts_destroy(s);
    else
        *out = s;
    return rc;
}

/* ---- rows of a file ---------------------------------------------------------- */

/* FNV-1a: tells a file that was changed since a partial data set was begun. */
static uint64_t fingerprint(uint64_t so_far, const void *bytes, size_t n)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i < n; i++)
        so_far = (so_far ^ b[i]) * 0x100000001b3;
    return so_far;
}
#define FINGERPRINT 0xcbf29ce484222325

static void say_file(struct weir_starts *s, const char *what, uint64_t print)
{
    snprintf(s->text, sizeof(s->text), "%s %s, fingerprint %016llx", what,
             s->path, (unsigned long long)print);
}

static int choose_count(struct weir_starts *s, uint64_t wanted, uint64_t have)
{
    if (wanted > have || have == 0)
        return WEIR_FAIL(WEIR_ECONFIG, "%s: %llu rows%s", s->path,
                         (unsigned long long)have,
                         wanted ? ", fewer than --n" : "");
    s->n = wanted ? wanted : have;
    return 0;
}

static void list_names(const struct weir_space *space, char *out, size_t n)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < space->n && used < n; i++)
        used += (size_t)snprintf(out + used, n - used, "%s%s", i ? " " : "",
                                 space->parameter[i].name);
}

static int wrong_columns(const struct weir_starts *s, uint64_t have,
                         const char *names)
{
    char expected[512];
    list_names(&s->space, expected, sizeof(expected));
    if (have == s->space.n)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s: parameters are %.300s, expected %.300s", s->path,
                         names, expected);
    WEIR_FAIL(WEIR_ECONFIG, "%s: %llu parameters a row, expected %zu", s->path,
              (unsigned long long)have, s->space.n);
    return weir_err_hint("the solver's: %s", expected);
}

/* Names are words with one space between; a file need not have them. */
static int check_columns(const struct weir_starts *s, uint64_t have,
                         const char *names)
{
    size_t bytes = 1;
    for (size_t i = 0; i < s->space.n; i++)
        bytes += strlen(s->space.parameter[i].name) + 1;
    char *expected = malloc(bytes);
    if (!expected)
        return WEIR_FAIL(ENOMEM, "%s", s->path);
    list_names(&s->space, expected, bytes);
    bool same = have == s->space.n && (!names || !strcmp(names, expected));
    free(expected);
    return same ? 0 : wrong_columns(s, have, names);
}

static int check_box(const struct weir_starts *s)
{
    for (uint64_t k = 0; k < s->n * s->space.n; k++) {
        const struct weir_parameter *p = &s->space.parameter[k % s->space.n];
        if (s->value[k] >= p->low && s->value[k] <= p->high)
            continue;
        WEIR_FAIL(WEIR_ECONFIG,
                  "%s: row %llu: %s is %.9g, expected %.9g to "
                  "%.9g",
                  s->path, (unsigned long long)(k / s->space.n), p->name,
                  s->value[k], p->low, p->high);
        return weir_err_hint("parameters.%s.low and .high set the range",
                             p->name);
    }
    return 0;
}

static int take_rows(struct weir_starts *s, uint64_t wanted,
                     struct weir_rows *rows)
{
    const struct weir_rows_info *about = weir_rows_info(rows);
    if (about->dims != 2)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s: parameters has %d axes, expected "
                         "2: [n, %zu]",
                         s->path, about->dims, s->space.n);
    int rc = check_columns(s, about->width, about->names);
    rc = rc ? rc : choose_count(s, wanted, about->size[0]);
    if (rc)
        return rc;
    s->value = weir_array(s->n * s->space.n, sizeof(double));
    return s->value ? weir_rows_read(rows, 0, s->n, s->value)
                    : WEIR_FAIL(ENOMEM, "%s", s->path);
}

/* A run's table has a row a simulation; those that are done count. */
static int take_finished(struct weir_starts *s, uint64_t wanted,
                         const struct weir_runfile_reader *r, uint64_t rows)
{
    uint32_t *state = weir_array(rows, sizeof(*state));
    uint64_t done = 0;
    s->value = weir_array(rows * s->space.n, sizeof(double));
    int rc = state && s->value
                 ? weir_runfile_reader_read(r, "simulations/state", WEIR_U32, 0,
                                            rows, state)
                 : WEIR_FAIL(ENOMEM, "%s", s->path);
    rc = rc ? rc
            : weir_runfile_reader_read(r, "simulations/parameters", WEIR_F64, 0,
                                       rows, s->value);
    for (uint64_t i = 0; rc == 0 && i < rows; i++)
        if (state[i] == WEIR_CELL_DONE)
            memmove(s->value + done++ * s->space.n, s->value + i * s->space.n,
                    s->space.n * sizeof(double));
    free(state);
    return rc ? rc : choose_count(s, wanted, done);
}

static const char *attribute_of(const struct weir_runfile_reader *r,
                                const char *key)
{
    const struct weir_text *a;
    for (size_t i = 0; (a = weir_runfile_reader_attribute(r, i)); i++)
        if (!strcmp(a->key, key))
            return a->value;
    return NULL;
}

static int take_run(struct weir_starts *s, uint64_t wanted)
{
    struct weir_runfile_reader *r;
    int rc = weir_runfile_reader_open(s->path, &r);
    if (rc)
        return rc;
    const struct weir_runfile_column *c =
        weir_runfile_reader_find(r, "simulations/parameters");
    rc = c ? check_columns(s, c->width, attribute_of(r, "parameters"))
           : WEIR_FAIL(WEIR_ECONFIG, "%s: no table of simulations", s->path);
    rc = rc ? rc
            : take_finished(s, wanted, r,
                            weir_runfile_reader_rows(r, "simulations"));
    weir_runfile_reader_close(r);
    return rc;
}

static int read_parameters(struct weir_starts *s, uint64_t wanted)
{
    struct weir_rows *rows;
    int rc = weir_rows_open(s->path, "parameters", &rows);
    if (rc == 0) {
        rc = take_rows(s, wanted, rows);
        weir_rows_close(rows);
    } else if (rc == -ENOENT) {
        rc = weir_rows_open(s->path, "simulations/parameters", &rows);
        if (rc == -ENOENT) {
            WEIR_FAIL(WEIR_ECONFIG, "%s: no dataset 'parameters'", s->path);
            return weir_err_hint("[n, %zu]; a finished run's run.h5 will do "
                                 "too",
                                 s->space.n);
        }
        if (rc)
            return rc;
        weir_rows_close(rows);
        rc = take_run(s, wanted);
    }
    rc = rc ? rc : check_box(s);
    if (rc == 0)
        say_file(s, "parameters",
                 fingerprint(FINGERPRINT, s->value,
                             s->n * s->space.n * sizeof(double)));
    return rc;
}

int weir_starts_read_parameters(const struct weir_config *cfg, const char *path,
                                uint64_t n, struct weir_starts **out)
{
    struct weir_starts *s = new_starts(&cfg->space);
    if (!s)
        return WEIR_FAIL(ENOMEM, "%s", path);
    snprintf(s->path, sizeof(s->path), "%s", path);
    int rc = read_parameters(s, n);
    if (rc)
        weir_starts_destroy(s);
    else
        *out = s;
    return rc;
}

/* ---- fields ------------------------------------------------------------------ */

static void print_sizes(const uint64_t *size, int dims, const char *first,
                        char *out, size_t n)
{
    size_t used = (size_t)snprintf(out, n, "[%s", first);
    for (int d = 0; d < dims && used < n; d++)
        used += (size_t)snprintf(out + used, n - used, ", %llu",
                                 (unsigned long long)size[d]);
    if (used < n)
        snprintf(out + used, n - used, "]");
}

static int check_shape(const struct weir_starts *s,
                       const struct weir_solver_info *info)
{
    const struct weir_rows_info *have = weir_rows_info(s->fields);
    const struct weir_shape *shape = &info->shape;
    uint64_t size[3] = {(uint64_t)shape->channels, (uint64_t)shape->n[0],
                        (uint64_t)shape->n[1]};
    int dims = 1 + shape->dims;
    char is[160], expected[80], rows[24];
    if (have->dims == 1 + dims &&
        !memcmp(have->size + 1, size, (size_t)dims * sizeof(*size)))
        return 0;
    snprintf(rows, sizeof(rows), "%llu", (unsigned long long)have->size[0]);
    print_sizes(have->size + 1, have->dims - 1, rows, is, sizeof(is));
    print_sizes(size, dims, "n", expected, sizeof(expected));
    WEIR_FAIL(WEIR_ECONFIG, "%s: initial is %s, expected %s", s->path, is,
              expected);
    return weir_err_hint("rows, channels, points per axis; solver.points sets "
                         "the grid");
}

/* Look at every row once: what is not finite shows before the work. */
static int check_fields(struct weir_starts *s)
{
    size_t width = weir_rows_info(s->fields)->width;
    double *row = weir_array(width, sizeof(*row));
    uint64_t print = FINGERPRINT;
    int rc = row ? 0 : WEIR_FAIL(ENOMEM, "%s", s->path);
    for (uint64_t i = 0; rc == 0 && i < s->n; i++) {
        rc = weir_starts_field(s, i, row);
        for (size_t k = 0; rc == 0 && k < width; k++)
            if (!isfinite(row[k]))
                rc = WEIR_FAIL(WEIR_ECONFIG, "%s: row %llu of initial holds %g",
                               s->path, (unsigned long long)i, row[k]);
        print = fingerprint(print, row, width * sizeof(*row));
    }
    free(row);
    say_file(s, "initial", print);
    return rc;
}

static int read_fields(struct weir_starts *s,
                       const struct weir_solver_info *info, uint64_t wanted)
{
    int rc = weir_rows_open(s->path, "initial", &s->fields);
    if (rc == -ENOENT)
        return WEIR_FAIL(WEIR_ECONFIG, "%s: no dataset 'initial'", s->path);
    rc = rc ? rc : check_shape(s, info);
    rc = rc ? rc : choose_count(s, wanted, weir_rows_info(s->fields)->size[0]);
    return rc ? rc : check_fields(s);
}

int weir_starts_read_fields(const struct weir_solver_info *info,
                            const char *path, uint64_t n,
                            struct weir_starts **out)
{
    struct weir_starts *s = new_starts(&(struct weir_space){0});
    if (!s)
        return WEIR_FAIL(ENOMEM, "%s", path);
    snprintf(s->path, sizeof(s->path), "%s", path);
    int rc = read_fields(s, info, n);
    if (rc)
        weir_starts_destroy(s);
    else
        *out = s;
    return rc;
}

/* ---- any --------------------------------------------------------------------- */

uint64_t weir_starts_count(const struct weir_starts *s)
{
    return s->n;
}

const struct weir_space *weir_starts_space(const struct weir_starts *s)
{
    return &s->space;
}

const double *weir_starts_parameters(const struct weir_starts *s)
{
    return s->value;
}

bool weir_starts_are_fields(const struct weir_starts *s)
{
    return s->fields;
}

bool weir_starts_can_redraw(const struct weir_starts *s)
{
    return s->ops && s->space.n > 0;
}

const char *weir_starts_text(const struct weir_starts *s)
{
    return s->text;
}

/* The value array is complete only after the first attempts were drawn. */
void weir_starts_draw(struct weir_starts *s, uint64_t i, uint32_t attempt,
                      double *value)
{
    size_t n = s->space.n;
    if (!s->ops) {
        memcpy(value, s->value + i * n, n * sizeof(*value));
        return;
    }
    uint64_t point = i + (attempt - 1) * s->n;
    pthread_mutex_lock(&s->lock);
    s->ops->initial(s->strategy, (uint32_t)point, value);
    pthread_mutex_unlock(&s->lock);
    weir_space_to_box(&s->space, value, value);
}

int weir_starts_field(struct weir_starts *s, uint64_t i, double *field)
{
    return weir_rows_read(s->fields, i, 1, field);
}

void weir_starts_name(const struct weir_starts *s, uint64_t i, char *out,
                      size_t n)
{
    if (s->ops)
        snprintf(out, n, "trajectory %llu", (unsigned long long)i);
    else
        snprintf(out, n, "%s: row %llu", s->path, (unsigned long long)i);
}
