/* SPDX-License-Identifier: BSD-3-Clause */
/* Held-out trajectories, and the figures measured on them. */
#include "tests/bench.h"

#include "acquire/halton.h"
#include "base/rng.h"
#include "nn/registry.h"
#include "pde/registry.h"
#include "pipeline/stages/error_bins.h"
#include "pipeline/stages/regions.h"

#include <math.h>

#define SET(...)                                                               \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-6 * (1 + fabs(b));
}

/* ---- figures of numbers written by hand ---- */

/* @p n trajectories of @p steps; no frames are needed. */
static void by_hand(struct weir_evalset *set, uint32_t n, uint32_t steps)
{
    *set = (struct weir_evalset){
        .n = n,
        .steps = steps,
        .rollout = steps,
        .valid = calloc(n, sizeof(bool)),
        .error = calloc((size_t)n * steps, sizeof(float)),
        .persistence = calloc((size_t)n * steps, sizeof(float)),
        .spread = calloc((size_t)n * steps, sizeof(float)),
        .rolled = calloc(n, sizeof(float)),
    };
    for (uint32_t i = 0; i < n; i++)
        set->valid[i] = true;
}

static void figures_of_five_numbers_are_those_of_a_calculator(void **state)
{
    (void)state;
    static const float error[] = {0.5f, 0.1f, 0.3f, 0.2f, 0.4f};
    struct weir_evalset set;
    struct weir_evaluation e;
    by_hand(&set, 5, 1);
    memcpy(set.error, error, sizeof(error));
    ok(weir_evalset_figures(&set, &e));
    assert_int_equal(e.trajectories, 5);
    assert_int_equal(e.invalid, 0);
    assert_true(near(e.error.mean, 0.3));
    assert_true(near(e.error.deviation, sqrt(0.02))); /* of a population */
    assert_true(near(e.error.p50, 0.3));
    assert_true(near(e.error.p90, 0.46));
    assert_true(near(e.error.p95, 0.48));
    assert_true(near(e.error.p99, 0.496));
    assert_true(near(e.error.max, 0.5));
    assert_true(near(e.error.cvar99, 0.5)); /* at least one value */
    assert_true(near(e.error.worst_trajectory, 0.5));
    assert_true(near(e.persistence.mean, 0));
    weir_evalset_destroy(&set);
}

static void the_tail_is_the_worst_hundredth(void **state)
{
    (void)state;
    struct weir_evalset set;
    struct weir_evaluation e;
    by_hand(&set, 30, 10);
    for (int i = 0; i < 300; i++)
        set.error[i] = (float)((i * 7) % 300 + 1); /* 1 .. 300, mixed */
    ok(weir_evalset_figures(&set, &e));
    assert_true(near(e.error.mean, 150.5));
    assert_true(near(e.error.p50, 150.5));
    assert_true(near(e.error.p99, 297.01));
    assert_true(near(e.error.max, 300));
    assert_true(near(e.error.cvar99, 299)); /* of 298, 299, 300 */
    weir_evalset_destroy(&set);
}

static void the_worst_trajectory_is_not_that_of_the_worst_step(void **state)
{
    (void)state;
    static const float error[] = {0.9f, 0.1f, 0.1f, 0.5f, 0.5f, 0.5f};
    struct weir_evalset set;
    struct weir_evaluation e;
    by_hand(&set, 2, 3);
    memcpy(set.error, error, sizeof(error));
    ok(weir_evalset_figures(&set, &e));
    assert_true(near(e.error.max, 0.9));
    assert_true(near(e.error.worst_trajectory, 0.5));
    weir_evalset_destroy(&set);
}

static void an_invalid_trajectory_is_in_no_figure(void **state)
{
    (void)state;
    struct weir_evalset set;
    struct weir_evaluation e;
    by_hand(&set, 3, 2);
    for (int i = 0; i < 6; i++) {
        set.error[i] = i / 2 == 1 ? 100 : 1;
        set.persistence[i] = i / 2 == 1 ? NAN : 2;
    }
    set.rolled[1] = NAN;
    set.valid[1] = false;
    ok(weir_evalset_figures(&set, &e));
    assert_int_equal(e.invalid, 1);
    assert_true(near(e.error.max, 1));
    assert_true(near(e.error.worst_trajectory, 1));
    assert_true(near(e.persistence.mean, 2));
    assert_int_equal(e.rollout_failures, 0);
    weir_evalset_destroy(&set);
}

static void a_set_without_valid_trajectories_has_zero_figures(void **state)
{
    (void)state;
    struct weir_evalset set;
    struct weir_evaluation e;
    by_hand(&set, 2, 2);
    set.valid[0] = set.valid[1] = false;
    ok(weir_evalset_figures(&set, &e));
    assert_int_equal(e.invalid, 2);
    assert_true(e.error.max == 0 && e.error.mean == 0);
    assert_int_equal(e.rollout_failures, 0);
    weir_evalset_destroy(&set);
}

static void what_is_no_number_is_worse_than_any(void **state)
{
    (void)state;
    struct weir_evalset set;
    struct weir_evaluation e;
    by_hand(&set, 3, 3);
    for (int i = 0; i < 9; i++)
        set.error[i] = (float)(9 - i);
    set.error[4] = NAN;
    ok(weir_evalset_figures(&set, &e));
    assert_true(isnan(e.error.max));
    assert_true(isnan(e.error.mean));
    assert_true(isnan(e.error.worst_trajectory));
    assert_true(near(e.error.p50, 6)); /* 1 2 3 4 6 7 8 9 nan */
    weir_evalset_destroy(&set);
}

static void an_infinite_error_is_the_largest(void **state)
{
    (void)state;
    struct weir_evalset set;
    struct weir_evaluation e;
    by_hand(&set, 4, 1);
    for (int i = 0; i < 4; i++)
        set.error[i] = i < 2 ? 1 : INFINITY;
    ok(weir_evalset_figures(&set, &e));
    assert_true(isinf(e.error.max) && isinf(e.error.p99));
    assert_true(isinf(e.error.p90) && isinf(e.error.cvar99));
    weir_evalset_destroy(&set);
}

static void rollouts_fail_above_one_and_when_no_number(void **state)
{
    (void)state;
    static const float rolled[] = {0.2f, 1.0f, 1.01f, NAN, INFINITY, 0.6f};
    struct weir_evalset set;
    struct weir_evaluation e;
    by_hand(&set, 6, 4);
    memcpy(set.rolled, rolled, sizeof(rolled));
    ok(weir_evalset_figures(&set, &e));
    assert_int_equal(e.rollout_step, 4);
    assert_int_equal(e.rollout_failures, 3);
    assert_true(near(e.rollout_mean, 0.6));
    assert_true(near(e.rollout_median, 0.6));
    weir_evalset_destroy(&set);
}

static void without_a_rollout_none_has_failed(void **state)
{
    (void)state;
    struct weir_evalset set;
    struct weir_evaluation e;
    by_hand(&set, 2, 4);
    set.rollout = 0;
    set.rolled[0] = NAN;
    ok(weir_evalset_figures(&set, &e));
    assert_int_equal(e.rollout_step, 0);
    assert_int_equal(e.rollout_failures, 0);
    weir_evalset_destroy(&set);
}

/* ---- regions of a lattice written by hand ---- */

#define POINTS 8

/* Every limit is met once from above; 0.0499 is in no ring. */
static const float source[POINTS] = {1, 0.5f};
static const float solution[POINTS] = {1,    0.9f, 0.3f,  0.2f,
                                       0.1f, 0.1f, 0.05f, 0.0499f};

/* @p n images, all of them the one above and predicted without error. */
static void images(struct weir_evalset *set, uint32_t n)
{
    ok(weir_evalset_allocate(n, 1, 1, 2 * POINTS, set));
    set->given = POINTS;
    ok(weir_regions_expect(set));
    for (uint32_t k = 0; k < 2 * n; k++) {
        float *state = set->state + 2 * POINTS * k;
        memcpy(state, source, sizeof(source));
        memcpy(state + POINTS, solution, sizeof(solution));
    }
    for (uint32_t i = 0; i < n; i++) {
        float *answer = set->prediction + 2 * POINTS * i;
        memcpy(answer, source, sizeof(source));
        memcpy(answer + POINTS, solution, sizeof(solution));
        set->valid[i] = true;
    }
}

static float *answer_at(const struct weir_evalset *set, uint32_t i)
{
    return set->prediction + 2 * POINTS * i + POINTS;
}

/* The mean of a weighted error of pixels @p from to @p to, by its formula. */
static double formula(int weight, const float *p, int from, int to)
{
    double sum = 0;
    for (int k = from; k < to; k++) {
        double t = solution[k];
        double w = weight == 0   ? 1 + 2000 * tanh(t)
                   : weight == 1 ? exp(-(1 - t))
                                 : 1;
        sum += w * fabs(p[k] - t);
    }
    return sum / (to - from);
}

static void regions_and_their_errors_are_those_of_a_calculator(void **state)
{
    (void)state;
    static const int from[] = {0, 0, 2, 2, 4, 6}, to[] = {8, 2, 8, 4, 6, 7};
    struct weir_evalset set;
    struct weir_regions r;
    images(&set, 1);
    float *p = answer_at(&set, 0);
    for (int k = 0; k < POINTS; k++)
        p[k] += (k % 2 ? -1.0f : 1.0f) / (float)(1 << k);
    weir_regions_of(&set, &r);
    assert_true(r.known);
    for (int i = 0; i < WEIR_REGIONS; i++) {
        assert_true(near(r.of[i].share, (to[i] - from[i]) / 8.0));
        for (int w = 0; w < WEIR_REGION_WEIGHTS; w++)
            assert_true(near(r.of[i].error[w], formula(w, p, from[i], to[i])));
    }
    assert_true(near(r.of[WEIR_REGION_SOURCE].error[2], 0.75));
    weir_evalset_destroy(&set);
}

/* 51 of 53 count; the 51st is a batch of its own, as heavy as the first 50. */
static void errors_of_regions_are_means_of_batches_of_fifty(void **state)
{
    (void)state;
    struct weir_evalset set;
    struct weir_regions r;
    images(&set, 53);
    set.valid[0] = set.valid[50] = false;
    answer_at(&set, 0)[2] = NAN;
    answer_at(&set, 1)[2] += 1;
    answer_at(&set, 52)[2] += 1;
    weir_regions_of(&set, &r);
    assert_true(
        near(r.of[WEIR_REGION_RING_1].error[2], (1.0 / 100 + 1.0 / 2) / 2));
    assert_true(near(r.of[WEIR_REGION_RING_1].share, 0.25));
    assert_true(r.of[WEIR_REGION_RING_2].error[2] == 0);

    /* An image without a source says nothing of sources. */
    memset(set.state + 2 * POINTS * (2 * 52 + 1), 0, sizeof(source));
    answer_at(&set, 1)[0] += 1;
    weir_regions_of(&set, &r);
    assert_true(near(r.of[WEIR_REGION_SOURCE].error[2], 1.0 / 100));
    weir_evalset_destroy(&set);
}

static void regions_need_a_source_and_a_solution_that_reaches_one(void **state)
{
    (void)state;
    struct weir_evalset set;
    struct weir_regions r;
    images(&set, 2);
    set.state[2 * POINTS * 3 + POINTS] = 1.5f;
    weir_regions_of(&set, &r);
    assert_false(r.known);
    set.valid[1] = false;
    weir_regions_of(&set, &r);
    assert_true(r.known);
    set.valid[0] = false;
    weir_regions_of(&set, &r);
    assert_false(r.known);
    weir_evalset_destroy(&set);

    ok(weir_evalset_allocate(2, 1, 1, 2 * POINTS, &set)); /* of states */
    ok(weir_regions_expect(&set));
    assert_null(set.prediction);
    weir_regions_of(&set, &r);
    assert_false(r.known);
    weir_evalset_destroy(&set);
}

/* ---- trajectories ---- */

static void create(struct bench *b, uint32_t n, uint64_t seed, uint64_t first,
                   struct weir_evalset *set)
{
    ok(weir_evalset_create(b->run, n, 4, seed, first, set));
}

static float *state_at(const struct weir_evalset *set, uint32_t i, uint32_t t)
{
    return set->state +
           ((size_t)i * (set->steps + 1) + t) * set->run->frame_floats;
}

/* The parameters a trajectory of a set must have, from the definition. */
static void expected_parameters(const struct weir_space *space, uint64_t seed,
                                uint64_t index, double *value)
{
    struct weir_rng shift = weir_rng_stream(seed, WEIR_RNG_VALIDATION, 0);
    ok(weir_halton(index, space->n, value));
    for (size_t j = 0; j < space->n; j++)
        value[j] = fmod(value[j] + weir_rng_uniform(&shift), 1);
    weir_space_to_box(space, value, value);
}

static void trajectories_are_those_of_shifted_halton_points(void **state)
{
    (void)state;
    struct bench b;
    struct weir_evalset set;
    bench_open(&b, SET("parameters.b.high=2"));
    const struct weir_run *run = b.run;
    double value[16];
    float *frame = weir_array(run->frame_floats, sizeof(float));
    void *lane;
    create(&b, 3, 7, 5, &set);
    ok(weir_evalset_fill(&set, 0, 1));
    ok(run->solver->create(run->solver_config, &lane));
    for (uint32_t i = 0; i < 3; i++) {
        expected_parameters(&b.cfg->space, 7, 5 + i, value);
        ok(run->solver->start(lane, value));
        for (uint32_t t = 0; t <= set.steps; t++) {
            if (t)
                ok(run->solver->step(lane));
            run->solver->frame(lane, frame);
            assert_memory_equal(frame, state_at(&set, i, t),
                                run->frame_floats * sizeof(float));
        }
        assert_true(set.valid[i]);
    }
    run->solver->destroy(lane);
    free(frame);
    weir_evalset_destroy(&set);
    bench_close(&b);
}

/* As the trainer makes them: equal seeds, segments that follow each other. */
static void validation_and_test_share_no_parameter_set(void **state)
{
    (void)state;
    enum { N = 100 };
    struct bench b;
    bench_open(&b, NULL);
    size_t dims = b.cfg->space.n;
    double *value = calloc(2 * N * dims, sizeof(double));
    for (uint32_t i = 0; i < 2 * N; i++)
        expected_parameters(&b.cfg->space, 7, 1 + i, value + i * dims);
    for (uint32_t i = 0; i < 2 * N; i++)
        for (uint32_t j = 0; j < i; j++)
            for (size_t d = 0; d < dims; d++)
                assert_true(value[i * dims + d] != value[j * dims + d]);
    free(value);
    bench_close(&b);
}

static void parts_together_make_the_same_set(void **state)
{
    (void)state;
    struct bench b;
    struct weir_evalset one, three;
    bench_open(&b, NULL);
    create(&b, 7, 7, 1, &one);
    create(&b, 7, 7, 1, &three);
    ok(weir_evalset_fill(&one, 0, 1));
    for (uint32_t part = 3; part-- > 0;)
        ok(weir_evalset_fill(&three, part, 3));
    for (uint32_t i = 0; i < 7; i++) {
        assert_int_equal(one.valid[i], three.valid[i]);
        if (one.valid[i])
            assert_memory_equal(state_at(&one, i, 0), state_at(&three, i, 0),
                                (one.steps + 1) * b.run->frame_floats *
                                    sizeof(float));
    }
    weir_evalset_destroy(&one);
    weir_evalset_destroy(&three);
    bench_close(&b);
}

static void another_seed_gives_other_trajectories(void **state)
{
    (void)state;
    struct bench b;
    struct weir_evalset a, c;
    bench_open(&b, NULL);
    create(&b, 1, 7, 1, &a);
    create(&b, 1, 8, 1, &c);
    ok(weir_evalset_fill(&a, 0, 1));
    ok(weir_evalset_fill(&c, 0, 1));
    assert_memory_not_equal(a.state, c.state,
                            b.run->frame_floats * sizeof(float));
    weir_evalset_destroy(&a);
    weir_evalset_destroy(&c);
    bench_close(&b);
}

static void a_diverging_trajectory_is_invalid_and_no_error(void **state)
{
    (void)state;
    struct bench b;
    struct weir_evalset set;
    uint32_t invalid = 0;
    bench_open(&b, SET("parameters.b.high=100"));
    create(&b, 20, 7, 1, &set);
    ok(weir_evalset_fill(&set, 0, 1));
    for (uint32_t i = 0; i < 20; i++) {
        invalid += !set.valid[i];
        size_t n = (set.steps + 1) * b.run->frame_floats;
        for (size_t k = 0; set.valid[i] && k < n; k++)
            assert_true(isfinite(state_at(&set, i, 0)[k]));
    }
    assert_in_range(invalid, 1, 19);
    weir_evalset_destroy(&set);
    bench_close(&b);
}

/* ---- measuring a surrogate ---- */

struct measured {
    struct bench b;
    struct weir_model *model;
    struct weir_surrogate *surrogate;
    struct weir_normaliser norm;
    struct weir_evalset set;
    float *packed;
};

#define BATCH 3

static void open_measured(struct measured *m, uint32_t n)
{
    bench_open(&m->b, SET("parameters.b.high=2"));
    const struct weir_run *run = m->b.run;
    ok(weir_model_create(weir_model_find("convnet"), &m->b.cfg->model.options,
                         &run->info.shape, &m->model));
    m->packed = weir_array(weir_model_packed(m->model), sizeof(float));
    ok(weir_model_init(m->model, 1, m->packed));
    struct weir_surrogate_config c = {
        .batch = BATCH, .unroll = 1, .threads = 1, .residual = true};
    ok(weir_surrogate_create(m->model, &c, &m->surrogate));
    create(&m->b, n, 7, 1, &m->set);
    ok(weir_evalset_fill(&m->set, 0, 1));
    ok(weir_normaliser_init(&m->norm, run->info.shape.channels));
    ok(weir_normaliser_add(&m->norm, state_at(&m->set, 0, 0),
                           (int)m->set.steps + 1, run->frame_floats));
    ok(weir_normaliser_freeze(&m->norm));
}

static void close_measured(struct measured *m)
{
    weir_evalset_destroy(&m->set);
    weir_surrogate_destroy(m->surrogate);
    weir_model_destroy(m->model);
    free(m->packed);
    bench_close(&m->b);
}

static void measure(struct measured *m, uint32_t part, uint32_t parts)
{
    struct weir_ensemble e = {1, 0, m->packed, &m->norm};
    ok(weir_evalset_measure(&m->set, part, parts, m->surrogate, BATCH, &e));
}

/* A net of zero weights predicts no change: every error is persistence. */
static void predicting_no_change_is_exactly_persistence(void **state)
{
    (void)state;
    struct measured m;
    open_measured(&m, 5);
    memset(m.packed, 0, weir_model_packed(m.model) * sizeof(float));
    measure(&m, 0, 1);
    size_t n = m.b.run->frame_floats;
    for (uint32_t i = 0; i < 5; i++) {
        assert_true(m.set.valid[i]);
        for (uint32_t t = 0; t < m.set.steps; t++) {
            float by_definition =
                weir_loss(WEIR_LOSS_NRMSE, state_at(&m.set, i, t),
                          state_at(&m.set, i, t + 1), n);
            size_t at = (size_t)i * m.set.steps + t;
            assert_true(by_definition > 0);
            assert_memory_equal(&m.set.persistence[at], &by_definition, 4);
            assert_memory_equal(&m.set.error[at], &by_definition, 4);
        }
        float rolled = weir_loss(WEIR_LOSS_NRMSE, state_at(&m.set, i, 0),
                                 state_at(&m.set, i, m.set.rollout), n);
        assert_memory_equal(&m.set.rolled[i], &rolled, 4);
    }
    close_measured(&m);
}

/* One state at a time, as nobody would do it. */
static void measuring_is_predicting_one_state_after_another(void **state)
{
    (void)state;
    struct measured m;
    open_measured(&m, 4);
    measure(&m, 0, 1);
    size_t n = m.b.run->frame_floats;
    float *out = weir_array(n, sizeof(float));
    for (uint32_t i = 0; i < 4; i++) {
        for (uint32_t t = 0; t < m.set.steps; t++) {
            ok(weir_surrogate_predict(m.surrogate, m.packed, &m.norm,
                                      state_at(&m.set, i, t), 1, out));
            float e =
                weir_loss(WEIR_LOSS_NRMSE, out, state_at(&m.set, i, t + 1), n);
            assert_memory_equal(&m.set.error[i * m.set.steps + t], &e, 4);
        }
        memcpy(out, state_at(&m.set, i, 0), n * sizeof(float));
        for (uint32_t t = 0; t < m.set.rollout; t++)
            ok(weir_surrogate_predict(m.surrogate, m.packed, &m.norm, out, 1,
                                      out));
        float e = weir_loss(WEIR_LOSS_NRMSE, out,
                            state_at(&m.set, i, m.set.rollout), n);
        assert_memory_equal(&m.set.rolled[i], &e, 4);
    }
    free(out);
    close_measured(&m);
}

static void one_part_and_three_measure_the_same(void **state)
{
    (void)state;
    struct measured m;
    open_measured(&m, 8);
    m.set.valid[2] = false; /* as if it had diverged */
    size_t errors = 8 * (size_t)m.set.steps;
    float *error = calloc(errors, sizeof(float));
    float rolled[8];
    struct weir_evaluation e[2];
    measure(&m, 0, 1);
    ok(weir_evalset_figures(&m.set, &e[0]));
    memcpy(error, m.set.error, errors * sizeof(float));
    memcpy(rolled, m.set.rolled, sizeof(rolled));
    memset(m.set.error, 0, errors * sizeof(float));
    memset(m.set.rolled, 0, sizeof(rolled));
    for (uint32_t part = 3; part-- > 0;)
        measure(&m, part, 3);
    ok(weir_evalset_figures(&m.set, &e[1]));
    assert_memory_equal(error, m.set.error, errors * sizeof(float));
    assert_memory_equal(rolled, m.set.rolled, sizeof(rolled));
    assert_memory_equal(&e[0], &e[1], sizeof(e[0]));
    assert_int_equal(e[0].invalid, 1);
    free(error);
    close_measured(&m);
}

/* ---- errors over parameters ---- */

static void bins_divide_an_axis_or_its_logarithm_equally(void **state)
{
    (void)state;
    const struct weir_bin_axis line = {-2, 2, false}, log = {1, 256, true},
                               point = {3, 3, false};
    for (size_t i = 0; i < WEIR_BINS; i++) {
        assert_true(near(weir_bin_edge(&line, i), -2 + 0.5 * (double)i));
        assert_true(near(weir_bin_edge(&log, i), pow(2, (double)i)));
        assert_int_equal(weir_bin_of(&line, -1.75 + 0.5 * (double)i), i);
        assert_int_equal(weir_bin_of(&log, 1.5 * pow(2, (double)i)), i);
    }
    assert_int_equal(weir_bin_of(&line, 0.5), 5); /* an edge begins its bin */
    assert_int_equal(weir_bin_of(&line, 2), WEIR_BINS - 1);
    assert_int_equal(weir_bin_of(&line, 9), WEIR_BINS - 1);
    assert_int_equal(weir_bin_of(&log, 0.1), 0);
    assert_int_equal(weir_bin_of(&point, 3), 0);
}

static void a_bin_has_the_mean_of_its_errors(void **state)
{
    (void)state;
    struct weir_bins bins = {0};
    weir_bins_add(&bins, 1, 6, 0.25);
    weir_bins_add(&bins, 1, 6, 0.75);
    weir_bins_add(&bins, 6, 1, 3);
    assert_true(near(weir_bins_mean(&bins, 1, 6), 0.5));
    assert_int_equal(bins.n[1][6], 2);
    assert_true(near(weir_bins_mean(&bins, 6, 1), 3));
    assert_true(isnan(weir_bins_mean(&bins, 0, 0)));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(figures_of_five_numbers_are_those_of_a_calculator),
        cmocka_unit_test(the_tail_is_the_worst_hundredth),
        cmocka_unit_test(the_worst_trajectory_is_not_that_of_the_worst_step),
        cmocka_unit_test(an_invalid_trajectory_is_in_no_figure),
        cmocka_unit_test(a_set_without_valid_trajectories_has_zero_figures),
        cmocka_unit_test(what_is_no_number_is_worse_than_any),
        cmocka_unit_test(an_infinite_error_is_the_largest),
        cmocka_unit_test(rollouts_fail_above_one_and_when_no_number),
        cmocka_unit_test(without_a_rollout_none_has_failed),
        cmocka_unit_test(regions_and_their_errors_are_those_of_a_calculator),
        cmocka_unit_test(errors_of_regions_are_means_of_batches_of_fifty),
        cmocka_unit_test(regions_need_a_source_and_a_solution_that_reaches_one),
        cmocka_unit_test(trajectories_are_those_of_shifted_halton_points),
        cmocka_unit_test(validation_and_test_share_no_parameter_set),
        cmocka_unit_test(parts_together_make_the_same_set),
        cmocka_unit_test(another_seed_gives_other_trajectories),
        cmocka_unit_test(a_diverging_trajectory_is_invalid_and_no_error),
        cmocka_unit_test(predicting_no_change_is_exactly_persistence),
        cmocka_unit_test(measuring_is_predicting_one_state_after_another),
        cmocka_unit_test(one_part_and_three_measure_the_same),
        cmocka_unit_test(bins_divide_an_axis_or_its_logarithm_equally),
        cmocka_unit_test(a_bin_has_the_mean_of_its_errors),
    };
    return RUN(cases);
}
