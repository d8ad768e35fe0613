/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine's predictions, losses and gradients against the scalar reference
 * in double, differentiated by central differences. */
#include "tests/nn_reference.h"

#include "base/rng.h"
#include "nn/surrogate.h"

#include <dirent.h>
#include <math.h>

enum { MOST = 8 };

struct trial {
    const char *what;
    int channels, points, width, depth;
    int batch, unroll, residual;
    unsigned absent; /* bit b: no sample in place b */
    enum weir_loss_type loss;
};

static const struct trial trials[] = {
    {"one step", 1, 20, 32, 3, 3, 1, 1, 0, 0},
    {"two steps, two channels", 2, 17, 8, 2, 2, 2, 1, 0, 0},
    {"three steps, absent samples", 1, 11, 34, 2, 4, 3, 1, 0x5, 0},
    {"no hidden convolution", 2, 9, 5, 1, 2, 2, 1, 0, 0},
    {"direct prediction", 2, 16, 16, 2, 3, 2, 0, 0x2, 0},
    {"default net", 1, 160, 32, 10, 5, 1, 1, 0x10, 0},
    {"default net, two steps", 1, 160, 32, 10, 2, 2, 1, 0, 0},
    {"as few points as a kernel", 1, 3, 16, 4, 2, 2, 1, 0, 0},
    {"three channels, odd batch", 3, 40, 48, 3, 7, 1, 1, 0, 0},
    {"mae, two steps", 2, 17, 8, 2, 3, 2, 1, 0x2, WEIR_LOSS_MAE},
    {"rmse, three steps", 1, 19, 16, 2, 2, 3, 1, 0, WEIR_LOSS_RMSE},
    {"nrmse, two steps", 2, 18, 8, 2, 2, 2, 0, 0, WEIR_LOSS_NRMSE},
    {"exp weights, two steps", 2, 17, 8, 2, 3, 2, 1, 0, WEIR_LOSS_WMAE_EXP},
    {"tanh weights", 1, 33, 8, 2, 3, 1, 0, 0, WEIR_LOSS_WMAE_TANH},
};

/* Everything one trial needs. */
struct bench {
    const struct trial *t;
    struct reference r;
    struct weir_normaliser norm;
    struct weir_surrogate *s;
    float *data; /* batch samples */
    const float *sample[MOST];
    size_t frame, packed;
    float inv_count;
    float *grad, loss[MOST], nrmse[MOST];
};

static void fill_data(struct bench *b)
{
    const struct trial *t = b->t;
    size_t window = (size_t)(t->unroll + 1) * b->frame;
    struct weir_rng rng = weir_rng_stream(4, WEIR_RNG_TEST, 1);
    b->data = make_floats((size_t)t->batch * window);
    for (int i = 0; i < t->batch; i++) {
        float *x = b->data + (size_t)i * window;
        for (size_t j = 0; j < b->frame; j++)
            x[j] = (float)(1 + 2 * weir_rng_normal(&rng));
        for (size_t j = b->frame; j < window; j++)
            x[j] = x[j - b->frame] + (float)(0.3 * weir_rng_normal(&rng));
        b->sample[i] = t->absent >> i & 1 ? NULL : x;
        ok(weir_normaliser_add(&b->norm, x, t->unroll + 1, (size_t)t->points));
    }
    ok(weir_normaliser_freeze(&b->norm));
}

/* Of the last state predicted for sample @p i; train() has just run. */
static float last_error(const struct bench *b, int i)
{
    const float *p = weir_surrogate_predicted(b->s) + (size_t)i * b->frame;
    return b->sample[i]
               ? weir_loss(WEIR_LOSS_NRMSE, p,
                           b->sample[i] + (size_t)b->t->unroll * b->frame,
                           b->frame)
               : 0;
}

static struct bench open_bench(const struct trial *t)
{
    struct bench b = {.t = t, .inv_count = 1.0F / 3.0F};
    struct weir_surrogate_config config = {
        .batch = t->batch,
        .unroll = t->unroll,
        .residual = t->residual,
        .loss = t->loss,
    };
    b.r = reference_create(t->channels, t->points, t->width, t->depth, 11);
    b.r.loss = t->loss;
    b.frame = (size_t)(t->channels * t->points);
    b.packed = weir_model_packed(b.r.model);
    ok(weir_normaliser_init(&b.norm, t->channels));
    fill_data(&b);
    ok(weir_surrogate_create(b.r.model, &config, &b.s));
    b.grad = make_floats(b.packed);
    /* What was there before must not show. */
    memset(b.grad, 0x7f, b.packed * sizeof(float));
    ok(weir_surrogate_train(b.s, b.r.packed, &b.norm, b.sample, b.inv_count,
                            b.grad, b.loss));
    for (int i = 0; i < t->batch; i++)
        b.nrmse[i] = last_error(&b, i);
    return b;
}

static void close_bench(struct bench *b)
{
    weir_surrogate_destroy(b->s);
    reference_destroy(&b->r);
    free(b->data);
    free(b->grad);
}

static double total_loss(struct bench *b)
{
    double *last = calloc(b->frame, sizeof(*last)), sum = 0;
    for (int i = 0; i < b->t->batch; i++)
        if (b->sample[i])
            sum += reference_loss(&b->r, &b->norm, b->t->residual, b->t->unroll,
                                  b->sample[i], last);
    free(last);
    return sum * (double)b->inv_count;
}

static void near(const char *what, double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance))
        fail_msg("%s: %.9g, reference %.9g, apart %.3g > %.3g", what, got,
                 wanted, fabs(got - wanted), tolerance);
}

static void predictions_agree(struct bench *b)
{
    float *out = make_floats(b->frame);
    double *x = calloc(b->frame, sizeof(*x)), *y = calloc(b->frame, sizeof(*y));
    ok(weir_surrogate_predict(b->s, b->r.packed, &b->norm, b->data, 1, out));
    for (size_t i = 0; i < b->frame; i++)
        x[i] = b->data[i];
    reference_step(&b->r, &b->norm, b->t->residual, x, y);
    for (size_t i = 0; i < b->frame; i++)
        near("prediction", out[i], y[i], 2e-6 * (1 + fabs(y[i])));
    free(x);
    free(y);
    free(out);
}

static void losses_agree(struct bench *b)
{
    double *last = calloc(b->frame, sizeof(*last));
    for (int i = 0; i < b->t->batch; i++) {
        if (!b->sample[i]) {
            assert_true(b->loss[i] == 0);
            continue;
        }
        double loss = reference_loss(&b->r, &b->norm, b->t->residual,
                                     b->t->unroll, b->sample[i], last);
        const float *u = b->sample[i] + (size_t)b->t->unroll * b->frame;
        double error = 0, size = 0;
        for (size_t j = 0; j < b->frame; j++) {
            error += (last[j] - u[j]) * (last[j] - u[j]);
            size += (double)u[j] * u[j];
        }
        near("loss", b->loss[i], loss, 1e-5 * loss);
        near("nrmse", b->nrmse[i], sqrt(error / size), 1e-5);
    }
    free(last);
}

/* Slope of the reference's loss along direction @p d, all tensors at once. */
static double slope(struct bench *b, double **d, double h)
{
    double at[2];
    for (int side = 0; side < 2; side++) {
        double move = side ? -2 * h : h;
        for (size_t i = 0; i < weir_model_tensors(b->r.model); i++)
            for (size_t j = 0; j < weir_model_tensor(b->r.model, i).count; j++)
                b->r.tensor[i][j] += move * d[i][j];
        at[side] = total_loss(b);
    }
    for (size_t i = 0; i < weir_model_tensors(b->r.model); i++)
        for (size_t j = 0; j < weir_model_tensor(b->r.model, i).count; j++)
            b->r.tensor[i][j] += h * d[i][j];
    return (at[0] - at[1]) / (2 * h);
}

/* Along random directions within one tensor, and single entries of it. A
 * direction has the size of the weights it moves, so slopes are comparable. */
static void gradient_agrees(struct bench *b, size_t tensor)
{
    struct weir_rng rng = weir_rng_stream(9, WEIR_RNG_TEST, tensor);
    size_t n = weir_model_tensors(b->r.model);
    size_t count = weir_model_tensor(b->r.model, tensor).count;
    double *g = plain_tensor(b->r.model, tensor, b->grad), norm = 0;
    double **d = calloc(n, sizeof(*d));
    char what[80];
    for (size_t i = 0; i < n; i++)
        d[i] = calloc(weir_model_tensor(b->r.model, i).count, sizeof(**d));
    for (size_t j = 0; j < count; j++)
        norm += g[j] * g[j];
    norm = sqrt(norm);
    for (int kind = 0; kind < 4; kind++) {
        double wanted, along = 0;
        memset(d[tensor], 0, count * sizeof(**d));
        if (kind == 0)
            for (size_t j = 0; j < count; j++)
                d[tensor][j] = weir_rng_normal(&rng) / sqrt((double)count);
        else
            d[tensor][weir_rng_below(&rng, (uint32_t)count)] = 1;
        for (size_t j = 0; j < count; j++)
            along += g[j] * d[tensor][j];
        wanted = slope(b, d, 1e-6);
        snprintf(what, sizeof(what), "%s: slope %d of %s", b->t->what, kind,
                 weir_model_tensor(b->r.model, tensor).name);
        near(what, along, wanted, 2e-5 * norm + 1e-4 * fabs(wanted) + 1e-9);
    }
    for (size_t i = 0; i < n; i++)
        free(d[i]);
    free(d);
    free(g);
}

static void each_trial(void (*check)(struct bench *))
{
    for (size_t i = 0; i < sizeof(trials) / sizeof(*trials); i++) {
        struct bench b = open_bench(&trials[i]);
        check(&b);
        close_bench(&b);
    }
}

static void predictions_equal_the_reference(void **state)
{
    (void)state;
    each_trial(predictions_agree);
}

static void losses_equal_the_reference(void **state)
{
    (void)state;
    each_trial(losses_agree);
}

static void every_tensor(struct bench *b)
{
    /* Of a deep net, whose hidden layers are all alike, every seventh. */
    size_t step = b->t->depth > 4 ? 7 : 1;
    for (size_t i = 0; i < weir_model_tensors(b->r.model); i += step)
        gradient_agrees(b, i);
}

static void gradients_equal_central_differences(void **state)
{
    (void)state;
    each_trial(every_tensor);
}

static void padding_is_zero(struct bench *b)
{
    float *again = make_floats(b->packed);
    memset(again, 0x7f, b->packed * sizeof(float));
    for (size_t i = 0; i < weir_model_tensors(b->r.model); i++) {
        float *plain = make_floats(weir_model_tensor(b->r.model, i).count);
        ok(weir_model_export(b->r.model, i, b->grad, plain));
        ok(weir_model_import(b->r.model, i, plain, again));
        free(plain);
    }
    for (size_t i = 0; i < b->packed; i++)
        if (again[i] != b->grad[i])
            fail_msg("%s: padding at %zu is %g", b->t->what, i,
                     (double)b->grad[i]);
    free(again);
}

static void gradients_leave_padding_zero(void **state)
{
    (void)state;
    each_trial(padding_is_zero);
}

static void the_sum_over_micro_batches_is_the_batch_gradient(void **state)
{
    static const struct trial whole = {"whole", 1, 40, 32, 3, 6, 2, 1, 0, 0};
    struct bench b = open_bench(&whole);
    struct weir_surrogate_config config = {
        .batch = 4, .unroll = 2, .residual = true};
    const float *parts[2][4] = {
        {b.sample[0], b.sample[1], b.sample[2], b.sample[3]},
        {b.sample[4], b.sample[5], NULL, NULL},
    };
    struct weir_surrogate *s;
    float *sum = make_floats(b.packed), *part = make_floats(b.packed);
    float loss[4];
    memset(sum, 0, b.packed * sizeof(float));
    (void)state;
    ok(weir_surrogate_create(b.r.model, &config, &s));
    for (int i = 0; i < 2; i++) {
        ok(weir_surrogate_train(s, b.r.packed, &b.norm, parts[i], b.inv_count,
                                part, loss));
        for (size_t j = 0; j < b.packed; j++)
            sum[j] += part[j];
    }
    for (size_t j = 0; j < b.packed; j++)
        near("gradient", sum[j], b.grad[j], 2e-6);
    weir_surrogate_destroy(s);
    free(sum);
    free(part);
    close_bench(&b);
}

static void a_prediction_does_not_depend_on_its_place(void **state)
{
    static const struct trial t = {"place", 1, 160, 32, 4, 5, 1, 1, 0, 0};
    struct bench b = open_bench(&t);
    float *in = make_floats(5 * b.frame), *out = make_floats(5 * b.frame);
    (void)state;
    for (int i = 0; i < 5; i++)
        memcpy(in + (size_t)i * b.frame, b.data, b.frame * sizeof(float));
    ok(weir_surrogate_predict(b.s, b.r.packed, &b.norm, in, 5, out));
    for (size_t i = b.frame; i < 5 * b.frame; i++)
        assert_true(out[i] == out[i % b.frame]);
    /* In place, fewer than the batch. */
    ok(weir_surrogate_predict(b.s, b.r.packed, &b.norm, in, 2, in));
    assert_memory_equal(in, out, 2 * b.frame * sizeof(float));
    free(in);
    free(out);
    close_bench(&b);
}

static int threads_of_this_process(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/task");
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* tests.cmake also runs this with OMP_NUM_THREADS=4. */
static void one_thread_is_all_it_takes(void **state)
{
    static const struct trial t = {"threads", 1, 160, 32, 4, 5, 1, 1, 0, 0};
    int before = threads_of_this_process();
    struct bench b = open_bench(&t);
    (void)state;
    assert_int_equal(threads_of_this_process(), before);
    close_bench(&b);
}

static void a_non_finite_sample_is_reported(void **state)
{
    static const struct trial t = {"nan", 1, 16, 16, 2, 2, 1, 1, 0, 0};
    struct bench b = open_bench(&t);
    (void)state;
    b.data[3] = NAN;
    ok(weir_surrogate_train(b.s, b.r.packed, &b.norm, b.sample, b.inv_count,
                            b.grad, b.loss));
    assert_true(isnan(b.loss[0]));
    assert_true(isfinite(b.loss[1]));
    close_bench(&b);
}

static void bad_uses_are_refused(void **state)
{
    struct weir_model *model = make_model(1, 16, 16, 1);
    struct weir_surrogate_config config = {.batch = 2};
    struct weir_surrogate *s = NULL;
    struct weir_normaliser norm = {.channels = 1};
    float x[3 * 16] = {0}, *packed = make_floats(weir_model_packed(model));
    const float *sample[2] = {x, x};
    (void)state;
    ok(weir_model_init(model, 1, packed));
    ok(weir_normaliser_add(&norm, x, 1, 16));
    ok(weir_normaliser_freeze(&norm));
    ok(weir_surrogate_create(model, &config, &s));
    fails(weir_surrogate_train(s, packed, &norm, sample, 1, x, x), -EINVAL);
    says("prediction only");
    fails(weir_surrogate_predict(s, packed, &norm, x, 3, x), -EINVAL);
    says("3 states, batch is 2");
    weir_surrogate_destroy(s);
    config.batch = 0;
    fails(weir_surrogate_create(model, &config, &s), -EINVAL);
    says("batch 0");
    config = (struct weir_surrogate_config){.batch = 1, .unroll = -1};
    fails(weir_surrogate_create(model, &config, &s), -EINVAL);
    weir_model_destroy(model);
    free(packed);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(one_thread_is_all_it_takes),
        cmocka_unit_test(predictions_equal_the_reference),
        cmocka_unit_test(losses_equal_the_reference),
        cmocka_unit_test(gradients_equal_central_differences),
        cmocka_unit_test(gradients_leave_padding_zero),
        cmocka_unit_test(the_sum_over_micro_batches_is_the_batch_gradient),
        cmocka_unit_test(a_prediction_does_not_depend_on_its_place),
        cmocka_unit_test(a_non_finite_sample_is_reported),
        cmocka_unit_test(bad_uses_are_refused),
    };
    return RUN(cases);
}
