/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One gradient step of a ConvNet surrogate: forward, loss, backward, reduction
 * over micro-batches, Adam. Groups are threads of one core each, as in a run:
 * each takes every groups-th micro-batch, then a slice of the weights.
 *
 *   train_step [groups [batch [micro [width [depth [points [unroll]]]]]]]
 *
 * cpu_per_step is of the whole process: on a busy machine the better number, if
 * groups is 1 (waiting for others spins).
 *
 * perf/peers/torch_train_step.py takes the same arguments but for `micro`.
 */
#include "base/err.h"
#include "base/rng.h"
#include "nn/optimiser.h"
#include "nn/registry.h"
#include "nn/surrogate.h"
#include "perf/team.h"

enum { WARM = 50, STEPS = 600, MOST = PERF_TEAM_MOST };

struct bench {
    struct perf_team team;
    int batch, micro, width, depth, points, unroll;
    struct weir_model *model;
    struct weir_normaliser norm;
    struct weir_adam_config adam;
    size_t packed;
    float *weights, *m, *v;
    float *grad[MOST], *data;
    struct weir_hist hist;
    int64_t cpu_ns; /* of the whole process, over the measured steps */
};

static void fail_on(int rc)
{
    if (rc < 0) {
        fprintf(stderr, "train_step: %s\n", weir_err_message());
        exit(1);
    }
}

static void train(struct bench *b, int index, struct weir_surrogate *s)
{
    const float *sample[MOST];
    float loss[MOST];
    size_t window = (size_t)((b->unroll + 1) * b->points);
    for (int i = index; i * b->micro < b->batch; i += b->team.groups) {
        for (int j = 0; j < b->micro; j++) {
            int at = i * b->micro + j;
            sample[j] = at < b->batch ? b->data + (size_t)at * window : NULL;
        }
        fail_on(weir_surrogate_train(s, b->weights, &b->norm, sample,
                                     1.0F / (float)b->batch, b->grad[i], loss));
    }
}

static void update(struct bench *b, int index, uint64_t step)
{
    size_t lines = b->packed / 16;
    size_t from = lines * (size_t)index / (size_t)b->team.groups * 16;
    size_t to = lines * (size_t)(index + 1) / (size_t)b->team.groups * 16;
    int parts = (b->batch + b->micro - 1) / b->micro;
    weir_reduce_tree((const float *const *)b->grad, parts, from, to,
                     b->grad[0]);
    weir_adam_step(&b->adam, step, to - from, b->grad[0] + from,
                   b->weights + from, b->m + from, b->v + from,
                   b->weights + from, b->m + from, b->v + from);
}

static void run(void *ctx, int group)
{
    struct bench *b = ctx;
    struct weir_surrogate *s;
    struct weir_surrogate_config config = {
        .batch = b->micro, .unroll = b->unroll, .residual = true};
    fail_on(weir_surrogate_create(b->model, &config, &s));
    for (int step = 0; step < WARM + STEPS; step++) {
        perf_team_meet(&b->team);
        if (group == 0 && step == WARM)
            b->cpu_ns = -weir_process_cpu_ns();
        int64_t start = weir_now_ns();
        train(b, group, s);
        perf_team_meet(&b->team);
        update(b, group, (uint64_t)step);
        perf_team_meet(&b->team);
        if (group == 0 && step >= WARM)
            weir_hist_record(&b->hist, weir_now_ns() - start);
    }
    if (group == 0)
        b->cpu_ns += weir_process_cpu_ns();
    weir_surrogate_destroy(s);
}

static void set_option(struct weir_options *opts, const char *name, int value)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", value);
    fail_on(weir_options_set(opts, name, text));
}

static void prepare(struct bench *b)
{
    const struct weir_model_ops *ops = weir_model_find("convnet");
    struct weir_shape shape = {1, 1, {b->points, 1}};
    struct weir_options opts;
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, 0);
    size_t window = (size_t)((b->unroll + 1) * b->points);
    fail_on(weir_options_init(ops->options, &opts));
    set_option(&opts, "width", b->width);
    set_option(&opts, "depth", b->depth);
    fail_on(weir_model_create(ops, &opts, &shape, &b->model));
    weir_options_free(&opts);
    b->packed = weir_model_packed(b->model);
    b->weights = weir_array(b->packed, sizeof(float));
    b->m = weir_array(b->packed, sizeof(float));
    b->v = weir_array(b->packed, sizeof(float));
    for (int i = 0; i * b->micro < b->batch; i++)
        b->grad[i] = weir_array(b->packed, sizeof(float));
    fail_on(weir_model_init(b->model, 1, b->weights));
    b->data = weir_array((size_t)b->batch * window, sizeof(float));
    for (size_t i = 0; i < (size_t)b->batch * window; i++)
        b->data[i] = (float)weir_rng_normal(&rng);
    fail_on(weir_normaliser_init(&b->norm, 1));
    fail_on(weir_normaliser_add(&b->norm, b->data, b->unroll + 1,
                                (size_t)b->points));
    fail_on(weir_normaliser_freeze(&b->norm));
    b->adam = weir_adam_defaults();
}

static int argument(int argc, char **argv, int i, int otherwise)
{
    return argc > i ? atoi(argv[i]) : otherwise;
}

int main(int argc, char **argv)
{
    static struct bench b;
    b.team.groups = argument(argc, argv, 1, 1);
    b.batch = argument(argc, argv, 2, 20);
    b.micro = argument(argc, argv, 3, 5);
    b.width = argument(argc, argv, 4, 32);
    b.depth = argument(argc, argv, 5, 10);
    b.points = argument(argc, argv, 6, 160);
    b.unroll = argument(argc, argv, 7, 1);
    if (b.team.groups < 1 || b.team.groups > MOST || b.micro < 1 ||
        b.micro > MOST || b.batch > MOST * b.micro) {
        fprintf(stderr, "train_step: at most %d groups and micro-batches\n",
                MOST);
        return 2;
    }
    prepare(&b);
    perf_conditions("train_step",
                    "%d groups on cores of their own, %d warm-up steps, %d "
                    "measured",
                    b.team.groups, WARM, STEPS);
    perf_team_run(&b.team, run, &b);
    perf_row("train_step", "ns", &b.hist,
             "\"groups\": %d, \"batch\": %d, \"micro\": %d, \"width\": %d, "
             "\"depth\": %d, \"points\": %d, \"unroll\": %d, \"parameters\": "
             "%zu, \"cpu_per_step\": %lld, ",
             b.team.groups, b.batch, b.micro, b.width, b.depth, b.points,
             b.unroll, weir_model_parameters(b.model),
             (long long)(b.cpu_ns / STEPS));
    return 0;
}
