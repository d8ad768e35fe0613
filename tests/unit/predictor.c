/* SPDX-License-Identifier: BSD-3-Clause */
/* weir/surrogate.h on files of its own: what comes out is what the weights that
 * went in give, whatever the batch. */
#include "tests/nn_reference.h"
#include "tests/scratch.h"

#include "base/rng.h"
#include "io/checkpoint_dir.h"
#include "io/checkpoint_writer.h"
#include "io/predictor.h"
#include "io/run_dir.h"

#include <math.h>

enum { POINTS = 20, MEMBERS = 2, STATES = 5, STEPS = 3, MOST = 64 };

/* A file of an ensemble: weights, scales and description. */
struct bench {
    char dir[PATH_MAX];
    struct weir_model *model;
    struct weir_options options;
    struct weir_normaliser norm;
    struct weir_ensemble e;
    float *packed, *plain;
    struct weir_tensor tensor[MOST];
    size_t n;
    float in[STATES * POINTS];
};

static void make_model_here(struct bench *b)
{
    const struct weir_model_ops *ops = weir_model_find("convnet");
    struct weir_shape shape = {1, 1, {POINTS, 1}};
    ok(weir_options_init(ops->options, &b->options));
    ok(weir_options_set(&b->options, "width", "8"));
    ok(weir_options_set(&b->options, "depth", "2"));
    ok(weir_model_create(ops, &b->options, &shape, &b->model));
    size_t stride = weir_ensemble_stride(b->model);
    b->packed = make_floats(MEMBERS * stride);
    ok(weir_ensemble_init(b->model, 3, MEMBERS, b->packed));
    b->e = (struct weir_ensemble){MEMBERS, stride, b->packed, &b->norm};
}

static void list_tensors(struct bench *b)
{
    size_t count = weir_model_parameters(b->model);
    float *at = b->plain = make_floats(MEMBERS * count);
    uint64_t one = 1;
    for (int m = 0; m < MEMBERS; m++)
        for (size_t i = 0; i < weir_model_tensors(b->model); i++) {
            struct weir_model_tensor t = weir_model_tensor(b->model, i);
            uint64_t shape[4];
            char name[WEIR_TENSOR_NAME_MAX];
            for (int d = 0; d < t.rank; d++)
                shape[d] = (uint64_t)t.dims[d];
            weir_ensemble_name("model", MEMBERS, m, t.name, name, sizeof(name));
            ok(weir_model_export(b->model, i,
                                 b->packed + (size_t)m * b->e.stride, at));
            ok(weir_tensor_init(&b->tensor[b->n++], name, WEIR_F32, t.rank,
                                shape, at));
            at += t.count;
        }
    ok(weir_tensor_init(&b->tensor[b->n++], "normaliser.mean", WEIR_F32, 1,
                        &one, b->norm.mean));
    ok(weir_tensor_init(&b->tensor[b->n++], "normaliser.deviation", WEIR_F32, 1,
                        &one, b->norm.deviation));
    ok(weir_tensor_init(&b->tensor[b->n++], "normaliser.residual", WEIR_F32, 1,
                        &one, b->norm.residual));
}

static void write_file(struct bench *b)
{
    static const char *const field[] = {"height"};
    struct weir_solver_info info = {
        .shape = {1, 1, {POINTS, 1}}, .dt = 0.25, .field = field};
    struct weir_predictor_description d;
    struct weir_text meta[3 + WEIR_PREDICTOR_TEXTS] = {
        {"weir.model", "convnet"},
        {"weir.solver", "waves"},
        {"weir.best_step", "77"},
    };
    struct weir_checkpoint_options o = {.dir = b->dir, .keep = 1};
    struct weir_checkpoint_writer *w;
    struct weir_checkpoint_report report;
    ok(weir_predictor_describe(&b->options, &info, true, false, MEMBERS, NULL,
                               &d, meta + 3));
    struct weir_checkpoint file = {
        .step = 77,
        .name = "best",
        .tensor = b->tensor,
        .n = b->n,
        .meta = meta,
        .n_meta = 3 + WEIR_PREDICTOR_TEXTS,
    };
    ok(weir_run_dir_prepare(b->dir));
    ok(weir_checkpoint_writer_create(&o, &w));
    ok(weir_checkpoint_write(w, &file, &report));
    weir_checkpoint_writer_destroy(w);
    weir_predictor_description_free(&d);
}

static void open_bench(struct bench *b)
{
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, 0);
    *b = (struct bench){0};
    scratch_make(b->dir);
    for (int i = 0; i < STATES * POINTS; i++)
        b->in[i] = (float)(2 + weir_rng_normal(&rng));
    ok(weir_normaliser_init(&b->norm, 1));
    ok(weir_normaliser_add(&b->norm, b->in, STATES, POINTS));
    ok(weir_normaliser_freeze(&b->norm));
    make_model_here(b);
    list_tensors(b);
    write_file(b);
}

static void close_bench(struct bench *b)
{
    weir_options_free(&b->options);
    weir_model_destroy(b->model);
    free(b->packed);
    free(b->plain);
    scratch_remove(b->dir);
}

static void a_surrogate_says_what_it_is(void **state)
{
    struct bench b;
    struct weir_predictor *p;
    (void)state;
    open_bench(&b);
    ok(weir_predictor_open(b.dir, NULL, &p));
    const struct weir_predictor_info *i = weir_predictor_about(p);
    assert_int_equal(i->shape.channels, 1);
    assert_int_equal(i->shape.dims, 1);
    assert_int_equal(i->shape.n[0], POINTS);
    assert_int_equal(weir_shape_floats(&i->shape), POINTS);
    assert_string_equal(i->field[0], "height");
    assert_string_equal(i->model, "convnet");
    assert_string_equal(i->solver, "waves");
    assert_true(i->dt == 0.25 && i->residual && i->members == MEMBERS);
    assert_int_equal(i->step, 77);
    assert_int_equal(i->parameters, weir_model_parameters(b.model));
    weir_predictor_close(p);
    close_bench(&b);
}

/* Batches of two for five states; each member by itself, step after step. */
static void a_rollout_is_that_of_the_weights(void **state)
{
    struct bench b;
    struct weir_predictor_options o = {.batch = 2};
    struct weir_predictor *p;
    struct weir_surrogate *s;
    float out[STATES * STEPS * POINTS], spread[STATES * STEPS * POINTS];
    float each[MEMBERS * POINTS], mean[POINTS], apart[POINTS];
    (void)state;
    open_bench(&b);
    ok(weir_predictor_open(b.dir, &o, &p));
    ok(weir_predictor_rollout(p, b.in, STATES, STEPS, out, spread));
    ok(weir_predictor_surrogate(p, &s));
    for (size_t j = 0; j < STATES; j++) {
        weir_ensemble_start(&b.e, b.in + j * POINTS, POINTS, each);
        for (size_t t = 0; t < STEPS; t++) {
            size_t at = (j * STEPS + t) * POINTS;
            ok(weir_ensemble_step(&b.e, s, 1, each, NULL));
            weir_ensemble_gather(&b.e, each, POINTS, NULL, mean, apart);
            assert_memory_equal(mean, out + at, sizeof(mean));
            assert_memory_equal(apart, spread + at, sizeof(apart));
        }
    }
    /* One step, in place; spread is not zero. */
    ok(weir_predictor_step(p, b.in, STATES, b.in, NULL));
    for (size_t j = 0; j < STATES; j++)
        assert_memory_equal(b.in + j * POINTS, out + j * STEPS * POINTS,
                            POINTS * sizeof(float));
    assert_true(spread[0] > 0);
    fails(weir_predictor_rollout(p, b.in, -1, 1, out, NULL), -EINVAL);
    assert_non_null(strstr(weir_predictor_message(), "-1 states"));
    ok(weir_predictor_rollout(p, b.in, 0, 4, out, NULL));
    weir_surrogate_destroy(s);
    weir_predictor_close(p);
    close_bench(&b);
}

static void what_is_no_surrogate_is_refused(void **state)
{
    struct bench b;
    struct weir_predictor_options o = {.batch = -1};
    struct weir_predictor *p = NULL;
    char empty[PATH_MAX];
    (void)state;
    open_bench(&b);
    fails(weir_predictor_open(b.dir, &o, &p), -EINVAL);
    fails(weir_predictor_open("/nowhere/at/all", NULL, &p), -ENOENT);
    scratch_make(empty);
    fails(weir_predictor_open(empty, NULL, &p), -ENOENT);
    says("no checkpoint");
    /* One bias too few values. */
    b.tensor[1].shape[0] -= 1;
    b.tensor[1].bytes -= sizeof(float);
    write_file(&b);
    fails(weir_predictor_open(b.dir, NULL, &p), -WEIR_ECONFIG);
    says("another architecture than convnet");
    weir_predictor_close(NULL);
    assert_null(p);
    scratch_remove(empty);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_surrogate_says_what_it_is),
        cmocka_unit_test(a_rollout_is_that_of_the_weights),
        cmocka_unit_test(what_is_no_surrogate_is_refused),
    };
    return RUN(cases);
}
