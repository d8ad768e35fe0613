/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/steered_run.h"

#include "acquire/kernel.h"

static const struct weir_parameter axes[] = {
    {.name = "a", .low = 0, .high = 1},
    {.name = "b", .low = 0, .high = 1},
};

static const struct weir_strategy_env env = {
    .seed = 5,
    .space = {.n = 2, .parameter = axes},
    .budget = 400,
    .samples_per_simulation = 50,
    .batch = 20,
    .gradient_steps = 4000,
    .samples_per_batch = 5,
};

/* Simulations from .. to-1 have one loss each, all in one batch. */
static void plant(struct steered_run *run, uint32_t from, uint32_t to,
                  const double *loss)
{
    struct weir_sample_loss s[64];
    for (uint32_t k = from; k < to; k++) {
        ok(run->ops->meet(run->self, k, run->cell[k].u));
        s[k - from] = (struct weir_sample_loss){.simulation = k,
                                                .loss = (float)loss[k - from]};
    }
    struct weir_batch_loss batch = {.batch = run->batch++,
                                    .mean = 0,
                                    .deviation = 1,
                                    .sample = s,
                                    .n = to - from};
    ok(run->ops->observe(run->self, &batch));
    run->started = to > run->started ? to : run->started;
}

static void propose(struct steered_run *run)
{
    struct weir_progress now = {.batch = run->batch,
                                .finished = run->started,
                                .open = run->env->budget - run->started};
    ok(run->ops->propose(run->self, &now, run->cell + run->started, now.open));
}

static uint32_t bred(const struct steered_run *run, uint32_t from, uint32_t to)
{
    uint32_t n = 0;
    for (uint32_t id = from; id < to; id++)
        n += run->cell[id].bred;
    return n;
}

/* alpha 0.1, 0.35, 0.6, 0.7, 0.7 of a set of 25; nobody beyond the set. */
static void each_round_has_the_share_of_its_schedule(void **state)
{
    (void)state;
    const double loss[] = {1, 2, 3};
    const uint32_t expected[] = {3, 9, 15, 18, 18};
    struct steered_run run, uniform;
    const char *given[] = {"alpha_0",
                           "0.1",
                           "alpha_1",
                           "0.25",
                           "alpha_max",
                           "0.7",
                           "sliding_window_size",
                           "25",
                           NULL};
    steered_init(&run, "breed_offline", &env, given);
    steered_init(&uniform, "uniform", &env, NULL);
    for (int i = 0; i < 5; i++) {
        plant(&run, 0, 3, loss);
        propose(&run);
        assert_int_equal(bred(&run, 3, 28), expected[i]);
        assert_int_equal(bred(&run, 28, 400), 0);
        for (uint32_t id = 3; id < 400; id++) {
            const struct weir_proposal *p = &run.cell[id];
            assert_int_equal(p->generation, i + 1);
            assert_int_equal(p->bred, memcmp(p->u, uniform.cell[id].u,
                                             2 * sizeof(double)) != 0);
        }
    }
    steered_free(&run);
    steered_free(&uniform);
}

/* A round that starts only in part: of its first simulations, 0.6 are bred. */
static void children_are_spread_over_the_set(void **state)
{
    (void)state;
    const double loss[] = {1, 2, 3};
    struct steered_run run;
    const char *given[] = {
        "alpha_0", "0.6", "alpha_1", "0", "sliding_window_size", "25", NULL};
    steered_init(&run, "breed_offline", &env, given);
    uint32_t first = 0;
    for (int i = 0; i < 400; i++) {
        plant(&run, 0, 3, loss);
        propose(&run);
        first += bred(&run, 3, 8);
    }
    assert_in_range(first, 1200 - 80, 1200 + 80); /* 3.9 deviations */
    steered_free(&run);
}

/* GM is the mixture it claims to be, walls and all: chi-square of a histogram
 * against sum of l_i K(u; x_i) on one axis. */
enum { BINS = 25 };

static const double centre[] = {0.03, 0.4, 0.55, 0.97};
static const double score[] = {1, 0, 2, 5};

static void expected_shares(const char *boundary, double *share)
{
    enum { POINTS = 400 };
    struct weir_kernel k = {.space = {.n = 1, .parameter = axes},
                            .boundary = *boundary == 'r' ? WEIR_BOUNDARY_REFLECT
                                                         : WEIR_BOUNDARY_SHRINK,
                            .sigma = 0.08,
                            .oob_factor = 0.3,
                            .max_oob = 10};
    for (int i = 0; i < BINS * POINTS; i++) {
        double u = (i + 0.5) / (BINS * POINTS);
        for (int j = 0; j < 4; j++)
            share[i / POINTS] +=
                score[j] / 8 / (BINS * POINTS) *
                exp(weir_kernel_log_density(&k, &centre[j], &u));
    }
}

static void follows_the_mixture(const char *boundary)
{
    struct weir_strategy_env line = env;
    line.space.n = 1;
    struct steered_run run;
    const char *given[] = {"alpha_0",
                           "1",
                           "alpha_max",
                           "1",
                           "sigma",
                           "0.08",
                           "sliding_window_size",
                           "396",
                           "boundary",
                           boundary,
                           NULL};
    double share[BINS] = {0}, chi = 0;
    int count[BINS] = {0}, n = 0, bins = 0;
    steered_init(&run, "breed_offline", &line, given);
    for (int j = 0; j < 4; j++)
        run.cell[j].u[0] = centre[j];
    for (int i = 0; i < 30; i++) {
        plant(&run, 0, 4, score);
        propose(&run);
        for (uint32_t id = 4; id < 400; id++, n++)
            count[(int)fmin(run.cell[id].u[0] * BINS, BINS - 1)]++;
    }
    expected_shares(boundary, share);
    for (int b = 0; b < BINS; b++) {
        double e = share[b] * n;
        if (e < 8)
            continue;
        chi += (count[b] - e) * (count[b] - e) / e;
        bins++;
    }
    print_message("%s: chi-square %.1f over %d bins\n", boundary, chi, bins);
    assert_true(bins > 12);
    assert_true(chi < bins + 5 * sqrt(2.0 * bins));
    steered_free(&run);
}

static void children_follow_the_mixture_of_the_scores(void **state)
{
    (void)state;
    follows_the_mixture("shrink");
    follows_the_mixture("reflect");
}

/* What was hard in an earlier round has no child in a later one. */
static void scores_are_of_the_round(void **state)
{
    (void)state;
    const double first[] = {9, 1}, second[] = {1, 2};
    struct steered_run run;
    const char *given[] = {"alpha_0", "1",       "alpha_max", "1",
                           "sigma",   "0.00001", NULL};
    steered_init(&run, "breed_offline", &env, given);
    plant(&run, 0, 2, first);
    propose(&run);
    plant(&run, 2, 4, second);
    propose(&run);
    for (uint32_t id = 4; id < 64; id++) {
        const double *u = run.cell[id].u;
        double near = fmin(hypot(u[0] - run.u[4], u[1] - run.u[5]),
                           hypot(u[0] - run.u[6], u[1] - run.u[7]));
        assert_true(near < 1e-3);
    }
    steered_free(&run);
}

static void scores_without_a_difference_leave_uniform_draws(void **state)
{
    (void)state;
    const double zero[] = {0, 0, 0}, equal[] = {2, 2, 2},
                 bad[] = {NAN, INFINITY, NAN};
    const double *const cases[] = {zero, equal, bad};
    struct steered_run run, uniform;
    steered_init(&uniform, "uniform", &env, NULL);
    for (int i = 0; i < 3; i++) {
        const char *given[] = {"alpha_0", "1", "alpha_max", "1", NULL};
        steered_init(&run, "breed_offline", &env, given);
        plant(&run, 0, 3, cases[i]);
        propose(&run);
        assert_int_equal(bred(&run, 0, 400), 0);
        assert_memory_equal(run.u, uniform.u, env.budget * 2 * sizeof(double));
        steered_free(&run);
    }
    steered_free(&uniform);
}

static double corner(const double *u, size_t n)
{
    (void)n;
    return u[0] > 0.8 && u[1] > 0.8 ? 1 : 0.1;
}

static void a_restored_run_proposes_the_same_bits(void **state)
{
    (void)state;
    struct steered_run whole;
    assert_true(steered_restarts_change_nothing(&whole, "breed_offline", &env,
                                                NULL, corner) > 100);
    assert_true(whole.generations > 20);
    steered_free(&whole);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(each_round_has_the_share_of_its_schedule),
        cmocka_unit_test(children_are_spread_over_the_set),
        cmocka_unit_test(children_follow_the_mixture_of_the_scores),
        cmocka_unit_test(scores_are_of_the_round),
        cmocka_unit_test(scores_without_a_difference_leave_uniform_draws),
        cmocka_unit_test(a_restored_run_proposes_the_same_bits),
    };
    return RUN(cases);
}
