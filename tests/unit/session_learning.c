/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs whose strategy trains a model of its own, between batches. */
#include "tests/session_parts.h"

#define OGAS                                                                   \
    "acquisition.strategy=ogas", "acquisition.batch_size=16",                  \
        "acquisition.buffer_size=120", "acquisition.model_dim=8",              \
        "acquisition.mlp_hidden=8", "acquisition.timesteps=4",                 \
        "acquisition.start=0.5", "acquisition.end=0.9"

/* Simulations started in both whose parameters differ. */
static uint32_t steered(const struct outcome *o, const struct outcome *plain)
{
    uint32_t n = 0;
    for (uint32_t id = 0; id < o->cells && id < plain->cells; id++)
        n += o->state[id] != WEIR_CELL_OPEN &&
             plain->state[id] != WEIR_CELL_OPEN &&
             memcmp(o->value + id * o->dims, plain->value + id * o->dims,
                    o->dims * sizeof(double));
    return n;
}

static void lockstep_goes_on_bit_for_bit_while_it_learns(void **state)
{
    (void)state;
    const char *set[] = {"run.clock=lockstep", OGAS, NULL};
    const char *uniform[] = {"run.clock=lockstep", "acquisition.strategy=ogas",
                             "acquisition.start=0", "acquisition.end=0", NULL};
    struct outcome whole, parts, plain;
    session_whole(set, &whole);
    session_whole(uniform, &plain);
    assert_true(whole.generation > 2);
    assert_true(steered(&whole, &plain) > 0);
    for (uint64_t seed = 0; seed < 2; seed++) {
        int sessions = play_in_parts(set, 12, seed, &parts);
        assert_true(sessions > 1);
        same_weights(&whole, &parts);
        same_simulations(&whole, &parts);
        outcome_free(&parts);
    }
    outcome_free(&whole);
    outcome_free(&plain);
}

/* Live, a share of no core is held. */
static void live_it_learns_within_its_share(void **state)
{
    (void)state;
    const char *shares[] = {"acquisition.cpu_share=0",
                            "acquisition.cpu_share=1"};
    for (int i = 0; i < 2; i++) {
        struct outcome o, plain;
        const char *set[] = {OGAS, shares[i], NULL};
        const char *uniform[] = {"acquisition.strategy=ogas",
                                 "acquisition.start=0", "acquisition.end=0",
                                 NULL};
        session_whole(set, &o);
        session_whole(uniform, &plain);
        assert_int_equal(o.ending, WEIR_ENDING_STEPS);
        assert_true(o.generation > 2);
        /* A model that was never trained steers nothing; how far the other
         * one comes is a matter of time. */
        if (i == 0)
            assert_int_equal(steered(&o, &plain), 0);
        outcome_free(&o);
        outcome_free(&plain);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(lockstep_goes_on_bit_for_bit_while_it_learns),
        cmocka_unit_test(live_it_learns_within_its_share),
    };
    return RUN(cases);
}
