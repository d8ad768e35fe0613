/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What OGAS's sampler costs the acquisition thread: one training step of its
 * diffusion model on 128 pairs, one of its density ratio on 128 pairs and as
 * many uniform points, and one generation of 128 guided samples of 100 steps
 * back. CPU time of one thread.
 *
 *   sampler_step [parameters [width [steps]]]
 *
 * Without arguments: 4 parameters and the default width 64, 309 and 256, and
 * the released width 1024. perf/peers/torch_sampler_step.py makes the same.
 */
#include "acquire/ddpm.h"
#include "acquire/ratio.h"
#include "base/err.h"
#include "perf/perf.h"

enum { BATCH = 128, HIDDEN = 64, TIMESTEPS = 100, WARM = 5 };

struct bench {
    int dims, width;
    struct weir_ddpm *ddpm;
    struct weir_ratio *ratio;
    struct weir_rng rng[BATCH];
    float *x, *c, *w;
    struct weir_hist *hist;
};

static void must(int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "sampler_step: %s\n", weir_err_message());
    exit(1);
}

static void prepare(struct bench *b)
{
    struct weir_ddpm_config ddpm = {.dims = b->dims,
                                    .timesteps = TIMESTEPS,
                                    .model_dim = b->width,
                                    .blocks = 2,
                                    .batch = BATCH,
                                    .lr = 2e-4 * 1024 / b->width,
                                    .guidance = 5,
                                    .drop = 0.1};
    struct weir_ratio_config ratio = {.dims = b->dims,
                                      .hidden = HIDDEN,
                                      .batch = BATCH,
                                      .lr = 1e-3,
                                      .weight_decay = 0.01};
    must(weir_ddpm_create(&ddpm, 1, &b->ddpm));
    must(weir_ratio_create(&ratio, 1, &b->ratio));
    b->x = weir_array((size_t)BATCH * b->dims, sizeof(float));
    b->c = weir_array(BATCH, sizeof(float));
    b->w = weir_array(BATCH, sizeof(float));
    for (uint64_t i = 0; i < BATCH; i++) {
        b->rng[i] = weir_rng_stream(1, WEIR_RNG_TEST, i);
        b->c[i] = (float)(2 * weir_rng_uniform(&b->rng[i]) - 1);
        b->w[i] = 1;
        for (int j = 0; j < b->dims; j++)
            b->x[(int)i * b->dims + j] =
                (float)(2 * weir_rng_uniform(&b->rng[i]) - 1);
    }
}

static void train_diffusion(struct bench *b)
{
    must(weir_ddpm_train(b->ddpm, b->x, b->c, b->w, BATCH, b->rng));
}

static void train_ratio(struct bench *b)
{
    must(weir_ratio_train(b->ratio, b->x, BATCH, b->rng));
}

static void sample(struct bench *b)
{
    must(weir_ddpm_sample(b->ddpm, b->c, BATCH, b->rng, b->x));
}

static void measure(struct bench *b, const char *name, int steps,
                    void (*work)(struct bench *))
{
    weir_hist_reset(b->hist);
    for (int i = 0; i < WARM + steps; i++) {
        int64_t start = weir_thread_cpu_ns();
        work(b);
        if (i >= WARM)
            weir_hist_record(b->hist, weir_thread_cpu_ns() - start);
    }
    perf_row(name, "ns", b->hist, "\"parameters\": %d, \"width\": %d, ",
             b->dims, b->width);
}

static void bench(int dims, int width, int steps)
{
    struct bench b = {.dims = dims, .width = width};
    b.hist = weir_array(1, sizeof(*b.hist));
    prepare(&b);
    measure(&b, "ratio_step", steps, train_ratio);
    measure(&b, "ddpm_step", steps, train_diffusion);
    measure(&b, "ddpm_sample", 1 + steps / 50, sample);
    weir_ddpm_destroy(b.ddpm);
    weir_ratio_destroy(b.ratio);
    free(b.x);
    free(b.c);
    free(b.w);
    free(b.hist);
}

int main(int argc, char **argv)
{
    int dims = argc > 1 ? atoi(argv[1]) : 0;
    int width = argc > 2 ? atoi(argv[2]) : 64;
    int steps = argc > 3 ? atoi(argv[3]) : 200;
    perf_conditions("sampler_step", "batches of %d, CPU time of one thread",
                    BATCH);
    if (dims > 0) {
        bench(dims, width, steps);
        return 0;
    }
    bench(4, 64, steps);
    bench(309, 256, steps);
    bench(4, 1024, steps / 5);
    return 0;
}
