/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the gradients of micro-batches to new weights, on one core: the tree of
 * sums and Adam. bytes counts what has to move at least: every gradient read,
 * one written and read, weights and moments read and written.
 *
 *   update [repetitions]
 */
#include "perf/perf.h"

#include "nn/optimiser.h"

static const struct {
    size_t n;
    int parts;
} jobs[] = {{28000, 4}, {1000000, 4}, {1000000, 16}};

static float *filled(size_t n, float value)
{
    float *x = weir_array(n, sizeof(float));
    for (size_t i = 0; x && i < n; i++)
        x[i] = value;
    return x;
}

static void measure(size_t n, int parts, int repetitions)
{
    struct weir_hist *h = weir_array(2, sizeof(*h));
    struct weir_adam_config adam = weir_adam_defaults();
    float *grad[16], *w = filled(n, 1), *m = filled(n, 0), *v = filled(n, 1);
    for (int i = 0; i < parts; i++)
        grad[i] = filled(n, 1e-3f);
    for (int i = 0; i < repetitions; i++) {
        int64_t begin = weir_now_ns();
        weir_reduce_tree((const float *const *)grad, parts, 0, n, grad[0]);
        int64_t reduced = weir_now_ns();
        weir_adam_step(&adam, (uint64_t)i, n, grad[0], w, m, v, w, m, v);
        weir_hist_record(&h[0], reduced - begin);
        weir_hist_record(&h[1], weir_now_ns() - reduced);
    }
    size_t word = n * sizeof(float), p = (size_t)parts;
    perf_row("reduce", "ns", &h[0],
             "\"weights\": %zu, \"parts\": %d, \"bytes\": %zu, ", n, parts,
             (p + 1) * word);
    perf_row("adam", "ns", &h[1], "\"weights\": %zu, \"bytes\": %zu, ", n,
             7 * word);
    for (int i = 0; i < parts; i++)
        free(grad[i]);
    free(w);
    free(m);
    free(v);
    free(h);
}

int main(int argc, char **argv)
{
    int repetitions = argc > 1 ? atoi(argv[1]) : 500;
    perf_conditions("update", "core %d, %d repetitions", perf_core(0),
                    repetitions);
    perf_pin(perf_core(0));
    for (size_t i = 0; i < sizeof(jobs) / sizeof(*jobs); i++)
        measure(jobs[i].n, jobs[i].parts, repetitions);
    return 0;
}
