/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/known_forecast.h"

#include "acquire/registry.h"
#include "base/rng.h"

static const struct weir_parameter axes[] = {
    {.name = "a", .low = -1, .high = 1},
    {.name = "b", .low = 0.1, .high = 10, .axis = WEIR_AXIS_LOG},
    {.name = "c", .low = 0, .high = 6.28, .wraps = true},
};

static struct known_forecast forecast = {
    .face = {16, 3 * sizeof(double) / sizeof(float), known_want, known_start,
             known_score, known_features},
    .dims = 3,
};

static const struct weir_strategy_env env = {
    .seed = 42,
    .space = {.n = 3, .parameter = axes},
    .budget = 200,
    .samples_per_simulation = 20,
    .batch = 10,
    .gradient_steps = 1000,
    .samples_per_batch = 4,
    .forecast = &forecast.face,
};

static void *make(const struct weir_strategy_ops *ops,
                  struct weir_options *opts)
{
    void *self;
    ok(weir_options_init(ops->options, opts));
    ok(ops->create(&env, opts, &self));
    return self;
}

static void every_strategy_is_found_by_its_name(void **state)
{
    (void)state;
    size_t n;
    const struct weir_strategy_ops *const *all = weir_strategy_list(&n);
    assert_true(n >= 1);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(weir_strategy_find(all[i]->name), all[i]);
        assert_true(strlen(all[i]->summary) > 0);
    }
}

static void an_unknown_name_is_refused_with_the_nearest(void **state)
{
    (void)state;
    assert_null(weir_strategy_find("unifrom"));
    says("unifrom");
    assert_non_null(strstr(weir_err_hint_text(), "uniform"));
    assert_int_equal(weir_err_code(), WEIR_ECONFIG);
    assert_null(weir_strategy_find("xyzzyxyzzy"));
    says("expected uniform, halton, ");
    assert_non_null(strstr(weir_err_hint_text(), "weir list strategies"));
}

static void every_strategy_starts_inside_the_cube(void **state)
{
    (void)state;
    size_t n;
    const struct weir_strategy_ops *const *all = weir_strategy_list(&n);
    for (size_t k = 0; k < n; k++) {
        struct weir_options opts;
        void *self = make(all[k], &opts);
        for (uint32_t id = 0; id < 500; id++) {
            double u[3], again[3];
            all[k]->initial(self, id, u);
            all[k]->initial(self, id, again);
            for (int i = 0; i < 3; i++) {
                assert_true(u[i] >= 0 && u[i] < 1);
                assert_true(u[i] == again[i]);
            }
        }
        all[k]->destroy(self);
        weir_options_free(&opts);
    }
}

static void uniform_draws_are_the_parameter_streams(void **state)
{
    (void)state;
    const struct weir_strategy_ops *ops = weir_strategy_find("uniform");
    struct weir_options opts;
    void *self = make(ops, &opts);
    for (uint32_t id = 0; id < 10; id++) {
        double u[3];
        struct weir_rng rng = weir_rng_stream(42, WEIR_RNG_PARAMETERS, id);
        ops->initial(self, id, u);
        for (int i = 0; i < 3; i++)
            assert_true(u[i] == weir_rng_uniform(&rng));
    }
    ops->destroy(self);
    weir_options_free(&opts);
}

/* A design is never due; asked all the same, it repeats its points. */
static void a_design_repeats_its_points(void **state)
{
    const struct weir_strategy_ops *ops = weir_strategy_find(*state);
    struct weir_options opts;
    void *self = make(ops, &opts);
    struct weir_progress now = {.batch = 100, .finished = 100, .open = 2};
    assert_false(ops->due(self, &now));
    double u[2][3], first[3];
    struct weir_proposal p[2] = {{.simulation = 7, .u = u[0], .bred = 9},
                                 {.simulation = 9, .u = u[1], .bred = 9}};
    ok(ops->propose(self, &now, p, 2));
    ok(ops->propose(self, &now, p, 2));
    for (int k = 0; k < 2; k++) {
        ops->initial(self, p[k].simulation, first);
        assert_memory_equal(first, u[k], sizeof(first));
        assert_int_equal(p[k].bred, 0);
        assert_int_equal(p[k].generation, 2);
    }
    struct weir_blob blob = {0};
    ok(ops->save(self, &blob));
    ops->destroy(self);
    ok(ops->create(&env, &opts, &self));
    ok(ops->restore(self, &blob));
    ok(ops->propose(self, &now, p, 1));
    assert_int_equal(p[0].generation, 3);
    weir_blob_free(&blob);
    ops->destroy(self);
    weir_options_free(&opts);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(every_strategy_is_found_by_its_name),
        cmocka_unit_test(an_unknown_name_is_refused_with_the_nearest),
        cmocka_unit_test(every_strategy_starts_inside_the_cube),
        cmocka_unit_test(uniform_draws_are_the_parameter_streams),
        cmocka_unit_test_prestate(a_design_repeats_its_points,
                                  (char[]){"uniform"}),
        cmocka_unit_test_prestate(a_design_repeats_its_points,
                                  (char[]){"halton"}),
        cmocka_unit_test_prestate(a_design_repeats_its_points,
                                  (char[]){"sobol"}),
        cmocka_unit_test_prestate(a_design_repeats_its_points, (char[]){"lhs"}),
    };
    return RUN(cases);
}
