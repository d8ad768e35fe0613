/* SPDX-License-Identifier: BSD-3-Clause */
/* Halos, and the convolutions of the first and last layer, against the plain
 * formulas on random shapes. */
#include "tests/test.h"

#include "base/heap.h"
#include "base/rng.h"
#include "nn/arena.h"
#include "nn/thin.h"

#include <math.h>

/* One value of a thin or wide array, at a periodic point. */
static float *value(const struct weir_layout *l, float *x, int b, int c, int i)
{
    int block = l->block, at = (i % l->points + l->points) % l->points;
    return x + weir_layout_at(l, b, c / block * block) + at * block + c % block;
}

static struct weir_layout wide_layout(int batch, int channels, int points,
                                      int block)
{
    struct weir_layout l = weir_layout_plain(batch, channels, points, 2);
    l.block = block;
    l.padded = (channels + block - 1) / block * block;
    return l;
}

/* Random where it means something, zero in padding, halos filled. */
static float *random_array(const struct weir_layout *l, struct weir_rng *rng)
{
    float *x = weir_array(weir_layout_floats(l), sizeof(float));
    for (int b = 0; b < l->batch; b++)
        for (int c = 0; c < l->channels; c++)
            for (int i = 0; i < l->points; i++)
                *value(l, x, b, c, i) = (float)weir_rng_normal(rng);
    weir_halo_fill(l, x);
    return x;
}

struct problem {
    struct weir_thin t;
    struct weir_rng rng;
    float *thin, *wide, *w, *bias;
    int flip, h;
};

static struct problem make(uint64_t id)
{
    static const int blocks[] = {8, 16, 24};
    struct problem p = {.rng = weir_rng_stream(2, WEIR_RNG_TEST, id)};
    int batch = 1 + (int)weir_rng_below(&p.rng, 3);
    int points = 5 + (int)weir_rng_below(&p.rng, 20);
    int channels = 1 + (int)weir_rng_below(&p.rng, 3);
    int wide = 1 + (int)weir_rng_below(&p.rng, 40);
    p.t.kernel = 1 + 2 * (int)weir_rng_below(&p.rng, 3);
    p.t.thin = weir_layout_plain(batch, channels, points, 2);
    p.t.wide = wide_layout(batch, wide, points, blocks[id % 3]);
    p.h = p.t.kernel / 2;
    p.flip = (int)(id / 3 % 2);
    p.thin = random_array(&p.t.thin, &p.rng);
    p.wide = random_array(&p.t.wide, &p.rng);
    int weights = channels * p.t.kernel * p.t.wide.padded;
    p.w = weir_array((size_t)weights, sizeof(float));
    p.bias = weir_array((size_t)p.t.wide.padded, sizeof(float));
    for (int i = 0; i < weights; i++)
        p.w[i] = (float)weir_rng_normal(&p.rng);
    for (int i = 0; i < p.t.wide.padded; i++)
        p.bias[i] = (float)weir_rng_normal(&p.rng);
    return p;
}

static void drop(struct problem *p)
{
    free(p->thin);
    free(p->wide);
    free(p->w);
    free(p->bias);
}

static int shift(const struct problem *p, int k)
{
    return p->flip ? p->h - k : k - p->h;
}

static float weight(const struct problem *p, int c, int k, int l)
{
    return p->w[(c * p->t.kernel + k) * p->t.wide.padded + l];
}

static void same(double got, double wanted)
{
    if (fabs(got - wanted) > 1e-5 * (1 + fabs(wanted)))
        fail_msg("%.9g, expected %.9g", got, wanted);
}

static void check_spread(struct problem *p, int relu)
{
    float *out = random_array(&p->t.wide, &p->rng);
    weir_thin_spread(&p->t, p->flip, relu, 0.0F, p->thin, p->w, p->bias, out);
    for (int b = 0; b < p->t.thin.batch; b++) {
        for (int l = 0; l < p->t.wide.padded; l++) {
            for (int i = 0; i < p->t.thin.points; i++) {
                double sum = p->bias[l];
                for (int c = 0; c < p->t.thin.channels; c++)
                    for (int k = 0; k < p->t.kernel; k++)
                        sum +=
                            (double)weight(p, c, k, l) *
                            *value(&p->t.thin, p->thin, b, c, i + shift(p, k));
                same(*value(&p->t.wide, out, b, l, i),
                     relu && sum < 0 ? 0 : sum);
            }
        }
    }
    free(out);
}

static void check_gather(struct problem *p)
{
    float *out = random_array(&p->t.thin, &p->rng);
    weir_thin_gather(&p->t, p->flip, p->wide, p->w, p->bias, out);
    for (int b = 0; b < p->t.thin.batch; b++) {
        for (int c = 0; c < p->t.thin.channels; c++) {
            for (int i = 0; i < p->t.thin.points; i++) {
                double sum = p->bias[c];
                for (int l = 0; l < p->t.wide.channels; l++)
                    for (int k = 0; k < p->t.kernel; k++)
                        sum +=
                            (double)weight(p, c, k, l) *
                            *value(&p->t.wide, p->wide, b, l, i + shift(p, k));
                same(*value(&p->t.thin, out, b, c, i), sum);
            }
        }
    }
    free(out);
}

static void check_correlate(struct problem *p)
{
    int padded = p->t.wide.padded, n = p->t.thin.channels * p->t.kernel;
    float *dw = weir_array((size_t)(n * padded), sizeof(float));
    weir_thin_correlate(&p->t, p->flip, p->thin, p->wide, dw);
    for (int j = 0; j < n * padded; j++) {
        int c = j / padded / p->t.kernel, k = j / padded % p->t.kernel;
        double sum = 0;
        for (int b = 0; b < p->t.thin.batch; b++)
            for (int i = 0; i < p->t.thin.points; i++)
                sum +=
                    (double)*value(&p->t.thin, p->thin, b, c, i + shift(p, k)) *
                    *value(&p->t.wide, p->wide, b, j % padded, i);
        same(dw[j], sum);
    }
    free(dw);
}

static void check_sums(struct problem *p)
{
    float *sum = weir_array((size_t)p->t.wide.padded, sizeof(float));
    for (int side = 0; side < 2; side++) {
        const struct weir_layout *l = side ? &p->t.wide : &p->t.thin;
        float *x = side ? p->wide : p->thin;
        (side ? weir_wide_sum : weir_thin_sum)(l, x, sum);
        for (int c = 0; c < l->padded; c++) {
            double all = 0;
            for (int b = 0; b < l->batch; b++)
                for (int i = 0; i < l->points; i++)
                    all += *value(l, x, b, c, i);
            same(sum[c], all);
        }
    }
    free(sum);
}

static void thin_convolutions_follow_their_formulas(void **state)
{
    (void)state;
    for (uint64_t id = 0; id < 60; id++) {
        struct problem p = make(id);
        check_spread(&p, 0);
        check_spread(&p, 1);
        check_gather(&p);
        check_correlate(&p);
        check_sums(&p);
        drop(&p);
    }
}

static double dot(const struct weir_layout *l, const float *a, const float *b)
{
    double sum = 0;
    for (size_t i = 0; i < weir_layout_floats(l); i++)
        sum += (double)a[i] * b[i];
    return sum;
}

/* <fill(x), y> = <x, fold(y)> for every x and y. */
static void folding_is_the_adjoint_of_filling(void **state)
{
    struct weir_rng rng = weir_rng_stream(3, WEIR_RNG_TEST, 0);
    (void)state;
    for (int points = 2; points < 9; points++) {
        struct weir_layout l = wide_layout(2, 10, points, 8);
        float *x = random_array(&l, &rng), *y = random_array(&l, &rng);
        for (size_t i = 0; i < weir_layout_floats(&l); i++)
            y[i] = (float)weir_rng_normal(&rng);
        double wanted = dot(&l, x, y);
        weir_halo_fold(&l, y, NULL, 0.0F);
        same(dot(&l, x, y), wanted);
        weir_halo_clear(&l, x);
        same(dot(&l, x, y), wanted);
        free(x);
        free(y);
    }
}

static void folding_masks_where_relu_was_zero(void **state)
{
    struct weir_rng rng = weir_rng_stream(3, WEIR_RNG_TEST, 1);
    struct weir_layout l = wide_layout(2, 16, 7, 16);
    float *y = random_array(&l, &rng), *d = random_array(&l, &rng);
    float *plain = weir_array(weir_layout_floats(&l), sizeof(float));
    (void)state;
    memcpy(plain, d, weir_layout_floats(&l) * sizeof(float));
    weir_halo_fold(&l, plain, NULL, 0.0F);
    weir_halo_fold(&l, d, y, 0.0F);
    for (int c = 0; c < 16; c++)
        for (int i = 0; i < 7; i++)
            assert_true(
                *value(&l, d, 1, c, i) ==
                (*value(&l, y, 1, c, i) > 0 ? *value(&l, plain, 1, c, i) : 0));
    free(y);
    free(d);
    free(plain);
}

static void spans_that_live_together_do_not_overlap(void **state)
{
    struct weir_rng rng = weir_rng_stream(3, WEIR_RNG_TEST, 2);
    struct weir_span s[20];
    size_t all = 0;
    (void)state;
    for (int i = 0; i < 20; i++) {
        int first = (int)weir_rng_below(&rng, 10);
        s[i] = (struct weir_span){
            .floats = 1 + weir_rng_below(&rng, 100),
            .first = first,
            .last = first + (int)weir_rng_below(&rng, 4),
        };
        all += (s[i].floats + 15) / 16 * 16;
    }
    size_t total = weir_arena_plan(s, 20);
    assert_true(total < all);
    for (int i = 0; i < 20; i++) {
        assert_true(s[i].at % 16 == 0 && s[i].at + s[i].floats <= total);
        for (int j = 0; j < i; j++)
            assert_true(s[i].last < s[j].first || s[j].last < s[i].first ||
                        s[i].at + s[i].floats <= s[j].at ||
                        s[j].at + s[j].floats <= s[i].at);
    }
}

static void a_chain_needs_two_arrays(void **state)
{
    struct weir_span s[12];
    (void)state;
    for (int i = 0; i < 12; i++)
        s[i] = (struct weir_span){.floats = 64, .first = i, .last = i + 1};
    assert_int_equal(weir_arena_plan(s, 12), 128);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(thin_convolutions_follow_their_formulas),
        cmocka_unit_test(folding_is_the_adjoint_of_filling),
        cmocka_unit_test(folding_masks_where_relu_was_zero),
        cmocka_unit_test(spans_that_live_together_do_not_overlap),
        cmocka_unit_test(a_chain_needs_two_arrays),
    };
    return RUN(cases);
}
