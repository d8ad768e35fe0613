/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Strategies that ask the surrogate what it predicts, in whole sessions: in
 * lockstep neither groups, threads nor interruptions change what they propose,
 * and live they come by their weights.
 */
#include "tests/session_parts.h"

#include "acquire/scorer.h"
#include "pde/registry.h"

#include <math.h>

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

/*
 * Planted difficulty, with a net that has learned its own uncertainty: a wave
 * goes round, but in one disk of its two amplitudes no two frames have to do with
 * each other. No surrogate can predict there, and this one must know it.
 */
enum { POINTS = 32, CANDIDATES = 200, ROUGH_MOST = 32 };
static const double rough_at[2] = {0.4, -0.4}, rough_radius = 0.3;

struct rough_lane {
    double a[2];
    uint32_t step;
};

static bool is_rough(const double *a)
{
    return hypot(a[0] - rough_at[0], a[1] - rough_at[1]) < rough_radius;
}

static int rough_create(const void *config, void **lane)
{
    (void)config;
    *lane = calloc(1, sizeof(struct rough_lane));
    return 0;
}

static int rough_start(void *lane, const double *value)
{
    *(struct rough_lane *)lane = (struct rough_lane){.a = {value[0], value[1]}};
    return 0;
}

static int rough_step(void *lane)
{
    ((struct rough_lane *)lane)->step++;
    return 0;
}

/* The digits of an amplitude are as good as random, and always the same. */
static void rough_frame(const void *lane, float *out)
{
    const struct rough_lane *l = lane;
    double turn = 2 * 3.14159265358979323846 / POINTS, t = l->step;
    for (int j = 0; j < POINTS; j++) {
        double x = turn * (j - t);
        double y = l->a[0] * cos(x) + l->a[1] * sin(x);
        if (l->step > 0 && is_rough(l->a))
            y += sin(1e5 * l->a[0] + 12.9898 * j * j + 78.233 * t * t);
        out[j] = (float)y;
    }
}

/* As a solver of its own; configured and released by KdV. */
static const struct weir_solver_ops *rough_solver(void)
{
    static struct weir_solver_ops ops;
    ops = weir_solver_kdv;
    ops.name = "rough";
    ops.create = rough_create;
    ops.destroy = free;
    ops.start = rough_start;
    ops.step = rough_step;
    ops.frame = rough_frame;
    return &ops;
}

/* The mean variance told of one step, in the disk over elsewhere. */
static double doubt(const struct weir_trainer *t)
{
    struct weir_ensemble now = {1, t->stride, t->weights.w[t->weights.now],
                                &t->normaliser};
    struct weir_scorer_weights weights = {.now = &now};
    struct weir_scorer_config config = {
        .score = weir_score(WEIR_SCORE_EVIDENTIAL),
        .steps = 1,
        .batch = 1,
        .residual = t->run->cfg->training.residual,
        .members = 1,
    };
    struct weir_scorer *scorer;
    double score, sum[2] = {0}, n[2] = {0};
    struct weir_rng rng = weir_rng_stream(7, WEIR_RNG_PROPOSAL, 0);
    ok(weir_scorer_create(t->model, &config, &scorer));
    for (int i = 0; i < CANDIDATES; i++) {
        float first[POINTS];
        struct rough_lane l = {.step = 0};
        for (int k = 0; k < 2; k++)
            l.a[k] = 2 * weir_rng_uniform(&rng) - 1;
        rough_frame(&l, first);
        ok(weir_scorer_score(scorer, &weights, 0, first, 1, NULL, &score));
        sum[is_rough(l.a)] += score;
        n[is_rough(l.a)]++;
    }
    weir_scorer_destroy(scorer);
    return sum[1] / n[1] / (sum[0] / n[0]);
}

/* @return share of the second half of the simulations in the disk */
static double share_in_the_disk(const char *strategy, const char *seed,
                                double *doubts)
{
    const char *set[ROUGH_MOST] = {
        strategy,
        seed,
        "run.clock=lockstep",
        "model.name=mlp",
        "model.width=48",
        "training.loss=evidential",
        "training.learning_rate=2e-3",
        "training.steps=1500",
        "training.micro_batch=8",
        "simulations.budget=300",
        "reservoir.capacity=600",
        "reservoir.watermark=100",
        "validation.every=1500",
        "test.trajectories=0",
    };
    static const char *const asks[] = {
        "acquisition.score=evidential", "acquisition.rollout=0.2",
        "acquisition.pool=200", "acquisition.period=20",
        "acquisition.horizon=40"};
    size_t n = 0;
    while (set[n])
        n++;
    for (size_t i = 0; strstr(strategy, "topk") && i < 5; i++)
        set[n++] = asks[i];
    struct weir_config *cfg = session_config(set);
    struct weir_session_start start = {.lineage = ""};
    struct weir_topology topology;
    struct weir_session *s;
    assert_string_equal(cfg->space.parameter[0].name, "A0");
    assert_string_equal(cfg->space.parameter[1].name, "A1");
    ok(weir_topology_from_synthetic("core:2 pu:1", &topology));
    ok(weir_session_create(cfg, NULL, &topology, &start, &s));
    s->run->solver = rough_solver();
    ok(weir_session_run(s, session_watch, NULL, 1000));
    struct outcome o = {0};
    session_read(s, &o);
    double inside = 0;
    for (uint32_t i = o.cells / 2; i < o.cells; i++)
        inside += is_rough(o.value + (size_t)i * o.dims);
    inside /= o.cells - o.cells / 2;
    *doubts = doubt(s->trainer);
    outcome_free(&o);
    weir_session_destroy(s);
    weir_topology_free(&topology);
    weir_config_free(cfg);
    return inside;
}

static void a_density_that_was_learned_finds_a_hard_region(void **state)
{
    static const char *const seeds[] = {"run.seed=1", "run.seed=2"};
    double area = 3.14159265358979323846 * rough_radius * rough_radius / 4;
    double times = 0, known = 0;
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        double blind, led, doubts[2];
        blind = share_in_the_disk("acquisition.strategy=uniform", seeds[k],
                                  &doubts[0]);
        led = share_in_the_disk("acquisition.strategy=topk", seeds[k],
                                &doubts[1]);
        print_message("region of %.3f: %.3f of uniform simulations, %.3f of "
                      "steered ones, %.1f times; its variance is %.1f and %.1f "
                      "times that elsewhere\n",
                      area, blind, led, led / area, doubts[0], doubts[1]);
        times += led / area / 2;
        known += doubts[0] / 2;
    }
    assert_true(times > 2);
    assert_true(known > 1.2); /* not only where it has looked on purpose */
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
        cmocka_unit_test(a_density_that_was_learned_finds_a_hard_region),
        cmocka_unit_test(what_the_run_cannot_answer_is_refused),
    };
    return RUN(cases);
}
