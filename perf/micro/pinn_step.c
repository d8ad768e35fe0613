/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One training step of a physics-informed network for Allen-Cahn (R3's release:
 * 4 layers of 128, 22 features): residual, its gradient, Adam. The peer is
 * perf/peers/torch_pinn_step.py.
 *
 *     pinn_step POINTS STEPS [THREADS]
 */
#include "base/err.h"
#include "base/rng.h"
#include "nn/optimiser.h"
#include "nn/registry.h"
#include "nn/surrogate.h"
#include "pde/registry.h"
#include "perf/perf.h"

enum { WARM = 3 };

struct bench {
    struct weir_model *model;
    struct weir_surrogate *s;
    size_t points, packed;
    float *w, *m, *v, *grad, *at, *loss;
    const float **sample;
    struct weir_hist hist;
};

static void fail_on(int rc)
{
    if (rc < 0) {
        fprintf(stderr, "pinn_step: %s\n", weir_err_message());
        exit(1);
    }
}

static void prepare(struct bench *b, int threads)
{
    const struct weir_solver_ops *solver;
    const struct weir_model_ops *ops = weir_model_find("pinn");
    struct weir_options equation, opts;
    struct weir_solver_info info;
    void *config;
    fail_on(weir_solver_find("allen_cahn_points", &solver));
    fail_on(weir_options_init(solver->options, &equation));
    fail_on(solver->configure(&equation, &config));
    solver->describe(config, &info);
    struct weir_model_io io = weir_model_jet_io(&info.residual->jet);
    struct weir_surrogate_config c = {
        .batch = (int)b->points,
        .unroll = 1,
        .threads = threads,
        .loss = WEIR_LOSS_MSE,
        .equation = info.residual,
    };
    fail_on(weir_options_init(ops->options, &opts));
    fail_on(weir_model_create_for(ops, &opts, &io, &b->model));
    fail_on(weir_surrogate_create(b->model, &c, &b->s));
    b->packed = weir_model_packed(b->model);
}

static void fill(struct bench *b)
{
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, 0);
    float **weights[] = {&b->w, &b->m, &b->v, &b->grad};
    for (int i = 0; i < 4; i++)
        *weights[i] = weir_array(b->packed, sizeof(float));
    b->at = weir_array(2 * b->points, sizeof(float));
    b->loss = weir_array(b->points, sizeof(float));
    b->sample = weir_array(b->points, sizeof(*b->sample));
    fail_on(weir_model_init(b->model, 1, b->w));
    for (size_t i = 0; i < b->points; i++) {
        b->at[2 * i] = (float)(2 * weir_rng_uniform(&rng) - 1);
        b->at[2 * i + 1] = (float)weir_rng_uniform(&rng);
        b->sample[i] = b->at + 2 * i;
    }
}

static void step(struct bench *b, uint64_t t)
{
    struct weir_adam_config adam = weir_adam_defaults();
    fail_on(weir_surrogate_train(b->s, b->w, NULL, b->sample,
                                 1.0F / (float)b->points, b->grad, b->loss));
    weir_adam_step(&adam, t, b->packed, b->grad, b->w, b->m, b->v, b->w, b->m,
                   b->v);
}

int main(int argc, char **argv)
{
    static struct bench b;
    if (argc < 3) {
        fprintf(stderr, "pinn_step POINTS STEPS [THREADS]\n");
        return 2;
    }
    int steps = atoi(argv[2]), threads = argc > 3 ? atoi(argv[3]) : 1;
    b.points = (size_t)atoi(argv[1]);
    prepare(&b, threads);
    fill(&b);
    perf_conditions("pinn_step", "%d threads, %d warm-up steps, %d measured",
                    threads, WARM, steps);
    int64_t cpu = 0;
    for (int t = 0; t < WARM + steps; t++) {
        int64_t start = weir_now_ns(), used = weir_process_cpu_ns();
        step(&b, (uint64_t)t);
        if (t < WARM)
            continue;
        weir_hist_record(&b.hist, weir_now_ns() - start);
        cpu += weir_process_cpu_ns() - used;
    }
    perf_row("pinn_step", "ns", &b.hist,
             "\"points\": %zu, \"threads\": %d, \"parameters\": %zu, "
             "\"bytes\": %zu, \"cpu_per_step\": %lld, ",
             b.points, threads, weir_model_parameters(b.model),
             weir_surrogate_bytes(b.s) + 4 * b.packed * sizeof(float),
             (long long)(cpu / steps));
    return 0;
}
