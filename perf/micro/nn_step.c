/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One training step of any model on one core: forward, backward of the mean
 * squared error, Adam. The peer is perf/peers/torch_nn_step.py.
 *
 *     nn_step MODEL GRID CHANNELS BATCH STEPS [OPTION=VALUE]...
 *
 * as in nn_step fno 64x64 1 8 20 width=32 modes=12.
 */
#include "base/err.h"
#include "base/rng.h"
#include "nn/net.h"
#include "nn/optimiser.h"
#include "nn/registry.h"
#include "perf/perf.h"

enum { WARM = 3 };

struct bench {
    struct weir_model *model;
    struct weir_net *net;
    size_t frames, packed;
    float *w, *m, *v, *grad, *x, *y, *wanted;
    struct weir_hist hist;
};

static void fail_on(int rc)
{
    if (rc < 0) {
        fprintf(stderr, "nn_step: %s\n", weir_err_message());
        exit(1);
    }
}

static void prepare(struct bench *b, char **argv)
{
    const struct weir_model_ops *ops = weir_model_find(argv[1]);
    struct weir_shape shape = {atoi(argv[3]), 1, {1, 1}};
    struct weir_options opts;
    struct weir_net_config config = {atoi(argv[4]), 1, 1};
    fail_on(ops ? 0 : -weir_err_code());
    shape.dims = sscanf(argv[2], "%dx%d", &shape.n[0], &shape.n[1]);
    fail_on(weir_options_init(ops->options, &opts));
    for (char **set = argv + 6; *set; set++) {
        char *equals = strchr(*set, '=');
        if (!equals)
            continue;
        *equals = '\0';
        fail_on(weir_options_set(&opts, *set, equals + 1));
    }
    fail_on(weir_model_create(ops, &opts, &shape, &b->model));
    fail_on(weir_net_create(b->model, &config, &b->net));
    weir_options_free(&opts);
    b->frames = (size_t)config.batch * weir_shape_floats(&shape);
    b->packed = weir_model_packed(b->model);
}

static void fill(struct bench *b)
{
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, 0);
    float **weights[] = {&b->w, &b->m, &b->v, &b->grad};
    float **fields[] = {&b->x, &b->y, &b->wanted};
    for (int i = 0; i < 4; i++)
        *weights[i] = weir_array(b->packed, sizeof(float));
    for (int i = 0; i < 3; i++)
        *fields[i] = weir_array(b->frames, sizeof(float));
    fail_on(weir_model_init(b->model, 1, b->w));
    for (size_t i = 0; i < b->frames; i++) {
        b->x[i] = (float)weir_rng_normal(&rng);
        b->wanted[i] = (float)weir_rng_normal(&rng);
    }
}

static void step(struct bench *b, uint64_t t)
{
    struct weir_adam_config adam = weir_adam_defaults();
    fail_on(weir_net_forward(b->net, 0, b->w, b->x, b->y));
    for (size_t i = 0; i < b->frames; i++)
        b->y[i] = 2 * (b->y[i] - b->wanted[i]) / (float)b->frames;
    fail_on(weir_net_backward(b->net, 0, b->w, b->y, NULL, b->grad, false));
    weir_adam_step(&adam, t, b->packed, b->grad, b->w, b->m, b->v, b->w, b->m,
                   b->v);
}

int main(int argc, char **argv)
{
    static struct bench b;
    if (argc < 6) {
        fprintf(stderr, "nn_step MODEL GRID CHANNELS BATCH STEPS "
                        "[OPTION=VALUE]...\n");
        return 2;
    }
    int steps = atoi(argv[5]);
    prepare(&b, argv);
    fill(&b);
    perf_conditions("nn_step", "one core, %d warm-up steps, %d measured", WARM,
                    steps);
    int64_t cpu = 0;
    for (int t = 0; t < WARM + steps; t++) {
        int64_t start = weir_now_ns(), used = weir_process_cpu_ns();
        step(&b, (uint64_t)t);
        if (t < WARM)
            continue;
        weir_hist_record(&b.hist, weir_now_ns() - start);
        cpu += weir_process_cpu_ns() - used;
    }
    perf_row("nn_step", "ns", &b.hist,
             "\"model\": \"%s\", \"grid\": \"%s\", \"batch\": %d, "
             "\"parameters\": %zu, \"bytes\": %zu, \"cpu_per_step\": %lld, ",
             argv[1], argv[2], atoi(argv[4]), weir_model_parameters(b.model),
             weir_net_bytes(b.net) + 4 * b.packed * sizeof(float),
             (long long)(cpu / steps));
    return 0;
}
