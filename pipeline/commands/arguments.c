/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/commands.h"

#include "base/err.h"
#include "weir/option.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct option options[] = {
    {"set", required_argument, NULL, 's'},
    {"out", required_argument, NULL, 'o'},
    {"from", required_argument, NULL, 'f'},
    {"n", required_argument, NULL, 'n'},
    {"steps", required_argument, NULL, 't'},
    {"seed", required_argument, NULL, 'S'},
    {"sampler", required_argument, NULL, 'm'},
    {"params", required_argument, NULL, 'p'},
    {"initial", required_argument, NULL, 'i'},
    {"data", required_argument, NULL, 'D'},
    {"against", required_argument, NULL, 'a'},
    {"over", required_argument, NULL, 'O'},
    {"score", required_argument, NULL, 'K'},
    {"weights", required_argument, NULL, 'w'},
    {"onnx", required_argument, NULL, 'N'},
    {"double", no_argument, NULL, 'd'},
    {"openmetrics", required_argument, NULL, 'M'},
    {"interval", required_argument, NULL, 'I'},
    {"trace", required_argument, NULL, 'T'},
    {"predict", no_argument, NULL, 'P'},
    {"json", no_argument, NULL, 'j'},
    {"once", no_argument, NULL, '1'},
    {"resume", no_argument, NULL, 'r'},
    {"check", no_argument, NULL, 'c'},
    {"requeue", no_argument, NULL, 'R'},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {0},
};
#define OPTIONS (sizeof(options) / sizeof(*options) - 1)

int weir_usage(const struct weir_command *command, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    WEIR_FAIL(WEIR_ECONFIG, "%s: %s", command->name, text);
    return weir_err_hint("weir %s --help", command->name);
}

int weir_argument_refused(int rc, const char *option, const char *value)
{
    struct weir_err_record said;
    char whole[512];
    weir_err_export(&said);
    snprintf(whole, sizeof(whole), "%s %s", option, value);
    const char *text = weir_err_past(said.message, whole);
    WEIR_FAIL(-rc, "--%s: %s", whole, weir_err_past(text, value));
    if (said.hint[0])
        weir_err_hint("%s", said.hint);
    return rc;
}

static bool is_listed(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; (p = strstr(p, word)); p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

static int unknown_option(const struct weir_command *command,
                          const char *allowed, const char *word)
{
    const char *names[OPTIONS];
    char given[64];
    size_t n = 0;
    for (size_t i = 0; i < OPTIONS; i++)
        if (is_listed(allowed, options[i].name))
            names[n++] = options[i].name;
    snprintf(given, sizeof(given), "%.*s", (int)strcspn(word, "="), word);
    int rc = weir_usage(command, "unknown option '%s'", given);
    const char *near =
        strncmp(given, "--", 2) ? NULL : weir_nearest_name(given + 2, names, n);
    return near ? weir_err_hint("did you mean '--%s'?", near) : rc;
}

static const struct option *by_letter(int letter)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].val == letter)
            return &options[i];
    return NULL;
}

/* What getopt calls '?' (no such option, or a value for one that has none) and
 * ':' (no value for one that needs it). */
static int refuse(const struct weir_command *command, const char *allowed,
                  const char *word)
{
    const struct option *o = by_letter(optopt);
    /* Letters are names for the switch below; -v alone is one for users. */
    if (!o || (word[1] != '-' && optopt != 'v'))
        return unknown_option(command, allowed, word);
    if (!is_listed(allowed, o->name))
        return weir_usage(command, "--%s is not an option of this command",
                          o->name);
    return weir_usage(command, "--%s %s", o->name,
                      o->has_arg ? "needs a value" : "takes no value");
}

static const char **text_of(struct weir_arguments *out, int letter)
{
    switch (letter) {
    case 'o':
        return &out->out;
    case 'f':
        return &out->from;
    case 'n':
        return &out->n;
    case 't':
        return &out->steps;
    case 'S':
        return &out->seed;
    case 'm':
        return &out->sampler;
    case 'p':
        return &out->params;
    case 'i':
        return &out->initial;
    case 'D':
        return &out->data;
    case 'a':
        return &out->against;
    case 'O':
        return &out->over;
    case 'K':
        return &out->score;
    case 'w':
        return &out->weights;
    case 'N':
        return &out->onnx;
    case 'M':
        return &out->openmetrics;
    case 'I':
        return &out->interval;
    case 'T':
        return &out->trace;
    }
    return NULL;
}

static int *flag_of(struct weir_arguments *out, int letter)
{
    switch (letter) {
    case 'P':
        return &out->predict;
    case 'j':
        return &out->json;
    case '1':
        return &out->once;
    case 'r':
        return &out->resume;
    case 'c':
        return &out->check;
    case 'R':
        return &out->requeue;
    case 'd':
        return &out->keep_double;
    case 'v':
        return &out->verbose;
    default:
        return &out->quiet;
    }
}

static int take(const struct weir_command *command, int letter,
                struct weir_arguments *out)
{
    const char **text = text_of(out, letter);
    if (letter == 's' && out->n_set == WEIR_MAX_SETS)
        return weir_usage(command, "more than %d --set", WEIR_MAX_SETS);
    if (letter == 's')
        out->set[out->n_set++] = optarg;
    else if (text)
        *text = optarg;
    else
        *flag_of(out, letter) = 1;
    return 0;
}

static int take_options(const struct weir_command *command, const char *allowed,
                        int argc, char **argv, struct weir_arguments *out)
{
    int letter, index = 0, rc = 0;
    optind = 1;
    opterr = 0;
    while (rc == 0 &&
           (letter = getopt_long(argc, argv, ":v", options, &index)) != -1) {
        if (letter == '?' || letter == ':')
            return refuse(command, allowed, argv[optind - 1]);
        const char *name = by_letter(letter)->name;
        if (!is_listed(allowed, name))
            return weir_usage(command, "--%s is not an option of this command",
                              name);
        if (optarg && !optarg[0])
            return weir_usage(command, "--%s needs a value", name);
        rc = take(command, letter, out);
    }
    return rc;
}

int weir_arguments_parse(const struct weir_command *command,
                         const char *allowed, int argc, char **argv,
                         struct weir_arguments *out)
{
    *out = (struct weir_arguments){0};
    int rc = take_options(command, allowed, argc, argv, out);
    if (rc)
        return rc;
    if (optind < argc && is_listed(allowed, "CONFIG"))
        out->config = argv[optind++];
    if (out->config && !out->config[0])
        out->config = NULL;
    if (optind < argc && !is_listed(allowed, "OPERANDS"))
        return weir_usage(command, "unexpected argument '%s'", argv[optind]);
    return optind;
}
