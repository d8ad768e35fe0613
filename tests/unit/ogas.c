/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/steered_run.h"

#include "acquire/ogas_settings.h"
#include "acquire/pairs.h"

static const struct weir_parameter axes[] = {
    {.name = "a", .low = 0, .high = 1},
    {.name = "b", .low = 0, .high = 1, .wraps = true},
};

static const struct weir_strategy_env env = {
    .seed = 6,
    .space = {.n = 2, .parameter = axes},
    .budget = 200,
    .samples_per_simulation = 50,
    .batch = 20,
    .gradient_steps = 2000,
    .samples_per_batch = 5,
};

/* Quick to train: for what does not depend on how well it is. */
#define SMALL                                                                  \
    "model_dim", "8", "mlp_hidden", "8", "timesteps", "5", "batch_size", "16", \
        "buffer_size", "200"

/* ---- pairs ---- */

static double at_two[2] = {0.25, 1};

static const double *anyone(const void *ctx, uint32_t simulation)
{
    (void)ctx;
    (void)simulation;
    return at_two;
}

static void add(struct weir_pairs *p, const float *loss, size_t n)
{
    struct weir_sample_loss s[32];
    for (size_t i = 0; i < n; i++)
        s[i] = (struct weir_sample_loss){.loss = loss[i]};
    struct weir_batch_loss b = {.sample = s, .n = n};
    weir_pairs_add(p, &b, anyone, NULL);
}

static const struct weir_pairs_settings pairs = {
    .dims = 2,
    .buffer_size = 5,
    .min_max_queue_length = 2,
    .ema_loss_alpha = 0.5,
    .max_loss_value = 5,
    .normalize_losses = true,
};

/* Means 2 then 2 + 0.5 (6 - 2); variances 1, then 1 + 0.5 (4 - 1). */
static void scores_are_standardised_by_moving_statistics(void **state)
{
    (void)state;
    struct weir_pairs *p;
    ok(weir_pairs_create(&pairs, &p));
    add(p, (float[]){1, 3}, 2);
    assert_true(fabsf(weir_pairs_score(p, 0) + 1) < 1e-5f);
    assert_true(fabsf(weir_pairs_score(p, 1) - 1) < 1e-5f);
    add(p, (float[]){4, NAN, 8}, 3);
    assert_int_equal(weir_pairs_n(p), 4);
    assert_true(fabsf(weir_pairs_score(p, 2) - 0) < 1e-5f);
    assert_true(fabsf(weir_pairs_score(p, 3) - 4 / sqrtf(2.5f)) < 1e-5f);
    assert_true(weir_pairs_at(p, 3)[0] == -0.5f);
    assert_true(weir_pairs_at(p, 3)[1] == 1);
    /* From the least to the largest of the last two batches. */
    assert_true(weir_pairs_condition(p, weir_pairs_score(p, 3)) == 1);
    assert_true(weir_pairs_condition(p, weir_pairs_score(p, 0)) == -1);
    assert_true(weir_pairs_condition(p, 100) == 1);
    weir_pairs_destroy(p);
}

static void the_oldest_pairs_give_way_and_scores_are_cut(void **state)
{
    (void)state;
    struct weir_pairs *p;
    ok(weir_pairs_create(&pairs, &p));
    add(p, (float[]){1, 2, 3, 4, 5, 6}, 6);
    assert_int_equal(weir_pairs_n(p), 5);
    assert_true(weir_pairs_score(p, 0) > weir_pairs_score(p, 4));
    add(p, (float[]){1000, 1, 1}, 3); /* 1.4 deviations of its batch */
    for (int i = 0; i < 9; i++)
        add(p, (float[]){1, 1, 1}, 3);
    add(p, (float[]){1, 1, 1, 1, 1, 1, 1e9f}, 7);
    float most = 0;
    for (uint32_t i = 0; i < 5; i++)
        most = fmaxf(most, weir_pairs_score(p, i));
    assert_true(most > 1 && most <= 5);
    weir_pairs_destroy(p);
}

static void batches_without_a_finite_loss_change_nothing(void **state)
{
    (void)state;
    struct weir_pairs *p;
    ok(weir_pairs_create(&pairs, &p));
    add(p, (float[]){NAN, INFINITY}, 2);
    assert_int_equal(weir_pairs_n(p), 0);
    assert_false(weir_pairs_aim(p, WEIR_TARGET_PROPORTIONAL, 1, 0));
    add(p, (float[]){2, 2, 2}, 3);
    assert_false(weir_pairs_aim(p, WEIR_TARGET_PROPORTIONAL, 1, 0));
    assert_true(weir_pairs_condition(p, 0) == 0);
    add(p, (float[]){2, 3}, 2);
    assert_true(weir_pairs_aim(p, WEIR_TARGET_PROPORTIONAL, 1, 0));
    weir_pairs_destroy(p);
}

/* Scores in proportion 0 : 1 : 4 to their distance from the least, squared. */
static void targets_follow_their_rule(void **state)
{
    (void)state;
    struct weir_pairs_settings raw = pairs;
    struct weir_pairs *p;
    int count[3] = {0};
    raw.normalize_losses = false;
    ok(weir_pairs_create(&raw, &p));
    add(p, (float[]){1, 2, 3}, 3);
    assert_true(weir_pairs_aim(p, WEIR_TARGET_PROPORTIONAL, 2, 0));
    for (int i = 0; i < 1000; i++)
        count[(int)weir_pairs_target(p, (i + 0.5) / 1000) - 1]++;
    assert_int_equal(count[0], 0);
    assert_int_equal(count[1], 200);
    assert_int_equal(count[2], 800);
    assert_true(weir_pairs_aim(p, WEIR_TARGET_UNIFORM_QUANTILE, 0, 0.5));
    assert_true(weir_pairs_target(p, 0) == 2);
    assert_true(weir_pairs_target(p, 0.25) == 2.25f);
    weir_pairs_destroy(p);
}

/* ---- settings ---- */

static void read_settings(const struct weir_strategy_env *of,
                          const char *const *given,
                          struct weir_ogas_settings *out)
{
    struct weir_options opts;
    ok(weir_options_init(weir_ogas_options, &opts));
    for (; *given; given += 2)
        ok(weir_options_set(&opts, given[0], given[1]));
    ok(weir_ogas_settings_read(of, &opts, out));
    weir_options_free(&opts);
}

static void the_release_s_values_are_the_defaults(void **state)
{
    (void)state;
    struct weir_ogas_settings s;
    read_settings(&env, (const char *[]){NULL}, &s);
    assert_int_equal(s.batch_size, 128);
    assert_int_equal(s.pairs.buffer_size, 6000);
    assert_int_equal(s.pairs.min_max_queue_length, 20);
    assert_true(s.pairs.ema_loss_alpha == 0.3 && s.pairs.max_loss_value == 5);
    assert_true(s.pairs.normalize_losses && !s.pairs.delta);
    assert_false(s.pairs.clip_loss_norm_to_3_sigma);
    assert_int_equal(s.timesteps, 100);
    assert_true(s.guidance_scale == 5 && s.alpha == 1 && s.quantile == 0.9);
    assert_true(s.start == 0 && s.end == 0.7);
    assert_int_equal(s.breakpoint, 4);
    assert_int_equal(s.n_train_steps_per_epoch, 1);
    assert_int_equal(s.max_epoch_per_epoch, 50);
    assert_int_equal(s.max_mlp_steps_per_collect, 4);
    assert_int_equal(s.mlp_hidden, 64);
    assert_true(s.mlp_weight_decay == 0.01);
    assert_true(s.learn_sampling_ratio && s.resample_oob);
    assert_int_equal(s.model_dim, 64);
    assert_true(fabs(s.lr - 3.2e-3) < 1e-12);
    assert_int_equal(s.population.nn_updates, 50);
    assert_int_equal(s.horizon, 10); /* 50 batches of 5 samples, 50 each */
    struct weir_parameter many[9] = {{.high = 1}};
    struct weir_strategy_env wide = env;
    wide.space.parameter = many;
    wide.space.n = 9;
    read_settings(&wide, (const char *[]){NULL}, &s);
    assert_int_equal(s.model_dim, 256);
    read_settings(&env, (const char *[]){"preset", "release", NULL}, &s);
    assert_int_equal(s.model_dim, 1024);
    assert_true(fabs(s.lr - 2e-4) < 1e-12);
    assert_int_equal(s.population.nn_updates, 100);
    assert_int_equal(s.population.min_finished, 0);
    assert_int_equal(s.population.min_finished_period, 41);
    assert_int_equal(s.population.threshold, 10);
}

/* ---- the strategy ---- */

static double corner(const double *u, size_t n)
{
    (void)n;
    return u[0] > 0.8 && fabs(u[1] - 0.9) < 0.1 ? 1 : 0.1;
}

/* Walls hold, targets differ, and only the horizon is steered. */
static void proposals_are_in_the_box_and_as_many_as_the_share(void **state)
{
    (void)state;
    const char *redraw[] = {SMALL, "start",   "1",  "end",
                            "1",   "horizon", "20", NULL};
    const char *walls[] = {SMALL,   "start",   "1",  "end",
                           "1",     "horizon", "20", "resample_oob",
                           "false", NULL};
    const char *const *ways[] = {redraw, walls};
    for (int w = 0; w < 2; w++) {
        struct steered_run run, uniform;
        steered_init(&run, "ogas", &env, ways[w]);
        steered_init(&uniform, "uniform", &env, NULL);
        run.hardness = corner;
        while (run.generations < 3)
            steered_step(&run);
        for (uint32_t id = run.started; id < env.budget; id++) {
            const struct weir_proposal *p = &run.cell[id];
            assert_true(p->u[0] >= 0 && p->u[0] <= 1);
            assert_true(p->u[1] >= 0 && p->u[1] < 1);
            assert_int_equal(p->bred, id < run.started + 20);
            if (!p->bred)
                assert_memory_equal(p->u, uniform.cell[id].u,
                                    2 * sizeof(double));
        }
        steered_free(&run);
        steered_free(&uniform);
    }
}

static double flat(const double *u, size_t n)
{
    (void)u;
    (void)n;
    return 0;
}

static double nothing(const double *u, size_t n)
{
    (void)u;
    (void)n;
    return NAN;
}

static void losses_that_say_nothing_leave_uniform_draws(void **state)
{
    (void)state;
    double (*const cases[])(const double *, size_t) = {flat, nothing};
    for (int c = 0; c < 2; c++) {
        struct steered_run run, uniform;
        const char *given[] = {SMALL, "start", "1", "end", "1", NULL};
        steered_init(&run, "ogas", &env, given);
        steered_init(&uniform, "uniform", &env, NULL);
        run.hardness = cases[c];
        steered_finish(&run);
        assert_true(run.generations > 10);
        assert_memory_equal(run.u, uniform.u, env.budget * 2 * sizeof(double));
        steered_free(&run);
        steered_free(&uniform);
    }
}

static void an_end_share_of_zero_is_uniform_sampling(void **state)
{
    (void)state;
    struct steered_run run, uniform;
    const char *given[] = {SMALL, "start", "0", "end", "0", NULL};
    steered_init(&run, "ogas", &env, given);
    steered_init(&uniform, "uniform", &env, NULL);
    run.hardness = corner;
    steered_finish(&run);
    assert_memory_equal(run.u, uniform.u, env.budget * 2 * sizeof(double));
    steered_free(&run);
    steered_free(&uniform);
}

static void a_restored_run_proposes_the_same_bits(void **state)
{
    (void)state;
    const char *with[] = {SMALL, NULL};
    const char *without[] = {SMALL, "learn_sampling_ratio", "false", NULL};
    const char *const *ways[] = {with, without};
    for (int w = 0; w < 2; w++) {
        struct steered_run whole;
        assert_true(steered_restarts_change_nothing(&whole, "ogas", &env,
                                                    ways[w], corner) > 60);
        steered_free(&whole);
    }
}

static void states_of_another_run_are_refused(void **state)
{
    (void)state;
    struct steered_run a, b;
    struct weir_blob blob = {0};
    const char *small[] = {SMALL, NULL};
    const char *wider[] = {SMALL, "model_dim", "9", NULL};
    steered_init(&a, "ogas", &env, small);
    steered_init(&b, "ogas", &env, wider);
    ok(a.ops->save(a.self, &blob));
    fails(b.ops->restore(b.self, &blob), -EINVAL);
    says("width 8");
    for (size_t size = 0; size < blob.size; size += 1 + blob.size / 50) {
        struct weir_blob part = {blob.data, size, size, 0};
        fails(a.ops->restore(a.self, &part), -WEIR_ECORRUPT);
    }
    weir_blob_free(&blob);
    steered_free(&a);
    steered_free(&b);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(scores_are_standardised_by_moving_statistics),
        cmocka_unit_test(the_oldest_pairs_give_way_and_scores_are_cut),
        cmocka_unit_test(batches_without_a_finite_loss_change_nothing),
        cmocka_unit_test(targets_follow_their_rule),
        cmocka_unit_test(the_release_s_values_are_the_defaults),
        cmocka_unit_test(proposals_are_in_the_box_and_as_many_as_the_share),
        cmocka_unit_test(losses_that_say_nothing_leave_uniform_draws),
        cmocka_unit_test(an_end_share_of_zero_is_uniform_sampling),
        cmocka_unit_test(a_restored_run_proposes_the_same_bits),
        cmocka_unit_test(states_of_another_run_are_refused),
    };
    return RUN(cases);
}
