/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One sample of the direct problems, start to float32 frame: CPU time of one
 * thread, a new set of parameters each time; beside what the core can do at most.
 */
#include "perf/peaks.h"
#include "perf/perf.h"

#include "base/err.h"
#include "base/rng.h"
#include "pde/registry.h"

#include <math.h>

#define SAMPLES 400

static void must(int rc)
{
    if (rc < 0) {
        fprintf(stderr, "solver_sample: %s\n", weir_err_message());
        exit(1);
    }
}

static double peak_gflops;

/*
 * Two sine transforms of every row and every column: each has the flops of a
 * real transform of 2 (n + 1) points, 5/2 N log2 N; and eight passes over the
 * lattice: two for each transform of rows and of columns.
 */
static void tell(const char *solver, const char *points, size_t lane_bytes,
                 const struct weir_hist *h)
{
    double n = atof(points), line = 2 * (n + 1);
    double ns = (double)weir_hist_quantile(h, 0.5);
    double gflops = 2 * 2 * n * 2.5 * line * log2(line) / ns;
    double gbytes = 2 * 2 * 2 * 8 * n * n / ns;
    perf_row("solver_sample", "ns of CPU per sample", h,
             "\"solver\": \"%s\", \"points\": %s, \"lane_bytes\": %zu, "
             "\"gflops\": %.2f, \"gflops_of_peak\": %.3f, \"gbytes\": %.2f, "
             "\"gbytes_of_peak\": %.3f, ",
             solver, points, lane_bytes, gflops, gflops / peak_gflops, gbytes,
             gbytes / perf_peak_gbytes(lane_bytes));
}

static void run(const char *solver, const char *points)
{
    const struct weir_solver_ops *ops;
    struct weir_options opts;
    struct weir_solver_info info;
    void *config, *lane;
    must(weir_solver_find(solver, &ops));
    must(weir_options_init(ops->options, &opts));
    must(weir_options_set(&opts, "points", points));
    must(ops->configure(&opts, &config));
    ops->describe(config, &info);
    must(ops->create(config, &lane));
    double *p = weir_array(info.space.n, sizeof(*p));
    float *frame = weir_array(weir_shape_floats(&info.shape), sizeof(*frame));
    struct weir_hist *h = weir_array(1, sizeof(*h));
    for (int s = -10; s < SAMPLES; s++) {
        struct weir_rng rng =
            weir_rng_stream(1, WEIR_RNG_TEST, (uint64_t)(s + 10));
        for (size_t i = 0; i < info.space.n; i++)
            p[i] = weir_rng_uniform(&rng);
        weir_space_to_box(&info.space, p, p);
        int64_t start = weir_thread_cpu_ns();
        must(ops->start(lane, p));
        ops->frame(lane, frame);
        if (s >= 0)
            weir_hist_record(h, weir_thread_cpu_ns() - start);
    }
    tell(solver, points, info.lane_bytes, h);
    free(h);
    free(frame);
    free(p);
    ops->destroy(lane);
    ops->release(config);
    weir_options_free(&opts);
}

int main(void)
{
    perf_conditions("solver_sample", "one thread on core %d, %d samples",
                    perf_core(0), SAMPLES);
    perf_pin(perf_core(0));
    peak_gflops = perf_peak_gflops();
    run("sources", "100");
    run("sources", "127");
    run("heat2d", "64");
    return 0;
}
