/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/session/loaded.h"

#include "base/err.h"
#include "base/heap.h"
#include "base/log.h"
#include "io/run_dir.h"
#include "pipeline/run/registries.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOST_THREADS 64
#define BATCH        16
#define POINTS       256 /* of an equation, in a batch */

static int choose(const char *word, enum weir_predictor_weights *out)
{
    if (!word || !strcmp(word, "best"))
        return *out = WEIR_PREDICTOR_BEST, 0;
    if (!strcmp(word, "newest"))
        return *out = WEIR_PREDICTOR_NEWEST, 0;
    return WEIR_FAIL(WEIR_ECONFIG, "--weights %s: expected best or newest",
                     word);
}

static int configure(struct weir_loaded *l)
{
    const char *text = weir_predictor_config(l->predictor);
    if (!text)
        return WEIR_FAIL(WEIR_ECONFIG, "%s: no configuration in it",
                         l->info->file);
    int rc = weir_config_parse(text, strlen(text), l->info->file,
                               &weir_registries, NULL, 0, &l->cfg);
    l->run.cfg = l->cfg;
    return rc ? rc : weir_run_configure(&l->run);
}

/* What is not there, or is another file. */
static int no_surrogate(int rc, const char *path)
{
    if (rc != -ENOENT && rc != -WEIR_ECONFIG && rc != -WEIR_ECORRUPT)
        return rc;
    if (!weir_err_hint_text()[0] && !weir_run_dir_hint_rounds(path))
        weir_err_hint("a surrogate is the directory of a run (its --out), or a "
                      "file of its checkpoints");
    return rc == -ENOENT ? -WEIR_ECONFIG : rc;
}

int weir_loaded_open(const char *path, const char *weights,
                     struct weir_loaded *out)
{
    struct weir_predictor_options options = {.batch = BATCH};
    *out = (struct weir_loaded){0};
    int rc = choose(weights, &options.weights);
    rc = rc ? rc : weir_predictor_open(path, &options, &out->predictor);
    if (rc)
        return no_surrogate(rc, path);
    out->info = weir_predictor_about(out->predictor);
    rc = configure(out);
    if (rc)
        weir_loaded_close(out);
    return rc;
}

void weir_loaded_close(struct weir_loaded *l)
{
    if (l->run.solver_config)
        l->run.solver->release(l->run.solver_config);
    weir_config_free(l->cfg);
    weir_predictor_close(l->predictor);
    *l = (struct weir_loaded){0};
}

/* ---- data ---- */

static void name_shape(const struct weir_shape *s, char text[64])
{
    if (s->dims == 2)
        snprintf(text, 64, "%d x %d x %d", s->channels, s->n[0], s->n[1]);
    else
        snprintf(text, 64, "%d x %d", s->channels, s->n[0]);
}

static int check_data(const struct weir_loaded *l, const char *path,
                      const struct weir_dataset_info *d)
{
    const struct weir_shape *a = &d->shape, *b = &l->info->shape;
    char theirs[64], ours[64];
    name_shape(a, theirs);
    name_shape(b, ours);
    if (a->channels != b->channels || a->dims != b->dims ||
        a->n[0] != b->n[0] || a->n[1] != b->n[1])
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s: states of %s values (channels x points), the "
                         "surrogate in %s takes %s",
                         path, theirs, l->info->file, ours);
    if (d->missing)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s: %llu of its trajectories are "
                         "missing",
                         path, (unsigned long long)d->missing);
    if (d->frames < 2 && l->info->dt > 0)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s: one frame a trajectory, there is "
                         "no step in it",
                         path);
    if (l->info->dt > 0 && fabs(d->dt / l->info->dt - 1) > 1e-6)
        weir_log_warn("data",
                      "%s: its frames are %g apart, a step of the "
                      "surrogate is %g",
                      path, d->dt, l->info->dt);
    return 0;
}

int weir_loaded_knows_states(const struct weir_loaded *l, const char *what)
{
    if (!l->run.info.residual)
        return 0;
    WEIR_FAIL(WEIR_ECONFIG,
              "%s: %s learned from an equation, and is held against its "
              "reference: it reads points, no states",
              what, l->info->file);
    return weir_err_hint("weir eval DIR, without data, tells its error");
}

int weir_loaded_data(const struct weir_loaded *l, const char *path,
                     struct weir_dataset_reader **out)
{
    int rc = weir_loaded_knows_states(l, path);
    rc = rc ? rc : weir_dataset_reader_open(path, out);
    if (rc)
        return rc;
    rc = check_data(l, path, weir_dataset_reader_info(*out));
    if (rc)
        weir_dataset_reader_close(*out);
    return rc;
}

/* Which line of @p names is @p name, or -1. */
static int line_of(const char *names, const char *name)
{
    size_t n = strlen(name);
    for (int i = 0; names && *names; i++) {
        size_t length = strcspn(names, "\n");
        if (length == n && !strncmp(names, name, n))
            return i;
        names += length + (names[length] == '\n');
    }
    return -1;
}

static int pick(const char *file, const struct weir_dataset_parameters *p,
                uint64_t trajectories, const char *name, size_t n, double *out)
{
    int at = line_of(p->names, name);
    if (at < 0)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s reads a parameter '%s', which the data set does "
                         "not have",
                         file, name);
    for (uint64_t i = 0; i < trajectories; i++)
        out[i * n] = p->value[i * p->n + (size_t)at];
    return 0;
}

int weir_loaded_parameters(const struct weir_loaded *l,
                           struct weir_dataset_reader *r, double **value)
{
    uint64_t trajectories = weir_dataset_reader_info(r)->trajectories;
    size_t n = weir_predictor_inputs(l->predictor)->space->n;
    struct weir_dataset_parameters p = {0};
    int rc = weir_dataset_reader_parameters(r, &p);
    *value = weir_array(trajectories * n, sizeof(**value));
    if (rc == 0 && !*value)
        rc = WEIR_FAIL(ENOMEM, "parameters of a data set");
    for (size_t j = 0; rc == 0 && j < n; j++)
        rc = pick(l->info->file, &p, trajectories, l->info->input[j], n,
                  *value + j);
    weir_dataset_parameters_free(&p);
    return rc;
}

/* ---- measuring ---- */

struct part {
    const struct weir_loaded *l;
    struct weir_evalset *set;
    uint32_t id, parts;
    int rc;
    struct weir_err_record error;
    pthread_t thread;
};

/* What learned from an equation needs the equation. */
static int make_surrogate(const struct weir_loaded *l,
                          struct weir_surrogate **out)
{
    struct weir_surrogate_config config = {
        .batch = POINTS,
        .equation = l->run.info.residual,
    };
    return config.equation
               ? weir_surrogate_create(weir_predictor_model(l->predictor),
                                       &config, out)
               : weir_predictor_surrogate(l->predictor, out);
}

/* Trajectories that are not there yet are simulated by who measures them. */
static void *measure_part(void *arg)
{
    struct part *p = arg;
    struct weir_surrogate *s = NULL;
    p->rc = p->set->run ? weir_evalset_fill(p->set, p->id, p->parts) : 0;
    if (p->rc == 0)
        p->rc = make_surrogate(p->l, &s);
    if (p->rc == 0)
        p->rc = weir_evalset_measure(p->set, p->id, p->parts, s, BATCH,
                                     weir_predictor_ensemble(p->l->predictor));
    if (p->rc)
        weir_err_export(&p->error);
    weir_surrogate_destroy(s);
    return NULL;
}

int weir_loaded_measure(const struct weir_loaded *l, struct weir_evalset *set)
{
    struct part part[MOST_THREADS];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t n = processors > MOST_THREADS ? MOST_THREADS
                 : processors > 1          ? (uint32_t)processors
                                           : 1;
    int rc = 0;
    for (uint32_t i = 0; i < n; i++) {
        part[i] = (struct part){.l = l, .set = set, .id = i, .parts = n};
        /* What cannot have a thread of its own is done here. */
        if (i == 0 ||
            pthread_create(&part[i].thread, NULL, measure_part, &part[i]))
            part[i].thread = pthread_self();
    }
    for (uint32_t i = 0; i < n; i++) {
        if (pthread_equal(part[i].thread, pthread_self()))
            measure_part(&part[i]);
        else
            pthread_join(part[i].thread, NULL);
        rc = rc ? rc : part[i].rc ? weir_err_import(&part[i].error) : 0;
    }
    return rc;
}
