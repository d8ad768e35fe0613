/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/predictor.h"

#include "base/err.h"
#include "base/heap.h"
#include "io/checkpoint_dir.h"
#include "nn/registry.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct weir_predictor {
    struct weir_predictor_info info;
    struct weir_predictor_options options;
    char file[PATH_MAX];
    char *solver, *fields, *config;
    const char *field[WEIR_MAX_CHANNELS];
    int given;
    struct weir_jet jet;
    struct weir_parameter *parameter; /* [inputs]: the last is time */
    const char **input;               /* [inputs] their names */
    char *input_text;
    struct weir_space space;
    struct weir_inputs inputs;
    struct weir_options model_options;
    struct weir_model *model;
    struct weir_surrogate *surrogate;
    struct weir_normaliser norm;
    struct weir_ensemble ensemble;
    float *packed;
    float *states, *mean, *spread, *variance; /* members, 1, 1, 1 batches */
};

/* ---- which file, which tensors ---- */

static int open_best(struct weir_predictor *p, const char *dir,
                     struct weir_safetensors **file)
{
    struct stat is;
    int rc = weir_checkpoint_named_path(dir, "best", p->file);
    if (rc || stat(p->file, &is))
        return rc ? rc : -ENOENT;
    return weir_checkpoint_open(p->file, file);
}

static int open_newest(struct weir_predictor *p, const char *dir,
                       struct weir_safetensors **file)
{
    uint64_t step;
    int rc = weir_checkpoint_open_newest(dir, file, &step);
    return rc < 0 ? rc : weir_checkpoint_path(dir, step, p->file);
}

/* A run without validation, or killed early, has no best.safetensors. */
static int open_file(struct weir_predictor *p, const char *path,
                     struct weir_safetensors **file)
{
    struct stat is;
    int rc = -ENOENT;
    if (stat(path, &is))
        return WEIR_FAIL(errno, "%s", path);
    if (!S_ISDIR(is.st_mode)) {
        snprintf(p->file, sizeof(p->file), "%s", path);
        return weir_checkpoint_open(path, file);
    }
    if (p->options.weights == WEIR_PREDICTOR_BEST)
        rc = open_best(p, path, file);
    if (rc == -ENOENT)
        rc = open_newest(p, path, file);
    return rc == -ENOENT ? WEIR_FAIL(ENOENT, "%s: no checkpoint", path) : rc;
}

static bool has_prefix(const struct weir_safetensors *file, const char *prefix)
{
    size_t n = strlen(prefix);
    for (size_t i = 0; i < weir_safetensors_count(file); i++) {
        const char *name = weir_safetensors_tensor(file, i)->name;
        if (!strncmp(name, prefix, n) && name[n] == '.')
            return true;
    }
    return false;
}

/* best.safetensors knows one set of weights only. */
static const char *prefix_of(const struct weir_predictor *p,
                             const struct weir_safetensors *file)
{
    const char *wanted =
        p->options.weights == WEIR_PREDICTOR_BEST ? "best" : "average";
    return has_prefix(file, wanted) ? wanted : "model";
}

/* ---- description ---- */

static const char *text_of(const struct weir_predictor *p,
                           const struct weir_safetensors *file, const char *key)
{
    const char *text = weir_safetensors_meta(file, key);
    if (!text)
        WEIR_FAIL(WEIR_ECONFIG,
                  "%s: not a surrogate that can be loaded: it has no '%s'",
                  p->file, key);
    return text;
}

static int read_shape(struct weir_predictor *p, const char *text)
{
    struct weir_shape *s = &p->info.shape;
    *s = (struct weir_shape){.n = {1, 1}};
    int n = sscanf(text, "%dx%dx%d", &s->channels, &s->n[0], &s->n[1]);
    s->dims = n - 1;
    if (n < 2 || s->channels < 1 || s->channels > WEIR_MAX_CHANNELS ||
        s->n[0] < 1 || s->n[1] < 1)
        return WEIR_FAIL(WEIR_ECORRUPT, "%s: weir.shape is '%s'", p->file,
                         text);
    return 0;
}

/* Names of the channels, one a line. */
static int read_fields(struct weir_predictor *p, const char *text)
{
    char *line = p->fields = strdup(text);
    if (!line)
        return WEIR_FAIL(ENOMEM, "surrogate");
    for (int c = 0; c < p->info.shape.channels; c++) {
        p->field[c] = line;
        line += strcspn(line, "\n");
        if (*line)
            *line++ = '\0';
    }
    p->info.field = p->field;
    return 0;
}

static int read_options(struct weir_predictor *p, const char *text)
{
    char *copy = strdup(text), *rest = copy;
    int rc = copy ? 0 : WEIR_FAIL(ENOMEM, "surrogate");
    for (char *line; rc == 0 && (line = strsep(&rest, "\n"));) {
        char *value = strchr(line, '=');
        if (!value)
            continue;
        *value++ = '\0';
        rc = weir_options_set(&p->model_options, line, value);
    }
    free(copy);
    return rc;
}

/* A file without it is from before there were any. */
static int read_jet(struct weir_predictor *p, const char *text)
{
    struct weir_jet *j = &p->jet;
    int at = 0, n = 0;
    if (!text || !*text)
        return 0;
    if (sscanf(text, "%d %d%n", &j->features, &j->coordinates, &at) != 2)
        return WEIR_FAIL(WEIR_ECORRUPT, "%s: weir.jet is '%s'", p->file, text);
    for (int *q; j->seconds < WEIR_JET_SECONDS; at += n, j->seconds++) {
        q = j->second[j->seconds];
        if (sscanf(text + at, " %d:%d%n", &q[0], &q[1], &n) != 2)
            break;
        if (q[0] < 0 || q[1] < 0 || q[0] >= j->coordinates ||
            q[1] >= j->coordinates)
            j->features = 0;
    }
    if (j->features < 1 || j->coordinates < 1 ||
        j->coordinates > WEIR_JET_COORDINATES)
        return WEIR_FAIL(WEIR_ECORRUPT, "%s: weir.jet is '%s'", p->file, text);
    return 0;
}

/* One line of weir.inputs, which it is cut from. */
static int read_input(struct weir_predictor *p, char *line)
{
    int i = p->info.inputs++;
    struct weir_parameter *to = &p->parameter[i];
    char *rest = line, *name = strsep(&rest, " "), kind[8];
    if (!rest || sscanf(rest, "%lf %lf %7s", &to->low, &to->high, kind) != 3)
        return WEIR_FAIL(WEIR_ECORRUPT, "%s: weir.inputs has '%s'", p->file,
                         name);
    to->name = p->input[i] = name;
    to->wraps = !strcmp(kind, "wraps");
    to->axis = strcmp(kind, "log") ? WEIR_AXIS_LINEAR : WEIR_AXIS_LOG;
    return 0;
}

/* None of a surrogate that reads states, and of older ones. */
static int read_inputs(struct weir_predictor *p, const char *text)
{
    size_t lines = 0;
    for (const char *c = text ? text : ""; *c; c++)
        lines += *c == '\n';
    if (lines == 0)
        return 0;
    char *rest = p->input_text = strdup(text);
    p->parameter = weir_array(lines, sizeof(*p->parameter));
    p->input = weir_array(lines, sizeof(*p->input));
    int rc = p->input_text && p->parameter && p->input
                 ? 0
                 : WEIR_FAIL(ENOMEM, "surrogate");
    for (char *line; rc == 0 && (line = strsep(&rest, "\n")) && *line;)
        rc = read_input(p, line);
    if (rc)
        return rc;
    p->info.input = p->input;
    p->space = (struct weir_space){.n = lines - 1, .parameter = p->parameter};
    p->inputs = (struct weir_inputs){.space = &p->space,
                                     .step = p->info.dt,
                                     .end = p->parameter[lines - 1].high};
    return 0;
}

static int read_model(struct weir_predictor *p, const char *name,
                      const char *options)
{
    const struct weir_model_ops *ops = weir_model_find(name);
    if (!ops)
        return WEIR_FAIL(WEIR_ECONFIG, "%s: no model '%s' in this version",
                         p->file, name);
    int rc = weir_options_init(ops->options, &p->model_options);
    rc = rc ? rc : read_options(p, options);
    struct weir_model_io io = {.shape = p->info.shape,
                               .given = p->given,
                               .evidential = p->info.evidential};
    if (p->jet.coordinates)
        io = weir_model_jet_io(&p->jet);
    if (p->info.inputs) {
        io.given = 0;
        io.parameters = (int)weir_inputs_features(&p->inputs);
    }
    rc =
        rc ? rc : weir_model_create_for(ops, &p->model_options, &io, &p->model);
    if (rc == -EINVAL || rc == -ENOENT)
        rc = -WEIR_ECONFIG;
    if (rc)
        return WEIR_NOTE(rc, "%s", p->file);
    p->info.model = weir_model_name(p->model);
    p->info.parameters = weir_model_parameters(p->model);
    return 0;
}

static int describe(struct weir_predictor *p,
                    const struct weir_safetensors *file)
{
    const char *model = text_of(p, file, "weir.model");
    const char *options = model ? text_of(p, file, "weir.options") : NULL;
    const char *shape = options ? text_of(p, file, "weir.shape") : NULL;
    const char *fields = shape ? text_of(p, file, "weir.fields") : NULL;
    const char *dt = fields ? text_of(p, file, "weir.dt") : NULL;
    const char *kind = dt ? text_of(p, file, "weir.prediction") : NULL;
    const char *members = kind ? text_of(p, file, "weir.members") : NULL;
    if (!members)
        return -WEIR_ECONFIG;
    const char *solver = weir_safetensors_meta(file, "weir.solver");
    const char *step = weir_safetensors_meta(
        file, strcmp(prefix_of(p, file), "best") && has_prefix(file, "adam.m")
                  ? "weir.step"
                  : "weir.best_step");
    const char *given = weir_safetensors_meta(file, "weir.given");
    const char *evidential = weir_safetensors_meta(file, "weir.evidential");
    p->given = given ? atoi(given) : 0;
    p->info.evidential = evidential && !strcmp(evidential, "1");
    p->info.dt = strtod(dt, NULL);
    p->info.residual = !strcmp(kind, "residual");
    p->info.members = atoi(members);
    p->info.step = step ? strtoull(step, NULL, 10) : 0;
    if (p->info.members < 1 || p->info.members > WEIR_MEMBERS_MAX)
        return WEIR_FAIL(WEIR_ECORRUPT, "%s: weir.members is '%s'", p->file,
                         members);
    const char *config = weir_safetensors_meta(file, "weir.config");
    p->config = config ? strdup(config) : NULL;
    p->info.solver = p->solver = strdup(solver ? solver : "");
    if (!p->solver || (config && !p->config))
        return WEIR_FAIL(ENOMEM, "surrogate");
    int rc = read_shape(p, shape);
    rc = rc ? rc : read_fields(p, fields);
    rc = rc ? rc : read_jet(p, weir_safetensors_meta(file, "weir.jet"));
    rc = rc ? rc : read_inputs(p, weir_safetensors_meta(file, "weir.inputs"));
    return rc ? rc : read_model(p, model, options);
}

/* ---- weights ---- */

static int read_tensor(struct weir_predictor *p,
                       const struct weir_safetensors *file, const char *prefix,
                       int member, size_t i, float *plain)
{
    struct weir_model_tensor t = weir_model_tensor(p->model, i);
    const struct weir_tensor *found;
    char name[WEIR_TENSOR_NAME_MAX];
    weir_ensemble_name(prefix, p->info.members, member, t.name, name,
                       sizeof(name));
    found = weir_safetensors_find(file, name);
    bool fits = found && found->dims == t.rank && found->dtype == WEIR_F32;
    for (int d = 0; fits && d < t.rank; d++)
        fits = found->shape[d] == (uint64_t)t.dims[d];
    if (!fits)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s: %s '%s' with %zu values: these are the weights "
                         "of another architecture than %s",
                         p->file, found ? "its" : "it has no", name, t.count,
                         p->info.model);
    memcpy(plain, found->data, found->bytes);
    return weir_model_import(p->model, i, plain,
                             p->packed + (size_t)member * p->ensemble.stride);
}

static int read_scales(struct weir_predictor *p,
                       const struct weir_safetensors *file)
{
    struct weir_normaliser *n = &p->norm;
    size_t bytes = (size_t)p->info.shape.channels * sizeof(float);
    int rc = weir_normaliser_init(n, p->info.shape.channels);
    rc = rc ? rc
            : weir_safetensors_copy(file, "normaliser.mean", WEIR_F32, n->mean,
                                    bytes);
    rc = rc ? rc
            : weir_safetensors_copy(file, "normaliser.deviation", WEIR_F32,
                                    n->deviation, bytes);
    rc = rc ? rc
            : weir_safetensors_copy(file, "normaliser.residual", WEIR_F32,
                                    n->residual, bytes);
    n->frozen = true;
    return rc ? WEIR_NOTE(rc, "%s: scales of the data", p->file) : 0;
}

static int read_weights(struct weir_predictor *p,
                        const struct weir_safetensors *file)
{
    size_t stride = weir_ensemble_stride(p->model);
    float *plain = weir_array(p->info.parameters, sizeof(float));
    p->packed = weir_array((size_t)p->info.members * stride, sizeof(float));
    p->ensemble =
        (struct weir_ensemble){p->info.members, stride, p->packed, &p->norm};
    int rc = plain && p->packed ? 0 : WEIR_FAIL(ENOMEM, "surrogate");
    for (int m = 0; m < p->info.members; m++)
        for (size_t i = 0; rc == 0 && i < weir_model_tensors(p->model); i++)
            rc = read_tensor(p, file, prefix_of(p, file), m, i, plain);
    free(plain);
    return rc ? rc : read_scales(p, file);
}

/* ---- opening ---- */

static int make_room(struct weir_predictor *p)
{
    size_t batch = (size_t)p->options.batch * weir_shape_floats(&p->info.shape);
    p->states =
        weir_array(batch * (size_t)(p->info.members + 3), sizeof(float));
    if (!p->states)
        return WEIR_FAIL(ENOMEM, "surrogate of batch %d", p->options.batch);
    p->mean = p->states + batch * (size_t)p->info.members;
    p->spread = p->mean + batch;
    p->variance = p->spread + batch;
    /* What learned from an equation is asked at points, by who knows it. */
    return p->jet.coordinates ? 0 : weir_predictor_surrogate(p, &p->surrogate);
}

int weir_predictor_open(const char *path,
                        const struct weir_predictor_options *options,
                        struct weir_predictor **out)
{
    struct weir_safetensors *file = NULL;
    struct weir_predictor *p = weir_array(1, sizeof(*p));
    if (!p)
        return WEIR_FAIL(ENOMEM, "surrogate");
    if (options)
        p->options = *options;
    if (p->options.batch == 0)
        p->options.batch = 16;
    int rc = p->options.batch < 0 || p->options.threads < 0
                 ? WEIR_FAIL(EINVAL, "surrogate: batch %d, %d threads",
                             p->options.batch, p->options.threads)
                 : open_file(p, path, &file);
    p->info.file = p->file;
    rc = rc ? rc : describe(p, file);
    rc = rc ? rc : read_weights(p, file);
    rc = rc ? rc : make_room(p);
    if (file)
        weir_safetensors_close(file);
    if (rc)
        weir_predictor_close(p);
    else
        *out = p;
    return rc;
}

void weir_predictor_close(struct weir_predictor *p)
{
    if (!p)
        return;
    weir_surrogate_destroy(p->surrogate);
    weir_model_destroy(p->model);
    weir_options_free(&p->model_options);
    free(p->packed);
    free(p->states);
    free(p->solver);
    free(p->fields);
    free(p->config);
    free(p->parameter);
    free(p->input);
    free(p->input_text);
    free(p);
}

/* ---- asking ---- */

const struct weir_predictor_info *weir_predictor_about(
    const struct weir_predictor *p)
{
    return &p->info;
}

const struct weir_model *weir_predictor_model(const struct weir_predictor *p)
{
    return p->model;
}

const struct weir_ensemble *weir_predictor_ensemble(
    const struct weir_predictor *p)
{
    return &p->ensemble;
}

const struct weir_inputs *weir_predictor_inputs(const struct weir_predictor *p)
{
    return p->info.inputs ? &p->inputs : NULL;
}

const char *weir_predictor_config(const struct weir_predictor *p)
{
    return p->config;
}

int weir_predictor_surrogate(const struct weir_predictor *p,
                             struct weir_surrogate **out)
{
    struct weir_surrogate_config config = {
        .batch = p->options.batch,
        .threads = p->options.threads,
        .residual = p->info.residual,
        .inputs = weir_predictor_inputs(p),
    };
    return weir_surrogate_create(p->model, &config, out);
}

const char *weir_predictor_message(void)
{
    return weir_err_message();
}

/* ---- predicting ---- */

/* Copy a batch's frames to where step @p t of its trajectories goes. */
static void put(const float *from, int n, size_t frame, int steps, int t,
                float *out)
{
    for (int j = 0; out && j < n; j++)
        memcpy(out + ((size_t)j * (size_t)steps + (size_t)t) * frame,
               from + (size_t)j * frame, frame * sizeof(float));
}

/* Up to a batch. */
static int roll(struct weir_predictor *p, const float *in, int n, int steps,
                float *out, float *spread)
{
    size_t frame = weir_shape_floats(&p->info.shape),
           floats = (size_t)n * frame;
    int rc = 0;
    weir_ensemble_start(&p->ensemble, in, floats, p->states);
    for (int t = 0; t < steps && rc == 0; t++) {
        rc = weir_ensemble_step(&p->ensemble, p->surrogate, n, p->states,
                                p->variance);
        if (rc)
            break;
        weir_ensemble_gather(&p->ensemble, p->states, floats, p->variance,
                             p->mean, spread ? p->spread : NULL);
        put(p->mean, n, frame, steps, t, out);
        put(p->spread, n, frame, steps, t, spread);
    }
    return rc;
}

int weir_predictor_rollout(struct weir_predictor *p, const float *in, int n,
                           int steps, float *out, float *spread)
{
    size_t frame = weir_shape_floats(&p->info.shape);
    int rc = 0;
    if (n < 0 || steps < 0)
        return WEIR_FAIL(EINVAL, "surrogate: %d states, %d steps", n, steps);
    if (!p->surrogate)
        return WEIR_FAIL(EINVAL,
                         "%s: learned from an equation, it makes no "
                         "steps",
                         p->file);
    if (p->info.inputs)
        return WEIR_FAIL(EINVAL, "surrogate: it reads parameters and time, "
                                 "not states");
    for (int at = 0; at < n && rc == 0; at += p->options.batch) {
        int part = n - at < p->options.batch ? n - at : p->options.batch;
        size_t to = (size_t)at * (size_t)steps * frame;
        rc = roll(p, in + (size_t)at * frame, part, steps, out + to,
                  spread ? spread + to : NULL);
    }
    return rc;
}

int weir_predictor_frames(struct weir_predictor *p, const float *in, int n,
                          float *out, float *spread)
{
    size_t frame = weir_shape_floats(&p->info.shape);
    size_t numbers = (size_t)p->info.inputs;
    int rc = 0;
    if (numbers == 0)
        return WEIR_FAIL(EINVAL,
                         "%s: this surrogate reads states, not parameters; "
                         "weir_predictor_step advances them",
                         p->info.file);
    if (n < 0)
        return WEIR_FAIL(EINVAL, "surrogate: %d frames", n);
    for (int at = 0; at < n && rc == 0; at += p->options.batch) {
        int part = n - at < p->options.batch ? n - at : p->options.batch;
        size_t to = (size_t)at * frame;
        rc = weir_ensemble_make(&p->ensemble, p->surrogate,
                                in + (size_t)at * numbers, part, p->states,
                                p->variance);
        if (rc == 0)
            weir_ensemble_gather(&p->ensemble, p->states, (size_t)part * frame,
                                 p->variance, out + to,
                                 spread ? spread + to : NULL);
    }
    return rc;
}

int weir_predictor_step(struct weir_predictor *p, const float *in, int n,
                        float *out, float *spread)
{
    return weir_predictor_rollout(p, in, n, 1, out, spread);
}
