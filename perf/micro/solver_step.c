/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One step of the scheme (a sub-step), and the same FFTW calls on their own:
 * CPU time of one thread, the two taken in turn. GFLOP/s count the transforms by
 * FFTW's convention, bytes the passes over arrays, both beside what the core
 * can do at most: the triad over a working set of a lane's size. Usage:
 *   solver_step [SOLVER POINTS ORDER [estimate|measure]]
 * Without arguments: every system at its sizes, FFTW_ESTIMATE.
 */
#include "perf/peaks.h"
#include "perf/perf.h"

#include "base/err.h"
#include "pde/product.h"
#include "pde/registry.h"
#include "pde/spectrum.h"

#include <fftw3.h>
#include <math.h>

#define ROUNDS 40

struct bench {
    const char *solver;
    int points, order;
    int dims, operands, results; /* of the non-linear term */
    double dealias;
};

static const struct bench benches[] = {
    {"kdv", 160, 4, 1, 1, 1, 2. / 3},     {"ks", 160, 4, 1, 1, 1, 2. / 3},
    {"ks_cons", 800, 4, 1, 1, 1, 2. / 3}, {"ks2d", 64, 2, 2, 2, 1, 2. / 3},
    {"ks2d", 256, 2, 2, 2, 1, 2. / 3},    {"ns2d", 64, 2, 2, 4, 1, 2. / 3},
    {"ns2d", 256, 2, 2, 4, 1, 2. / 3},    {"gs2d", 64, 2, 2, 2, 1, 1. / 2},
    {"gs2d", 256, 2, 2, 2, 1, 1. / 2},
};

#define BENCHES (sizeof(benches) / sizeof(benches[0]))

static void must(int rc)
{
    if (rc < 0) {
        fprintf(stderr, "solver_step: %s\n", weir_err_message());
        exit(1);
    }
}

static void set(struct weir_options *o, const char *name, double value)
{
    char text[32];
    snprintf(text, sizeof(text), "%.17g", value);
    must(weir_options_set(o, name, text));
}

static void line_transforms(const struct bench *b,
                            const struct weir_spectrum *s, fftw_complex *modes,
                            double *real)
{
    for (int f = 0; f < b->operands; f++)
        fftw_execute_dft_c2r(s->backward, modes, real);
    for (int f = 0; f < b->results; f++)
        fftw_execute_dft_r2c(s->forward, real, modes);
}

/* Every FFTW call of one evaluation of the non-linear term. */
static void transforms(const struct bench *b, const struct weir_spectrum *s,
                       fftw_complex *modes, fftw_complex *wide,
                       fftw_complex *panel, double *real)
{
    if (b->dims == 1) {
        line_transforms(b, s, modes, real);
        return;
    }
    /* Each operand has columns of its own: they share a cache as in a step. */
    fftw_complex *pair = (fftw_complex *)real;
    for (int f = 0; f < b->operands; f++)
        for (size_t p = 0; p < s->stride; p += WEIR_PANEL)
            fftw_execute_dft(s->panel_backward, panel,
                             wide + (size_t)f * s->rows * s->stride + p);
    for (size_t r = 0; r < s->rows; r += 2) {
        for (int f = 0; f < b->operands; f++)
            fftw_execute_dft(s->pair_backward, modes, pair);
        for (int f = 0; f < b->results; f++)
            fftw_execute_dft(s->pair_forward, pair, modes);
    }
    for (int f = 0; f < b->results; f++)
        for (size_t p = 0; p < s->stride; p += WEIR_PANEL)
            fftw_execute_dft(s->panel_forward, wide + p, panel);
}

struct arrays {
    struct weir_spectrum *spectrum;
    fftw_complex *modes, *wide, *panel;
    double *real;
};

static struct arrays arrays_of(const struct bench *b, bool measure)
{
    struct arrays a;
    must(weir_spectrum_create(b->dims, (int[2]){b->points, b->points},
                              b->dealias, measure, &a.spectrum));
    const struct weir_spectrum *s = a.spectrum;
    a.modes = weir_array(s->cols + 8, sizeof(fftw_complex));
    a.wide = weir_array((size_t)b->operands * s->rows * s->stride,
                        sizeof(fftw_complex));
    a.panel = weir_array(s->rows * WEIR_PANEL, sizeof(fftw_complex));
    a.real = weir_array(2 * s->cols, sizeof(double));
    return a;
}

static void arrays_free(struct arrays *a)
{
    weir_spectrum_free(a->spectrum);
    free(a->modes);
    free(a->wide);
    free(a->panel);
    free(a->real);
}

/* A random real field costs 5/2 N log2 N, whatever algorithm is used. */
static double flops(const struct bench *b)
{
    double n = pow(b->points, b->dims);
    return b->order * (b->operands + b->results) * 2.5 * n * log2(n);
}

/*
 * Bytes that the passes of one step load and store, each array of a pass once:
 * a coefficient is 16 bytes, a real weight or table entry 8. Twiddle factors and
 * FFTW's own passes inside a row or a panel are left out: they stay in the first
 * cache.
 */
static double bytes(const struct bench *b, const struct weir_spectrum *s)
{
    double kept = (double)s->kept * (b->solver[0] == 'g' ? 2 : 1);
    double wide = (double)(b->dims == 2 ? s->rows * s->stride : s->half);
    double grid = (double)(b->dims == 2 ? 0 : s->cols);
    double in = b->operands, out = b->results;
    double evaluate = in * (24 * kept + 16 * wide) + /* columns */
                      in * (16 * wide + 8 * grid) +  /* rows */
                      out * (16 * wide + 8 * grid) + /* back */
                      out * (16 * wide + 24 * kept);
    /* Arrays and weights of the stages: see etdrk.c. */
    double stages = (b->order == 4 ? 16 * 16 + 10 * 8 : 7 * 16 + 3 * 8) * kept;
    return b->order * evaluate + stages;
}

static double peak_gflops;

static void run(const struct bench *b, const char *fftw)
{
    const struct weir_solver_ops *ops;
    struct weir_options opts;
    struct weir_solver_info info;
    void *config, *lane;
    must(weir_solver_find(b->solver, &ops));
    must(weir_options_init(ops->options, &opts));
    set(&opts, "points", b->points);
    set(&opts, "order", b->order);
    must(weir_options_set(&opts, "fftw", fftw));
    int per_round = b->dims == 1 ? 2000 : b->points > 100 ? 10 : 100;
    double dt = 1e-4;
    set(&opts, "dt", dt * per_round);
    set(&opts, "substeps", per_round);
    must(ops->configure(&opts, &config));
    ops->describe(config, &info);
    must(ops->create(config, &lane));
    double *p = weir_array(info.space.n + 1, sizeof(*p));
    for (size_t i = 0; i < info.space.n; i++)
        p[i] = 0.3 + 0.4 * fabs(sin(12.9898 * (double)(i + 1)));
    weir_space_to_box(&info.space, p, p);
    must(ops->start(lane, p));
    struct arrays a = arrays_of(b, strcmp(fftw, "measure") == 0);
    struct weir_hist *h = weir_array(2, sizeof(*h));
    for (int r = -2; r < ROUNDS; r++) {
        int64_t t0 = weir_thread_cpu_ns();
        must(ops->step(lane));
        int64_t t1 = weir_thread_cpu_ns();
        for (int i = 0; i < per_round * b->order; i++)
            transforms(b, a.spectrum, a.modes, a.wide, a.panel, a.real);
        int64_t t2 = weir_thread_cpu_ns();
        if (r < 0)
            continue;
        weir_hist_record(h, (t1 - t0) / per_round);
        weir_hist_record(h + 1, (t2 - t1) / per_round);
    }
    double step = (double)weir_hist_quantile(h, 0.5);
    double fft = (double)weir_hist_quantile(h + 1, 0.5);
    double gflops = flops(b) / step, gbytes = bytes(b, a.spectrum) / step;
    double top_bytes = perf_peak_gbytes(info.lane_bytes);
    perf_row("solver_step", "ns of CPU per step of the scheme", h,
             "\"solver\": \"%s\", \"fftw\": \"%s\", \"points\": %d, \"dims\": "
             "%d, \"order\": %d, \"lane_bytes\": %zu, "
             "\"fft_ns\": %.0f, \"fft_share\": %.3f, \"gflops\": %.2f, "
             "\"gflops_of_peak\": %.3f, \"gbytes\": %.2f, "
             "\"gbytes_of_peak\": %.3f, ",
             b->solver, fftw, b->points, b->dims, b->order, info.lane_bytes,
             fft, fft / step, gflops, gflops / peak_gflops, gbytes,
             gbytes / top_bytes);
    free(h);
    free(p);
    arrays_free(&a);
    ops->destroy(lane);
    ops->release(config);
    weir_options_free(&opts);
}

int main(int argc, char **argv)
{
    if (argc == 1)
        perf_conditions("solver_step",
                        "one thread on core %d, %d rounds, step and FFTW calls "
                        "in turn",
                        perf_core(0), ROUNDS);
    perf_pin(perf_core(0));
    peak_gflops = perf_peak_gflops();
    if (argc == 1)
        printf("# peaks of the core: %.1f GFLOP/s (double, fused "
               "multiply-add); triad %.1f GB/s in 32 KiB, %.1f in 1 MiB, %.1f "
               "in 512 MiB\n",
               peak_gflops, perf_peak_gbytes(32u << 10),
               perf_peak_gbytes(1u << 20), perf_peak_gbytes(512u << 20));
    for (size_t i = 0; i < BENCHES; i++) {
        struct bench b = benches[i];
        if (argc > 3 && (strcmp(argv[1], b.solver) ||
                         atoi(argv[2]) != b.points || atoi(argv[3]) != b.order))
            continue;
        run(&b, argc > 4 ? argv[4] : "estimate");
    }
    return 0;
}
