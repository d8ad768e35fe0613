/* SPDX-License-Identifier: BSD-3-Clause */
/* Every rule of selection against the slow and plain way to say it. */
#include "tests/test.h"

#include "acquire/diverse.h"

#include <math.h>
#include <stdbool.h>

static struct weir_rng stream(uint64_t id)
{
    return weir_rng_stream(3, WEIR_RNG_TEST, id);
}

static void scores_that_are_not_finite_are_capped(void **state)
{
    (void)state;
    double s[] = {1, NAN, 3, INFINITY, -2, -INFINITY};
    const double expected[] = {1, 3, 3, 3, 0, 3};
    assert_int_equal(weir_scores_cap(s, 6), 3);
    assert_memory_equal(s, expected, sizeof(s));
    double none[] = {NAN, INFINITY};
    assert_int_equal(weir_scores_cap(none, 2), 2);
    assert_true(none[0] == 1 && none[1] == 1);
    double zero[] = {0, 0, NAN};
    assert_int_equal(weir_scores_cap(zero, 3), 1);
    assert_true(zero[0] == 0 && zero[1] == 0 && zero[2] == 0);
}

/* ---- power ---- */

/* Probability that sequential draws without replacement give (i, j). */
static double in_turn(const double *w, size_t n, size_t i, size_t j)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += w[k];
    return w[i] / sum * (w[j] / (sum - w[i]));
}

static void draws_like_one_after_the_other(double beta)
{
    enum { N = 5, TRIALS = 60000 };
    const double score[N] = {1, 2, 0.5, 4, 0};
    double w[N], chi = 0;
    int count[N][N] = {0};
    struct weir_rng rng = stream((uint64_t)(10 * beta));
    for (int i = 0; i < N; i++)
        w[i] = score[i] > 0 ? pow(score[i], beta) : 0;
    for (int t = 0; t < TRIALS; t++) {
        uint32_t out[2];
        ok(weir_select_power(score, N, beta, &rng, 2, out));
        count[out[0]][out[1]]++;
    }
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            double e = i == j ? 0 : TRIALS * in_turn(w, N, i, j);
            if (e == 0)
                assert_int_equal(count[i][j], 0);
            else
                chi += (count[i][j] - e) * (count[i][j] - e) / e;
        }
    print_message("beta %g: chi-square %.1f, 11 degrees\n", beta, chi);
    assert_true(chi < 34.5); /* 3 in 10,000 */
}

static void power_draws_like_one_after_the_other(void **state)
{
    (void)state;
    draws_like_one_after_the_other(0.5);
    draws_like_one_after_the_other(1);
    draws_like_one_after_the_other(2);
}

/* A pool used up: scores of 0 come last, each in turn. */
static void power_takes_scores_of_zero_last(void **state)
{
    (void)state;
    const double score[] = {0, 1e-300, 0, 1e300};
    int first[4] = {0};
    struct weir_rng rng = stream(50);
    for (int t = 0; t < 1000; t++) {
        uint32_t out[4];
        ok(weir_select_power(score, 4, 1, &rng, 4, out));
        assert_int_equal(out[0], 3);
        assert_int_equal(out[1], 1);
        first[out[2]]++;
    }
    assert_in_range(first[0], 430, 570);
    assert_int_equal(first[0] + first[2], 1000);
}

/* ---- top and random ---- */

static void top_takes_the_share_of_the_largest_and_draws_the_rest(void **state)
{
    (void)state;
    enum { N = 20, K = 10, TRIALS = 2000 };
    double score[N];
    int drawn[N] = {0};
    struct weir_rng rng = stream(60);
    for (int i = 0; i < N; i++)
        score[i] = (i * 7) % N;
    for (int t = 0; t < TRIALS; t++) {
        uint32_t out[K];
        bool seen[N] = {0};
        ok(weir_select_top(score, N, 0.7, &rng, K, out));
        for (int j = 0; j < K; j++) {
            assert_false(seen[out[j]]);
            seen[out[j]] = true;
            if (j < 7)
                assert_true(score[out[j]] == N - 1 - j);
            else
                drawn[(int)score[out[j]]]++;
        }
    }
    for (int s = 0; s < N; s++) /* 3 of 13, deviation 18.8 */
        assert_in_range(drawn[s], s < 13 ? 462 - 80 : 0, s < 13 ? 462 + 80 : 0);
    uint32_t out[3];
    const double tied[] = {1, 5, 5, 5, 0};
    ok(weir_select_top(tied, 5, 1, &rng, 3, out));
    assert_memory_equal(out, ((uint32_t[]){1, 2, 3}), sizeof(out));
    fails(weir_select_top(tied, 5, 1.5, &rng, 3, out), -EINVAL);
}

static void random_draws_are_distinct_and_alike(void **state)
{
    (void)state;
    int count[6] = {0};
    struct weir_rng rng = stream(70);
    for (int t = 0; t < 6000; t++) {
        uint32_t out[2];
        ok(weir_select_random(6, &rng, 2, out));
        assert_int_not_equal(out[0], out[1]);
        count[out[0]]++;
        count[out[1]]++;
    }
    for (int i = 0; i < 6; i++)
        assert_in_range(count[i], 2000 - 160, 2000 + 160);
}

/* ---- on features ---- */

enum { POOL = 60, LABELLED = 5, DIMS = 11, K = 20 };

static void scatter(uint64_t id, float *x, size_t n)
{
    struct weir_rng rng = stream(id);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)weir_rng_normal(&rng);
}

static double apart(const float *a, const float *b)
{
    double sum = 0;
    for (int d = 0; d < DIMS; d++)
        sum += ((double)a[d] - b[d]) * ((double)a[d] - b[d]);
    return sum;
}

struct plain {
    const struct weir_features *pool, *labelled;
    uint32_t chosen[K];
    size_t done;
};

static const float *plain_centre(const struct plain *p, size_t j)
{
    return j < p->labelled->n
               ? weir_feature(p->labelled, j)
               : weir_feature(p->pool, p->chosen[j - p->labelled->n]);
}

static bool is_chosen(const struct plain *p, size_t i)
{
    for (size_t j = 0; j < p->done; j++)
        if (p->chosen[j] == i)
            return true;
    return false;
}

/* Nearest of all centres, and how far. */
static size_t belongs(const struct plain *p, size_t i, double *distance)
{
    size_t best = 0;
    *distance = HUGE_VAL;
    for (size_t j = 0; j < p->labelled->n + p->done; j++) {
        double d = apart(weir_feature(p->pool, i), plain_centre(p, j));
        if (d < *distance) {
            *distance = d;
            best = j;
        }
    }
    return best;
}

static size_t longest(const struct plain *p)
{
    const float zero[DIMS] = {0};
    size_t best = 0;
    for (size_t i = 1; i < p->pool->n; i++)
        if (apart(weir_feature(p->pool, i), zero) >
            apart(weir_feature(p->pool, best), zero))
            best = i;
    return best;
}

static size_t plain_farthest(const struct plain *p, bool clusters)
{
    double weight[LABELLED + K] = {0}, d, far = -1;
    size_t heavy = 0, best = 0;
    for (size_t i = 0; i < p->pool->n; i++) {
        size_t c = belongs(p, i, &d);
        weight[c] += is_chosen(p, i) ? 0 : d;
    }
    for (size_t c = 1; c < p->labelled->n + p->done; c++)
        if (weight[c] > weight[heavy])
            heavy = c;
    for (size_t i = 0; i < p->pool->n; i++) {
        size_t c = belongs(p, i, &d);
        if (is_chosen(p, i) || (clusters && c != heavy) || d <= far)
            continue;
        far = d;
        best = i;
    }
    return best;
}

static void agrees_with_the_plain_way(weir_select_diverse_fn *rule,
                                      bool clusters, size_t labelled)
{
    float x[POOL * DIMS], y[LABELLED * DIMS];
    scatter(100 + labelled, x, POOL * DIMS);
    scatter(200, y, LABELLED * DIMS);
    /* A cluster that lies apart, and a point that lies on a labelled one. */
    for (int i = 0; i < 12 * DIMS; i++)
        x[i] = 3 + 0.1f * x[i];
    memcpy(x + 20 * DIMS, y, DIMS * sizeof(*x));
    struct weir_features pool = {x, POOL, DIMS}, have = {y, labelled, DIMS};
    struct plain p = {.pool = &pool, .labelled = &have};
    uint32_t out[K], cut[K];
    ok(rule(&pool, &have, K, out));
    for (p.done = 0; p.done < K; p.done++)
        p.chosen[p.done] =
            (uint32_t)(labelled + p.done ? plain_farthest(&p, clusters)
                                         : longest(&p));
    assert_memory_equal(out, p.chosen, sizeof(out));
    for (size_t piece = 1; piece < 2 * POOL; piece += 7) {
        struct weir_diverse d;
        int pieces = 1;
        ok(weir_diverse_begin(&d,
                              clusters ? weir_diverse_of_largest_cluster
                                       : weir_diverse_farthest,
                              &pool, &have, K));
        while (weir_diverse_go_on(&d, piece, cut))
            pieces++;
        assert_in_range(pieces, 2, POOL * (labelled + K) / piece + K + POOL);
        assert_memory_equal(cut, out, sizeof(out));
        weir_diverse_end(&d);
    }
}

static void centres_are_those_of_the_plain_way(void **state)
{
    (void)state;
    agrees_with_the_plain_way(weir_select_centres, false, LABELLED);
    agrees_with_the_plain_way(weir_select_centres, false, 0);
}

static void lcmd_is_that_of_the_plain_way(void **state)
{
    (void)state;
    agrees_with_the_plain_way(weir_select_lcmd, true, LABELLED);
    agrees_with_the_plain_way(weir_select_lcmd, true, 0);
}

/* All candidates alike: still k distinct ones. */
static void a_pool_of_one_point_is_used_up_in_order(void **state)
{
    (void)state;
    float x[4 * DIMS] = {0};
    struct weir_features pool = {x, 4, DIMS}, none = {NULL, 0, DIMS};
    weir_select_diverse_fn *rules[] = {weir_select_centres, weir_select_lcmd};
    for (int r = 0; r < 2; r++) {
        uint32_t out[4];
        ok(rules[r](&pool, &none, 4, out));
        assert_memory_equal(out, ((uint32_t[]){0, 1, 2, 3}), sizeof(out));
    }
}

static void a_hybrid_is_the_rule_among_the_largest_scores(void **state)
{
    (void)state;
    float x[POOL * DIMS], part[15 * DIMS];
    double score[POOL];
    uint32_t place[POOL], out[6], among[6];
    scatter(300, x, POOL * DIMS);
    for (int i = 0; i < POOL; i++)
        score[i] = (i * 17) % POOL;
    for (uint32_t i = 0; i < POOL; i++)
        place[POOL - 1 - (int)score[i]] = i;
    for (int i = 0; i < 15; i++)
        memcpy(part + i * DIMS, x + place[i] * DIMS, DIMS * sizeof(float));
    struct weir_features pool = {x, POOL, DIMS}, none = {NULL, 0, DIMS},
                         top = {part, 15, DIMS};
    weir_select_diverse_fn *rules[] = {weir_select_centres, weir_select_lcmd};
    for (int r = 0; r < 2; r++) {
        ok(weir_select_hybrid(score, 0.25, rules[r], &pool, &none, 6, out));
        ok(rules[r](&top, &none, 6, among));
        for (int j = 0; j < 6; j++)
            assert_int_equal(out[j], place[among[j]]);
    }
    ok(weir_select_hybrid(score, 0.01, rules[0], &pool, &none, 6, out));
    for (int j = 0; j < 6; j++) /* the six largest, for k are needed */
        assert_true(score[out[j]] >= POOL - 6);
    fails(weir_select_hybrid(score, 0, rules[0], &pool, &none, 6, out),
          -EINVAL);
}

static void more_than_the_pool_is_refused(void **state)
{
    (void)state;
    float x[4 * DIMS] = {0};
    double score[4] = {0};
    uint32_t out[5];
    struct weir_features pool = {x, 4, DIMS}, none = {NULL, 0, DIMS};
    struct weir_rng rng = stream(1);
    fails(weir_select_random(4, &rng, 5, out), -EINVAL);
    says("5 of a pool of 4");
    fails(weir_select_top(score, 4, 1, &rng, 5, out), -EINVAL);
    fails(weir_select_power(score, 4, 1, &rng, 5, out), -EINVAL);
    fails(weir_select_power(score, 4, -1, &rng, 2, out), -EINVAL);
    fails(weir_select_centres(&pool, &none, 5, out), -EINVAL);
    fails(weir_select_lcmd(&pool, &none, 5, out), -EINVAL);
    fails(weir_select_hybrid(score, 1, weir_select_lcmd, &pool, &none, 5, out),
          -EINVAL);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(scores_that_are_not_finite_are_capped),
        cmocka_unit_test(power_draws_like_one_after_the_other),
        cmocka_unit_test(power_takes_scores_of_zero_last),
        cmocka_unit_test(top_takes_the_share_of_the_largest_and_draws_the_rest),
        cmocka_unit_test(random_draws_are_distinct_and_alike),
        cmocka_unit_test(centres_are_those_of_the_plain_way),
        cmocka_unit_test(lcmd_is_that_of_the_plain_way),
        cmocka_unit_test(a_pool_of_one_point_is_used_up_in_order),
        cmocka_unit_test(a_hybrid_is_the_rule_among_the_largest_scores),
        cmocka_unit_test(more_than_the_pool_is_refused),
    };
    return RUN(cases);
}
