/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/config.h"

#include "io/config_store.h"

#include "base/err.h"
#include "weir/version.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Comments start here, where the longest usual key and value end. */
#define COMMENT_COLUMN 34

/* Whether every reader of YAML takes @p text for text when it is not quoted. */
static bool is_plain(const char *text)
{
    static const char *const taken[] = {"true", "false", "yes", "no", "on",
                                        "off",  "null",  "y",   "n"};
    if (!isalpha((unsigned char)text[0]))
        return false;
    for (size_t i = 0; text[i]; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("_-./", text[i]))
            return false;
    for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
        if (!strcasecmp(text, taken[i]))
            return false;
    return true;
}

/* Some characters beyond ASCII are line ends or marks to a reader of YAML. */
static bool stands_for_itself(int32_t c)
{
    return (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') ||
           (c > 0xa0 && c < 0xd800 && c != 0x2028 && c != 0x2029);
}

/* @return columns used */
static int write_quoted(FILE *out, const char *text)
{
    int columns = fprintf(out, "\"");
    for (int length = 1; *text; text += length) {
        int32_t c = weir_utf8_decode(text, &length);
        if (stands_for_itself(c))
            columns += fprintf(out, "%.*s", length, text);
        else
            columns += fprintf(out, "\\U%08x", (unsigned)c);
    }
    return columns + fprintf(out, "\"");
}

static int write_value(FILE *out, const struct weir_option *o,
                       const struct weir_option_value *v)
{
    char number[32];
    if (o->type == WEIR_OPTION_INT)
        return fprintf(out, "%lld", (long long)v->integer);
    if (o->type == WEIR_OPTION_REAL)
        return fprintf(out, "%s", weir_number_text(v->real, number));
    bool is_text = o->type == WEIR_OPTION_TEXT || o->type == WEIR_OPTION_WORDS;
    if (is_text && !is_plain(v->text))
        return write_quoted(out, v->text);
    return fprintf(out, "%s", v->text);
}

static const char *source_text(const struct weir_config_origin *origin)
{
    switch (origin->source) {
    case WEIR_SOURCE_FILE:
        return "file";
    case WEIR_SOURCE_SET:
        return "--set";
    case WEIR_SOURCE_DEFAULT:
        break;
    }
    return "default";
}

/* What 0 comes to, where it stands for a value that follows from others. */
static void write_derived(FILE *out, const struct weir_config *cfg,
                          const struct weir_config_part *part, size_t i)
{
    char key[WEIR_KEY_MAX];
    if (part->options.value[i].real != 0)
        return;
    weir_store_key(part, i, key);
    if (!strcmp(key, "reservoir.samples_per_batch"))
        fprintf(out, " (here %g)", weir_config_samples_per_batch(cfg));
    else if (!strcmp(key, "training.warmup_steps"))
        fprintf(out, " (here %lld)", (long long)weir_config_warmup_steps(cfg));
    else if (!strcmp(key, "simulations.max_redraws"))
        fprintf(out, " (here %d)", weir_config_max_redraws(cfg));
}

static void write_key(FILE *out, const struct weir_config *cfg,
                      const struct weir_config_part *part, size_t i, int indent)
{
    const struct weir_option *o = &part->options.declared[i];
    int used = fprintf(out, "%*s%s: ", indent, "", o->name);
    used += write_value(out, o, &part->options.value[i]);
    int gap = used < COMMENT_COLUMN ? COMMENT_COLUMN - used : 1;
    fprintf(out, "%*s# %s |", gap, "", source_text(&part->origin[i]));
    if (o->unit)
        fprintf(out, " [%s]", o->unit);
    if (o->help)
        fprintf(out, " %s", o->help);
    write_derived(out, cfg, part, i);
    fprintf(out, "\n");
}

static void write_keys(FILE *out, const struct weir_config *cfg,
                       const struct weir_config_part *part, int indent)
{
    for (size_t i = 0; i < part->options.n; i++)
        write_key(out, cfg, part, i, indent);
}

static const char *parameter_name(const struct weir_config_part *part)
{
    return strchr(part->path, '.') + 1;
}

/* Parts of one section stand side by side, parameters after the solver. */
static void write_parts(FILE *out, const struct weir_config *cfg)
{
    const struct weir_config_store *store = cfg->store;
    const char *last = "";
    for (size_t p = 0; p < store->n; p++) {
        const struct weir_config_part *part = &store->part[p];
        const char *path = part->section ? part->path : "parameters";
        if (*path && strcmp(path, last))
            fprintf(out, "\n%s:%s%s\n", path, part->section ? " # " : "",
                    part->section ? part->section->help : "");
        else if (!*path)
            fprintf(out, "\n");
        if (!part->section)
            fprintf(out, "  %s:\n", parameter_name(part));
        write_keys(out, cfg, part, !*path ? 0 : part->section ? 2 : 4);
        last = path;
    }
}

static void write_defaults(FILE *out, const struct weir_config_store *store)
{
    char key[WEIR_KEY_MAX];
    const char *separator = "\n    ";
    fprintf(out, "\n# Keys that nobody set.\ndefaults: [");
    for (size_t p = 0; p < store->n; p++)
        for (size_t i = 0; i < store->part[p].options.n; i++)
            if (!store->part[p].options.value[i].given) {
                weir_store_key(&store->part[p], i, key);
                fprintf(out, "%s%s", separator, key);
                separator = ",\n    ";
            }
    fprintf(out, "]\n");
}

int weir_config_resolved(const struct weir_config *cfg, char **text)
{
    char name[WEIR_PRINTABLE_MAX];
    char *buffer = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&buffer, &size);
    if (!out)
        return WEIR_FAIL(ENOMEM, "%s", cfg->store->name);
    fprintf(out, "# The complete configuration of a run, from %s by weir %s.\n",
            weir_printable(cfg->store->name, name), WEIR_VERSION);
    write_parts(out, cfg);
    write_defaults(out, cfg->store);
    bool failed = ferror(out);
    if (fclose(out) || failed) {
        free(buffer);
        return WEIR_FAIL(ENOMEM, "%s", cfg->store->name);
    }
    *text = buffer;
    return 0;
}
