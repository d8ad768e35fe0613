/* SPDX-License-Identifier: BSD-3-Clause */
/* Strategies that choose from a pool: when they are due, what they are refused
 * for, what of a pool they take, and that they lose nothing. */
#include "tests/known_forecast.h"
#include "tests/steered_run.h"

static const struct weir_parameter axes[2] = {
    {.name = "a", .low = 0, .high = 1}, {.name = "b", .low = 0, .high = 1}};

static struct known_forecast forecast;

static const struct weir_strategy_env env = {
    .seed = 3,
    .space = {.n = 2, .parameter = axes},
    .budget = 100,
    .samples_per_simulation = 20,
    .batch = 20,
    .gradient_steps = 1000,
    .samples_per_batch = 2,
    .forecast = &forecast.face,
};

static double corner(const double *u, size_t n)
{
    (void)n;
    return u[0] > 0.7 && u[1] > 0.7 ? 1 : 0.1;
}

static double flat(const double *u, size_t n)
{
    (void)u, (void)n;
    return 1;
}

static double broken(const double *u, size_t n)
{
    return u[0] < 0.5 ? NAN : corner(u, n);
}

static void begin(struct steered_run *run, const char *strategy,
                  double (*hardness)(const double *, size_t),
                  const char *const *settings)
{
    forecast = known_forecast(2, hardness);
    steered_init(run, strategy, &env, settings);
    run->hardness = hardness;
}

static void a_proposal_is_due_with_every_period(void **state)
{
    (void)state;
    struct steered_run run;
    const char *set[] = {"pool", "50", "warmup", "7", "period", "5", NULL};
    begin(&run, "sbal", corner, set);
    struct weir_progress now = {.open = 50};
    uint32_t due = 0;
    for (now.finished = 0; now.finished < 30; now.finished++)
        if (run.ops->due(run.self, &now)) {
            assert_int_equal(now.finished, 7 + 5 * due++);
            for (uint32_t p = 0; run.ops->score(run.self, p) == 1; p++)
                ;
            ok(run.ops->propose(run.self, &now, run.cell, 3));
        }
    assert_int_equal(due, 5);
    now.open = 0;
    assert_false(run.ops->due(run.self, &now));
    steered_free(&run);
}

/* Gone on with by other periods, it counts on from where it was. */
static void other_periods_count_on(void **state)
{
    struct steered_run before, after;
    struct weir_progress now = {.finished = 40, .open = 50};
    struct weir_blob saved = {0};
    (void)state;
    begin(&before, "sbal", corner,
          (const char *[]){"pool", "50", "period", "5", NULL});
    ok(before.ops->propose(before.self, &now, before.cell, 3));
    ok(before.ops->save(before.self, &saved));
    begin(&after, "sbal", corner,
          (const char *[]){"pool", "50", "period", "20", NULL});
    ok(after.ops->restore(after.self, &saved));
    now.finished = 59;
    assert_false(after.ops->due(after.self, &now));
    now.finished = 60;
    assert_true(after.ops->due(after.self, &now));
    weir_blob_free(&saved);
    steered_free(&before);
    steered_free(&after);
}

static void everybody_in_the_pool_is_asked_about(void **state)
{
    (void)state;
    struct steered_run run;
    const char *set[] = {"pool", "50", NULL};
    begin(&run, "sbal", corner, set);
    steered_finish(&run);
    assert_int_equal(forecast.scored, 50 * run.generations);
    assert_int_equal(forecast.described, 0);
    assert_true(run.generations >= 9);
    steered_free(&run);
}

/* Predictions of one proposal, while @p between simulations are met after every
 * piece. @return candidates asked about */
static uint32_t asked_about(struct steered_run *run, uint32_t between)
{
    uint32_t before = forecast.scored;
    for (uint32_t piece = 0; run->ops->score(run->self, piece) == 1; piece++)
        for (uint32_t i = 0; i < between; i++)
            steered_start_next(run);
    return forecast.scored - before;
}

/* A pool that takes longer than a period is cut, and steers half as many at most;
 * what is chosen is of those asked about. */
static void a_proposal_waits_for_no_more_than_a_period(void **state)
{
    struct steered_run run;
    const char *set[] = {"pool",    "400", "warmup",   "1", "period", "12",
                         "horizon", "20",  "features", "4", NULL};
    struct weir_progress now = {.finished = 1, .open = 60};
    (void)state;
    begin(&run, "hybrid", corner, set);
    assert_int_equal(asked_about(&run, 0), 400);
    ok(run.ops->propose(run.self, &now, run.cell, 60));
    assert_int_equal(asked_about(&run, 1), 13 * 16);
    ok(run.ops->propose(run.self, &now, run.cell + 12, 60));
    assert_int_equal(asked_about(&run, 12), 16);
    ok(run.ops->propose(run.self, &now, run.cell + 40, 60));
    for (uint32_t i = 0; i < 60; i++) {
        double u[2];
        bool asked = false;
        for (uint32_t place = 0; place < 16 && !asked; place++) {
            weir_target_draw(&env, (1u << 31) + 2 * 400 + place, u);
            asked = !memcmp(u, run.cell[40 + i].u, sizeof(u));
        }
        assert_int_equal(run.cell[40 + i].bred, i < 8);
        assert_int_equal(asked, i < 8);
    }
    steered_free(&run);
}

static bool same(const struct steered_run *run, uint32_t i, uint32_t j)
{
    return !memcmp(run->cell[i].u, run->cell[j].u, 2 * sizeof(double));
}

/* Where starts are dear they come a few at a time, and each is made once; there
 * is no room for all, or for none: the same proposals. */
static void starts_are_made_once_as_far_as_they_are_kept(void **state)
{
    (void)state;
    static const char *const room[] = {"1024", "0"};
    static const uint32_t at_once[] = {0, 3};
    enum { POOL = 120 };
    double u[2][100 * 2];
    for (int way = 0; way < 2; way++) {
        struct steered_run run;
        const char *set[] = {"pool",          "120",      "drawn",
                             "once",          "features", "4",
                             "starts_memory", room[way],  NULL};
        begin(&run, "hybrid", corner, set);
        forecast.at_once = at_once[way];
        steered_finish(&run);
        uint32_t known = run.env->budget - run.env->budget / 10;
        if (way == 0)
            assert_in_range(forecast.started, POOL + 1, POOL + known);
        else
            assert_int_equal(forecast.started, forecast.described);
        assert_true(forecast.scored > 5 * POOL / 2);
        memcpy(u[way], run.u, sizeof(u[way]));
        steered_free(&run);
    }
    assert_memory_equal(u[0], u[1], sizeof(u[0]));
}

/* The pool of the proposal to come is started before it is due. */
static void a_pool_is_started_ahead(void **state)
{
    (void)state;
    for (int once = 0; once < 2; once++) {
        struct steered_run run;
        const char *set[] = {"pool", "50", "drawn", once ? "once" : "each_time",
                             NULL};
        begin(&run, "sbal", corner, set);
        for (int i = 0; i < 5; i++)
            steered_step(&run);
        assert_int_equal(run.generations, 0);
        assert_int_equal(forecast.started, 50);
        steered_finish(&run);
        assert_int_equal(forecast.started, once ? 50 : 50 * run.generations);
        steered_free(&run);
    }
}

/* What it says it needs is no less than what its arrays hold. */
static void what_it_needs_is_known_before(void **state)
{
    (void)state;
    const struct weir_strategy_ops *ops = weir_strategy_find("coreset");
    struct weir_options opts;
    struct weir_strategy_needs needs = {0};
    forecast = known_forecast(2, corner);
    ok(weir_options_init(ops->options, &opts));
    ok(weir_options_set(&opts, "pool", "1000"));
    ok(weir_options_set(&opts, "features", "8"));
    ok(ops->needs(&env, &opts, &needs));
    assert_int_equal(needs.request.features, 8);
    assert_in_range(needs.bytes, 1000 * (8 * sizeof(float) + 24 + 16),
                    1100 * (8 * sizeof(float) + 24 + 17) + 200 * 16);
    weir_options_free(&opts);
}

/* By scores alone the same ones would be chosen again and again. */
static void a_pool_that_is_drawn_once_is_used_up(void **state)
{
    (void)state;
    for (int once = 0; once < 2; once++) {
        struct steered_run run;
        const char *set[] = {"pool", "120",   "share",
                             "1",    "drawn", once ? "once" : "each_time",
                             NULL};
        begin(&run, "topk", corner, set);
        steered_finish(&run);
        for (uint32_t i = 0; i < env.budget; i++)
            for (uint32_t j = 0; j < i; j++)
                assert_false(same(&run, i, j));
        steered_free(&run);
    }
}

static void what_ran_away_is_no_candidate_of_features(void **state)
{
    (void)state;
    struct steered_run run;
    const char *set[] = {"pool", "200", "features", "4", "horizon", "10", NULL};
    begin(&run, "coreset", broken, set);
    steered_finish(&run);
    uint32_t bred = 0;
    for (uint32_t id = 0; id < env.budget; id++) {
        bred += run.cell[id].bred;
        assert_true(!run.cell[id].bred || run.cell[id].u[0] >= 0.5);
    }
    assert_true(bred > 50);
    steered_free(&run);
}

/* Equal scores, and scores that are all no numbers: nothing to go by. */
static void scores_that_say_nothing_choose_uniformly(void **state)
{
    (void)state;
    struct steered_run run;
    double mean = 0;
    begin(&run, "sbal", flat, (const char *[]){"pool", "500", NULL});
    steered_finish(&run);
    for (uint32_t id = 0; id < env.budget; id++)
        mean += (run.cell[id].u[0] + run.cell[id].u[1]) / (2 * env.budget);
    assert_true(fabs(mean - 0.5) < 0.09); /* 4 deviations */
    steered_free(&run);
}

static void a_restored_run_proposes_the_same_bits(void **state)
{
    (void)state;
    static const char *const ways[][7] = {
        {"sbal", "pool", "150", "drawn", "once"},
        {"lcmd", "pool", "60", "features", "4"},
        {"diversity", "pool", "60"},
        {"hybrid", "pool", "60", "distance", "parameters"},
    };
    for (size_t w = 0; w < sizeof(ways) / sizeof(*ways); w++) {
        struct steered_run whole;
        forecast = known_forecast(2, corner);
        assert_true(steered_restarts_change_nothing(&whole, ways[w][0], &env,
                                                    ways[w] + 1, corner) > 60);
        steered_free(&whole);
    }
}

static int creates(const char *strategy, const char *const *settings)
{
    const struct weir_strategy_ops *ops = weir_strategy_find(strategy);
    struct weir_options opts;
    void *self;
    ok(weir_options_init(ops->options, &opts));
    for (; *settings; settings += 2)
        ok(weir_options_set(&opts, settings[0], settings[1]));
    int rc = ops->create(&env, &opts, &self);
    if (rc == 0)
        ops->destroy(self);
    weir_options_free(&opts);
    return rc;
}

static void a_pool_smaller_than_a_proposal_is_refused(void **state)
{
    (void)state;
    fails(creates("sbal", (const char *[]){"pool", "9", "horizon", "10", NULL}),
          -WEIR_ECONFIG);
    says("steers 10 simulations, but the pool has 9");
    assert_non_null(strstr(weir_err_hint_text(), "acquisition.pool"));
    ok(creates("sbal", (const char *[]){"pool", "10", "horizon", "10", NULL}));
}

static void presets_are_those_of_the_papers(void **state)
{
    (void)state;
    struct steered_run run;
    begin(&run, "sbal", corner, NULL);
    assert_true(forecast.wanted.rollout == 0.5);
    for (uint32_t p = 0; run.ops->score(run.self, p) == 1; p++)
        ;
    assert_int_equal(forecast.scored, 5000);
    steered_free(&run);
    begin(&run, "sbal", corner, (const char *[]){"preset", "al4pde", NULL});
    assert_true(forecast.wanted.rollout == 1);
    for (uint32_t p = 0; run.ops->score(run.self, p) == 1; p++)
        ;
    assert_int_equal(forecast.scored, 100000);
    assert_string_equal(forecast.wanted.score, "disagreement");
    steered_free(&run);
    begin(&run, "entropy", corner, NULL);
    assert_int_equal(forecast.wanted.passes, 3);
    assert_true(forecast.wanted.weight == 0);
    steered_free(&run);
    begin(&run, "tod", corner, NULL);
    assert_int_equal(forecast.wanted.apart, 1);
    steered_free(&run);
}

static void states_that_are_cut_short_are_refused(void **state)
{
    (void)state;
    struct steered_run run;
    struct weir_blob blob = {0};
    begin(&run, "sbal", corner,
          (const char *[]){"pool", "150", "drawn", "once", NULL});
    steered_finish(&run);
    ok(run.ops->save(run.self, &blob));
    for (size_t size = 0; size < blob.size; size += 1 + blob.size / 50) {
        struct weir_blob part = {blob.data, size, size, 0};
        fails(run.ops->restore(run.self, &part), -WEIR_ECORRUPT);
    }
    weir_blob_free(&blob);
    steered_free(&run);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_proposal_is_due_with_every_period),
        cmocka_unit_test(other_periods_count_on),
        cmocka_unit_test(everybody_in_the_pool_is_asked_about),
        cmocka_unit_test(a_proposal_waits_for_no_more_than_a_period),
        cmocka_unit_test(starts_are_made_once_as_far_as_they_are_kept),
        cmocka_unit_test(a_pool_is_started_ahead),
        cmocka_unit_test(what_it_needs_is_known_before),
        cmocka_unit_test(a_pool_that_is_drawn_once_is_used_up),
        cmocka_unit_test(what_ran_away_is_no_candidate_of_features),
        cmocka_unit_test(scores_that_say_nothing_choose_uniformly),
        cmocka_unit_test(a_restored_run_proposes_the_same_bits),
        cmocka_unit_test(a_pool_smaller_than_a_proposal_is_refused),
        cmocka_unit_test(presets_are_those_of_the_papers),
        cmocka_unit_test(states_that_are_cut_short_are_refused),
    };
    return RUN(cases);
}
