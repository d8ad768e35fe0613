/* SPDX-License-Identifier: BSD-3-Clause */
#include "weir/option.h"

#include "base/err.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool in_range(const struct weir_option *o, double v)
{
    return o->min == o->max || (v >= o->min && v <= o->max);
}

static int out_of_range(const struct weir_option *o, const char *text)
{
    return WEIR_FAIL(EINVAL, "'%s' is out of range, expected %g to %g%s%s",
                     text, o->min, o->max, o->unit ? " " : "",
                     o->unit ? o->unit : "");
}

/* strtoll takes leading blanks and '+'; a config value has neither. */
static bool starts_like_number(const char *text)
{
    return isdigit((unsigned char)text[0]) || text[0] == '-' || text[0] == '.';
}

static int parse_int(const struct weir_option *o, const char *text,
                     struct weir_option_value *out)
{
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (!starts_like_number(text) || *end || errno)
        return WEIR_FAIL(EINVAL, "'%s' is not a whole number", text);
    if (!in_range(o, (double)v))
        return out_of_range(o, text);
    out->integer = v;
    out->real = (double)v;
    return 0;
}

static int parse_real(const struct weir_option *o, const char *text,
                      struct weir_option_value *out)
{
    char *end;
    double v = strtod(text, &end);
    /* strtod also reads hexadecimal, nan and infinity: none is meant here. */
    if (!starts_like_number(text) || *end || strpbrk(text, "xXnN") ||
        !isfinite(v))
        return WEIR_FAIL(EINVAL, "'%s' is not a finite number", text);
    if (!in_range(o, v))
        return out_of_range(o, text);
    out->real = v;
    return 0;
}

static int parse_bool(const char *text, struct weir_option_value *out)
{
    if (strcmp(text, "true") && strcmp(text, "false"))
        return WEIR_FAIL(EINVAL, "'%s' is neither true nor false", text);
    out->integer = text[0] == 't';
    return 0;
}

static int parse_choice(const struct weir_option *o, const char *text,
                        struct weir_option_value *out)
{
    size_t len = strlen(text);
    const char *word = o->choices;
    for (int i = 0; word; i++) {
        size_t n = strcspn(word, "|");
        if (n == len && memcmp(word, text, n) == 0) {
            out->integer = i;
            return 0;
        }
        word = word[n] ? word + n + 1 : NULL;
    }
    return WEIR_FAIL(EINVAL, "'%s' is not one of %s", text, o->choices);
}

int weir_option_parse(const struct weir_option *option, const char *text,
                      struct weir_option_value *out)
{
    struct weir_option_value v = {0};
    int rc = 0;
    if (strlen(text) >= sizeof(v.text))
        return WEIR_FAIL(EINVAL, "value of %zu characters is too long",
                         strlen(text));
    switch (option->type) {
    case WEIR_OPTION_INT:
        rc = parse_int(option, text, &v);
        break;
    case WEIR_OPTION_REAL:
        rc = parse_real(option, text, &v);
        break;
    case WEIR_OPTION_BOOL:
        rc = parse_bool(text, &v);
        break;
    case WEIR_OPTION_CHOICE:
        rc = parse_choice(option, text, &v);
        break;
    case WEIR_OPTION_TEXT:
    case WEIR_OPTION_WORDS:
        break;
    }
    if (rc)
        return rc;
    strcpy(v.text, text);
    *out = v;
    return 0;
}

int weir_options_init(const struct weir_option *declared,
                      struct weir_options *out)
{
    struct weir_options o = {.declared = declared};
    while (declared && declared[o.n].name)
        o.n++;
    o.value = calloc(o.n ? o.n : 1, sizeof(*o.value));
    if (!o.value)
        return WEIR_FAIL(ENOMEM, "options");
    for (size_t i = 0; i < o.n; i++) {
        int rc =
            weir_option_parse(&declared[i], declared[i].fallback, &o.value[i]);
        if (rc) {
            free(o.value);
            return WEIR_NOTE(rc, "default of '%s'", declared[i].name);
        }
    }
    *out = o;
    return 0;
}

void weir_options_free(struct weir_options *opts)
{
    free(opts->value);
    *opts = (struct weir_options){0};
}

static size_t find(const struct weir_options *opts, const char *name)
{
    size_t i = 0;
    while (i < opts->n && strcmp(opts->declared[i].name, name))
        i++;
    return i;
}

static int no_such_option(const struct weir_options *opts, const char *name)
{
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; i < opts->n && n < 64; i++)
        names[n++] = opts->declared[i].name;
    const char *near = weir_nearest_name(name, names, n);
    int rc = WEIR_FAIL(ENOENT, "no option '%s'", name);
    if (near)
        weir_err_hint("did you mean '%s'?", near);
    return rc;
}

int weir_options_set(struct weir_options *opts, const char *name,
                     const char *text)
{
    size_t i = find(opts, name);
    if (i == opts->n)
        return no_such_option(opts, name);
    int rc = weir_option_parse(&opts->declared[i], text, &opts->value[i]);
    if (!rc)
        opts->value[i].given = true;
    return rc;
}

static const struct weir_option_value *get(const struct weir_options *opts,
                                           const char *name)
{
    size_t i = find(opts, name);
    assert(i < opts->n && "option read but never declared");
    return &opts->value[i];
}

int64_t weir_option_int(const struct weir_options *opts, const char *name)
{
    return get(opts, name)->integer;
}

double weir_option_real(const struct weir_options *opts, const char *name)
{
    return get(opts, name)->real;
}

bool weir_option_bool(const struct weir_options *opts, const char *name)
{
    return get(opts, name)->integer != 0;
}

const char *weir_option_text(const struct weir_options *opts, const char *name)
{
    return get(opts, name)->text;
}

bool weir_option_given(const struct weir_options *opts, const char *name)
{
    return get(opts, name)->given;
}

/* Levenshtein distance of two short words; anything over 64 letters is far. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b), row[65];
    if (la > 64 || lb > 64)
        return 64;
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[lb];
}

const char *weir_nearest_name(const char *word, const char *const *names,
                              size_t n)
{
    const char *best = NULL;
    size_t best_distance = strlen(word) / 3 + 2;
    for (size_t i = 0; i < n; i++) {
        size_t d = edit_distance(word, names[i]);
        if (d < best_distance) {
            best_distance = d;
            best = names[i];
        }
    }
    return best;
}
