/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_CONFIG_FAKE_H
#define WEIR_TESTS_CONFIG_FAKE_H

/**
 * @file
 * Registries for the tests of the config reader, and the reader with them.
 */
#include "tests/test.h"

#include "io/config.h"

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
    {"solver", {"kdv", "waves", kdv_options, false, NULL}},
    {"solver", {"burgers", "shocks", burgers_options, false, NULL}},
    {"model",
     {"convnet", "convolutions", convnet_options, false, "Conv;width;depth"}},
    {"model", {"identity", "nothing to set", NULL, false, NULL}},
    {"acquisition", {"uniform", "nothing to set", NULL, false, NULL}},
    {"acquisition", {"breed", "steered", breed_options, false, NULL}},
};

static inline bool fake_entry(void *ctx, const char *section, size_t i,
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

static inline int fake_space(void *ctx, const char *solver,
                             const struct weir_options *options,
                             struct weir_space *out, bool *steady, void **held)
{
    (void)ctx;
    *steady = !strcmp(solver, "sources");
    (void)held;
    static const struct weir_parameter kdv[] = {
        {.name = "A0", .unit = "m", .low = 0.1, .high = 1.0 / 3},
        {.name = "phi0", .high = 6.283185307179586, .wraps = true},
        {.name = "phi1", .high = 6.283185307179586, .wraps = true},
    };
    static const struct weir_parameter burgers[] = {
        {.name = "nu", .low = 1e-8, .high = 1e-2, .axis = WEIR_AXIS_LOG},
    };
    if (!strcmp(solver, "burgers"))
        *out = (struct weir_space){.n = 1, .parameter = burgers};
    else
        *out = (struct weir_space){
            .n = (size_t)weir_option_int(options, "waves"), .parameter = kdv};
    return 0;
}

static const struct weir_config_registry registry = {.entry = fake_entry,
                                                     .space = fake_space};

/* Parse with up to four overrides; NULL ends them. */
static inline int parse(const char *text, struct weir_config **out,
                        const char *a, const char *b)
{
    const char *overrides[] = {a, b};
    size_t n = a ? b ? 2 : 1 : 0;
    return weir_config_parse(text, strlen(text), "x.yaml", &registry, overrides,
                             n, out);
}

static inline struct weir_config *good(const char *text)
{
    struct weir_config *cfg = NULL;
    ok(parse(text, &cfg, NULL, NULL));
    return cfg;
}

/* The text must be refused with exactly this message, and this in the hint. */
static inline void refused(const char *text, const char *message,
                           const char *hint)
{
    struct weir_config *cfg = NULL;
    fails(parse(text, &cfg, NULL, NULL), -WEIR_ECONFIG);
    assert_null(cfg);
    assert_string_equal(weir_err_message(), message);
    if (!strstr(weir_err_hint_text(), hint ? hint : "") ||
        (!hint && *weir_err_hint_text()))
        fail_msg("hint is: %s", weir_err_hint_text());
}

struct seen {
    int n;
    char keys[512];
    enum weir_config_change strongest;
};

static inline int note_difference(void *ctx,
                                  const struct weir_config_difference *d)
{
    struct seen *s = ctx;
    s->n++;
    strcat(strcat(s->keys, d->key), " ");
    if (d->change > s->strongest)
        s->strongest = d->change;
    return 0;
}

static inline struct seen differences(const struct weir_config *a,
                                      const struct weir_config *b)
{
    struct seen s = {0};
    ok(weir_config_compare(a, b, note_difference, &s));
    return s;
}

#endif
