/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One training step of any model: forward, backward of the mean squared error,
 * reduction, Adam. Groups are threads of one core each, as in a run: each takes
 * its part of the batch, then a slice of the weights. The peer is
 * perf/peers/torch_nn_step.py; perf/macro/training_steps.py runs both.
 *
 *     nn_step MODEL GRID CHANNELS BATCH STEPS GROUPS [OPTION=VALUE]...
 *
 * as in nn_step fno 64x64 1 8 20 2 width=32 modes=12. GROUPS divides BATCH.
 *
 * Peak memory is of the process: what it reached, and how much of that came
 * after the program had started.
 */
#include "base/err.h"
#include "base/rng.h"
#include "nn/net.h"
#include "nn/optimiser.h"
#include "nn/registry.h"
#include "perf/team.h"

enum { WARM = 3 };

struct bench {
    struct perf_team team;
    struct weir_model *model;
    int batch, steps;
    size_t frame, packed, net_bytes;
    float *w, *m, *v, *grad[PERF_TEAM_MOST], *x, *y, *wanted;
    struct weir_hist hist;
    int64_t cpu_ns; /* of the whole process, over the measured steps */
};

static void fail_on(int rc)
{
    if (rc < 0) {
        fprintf(stderr, "nn_step: %s\n", weir_err_message());
        exit(1);
    }
}

/* KiB the kernel keeps under @p key. */
static long memory(const char *key)
{
    char text[32];
    perf_line("/proc/self/status", key, text, sizeof(text));
    return strtol(text, NULL, 10);
}

static void make_model(struct bench *b, char **argv)
{
    const struct weir_model_ops *ops = weir_model_find(argv[1]);
    struct weir_shape shape = {atoi(argv[3]), 1, {1, 1}};
    struct weir_options opts;
    fail_on(ops ? 0 : -weir_err_code());
    shape.dims = sscanf(argv[2], "%dx%d", &shape.n[0], &shape.n[1]);
    fail_on(weir_options_init(ops->options, &opts));
    for (char **set = argv + 7; *set; set++) {
        char *equals = strchr(*set, '=');
        if (!equals)
            continue;
        *equals = '\0';
        fail_on(weir_options_set(&opts, *set, equals + 1));
    }
    fail_on(weir_model_create(ops, &opts, &shape, &b->model));
    weir_options_free(&opts);
    b->frame = weir_shape_floats(&shape);
    b->packed = weir_model_packed(b->model);
}

static void fill(struct bench *b)
{
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, 0);
    float **weights[] = {&b->w, &b->m, &b->v};
    float **fields[] = {&b->x, &b->y, &b->wanted};
    size_t n = (size_t)b->batch * b->frame;
    for (int i = 0; i < 3; i++)
        *weights[i] = weir_array(b->packed, sizeof(float));
    for (int i = 0; i < b->team.groups; i++)
        b->grad[i] = weir_array(b->packed, sizeof(float));
    for (int i = 0; i < 3; i++)
        *fields[i] = weir_array(n, sizeof(float));
    fail_on(weir_model_init(b->model, 1, b->w));
    for (size_t i = 0; i < n; i++) {
        b->x[i] = (float)weir_rng_normal(&rng);
        b->wanted[i] = (float)weir_rng_normal(&rng);
    }
}

static void learn(struct bench *b, int group, struct weir_net *net)
{
    size_t n = (size_t)(b->batch / b->team.groups) * b->frame;
    size_t all = (size_t)b->batch * b->frame, from = (size_t)group * n;
    float *y = b->y + from;
    fail_on(weir_net_forward(net, 0, b->w, b->x + from, y));
    for (size_t i = 0; i < n; i++)
        y[i] = 2 * (y[i] - b->wanted[from + i]) / (float)all;
    fail_on(weir_net_backward(net, 0, b->w, y, NULL, b->grad[group], false));
}

static void update(struct bench *b, int group, uint64_t t)
{
    struct weir_adam_config adam = weir_adam_defaults();
    size_t lines = b->packed / 16, groups = (size_t)b->team.groups;
    size_t from = lines * (size_t)group / groups * 16;
    size_t to = lines * (size_t)(group + 1) / groups * 16;
    weir_reduce_tree((const float *const *)b->grad, b->team.groups, from, to,
                     b->grad[0]);
    weir_adam_step(&adam, t, to - from, b->grad[0] + from, b->w + from,
                   b->m + from, b->v + from, b->w + from, b->m + from,
                   b->v + from);
}

static void run(void *ctx, int group)
{
    struct bench *b = ctx;
    struct weir_net *net;
    struct weir_net_config config = {b->batch / b->team.groups, 1, 1};
    fail_on(weir_net_create(b->model, &config, &net));
    for (int t = 0; t < WARM + b->steps; t++) {
        perf_team_meet(&b->team);
        if (group == 0 && t == WARM)
            b->cpu_ns = -weir_process_cpu_ns();
        int64_t start = weir_now_ns();
        learn(b, group, net);
        perf_team_meet(&b->team);
        update(b, group, (uint64_t)t);
        perf_team_meet(&b->team);
        if (group == 0 && t >= WARM)
            weir_hist_record(&b->hist, weir_now_ns() - start);
    }
    if (group == 0) {
        b->cpu_ns += weir_process_cpu_ns();
        b->net_bytes = weir_net_bytes(net);
    }
    weir_net_destroy(net);
}

int main(int argc, char **argv)
{
    static struct bench b;
    if (argc < 7) {
        fprintf(stderr, "nn_step MODEL GRID CHANNELS BATCH STEPS GROUPS "
                        "[OPTION=VALUE]...\n");
        return 2;
    }
    b.batch = atoi(argv[4]);
    b.steps = atoi(argv[5]);
    b.team.groups = atoi(argv[6]);
    if (b.team.groups < 1 || b.team.groups > PERF_TEAM_MOST || b.steps < 1 ||
        b.batch < 1 || b.batch % b.team.groups) {
        fprintf(stderr,
                "nn_step: at least one step; groups divide the batch "
                "and are at most %d\n",
                PERF_TEAM_MOST);
        return 2;
    }
    long before = memory("VmRSS");
    make_model(&b, argv);
    fill(&b);
    perf_conditions("nn_step",
                    "%d groups on cores of their own, %d warm-up steps, %d "
                    "measured",
                    b.team.groups, WARM, b.steps);
    perf_team_run(&b.team, run, &b);
    long peak = memory("VmHWM");
    perf_row("nn_step", "ns", &b.hist,
             "\"model\": \"%s\", \"grid\": \"%s\", \"batch\": %d, \"groups\": "
             "%d, \"parameters\": %zu, \"net_bytes\": %zu, \"peak_kib\": %ld, "
             "\"grown_kib\": %ld, \"cpu_per_step\": %lld, ",
             argv[1], argv[2], b.batch, b.team.groups,
             weir_model_parameters(b.model), b.net_bytes, peak, peak - before,
             (long long)(b.cpu_ns / b.steps));
    return 0;
}
