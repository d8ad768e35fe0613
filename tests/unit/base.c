/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "base/heap.h"
#include "base/hist.h"
#include "base/ranks.h"
#include "base/rng.h"
#include "weir/option.h"

#include <math.h>

/* Known answers published with the Random123 distribution. */
static void philox_gives_the_published_answers(void **state)
{
    (void)state;
    uint32_t out[4];
    weir_philox4x32((uint32_t[4]){0}, (uint32_t[2]){0}, out);
    assert_int_equal(out[0], 0x6627e8d5);
    assert_int_equal(out[1], 0xe169c58d);
    assert_int_equal(out[2], 0xbc57ac4c);
    assert_int_equal(out[3], 0x9b00dbd8);
    weir_philox4x32(
        (uint32_t[4]){0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
        (uint32_t[2]){0xa4093822, 0x299f31d0}, out);
    assert_int_equal(out[0], 0xd16cfe09);
    assert_int_equal(out[1], 0x94fdcceb);
    assert_int_equal(out[2], 0x5001e420);
    assert_int_equal(out[3], 0x24126ea1);
}

static void a_stream_is_restored_by_its_position(void **state)
{
    (void)state;
    struct weir_rng a = weir_rng_stream(7, WEIR_RNG_TEST, 3);
    for (int i = 0; i < 5; i++)
        weir_rng_u32(&a);
    struct weir_rng saved = a;
    assert_int_equal(weir_rng_u32(&a), weir_rng_u32(&saved));
    struct weir_rng other = weir_rng_stream(7, WEIR_RNG_TEST, 4);
    assert_int_not_equal(weir_rng_u32(&a), weir_rng_u32(&other));
}

static void draws_have_the_right_moments(void **state)
{
    (void)state;
    struct weir_rng r = weir_rng_stream(1, WEIR_RNG_TEST, 0);
    double sum = 0, sum2 = 0, unif = 0;
    uint32_t seen[7] = {0};
    int n = 100000;
    for (int i = 0; i < n; i++) {
        double z = weir_rng_normal(&r);
        sum += z;
        sum2 += z * z;
        unif += weir_rng_uniform(&r);
        seen[weir_rng_below(&r, 7)]++;
    }
    assert_true(fabs(sum / n) < 0.015);
    assert_true(fabs(sum2 / n - 1) < 0.025);
    assert_true(fabs(unif / n - 0.5) < 0.005);
    for (int i = 0; i < 7; i++)
        assert_true(fabs(seen[i] - n / 7.0) < 500);
}

/* Both of a pair: moments, and no dependence of one on the other. */
static void an_array_of_normals_is_one(void **state)
{
    (void)state;
    enum { N = 100001 };
    static float z[N];
    struct weir_rng r = weir_rng_stream(1, WEIR_RNG_TEST, 1), s = r;
    double sum[5] = {0};
    weir_rng_normals(&r, N, z);
    assert_true(z[0] == (float)weir_rng_normal(&s));
    for (int i = 0; i + 1 < N; i++) {
        double a = z[i], b = z[i + 1];
        double term[] = {a, a * a, a * a * a * a, a * b, a * a * b * b};
        for (int j = 0; j < 5; j++)
            sum[j] += term[j] / (N - 1);
    }
    assert_true(fabs(sum[0]) < 0.015 && fabs(sum[1] - 1) < 0.025);
    assert_true(fabs(sum[2] - 3) < 0.15);
    assert_true(fabs(sum[3]) < 0.015 && fabs(sum[4] - 1) < 0.04);
}

/* Wherever the stream stands: a normal's words may lie in two blocks. */
static void normals_ahead_are_those_that_follow(void **state)
{
    (void)state;
    for (int words = 0; words < 9; words++)
        for (size_t first = 0; first < 6; first++)
            for (size_t n = 0; n <= WEIR_RNG_AHEAD; n++) {
                struct weir_rng r = weir_rng_stream(1, WEIR_RNG_TEST, 2), s;
                double ahead[WEIR_RNG_AHEAD];
                for (int i = 0; i < words; i++)
                    weir_rng_u32(&r);
                s = r;
                for (size_t i = 0; i < first; i++)
                    weir_rng_normal(&s);
                weir_rng_normals_ahead(&r, first, n, ahead);
                for (size_t i = 0; i < n; i++)
                    assert_true(ahead[i] == weir_rng_normal(&s));
                weir_rng_skip_normals(&r, first + n);
                assert_int_equal(weir_rng_u32(&r), weir_rng_u32(&s));
            }
}

static void a_histogram_knows_values_within_one_percent(void **state)
{
    (void)state;
    struct weir_hist *h = weir_array(1, sizeof(*h));
    for (uint64_t v = 1; v < (1ull << 39); v += v / 3 + 1) {
        weir_hist_reset(h);
        weir_hist_record(h, (int64_t)v);
        weir_hist_record(h, (int64_t)v);
        weir_hist_record(h, 2 * (int64_t)v);
        double q = (double)weir_hist_quantile(h, 0.5);
        assert_true(fabs(q - (double)v) <= 0.01 * (double)v);
        assert_true(weir_hist_lower(weir_hist_index(v)) <= v);
    }
    free(h);
}

static void merged_histograms_equal_one_histogram(void **state)
{
    (void)state;
    struct weir_hist *one = weir_array(3, sizeof(*one));
    struct weir_hist *a = one + 1, *b = one + 2;
    for (int i = 0; i < 1000; i++) {
        weir_hist_record(one, i * i);
        weir_hist_record(i % 2 ? a : b, i * i);
    }
    weir_hist_merge(a, b);
    assert_int_equal(weir_hist_count(a), 1000);
    assert_int_equal(weir_hist_max(a), 999 * 999);
    for (double q = 0; q <= 1; q += 0.05)
        assert_int_equal(weir_hist_quantile(a, q), weir_hist_quantile(one, q));
    assert_true(weir_hist_mean(a) == weir_hist_mean(one));
    weir_hist_record(a, INT64_MAX);
    assert_int_equal(weir_hist_quantile(a, 1.0), INT64_MAX);
    free(one);
}

static void an_error_keeps_its_message_hint_and_frames(void **state)
{
    (void)state;
    int rc = WEIR_FAIL(ENOENT, "run '%s'", "abc");
    assert_int_equal(rc, -ENOENT);
    assert_int_equal(weir_err_hint("create it first"), -ENOENT);
    rc = WEIR_NOTE(rc, "while testing");
    says("run 'abc': No such file or directory");
    assert_string_equal(weir_err_hint_text(), "create it first");
    assert_string_equal(weir_err_past("fno: modes: 40", "fno"), "modes: 40");
    assert_string_equal(weir_err_past("fno 40", "fno"), "fno 40");
    assert_non_null(strstr(weir_err_trace(), "while testing"));
    struct weir_err_record carried;
    weir_err_export(&carried);
    weir_err_clear();
    assert_int_equal(weir_err_code(), 0);
    assert_int_equal(weir_err_import(&carried), -ENOENT);
    says("run 'abc'");
    assert_int_equal(weir_err_exit_status(-WEIR_ECONFIG), 2);
    assert_int_equal(weir_err_exit_status(-WEIR_EENV), 3);
    assert_int_equal(weir_err_exit_status(-EIO), 1);
    assert_int_equal(weir_err_exit_status(4), 0);
}

static const struct weir_option table[] = {
    {.name = "points",
     .type = WEIR_OPTION_INT,
     .fallback = "160",
     .min = 8,
     .max = 4096,
     .help = "grid points"},
    {.name = "length",
     .type = WEIR_OPTION_REAL,
     .fallback = "5e1",
     .help = "domain length"},
    {.name = "boundary",
     .type = WEIR_OPTION_CHOICE,
     .fallback = "shrink",
     .choices = "shrink|wrap",
     .help = "what happens outside the box"},
    {.name = "bind",
     .type = WEIR_OPTION_BOOL,
     .fallback = "true",
     .help = "pin threads"},
    {0},
};

static void options_refuse_what_is_not_a_whole_value(void **state)
{
    (void)state;
    struct weir_options o;
    ok(weir_options_init(table, &o));
    const char *bad_ints[] = {"10abc", "1e3",  "1.5", "",       " 12",
                              "+12",   "0x10", "7",   "999999", "nan"};
    for (size_t i = 0; i < sizeof(bad_ints) / sizeof(*bad_ints); i++)
        fails(weir_options_set(&o, "points", bad_ints[i]), -EINVAL);
    const char *bad_reals[] = {"nan", "inf",   "-inf",  "1.5x",  "1_000",
                               "",    "0x1p3", "1e999", "banana"};
    for (size_t i = 0; i < sizeof(bad_reals) / sizeof(*bad_reals); i++)
        fails(weir_options_set(&o, "length", bad_reals[i]), -EINVAL);
    fails(weir_options_set(&o, "boundary", "shrin"), -EINVAL);
    fails(weir_options_set(&o, "boundary", "shrink|wrap"), -EINVAL);
    fails(weir_options_set(&o, "bind", "banana"), -EINVAL);
    fails(weir_options_set(&o, "bind", "yes"), -EINVAL);
    fails(weir_options_set(&o, "pionts", "160"), -ENOENT);
    assert_non_null(strstr(weir_err_hint_text(), "points"));
    assert_int_equal(weir_option_int(&o, "points"), 160);
    assert_false(weir_option_given(&o, "points"));
    weir_options_free(&o);
}

static void options_take_what_a_user_would_write(void **state)
{
    (void)state;
    struct weir_options o;
    ok(weir_options_init(table, &o));
    ok(weir_options_set(&o, "points", "0256"));
    ok(weir_options_set(&o, "length", "-1.25e-3"));
    ok(weir_options_set(&o, "boundary", "wrap"));
    ok(weir_options_set(&o, "bind", "false"));
    assert_int_equal(weir_option_int(&o, "points"), 256);
    assert_true(weir_option_real(&o, "length") == -1.25e-3);
    assert_int_equal(weir_option_int(&o, "boundary"), 1);
    assert_string_equal(weir_option_text(&o, "boundary"), "wrap");
    assert_false(weir_option_bool(&o, "bind"));
    assert_true(weir_option_given(&o, "points"));
    weir_options_free(&o);
}

static double spearman(const double *x, const double *y, size_t n)
{
    double r = 9;
    ok(weir_spearman(x, y, n, &r));
    return r;
}

/* By SciPy's spearmanr (1.10.1). */
static void equal_values_share_the_mean_of_their_ranks(void **state)
{
    (void)state;
    const double a[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3},
                 b[] = {2, 7, 1, 8, 2, 8, 1, 8, 2, 8};
    const double c[] = {0.5, 2, 2, 2, -1, 7}, d[] = {10, 20, 15, 15, 3, 4};
    assert_true(fabs(spearman(a, b, 10) - 0.13471506281091267) < 1e-15);
    assert_true(fabs(spearman(c, d, 6) - 0.33882260699853362) < 1e-15);
}

static void ranks_know_the_order_only(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4, 5}, fall[] = {9, 4, 0, -1, -1e9},
                 rise[] = {-3, 0, 1e-9, 1e300, (double)INFINITY},
                 worst[] = {1, 2, 3, 4, (double)NAN}, flat[] = {2, 2, 2, 2, 2};
    assert_true(fabs(spearman(x, rise, 5) - 1) < 1e-15);
    assert_true(fabs(spearman(x, fall, 5) + 1) < 1e-15);
    assert_true(fabs(spearman(x, worst, 5) - 1) < 1e-15);
    assert_true(isnan(spearman(x, flat, 5)));
    assert_true(isnan(spearman(x, x, 1)));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(philox_gives_the_published_answers),
        cmocka_unit_test(a_stream_is_restored_by_its_position),
        cmocka_unit_test(draws_have_the_right_moments),
        cmocka_unit_test(an_array_of_normals_is_one),
        cmocka_unit_test(normals_ahead_are_those_that_follow),
        cmocka_unit_test(a_histogram_knows_values_within_one_percent),
        cmocka_unit_test(merged_histograms_equal_one_histogram),
        cmocka_unit_test(an_error_keeps_its_message_hint_and_frames),
        cmocka_unit_test(options_refuse_what_is_not_a_whole_value),
        cmocka_unit_test(options_take_what_a_user_would_write),
        cmocka_unit_test(equal_values_share_the_mean_of_their_ranks),
        cmocka_unit_test(ranks_know_the_order_only),
    };
    return RUN(cases);
}
