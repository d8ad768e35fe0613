/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Strategies that ask the surrogate what it predicts, in whole sessions: in
 * lockstep neither groups, threads nor interruptions change what they propose,
 * and live they come by their weights.
 */
#include "tests/session_parts.h"

#define SET(...)                                                               \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

#define MOST 24

/* Two members and a small pool, over what @p set asks for. */
static const char *const *with(const char *const *set, const char *more)
{
    static const char *all[MOST];
    static const char *const common[] = {
        "training.members=2",     "acquisition.pool=40",
        "acquisition.period=2",   "acquisition.horizon=8",
        "validation.every=100",   "test.trajectories=0",
        "acquisition.cpu_share=1"};
    size_t n = 0;
    for (size_t i = 0; i < sizeof(common) / sizeof(*common); i++)
        all[n++] = common[i];
    for (size_t i = 0; set[i]; i++)
        all[n++] = set[i];
    all[n++] = more;
    all[n] = NULL;
    assert_true(n < MOST);
    return all;
}

/* What a strategy is told and asked differs from one to the next; @p set is in
 * the way of each. */
static const char *const methods[][4] = {
    {"acquisition.strategy=sbal", "acquisition.drawn=once"},
    {"acquisition.strategy=topk"},
    {"acquisition.strategy=coreset", "acquisition.features=16"},
    {"acquisition.strategy=lcmd", "acquisition.features=16"},
    {"acquisition.strategy=tod", "acquisition.apart=3"},
    {"acquisition.strategy=diversity"},
    {"acquisition.strategy=hybrid", "acquisition.score=tod",
     "acquisition.features=16"},
    {"acquisition.strategy=topk", "acquisition.score=evidential",
     "training.loss=evidential"},
};

#define METHODS (sizeof(methods) / sizeof(*methods))

static void session_of(size_t k, const char *clock, const char *more,
                       uint32_t every, struct outcome *o)
{
    const char *set[8] = {clock, methods[k][0], methods[k][1], methods[k][2]};
    if (every == 0) {
        session_whole(with(set, more), o);
        return;
    }
    int sessions = play_in_parts(with(set, more), every, 1 + k, o);
    print_message("%s: %d sessions, %u generations\n", methods[k][0], sessions,
                  o->generation);
    assert_true(sessions > 1);
}

static void groups_and_threads_show_in_no_proposal(void **state)
{
    (void)state;
    static const char *const work[] = {"placement.groups=3",
                                       "placement.acquisition_threads=3"};
    for (size_t k = 0; k < METHODS; k += 2) {
        struct outcome one, other;
        session_of(k, "run.clock=lockstep", "placement.groups=1", 0, &one);
        for (size_t i = 0; i < 2; i++) {
            session_of(k, "run.clock=lockstep", work[i], 0, &other);
            same_weights(&one, &other);
            same_simulations(&one, &other);
            outcome_free(&other);
        }
        outcome_free(&one);
    }
}

/* Nor is one way of steering another. */
static void interruptions_show_in_no_proposal(void **state)
{
    (void)state;
    struct outcome whole[METHODS], parts;
    for (size_t k = 0; k < METHODS; k++) {
        session_of(k, "run.clock=lockstep", "training.steps=60", 0, &whole[k]);
        session_of(k, "run.clock=lockstep", "training.steps=60", 14, &parts);
        assert_true(whole[k].generation > 2);
        same_weights(&whole[k], &parts);
        same_simulations(&whole[k], &parts);
        outcome_free(&parts);
        for (size_t j = 0; j < k; j++)
            assert_memory_not_equal(whole[j].value, whole[k].value,
                                    whole[j].budget * (size_t)whole[j].dims *
                                        sizeof(double));
    }
    for (size_t k = 0; k < METHODS; k++)
        outcome_free(&whole[k]);
}

/*
 * Live, with checkpoints that want the half of the weights too. Where others
 * keep the acquisition thread from its core for a whole run: once more.
 */
static void a_live_run_predicts_beside_training(void **state)
{
    (void)state;
    for (size_t k = 0; k < METHODS; k += 4) {
        struct outcome o = {0};
        for (int again = 0; again < 30 && o.generation == 0; again++) {
            outcome_free(&o);
            session_of(k, "placement.acquisition_threads=2",
                       "training.steps=300", 100, &o);
        }
        assert_int_equal(o.ending, WEIR_ENDING_STEPS);
        assert_true(o.generation > 0);
        ledger_is_exact(&o, false);
        outcome_free(&o);
    }
}

static void what_the_run_cannot_answer_is_refused(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"acquisition.strategy=sbal", "there is one member",
         "training.members"},
        {"acquisition.strategy=entropy", "the model has no dropout",
         "model.dropout"},
        {"acquisition.score=evidential", "the model predicts no density",
         "training.loss"},
    };
    for (size_t k = 0; k < 3; k++) {
        struct weir_config *cfg = session_config(
            k == 2 ? SET("acquisition.strategy=topk", cases[k][0])
                   : SET(cases[k][0]));
        struct weir_topology topology;
        struct weir_session_start start = {.lineage = ""};
        struct weir_session *s;
        ok(weir_topology_from_synthetic("core:8 pu:1", &topology));
        fails(weir_session_create(cfg, NULL, &topology, &start, &s),
              -WEIR_ECONFIG);
        says(cases[k][1]);
        assert_non_null(strstr(weir_err_hint_text(), cases[k][2]));
        weir_session_destroy(s);
        weir_topology_free(&topology);
        weir_config_free(cfg);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(groups_and_threads_show_in_no_proposal),
        cmocka_unit_test(interruptions_show_in_no_proposal),
        cmocka_unit_test(a_live_run_predicts_beside_training),
        cmocka_unit_test(what_the_run_cannot_answer_is_refused),
    };
    return RUN(cases);
}
