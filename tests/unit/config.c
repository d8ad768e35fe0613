/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "base/log.h"
#include "base/rng.h"
#include "io/config.h"
#include "io/schema.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

/* Two solvers, two models and two strategies, as their rooms declare them. */
static const struct weir_option kdv_options[] = {
    {"points", WEIR_OPTION_INT, "160", 8, 4096, NULL, NULL, "grid points"},
    {"length", WEIR_OPTION_REAL, "50", 1e-3, 1e6, NULL, "m", "of the domain"},
    {"waves", WEIR_OPTION_INT, "2", 1, 3, NULL, NULL, "in the initial state"},
    {0},
};
static const struct weir_option burgers_options[] = {
    {"points", WEIR_OPTION_INT, "256", 8, 4096, NULL, NULL, "grid points"},
    {"label", WEIR_OPTION_TEXT, "", 0, 0, NULL, NULL, "any text"},
    {0},
};
static const struct weir_option convnet_options[] = {
    {"width", WEIR_OPTION_INT, "32", 1, 1024, NULL, NULL, "channels"},
    {"depth", WEIR_OPTION_INT, "10", 1, 64, NULL, NULL, "layers"},
    {0},
};
static const struct weir_option breed_options[] = {
    {"sigma", WEIR_OPTION_REAL, "0.1", 1e-6, 10, NULL, "of a range", "spread"},
    {"start", WEIR_OPTION_REAL, "0", 0, 1, NULL, NULL, "first share"},
    {"end", WEIR_OPTION_REAL, "0.7", 0, 1, NULL, NULL, "last share"},
    {"boundary", WEIR_OPTION_CHOICE, "shrink", 0, 0, "shrink|wrap", NULL,
     "outside the box"},
    {0},
};

static const struct {
    const char *section;
    struct weir_config_entry entry;
} entries[] = {
    {"solver", {"kdv", "waves", kdv_options}},
    {"solver", {"burgers", "shocks", burgers_options}},
    {"model", {"convnet", "convolutions", convnet_options}},
    {"model", {"identity", "nothing to set", NULL}},
    {"acquisition", {"uniform", "nothing to set", NULL}},
    {"acquisition", {"breed", "steered", breed_options}},
};

static bool fake_entry(void *ctx, const char *section, size_t i,
                       struct weir_config_entry *out)
{
    (void)ctx;
    for (size_t e = 0; e < sizeof(entries) / sizeof(*entries); e++)
        if (!strcmp(entries[e].section, section) && i-- == 0) {
            *out = entries[e].entry;
            return true;
        }
    return false;
}

static int fake_space(void *ctx, const char *solver,
                      const struct weir_options *options,
                      struct weir_space *out)
{
    (void)ctx;
    static const struct weir_parameter kdv[] = {
        {"A0", "m", 0.1, 1.0 / 3, WEIR_AXIS_LINEAR, false},
        {"phi0", NULL, 0, 6.283185307179586, WEIR_AXIS_LINEAR, true},
        {"phi1", NULL, 0, 6.283185307179586, WEIR_AXIS_LINEAR, true},
    };
    static const struct weir_parameter burgers[] = {
        {"nu", NULL, 1e-8, 1e-2, WEIR_AXIS_LOG, false},
    };
    if (!strcmp(solver, "burgers"))
        *out = (struct weir_space){1, burgers};
    else
        *out = (struct weir_space){
            (size_t)weir_option_int(options, "waves") + 0, kdv};
    return 0;
}

static const struct weir_config_registry registry = {.entry = fake_entry,
                                                     .space = fake_space};

/* Parse with up to four overrides; NULL ends them. */
static int parse(const char *text, struct weir_config **out, const char *a,
                 const char *b)
{
    const char *overrides[] = {a, b};
    size_t n = a ? b ? 2 : 1 : 0;
    return weir_config_parse(text, strlen(text), "x.yaml", &registry, overrides,
                             n, out);
}

static struct weir_config *good(const char *text)
{
    struct weir_config *cfg = NULL;
    ok(parse(text, &cfg, NULL, NULL));
    return cfg;
}

/* The text must be refused with exactly this message, and this in the hint. */
static void refused(const char *text, const char *message, const char *hint)
{
    struct weir_config *cfg = NULL;
    fails(parse(text, &cfg, NULL, NULL), -WEIR_ECONFIG);
    assert_null(cfg);
    assert_string_equal(weir_err_message(), message);
    if (!strstr(weir_err_hint_text(), hint ? hint : "") ||
        (!hint && *weir_err_hint_text()))
        fail_msg("hint is: %s", weir_err_hint_text());
}

static void set_refused(const char *override, const char *message,
                        const char *hint)
{
    struct weir_config *cfg = NULL;
    fails(parse("", &cfg, override, NULL), -WEIR_ECONFIG);
    assert_string_equal(weir_err_message(), message);
    if (!strstr(weir_err_hint_text(), hint))
        fail_msg("hint is: %s", weir_err_hint_text());
}

static void check_refused(const char *text, const char *message,
                          const char *hint)
{
    struct weir_config *cfg = good(text);
    fails(weir_config_check(cfg), -WEIR_ECONFIG);
    assert_string_equal(weir_err_message(), message);
    assert_string_equal(weir_err_hint_text(), hint);
    weir_config_free(cfg);
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

static void the_longest_choices_of_every_key_are_ordered_like_the_enums(
    void **state)
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
            "it takes: every, keep, reservoir");
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
    char text[400] = "training: {batch: ";
    memset(text + strlen(text), 'x', 300);
    strcat(text, "}");
    struct weir_config *cfg;
    fails(parse(text, &cfg, NULL, NULL), -WEIR_ECONFIG);
    says("x.yaml:1: training.batch: a value of 300 bytes is too long "
         "(expected at most 255)");
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

struct seen {
    int n;
    char keys[512];
    enum weir_config_change strongest;
};

static int note_difference(void *ctx, const struct weir_config_difference *d)
{
    struct seen *s = ctx;
    s->n++;
    strcat(strcat(s->keys, d->key), " ");
    if (d->change > s->strongest)
        s->strongest = d->change;
    return 0;
}

static struct seen differences(const struct weir_config *a,
                               const struct weir_config *b)
{
    struct seen s = {0};
    ok(weir_config_compare(a, b, note_difference, &s));
    return s;
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
    const char *lines[] = {
        "\n  batch: 30 ",   "\n  learning_rate: 1.0e-07", "\nlog: \"no\" ",
        "\n    high: 0.3 ", "# --set [of a range] ",      "\ndefaults: [",
        "\n  seed: 5 "};
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
                        "to '9' in a run that has started; so may not 1 other "
                        "keys");
    weir_config_free(b);

    b = good("solver: {waves: 3}\n");
    s = differences(a, b);
    assert_string_equal(s.keys,
                        "solver.waves parameters.phi1.low parameters.phi1.high "
                        "parameters.phi1.axis ");
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

static void repeated(const char *unit, size_t size)
{
    struct weir_config *cfg = NULL;
    char *text = malloc(size);
    for (size_t i = 0, n = strlen(unit); i < size; i++)
        text[i] = unit[i % n];
    int rc = weir_config_parse(text, size, "x.yaml", &registry, NULL, 0, &cfg);
    if (rc)
        assert_int_equal(rc, -WEIR_ECONFIG);
    else
        weir_config_free(cfg);
    free(text);
}

static void a_megabyte_of_anything_ends_in_a_message(void **state)
{
    (void)state;
    const char *units[] = {"[",      "{",    "{a: ", "- ",  "? ",       "a:\n ",
                           "a",      " ",    "\n",   "&a ", "*a ",      "!",
                           "\"",     "'",    "|\n",  "\t",  "---\n",    "%",
                           "a: 1\n", "- - ", "#",    "a, ", "\xc3\xa9", "\xff",
                           "]",      ": ",   "? - "};
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
        repeated(units[i], 1u << 20);
    size_t size = 0;
    char *text = malloc(1u << 20);
    for (int i = 0; i < 60000; i++)
        size += (size_t)sprintf(text + size, "k%d: 1\n", i);
    struct weir_config *cfg;
    fails(weir_config_parse(text, size, "x.yaml", &registry, NULL, 0, &cfg),
          -WEIR_ECONFIG);
    says("x.yaml:4097: more than 4096 keys and values");
    free(text);
}

/* Change a few bytes: another byte, a hole, a piece twice, a word of YAML. */
static size_t mutate(struct weir_rng *r, char *text, size_t n, size_t room)
{
    static const char *const words[] = {
        ":",     "- ",     "{",    "}",       "[",  "]",   "\n",   "  ",
        "#",     "&a",     "*a",   "!b",      "\"", "'",   "|",    ">",
        "%",     "\t",     "~",    "? ",      "0",  "1e3", "nan",  "true",
        "batch", "solver", "-",    ",",       ".",  "\\",  "\xc3", "\xff",
        "\r\n",  "---",    "name", "defaults"};
    for (uint32_t k = 1 + weir_rng_below(r, 3); k > 0; k--) {
        size_t at = weir_rng_below(r, (uint32_t)n + 1);
        size_t len = weir_rng_below(r, 12);
        const char *word =
            words[weir_rng_below(r, sizeof(words) / sizeof(*words))];
        switch (weir_rng_below(r, 4)) {
        case 0:
            if (at < n)
                text[at] = (char)weir_rng_below(r, 256);
            break;
        case 1:
            len = at + len < n ? len : n - at;
            memmove(text + at, text + at + len, n - at - len);
            n -= len;
            break;
        default:
            len = strlen(word);
            if (n + len > room)
                break;
            memmove(text + at + len, text + at, n - at);
            memcpy(text + at, word, len);
            n += len;
        }
    }
    return n;
}

/* Whether it still is a config: then it must survive the way there and back. */
static bool survives(const char *text, size_t n)
{
    struct weir_config *cfg = NULL, *again = NULL;
    char *resolved = NULL;
    int rc = weir_config_parse(text, n, "x.yaml", &registry, NULL, 0, &cfg);
    if (rc) {
        assert_int_equal(rc, -WEIR_ECONFIG);
        assert_true(!strncmp(weir_err_message(), "x.yaml:", 7));
        return false;
    }
    rc = weir_config_check(cfg);
    assert_true(rc == 0 || rc == -WEIR_ECONFIG);
    ok(weir_config_resolved(cfg, &resolved));
    ok(parse(resolved, &again, NULL, NULL));
    assert_int_equal(differences(cfg, again).n, 0);
    ok(weir_config_may_continue(cfg, again, WEIR_CHANGE_ANYTIME));
    weir_config_free(again);
    weir_config_free(cfg);
    free(resolved);
    return true;
}

static void no_mutation_of_a_config_breaks_the_reader(void **state)
{
    (void)state;
    static const char seed[] = "run:\n  seed: 3\n  clock: lockstep\n"
                               "# Free text, where most changes are legal.\n"
                               "solver:\n  name: burgers\n"
                               "  label: \"b\\u00e9ta \\\\ \xc3\xa9 - one "
                               "of two { viscous } # fluids, [slow] and 'fast'"
                               " at 20 % and more: \\x07 %, !\"\n"
                               "  points: 128 # power of two\n"
                               "parameters:\n"
                               "  nu: {low: 1e-5, high: 0.3, axis: log}\n"
                               "training: {steps: 400, batch: 20}\n"
                               "acquisition:\n  strategy: breed\n"
                               "  sigma: \"0.25\"\n"
                               "placement: {memory_limit: 8GiB}\n"
                               "log: 'nn,topo'\n"
                               "defaults: [training.steps, run.seed]\n";
    struct weir_rng r = weir_rng_stream(11, WEIR_RNG_TEST, 0);
    char text[2048];
    int survived = 0;
    for (int i = 0; i < 20000; i++) {
        memcpy(text, seed, sizeof(seed) - 1);
        size_t n = mutate(&r, text, sizeof(seed) - 1, sizeof(text));
        survived += survives(text, n);
    }
    /* Both ways were taken. */
    assert_in_range(survived, 1000, 19000);
}

static void no_override_breaks_the_reader(void **state)
{
    (void)state;
    struct weir_rng r = weir_rng_stream(12, WEIR_RNG_TEST, 0);
    char text[128];
    for (int i = 0; i < 5000; i++) {
        static const char seed[] = "parameters.A0.low=0.25";
        memcpy(text, seed, sizeof(seed) - 1);
        size_t n = mutate(&r, text, sizeof(seed) - 1, sizeof(text) - 1);
        text[n] = '\0';
        struct weir_config *cfg = NULL;
        int rc = parse("", &cfg, text, NULL);
        if (rc)
            assert_int_equal(rc, -WEIR_ECONFIG);
        else
            weir_config_free(cfg);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(an_empty_file_is_all_defaults),
        cmocka_unit_test(values_reach_their_fields),
        cmocka_unit_test(
            the_longest_choices_of_every_key_are_ordered_like_the_enums),
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
        cmocka_unit_test(a_config_that_cannot_work_is_refused_with_its_numbers),
        cmocka_unit_test(zero_means_what_the_functions_say),
        cmocka_unit_test(resolved_loads_back_to_an_equal_config),
        cmocka_unit_test(defaults_lists_keys_of_its_file_only),
        cmocka_unit_test(a_comparison_lists_what_differs),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
        cmocka_unit_test(an_option_with_the_name_of_a_fixed_key_is_a_bug),
        cmocka_unit_test(a_megabyte_of_anything_ends_in_a_message),
        cmocka_unit_test(no_mutation_of_a_config_breaks_the_reader),
        cmocka_unit_test(no_override_breaks_the_reader),
    };
    return RUN(cases);
}
