/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/config_fake.h"

static void check_refused(const char *text, const char *message,
                          const char *hint)
{
    struct weir_config *cfg = good(text);
    fails(weir_config_check(cfg), -WEIR_ECONFIG);
    assert_string_equal(weir_err_message(), message);
    assert_string_equal(weir_err_hint_text(), hint);
    weir_config_free(cfg);
}

static void a_config_that_cannot_work_is_refused_with_its_numbers(void **state)
{
    (void)state;
    check_refused("reservoir:\n  samples_per_batch: 20\n",
                  "x.yaml:2: reservoir.samples_per_batch: "
                  "reservoir.samples_per_batch 20 is not below training.batch "
                  "20",
                  "set reservoir.samples_per_batch below 20, or 0");
    check_refused("training: {steps: 1000}\n",
                  "x.yaml:1: training.steps: 20000 samples of "
                  "simulations.budget 400 in training.steps 1000 are 20 new "
                  "ones per step, not below training.batch 20",
                  "set training.steps above 1000");
    check_refused("run: {lanes: 8}\nreservoir: {capacity: 627}\n",
                  "x.yaml:2: reservoir.capacity: reservoir.watermark 500 + "
                  "run.lanes 8 x reservoir.slots_per_port 16 = 628 samples do "
                  "not fit into reservoir.capacity 627",
                  "set reservoir.capacity to 628 or more");
    check_refused("reservoir: {watermark: 10}\n",
                  "x.yaml:1: reservoir.watermark: reservoir.watermark 10 is "
                  "less than training.batch 20: the first batch could not be "
                  "filled",
                  "set reservoir.watermark to 20 or more");
    check_refused("simulations: {budget: 9}\n",
                  "x.yaml:1: simulations.budget: reservoir.watermark 500 is "
                  "more than the 450 samples of simulations.budget 9: training "
                  "would never start",
                  "set reservoir.watermark to 450 or less");
    check_refused("training: {micro_batch: 32}\n",
                  "x.yaml:1: training.micro_batch: training.micro_batch 32 is "
                  "more than training.batch 20",
                  "set training.micro_batch to 20 or less");
    check_refused("training: {unroll: 4}\nsimulations: {steps: 3}\n",
                  "x.yaml:1: training.unroll: training.unroll 4 needs "
                  "trajectories of 4 steps, but simulations.steps is 3",
                  "set simulations.steps to 4 or more");
    check_refused("training: {warmup_steps: 4000}\n",
                  "x.yaml:1: training.warmup_steps: training.warmup_steps "
                  "4000 leave nothing of the 4000 gradient steps planned",
                  "set training.warmup_steps to 0: a twentieth");
    check_refused("placement: {groups: 5}\n",
                  "x.yaml:1: placement.groups: placement.groups 5, but "
                  "training.batch 20 in micro-batches of 5 is work for 4",
                  "set placement.groups to 4 or less, or 0");
    check_refused("reservoir: {rule: fifo}\n",
                  "x.yaml:1: reservoir.rule: training.steps 4000 of "
                  "training.batch 20 need 80000 samples, but reservoir.rule "
                  "fifo uses each of 20000 once",
                  "set training.steps to 1000 or less, or to 0");
    struct weir_config *cfg = NULL;
    ok(parse("", &cfg, "training.steps=500", "reservoir.rule=firo"));
    ok(weir_config_check(cfg));
    weir_config_free(cfg);
    ok(parse("reservoir: {samples_per_batch: 19.99}\n", &cfg, NULL, NULL));
    ok(weir_config_check(cfg));
    weir_config_free(cfg);
    ok(parse("", &cfg, "reservoir.samples_per_batch=25", NULL));
    fails(weir_config_check(cfg), -WEIR_ECONFIG);
    says("--set reservoir.samples_per_batch=25: ");
    weir_config_free(cfg);
}

static void zero_means_what_the_functions_say(void **state)
{
    (void)state;
    struct weir_config *cfg = good("");
    assert_int_equal(weir_config_samples_per_simulation(cfg), 50);
    assert_true(weir_config_samples_per_batch(cfg) == 5);
    assert_int_equal(weir_config_planned_steps(cfg), 4000);
    assert_int_equal(weir_config_warmup_steps(cfg), 200);
    assert_int_equal(weir_config_max_redraws(cfg), 116);
    weir_config_free(cfg);
    cfg = good("training: {steps: 0, unroll: 2, warmup_steps: 7}\n"
               "simulations: {max_redraws: 3}\n");
    assert_int_equal(weir_config_samples_per_simulation(cfg), 49);
    assert_true(weir_config_samples_per_batch(cfg) == 5);
    assert_int_equal(weir_config_planned_steps(cfg), 400 * 49 / 5);
    assert_int_equal(weir_config_warmup_steps(cfg), 7);
    assert_int_equal(weir_config_max_redraws(cfg), 3);
    weir_config_free(cfg);
    cfg = good("training: {steps: 0}\nreservoir: {rule: fifo}\n");
    assert_int_equal(weir_config_planned_steps(cfg), 1000);
    weir_config_free(cfg);
}

static void resolved_loads_back_to_an_equal_config(void **state)
{
    (void)state;
    struct weir_config *cfg = NULL, *again = NULL;
    ok(parse("solver: {name: burgers, label: \"a \\\"b\\\\ \\u2028\\u00e9\\n "
             "#:'\"}\n"
             "training: {learning_rate: 1e-7, batch: 030}\n"
             "parameters: {nu: {high: 0.3}}\n"
             "log: 'no'\n",
             &cfg, "acquisition.sigma=0.1", "run.seed=5"));
    char *text = NULL, *text_again = NULL;
    ok(weir_config_resolved(cfg, &text));
    const char *lines[] = {"\n  batch: 30 ",
                           "\n  learning_rate: 1.0e-07",
                           "\nlog: \"no\" ",
                           "\n    high: 0.3 ",
                           "# --set | [of a range] ",
                           "\ndefaults: [",
                           "\n  seed: 5 ",
                           " (here 5)\n"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        if (!strstr(text, lines[i]))
            fail_msg("no '%s' in:\n%s", lines[i], text);
    ok(parse(text, &again, NULL, NULL));
    assert_int_equal(differences(cfg, again).n, 0);
    assert_string_equal(weir_option_text(&again->solver.options, "label"),
                        "a \"b\\ \xe2\x80\xa8\xc3\xa9\n #:'");
    assert_true(weir_option_given(&again->acquisition.options, "sigma"));
    assert_false(weir_option_given(&again->acquisition.options, "end"));
    assert_true(again->space.parameter[0].low == cfg->space.parameter[0].low);
    assert_true(again->space.parameter[0].high == 0.3);
    ok(weir_config_resolved(again, &text_again));
    weir_config_free(again);
    ok(parse(text_again, &again, NULL, NULL));
    assert_int_equal(differences(cfg, again).n, 0);
    weir_config_free(again);
    weir_config_free(cfg);
    free(text);
    free(text_again);
}

static void defaults_lists_keys_of_its_file_only(void **state)
{
    (void)state;
    struct weir_config *cfg = good("acquisition: {sigma: 0.3, end: 0.5}\n"
                                   "defaults: [acquisition.sigma]\n");
    assert_true(weir_option_real(&cfg->acquisition.options, "sigma") == 0.3);
    assert_false(weir_option_given(&cfg->acquisition.options, "sigma"));
    assert_true(weir_option_given(&cfg->acquisition.options, "end"));
    weir_config_free(cfg);
    refused("defaults: [run.seed]\n",
            "x.yaml:1: defaults: 'run.seed' has no value in this file", NULL);
    refused("defaults: {run: 1}\n",
            "x.yaml:1: defaults: expected a list of "
            "keys",
            NULL);
    refused("defaults: [[run.seed]]\n",
            "x.yaml:1: defaults: expected a list of keys", NULL);
}

static void a_comparison_lists_what_differs(void **state)
{
    (void)state;
    struct weir_config *a = good("training: {batch: 20, beta1: 9e-1}\n");
    struct weir_config *b = good("training: {batch: 020, beta1: 0.9}\n"
                                 "placement: {groups: 2}\n"
                                 "validation: {every: 100}\n");
    struct seen s = differences(a, b);
    assert_string_equal(s.keys, "validation.every placement.groups ");
    assert_int_equal(s.strongest, WEIR_CHANGE_ANYTIME);
    ok(weir_config_may_continue(a, b, WEIR_CHANGE_ANYTIME));
    weir_config_free(b);

    b = good("acquisition: {strategy: uniform}\ntraining: {steps: 9}\n");
    s = differences(a, b);
    assert_string_equal(s.keys, "training.steps acquisition.strategy ");
    assert_int_equal(s.strongest, WEIR_CHANGE_FROM);
    ok(weir_config_may_continue(a, b, WEIR_CHANGE_FROM));
    fails(weir_config_may_continue(a, b, WEIR_CHANGE_ANYTIME), -WEIR_ECONFIG);
    assert_string_equal(weir_err_message(),
                        "x.yaml:2: training.steps: may not change from '4000' "
                        "to '9' in a run that has started; 1 more key "
                        "differs");
    weir_config_free(b);

    b = good("solver: {waves: 3}\n");
    s = differences(a, b);
    assert_string_equal(s.keys,
                        "solver.waves parameters.phi1.low parameters.phi1.high "
                        "parameters.phi1.axis parameters.phi1.density ");
    assert_int_equal(s.strongest, WEIR_CHANGE_NEVER);
    fails(weir_config_may_continue(a, b, WEIR_CHANGE_FROM), -WEIR_ECONFIG);
    assert_non_null(strstr(weir_err_hint_text(), "start a new run"));
    weir_config_free(b);

    /* Breed's presets yield to what was set, even to an equal value. */
    b = good("acquisition: {sigma: 0.1}\n");
    assert_string_equal(differences(a, b).keys, "acquisition.sigma ");
    weir_config_free(b);
    weir_config_free(a);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_config_that_cannot_work_is_refused_with_its_numbers),
        cmocka_unit_test(zero_means_what_the_functions_say),
        cmocka_unit_test(resolved_loads_back_to_an_equal_config),
        cmocka_unit_test(defaults_lists_keys_of_its_file_only),
        cmocka_unit_test(a_comparison_lists_what_differs),
    };
    return RUN(cases);
}
