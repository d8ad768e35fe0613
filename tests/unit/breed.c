/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/steered_run.h"

#include "acquire/breed_settings.h"

static const struct weir_parameter axes[] = {
    {.name = "A0", .low = -1, .high = 1},
    {.name = "A1", .low = -1, .high = 1},
    {.name = "phi0", .low = 0, .high = 6.28, .wraps = true},
    {.name = "phi1", .low = 0, .high = 6.28, .wraps = true},
};

static const struct weir_strategy_env env = {
    .seed = 11,
    .space = {.n = 4, .parameter = axes},
    .budget = 400,
    .samples_per_simulation = 50,
    .batch = 20,
    .gradient_steps = 4000,
    .samples_per_batch = 5,
};

/* Every open simulation is bred, at once, from anything trained on once. */
#define ALWAYS_BRED                                                            \
    "start", "1", "end", "1", "nn_updates", "1",                               \
        "min_nb_finished_simulations", "0", "delta_loss_min_nb_time_steps",    \
        "1", "non_resampling_threshold", "0"

static void read_settings(const char *const *settings,
                          const struct weir_strategy_env *e,
                          struct weir_breed_settings *out, int expected)
{
    struct weir_options opts;
    ok(weir_options_init(weir_breed_options, &opts));
    for (; settings && *settings; settings += 2)
        ok(weir_options_set(&opts, settings[0], settings[1]));
    assert_int_equal(weir_breed_settings_read(e, &opts, out), expected);
    weir_options_free(&opts);
}

/* Give `run` a population of @p n simulations on the diagonal, simulation k
 * with fitness q[k], by one batch of mean 0 and deviation 1. */
static void plant(struct steered_run *run, const double *q, uint32_t n)
{
    struct weir_sample_loss s[64];
    double u[STEERED_DIMS_MAX];
    for (uint32_t k = 0; k < n; k++) {
        for (size_t i = 0; i < run->env->space.n; i++)
            u[i] = (k + 0.5) / n;
        ok(run->ops->meet(run->self, k, u));
        s[k].simulation = k;
        s[k].step = 0;
        s[k].loss = (float)q[k];
    }
    struct weir_batch_loss batch = {
        .mean = 0, .deviation = 1, .sample = s, .n = n};
    ok(run->ops->observe(run->self, &batch));
    run->started = n;
}

static void propose(struct steered_run *run)
{
    struct weir_progress now = {.batch = 1,
                                .finished = run->started,
                                .open = run->env->budget - run->started};
    ok(run->ops->propose(run->self, &now, run->cell + run->started, now.open));
}

static void the_share_follows_its_schedule(void **state)
{
    (void)state;
    struct weir_breed_settings s = {.start = 0, .end = 0.75, .breakpoint = 3};
    const double up[] = {0, 0.25, 0.5, 0.75, 0.75, 0.75};
    for (uint32_t g = 1; g <= 6; g++)
        assert_true(fabs(weir_breed_share(&s, g) - up[g - 1]) < 1e-15);
    assert_true(weir_breed_share(&s, 1) == 0);
    assert_true(weir_breed_share(&s, 4) == 0.75);
    assert_true(weir_breed_share(&s, UINT32_MAX) == 0.75);
    s = (struct weir_breed_settings){
        .start = 0.75, .end = 0.5, .breakpoint = 1};
    assert_true(weir_breed_share(&s, 1) == 0.75);
    assert_true(weir_breed_share(&s, 2) == 0.5);
}

static void presets_count_in_fractions_of_the_run(void **state)
{
    (void)state;
    struct weir_breed_settings s;
    read_settings(NULL, &env, &s, 0);
    assert_int_equal(s.population.window, 60);
    assert_int_equal(s.population.min_finished, 50);
    assert_int_equal(s.population.nn_updates, 100);
    assert_int_equal(s.population.min_steps, 17);
    assert_int_equal(s.breakpoint, 3);
    assert_true(s.sigma == 0.1 && s.start == 0 && s.end == 0.7);
    struct weir_strategy_env small = env;
    small.budget = 40;
    small.gradient_steps = 0;
    read_settings((const char *[]){"preset", "precise", NULL}, &small, &s, 0);
    assert_int_equal(s.population.window, 30);
    assert_int_equal(s.population.min_finished, 5);
    assert_int_equal(s.population.nn_updates, 10); /* 40 * 50 / 5 steps */
    assert_true(s.sigma == 0.05 && s.start == 0.5 && s.end == 0.75);
    small.samples_per_batch = 0;
    read_settings((const char *[]){"preset", "soft", NULL}, &small, &s, 0);
    assert_int_equal(s.population.nn_updates, 10); /* 4 * 40 * 50 / 20 steps */
    assert_int_equal(s.population.window, 18);
    assert_true(s.start == 0.75 && s.end == 0.5);
}

static void the_release_keeps_its_literal_values(void **state)
{
    (void)state;
    struct weir_breed_settings s;
    read_settings((const char *[]){"preset", "ogas_release", NULL}, &env, &s,
                  0);
    assert_true(s.sigma == 0.1 && s.start == 0 && s.end == 0.7);
    assert_int_equal(s.breakpoint, 3);
    assert_int_equal(s.population.window, 138);
    assert_int_equal(s.population.min_steps, 10);
    assert_int_equal(s.population.min_finished, 100);
    assert_int_equal(s.population.min_finished_period, 0);
    assert_int_equal(s.population.nn_updates, 414);
    assert_int_equal(s.population.threshold, 1);
    assert_true(s.oob_factor == 0.3);
}

static void a_given_option_replaces_the_preset(void **state)
{
    (void)state;
    struct weir_breed_settings s;
    const char *given[] = {"preset",
                           "precise",
                           "sigma",
                           "0.2",
                           "start",
                           "0",
                           "min_nb_finished_simulations",
                           "0",
                           "nn_updates",
                           "7",
                           "sliding_window_size",
                           "0",
                           "boundary",
                           "wrap",
                           "non_resampling_threshold",
                           "9",
                           NULL};
    read_settings(given, &env, &s, 0);
    assert_true(s.sigma == 0.2 && s.start == 0 && s.end == 0.75);
    assert_int_equal(s.population.min_finished, 0);
    assert_int_equal(s.population.nn_updates, 7);
    assert_int_equal(s.population.window,
                     300); /* 0: by preset, here and above */
    assert_int_equal(s.population.threshold, 9);
    assert_int_equal(s.boundary, WEIR_BOUNDARY_WRAP);
}

static void values_that_cannot_be_are_refused(void **state)
{
    (void)state;
    const char *bad[][3] = {
        {"sigma", "0", "expected 1e-06"},
        {"sigma", "-0.1", "expected 1e-06"},
        {"start", "1.5", "expected 0 to 1"},
        {"end", "-0.1", "expected 0 to 1"},
        {"end", "nan", "not a finite number"},
        {"breakpoint", "0", "expected 1"},
        {"nn_updates", "-1", "expected 0"},
        {"nn_updates", "1.5", "not a whole number"},
        {"sliding_window_size", "10abc", "not a whole number"},
        {"oob_factor", "2", "expected 0.001 to 1"},
        {"boundary", "bounce", "shrink|wrap|reflect"},
        {"preset", "banana", "mixed|precise"},
        {"use_true_mixing", "maybe", "neither true nor false"},
    };
    struct weir_options opts;
    ok(weir_options_init(weir_breed_options, &opts));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        fails(weir_options_set(&opts, bad[i][0], bad[i][1]), -EINVAL);
        says(bad[i][2]);
    }
    weir_options_free(&opts);
}

static void settings_that_cannot_work_are_refused(void **state)
{
    (void)state;
    struct weir_breed_settings s;
    read_settings((const char *[]){"delta_loss_min_nb_time_steps", "51", NULL},
                  &env, &s, -WEIR_ECONFIG);
    says("delta_loss_min_nb_time_steps: 51");
    says("gives 50 samples");
    assert_non_null(strstr(weir_err_hint_text(), "50 or less"));
    struct weir_strategy_env e = env;
    e.samples_per_simulation = 8;
    read_settings((const char *[]){"preset", "ogas_release", NULL}, &e, &s,
                  -WEIR_ECONFIG);
    says("delta_loss_min_nb_time_steps: 10");
    e.budget = 0;
    read_settings(NULL, &e, &s, -WEIR_ECONFIG);
    says("expected 1 or more of each");
}

static void parents_are_drawn_in_proportion_to_fitness(void **state)
{
    (void)state;
    struct weir_strategy_env e = env;
    e.budget = 20010;
    struct steered_run run;
    const char *given[] = {ALWAYS_BRED, "sigma", "1e-6", NULL};
    steered_init(&run, "breed", &e, given);
    const double q[10] = {0, 1, 2, 3, 4, 0, 5, 0.5, 4, 0};
    plant(&run, q, 10);
    propose(&run);
    double count[10] = {0}, chi2 = 0, n = e.budget - 10;
    for (uint32_t id = 10; id < e.budget; id++) {
        assert_int_equal(run.cell[id].bred, 1);
        count[(int)(run.cell[id].u[0] * 10)]++;
    }
    for (int k = 0; k < 10; k++) {
        double expected = n * q[k] / 19.5;
        if (q[k] == 0)
            assert_true(count[k] == 0);
        else
            chi2 += (count[k] - expected) * (count[k] - expected) / expected;
    }
    assert_true(chi2 < 24.3); /* 6 degrees of freedom, 1 in 2000 */
    steered_free(&run);
}

/* Whatever is registered: 0 from delta losses, the same number from losses. */
static void a_population_all_alike_leaves_uniform_draws(void **state)
{
    (void)state;
    struct steered_run run, uniform;
    const char *delta[] = {ALWAYS_BRED, NULL};
    const char *raw[] = {ALWAYS_BRED, "value_to_register", "loss", NULL};
    const double zero[8] = {0}, one[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    steered_init(&uniform, "uniform", &env, NULL);
    for (int i = 0; i < 2; i++) {
        steered_init(&run, "breed", &env, i ? raw : delta);
        plant(&run, i ? one : zero, 8);
        propose(&run);
        for (uint32_t id = 8; id < env.budget; id++)
            assert_int_equal(run.cell[id].bred, 0);
        assert_memory_equal(run.u + 32, uniform.u + 32,
                            (env.budget - 8) * 4 * sizeof(double));
        steered_free(&run);
    }
    steered_free(&uniform);
}

static void an_empty_population_leaves_uniform_draws(void **state)
{
    (void)state;
    struct steered_run run, uniform;
    const char *given[] = {ALWAYS_BRED, NULL};
    steered_init(&run, "breed", &env, given);
    steered_init(&uniform, "uniform", &env, NULL);
    propose(&run);
    for (uint32_t id = 0; id < env.budget; id++) {
        assert_int_equal(run.cell[id].bred, 0);
        assert_int_equal(run.cell[id].generation, 1);
    }
    assert_memory_equal(run.u, uniform.u, env.budget * 4 * sizeof(double));
    steered_free(&run);
    steered_free(&uniform);
}

/* Mean and deviation of the first axis's steps, far from every wall. */
static void children_spread_by_sigma_times_the_range(void **state)
{
    (void)state;
    struct weir_strategy_env e = env;
    e.budget = 20001;
    struct steered_run run;
    const char *given[] = {ALWAYS_BRED, "sigma", "0.05", NULL};
    steered_init(&run, "breed", &e, given);
    plant(&run, (double[1]){1}, 1); /* at the centre of the cube */
    propose(&run);
    for (int axis = 0; axis < 4; axis++) {
        double sum = 0, squares = 0, n = e.budget - 1;
        for (uint32_t id = 1; id < e.budget; id++) {
            double d = run.cell[id].u[axis] - 0.5;
            sum += d;
            squares += d * d;
        }
        assert_true(fabs(sum / n) < 0.05 * 4 / sqrt(n));
        assert_true(fabs(sqrt(squares / n) / 0.05 - 1) < 0.02);
    }
    steered_free(&run);
}

/* Children of a parent in a corner: how many lie far away on axis 0 (which
 * does not wrap) and axis 2 (which does). */
static void count_far(const char *boundary, int *plain, int *wrapping)
{
    struct weir_strategy_env e = env;
    e.budget = 5016;
    struct steered_run run;
    const char *given[] = {ALWAYS_BRED, "boundary", boundary, NULL};
    steered_init(&run, "breed", &e, given);
    double q[16] = {1};
    plant(&run, q, 16); /* the parent is at 1/32 on every axis */
    propose(&run);
    *plain = *wrapping = 0;
    for (uint32_t id = 16; id < e.budget; id++) {
        const double *u = run.cell[id].u;
        for (int i = 0; i < 4; i++)
            assert_true(u[i] >= 0 && u[i] <= 1);
        *plain += u[0] > 0.6;
        *wrapping += u[2] > 0.6;
    }
    steered_free(&run);
}

static void children_stay_in_the_box(void **state)
{
    (void)state;
    int plain, wrapping;
    count_far("shrink", &plain, &wrapping);
    assert_int_equal(plain, 0);
    assert_int_equal(wrapping, 0);
    count_far("wrap", &plain, &wrapping);
    assert_int_equal(plain, 0);
    /* P(step below -1/32) is 0.377; redraws near a wall lower it. */
    assert_in_range(wrapping, 1000, 2000);
}

static void a_child_that_never_fits_is_its_parent(void **state)
{
    (void)state;
    struct steered_run run;
    const char *given[] = {ALWAYS_BRED,     "sigma", "10",
                           "max_oob_count", "0",     NULL};
    steered_init(&run, "breed", &env, given);
    plant(&run, (double[1]){1}, 1);
    propose(&run);
    int parents = 0;
    for (uint32_t id = 1; id < env.budget; id++) {
        const double *u = run.cell[id].u;
        parents += u[0] == 0.5 && u[1] == 0.5 && u[2] == 0.5 && u[3] == 0.5;
    }
    assert_true(parents > 390); /* P(inside) is 0.04^4 */
    steered_free(&run);
}

/* Of steps with sigma 1, 2 % fit; of redraws at 0.3, 67 %; at 0.09 all do. */
static void a_redraw_is_nearer_to_the_parent(void **state)
{
    (void)state;
    struct steered_run run;
    const char *given[] = {ALWAYS_BRED,     "sigma", "1",
                           "max_oob_count", "2",     NULL};
    steered_init(&run, "breed", &env, given);
    plant(&run, (double[1]){1}, 1);
    propose(&run);
    int parents = 0, near = 0;
    for (uint32_t id = 1; id < env.budget; id++) {
        double d = fabs(run.cell[id].u[0] - 0.5);
        parents += d == 0;
        near += d < 0.09;
    }
    assert_int_equal(parents, 0);
    /* Expected 158 by direct simulation of the rule, deviation 10. */
    assert_in_range(near, 118, 198);
    steered_free(&run);
}

static void a_generation_draws_anew(void **state)
{
    (void)state;
    struct steered_run run;
    const char *given[] = {ALWAYS_BRED, NULL};
    double u[4];
    steered_init(&run, "breed", &env, given);
    plant(&run, (double[1]){1}, 1);
    propose(&run);
    memcpy(u, run.cell[7].u, sizeof(u));
    propose(&run);
    for (int i = 0; i < 4; i++)
        assert_true(u[i] != run.cell[7].u[i]);
    steered_free(&run);
}

static int count_bred(const struct steered_run *run, uint32_t from, uint32_t to)
{
    int bred = 0;
    for (uint32_t id = from; id < to; id++)
        bred += run->cell[id].bred;
    return bred;
}

static void the_bred_share_is_the_scheduled_one(void **state)
{
    (void)state;
    struct weir_strategy_env e = env;
    e.budget = 10001;
    struct steered_run run;
    const char *given[] = {ALWAYS_BRED, "start",      "0.2", "end",
                           "0.6",       "breakpoint", "2",   NULL};
    steered_init(&run, "breed", &e, given);
    plant(&run, (double[1]){1}, 1);
    const double share[] = {0.2, 0.4, 0.6, 0.6};
    for (int g = 0; g < 4; g++) {
        propose(&run);
        double measured = count_bred(&run, 1, e.budget) / 1e4;
        assert_true(fabs(measured - share[g]) < 0.02); /* 4 sigma */
        assert_int_equal(run.cell[9].generation, g + 1);
    }
    steered_free(&run);
}

static void true_mixing_holds_the_share_in_every_stretch(void **state)
{
    (void)state;
    struct weir_strategy_env e = env;
    e.budget = 4001;
    struct steered_run run;
    const char *given[] = {ALWAYS_BRED, "start",           "0.7",  "end",
                           "0.7",       "use_true_mixing", "true", NULL};
    steered_init(&run, "breed", &e, given);
    plant(&run, (double[1]){1}, 1);
    for (int g = 0; g < 3; g++) {
        propose(&run);
        for (uint32_t id = 1; id + 50 <= e.budget; id += 10)
            assert_in_range(count_bred(&run, id, id + 50), 33, 37);
    }
    steered_free(&run);
}

static double ridge(const double *u, size_t n)
{
    (void)n;
    return 0.1 + u[0] * u[0];
}

/* Also checks that what is not bred keeps its uniform bits. */
static void a_share_of_zero_is_uniform_sampling(void **state)
{
    (void)state;
    struct steered_run none, some, uniform;
    const char *zero[] = {"start", "0", "end", "0", NULL};
    steered_init(&none, "breed", &env, zero);
    steered_init(&some, "breed", &env, NULL);
    steered_init(&uniform, "uniform", &env, NULL);
    none.hardness = some.hardness = uniform.hardness = ridge;
    steered_finish(&none);
    steered_finish(&some);
    steered_finish(&uniform);
    assert_true(none.generations > 20);
    assert_memory_equal(none.u, uniform.u, env.budget * 4 * sizeof(double));
    uint32_t bred = 0;
    for (uint32_t id = 0; id < env.budget; id++) {
        int same = memcmp(some.cell[id].u, uniform.cell[id].u,
                          4 * sizeof(double)) == 0;
        assert_int_equal(some.cell[id].bred, !same);
        bred += some.cell[id].bred;
    }
    assert_in_range(bred, 180, 260); /* 0.7 of the last 320 and a ramp */
    steered_free(&none);
    steered_free(&some);
    steered_free(&uniform);
}

static void a_draw_does_not_depend_on_the_others(void **state)
{
    (void)state;
    struct steered_run a, b;
    const char *given[] = {ALWAYS_BRED, NULL};
    steered_init(&a, "breed", &env, given);
    steered_init(&b, "breed", &env, given);
    const double q[3] = {1, 2, 3};
    plant(&a, q, 3);
    plant(&b, q, 3);
    struct weir_progress now = {.batch = 1, .finished = 3, .open = 9};
    ok(a.ops->propose(a.self, &now, a.cell + 100, 300));
    ok(b.ops->propose(b.self, &now, b.cell + 250, 1));
    assert_memory_equal(a.cell[250].u, b.cell[250].u, 4 * sizeof(double));
    steered_free(&a);
    steered_free(&b);
}

static bool due_after(struct steered_run *run, uint64_t batch,
                      uint32_t finished, uint32_t open)
{
    struct weir_batch_loss loss = {.batch = batch, .mean = 1, .deviation = 1};
    struct weir_progress now = {
        .batch = batch + 1, .finished = finished, .open = open};
    ok(run->ops->observe(run->self, &loss));
    bool due = run->ops->due(run->self, &now);
    if (due) {
        ok(run->ops->propose(run->self, &now, run->cell, 1));
        assert_false(run->ops->due(run->self, &now));
    }
    return due;
}

static void a_generation_waits_for_its_conditions(void **state)
{
    (void)state;
    struct steered_run run;
    const char *given[] = {"nn_updates",
                           "10",
                           "min_nb_finished_simulations",
                           "5",
                           "min_nb_finished_simulations_period",
                           "3",
                           "non_resampling_threshold",
                           "2",
                           NULL};
    steered_init(&run, "breed", &env, given);
    for (uint64_t batch = 0; batch < 9; batch++)
        assert_false(due_after(&run, batch, 50, 50));
    assert_false(due_after(&run, 9, 4, 50)); /* too few finished */
    assert_false(due_after(&run, 10, 5, 50));
    assert_true(due_after(&run, 19, 5, 50));
    assert_false(due_after(&run, 29, 7, 50)); /* 2 more, not 3 */
    assert_true(due_after(&run, 39, 8, 3));
    assert_false(due_after(&run, 49, 50, 2)); /* too few open */
    assert_true(due_after(&run, 62, 50, 9));  /* 50..61 were lost */
    assert_false(due_after(&run, 63, 60, 9));
    assert_false(due_after(&run, 72, 6, 9)); /* a resume: some run again */
    assert_true(due_after(&run, 82, 53, 9));
    steered_free(&run);
}

static void losses_that_are_not_finite_are_left_out(void **state)
{
    (void)state;
    struct steered_run run;
    const char *given[] = {ALWAYS_BRED, "sigma", "1e-6", NULL};
    steered_init(&run, "breed", &env, given);
    plant(&run, (double[4]){0, 1, 0, 0}, 4);
    struct weir_sample_loss bad[2] = {{.simulation = 0, .loss = NAN},
                                      {.simulation = 2, .loss = INFINITY}};
    struct weir_batch_loss batch = {
        .batch = 1, .mean = 0, .deviation = 1, .sample = bad, .n = 2};
    ok(run.ops->observe(run.self, &batch));
    batch = (struct weir_batch_loss){
        .batch = 2, .mean = NAN, .deviation = NAN, .sample = bad, .n = 1};
    ok(run.ops->observe(run.self, &batch));
    propose(&run);
    for (uint32_t id = 4; id < env.budget; id++)
        assert_int_equal((int)(run.cell[id].u[0] * 4), 1);
    steered_free(&run);
}

static void a_loss_of_an_unknown_simulation_is_refused(void **state)
{
    (void)state;
    struct steered_run run;
    steered_init(&run, "breed", &env, NULL);
    struct weir_sample_loss s = {.simulation = 3, .loss = 1};
    struct weir_batch_loss batch = {
        .batch = 17, .mean = 1, .deviation = 1, .sample = &s, .n = 1};
    fails(run.ops->observe(run.self, &batch), -EINVAL);
    says("simulation 3");
    assert_non_null(strstr(weir_err_trace(), "batch 17"));
    steered_free(&run);
}

static void replace_by_its_saved_self(struct steered_run *run)
{
    struct weir_blob blob = {0};
    ok(run->ops->save(run->self, &blob));
    run->ops->destroy(run->self);
    ok(run->ops->create(run->env, &run->opts, &run->self));
    ok(run->ops->restore(run->self, &blob));
    assert_int_equal(blob.at, blob.size);
    weir_blob_free(&blob);
}

static void restores_the_same_bits(const char *const *given)
{
    struct steered_run whole, cut;
    steered_init(&whole, "breed", &env, given);
    steered_init(&cut, "breed", &env, given);
    whole.hardness = cut.hardness = ridge;
    while (cut.started < env.budget) {
        steered_step(&whole);
        steered_step(&cut);
        if (cut.batch % 333 == 0 || cut.batch == 600)
            replace_by_its_saved_self(&cut);
    }
    assert_true(whole.generations > 20);
    assert_int_equal(cut.generations, whole.generations);
    assert_memory_equal(cut.u, whole.u, env.budget * 4 * sizeof(double));
    for (uint32_t id = 0; id < env.budget; id++)
        assert_int_equal(cut.cell[id].bred, whole.cell[id].bred);
    steered_free(&whole);
    steered_free(&cut);
}

static void a_restored_run_proposes_the_same_bits(void **state)
{
    (void)state;
    restores_the_same_bits((const char *[]){
        "boundary", "wrap", "min_nb_finished_simulations_period", "4", NULL});
    restores_the_same_bits((const char *[]){"boundary", "reflect", "weights",
                                            "amis", "use_true_mixing", "true",
                                            NULL});
}

static void a_state_of_other_dimensions_is_refused(void **state)
{
    (void)state;
    struct weir_strategy_env e = env;
    e.space.n = 3;
    struct steered_run three, four;
    steered_init(&three, "breed", &e, NULL);
    steered_init(&four, "breed", &env, NULL);
    struct weir_blob blob = {0};
    ok(three.ops->save(three.self, &blob));
    fails(four.ops->restore(four.self, &blob), -EINVAL);
    says("saved state has 3 parameters");
    blob.at = 0;
    blob.size /= 2;
    fails(three.ops->restore(three.self, &blob), -WEIR_ECORRUPT);
    weir_blob_free(&blob);
    steered_free(&three);
    steered_free(&four);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_share_follows_its_schedule),
        cmocka_unit_test(presets_count_in_fractions_of_the_run),
        cmocka_unit_test(the_release_keeps_its_literal_values),
        cmocka_unit_test(a_given_option_replaces_the_preset),
        cmocka_unit_test(values_that_cannot_be_are_refused),
        cmocka_unit_test(settings_that_cannot_work_are_refused),
        cmocka_unit_test(parents_are_drawn_in_proportion_to_fitness),
        cmocka_unit_test(a_population_all_alike_leaves_uniform_draws),
        cmocka_unit_test(an_empty_population_leaves_uniform_draws),
        cmocka_unit_test(children_spread_by_sigma_times_the_range),
        cmocka_unit_test(children_stay_in_the_box),
        cmocka_unit_test(a_child_that_never_fits_is_its_parent),
        cmocka_unit_test(a_redraw_is_nearer_to_the_parent),
        cmocka_unit_test(a_generation_draws_anew),
        cmocka_unit_test(the_bred_share_is_the_scheduled_one),
        cmocka_unit_test(true_mixing_holds_the_share_in_every_stretch),
        cmocka_unit_test(a_share_of_zero_is_uniform_sampling),
        cmocka_unit_test(a_draw_does_not_depend_on_the_others),
        cmocka_unit_test(a_generation_waits_for_its_conditions),
        cmocka_unit_test(losses_that_are_not_finite_are_left_out),
        cmocka_unit_test(a_loss_of_an_unknown_simulation_is_refused),
        cmocka_unit_test(a_restored_run_proposes_the_same_bits),
        cmocka_unit_test(a_state_of_other_dimensions_is_refused),
    };
    return RUN(cases);
}
