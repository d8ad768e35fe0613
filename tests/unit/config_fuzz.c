/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/config_fake.h"

#include "base/rng.h"

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
        cmocka_unit_test(a_megabyte_of_anything_ends_in_a_message),
        cmocka_unit_test(no_mutation_of_a_config_breaks_the_reader),
        cmocka_unit_test(no_override_breaks_the_reader),
    };
    return RUN(cases);
}
