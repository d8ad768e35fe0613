/* SPDX-License-Identifier: BSD-3-Clause */
/* What the trainer publishes of a sample: by hand, and through whole runs, in
 * which an ensemble's members predict the same batch. */
#include "tests/session.h"

#include "acquire/difficulty.h"

#include <math.h>

#define SET(...)                                                               \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

static void near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-6 * fmax(1, fabs(b))))
        fail_msg("%.9g, expected %.9g", a, b);
}

/* Mean (2, 4); squares 1 + 1 and 0 + 0; |p - y| 1 1 and 2 2; pairs 2 and 0. */
static void members_are_compared_by_hand(void **state)
{
    (void)state;
    const float one[] = {1, 4}, two[] = {3, 4}, truth[] = {2, 2};
    const float *p[] = {one, two};
    float mean[2];
    near(weir_difficulty(WEIR_DIFFICULTY_DISAGREEMENT, p, 2, truth, 2, mean),
         2.0 / 4);
    near(weir_difficulty(WEIR_DIFFICULTY_ECRPS, p, 2, truth, 2, mean),
         ((2.0 + 4) / 2 - 2.0 / 4) / 2);
}

/* A loss is that of the mean, not the mean of the members' losses. */
static void a_loss_is_that_of_the_mean_prediction(void **state)
{
    (void)state;
    const float one[] = {1, 4}, two[] = {3, 4}, truth[] = {2, 2};
    const float *p[] = {one, two};
    float mean[2];
    near(weir_difficulty((enum weir_difficulty)WEIR_LOSS_MSE, p, 2, truth, 2,
                         mean),
         4.0 / 2);
    near(weir_difficulty((enum weir_difficulty)WEIR_LOSS_MSE, p, 1, truth, 2,
                         NULL),
         (1.0 + 4) / 2);
}

/* Members that are copies of each other agree: nothing to be steered by. What
 * a run publishes is seen in what it proposes. */
static void what_drives_a_run_shows_in_its_proposals(void **state)
{
    (void)state;
    static const char *const types[] = {"nrmse", "disagreement", "ecrps"};
    struct outcome o[3];
    for (int i = 0; i < 3; i++) {
        char type[64];
        snprintf(type, sizeof(type), "acquisition.loss_type=%s", types[i]);
        session_whole(SET("run.clock=lockstep", "training.members=2", type),
                      &o[i]);
        assert_true(o[i].generation > 0);
    }
    size_t bytes = o[0].dims * sizeof(double);
    for (int i = 0; i < 3; i++)
        assert_memory_not_equal(o[i].value, o[(i + 1) % 3].value,
                                o[0].budget * bytes);
    for (int i = 0; i < 3; i++)
        outcome_free(&o[i]);
}

static void groups_show_in_no_bit_of_it(void **state)
{
    (void)state;
    struct outcome first, o;
    for (int groups = 1; groups <= 3; groups++) {
        char g[40];
        snprintf(g, sizeof(g), "placement.groups=%d", groups);
        session_whole(SET("run.clock=lockstep", "training.members=3",
                          "acquisition.loss_type=disagreement",
                          "acquisition.strategy=ogas", "training.unroll=2", g),
                      groups == 1 ? &first : &o);
        if (groups == 1)
            continue;
        same_weights(&first, &o);
        same_simulations(&first, &o);
        outcome_free(&o);
    }
    outcome_free(&first);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(members_are_compared_by_hand),
        cmocka_unit_test(a_loss_is_that_of_the_mean_prediction),
        cmocka_unit_test(what_drives_a_run_shows_in_its_proposals),
        cmocka_unit_test(groups_show_in_no_bit_of_it),
    };
    return RUN(cases);
}
