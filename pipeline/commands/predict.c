/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/commands.h"

#include "base/err.h"
#include "base/heap.h"
#include "io/dataset.h"
#include "pipeline/session/loaded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_BYTES ((size_t)256 << 20) /* of predictions held at once */
#define MOST_BATCH 16

struct command {
    const struct weir_arguments *args;
    struct weir_loaded l;
    struct weir_dataset_reader *data;
    const struct weir_dataset_info *about;
    struct weir_dataset *out;
    struct weir_solver_info shown; /* as long as it is written */
    struct weir_space none;
    bool spreads; /* with a second field for each */
    uint32_t frames;
    int batch;
    size_t frame, points;
    float *start, *mean, *spread, *column;
    float *in;         /* (steps, numbers) of a direct surrogate, else NULL */
    double *parameter; /* (trajectories, numbers - 1) of such a one */
    char name[256], step[24];
    char *fields[2 * WEIR_MAX_CHANNELS];
    const char *field[2 * WEIR_MAX_CHANNELS];
};

/* Frames that are predicted: not the first, but of a steady problem. */
static uint32_t made(const struct command *c)
{
    return c->l.info->dt == 0 ? 1 : c->frames - 1;
}

static int choose_frames(struct command *c)
{
    static const struct weir_option steps = {
        .name = "steps", .type = WEIR_OPTION_INT, .min = 1, .max = 1e9};
    struct weir_option_value v;
    bool steady = c->l.info->dt == 0;
    c->frames = steady ? 1 : c->about->frames;
    if (!c->args->steps)
        return 0;
    if (steady)
        return weir_usage(&weir_command_predict,
                          "--steps: a steady problem has one frame");
    int rc = weir_option_parse(&steps, c->args->steps, &v);
    if (rc)
        return weir_usage(&weir_command_predict,
                          "--steps %s: expected a whole number from 1 to 1e9",
                          c->args->steps);
    c->frames = (uint32_t)v.integer + 1;
    return 0;
}

/* As many trajectories together as memory is meant for. */
static int make_room(struct command *c)
{
    size_t one = c->frames * c->frame * sizeof(float) * (c->spreads ? 2 : 1);
    size_t fit = MOST_BYTES / one;
    c->batch = fit < 1 ? 1 : fit > MOST_BATCH ? MOST_BATCH : (int)fit;
    size_t states = (size_t)c->batch * c->frame;
    c->start = weir_array(states, sizeof(float));
    c->mean = weir_array(states * c->frames, sizeof(float));
    c->column = weir_array(c->frames * c->points, sizeof(float));
    const struct weir_inputs *in = weir_predictor_inputs(c->l.predictor);
    if (in)
        c->in = weir_array(c->frames * weir_inputs_numbers(in), sizeof(float));
    if (c->spreads)
        c->spread = weir_array(states * c->frames, sizeof(float));
    if (!c->start || !c->mean || !c->column || (c->spreads && !c->spread) ||
        (in && !c->in))
        return WEIR_FAIL(ENOMEM, "predictions of %u frames", c->frames);
    return 0;
}

static int name_fields(struct command *c)
{
    int channels = c->l.info->shape.channels;
    for (int i = 0; i < channels; i++) {
        char text[128];
        snprintf(text, sizeof(text), "%s_spread", c->l.info->field[i]);
        c->field[i] = c->l.info->field[i];
        c->field[channels + i] = c->fields[i] = strdup(text);
        if (!c->fields[i])
            return WEIR_FAIL(ENOMEM, "field names");
    }
    return 0;
}

static int create_output(struct command *c)
{
    c->shown = c->l.run.info;
    c->shown.field = c->field;
    c->shown.shape.channels *= c->spreads ? 2 : 1;
    snprintf(c->name, sizeof(c->name), "%.200s, predicted", c->about->name);
    snprintf(c->step, sizeof(c->step), "%llu",
             (unsigned long long)c->l.info->step);
    const struct weir_text text[] = {
        {"weir.surrogate", c->l.info->file},
        {"weir.step", c->step},
        {"weir.data", c->args->data},
    };
    struct weir_dataset_plan plan = {
        .name = c->name,
        .info = &c->shown,
        .space = &c->none,
        .trajectories = c->about->trajectories,
        .frames = c->frames,
        .text = text,
        .texts = sizeof(text) / sizeof(*text),
    };
    int rc = weir_dataset_create(c->args->out, &plan, &c->out);
    if (rc != -EEXIST)
        return rc;
    WEIR_FAIL(WEIR_ECONFIG, "'%s.part' is there already", c->args->out);
    return weir_err_hint("take another --out, or delete it");
}

/* One channel of what a trajectory began with, unless it is steady, and of what
 * was predicted. */
static int write_channel(struct command *c, uint64_t trajectory, int channel,
                         int to, const float *first, const float *frames)
{
    size_t bytes = c->points * sizeof(float), at = (size_t)channel * c->points;
    float *column = c->column + (c->frames - made(c)) * c->points;
    if (first)
        memcpy(c->column, first + at, bytes);
    else
        memset(c->column, 0, bytes);
    for (size_t t = 0; t < made(c); t++)
        memcpy(column + t * c->points, frames + t * c->frame + at, bytes);
    return weir_dataset_write(c->out, to, trajectory, 0, c->frames, c->column);
}

static int write_trajectory(struct command *c, uint64_t trajectory, size_t j)
{
    int channels = c->l.info->shape.channels, rc = 0;
    size_t at = j * made(c) * c->frame;
    for (int i = 0; i < channels && rc == 0; i++)
        rc = write_channel(c, trajectory, i, i, c->start + j * c->frame,
                           c->mean + at);
    for (int i = 0; i < channels && c->spreads && rc == 0; i++)
        rc =
            write_channel(c, trajectory, i, channels + i, NULL, c->spread + at);
    if (rc == 0)
        weir_dataset_mark(c->out, trajectory, 1);
    return rc;
}

/* All frames of one trajectory, from its parameters; one at each time. */
static int predict_direct(struct command *c, uint64_t trajectory, int j)
{
    const struct weir_inputs *in = weir_predictor_inputs(c->l.predictor);
    size_t n = in->space->n, steps = made(c);
    size_t to = (size_t)j * steps * c->frame;
    for (uint32_t t = 0; t < steps; t++)
        weir_inputs_put(in, c->parameter + trajectory * n, t + 1,
                        c->in + t * (n + 1));
    return weir_predictor_frames(c->l.predictor, c->in, (int)steps,
                                 c->mean + to,
                                 c->spread ? c->spread + to : NULL);
}

static int predict_batch(struct command *c, uint64_t first, int n)
{
    int rc = 0;
    for (int j = 0; j < n && rc == 0; j++)
        rc = weir_dataset_reader_frames(c->data, first + (uint64_t)j, 0, 1,
                                        WEIR_F32,
                                        c->start + (size_t)j * c->frame);
    for (int j = 0; j < n && rc == 0 && c->in; j++)
        rc = predict_direct(c, first + (uint64_t)j, j);
    if (rc == 0 && !c->in)
        rc = weir_predictor_rollout(c->l.predictor, c->start, n, (int)made(c),
                                    c->mean, c->spread);
    for (int j = 0; j < n && rc == 0; j++)
        rc = write_trajectory(c, first + (uint64_t)j, (size_t)j);
    return rc;
}

static int predict_all(struct command *c)
{
    uint64_t all = c->about->trajectories;
    int rc = 0;
    for (uint64_t i = 0; i < all && rc == 0; i += (uint64_t)c->batch) {
        uint64_t left = all - i;
        rc = predict_batch(c, i,
                           left < (uint64_t)c->batch ? (int)left : c->batch);
    }
    if (rc) {
        weir_dataset_discard(c->out);
        return rc;
    }
    rc = weir_dataset_finish(c->out);
    return rc < 0 ? rc : 0;
}

static int predict_with(struct command *c)
{
    c->about = weir_dataset_reader_info(c->data);
    c->spreads = c->l.info->members > 1 || c->l.info->evidential;
    c->frame = weir_shape_floats(&c->l.info->shape);
    c->points = c->frame / (size_t)c->l.info->shape.channels;
    int rc = choose_frames(c);
    rc = rc ? rc : make_room(c);
    if (rc == 0 && c->in)
        rc = weir_loaded_parameters(&c->l, c->data, &c->parameter);
    rc = rc ? rc : name_fields(c);
    rc = rc ? rc : create_output(c);
    rc = rc ? rc : predict_all(c);
    if (rc == 0)
        printf("%s: %llu trajectories of %u frames%s, by the weights of step "
               "%llu\n",
               c->args->out, (unsigned long long)c->about->trajectories,
               c->frames, c->spreads ? " with their spread" : "",
               (unsigned long long)c->l.info->step);
    return rc;
}

static void release(struct command *c)
{
    for (size_t i = 0; i < 2 * WEIR_MAX_CHANNELS; i++)
        free(c->fields[i]);
    free(c->start);
    free(c->mean);
    free(c->spread);
    free(c->column);
    free(c->in);
    free(c->parameter);
    weir_dataset_reader_close(c->data);
    weir_loaded_close(&c->l);
}

static int predict(int argc, char **argv)
{
    struct weir_arguments args;
    struct command c = {.args = &args};
    int first = weir_arguments_parse(&weir_command_predict,
                                     "OPERANDS data out steps weights", argc,
                                     argv, &args);
    if (first < 0)
        return first;
    if (first + 1 != argc)
        return weir_usage(&weir_command_predict, "which run?");
    if (!args.data || !args.out)
        return weir_usage(&weir_command_predict, "--data and --out are needed");
    if (access(args.out, F_OK) == 0) {
        WEIR_FAIL(WEIR_ECONFIG, "'%s' is there already", args.out);
        return weir_err_hint("take another --out, or delete it");
    }
    int rc = weir_loaded_open(argv[first], args.weights, &c.l);
    if (rc)
        return rc;
    rc = weir_loaded_data(&c.l, args.data, &c.data);
    if (rc) {
        weir_loaded_close(&c.l);
        return weir_argument_refused(rc, "data", args.data);
    }
    rc = predict_with(&c);
    release(&c);
    return rc;
}

const struct weir_command weir_command_predict = {
    .name = "predict",
    .arguments = "DIR|FILE --data F.h5 --out G.h5",
    .summary =
        "roll a surrogate out from the first frames of a data set, or answer "
        "its steady problems",
    .help =
        "  --data F.h5       trajectories in The Well's layout; their first "
        "frames\n"
        "  --out G.h5        in the same layout, with the spread of an "
        "ensemble "
        "or of\n"
        "                    evidential densities as <field>_spread\n"
        "  --steps N         to predict; else as many as F.h5 has\n"
        "  --weights WHICH   best (validation) or newest\n",
    .run = predict,
};
