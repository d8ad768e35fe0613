/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/config_fake.h"

#include "base/log.h"
#include "io/schema.h"

#include <unistd.h>

static void set_refused(const char *override, const char *message,
                        const char *hint)
{
    struct weir_config *cfg = NULL;
    fails(parse("", &cfg, override, NULL), -WEIR_ECONFIG);
    assert_string_equal(weir_err_message(), message);
    if (!strstr(weir_err_hint_text(), hint))
        fail_msg("hint is: %s", weir_err_hint_text());
}

static void an_empty_file_is_all_defaults(void **state)
{
    (void)state;
    const char *texts[] = {
        "",      "\n",          "# nothing\n",
        "---\n", "training:\n", "training: {}\nsolver:\n  # name: kdv\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct weir_config *cfg = good(texts[i]);
        assert_int_equal(cfg->run.seed, 1);
        assert_int_equal(cfg->run.clock, WEIR_CLOCK_LIVE);
        assert_string_equal(cfg->solver.name, "kdv");
        assert_int_equal(weir_option_int(&cfg->solver.options, "points"), 160);
        assert_int_equal(cfg->space.n, 2);
        assert_string_equal(cfg->acquisition.strategy, "breed");
        assert_int_equal(cfg->training.batch, 20);
        assert_true(cfg->training.residual);
        assert_true(cfg->training.learning_rate == 1e-3);
        assert_int_equal(cfg->placement.memory_limit, 0);
        assert_string_equal(cfg->log, "");
        ok(weir_config_check(cfg));
        weir_config_free(cfg);
    }
}

static void values_reach_their_fields(void **state)
{
    (void)state;
    struct weir_config *cfg = good("run: {seed: 9007199254740991, "
                                   "clock: lockstep, lanes: 7}\n"
                                   "solver:\n  name: kdv\n  points: \"64\"\n"
                                   "simulations: {budget: 012}\n"
                                   "reservoir: {rule: fifo}\n"
                                   "training:\n"
                                   "    residual: false\n"
                                   "    learning_rate: 2.5e-4\n"
                                   "    schedule: constant\n"
                                   "acquisition: {loss_type: mse, sigma: .5}\n"
                                   "checkpoint: {reservoir: never}\n"
                                   "placement: {memory_limit: 1.5 GiB}\n"
                                   "log: nn, topo\n");
    assert_true(cfg->run.seed == 9007199254740991u);
    assert_int_equal(cfg->run.clock, WEIR_CLOCK_LOCKSTEP);
    assert_int_equal(cfg->run.lanes, 7);
    assert_int_equal(weir_option_int(&cfg->solver.options, "points"), 64);
    assert_true(weir_option_given(&cfg->solver.options, "points"));
    assert_false(weir_option_given(&cfg->solver.options, "length"));
    assert_int_equal(cfg->simulations.budget, 12);
    assert_int_equal(cfg->reservoir.rule, WEIR_RULE_FIFO);
    assert_false(cfg->training.residual);
    assert_true(cfg->training.learning_rate == 2.5e-4);
    assert_int_equal(cfg->training.schedule, WEIR_SCHEDULE_CONSTANT);
    assert_int_equal(cfg->acquisition.loss_type, WEIR_LOSS_MSE);
    assert_true(weir_option_real(&cfg->acquisition.options, "sigma") == 0.5);
    assert_int_equal(cfg->checkpoint.reservoir, WEIR_KEEP_RESERVOIR_NEVER);
    assert_true(cfg->placement.memory_limit == 1610612736u);
    assert_true(weir_config_shows(cfg, "nn"));
    assert_true(weir_config_shows(cfg, "topo"));
    assert_false(weir_config_shows(cfg, "n"));
    assert_false(weir_config_shows(cfg, "shm"));
    weir_config_free(cfg);
}

static void choices_are_ordered_like_their_enums(void **state)
{
    (void)state;
    const struct {
        const char *override;
        int value;
        size_t offset;
    } last[] = {
        {"reservoir.rule=firo", WEIR_RULE_FIRO,
         offsetof(struct weir_config, reservoir.rule)},
        {"reservoir.rule=reservoir", WEIR_RULE_RESERVOIR,
         offsetof(struct weir_config, reservoir.rule)},
        {"training.schedule=cosine", WEIR_SCHEDULE_COSINE,
         offsetof(struct weir_config, training.schedule)},
        {"acquisition.loss_type=nrmse", WEIR_LOSS_NRMSE,
         offsetof(struct weir_config, acquisition.loss_type)},
        {"acquisition.loss_type=rmse", WEIR_LOSS_RMSE,
         offsetof(struct weir_config, acquisition.loss_type)},
        {"acquisition.loss_type=ecrps", WEIR_DIFFICULTY_ECRPS,
         offsetof(struct weir_config, acquisition.loss_type)},
        {"checkpoint.reservoir=auto", WEIR_KEEP_RESERVOIR_AUTO,
         offsetof(struct weir_config, checkpoint.reservoir)},
        {"checkpoint.reservoir=always", WEIR_KEEP_RESERVOIR_ALWAYS,
         offsetof(struct weir_config, checkpoint.reservoir)},
    };
    for (size_t i = 0; i < sizeof(last) / sizeof(*last); i++) {
        struct weir_config *cfg = NULL;
        int value;
        ok(parse("", &cfg, last[i].override, NULL));
        memcpy(&value, (char *)cfg + last[i].offset, sizeof(value));
        assert_int_equal(value, last[i].value);
        weir_config_free(cfg);
    }
}

static void a_value_of_the_wrong_type_is_refused_with_its_line(void **state)
{
    (void)state;
    refused("run:\n  seed: 1\ntraining:\n  batch: 10abc\n",
            "x.yaml:4: training.batch: '10abc' is not a whole number "
            "(expected 1 to 65536 samples)",
            NULL);
    refused("training: {batch: 1e3}\n",
            "x.yaml:1: training.batch: '1e3' is not a whole number "
            "(expected 1 to 65536 samples)",
            "write it out: 1000");
    refused("training: {batch: 0x10}\n",
            "x.yaml:1: training.batch: '0x10' is not a whole number "
            "(expected 1 to 65536 samples)",
            NULL);
    refused("training: {batch: 0}\n",
            "x.yaml:1: training.batch: '0' is out of range "
            "(expected 1 to 65536 samples)",
            NULL);
    refused("training: {batch: 99999999999999999999}\n",
            "x.yaml:1: training.batch: '99999999999999999999' is out of range "
            "(expected 1 to 65536 samples)",
            NULL);
    refused("run: {seed: -1}\n",
            "x.yaml:1: run.seed: '-1' is out of range "
            "(expected 0 to 9007199254740991)",
            NULL);
    refused("training: {learning_rate: nan}\n",
            "x.yaml:1: training.learning_rate: 'nan' is not a finite number "
            "(expected 1e-12 to 10)",
            NULL);
    refused("training: {learning_rate: .inf}\n",
            "x.yaml:1: training.learning_rate: '.inf' is not a finite number "
            "(expected 1e-12 to 10)",
            NULL);
    refused("training: {learning_rate: 1_0}\n",
            "x.yaml:1: training.learning_rate: '1_0' is not a finite number "
            "(expected 1e-12 to 10)",
            NULL);
    refused("training: {residual: banana}\n",
            "x.yaml:1: training.residual: 'banana' is neither true nor false",
            NULL);
    refused("training: {residual: Off}\n",
            "x.yaml:1: training.residual: 'Off' is neither true nor false",
            "write false");
    refused("run: {clock: lockstop}\n",
            "x.yaml:1: run.clock: 'lockstop' is not one of live|lockstep",
            "did you mean 'lockstep'?");
    refused("placement: {memory_limit: 8 bananas}\n",
            "x.yaml:1: placement.memory_limit: '8 bananas' is not an amount of "
            "memory (expected a number and B, KiB, MiB, GiB, TiB, KB, MB, GB "
            "or TB, or auto)",
            NULL);
    refused("training:\n  batch:\n  steps: 5\n",
            "x.yaml:2: training.batch: has no value",
            "remove the line to keep the default");
    refused("log: ~\n\ntraining: {batch: ~}\n",
            "x.yaml:3: training.batch: '~' is not a whole number "
            "(expected 1 to 65536 samples)",
            NULL);
}

static void a_structure_where_a_value_belongs_is_refused(void **state)
{
    (void)state;
    refused("training: {batch: [1, 2]}\n",
            "x.yaml:1: training.batch: expected a single value, not a list",
            NULL);
    refused("log: [nn, topo]\n",
            "x.yaml:1: log: expected a single value, not a list", "\"a,b\"");
    refused("training:\n  batch:\n    size: 3\n",
            "x.yaml:2: training.batch: expected a single value, not a mapping",
            NULL);
    refused("training: 5\n",
            "x.yaml:1: training: is a section, which holds keys, not a value",
            NULL);
    refused("training: [5]\n",
            "x.yaml:1: training: is a section, which holds keys, not a value",
            NULL);
    refused("solver: kdv\n",
            "x.yaml:1: solver: is a section, which holds keys, not a value",
            NULL);
    refused("parameters: {A0: 3}\n",
            "x.yaml:1: parameters.A0: is a section, which holds keys, not a "
            "value",
            NULL);
    refused("- training\n",
            "x.yaml:1: a config is a mapping of sections, not a list", NULL);
    refused("\nhello\n",
            "x.yaml:2: a config is a mapping of sections, not a single value",
            NULL);
}

static void an_unknown_key_is_refused_with_the_nearest_one(void **state)
{
    (void)state;
    refused("training:\n  bacth: 20\n",
            "x.yaml:2: training.bacth: there is no such key",
            "did you mean 'training.batch'?");
    refused("traning:\n  batch: 20\n",
            "x.yaml:1: traning: there is no such section",
            "did you mean 'training'?");
    refused("batch: 20\n", "x.yaml:1: batch: there is no such key",
            "did you mean 'training.batch'?");
    refused("model: {batch: 20}\n",
            "x.yaml:1: model.batch: 'convnet' has no such option",
            "did you mean 'training.batch'?");
    refused("solver:\n  pionts: 20\n",
            "x.yaml:2: solver.pionts: 'kdv' has no such option",
            "did you mean 'solver.points'?");
    refused("checkpoint: {frobnicate: 1}\n",
            "x.yaml:1: checkpoint.frobnicate: there is no such key",
            "it takes: every, keep, before_end, reservoir");
    refused("frobnicate: {a: 1}\n",
            "x.yaml:1: frobnicate: there is no such section", "run, solver");
    refused("parameters:\n  phi: {low: 0}\n",
            "x.yaml:2: parameters.phi: solver 'kdv' has no such parameter",
            "did you mean 'parameters.phi0'?");
    refused("parameters: {phi0: {lo: 0}}\n",
            "x.yaml:1: parameters.phi0.lo: there is no such key",
            "did you mean 'parameters.phi0.low'?");
    refused("solver: {name: kvd}\n",
            "x.yaml:1: solver.name: there is no solver 'kvd'",
            "did you mean 'kdv'?");
    refused("acquisition: {strategy: magic}\n",
            "x.yaml:1: acquisition.strategy: there is no strategy 'magic'",
            "known: uniform, breed");
    refused("<<: {batch: 1}\n",
            "x.yaml:1: key '<<' is not a name (letters, digits, _ and -, at "
            "most 64)",
            NULL);
    refused("training.batch: 20\n",
            "x.yaml:1: key 'training.batch' is not a name (letters, digits, _ "
            "and -, at most 64)",
            "a line of its own");
}

static void what_yaml_allows_and_a_config_does_not_is_refused(void **state)
{
    (void)state;
    refused("training:\n  batch: 1\n  steps: 3\n  batch: 2\n",
            "x.yaml:4: training.batch: given twice, first on line 2", NULL);
    refused("run:\n  seed: 1\nrun:\n  lanes: 2\n",
            "x.yaml:3: run: given twice, first on line 1", NULL);
    refused("training: &t\n  batch: 2\n",
            "x.yaml:1: anchors (&name) are not used in a config", NULL);
    refused("training:\n  batch: &b 2\n",
            "x.yaml:2: anchors (&name) are not used in a config", NULL);
    refused("training: *t\n",
            "x.yaml:1: aliases (*name) are not used in a config", NULL);
    refused("training:\n  batch: !!int 2\n",
            "x.yaml:2: tags (!name) are not used in a config", NULL);
    refused("run: {seed: 1}\n---\nrun: {seed: 2}\n",
            "x.yaml:2: a second document starts here; a config is one", NULL);
    refused("? [a]\n: 3\n", "x.yaml:1: a key must be a name", NULL);
    refused("a: {b: {c: {d: {e: {f: {g: {h: {i: 1}}}}}}}}\n",
            "x.yaml:1: nested more than 8 levels deep", NULL);
    refused("log: \"a\\0b\"\n", "x.yaml:1: a value holds a zero byte", NULL);
    refused("\"\": 3\n",
            "x.yaml:1: key '' is not a name (letters, digits, _ and -, at "
            "most 64)",
            NULL);
}

static void what_is_not_yaml_is_refused_with_its_line(void **state)
{
    (void)state;
    struct weir_config *cfg = NULL;
    refused("run:\n\tseed: 1\n",
            "x.yaml:2: not readable as YAML: found character that cannot "
            "start any token",
            "indent with spaces, not with tabs");
    refused("run:\n  seed: 1\n   lanes: 2\n",
            "x.yaml:3: not readable as YAML: mapping values are not allowed "
            "in this context",
            NULL);
    refused("run: {seed: 1\n",
            "x.yaml:2: not readable as YAML: did not find expected ',' or '}'",
            NULL);
    const char garbage[] = "run:\n  seed: 1\n\x7f"
                           "ELF\0\1\2";
    fails(weir_config_parse(garbage, sizeof(garbage), "x.yaml", &registry, NULL,
                            0, &cfg),
          -WEIR_ECONFIG);
    assert_string_equal(weir_err_message(),
                        "x.yaml:3: not readable as YAML: control characters "
                        "are not allowed");
    refused("run:\n  seed: \xff\n",
            "x.yaml:2: not readable as YAML: invalid leading UTF-8 octet",
            "a config is UTF-8 text");
}

static void a_message_shows_only_what_a_terminal_may_show(void **state)
{
    (void)state;
    refused("training: {batch: \"\\e[31m\"}\n",
            "x.yaml:1: training.batch: '?[31m' is not a whole number "
            "(expected 1 to 65536 samples)",
            NULL);
    char text[1400] = "training: {batch: ";
    memset(text + strlen(text), 'x', 1200);
    strcat(text, "}");
    struct weir_config *cfg;
    fails(parse(text, &cfg, NULL, NULL), -WEIR_ECONFIG);
    says("x.yaml:1: training.batch: a value of 1200 bytes is too long "
         "(expected at most 1023)");
    text[150] = '}';
    text[151] = '\0';
    fails(parse(text, &cfg, NULL, NULL), -WEIR_ECONFIG);
    says("xxx...' is not a whole number");
}

static void set_comes_after_the_file(void **state)
{
    (void)state;
    struct weir_config *cfg = NULL;
    ok(parse("training: {batch: 8, steps: 100}\n", &cfg, "training.batch=40",
             "log=a=b"));
    assert_int_equal(cfg->training.batch, 40);
    assert_int_equal(cfg->training.steps, 100);
    assert_string_equal(cfg->log, "a=b");
    weir_config_free(cfg);
    ok(parse("", &cfg, "training.batch=40", "training.batch=50"));
    assert_int_equal(cfg->training.batch, 50);
    weir_config_free(cfg);
    ok(parse("", &cfg, "parameters.A0.low=-1", "log="));
    assert_true(cfg->space.parameter[0].low == -1);
    weir_config_free(cfg);
    /* A wrong value stays wrong, whatever comes after it. */
    fails(parse("training: {batch: x}\n", &cfg, "training.batch=40", NULL),
          -WEIR_ECONFIG);
    says("x.yaml:1: training.batch: 'x'");
}

static void a_wrong_set_is_refused_as_it_was_typed(void **state)
{
    (void)state;
    set_refused("training.batch=10abc",
                "--set training.batch=10abc: '10abc' is not a whole number "
                "(expected 1 to 65536 samples)",
                "");
    set_refused("training.bacth=10",
                "--set training.bacth=10: there is no such key",
                "did you mean 'training.batch'?");
    set_refused("traning.batch=10",
                "--set traning.batch=10: there is no such section",
                "did you mean 'training'?");
    set_refused("batch=10", "--set batch=10: there is no such key",
                "did you mean 'training.batch'?");
    set_refused("training=10",
                "--set training=10: is a section, which holds keys, not a "
                "value",
                "");
    set_refused("training.batch",
                "--set training.batch: expected key=value, as in "
                "training.batch=20",
                "");
    set_refused("=3", "--set =3: expected key=value, as in training.batch=20",
                "");
    set_refused("", "--set : expected key=value, as in training.batch=20", "");
    set_refused("training.batch=",
                "--set training.batch=: '' is not a whole number (expected 1 "
                "to 65536 samples)",
                "");
    set_refused("log=\xc3", "--set log=\xc3: not printable UTF-8 text", "");
    set_refused("solver.name=kvd",
                "--set solver.name=kvd: there is no solver 'kvd'", "'kdv'");
    set_refused("placement.memory_limit=-1",
                "--set placement.memory_limit=-1: '-1' is not an amount of "
                "memory (expected a number and B, KiB, MiB, GiB, TiB, KB, MB, "
                "GB or TB, or auto)",
                "");
    set_refused("parameters.A9.low=0",
                "--set parameters.A9.low=0: solver 'kdv' has no such parameter",
                "'parameters.A0'");
    set_refused("training.batch.x=0",
                "--set training.batch.x=0: there is no such key",
                "did you mean 'training.batch'?");
}

static int log_lines;
static void count_line(void *ctx, enum weir_log_level level, const char *area,
                       const char *text)
{
    (void)ctx, (void)level, (void)area, (void)text;
    log_lines++;
}

static void another_choice_by_set_drops_the_options_of_the_files_choice(
    void **state)
{
    (void)state;
    const char *text = "solver: {name: kdv, length: 10}\n"
                       "parameters: {A0: {low: 0}}\n"
                       "acquisition: {strategy: breed, sigma: 0.2}\n";
    struct weir_config *cfg = NULL;
    weir_log_sink(count_line, NULL);
    log_lines = 0;
    ok(parse(text, &cfg, "acquisition.strategy=uniform", NULL));
    weir_log_sink(NULL, NULL);
    assert_int_equal(log_lines, 1);
    assert_string_equal(cfg->acquisition.strategy, "uniform");
    assert_int_equal(cfg->acquisition.options.n, 0);
    assert_true(cfg->space.parameter[0].low == 0);
    weir_config_free(cfg);
    ok(parse(text, &cfg, "solver.name=burgers", "solver.points=32"));
    assert_string_equal(cfg->space.parameter[0].name, "nu");
    assert_int_equal(weir_option_int(&cfg->solver.options, "points"), 32);
    weir_config_free(cfg);
    /* Dropped, but checked; and only what the file's choice declares. */
    fails(parse("acquisition: {strategy: breed, sigma: x}\n", &cfg,
                "acquisition.strategy=uniform", NULL),
          -WEIR_ECONFIG);
    says("x.yaml:1: acquisition.sigma: 'x' is not a finite number");
    fails(parse("acquisition: {strategy: breed, sgima: 1}\n", &cfg,
                "acquisition.strategy=uniform", NULL),
          -WEIR_ECONFIG);
    /* The same choice again drops nothing. */
    ok(parse(text, &cfg, "acquisition.strategy=breed", NULL));
    assert_true(weir_option_real(&cfg->acquisition.options, "sigma") == 0.2);
    weir_config_free(cfg);
}

static void parameters_take_the_solvers_ranges_and_the_users(void **state)
{
    (void)state;
    struct weir_config *cfg = good("solver: {waves: 3}\n"
                                   "parameters:\n"
                                   "  A0: {low: 0.05, axis: log}\n"
                                   "  phi0: {low: -3.14159265, high: "
                                   "3.14159265}\n"
                                   "  phi1: {high: 3}\n");
    assert_int_equal(cfg->space.n, 3);
    const struct weir_parameter *p = cfg->space.parameter;
    assert_string_equal(p[0].name, "A0");
    assert_string_equal(p[0].unit, "m");
    assert_true(p[0].low == 0.05 && p[0].high == 1.0 / 3);
    assert_int_equal(p[0].axis, WEIR_AXIS_LOG);
    assert_false(p[0].wraps);
    assert_true(p[1].wraps);
    assert_false(p[2].wraps);
    assert_true(p[2].low == 0 && p[2].high == 3);
    weir_config_free(cfg);
    refused("parameters:\n  A0:\n    low: 5\n",
            "x.yaml:3: parameters.A0.low: low 5 is not below high "
            "0.3333333333333333",
            NULL);
    refused("parameters: {A0: {high: .1}}\n",
            "x.yaml:1: parameters.A0.high: low 0.1 is not below high .1", NULL);
    refused("parameters: {phi0: {axis: log}}\n",
            "x.yaml:1: parameters.phi0.axis: a logarithmic axis needs low "
            "above 0, not 0",
            NULL);
    refused("parameters: {phi1: {low: 0}}\nsolver: {waves: 1}\n",
            "x.yaml:1: parameters.phi1: solver 'kdv' has no such parameter",
            "it has: A0");
}

static void amounts_of_memory_are_read_whole(void **state)
{
    (void)state;
    uint64_t bytes = 1;
    ok(weir_schema_bytes("auto", &bytes));
    assert_true(bytes == 0);
    ok(weir_schema_bytes("8GiB", &bytes));
    assert_true(bytes == 8ull << 30);
    ok(weir_schema_bytes("0.5 TB", &bytes));
    assert_true(bytes == 500000000000u);
    ok(weir_schema_bytes("123456", &bytes));
    assert_true(bytes == 123456);
    const char *bad[] = {"",      "0",    "-1GiB",  "8gib", "8GiB ", "0x8GiB",
                         "nan",   "8  B", "GiB",    "1e99", "8GiBx", "inf",
                         " 8GiB", "+8",   "1e30TB", "8Gi",  "Auto"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        fails(weir_schema_bytes(bad[i], &bytes), -EINVAL);
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    struct weir_config *cfg = NULL;
    char dir[] = "/tmp/weir-config-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/none.yaml", dir);
    fails(weir_config_load(path, &registry, NULL, 0, &cfg), -WEIR_ECONFIG);
    says("none.yaml: there is no such file");
    fails(weir_config_load(dir, &registry, NULL, 0, &cfg), -WEIR_ECONFIG);
    says(": is a directory, expected a config file");
    fails(weir_config_load("/dev/zero", &registry, NULL, 0, &cfg),
          -WEIR_ECONFIG);
    assert_string_equal(weir_err_message(),
                        "/dev/zero: larger than 1024 KiB, not a config");
    ok(weir_config_load("/dev/null", &registry, NULL, 0, &cfg));
    weir_config_free(cfg);
    FILE *f = fopen(path, "w");
    fputs("training:\n  batch: none\n", f);
    fclose(f);
    fails(weir_config_load(path, &registry, NULL, 0, &cfg), -WEIR_ECONFIG);
    says("none.yaml:2: training.batch: 'none' is not a whole number");
    unlink(path);
    rmdir(dir);
}

static void an_entry_may_be_one_word_with_its_options(void **state)
{
    (void)state;
    struct weir_config *cfg = good("model:\n  name: Conv;34;7\n");
    assert_string_equal(cfg->model.name, "convnet");
    assert_int_equal(weir_option_int(&cfg->model.options, "width"), 34);
    assert_int_equal(weir_option_int(&cfg->model.options, "depth"), 7);
    weir_config_free(cfg);
    cfg = NULL;
    ok(parse("model: {name: Conv;34;7}\n", &cfg, "model.width=12", NULL));
    assert_int_equal(weir_option_int(&cfg->model.options, "width"), 12);
    assert_int_equal(weir_option_int(&cfg->model.options, "depth"), 7);
    weir_config_free(cfg);
    cfg = NULL;
    ok(parse("model: {width: 9}\n", &cfg, "model.name=Conv;34", NULL));
    assert_int_equal(weir_option_int(&cfg->model.options, "width"), 34);
    weir_config_free(cfg);
    set_refused("model.name=Conv;1;2;3",
                "--set model.name=Conv;1;2;3: expected Conv;width;depth", "");
    set_refused("model.name=Con;1",
                "--set model.name=Con;1: no model is written like this", "");
}

/* A registry's own mistake must not pass for the user's. */
static bool clashing_entry(void *ctx, const char *section, size_t i,
                           struct weir_config_entry *out)
{
    static const struct weir_option clash[] = {
        {"name", WEIR_OPTION_INT, "1", 0, 0, NULL, NULL, "clashes"}, {0}};
    bool found = fake_entry(ctx, section, i, out);
    if (found && !strcmp(out->name, "kdv"))
        out->options = clash;
    return found;
}

static void an_option_with_the_name_of_a_fixed_key_is_a_bug(void **state)
{
    (void)state;
    struct weir_config *cfg = NULL;
    struct weir_config_registry clashing = registry;
    clashing.entry = clashing_entry;
    fails(weir_config_parse("", 0, "x.yaml", &clashing, NULL, 0, &cfg),
          -EINVAL);
    says("solver 'kdv' declares the option 'name'");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(an_empty_file_is_all_defaults),
        cmocka_unit_test(values_reach_their_fields),
        cmocka_unit_test(choices_are_ordered_like_their_enums),
        cmocka_unit_test(a_value_of_the_wrong_type_is_refused_with_its_line),
        cmocka_unit_test(a_structure_where_a_value_belongs_is_refused),
        cmocka_unit_test(an_unknown_key_is_refused_with_the_nearest_one),
        cmocka_unit_test(what_yaml_allows_and_a_config_does_not_is_refused),
        cmocka_unit_test(what_is_not_yaml_is_refused_with_its_line),
        cmocka_unit_test(a_message_shows_only_what_a_terminal_may_show),
        cmocka_unit_test(set_comes_after_the_file),
        cmocka_unit_test(a_wrong_set_is_refused_as_it_was_typed),
        cmocka_unit_test(
            another_choice_by_set_drops_the_options_of_the_files_choice),
        cmocka_unit_test(parameters_take_the_solvers_ranges_and_the_users),
        cmocka_unit_test(amounts_of_memory_are_read_whole),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
        cmocka_unit_test(an_entry_may_be_one_word_with_its_options),
        cmocka_unit_test(an_option_with_the_name_of_a_fixed_key_is_a_bug),
    };
    return RUN(cases);
}
