/* SPDX-License-Identifier: BSD-3-Clause */
/* In lockstep one seed gives the same bits, whatever does the work. */
#include "tests/session.h"

#include "tests/brittle.h"

#define SET(...)                                                               \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

/* Where groups share their cores a leader updates for all (trainer.h). */
static const char *machine_of(int threads)
{
    return threads == 2 ? "core:3 pu:1" : "core:8 pu:1";
}

static void same_bits(const char *const *set)
{
    struct outcome first = {0}, o;
    for (int groups = 1; groups <= 3; groups++)
        for (int threads = 1; threads <= 3; threads++) {
            const char *all[16];
            char g[40], t[40];
            size_t n = 0;
            snprintf(g, sizeof(g), "placement.groups=%d", groups);
            snprintf(t, sizeof(t), "placement.solver_threads=%d", threads);
            for (; set[n]; n++)
                all[n] = set[n];
            all[n++] = "run.clock=lockstep";
            all[n++] = g;
            all[n++] = t;
            all[n] = NULL;
            session_machine = machine_of(threads);
            session_whole(all, &o);
            session_machine = machine_of(1);
            ledger_is_exact(&o, false);
            if (!first.weights) {
                first = o;
                continue;
            }
            same_weights(&first, &o);
            same_simulations(&first, &o);
            assert_memory_equal(&first.totals, &o.totals, sizeof(o.totals));
            outcome_free(&o);
        }
    assert_true(first.generation > 0); /* it was steered */
    assert_true(first.failed > 0);
    outcome_free(&first);
}

static void groups_and_threads_show_in_no_bit(void **state)
{
    (void)state;
    same_bits(SET("training.steps=60"));
}

static void nor_do_they_under_other_rules(void **state)
{
    (void)state;
    same_bits(
        SET("reservoir.rule=firo", "training.unroll=2", "training.steps=0"));
    same_bits(
        SET("reservoir.rule=fifo", "training.unroll=3", "training.steps=0"));
}

/* Clipping waits for the whole gradient, members share out more work. */
static void nor_do_they_with_all_that_training_can(void **state)
{
    (void)state;
    same_bits(SET("training.members=3", "training.clip=adaptive",
                  "training.clip_limit=1.01", "training.ema=0.9",
                  "training.loss=mae", "training.weight_decay=0.01",
                  "training.optimiser=adam"));
    same_bits(SET("training.members=2", "training.on_nonfinite=skip",
                  "training.clip=fixed", "training.clip_limit=0.1"));
    same_bits(SET("training.loss=evidential", "training.unroll=2",
                  "training.members=2", "acquisition.loss_type=evidential"));
    /* Seven micro-batches in three buffers: the last has one. */
    same_bits(SET("training.micro_batch=2", "training.batch=14",
                  "training.accumulate=3"));
}

/* Solvers that are late, and late at other times in every run. */
static void slow_solvers_show_in_no_bit(void **state)
{
    (void)state;
    struct outcome fast, slow;
    session_solver = brittle_solver();
    brittle.share = 0.2;
    brittle.at = 6;
    session_whole(SET("run.clock=lockstep"), &fast);
    brittle.step_ns = 500000;
    session_whole(SET("run.clock=lockstep"), &slow);
    same_weights(&fast, &slow);
    same_simulations(&fast, &slow);
    outcome_free(&fast);
    outcome_free(&slow);
    session_solver = NULL;
    memset(&brittle, 0, sizeof(brittle));
}

static void another_seed_gives_other_bits(void **state)
{
    (void)state;
    struct outcome a, b;
    session_whole(SET("run.clock=lockstep"), &a);
    session_whole(SET("run.clock=lockstep", "run.seed=4"), &b);
    assert_memory_not_equal(a.weights, b.weights, a.n * sizeof(float));
    assert_memory_not_equal(a.value, b.value, a.dims * sizeof(double));
    outcome_free(&a);
    outcome_free(&b);
}

static void the_number_of_lanes_decides_the_bits(void **state)
{
    (void)state;
    struct outcome a, b;
    session_whole(SET("run.clock=lockstep"), &a);
    session_whole(SET("run.clock=lockstep", "run.lanes=4"), &b);
    assert_memory_not_equal(a.weights, b.weights, a.n * sizeof(float));
    outcome_free(&a);
    outcome_free(&b);
}

static void breed_that_never_breeds_is_uniform_sampling(void **state)
{
    (void)state;
    struct outcome breed, uniform, steered;
    session_whole(
        SET("run.clock=lockstep", "acquisition.start=0", "acquisition.end=0"),
        &breed);
    session_whole(SET("run.clock=lockstep", "acquisition.strategy=uniform"),
                  &uniform);
    assert_true(breed.generation > 0); /* it did propose */
    same_weights(&breed, &uniform);
    same_simulations(&breed, &uniform);
    session_whole(SET("run.clock=lockstep"), &steered);
    assert_memory_not_equal(breed.weights, steered.weights,
                            breed.n * sizeof(float));
    outcome_free(&breed);
    outcome_free(&uniform);
    outcome_free(&steered);
}

/* OpenMP teams in the groups: the same bits each time, and but for the order of
 * sums those of one thread. Uniform sampling, so that no rounding can choose
 * other simulations. */
static void teams_in_groups_repeat_their_bits(void **state)
{
    (void)state;
    struct outcome alone, team, again;
    session_whole(SET("run.clock=lockstep", "acquisition.strategy=uniform"),
                  &alone);
    session_whole(SET("run.clock=lockstep", "acquisition.strategy=uniform",
                      "placement.cores_per_group=2"),
                  &team);
    session_whole(SET("run.clock=lockstep", "acquisition.strategy=uniform",
                      "placement.cores_per_group=2"),
                  &again);
    assert_int_equal(alone.team, 1);
    assert_int_equal(team.team, 2);
    same_weights(&team, &again);
    same_simulations(&team, &again);
    same_simulations(&team, &alone);
    for (size_t i = 0; i < team.n; i++)
        assert_true(fabsf(team.weights[i] - alone.weights[i]) < 1e-3F);
    outcome_free(&alone);
    outcome_free(&team);
    outcome_free(&again);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(groups_and_threads_show_in_no_bit),
        cmocka_unit_test(nor_do_they_under_other_rules),
        cmocka_unit_test(nor_do_they_with_all_that_training_can),
        cmocka_unit_test(slow_solvers_show_in_no_bit),
        cmocka_unit_test(another_seed_gives_other_bits),
        cmocka_unit_test(the_number_of_lanes_decides_the_bits),
        cmocka_unit_test(breed_that_never_breeds_is_uniform_sampling),
        cmocka_unit_test(teams_in_groups_repeat_their_bits),
    };
    return RUN(cases);
}
