/* SPDX-License-Identifier: BSD-3-Clause */
/* What a direct surrogate reads: features by hand, and the slope of its loss. */
#include "tests/nn_reference.h"

#include "base/rng.h"
#include "nn/inputs.h"
#include "nn/registry.h"
#include "nn/surrogate.h"

#include <math.h>

static const struct weir_parameter parameters[] = {
    {.name = "a", .low = 2, .high = 6},
    {.name = "b", .low = 0.01, .high = 100, .axis = WEIR_AXIS_LOG},
    {.name = "phi", .low = 0, .high = 4, .wraps = true},
};
static const struct weir_space space = {.n = 3, .parameter = parameters};
static const struct weir_inputs inputs = {&space, 0.5, 10};

static void near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance * (1 + fabs(wanted))))
        fail_msg("%.9g, expected %.9g", got, wanted);
}

static void features_are_those_of_a_calculator(void **state)
{
    (void)state;
    const double value[] = {5, 10, 3};
    float number[4], feature[5];
    assert_int_equal(weir_inputs_numbers(&inputs), 4);
    assert_int_equal(weir_inputs_features(&inputs), 5);
    weir_inputs_put(&inputs, value, 15, number);
    assert_true(number[0] == 5 && number[1] == 10 && number[2] == 3);
    near((double)number[3], 7.5, 0);
    weir_inputs_scale(&inputs, number, feature);
    near((double)feature[0], 0.5, 1e-6); /* 3/4 of the way */
    near((double)feature[1], 0.5, 1e-6); /* 10^-2 .. 10^1 .. 10^2 */
    near((double)feature[2], 0, 1e-6);   /* three quarters of a turn */
    near((double)feature[3], -1, 1e-6);
    near((double)feature[4], 0.5, 1e-6);
}

static void a_steady_problem_has_no_time(void **state)
{
    (void)state;
    const struct weir_inputs steady = {&space, 0, 0};
    const double value[] = {5, 10, 3};
    float number[4], feature[5];
    weir_inputs_put(&steady, value, 1, number);
    weir_inputs_scale(&steady, number, feature);
    near((double)feature[4], -1, 0);
}

/* ---- through a net ---- */

enum { BATCH = 3, POINTS = 12, FRAME = 2 * POINTS, SAMPLE = 4 + FRAME };

struct bench {
    struct weir_options options;
    struct weir_model *model;
    struct weir_surrogate *s;
    struct weir_normaliser norm;
    size_t n;
    float *w, *grad, data[BATCH][SAMPLE];
    const float *sample[BATCH];
};

static void open_bench(struct bench *b)
{
    const struct weir_model_ops *ops = weir_model_find("direct");
    struct weir_model_io io = {.shape = {2, 1, {POINTS, 1}}, .parameters = 5};
    struct weir_surrogate_config config = {
        .batch = BATCH, .unroll = 1, .residual = true, .inputs = &inputs};
    struct weir_rng rng = weir_rng_stream(8, WEIR_RNG_TEST, 0);
    *b = (struct bench){0};
    ok(weir_options_init(ops->options, &b->options));
    ok(weir_options_set(&b->options, "width", "16"));
    ok(weir_options_set(&b->options, "activation", "tanh"));
    ok(weir_model_create_for(ops, &b->options, &io, &b->model));
    b->n = weir_model_packed(b->model);
    b->w = make_floats(b->n);
    b->grad = make_floats(b->n);
    ok(weir_model_init(b->model, 3, b->w));
    ok(weir_normaliser_init(&b->norm, 2));
    for (int i = 0; i < BATCH; i++) {
        const double value[] = {2 + 4 * weir_rng_uniform(&rng),
                                1 + weir_rng_uniform(&rng),
                                4 * weir_rng_uniform(&rng)};
        weir_inputs_put(&inputs, value, 1 + weir_rng_below(&rng, 20),
                        b->data[i]);
        for (int j = 4; j < SAMPLE; j++)
            b->data[i][j] = (float)(3 + weir_rng_normal(&rng));
        ok(weir_normaliser_add(&b->norm, b->data[i] + 4, 1, POINTS));
        b->sample[i] = i == 1 ? NULL : b->data[i];
    }
    ok(weir_normaliser_freeze(&b->norm));
    ok(weir_surrogate_create(b->model, &config, &b->s));
    assert_int_equal(weir_surrogate_reads(b->s), 4);
}

static void close_bench(struct bench *b)
{
    weir_surrogate_destroy(b->s);
    weir_model_destroy(b->model);
    weir_options_free(&b->options);
    free(b->w);
    free(b->grad);
}

static double loss_at(struct bench *b)
{
    float loss[BATCH];
    ok(weir_surrogate_train(b->s, b->w, &b->norm, b->sample, 0.5F, b->grad,
                            loss));
    assert_true(loss[1] == 0);
    return ((double)loss[0] + (double)loss[2]) / 2;
}

/* Along a direction, all weights at once; losses are floats. */
static void the_loss_has_the_slope_it_tells(void **state)
{
    struct bench b;
    (void)state;
    open_bench(&b);
    struct weir_rng rng = weir_rng_stream(9, WEIR_RNG_TEST, 0);
    float *d = make_floats(b.n), *was = make_floats(b.n);
    double h = 2e-3, told = 0, high;
    loss_at(&b);
    for (size_t i = 0; i < b.n; i++) {
        was[i] = b.w[i];
        d[i] = was[i] == 0 ? 0 : (float)weir_rng_normal(&rng);
        told += (double)d[i] * (double)b.grad[i];
    }
    for (size_t i = 0; i < b.n; i++)
        b.w[i] = was[i] + (float)h * d[i];
    high = loss_at(&b);
    for (size_t i = 0; i < b.n; i++)
        b.w[i] = was[i] - (float)h * d[i];
    near((high - loss_at(&b)) / (2 * h), told, 2e-3);
    free(d);
    free(was);
    close_bench(&b);
}

/* Alone, among others, or in training: the same bits. */
static void a_prediction_is_what_was_trained(void **state)
{
    struct bench b;
    float all[BATCH * 4], out[BATCH * FRAME], one[FRAME];
    (void)state;
    open_bench(&b);
    for (int i = 0; i < BATCH; i++)
        memcpy(all + (size_t)i * 4, b.data[i], 4 * sizeof(float));
    ok(weir_surrogate_predict(b.s, b.w, &b.norm, all, BATCH, out));
    ok(weir_surrogate_predict(b.s, b.w, &b.norm, b.data[2], 1, one));
    assert_memory_equal(one, out + 2 * FRAME, sizeof(one));
    loss_at(&b);
    assert_memory_equal(one, weir_surrogate_predicted(b.s) + 2 * FRAME,
                        sizeof(one));
    close_bench(&b);
}

static void what_does_not_fit_is_refused(void **state)
{
    struct bench b;
    struct weir_surrogate *s = NULL;
    (void)state;
    open_bench(&b);
    struct weir_surrogate_config states = {.batch = 1};
    struct weir_surrogate_config two = {
        .batch = 1, .unroll = 2, .inputs = &inputs};
    fails(weir_surrogate_create(b.model, &states, &s), -EINVAL);
    says("reads 5 features of parameters");
    fails(weir_surrogate_create(b.model, &two, &s), -EINVAL);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(features_are_those_of_a_calculator),
        cmocka_unit_test(a_steady_problem_has_no_time),
        cmocka_unit_test(the_loss_has_the_slope_it_tells),
        cmocka_unit_test(a_prediction_is_what_was_trained),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return RUN(cases);
}
