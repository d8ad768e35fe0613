/* SPDX-License-Identifier: BSD-3-Clause */
/* Evidential regression: the loss against the Student t it is the likelihood
 * of, gradients against slopes, and what a net makes of it. */
#include "tests/nn_reference.h"

#include "base/rng.h"
#include "nn/evidence.h"
#include "nn/registry.h"
#include "nn/surrogate.h"

#include <math.h>
#include <string.h>

enum { CHANNELS = 2, POINTS = 19, N = CHANNELS * POINTS };

static const float unit[CHANNELS] = {0.3F, 1.7F};
static const struct weir_loss_frame frame = {CHANNELS, POINTS, unit};

struct state {
    double p[N], raw[3 * N];
    float y[N];
};

static void fill(struct state *s)
{
    struct weir_rng rng = weir_rng_stream(5, WEIR_RNG_TEST, 0);
    for (int i = 0; i < N; i++) {
        s->y[i] = (float)weir_rng_normal(&rng);
        s->p[i] = (float)(s->y[i] + 0.5 * weir_rng_normal(&rng));
    }
    for (int i = 0; i < 3 * N; i++)
        s->raw[i] = (float)(4 * weir_rng_normal(&rng));
}

static double softplus(double r)
{
    return log1p(exp(-fabs(r))) + fmax(r, 0);
}

/* -log of a Student t of 2 alpha degrees of freedom around gamma, its squared
 * scale beta (1 + nu) / (nu alpha). */
static double student(double e, double nu, double alpha, double beta)
{
    double square = beta * (1 + nu) / (nu * alpha), dof = 2 * alpha;
    return lgamma(dof / 2) - lgamma((dof + 1) / 2) +
           0.5 * log(dof * 3.14159265358979323846 * square) +
           (dof + 1) / 2 * log1p(e * e / (dof * square));
}

static double formula(const struct state *s, double weight)
{
    double sum = 0;
    for (int i = 0; i < N; i++) {
        double e = ((double)s->y[i] - s->p[i]) / (double)unit[i / POINTS];
        double nu = softplus(s->raw[i]) + 1e-6;
        double alpha = 1 + softplus(s->raw[N + i]) + 1e-6;
        double beta = softplus(s->raw[2 * N + i]) + 1e-6;
        sum +=
            student(e, nu, alpha, beta) + weight * fabs(e) * (2 * nu + alpha);
    }
    return sum / N;
}

static double ours(const struct state *s, double weight, double factor,
                   float *gradient, float *raw)
{
    float p[N];
    memset(gradient, 0, N * sizeof(float));
    for (int i = 0; i < N; i++)
        p[i] = (float)s->p[i];
    for (int i = 0; i < 3 * N; i++)
        raw[i] = (float)s->raw[i];
    return weir_evidence_gradient(&frame, weight, p, s->y, factor, gradient,
                                  raw);
}

static void near(const char *what, double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance * (1 + fabs(wanted))))
        fail_msg("%s: %.9g, expected %.9g", what, got, wanted);
}

static void the_loss_is_the_likelihood_of_a_student_t(void **state)
{
    struct state s;
    float g[N], raw[3 * N];
    (void)state;
    fill(&s);
    near("likelihood", ours(&s, 0, 1, g, raw), formula(&s, 0), 1e-9);
    near("with evidence", ours(&s, 0.3, 1, g, raw), formula(&s, 0.3), 1e-9);
}

static double slope(struct state *s, double *x)
{
    double h = 1e-5, was = *x, high;
    *x = was + h;
    high = formula(s, 0.3);
    *x = was - h;
    high -= formula(s, 0.3);
    *x = was;
    return high / (2 * h);
}

static void gradients_are_the_slopes(void **state)
{
    struct state s;
    float g[N], raw[3 * N];
    (void)state;
    fill(&s);
    ours(&s, 0.3, 0.7, g, raw);
    for (int i = 0; i < N; i++)
        near("gamma", (double)g[i], 0.7 * slope(&s, &s.p[i]), 1e-6);
    for (int i = 0; i < 3 * N; i++)
        near("raw", (double)raw[i], 0.7 * slope(&s, &s.raw[i]), 1e-6);
}

/* nu = 2, alpha = 3, beta = 4 in units of 0.5 and 2. */
static void variances_are_those_of_a_calculator(void **state)
{
    const float units[] = {0.5F, 2};
    const struct weir_loss_frame two = {2, 1, units};
    const float nu = logf(expf(2) - 1), beta = logf(expf(4) - 1);
    const float raw[] = {nu, nu, nu, nu, beta, beta};
    float known[2], unknown[2];
    (void)state;
    weir_evidence_aleatoric(&two, raw, known);
    weir_evidence_epistemic(&two, raw, unknown);
    near("aleatoric", (double)known[0], 0.25 * 4 / 2, 1e-5);
    near("aleatoric", (double)known[1], 4.0 * 4 / 2, 1e-5);
    near("epistemic", (double)unknown[0], 0.25 * 4 / 2 / 2, 1e-5);
    near("epistemic", (double)unknown[1], 4.0 * 4 / 2 / 2, 1e-5);
}

static void what_is_far_off_stays_finite(void **state)
{
    const float units[] = {1}, p[] = {0}, y[] = {1e4F};
    const struct weir_loss_frame one = {1, 1, units};
    (void)state;
    for (int i = 0; i < 27; i++) {
        const float far[] = {-200, 0, 200};
        float raw[] = {far[i % 3], far[i / 3 % 3], far[i / 9]}, g[] = {0};
        assert_true(
            isfinite(weir_evidence_gradient(&one, 0.01, p, y, 1, g, raw)));
        assert_true(isfinite(g[0]) && isfinite(raw[0]) && isfinite(raw[1]) &&
                    isfinite(raw[2]));
    }
}

/* ---- through a net ---- */

enum { BATCH = 3, UNROLL = 2, FIELD = 24 };

struct bench {
    struct weir_options options;
    struct weir_model *model;
    struct weir_surrogate *s;
    struct weir_normaliser norm;
    size_t n;
    float *w, *grad, *data;
    const float *sample[BATCH];
};

static struct bench open_bench(void)
{
    struct bench b = {0};
    struct weir_model_io io = {.shape = {2, 1, {FIELD, 1}}, .evidential = true};
    struct weir_surrogate_config config = {.batch = BATCH,
                                           .unroll = UNROLL,
                                           .residual = true,
                                           .loss = WEIR_LOSS_EVIDENTIAL,
                                           .evidence = 0.1};
    const struct weir_model_ops *ops = weir_model_find("convnet");
    struct weir_rng rng = weir_rng_stream(6, WEIR_RNG_TEST, 0);
    size_t window = (UNROLL + 1) * 2 * FIELD;
    ok(weir_options_init(ops->options, &b.options));
    ok(weir_options_set(&b.options, "width", "8"));
    ok(weir_options_set(&b.options, "depth", "2"));
    ok(weir_options_set(&b.options, "activation", "tanh"));
    ok(weir_model_create_for(ops, &b.options, &io, &b.model));
    b.n = weir_model_packed(b.model);
    b.w = make_floats(b.n);
    b.grad = make_floats(b.n);
    b.data = make_floats(BATCH * window);
    for (size_t i = 0; i < BATCH * window; i++)
        b.data[i] = (float)(1 + weir_rng_normal(&rng));
    ok(weir_model_init(b.model, 3, b.w));
    ok(weir_normaliser_init(&b.norm, 2));
    for (int i = 0; i < BATCH; i++) {
        b.sample[i] = b.data + (size_t)i * window;
        ok(weir_normaliser_add(&b.norm, b.sample[i], UNROLL + 1, FIELD));
    }
    b.sample[1] = NULL;
    ok(weir_normaliser_freeze(&b.norm));
    ok(weir_surrogate_create(b.model, &config, &b.s));
    return b;
}

static void close_bench(struct bench *b)
{
    weir_surrogate_destroy(b->s);
    weir_model_destroy(b->model);
    weir_options_free(&b->options);
    free(b->w);
    free(b->grad);
    free(b->data);
}

static double loss_at(struct bench *b)
{
    float loss[BATCH];
    double sum = 0;
    ok(weir_surrogate_train(b->s, b->w, &b->norm, b->sample, 0.5F, b->grad,
                            loss));
    assert_true(loss[1] == 0);
    for (int i = 0; i < BATCH; i++)
        sum += (double)loss[i];
    return sum / 2;
}

/* Along a direction, all weights at once; losses are floats. */
static void a_chain_of_steps_has_the_slope_it_tells(void **state)
{
    struct bench b = open_bench();
    struct weir_rng rng = weir_rng_stream(7, WEIR_RNG_TEST, 0);
    float *d = make_floats(b.n), *was = make_floats(b.n);
    double h = 1e-3, told = 0, high;
    (void)state;
    memcpy(was, b.w, b.n * sizeof(float));
    loss_at(&b);
    for (size_t i = 0; i < b.n; i++) {
        d[i] = was[i] == 0 ? 0 : (float)weir_rng_normal(&rng);
        told += (double)d[i] * (double)b.grad[i];
    }
    for (size_t i = 0; i < b.n; i++)
        b.w[i] = was[i] + (float)h * d[i];
    high = loss_at(&b);
    for (size_t i = 0; i < b.n; i++)
        b.w[i] = was[i] - (float)h * d[i];
    near("slope", (high - loss_at(&b)) / (2 * h), told, 2e-3);
    free(d);
    free(was);
    close_bench(&b);
}

/* In a prediction as in training; what is given has none. */
static void a_prediction_tells_its_variance(void **state)
{
    struct bench b = open_bench();
    float out[2 * FIELD], variance[2 * FIELD];
    (void)state;
    ok(weir_surrogate_predict(b.s, b.w, &b.norm, b.data, 1, out));
    memcpy(variance, weir_surrogate_variance(b.s), sizeof(variance));
    for (int i = 0; i < 2 * FIELD; i++)
        assert_true(variance[i] > 0 && isfinite(variance[i]));
    ok(weir_surrogate_predict(b.s, b.w, &b.norm, out, 1, out));
    assert_memory_not_equal(variance, weir_surrogate_variance(b.s),
                            sizeof(variance));
    close_bench(&b);
}

static void loss_and_net_need_each_other(void **state)
{
    struct bench b = open_bench();
    struct weir_surrogate_config config = {.batch = 1, .unroll = 1};
    struct weir_surrogate *s = NULL;
    (void)state;
    fails(weir_surrogate_create(b.model, &config, &s), -EINVAL);
    says("need each other");
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_loss_is_the_likelihood_of_a_student_t),
        cmocka_unit_test(gradients_are_the_slopes),
        cmocka_unit_test(variances_are_those_of_a_calculator),
        cmocka_unit_test(what_is_far_off_stays_finite),
        cmocka_unit_test(a_chain_of_steps_has_the_slope_it_tells),
        cmocka_unit_test(a_prediction_tells_its_variance),
        cmocka_unit_test(loss_and_net_need_each_other),
    };
    return RUN(cases);
}
