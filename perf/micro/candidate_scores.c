/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How fast candidates of a pool are scored by the disagreement of an ensemble
 * over a rollout, with one thread, in chunks as strategies ask for them. The
 * peer is perf/peers/torch_candidate_scores.py.
 *
 *     candidate_scores [MODEL GRID MEMBERS STEPS POOL]
 *
 * Without arguments: convnet 160 2 10 2000. Time is of a chunk of 16.
 */
#include "acquire/scorer.h"
#include "base/err.h"
#include "base/rng.h"
#include "nn/registry.h"
#include "perf/perf.h"

enum { CHUNK = 16, WARM = 3 };

struct bench {
    struct weir_model *model;
    struct weir_scorer *scorer;
    struct weir_normaliser norm;
    struct weir_ensemble ensemble;
    float *packed, *first;
};

static void fail_on(int rc)
{
    if (rc < 0) {
        fprintf(stderr, "candidate_scores: %s\n", weir_err_message());
        exit(1);
    }
}

static void make_model(struct bench *b, const char *name, const char *grid)
{
    const struct weir_model_ops *ops = weir_model_find(name);
    struct weir_shape shape = {1, 1, {1, 1}};
    struct weir_options opts;
    fail_on(ops ? 0 : -weir_err_code());
    shape.dims = sscanf(grid, "%dx%d", &shape.n[0], &shape.n[1]);
    fail_on(weir_options_init(ops->options, &opts));
    fail_on(weir_model_create(ops, &opts, &shape, &b->model));
    weir_options_free(&opts);
    b->first = weir_array(CHUNK * weir_shape_floats(&shape), sizeof(float));
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, 0);
    for (size_t i = 0; i < CHUNK * weir_shape_floats(&shape); i++)
        b->first[i] = (float)weir_rng_normal(&rng);
}

static void make_scorer(struct bench *b, int members, int steps)
{
    struct weir_scorer_config config = {
        .score = weir_score(WEIR_SCORE_DISAGREEMENT),
        .steps = steps,
        .batch = CHUNK,
        .members = members,
        .residual = true,
    };
    size_t stride = weir_ensemble_stride(b->model);
    b->packed = weir_array((size_t)members * stride, sizeof(float));
    fail_on(weir_ensemble_init(b->model, 1, members, b->packed));
    b->norm = (struct weir_normaliser){
        .channels = 1, .frozen = true, .deviation = {1}, .residual = {0.1F}};
    b->ensemble = (struct weir_ensemble){members, stride, b->packed, &b->norm};
    fail_on(weir_scorer_create(b->model, &config, &b->scorer));
}

int main(int argc, char **argv)
{
    static struct bench b;
    static struct weir_hist hist;
    if (argc != 1 && argc != 6) {
        fprintf(stderr, "candidate_scores [MODEL GRID MEMBERS STEPS POOL]\n");
        return 2;
    }
    const char *name = argc > 1 ? argv[1] : "convnet";
    const char *grid = argc > 1 ? argv[2] : "160";
    int members = argc > 1 ? atoi(argv[3]) : 2;
    int steps = argc > 1 ? atoi(argv[4]) : 10;
    int chunks = (argc > 1 ? atoi(argv[5]) : 2000) / CHUNK;
    double score[CHUNK];
    make_model(&b, name, grid);
    make_scorer(&b, members, steps);
    struct weir_scorer_weights weights = {.now = &b.ensemble};
    perf_conditions("candidate_scores", "CPU time of one thread, chunks of %d",
                    CHUNK);
    for (int i = 0; i < WARM + chunks; i++) {
        int64_t start = weir_thread_cpu_ns();
        fail_on(weir_scorer_score(b.scorer, &weights, 0, b.first, CHUNK, NULL,
                                  score));
        if (i >= WARM)
            weir_hist_record(&hist, weir_thread_cpu_ns() - start);
    }
    perf_row("candidate_scores", "ns", &hist,
             "\"model\": \"%s\", \"grid\": \"%s\", \"members\": %d, \"steps\": "
             "%d, \"candidates_per_second\": %.0f, ",
             name, grid, members, steps,
             CHUNK * 1e9 / (double)weir_hist_quantile(&hist, 0.5));
    weir_scorer_destroy(b.scorer);
    weir_model_destroy(b.model);
    free(b.packed);
    free(b.first);
    return 0;
}
