/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The passes of big 2D convolutions (3 x 3, zeros around) next to the matrix
 * product of the same library on the same core: GFLOP/s of CPU time, and the
 * share of the product's rate.
 *
 *     nn_conv [ROUNDS]
 *
 * The product and the passes run in turns, so that all see the machine alike.
 */
#include "base/err.h"
#include "nn/dnnl.h"
#include "perf/perf.h"

#include <omp.h>

enum { SIDE = 1024, PASSES = 3, ALL = PASSES };

static const struct {
    int channels, points, batch;
} sizes[] = {{64, 100, 8}, {128, 50, 8}, {64, 64, 16}, {256, 25, 8}};

enum { SIZES = sizeof(sizes) / sizeof(*sizes) };

static const char *const pass_name[PASSES + 1] = {
    "forward", "backward data", "backward weights", "all three"};

struct conv {
    struct weir_dnnl_conv *conv;
    float *x, *y, *dx, *w, *dw, *b, *db;
    double flop;
    struct weir_hist mflops[PASSES + 1];
};

static void fail_on(int rc)
{
    if (rc < 0) {
        fprintf(stderr, "nn_conv: %s\n", weir_err_message());
        exit(1);
    }
}

static float *numbers(size_t n)
{
    float *a = weir_array(n, sizeof(*a));
    fail_on(a ? 0 : WEIR_FAIL(ENOMEM, "%zu floats", n));
    for (size_t i = 0; i < n; i++)
        a[i] = (float)(i % 17) / 17.0F - 0.4F;
    return a;
}

static struct conv make(struct weir_dnnl *d, int channels, int points,
                        int batch)
{
    struct conv c = {.flop =
                         18.0 * batch * channels * channels * points * points};
    struct weir_blocking blocking;
    struct weir_form form;
    fail_on(weir_dnnl_blocking(channels, 2, &blocking));
    struct weir_layout field = {.batch = batch,
                                .channels = channels,
                                .padded = blocking.padded,
                                .block = blocking.block,
                                .rows = points,
                                .points = points};
    struct weir_dnnl_shape shape = {.in = field,
                                    .out = field,
                                    .kernel = {3, 3},
                                    .stride = {1, 1},
                                    .dilation = {1, 1},
                                    .pad = {1, 1},
                                    .bias = true};
    int all = WEIR_DNNL_FORWARD | WEIR_DNNL_DATA | WEIR_DNNL_WEIGHTS;
    fail_on(weir_dnnl_weights(&shape, &form));
    fail_on(weir_dnnl_conv_create(d, "conv", &shape, all, &c.conv));
    c.x = numbers(weir_layout_floats(&field));
    c.y = numbers(weir_layout_floats(&field));
    c.dx = numbers(weir_layout_floats(&field));
    c.w = numbers(form.floats);
    c.dw = numbers(form.floats);
    c.b = numbers((size_t)blocking.padded);
    c.db = numbers((size_t)blocking.padded);
    return c;
}

static void destroy(struct conv *c)
{
    float *arrays[] = {c->x, c->y, c->dx, c->w, c->dw, c->b, c->db};
    weir_dnnl_conv_destroy(c->conv);
    for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++)
        free(arrays[i]);
}

/* @return nanoseconds */
static double pass(struct conv *c, int which)
{
    int64_t start = weir_thread_cpu_ns();
    if (which == 0)
        fail_on(weir_dnnl_conv_forward(c->conv, c->x, c->w, c->b, c->y));
    else if (which == 1)
        fail_on(weir_dnnl_conv_backward_data(c->conv, c->y, c->w, c->dx));
    else
        fail_on(
            weir_dnnl_conv_backward_weights(c->conv, c->x, c->y, c->dw, c->db));
    double ns = (double)(weir_thread_cpu_ns() - start);
    weir_hist_record(&c->mflops[which], (int64_t)(1e3 * c->flop / ns));
    return ns;
}

static void passes(struct conv *c)
{
    double ns = 0;
    for (int p = 0; p < PASSES; p++)
        ns += pass(c, p);
    weir_hist_record(&c->mflops[ALL], (int64_t)(1e3 * PASSES * c->flop / ns));
}

static void product(float *a, struct weir_hist *mflops)
{
    struct weir_matrix x = {a, SIDE, false}, y = {a + SIDE * SIDE, SIDE, false};
    int64_t start = weir_thread_cpu_ns();
    fail_on(weir_gemm(SIDE, SIDE, SIDE, x, y, 0.0F, a + 2 * SIDE * SIDE, SIDE));
    double ns = (double)(weir_thread_cpu_ns() - start);
    weir_hist_record(mflops, (int64_t)(2e3 * SIDE * SIDE * SIDE / ns));
}

static void report(int i, const struct conv *c, double best)
{
    for (int p = 0; p <= ALL; p++)
        perf_row("nn_conv", "MFLOP/s", &c->mflops[p],
                 "\"channels\": %d, \"points\": %d, \"batch\": %d, \"pass\": "
                 "\"%s\", \"of_sgemm\": %.3f, ",
                 sizes[i].channels, sizes[i].points, sizes[i].batch,
                 pass_name[p],
                 (double)weir_hist_quantile(&c->mflops[p], 0.5) / best);
}

int main(int argc, char **argv)
{
    static struct weir_hist sgemm;
    static struct conv conv[SIZES];
    int rounds = argc > 1 ? atoi(argv[1]) : 10;
    struct weir_dnnl *d;
    float *a = numbers(3 * SIDE * SIDE);
    omp_set_num_threads(1);
    fail_on(weir_dnnl_create(&d));
    for (int i = 0; i < SIZES; i++)
        conv[i] = make(d, sizes[i].channels, sizes[i].points, sizes[i].batch);
    perf_conditions("nn_conv", "one core, %d rounds in turns", rounds);
    for (int r = 0; r <= rounds; r++) { /* the first warms up */
        if (r == 1)
            memset(&sgemm, 0, sizeof(sgemm));
        for (int i = 0; i < SIZES; i++) {
            product(a, &sgemm);
            if (r == 1)
                memset(conv[i].mflops, 0, sizeof(conv[i].mflops));
            passes(&conv[i]);
        }
    }
    perf_row("sgemm", "MFLOP/s", &sgemm, "\"side\": %d, ", SIDE);
    for (int i = 0; i < SIZES; i++) {
        report(i, &conv[i], (double)weir_hist_quantile(&sgemm, 0.5));
        destroy(&conv[i]);
    }
    weir_dnnl_destroy(d);
    free(a);
    return 0;
}
