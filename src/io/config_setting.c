/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/config_setting.h"

#include "base/err.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int weir_setting_refuse(const struct weir_settings *list,
                        const struct weir_setting *s, const char *fmt, ...)
{
    char text[512], key[WEIR_PRINTABLE_MAX], value[WEIR_PRINTABLE_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    weir_printable(s->key, key);
    if (s->source == WEIR_SOURCE_SET)
        return WEIR_FAIL(WEIR_ECONFIG, "--set %s=%s: %s", key,
                         weir_printable(s->text, value), text);
    return WEIR_FAIL(WEIR_ECONFIG, "%s:%d: %s: %s", list->name, s->line, key,
                     text);
}

struct weir_setting *weir_settings_find(const struct weir_settings *list,
                                        enum weir_config_source source,
                                        const char *key)
{
    for (size_t i = list->n; i-- > 0;)
        if (list->item[i].source == source && !strcmp(list->item[i].key, key))
            return &list->item[i];
    return NULL;
}

static bool is_about_defaults(const char *key)
{
    return !strcmp(key, "defaults") || !strncmp(key, "defaults[", 9);
}

static void gather_file(struct weir_settings *list,
                        const struct weir_yaml *tree)
{
    for (size_t i = 0; i < tree->n; i++) {
        const struct weir_yaml_node *node = &tree->node[i];
        if (!is_about_defaults(node->path))
            list->item[list->n++] =
                (struct weir_setting){.source = WEIR_SOURCE_FILE,
                                      .shape = node->kind,
                                      .line = node->line,
                                      .key = node->path,
                                      .text = node->text};
    }
}

static int mark_default(struct weir_settings *list,
                        const struct weir_yaml_node *node)
{
    char shown[WEIR_PRINTABLE_MAX];
    bool is_item = strchr(node->path, '[') != NULL;
    if (node->kind != (is_item ? WEIR_YAML_VALUE : WEIR_YAML_LIST))
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s:%d: defaults: expected a list of keys", list->name,
                         node->line);
    if (!is_item)
        return 0;
    struct weir_setting *s =
        weir_settings_find(list, WEIR_SOURCE_FILE, node->text);
    if (!s)
        return WEIR_FAIL(
            WEIR_ECONFIG, "%s:%d: defaults: '%s' has no value in this file",
            list->name, node->line, weir_printable(node->text, shown));
    s->is_default = true;
    return 0;
}

/* The list a resolved config ends with: keys whose values nobody set. */
static int mark_defaults(struct weir_settings *list,
                         const struct weir_yaml *tree)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < tree->n; i++)
        if (is_about_defaults(tree->node[i].path))
            rc = mark_default(list, &tree->node[i]);
    return rc;
}

/* A solver with a command and no name is a program of the user's. */
static void imply_solver(struct weir_settings *list)
{
    const struct weir_setting *command =
        weir_settings_find(list, WEIR_SOURCE_FILE, "solver.command");
    if (command && !weir_settings_find(list, WEIR_SOURCE_FILE, "solver.name"))
        list->item[list->n++] = (struct weir_setting){
            .source = WEIR_SOURCE_FILE,
            .shape = WEIR_YAML_VALUE,
            .line = command->line,
            .key = "solver.name",
            .text = "external",
        };
}

static bool is_printable_utf8(const char *text)
{
    for (int length; *text; text += length) {
        int32_t c = weir_utf8_decode(text, &length);
        if (c < 0x20 || c == 0x7f)
            return false;
    }
    return true;
}

static int gather_override(struct weir_config_store *store,
                           struct weir_settings *list, const char *text)
{
    char shown[WEIR_PRINTABLE_MAX];
    const char *equals = strchr(text, '=');
    weir_printable(text, shown);
    if (!equals || equals == text)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "--set %s: expected key=value, as in "
                         "training.batch=20",
                         shown);
    if (!is_printable_utf8(text))
        return WEIR_FAIL(WEIR_ECONFIG, "--set %s: not printable UTF-8 text",
                         shown);
    char *key = weir_store_text(store, text);
    if (!key)
        return -ENOMEM;
    key[equals - text] = '\0';
    list->item[list->n++] =
        (struct weir_setting){.source = WEIR_SOURCE_SET,
                              .shape = WEIR_YAML_VALUE,
                              .key = key,
                              .text = key + (equals - text) + 1};
    return 0;
}

int weir_settings_gather(struct weir_config_store *store,
                         const struct weir_yaml *tree,
                         const char *const *overrides, size_t n,
                         struct weir_settings *out)
{
    *out = (struct weir_settings){.name = store->name};
    /* One more, for what a command implies. */
    out->item = weir_store_alloc(store, (tree->n + n + 1) * sizeof(*out->item));
    if (!out->item)
        return -ENOMEM;
    gather_file(out, tree);
    int rc = mark_defaults(out, tree);
    if (!rc)
        imply_solver(out);
    for (size_t i = 0; !rc && i < n; i++)
        rc = gather_override(store, out, overrides[i]);
    return rc;
}

/* " (expected 1 to 65536 samples)", or "" when any number would do. */
static const char *expected(const struct weir_option *o, char *out, size_t size)
{
    out[0] = '\0';
    if (o->min == o->max)
        return out;
    /* Sixteen digits write any whole number below 2^53 without exponent. */
    int digits = o->type == WEIR_OPTION_INT ? 16 : 6;
    snprintf(out, size, " (expected %.*g to %.*g%s%s)", digits, o->min, digits,
             o->max, o->unit ? " " : "", o->unit ? o->unit : "");
    return out;
}

static bool parses_as(enum weir_option_type type, const char *text,
                      struct weir_option_value *v)
{
    const struct weir_option any = {.type = type};
    return weir_option_parse(&any, text, v) == 0;
}

static int refuse_whole(const struct weir_settings *list,
                        const struct weir_setting *s,
                        const struct weir_option *o, const char *shown)
{
    char range[128];
    struct weir_option_value v;
    const char *digits = s->text + (*s->text == '-');
    expected(o, range, sizeof(range));
    /* Digits beyond what an integer holds are a number all the same. */
    if (*digits && !digits[strspn(digits, "0123456789")])
        return weir_setting_refuse(list, s, "'%s' is out of range%s", shown,
                                   range);
    bool is_real = parses_as(WEIR_OPTION_REAL, s->text, &v);
    int rc = weir_setting_refuse(list, s, "'%s' is not a whole number%s", shown,
                                 range);
    if (is_real && fabs(v.real) < 1e15 && v.real == floor(v.real))
        weir_err_hint("write it out: %.0f", v.real);
    return rc;
}

static int refuse_real(const struct weir_settings *list,
                       const struct weir_setting *s,
                       const struct weir_option *o, const char *shown)
{
    char range[128];
    struct weir_option_value v;
    expected(o, range, sizeof(range));
    if (parses_as(WEIR_OPTION_REAL, s->text, &v))
        return weir_setting_refuse(list, s, "'%s' is out of range%s", shown,
                                   range);
    return weir_setting_refuse(list, s, "'%s' is not a finite number%s", shown,
                               range);
}

static int refuse_bool(const struct weir_settings *list,
                       const struct weir_setting *s, const char *shown)
{
    static const char *const word[2][5] = {{"false", "no", "off", "n", "0"},
                                           {"true", "yes", "on", "y", "1"}};
    int rc =
        weir_setting_refuse(list, s, "'%s' is neither true nor false", shown);
    for (int truth = 0; truth < 2; truth++)
        for (int i = 0; i < 5; i++)
            if (!strcasecmp(s->text, word[truth][i]))
                weir_err_hint("write %s", word[truth][0]);
    return rc;
}

static int refuse_choice(const struct weir_settings *list,
                         const struct weir_setting *s,
                         const struct weir_option *o, const char *shown)
{
    char words[256];
    const char *name[32];
    size_t n = 0;
    snprintf(words, sizeof(words), "%s", o->choices);
    for (char *rest = words, *word; n < 32 && (word = strsep(&rest, "|"));)
        name[n++] = word;
    const char *near = weir_nearest_name(s->text, name, n);
    int rc = weir_setting_refuse(list, s, "'%s' is not one of %s", shown,
                                 o->choices);
    if (near)
        weir_err_hint("did you mean '%s'?", near);
    return rc;
}

static int refuse_value(const struct weir_settings *list,
                        const struct weir_setting *s,
                        const struct weir_option *o)
{
    char shown[WEIR_PRINTABLE_MAX];
    weir_printable(s->text, shown);
    if (strlen(s->text) >= WEIR_OPTION_TEXT_MAX)
        return weir_setting_refuse(
            list, s, "a value of %zu bytes is too long (expected at most %d)",
            strlen(s->text), WEIR_OPTION_TEXT_MAX - 1);
    switch (o->type) {
    case WEIR_OPTION_INT:
        return refuse_whole(list, s, o, shown);
    case WEIR_OPTION_REAL:
        return refuse_real(list, s, o, shown);
    case WEIR_OPTION_BOOL:
        return refuse_bool(list, s, shown);
    case WEIR_OPTION_CHOICE:
        return refuse_choice(list, s, o, shown);
    case WEIR_OPTION_TEXT:
    case WEIR_OPTION_WORDS:
        break;
    }
    return weir_setting_refuse(list, s, "'%s' is refused", shown);
}

/* Append @p word between quotes. @return where it ends, or -1: no room */
static int append_quoted(char *out, int at, const char *word)
{
    const int room = WEIR_OPTION_TEXT_MAX - 8; /* for an escape and the end */
    if (at >= room)
        return -1;
    at += sprintf(out + at, at ? " '" : "'");
    for (; *word && at < room; word++)
        at += sprintf(out + at, *word == '\'' ? "'\\''" : "%c", *word);
    at += sprintf(out + at, "'");
    return *word ? -1 : at;
}

/* The items of the list @p s as one text. */
static int join_words(const struct weir_settings *list,
                      const struct weir_setting *s,
                      const struct weir_option *option,
                      struct weir_option_value *out)
{
    char text[WEIR_OPTION_TEXT_MAX] = "";
    size_t n = strlen(s->key);
    int at = 0;
    for (size_t i = 0; i < list->n; i++) {
        const struct weir_setting *item = &list->item[i];
        if (item->source != s->source || strncmp(item->key, s->key, n) ||
            item->key[n] != '[')
            continue;
        if (item->shape != WEIR_YAML_VALUE)
            return weir_setting_refuse(list, item, "expected a single value");
        at = append_quoted(text, at, item->text);
        if (at < 0)
            return weir_setting_refuse(list, s, "longer than %d bytes",
                                       WEIR_OPTION_TEXT_MAX - 8);
    }
    return weir_option_parse(option, text, out);
}

int weir_setting_parse(const struct weir_settings *list,
                       const struct weir_setting *s,
                       const struct weir_option *option,
                       struct weir_option_value *out)
{
    bool is_text = option->type == WEIR_OPTION_TEXT;
    int rc;
    if (s->shape == WEIR_YAML_LIST && option->type == WEIR_OPTION_WORDS)
        return join_words(list, s, option, out);
    switch (s->shape) {
    case WEIR_YAML_MAP:
        return weir_setting_refuse(list, s,
                                   "expected a single value, not a mapping");
    case WEIR_YAML_LIST:
        rc =
            weir_setting_refuse(list, s, "expected a single value, not a list");
        if (is_text)
            weir_err_hint("write \"a,b\" instead of [a, b]");
        return rc;
    case WEIR_YAML_EMPTY:
        weir_setting_refuse(list, s, "has no value");
        return weir_err_hint(is_text ? "write \"\" for an empty text"
                                     : "remove the line to keep the default");
    case WEIR_YAML_VALUE:
        break;
    }
    if (weir_option_parse(option, s->text, out))
        return refuse_value(list, s, option);
    return 0;
}
