/* SPDX-License-Identifier: BSD-3-Clause */
/* A scorer against surrogates asked one by one and sums written out. */
#include "tests/nn_reference.h"

#include "acquire/scorer.h"
#include "acquire/sketch.h"
#include "base/rng.h"

enum { POINTS = 24, BATCH = 3, N = 2, MEMBERS = 3, STEPS = 4, SIDE = 32 };

static void near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-5 * fabs(b)))
        fail_msg("%.10g, expected %.10g", a, b);
}

static void draw(float *x, size_t n)
{
    struct weir_rng rng = weir_rng_stream(2, WEIR_RNG_TEST, 0);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)weir_rng_normal(&rng);
}

/* A small net of three members, and all rollouts of two candidates. */
struct small {
    struct weir_model *model;
    struct weir_normaliser norm;
    struct weir_ensemble members;
    float *packed;
    float first[N * POINTS];
    float rolled[MEMBERS][STEPS][N * POINTS];
};

static void roll(struct small *c)
{
    struct weir_surrogate_config config = {.batch = BATCH, .residual = true};
    struct weir_surrogate *s;
    ok(weir_surrogate_create(c->model, &config, &s));
    for (size_t m = 0; m < MEMBERS; m++)
        for (int t = 0; t < STEPS; t++)
            ok(weir_surrogate_predict(
                s, c->packed + m * c->members.stride, &c->norm,
                t ? c->rolled[m][t - 1] : c->first, N, c->rolled[m][t]));
    weir_surrogate_destroy(s);
}

static struct small *make_small(void)
{
    struct small *c = calloc(1, sizeof(*c));
    c->model = make_model(1, POINTS, 8, 2);
    size_t stride = weir_ensemble_stride(c->model);
    c->packed = make_floats(MEMBERS * stride);
    draw(c->first, N * POINTS);
    ok(weir_ensemble_init(c->model, 1, MEMBERS, c->packed));
    ok(weir_normaliser_init(&c->norm, 1));
    ok(weir_normaliser_add(&c->norm, c->first, N, POINTS));
    ok(weir_normaliser_freeze(&c->norm));
    c->members = (struct weir_ensemble){MEMBERS, stride, c->packed, &c->norm};
    roll(c);
    return c;
}

static void drop_small(struct small *c)
{
    weir_model_destroy(c->model);
    free(c->packed);
    free(c);
}

static struct weir_scorer *make_scorer(const struct weir_model *model,
                                       enum weir_score_kind kind,
                                       struct weir_scorer_config config)
{
    struct weir_scorer *s;
    config.score = weir_score(kind);
    ok(weir_scorer_create(model, &config, &s));
    return s;
}

static const struct weir_scorer_config rolling = {
    .steps = STEPS, .batch = BATCH, .residual = true, .members = MEMBERS};

static void disagreement_is_the_variance_of_rollouts(void **state)
{
    (void)state;
    struct small *c = make_small();
    struct weir_scorer *s =
        make_scorer(c->model, WEIR_SCORE_DISAGREEMENT, rolling);
    struct weir_scorer_weights w = {.now = &c->members};
    double score[N], expected = 0;
    ok(weir_scorer_score(s, &w, 0, c->first, N, NULL, score));
    for (int i = 0; i < N; i++, expected = 0) {
        for (int t = 0; t < STEPS; t++)
            for (int x = i * POINTS; x < (i + 1) * POINTS; x++) {
                double a = c->rolled[0][t][x], b = c->rolled[1][t][x],
                       d = c->rolled[2][t][x], mean = (a + b + d) / 3;
                expected += ((a - mean) * (a - mean) + (b - mean) * (b - mean) +
                             (d - mean) * (d - mean)) /
                            3 / (STEPS * POINTS);
            }
        near(score[i], expected);
    }
    fails(weir_scorer_score(s, &w, 0, c->first, BATCH + 1, NULL, score),
          -EINVAL);
    weir_scorer_destroy(s);
    drop_small(c);
}

/* Members stand for weights of two times. */
static void discrepancies_are_those_of_two_sets_of_weights(void **state)
{
    (void)state;
    struct small *c = make_small();
    struct weir_scorer *norm = make_scorer(c->model, WEIR_SCORE_TOD, rolling);
    struct weir_scorer *half =
        make_scorer(c->model, WEIR_SCORE_TOD_ROUNDS, rolling);
    struct weir_ensemble before = c->members;
    before.packed += before.stride;
    struct weir_scorer_weights w = {&c->members, &before};
    double score[N], halves[N];
    ok(weir_scorer_score(norm, &w, 0, c->first, N, NULL, score));
    ok(weir_scorer_score(half, &w, 0, c->first, N, NULL, halves));
    for (int i = 0; i < N; i++) {
        double squares = 0;
        for (int t = 0; t < STEPS; t++)
            for (int x = i * POINTS; x < (i + 1) * POINTS; x++)
                squares += pow(
                    (double)c->rolled[0][t][x] - (double)c->rolled[1][t][x], 2);
        near(score[i], sqrt(squares));
        near(halves[i], squares / 2);
    }
    weir_scorer_destroy(norm);
    weir_scorer_destroy(half);
    drop_small(c);
}

/* One step of an optimiser that moved nothing but the last bias, by d: every
 * value of the next state moves by the channel's scale times d. */
static void a_moved_bias_is_seen_by_hand(void **state)
{
    (void)state;
    struct small *c = make_small();
    struct weir_scorer_config one = rolling;
    one.steps = 1;
    struct weir_scorer *s = make_scorer(c->model, WEIR_SCORE_TOD, one);
    size_t n = weir_model_packed(c->model),
           last = weir_model_tensors(c->model) - 1;
    float *moved = make_floats(n), bias;
    assert_int_equal(weir_model_tensor(c->model, last).count, 1);
    memcpy(moved, c->packed, n * sizeof(float));
    ok(weir_model_export(c->model, last, moved, &bias));
    bias += 0.25F;
    ok(weir_model_import(c->model, last, &bias, moved));
    struct weir_ensemble after = {1, n, moved, &c->norm};
    struct weir_scorer_weights w = {&after, &c->members};
    double score[N];
    ok(weir_scorer_score(s, &w, 0, c->first, N, NULL, score));
    for (int i = 0; i < N; i++)
        near(score[i], 0.25 * (double)c->norm.residual[0] * sqrt(POINTS));
    free(moved);
    weir_scorer_destroy(s);
    drop_small(c);
}

static struct weir_model *make_evidential(void)
{
    struct weir_model_io io = {.shape = {1, 1, {POINTS, 1}},
                               .evidential = true};
    const struct weir_model_ops *ops = weir_model_find("convnet");
    struct weir_options opts;
    struct weir_model *model;
    ok(weir_options_init(ops->options, &opts));
    ok(weir_options_set(&opts, "width", "8"));
    ok(weir_options_set(&opts, "depth", "2"));
    ok(weir_model_create_for(ops, &opts, &io, &model));
    weir_options_free(&opts);
    return model;
}

/* Its own variance, of a member, frame by frame. */
static void add_variances(struct weir_surrogate *one, const float *packed,
                          const struct small *c, double sum[N])
{
    float x[N * POINTS];
    memcpy(x, c->first, sizeof(x));
    for (int t = 0; t < STEPS; t++) {
        ok(weir_surrogate_predict(one, packed, &c->norm, x, N, x));
        const float *variance = weir_surrogate_variance(one);
        for (int i = 0; i < N * POINTS; i++)
            sum[i / POINTS] += (double)variance[i];
    }
}

/* A last layer that looks at nothing and says gamma, r1, r2, r3. */
static void say_always(const struct weir_model *model, const float bias[4],
                       float *packed)
{
    size_t last = weir_model_tensors(model) - 1;
    size_t count = weir_model_tensor(model, last - 1).count;
    float *kernel = calloc(count, sizeof(*kernel));
    ok(weir_model_import(model, last - 1, kernel, packed));
    ok(weir_model_import(model, last, bias, packed));
    free(kernel);
}

static double softplus(double x)
{
    return log1p(exp(x));
}

static void a_density_s_own_variance_is_seen_by_hand(void **state)
{
    (void)state;
    struct small *c = make_small();
    struct weir_model *model = make_evidential();
    struct weir_surrogate_config config = {.batch = BATCH, .residual = true};
    struct weir_surrogate *one;
    size_t stride = weir_ensemble_stride(model);
    float *packed = make_floats(MEMBERS * stride);
    struct weir_ensemble all = {MEMBERS, stride, packed, &c->norm};
    struct weir_scorer_weights w = {.now = &all};
    struct weir_scorer *s = make_scorer(model, WEIR_SCORE_EVIDENTIAL, rolling);
    double score[N], sum[N] = {0}, expected = 0;
    ok(weir_ensemble_init(model, 1, MEMBERS, packed));
    ok(weir_surrogate_create(model, &config, &one));
    for (size_t m = 0; m < MEMBERS; m++)
        add_variances(one, packed + m * stride, c, sum);
    ok(weir_scorer_score(s, &w, 0, c->first, N, NULL, score));
    assert_true(score[0] != score[1]);
    for (int i = 0; i < N; i++)
        near(score[i], sum[i] / (MEMBERS * STEPS * POINTS));
    for (size_t m = 0; m < MEMBERS; m++) {
        const float bias[4] = {0.5F, 1.5F, -0.5F * (float)m, 0.7F};
        say_always(model, bias, packed + m * stride);
        expected +=
            softplus(0.7) / (softplus(1.5) * softplus(-0.5 * (double)m));
    }
    ok(weir_scorer_score(s, &w, 0, c->first, N, NULL, score));
    for (int i = 0; i < N; i++)
        near(score[i],
             pow((double)c->norm.residual[0], 2) * expected / MEMBERS);
    weir_surrogate_destroy(one);
    weir_scorer_destroy(s);
    weir_model_destroy(model);
    free(packed);
    drop_small(c);
}

static void an_oracle_sees_the_loss_of_the_mean(void **state)
{
    (void)state;
    struct small *c = make_small();
    struct weir_scorer_config config = rolling;
    config.numbers.loss = WEIR_LOSS_MAE;
    struct weir_scorer *s = make_scorer(c->model, WEIR_SCORE_LOSS, config);
    struct weir_scorer_weights w = {.now = &c->members};
    float truth[N][STEPS][POINTS];
    double score[N], expected = 0;
    draw(truth[0][0], N * STEPS * POINTS);
    ok(weir_scorer_score(s, &w, 0, c->first, N, truth[0][0], score));
    for (int i = 0; i < N; i++, expected = 0) {
        for (int t = 0; t < STEPS; t++)
            for (int x = 0; x < POINTS; x++) {
                double mean = 0;
                for (int m = 0; m < MEMBERS; m++)
                    mean += c->rolled[m][t][i * POINTS + x] / 3.0;
                expected += fabs(mean - (double)truth[i][t][x]);
            }
        near(score[i], expected / (STEPS * POINTS));
    }
    weir_scorer_destroy(s);
    drop_small(c);
}

/*
 * A periodic convolution of kernel 3 keeps means: the mean change of a state is
 * scale * (bias + sum over channels of (sum of their kernel) * feature).
 */
static void features_are_what_the_last_layer_reads(void **state)
{
    (void)state;
    enum { WIDTH = 8, OUT = 16 };
    struct small *c = make_small();
    struct weir_surrogate_config config = {.batch = BATCH, .residual = true};
    struct weir_surrogate *one;
    float feature[BATCH * WIDTH], next[N * POINTS], kernel[WIDTH * 3], bias;
    size_t last = weir_model_tensors(c->model) - 1;
    ok(weir_surrogate_create(c->model, &config, &one));
    ok(weir_surrogate_predict(one, c->packed, &c->norm, c->first, N, next));
    assert_int_equal(weir_surrogate_features(one, feature), WIDTH);
    ok(weir_model_export(c->model, last, c->packed, &bias));
    ok(weir_model_export(c->model, last - 1, c->packed, kernel));
    for (int i = 0; i < N; i++) {
        double change = 0, sum = bias;
        for (int x = i * POINTS; x < (i + 1) * POINTS; x++)
            change += (double)(next[x] - c->first[x]) / POINTS;
        for (int j = 0; j < WIDTH; j++)
            sum += (double)(kernel[3 * j] + kernel[3 * j + 1] +
                            kernel[3 * j + 2]) *
                   feature[i * WIDTH + j];
        assert_true(fabs(change - c->norm.residual[0] * sum) < 1e-5);
    }
    /* A row is that, step after step, sketched. */
    struct weir_scorer_config rows = rolling;
    rows.sketch = OUT;
    rows.seed = 3;
    rows.steps = 2;
    struct weir_scorer *s = make_scorer(c->model, WEIR_SCORE_TOD, rows);
    struct weir_scorer_weights w = {.now = &c->members};
    struct weir_sketch *sketch;
    float row[N * OUT], trace[2 * WIDTH], expected[OUT];
    ok(weir_scorer_features(s, &w, c->first, N, row));
    ok(weir_sketch_create(3, 2 * WIDTH, OUT, &sketch));
    memcpy(trace, feature + WIDTH, WIDTH * sizeof(float));
    ok(weir_surrogate_predict(one, c->packed, &c->norm, next, N, next));
    weir_surrogate_features(one, feature);
    memcpy(trace + WIDTH, feature + WIDTH, WIDTH * sizeof(float));
    weir_sketch_apply(sketch, trace, expected);
    assert_memory_equal(row + OUT, expected, sizeof(expected));
    weir_sketch_destroy(sketch);
    weir_scorer_destroy(s);
    weir_surrogate_destroy(one);
    drop_small(c);
}

/* ---- dropout, of a steady problem: one channel given, one made ---- */

static struct weir_model *make_dropping(const char *rate)
{
    const struct weir_model_ops *ops = weir_model_find("smart_cnn");
    struct weir_model_io io = {.shape = {2, 2, {SIDE, SIDE}}, .given = 1};
    struct weir_options opts;
    struct weir_model *model;
    ok(weir_options_init(ops->options, &opts));
    ok(weir_options_set(&opts, "width", "2"));
    ok(weir_options_set(&opts, "dropout", rate));
    ok(weir_model_create_for(ops, &opts, &io, &model));
    weir_options_free(&opts);
    return model;
}

static void entropy_is_the_weighted_variance_of_passes(void **state)
{
    (void)state;
    enum { HALF = SIDE * SIDE, FRAME = 2 * HALF, PASSES = 3, DRAW = 5 };
    struct weir_model *model = make_dropping("0.4");
    struct weir_scorer_config config = {
        .steps = 1, .batch = N, .passes = PASSES, .seed = 7, .members = 1};
    config.numbers.weight = 2000;
    struct weir_scorer *s = make_scorer(model, WEIR_SCORE_ENTROPY, config);
    struct weir_surrogate_config plain = {.batch = N};
    struct weir_surrogate *one;
    struct weir_normaliser norm;
    size_t n = weir_model_packed(model);
    float *packed = make_floats(n), *x = make_floats(N * FRAME);
    float *pass = make_floats(PASSES * N * FRAME);
    double score[N], again[N];
    draw(x, N * FRAME);
    ok(weir_model_init(model, 1, packed));
    ok(weir_normaliser_init(&norm, 2));
    ok(weir_normaliser_add(&norm, x, N, HALF));
    ok(weir_normaliser_freeze(&norm));
    struct weir_ensemble e = {1, n, packed, &norm};
    struct weir_scorer_weights w = {.now = &e};
    ok(weir_scorer_score(s, &w, DRAW, x, N, NULL, score));
    ok(weir_surrogate_create(model, &plain, &one));
    for (int k = 0; k < PASSES; k++)
        ok(weir_surrogate_sample(one, 7, DRAW * PASSES + (uint64_t)k, packed,
                                 &norm, x, N, pass + k * N * FRAME));
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int j = i * FRAME + HALF; j < (i + 1) * FRAME; j++) {
            double a = pass[j], b = pass[N * FRAME + j],
                   c = pass[2 * N * FRAME + j], mean = (a + b + c) / 3;
            sum += (1 + 2000 * tanh(mean)) *
                   (pow(a - mean, 2) + pow(b - mean, 2) + pow(c - mean, 2));
        }
        assert_true(sum != 0);
        near(score[i], sum / (PASSES * HALF));
    }
    ok(weir_scorer_score(s, &w, DRAW, x, N, NULL, again));
    assert_memory_equal(score, again, sizeof(score));
    ok(weir_scorer_score(s, &w, DRAW + 1, x, N, NULL, again));
    assert_true(score[0] != again[0]);
    weir_surrogate_destroy(one);
    weir_scorer_destroy(s);
    weir_model_destroy(model);
    free(packed);
    free(x);
    free(pass);
}

static void what_a_score_lacks_is_told(void **state)
{
    (void)state;
    struct weir_model *model = make_dropping("0");
    struct weir_scorer *s;
    struct weir_scorer_config c = {
        .steps = 1, .batch = 1, .passes = 3, .members = 1};
    c.score = weir_score(WEIR_SCORE_ENTROPY);
    fails(weir_scorer_create(model, &c, &s), -WEIR_ECONFIG);
    says("score entropy: the model has no dropout");
    c.score = weir_score(WEIR_SCORE_DISAGREEMENT);
    fails(weir_scorer_create(model, &c, &s), -WEIR_ECONFIG);
    says("score disagreement: there is one member");
    c.score = weir_score(WEIR_SCORE_EVIDENTIAL);
    fails(weir_scorer_create(model, &c, &s), -WEIR_ECONFIG);
    says("score evidential: the model predicts no density");
    c.score = weir_score(WEIR_SCORE_TOD);
    c.steps = 0;
    fails(weir_scorer_create(model, &c, &s), -EINVAL);
    weir_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(disagreement_is_the_variance_of_rollouts),
        cmocka_unit_test(discrepancies_are_those_of_two_sets_of_weights),
        cmocka_unit_test(a_moved_bias_is_seen_by_hand),
        cmocka_unit_test(a_density_s_own_variance_is_seen_by_hand),
        cmocka_unit_test(an_oracle_sees_the_loss_of_the_mean),
        cmocka_unit_test(features_are_what_the_last_layer_reads),
        cmocka_unit_test(entropy_is_the_weighted_variance_of_passes),
        cmocka_unit_test(what_a_score_lacks_is_told),
    };
    return RUN(cases);
}
