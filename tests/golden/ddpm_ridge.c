/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sampler of OGAS on densities that are known: points of a square whose
 * difficulty is their distance from a curved ridge, and a history that is not
 * uniform.
 */
#include "tests/test.h"

#include "acquire/ddpm.h"
#include "acquire/ratio.h"

#include <math.h>
#include <stdbool.h>

/* Height of the ridge over its foot, 1 on it. */
static double difficulty(const float *x)
{
    double off = x[1] - 0.5 * sin(3 * x[0]);
    return exp(-off * off / (2 * 0.15 * 0.15));
}

static float condition(const float *x)
{
    return (float)(2 * difficulty(x) - 1);
}

static const struct weir_ddpm_config config = {
    .dims = 2,
    .timesteps = 50,
    .model_dim = 64,
    .blocks = 2,
    .batch = 128,
    .lr = 5e-3,
    .guidance = 1,
    .drop = 0.1,
};

static struct weir_ddpm *trained(int steps)
{
    struct weir_ddpm *d;
    float x[128 * 2], c[128];
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, 1);
    ok(weir_ddpm_create(&config, 1, &d));
    for (int s = 0; s < steps; s++) {
        for (int i = 0; i < 128; i++) {
            x[2 * i] = (float)(2 * weir_rng_uniform(&rng) - 1);
            x[2 * i + 1] = (float)(2 * weir_rng_uniform(&rng) - 1);
            c[i] = condition(x + 2 * i);
        }
        ok(weir_ddpm_train(d, x, c, NULL, 128, &rng));
    }
    return d;
}

enum { SAMPLES = 1024 };

static void draw(struct weir_ddpm *d, float c, float *x)
{
    struct weir_rng rng[128];
    float given[128];
    for (int from = 0; from < SAMPLES; from += 128) {
        for (int i = 0; i < 128; i++) {
            rng[i] = weir_rng_stream(2, WEIR_RNG_TEST, (uint64_t)(from + i));
            given[i] = c;
        }
        ok(weir_ddpm_sample(d, given, 128, rng, x + 2 * from));
    }
}

static bool in_box(const float *x)
{
    return fabsf(x[0]) <= 1 && fabsf(x[1]) <= 1;
}

/* Given the difficulty of the crest, points lie on it, evenly along it; given
 * half of that, on the two curves that have it, as often above as below. */
static void it_draws_from_the_level_that_is_asked_for(void **state)
{
    (void)state;
    static float x[SAMPLES * 2];
    struct weir_ddpm *d = trained(2500);
    const double off_at[] = {0, 0.15 * sqrt(2 * log(2))};
    const float ask[] = {1, 0};
    for (int k = 0; k < 2; k++) {
        int inside = 0, above = 0, quarter[4] = {0};
        double error = 0;
        draw(d, ask[k], x);
        for (int i = 0; i < SAMPLES; i++) {
            const float *p = x + 2 * i;
            double off = p[1] - 0.5 * sin(3 * p[0]);
            if (!in_box(p))
                continue;
            inside++;
            above += off > 0;
            error += fabs(fabs(off) - off_at[k]);
            quarter[(int)fmin((p[0] + 1) * 2, 3)]++;
        }
        error /= inside;
        print_message("c %g: %d of %d inside, off by %.3f, above %.2f, along "
                      "%d %d %d %d\n",
                      ask[k], inside, SAMPLES, error, (double)above / inside,
                      quarter[0], quarter[1], quarter[2], quarter[3]);
        assert_true(inside > 0.9 * SAMPLES);
        assert_true(error < 0.14); /* of uniform points 0.5 and 0.36 */
        assert_true(fabs((double)above / inside - 0.5) < 0.15);
        for (int q = 0; q < 4; q++)
            assert_true(quarter[q] > 0.15 * inside);
    }
    weir_ddpm_destroy(d);
}

/* A saved sampler goes on as it was: training and samples. */
static void it_is_restored_whole(void **state)
{
    (void)state;
    static float x[SAMPLES * 2], y[SAMPLES * 2];
    struct weir_ddpm *d = trained(20), *e;
    struct weir_blob blob = {0};
    float c[4] = {0, 0.5f, 1, -1};
    ok(weir_ddpm_create(&config, 8, &e));
    ok(weir_ddpm_save(d, &blob));
    ok(weir_ddpm_restore(e, &blob));
    struct weir_rng a = weir_rng_stream(1, WEIR_RNG_TEST, 5), b = a;
    ok(weir_ddpm_train(d, (float[8]){0.1f, 0.4f, -0.3f}, c, NULL, 4, &a));
    ok(weir_ddpm_train(e, (float[8]){0.1f, 0.4f, -0.3f}, c, NULL, 4, &b));
    draw(d, 0.5f, x);
    draw(e, 0.5f, y);
    assert_memory_equal(x, y, sizeof(x));
    assert_int_equal(weir_ddpm_steps(e), 21);
    weir_blob_free(&blob);
    weir_ddpm_destroy(d);
    weir_ddpm_destroy(e);
}

/* A sample is the same alone as in company. */
static void a_sample_depends_on_its_stream_alone(void **state)
{
    (void)state;
    struct weir_ddpm *d = trained(20);
    struct weir_rng rng[5];
    float c[5] = {0, 1, 0.3f, -1, 0.5f}, x[10], y[2];
    for (int i = 0; i < 5; i++)
        rng[i] = weir_rng_stream(3, WEIR_RNG_TEST, (uint64_t)i);
    ok(weir_ddpm_sample(d, c, 5, rng, x));
    for (int i = 0; i < 5; i++) {
        struct weir_rng own = weir_rng_stream(3, WEIR_RNG_TEST, (uint64_t)i);
        ok(weir_ddpm_sample(d, c + i, 1, &own, y));
        for (int j = 0; j < 2; j++)
            assert_true(fabsf(x[2 * i + j] - y[j]) < 1e-4f);
    }
    weir_ddpm_destroy(d);
}

/* ---- the ratio ---- */

/* Density (1 + 0.9 x_0) / 4 on the square: x_0 by inversion. */
static void history(struct weir_rng *rng, float *x)
{
    double u = weir_rng_uniform(rng);
    x[0] = (float)((sqrt(0.01 + 3.6 * u) - 1) / 0.9);
    x[1] = (float)(2 * weir_rng_uniform(rng) - 1);
}

static void weights_are_the_ratio_of_the_densities(void **state)
{
    (void)state;
    struct weir_ratio_config c = {.dims = 2,
                                  .hidden = 64,
                                  .batch = 128,
                                  .lr = 2e-3,
                                  .weight_decay = 0.01};
    struct weir_ratio *r;
    float x[256 * 2], w[256];
    double error = 0, mean = 0;
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, 7);
    ok(weir_ratio_create(&c, 1, &r));
    history(&rng, x);
    ok(weir_ratio_weights(r, x, 1, w));
    assert_true(w[0] == 1);
    for (int s = 0; s < 1500; s++) {
        for (int i = 0; i < 128; i++)
            history(&rng, x + 2 * i);
        ok(weir_ratio_train(r, x, 128, &rng));
    }
    for (int i = 0; i < 256; i++)
        history(&rng, x + 2 * i);
    ok(weir_ratio_weights(r, x, 256, w));
    for (int i = 0; i < 256; i++) {
        double exact = 1 / (1 + 0.9 * x[2 * i]);
        error += fabs(log(w[i] / fmin(exact, 10))) / 256;
    }
    double effective = weir_self_normalise(w, 256);
    for (int i = 0; i < 256; i++)
        mean += w[i] * x[2 * i] / 256;
    print_message("log ratio off by %.3f; weighted mean %.3f (history 0.3); "
                  "effective %.0f of 256\n",
                  error, mean, effective);
    assert_true(error < 0.12);
    assert_true(fabs(mean) < 0.12);
    assert_true(effective > 100 && effective < 250);
    weir_ratio_destroy(r);
}

static void weights_are_cut_and_their_effect_is_told(void **state)
{
    (void)state;
    float w[] = {1, 1, 2, 0};
    assert_true(fabs(weir_self_normalise(w, 4) - 16.0 / 6) < 1e-12);
    assert_true(w[0] == 1 && w[2] == 2 && w[3] == 0);
    struct weir_ratio_config c = {
        .dims = 1, .hidden = 64, .batch = 64, .lr = 1e-2};
    struct weir_ratio *r;
    float x[64], at[2] = {0.97f, -0.9f};
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, 8);
    ok(weir_ratio_create(&c, 1, &r));
    for (int i = 0; i < 64; i++)
        x[i] = 0.97f; /* a history of one point */
    for (int s = 0; s < 300; s++)
        ok(weir_ratio_train(r, x, 64, &rng));
    ok(weir_ratio_weights(r, at, 2, w));
    assert_true(w[0] == 0.1f);
    assert_true(w[1] == 10);
    weir_ratio_destroy(r);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(it_draws_from_the_level_that_is_asked_for),
        cmocka_unit_test(it_is_restored_whole),
        cmocka_unit_test(a_sample_depends_on_its_stream_alone),
        cmocka_unit_test(weights_are_the_ratio_of_the_densities),
        cmocka_unit_test(weights_are_cut_and_their_effect_is_told),
    };
    return RUN(cases);
}
