/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/run/dataset_solver.h"

#include "base/err.h"
#include "base/heap.h"
#include "io/config.h"
#include "io/dataset_reader.h"
#include "pipeline/clients/external.h"
#include "pipeline/run/registries.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct weir_option options[] = {
    {"file", WEIR_OPTION_TEXT, "", 0, 0, NULL, NULL,
     "HDF5 file in the layout of The Well; 'weir generate' writes them"},
    {"labels", WEIR_OPTION_CHOICE, "read", 0, 0, "read|solve", NULL,
     "solve: by the solver and the parameters that the file names"},
    {"held_out", WEIR_OPTION_INT, "0", 0, 1e9, NULL, "trajectories",
     "at its end: what validation and test read, never drawn"},
    {"given", WEIR_OPTION_INT, "0", 0, 64, NULL, "channels",
     "of a steady problem; a file of 'weir generate' says so itself"},
    {0},
};

struct config {
    struct weir_dataset_reader *reader;
    const struct weir_dataset_info *file;
    struct weir_dataset_parameters table;
    struct weir_parameter *parameter; /* trajectory, then the table's */
    uint64_t held_out;
    bool solves;
    struct weir_config *made; /* what the file says made it; NULL: nothing */
    const struct weir_solver_ops *solver; /* its solver; NULL: unknown */
    void *solver_config;
    struct weir_solver_info info;
};

struct lane {
    const struct config *c;
    void *solver; /* its lane, with labels: solve */
    uint32_t number;
    bool held_out;
    uint64_t trajectory;
    uint32_t at; /* frame */
    float *state;
};

/* ---- configuration ---- */

static void release(void *config)
{
    struct config *c = config;
    if (c->solver_config)
        c->solver->release(c->solver_config);
    weir_config_free(c->made);
    weir_dataset_parameters_free(&c->table);
    weir_dataset_reader_close(c->reader);
    free(c->parameter);
    free(c);
}

/* The solver that made the file, where that is one of ours. */
static int know_solver(struct config *c)
{
    const char *text = c->file->config;
    int rc = *text ? weir_config_parse(text, strlen(text), "the file's config",
                                       &weir_registries, NULL, 0, &c->made)
                   : 0;
    if (rc || !c->made)
        return rc;
    const char *name = c->made->solver.name;
    const struct weir_solver_ops *solver;
    rc = weir_solver_choose(name, &solver);
    if (rc || weir_is_external(solver) || weir_is_dataset(solver))
        return rc;
    c->solver = solver;
    return solver->configure(&c->made->solver.options, &c->solver_config);
}

static void describe_file(struct config *c, int given)
{
    struct weir_solver_info *i = &c->info;
    if (c->solver)
        c->solver->describe(c->solver_config, i);
    else
        *i = (struct weir_solver_info){
            .given = given,
            .spacing = {1, 1},
            .extent = {c->file->shape.n[0], c->file->shape.n[1]}};
    i->shape = c->file->shape;
    i->field = c->file->field;
    i->dt = c->file->dt;
    i->equation = *c->file->equation ? c->file->equation : c->file->name;
    i->lane_bytes +=
        sizeof(struct lane) + weir_shape_floats(&i->shape) * sizeof(float);
}

/* A range that holds all values of one column, of some width. */
static struct weir_parameter range_of(const struct config *c, size_t column,
                                      const char *name)
{
    struct weir_parameter p = {
        .name = name, .low = HUGE_VAL, .high = -HUGE_VAL};
    for (uint64_t t = 0; t < c->file->trajectories; t++) {
        double v = c->table.value[t * c->table.n + column];
        p.low = fmin(p.low, v);
        p.high = fmax(p.high, v);
    }
    if (!(p.low < p.high))
        p.high = p.low + fmax(1, fabs(p.low));
    return p;
}

static int declare(struct config *c)
{
    char *name = c->table.names;
    c->parameter = weir_array(c->table.n + 1, sizeof(*c->parameter));
    if (!c->parameter)
        return WEIR_FAIL(ENOMEM, "%zu parameters", c->table.n);
    c->parameter[0] = (struct weir_parameter){
        .name = "trajectory",
        .high = (double)(c->file->trajectories - c->held_out)};
    for (size_t i = 0; i < c->table.n; i++) {
        char *end = name + strcspn(name, "\n");
        bool last = *end == '\0';
        *end = '\0';
        c->parameter[i + 1] = range_of(c, i, name);
        name = end + !last;
    }
    c->info.space =
        (struct weir_space){.n = c->table.n + 1, .parameter = c->parameter};
    return 0;
}

static int check(const struct config *c, const char *path)
{
    const struct weir_dataset_info *f = c->file;
    if (f->missing)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "file: %s: %llu of its trajectories are missing", path,
                         (unsigned long long)f->missing);
    if (f->trajectories <= c->held_out)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "held_out: %llu, and %s has %llu trajectories",
                         (unsigned long long)c->held_out, path,
                         (unsigned long long)f->trajectories);
    if (c->solves && (!c->solver || c->made->space.n != c->table.n)) {
        WEIR_FAIL(WEIR_ECONFIG,
                  "labels: solve, but %s does not say which solver made it",
                  path);
        return weir_err_hint("set solver.labels to read");
    }
    return 0;
}

/* A file that cannot be used is a wrong value of the option that names it. */
static int open_file(struct config *c, const char *path)
{
    struct weir_err_record said;
    int rc = weir_dataset_reader_open(path, &c->reader);
    if (rc != -WEIR_ECONFIG)
        return rc;
    weir_err_export(&said);
    WEIR_FAIL(WEIR_ECONFIG, "file: %s", said.message);
    return said.hint[0] ? weir_err_hint("%s", said.hint) : rc;
}

static int configure(const struct weir_options *opts, void **config)
{
    const char *path = weir_option_text(opts, "file");
    struct config *c = weir_array(1, sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "data set");
    if (!*path) {
        free(c);
        return WEIR_FAIL(WEIR_ECONFIG, "file: none is named");
    }
    c->held_out = (uint64_t)weir_option_int(opts, "held_out");
    c->solves = weir_option_int(opts, "labels") == 1;
    int rc = open_file(c, path);
    if (rc == 0)
        c->file = weir_dataset_reader_info(c->reader);
    rc = rc ? rc : weir_dataset_reader_parameters(c->reader, &c->table);
    rc = rc ? rc : know_solver(c);
    rc = rc ? rc : check(c, path);
    if (rc == 0)
        describe_file(c, (int)weir_option_int(opts, "given"));
    rc = rc ? rc : declare(c);
    if (rc)
        release(c);
    else
        *config = c;
    return rc;
}

static void describe(const void *config, struct weir_solver_info *info)
{
    *info = ((const struct config *)config)->info;
}

size_t weir_dataset_solver_count(const void *config)
{
    const struct config *c = config;
    return (size_t)(c->file->trajectories - c->held_out);
}

void weir_dataset_solver_row(const void *config, size_t trajectory,
                             double *value)
{
    const struct config *c = config;
    value[0] = (double)trajectory + 0.5;
    memcpy(value + 1, c->table.value + trajectory * c->table.n,
           c->table.n * sizeof(*value));
}

/* ---- lanes ---- */

static void destroy(void *lane)
{
    struct lane *l = lane;
    if (l->solver)
        l->c->solver->destroy(l->solver);
    free(l->state);
    free(l);
}

static int create(const void *config, void **lane)
{
    const struct config *c = config;
    struct lane *l = weir_array(1, sizeof(*l));
    if (!l)
        return WEIR_FAIL(ENOMEM, "data set: lane");
    l->c = c;
    l->state = weir_array(weir_shape_floats(&c->info.shape), sizeof(float));
    int rc = l->state ? 0 : WEIR_FAIL(ENOMEM, "data set: lane");
    if (rc == 0 && c->solves)
        rc = c->solver->create(c->solver_config, &l->solver);
    if (rc)
        destroy(l);
    else
        *lane = l;
    return rc;
}

static void announce(void *lane, uint32_t simulation, uint32_t attempt)
{
    struct lane *l = lane;
    l->number = simulation;
    l->held_out = attempt == 0;
}

/* Which trajectory the lane is to be at. */
static int choose(struct lane *l, const double *parameters)
{
    const struct config *c = l->c;
    uint64_t drawn = c->file->trajectories - c->held_out;
    if (!l->held_out) {
        uint64_t i = (uint64_t)fmax(0, floor(parameters[0]));
        l->trajectory = i < drawn ? i : drawn - 1;
        return 0;
    }
    if (l->number == 0 || l->number > c->held_out) {
        WEIR_FAIL(WEIR_ECONFIG,
                  "data set: %llu trajectories are held out, validation and "
                  "test want more",
                  (unsigned long long)c->held_out);
        return weir_err_hint("set solver.held_out to validation.trajectories + "
                             "test.trajectories");
    }
    l->trajectory = c->file->trajectories - l->number;
    return 0;
}

/* The lane's frame into its state. */
static int take(struct lane *l)
{
    const struct config *c = l->c;
    size_t n = weir_shape_floats(&c->info.shape);
    if (c->solves)
        return weir_solver_take_frame(c->solver, l->solver, l->state);
    if (l->at >= c->file->frames)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "data set: trajectories of %u frames, simulations."
                         "steps wants more",
                         c->file->frames);
    int rc = weir_dataset_reader_frames(c->reader, l->trajectory, l->at, 1,
                                        WEIR_F32, l->state);
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (!isfinite(l->state[i]))
            return WEIR_FAIL(WEIR_EDIVERGED,
                             "data set: trajectory %llu is not finite",
                             (unsigned long long)l->trajectory);
    return rc;
}

static int start(void *lane, const double *parameters)
{
    struct lane *l = lane;
    const struct config *c = l->c;
    int rc = choose(l, parameters);
    l->at = 0;
    if (rc == 0 && c->solves)
        rc = c->solver->start(l->solver,
                              c->table.value + l->trajectory * c->table.n);
    return rc ? rc : take(l);
}

static int step(void *lane)
{
    struct lane *l = lane;
    if (l->c->info.dt == 0)
        return 0;
    l->at++;
    int rc = l->c->solves ? l->c->solver->step(l->solver) : 0;
    return rc ? rc : take(l);
}

static void frame(const void *lane, float *out)
{
    const struct lane *l = lane;
    memcpy(out, l->state, weir_shape_floats(&l->c->info.shape) * sizeof(*out));
}

const struct weir_solver_ops weir_dataset_solver = {
    .name = "dataset",
    .summary = "trajectories of a file, instead of solving",
    .options = options,
    .configure = configure,
    .describe = describe,
    .release = release,
    .create = create,
    .start = start,
    .step = step,
    .frame = frame,
    .destroy = destroy,
    .announce = announce,
};
