/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/steered_run.h"

static const struct weir_parameter axes[] = {
    {.name = "a", .low = 0, .high = 1},
    {.name = "b", .low = 0, .high = 1},
};

static const struct weir_strategy_env env = {
    .seed = 11,
    .space = {.n = 2, .parameter = axes},
    .budget = 400,
    .samples_per_simulation = 50,
    .batch = 20,
    .gradient_steps = 4000,
    .samples_per_batch = 5,
};

#define AT_ONCE                                                                \
    "nn_updates", "1", "min_nb_finished_simulations", "0",                     \
        "delta_loss_min_nb_time_steps", "1", "non_resampling_threshold", "0"

/* Simulations 0 .. n-1 have one loss each. */
static void plant(struct steered_run *run, const double *loss, uint32_t n)
{
    struct weir_sample_loss s[64];
    for (uint32_t k = 0; k < n; k++) {
        ok(run->ops->meet(run->self, k, run->cell[k].u));
        s[k] =
            (struct weir_sample_loss){.simulation = k, .loss = (float)loss[k]};
    }
    struct weir_batch_loss batch = {
        .mean = 0, .deviation = 1, .sample = s, .n = n};
    ok(run->ops->observe(run->self, &batch));
    run->started = n;
}

static void propose(struct steered_run *run, uint32_t n)
{
    struct weir_progress now = {
        .batch = 1, .finished = run->started, .open = n};
    ok(run->ops->propose(run->self, &now, run->cell + run->started, n));
}

/* Which of simulations 0 .. n-1 @p u is a copy of; n: none. */
static uint32_t copy_of(const struct steered_run *run, const double *u,
                        uint32_t n)
{
    uint32_t k = 0;
    while (k < n && memcmp(u, run->u + k * 2, 2 * sizeof(*u)))
        k++;
    return k;
}

/* Mean 2: of eight points 1, 4 and 6 stay; the other five are drawn anew. */
static void a_set_as_large_as_the_population_is_r3_s(void **state)
{
    (void)state;
    const double loss[8] = {1, 4, 0, 2, 3, 1.5, 2.5, 2};
    struct steered_run run, uniform;
    const char *given[] = {AT_ONCE, "sliding_window_size", "8", NULL};
    steered_init(&run, "r3", &env, given);
    steered_init(&uniform, "uniform", &env, NULL);
    plant(&run, loss, 8);
    propose(&run, 8);
    int kept[9] = {0};
    for (uint32_t id = 8; id < 16; id++) {
        const struct weir_proposal *p = &run.cell[id];
        uint32_t k = copy_of(&run, p->u, 8);
        kept[k]++;
        assert_int_equal(p->bred, k < 8);
        assert_int_equal(p->generation, 1);
        if (!p->bred)
            assert_memory_equal(p->u, uniform.cell[id].u, 2 * sizeof(double));
    }
    const int expected[9] = {0, 1, 0, 0, 1, 0, 1, 0, 5};
    assert_memory_equal(kept, expected, sizeof(kept));
    steered_free(&run);
    steered_free(&uniform);
}

/* Whatever part of the next population starts, its share is right: 3 of 8. */
static void a_part_of_a_generation_has_the_right_share(void **state)
{
    (void)state;
    const double loss[8] = {1, 4, 0, 2, 3, 1.5, 2.5, 2};
    struct steered_run run;
    const char *given[] = {AT_ONCE, "sliding_window_size", "8", NULL};
    steered_init(&run, "r3", &env, given);
    plant(&run, loss, 8);
    int first[8] = {0};
    for (int g = 0; g < 800; g++) {
        propose(&run, 392);
        for (uint32_t i = 0; i < 392; i++) {
            if (i < 8)
                first[i] += run.cell[8 + i].bred;
            else
                assert_int_equal(run.cell[8 + i].bred, 0);
        }
    }
    for (int i = 0; i < 8; i++)
        assert_in_range(first[i], 300 - 60, 300 + 60); /* 4.4 deviations */
    steered_free(&run);
}

static void losses_all_alike_leave_uniform_draws(void **state)
{
    (void)state;
    struct steered_run run, uniform;
    const char *given[] = {AT_ONCE, NULL};
    const double values[] = {0, 0.1, 7};
    steered_init(&uniform, "uniform", &env, NULL);
    for (int v = 0; v < 3; v++) {
        double loss[9];
        for (int k = 0; k < 9; k++)
            loss[k] = values[v];
        steered_init(&run, "r3", &env, given);
        plant(&run, loss, 9);
        propose(&run, 391);
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

static void a_hard_corner_is_simulated_more_often(void **state)
{
    (void)state;
    const char *kinds[] = {"loss", "delta_loss"};
    for (int kind = 0; kind < 2; kind++) {
        struct steered_run run;
        const char *given[] = {"value_to_register", kinds[kind], NULL};
        int hard = 0;
        steered_init(&run, "r3", &env, given);
        run.hardness = corner;
        steered_finish(&run);
        for (uint32_t id = 200; id < 400; id++)
            hard += corner(run.cell[id].u, 2) == 1;
        print_message("%s: %d of 200 in a corner of area 0.04\n", kinds[kind],
                      hard);
        assert_true(run.generations > 20);
        assert_true(hard > 24); /* 8 uniformly, deviation 2.8 */
        steered_free(&run);
    }
}

static void a_restored_run_proposes_the_same_bits(void **state)
{
    (void)state;
    struct steered_run whole;
    assert_true(
        steered_restarts_change_nothing(&whole, "r3", &env, NULL, corner) > 20);
    steered_free(&whole);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_set_as_large_as_the_population_is_r3_s),
        cmocka_unit_test(a_part_of_a_generation_has_the_right_share),
        cmocka_unit_test(losses_all_alike_leave_uniform_draws),
        cmocka_unit_test(a_hard_corner_is_simulated_more_often),
        cmocka_unit_test(a_restored_run_proposes_the_same_bits),
    };
    return RUN(cases);
}
