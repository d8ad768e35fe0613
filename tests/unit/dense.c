/* SPDX-License-Identifier: BSD-3-Clause */
/* The strategies' own networks against double loops and finite differences. */
#include "tests/test.h"

#include "acquire/dense.h"

#include "base/rng.h"

#include <math.h>

static struct weir_rng rng;

static void scatter(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)weir_rng_normal(&rng);
}

/* ---- the network in double ---- */

enum { IN = 5, WIDTH = 19, BLOCKS = 2, OUT = 3, ROWS = 6 };

static const struct weir_dense_shape shape = {IN, WIDTH, BLOCKS, OUT};

static double silu(double a)
{
    return a / (1 + exp(-a));
}

static const double *layer(const double *w, const double *x, int in, int out,
                           double *y)
{
    for (int j = 0; j < out; j++) {
        y[j] = w[in * out + j];
        for (int i = 0; i < in; i++)
            y[j] += x[i] * w[i * out + j];
    }
    return w + in * out + out;
}

static void plain(const double *w, const float *row, double *y)
{
    double x[IN], a[WIDTH], h[WIDTH];
    for (int i = 0; i < IN; i++)
        x[i] = row[i];
    w = layer(w, x, IN, WIDTH, a);
    for (int j = 0; j < WIDTH; j++)
        h[j] = silu(a[j]);
    for (int b = 0; b < BLOCKS; b++) {
        w = layer(w, h, WIDTH, WIDTH, a);
        for (int j = 0; j < WIDTH; j++)
            h[j] += silu(a[j]);
    }
    layer(w, h, WIDTH, OUT, y);
}

/* Sum of squares of outputs less targets. */
static double loss(const double *w, const float *x, const float *target)
{
    double sum = 0, y[OUT];
    for (int r = 0; r < ROWS; r++) {
        plain(w, x + r * IN, y);
        for (int j = 0; j < OUT; j++)
            sum += 0.5 * pow(y[j] - target[r * OUT + j], 2);
    }
    return sum;
}

static struct weir_dense *some_net(float *x, float *target, double **w,
                                   size_t *n)
{
    struct weir_dense *d;
    ok(weir_dense_create(&shape, ROWS, &d));
    weir_dense_init(d, 2, 0);
    rng = weir_rng_stream(1, WEIR_RNG_TEST, 2);
    float *at = weir_dense_weights(d, n);
    for (size_t i = *n - (WIDTH + 1) * OUT; i < *n; i++)
        at[i] = 0.3f * (float)weir_rng_normal(&rng);
    *w = malloc(*n * sizeof(**w));
    for (size_t i = 0; i < *n; i++)
        (*w)[i] = at[i];
    scatter(x, ROWS * IN);
    scatter(target, ROWS * OUT);
    return d;
}

static void outputs_are_those_of_double_loops(void **state)
{
    (void)state;
    float x[ROWS * IN], target[ROWS * OUT];
    double *w, y[OUT];
    size_t n;
    struct weir_dense *d = some_net(x, target, &w, &n);
    x[0] = 300; /* the activation at both ends */
    x[IN] = -300;
    const float *got;
    ok(weir_dense_forward(d, NULL, x, ROWS, &got));
    for (int r = 0; r < ROWS; r++) {
        plain(w, x + r * IN, y);
        for (int j = 0; j < OUT; j++)
            assert_true(fabs(y[j] - got[r * OUT + j]) <
                        3e-6 * fmax(1, r < 2 ? 300 : fabs(y[j])));
    }
    free(w);
    weir_dense_destroy(d);
}

static void the_gradient_is_that_of_finite_differences(void **state)
{
    (void)state;
    float x[ROWS * IN], target[ROWS * OUT], dy[ROWS * OUT];
    double *w, worst = 0;
    size_t n;
    struct weir_dense *d = some_net(x, target, &w, &n);
    const float *y, *grad;
    ok(weir_dense_forward(d, NULL, x, ROWS, &y));
    for (int i = 0; i < ROWS * OUT; i++)
        dy[i] = y[i] - target[i];
    ok(weir_dense_backward(d, x, dy, ROWS, &grad));
    for (size_t i = 0; i < n; i++) {
        double h = 1e-5, at = w[i];
        w[i] = at + h;
        double up = loss(w, x, target);
        w[i] = at - h;
        double down = loss(w, x, target);
        w[i] = at;
        worst = fmax(worst, fabs((up - down) / (2 * h) - grad[i]));
    }
    print_message("%zu weights, largest difference %.1e\n", n, worst);
    assert_true(worst < 3e-5);
    free(w);
    weir_dense_destroy(d);
}

static void a_row_does_not_depend_on_its_company(void **state)
{
    (void)state;
    float x[ROWS * IN], target[ROWS * OUT], all[ROWS * OUT];
    double *w;
    size_t n;
    struct weir_dense *d = some_net(x, target, &w, &n);
    const float *y;
    ok(weir_dense_forward(d, NULL, x, ROWS, &y));
    memcpy(all, y, sizeof(all));
    for (int r = 0; r < ROWS; r++) {
        ok(weir_dense_forward(d, NULL, x + r * IN, 1, &y));
        for (int j = 0; j < OUT; j++)
            assert_true(fabsf(y[j] - all[r * OUT + j]) < 1e-5f);
    }
    free(w);
    weir_dense_destroy(d);
}

/* y = x_0 x_1, and on from a saved state to the same bits. */
static double learn(struct weir_dense *d, int steps)
{
    float x[ROWS * IN], dy[ROWS * OUT] = {0};
    double sum = 0;
    for (int s = 0; s < steps; s++) {
        rng = weir_rng_stream(9, WEIR_RNG_TEST, weir_dense_steps(d));
        scatter(x, ROWS * IN);
        const float *y, *grad;
        ok(weir_dense_forward(d, NULL, x, ROWS, &y));
        sum = 0;
        for (int r = 0; r < ROWS; r++) {
            dy[r * OUT] = y[r * OUT] - x[r * IN] * x[r * IN + 1];
            sum += dy[r * OUT] * dy[r * OUT] / ROWS;
        }
        ok(weir_dense_backward(d, x, dy, ROWS, &grad));
        weir_dense_step(d, &(struct weir_dense_rate){.lr = 3e-3});
    }
    return sum;
}

static void it_learns_and_goes_on_from_a_saved_state(void **state)
{
    (void)state;
    struct weir_dense *d, *e;
    struct weir_blob blob = {0};
    size_t n;
    ok(weir_dense_create(&shape, ROWS, &d));
    ok(weir_dense_create(&shape, ROWS, &e));
    weir_dense_init(d, 3, 1);
    double late = 0;
    learn(d, 2000);
    ok(weir_dense_save(d, &blob));
    for (int i = 0; i < 20; i++)
        late += learn(d, 1) / 20;
    ok(weir_dense_restore(e, &blob));
    for (int i = 0; i < 20; i++)
        learn(e, 1);
    float *w = weir_dense_weights(d, &n);
    assert_memory_equal(w, weir_dense_weights(e, &n), n * sizeof(float));
    print_message("squared error %.3f of 1\n", late);
    assert_true(late < 0.25);
    struct weir_dense_shape other = {IN, WIDTH + 1, BLOCKS, OUT};
    struct weir_dense *f;
    ok(weir_dense_create(&other, ROWS, &f));
    blob.at = 0;
    fails(weir_dense_restore(f, &blob), -EINVAL);
    blob.at = 0;
    blob.size /= 2;
    fails(weir_dense_restore(e, &blob), -WEIR_ECORRUPT);
    weir_blob_free(&blob);
    weir_dense_destroy(d);
    weir_dense_destroy(e);
    weir_dense_destroy(f);
}

static void shapes_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct weir_dense *d;
    struct weir_dense_shape bad = shape;
    bad.width = 0;
    fails(weir_dense_create(&bad, ROWS, &d), -EINVAL);
    fails(weir_dense_create(&shape, 0, &d), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(outputs_are_those_of_double_loops),
        cmocka_unit_test(the_gradient_is_that_of_finite_differences),
        cmocka_unit_test(a_row_does_not_depend_on_its_company),
        cmocka_unit_test(it_learns_and_goes_on_from_a_saved_state),
        cmocka_unit_test(shapes_that_cannot_be_are_refused),
    };
    return RUN(cases);
}
